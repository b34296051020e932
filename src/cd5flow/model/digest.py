"""The digest of a result: what a signature is made over, and what shows that a file was changed.

It is the SHA-256 of the canonical JSON (RFC 8785) of everything but `review`, which persons add to, and
the digest itself. It proves no author: whoever changes a result can compute it anew.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final

import rfc8785

from cd5flow.errors import ResultError
from cd5flow.model.section import Document

NOT_DIGESTED: Final = frozenset({"review", "digest"})
"""Fields of a result that its digest does not cover."""

_WORDS: Final = {None: "null", True: "true", False: "false"}


def canonical(value: Any) -> bytes:
    """Return a JSON value in the one form that RFC 8785 gives it, UTF-8.

    Whole numbers are written as the double that any JSON reader of ECMAScript takes them for.

    Raises:
        ResultError: it holds what has no such form: a number beyond a double, or half a character.
    """
    try:
        return _text(value).encode()
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


def _text(value: Any) -> str:
    """Return a value as canonical JSON.

    Objects, lists, texts and plain numbers are written here, in less than half the time that the
    library takes; numbers with an exponent, and what JSON has not, are left to it.
    """
    match value:
        case str():
            return encode_basestring(value)
        case dict():
            parts = [f"{encode_basestring(name)}:{_text(value[name])}" for name in _sorted(value)]
            return f"{{{','.join(parts)}}}"
        case list() | tuple():
            return f"[{','.join(map(_text, value))}]"
        case None | bool():
            return _WORDS[value]
        case int() | float():
            return _number(value)
        case _:
            return rfc8785.dumps(value).decode()


def _number(value: float) -> str:
    # Where Python writes no exponent ECMAScript writes the same digits, without a fraction of zero.
    number = value if isinstance(value, int) and abs(value) < 2**53 else float(value)
    plain = repr(number)
    if number == 0 or not math.isfinite(number) or "e" in plain:
        return rfc8785.dumps(number).decode()
    return plain.removesuffix(".0")


def _sorted(names: Iterable[str]) -> list[str]:
    """Return names in the order of their UTF-16 code units, which that of ASCII is too."""
    listed = list(names)
    if all(map(str.isascii, listed)):
        return sorted(listed)
    return sorted(listed, key=lambda name: name.encode("utf-16-be"))
