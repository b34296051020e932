"""What a result is made from, as one digest: equal digests mean an equal result.

A batch that runs again recognises a finished sample by it, without computing anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from cd5flow._version import __version__
from cd5flow.analysis import provenance
from cd5flow.analysis.rule_files import RuleFiles
from cd5flow.analysis.settings import Settings
from cd5flow.model.opening import check_regular
from cd5flow.model.reasons import sentence

Hash = Callable[[Path], str | None]


def inputs_sha256(path: Path, settings: Settings, rules: RuleFiles, *, sha256: Hash) -> str:
    """Return the SHA-256 of everything that decides a tube's result, but for the time.

    Folders do not count: the same files in another place give the same result.

    Args:
        path: the tube's file.
        settings: what was said of it; files that it names count by name and content.
        rules: the files that decide, as the settings choose them.
        sha256: SHA-256 of a file's bytes, None for one that cannot be read; see `file_sha256`.
    """
    counting = (one.name for one in fields(settings) if one.compare)
    said = {name: _plain(getattr(settings, name), sha256) for name in counting}
    everything = {
        "cd5flow": __version__,
        "python": provenance.python(),
        "packages": dict(provenance.versions()),
        "file": _plain(path, sha256),
        # By their content; of a path only the file's name is in a result.
        "settings": said
        | {
            "sample_id": settings.sample_of(path),
            "strategy": Path(settings.strategy).name,
            "protocol": Path(settings.protocol).name,
        },
        "rules": [
            rules.strategy.sha256,
            sentence(rules.choice),
            rules.protocol.sha256,
            rules.aliases.sha256,
            None if rules.profiles is None else rules.profiles.sha256,
        ],
    }
    text = json.dumps(everything, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes; None where it cannot be read."""
    try:
        check_regular(path)
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _plain(value: Any, sha256: Hash) -> Any:
    """Return a setting as JSON: words as they are, files by name and content.

    Raises:
        TypeError: a kind of setting that this does not know how to tell apart.
    """
    match value:
        case None | str() | int() | float():
            return value
        case Path():
            return {"name": value.name, "sha256": sha256(value)}
        case BaseModel():
            return value.model_dump(mode="json")
        case Mapping():
            return {str(key): _plain(one, sha256) for key, one in value.items()}
        case tuple() | list():
            return [_plain(one, sha256) for one in value]
        case _ if is_dataclass(value):
            counting = (one.name for one in fields(value) if one.compare)
            return {name: _plain(getattr(value, name), sha256) for name in counting}
        case _:
            raise TypeError(f"settings: {type(value).__name__} has no place in a digest")
