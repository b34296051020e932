"""The digest of a result: what a signature is made over, and what shows that a file was changed.

It is the SHA-256 of the canonical JSON (RFC 8785) of everything but `review`, which persons add to, and
the digest itself. It proves no author: whoever changes a result can compute it anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import rfc8785

from cd5flow.errors import ResultError
from cd5flow.model.section import Document

NOT_DIGESTED: Final = frozenset({"review", "digest"})
"""Fields of a result that its digest does not cover."""


def canonical(value: Any) -> bytes:
    """Return a JSON value in the one form that RFC 8785 gives it, UTF-8.

    Whole numbers are written as the double that any JSON reader of ECMAScript takes them for.

    Raises:
        ResultError: it holds what has no such form: a number beyond a double, or half a character.
    """
    try:
        return rfc8785.dumps(_doubles(value))
    except (rfc8785.CanonicalizationError, OverflowError, UnicodeEncodeError) as error:
        raise ResultError(f"has no canonical JSON (RFC 8785): {error}") from error
    except RecursionError as error:
        raise ResultError("is nested too deeply for a result.json") from error


def digest_of(result: Document | Mapping[str, Any]) -> str:
    """Return the digest of a result, or of the JSON object that one was written as: 64 hex digits.

    Raises:
        ResultError: as `canonical`.
    """
    if isinstance(result, Document):
        return _digest_of_json(result.model_dump_json())
    return _digest(result)


@lru_cache(maxsize=2)
def _digest_of_json(text: str) -> str:
    """Return the digest of a result as it was written; one is written several times as it is reported."""
    return _digest(json.loads(text))


def _digest(plain: Mapping[str, Any]) -> str:
    digested = {name: value for name, value in plain.items() if name not in NOT_DIGESTED}
    return hashlib.sha256(canonical(digested)).hexdigest()


def _doubles(value: Any) -> Any:
    match value:
        case bool() | None | str() | float():
            return value
        case int():
            return float(value) if abs(value) >= 2**53 else value
        case Mapping():
            return {name: _doubles(one) for name, one in value.items()}
        case _:
            return [_doubles(one) for one in value]
