"""Versions of a result: each has a digest, and a person's gates make a new one."""

from __future__ import annotations

import hashlib
import json

from cd5flow.model.result import Result


def digest_of(result: Result) -> str:
    """Return the digest of a result's content but for its review."""
    plain = json.loads(result.model_dump_json())
    rest = {name: value for name, value in plain.items() if name not in {"review", "digest"}}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
