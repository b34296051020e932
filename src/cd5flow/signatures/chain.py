"""Rows that hold each other: every one carries the hash of the one before, and may be signed.

The ledger of a results folder and the list of its users are both such chains. What is hashed is text
that a person can make again with any program::

    content = UTF-8 of the JSON array [label, entry, at, act, subject, user, body, key, previous]
    hash    = SHA-256 of content, a line feed, and the signature

The array is written without blanks and with no other escapes than JSON asks for, which for text and
whole numbers is RFC 8785. ``signature`` is Ed25519 of ``content`` in hexadecimal, empty where no key was
unlocked; ``body`` is itself such JSON, as text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Protocol

from cd5flow.errors import LedgerError

NOTHING: Final = ""
"""The hash before the first row, and the key and signature of a row that nobody signed."""

_KEPT: Final = 1 << 14
"""Rows whose signature and body are not worked out twice: whoever asks where a sample stands reads all of
its rows again, and a signature takes a hundred times as long to check as a row to read."""

CLOCK_BACK: Final = "clock_back_seconds"
"""In the body of a row whose time lies before that of the row before it: by how much."""


class Signer(Protocol):
    """A key that was unlocked."""

    @property
    def public(self) -> str:
        """The public key, hexadecimal."""

    def sign(self, content: bytes) -> str:
        """Return the signature of some bytes, hexadecimal."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a chain, as it is stored.

    Attributes:
        entry: its number, from 1 without a gap.
        at: when, UTC, ISO 8601.
        act: what was done.
        subject: what it was done to: a sample's folder, or a user.
        user: the id of who did it; of a refused sign-in, the id that was given.
        body: what else is to be known, as JSON text.
        key: public key of the signature, hexadecimal; empty where there is none.
        previous: hash of the row before; empty for the first.
        signature: over all of the above, hexadecimal; empty where no key was unlocked.
        hash: over all of the above and the signature.
    """

    entry: int
    at: str
    act: str
    subject: str
    user: str
    body: str
    key: str
    previous: str
    signature: str
    hash: str

    @property
    def values(self) -> Mapping[str, Any]:
        """The body as data; nothing where it is no JSON object."""
        return _parsed(self.body)

    def content(self, label: str) -> bytes:
        """Return what was signed and hashed, in a chain of this label."""
        return _content(label, self)


def canonical_text(value: Any) -> str:
    """Return data as the JSON that is stored: no blanks, names in order, letters as they are.

    Raises:
        LedgerError: it holds half a character, or a number that JSON has not.
    """
    try:
        text = json.dumps(
            value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
        )
        text.encode()
    except (ValueError, TypeError) as error:
        raise LedgerError(f"this cannot be recorded: {error}") from error
    return text


def make_row(
    label: str,
    before: Row | None,
    *,
    act: str,
    subject: str,
    user: str,
    values: Mapping[str, Any],
    key: Signer | None,
    now: datetime,
) -> Row:
    """Return the row that follows another.

    A clock that went back since is recorded in the body: the order of rows is that of their numbers.

    Raises:
        LedgerError: the values cannot be recorded.
    """
    back = 0.0 if before is None else _seconds_back(before.at, now)
    body = dict(values) | ({CLOCK_BACK: round(back, 3)} if back > 0 else {})
    row = Row(
        entry=1 if before is None else before.entry + 1,
        at=now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        act=act,
        subject=subject,
        user=user,
        body=canonical_text(body),
        key=NOTHING if key is None else key.public,
        previous=NOTHING if before is None else before.hash,
        signature=NOTHING,
        hash=NOTHING,
    )
    content = _content(label, row)
    signature = NOTHING if key is None else key.sign(content)
    signed = {name: getattr(row, name) for name in Row.__slots__} | {"signature": signature}
    return Row(**signed | {"hash": _hash(content, signature)})


@dataclass(frozen=True, slots=True)
class Break:
    """A row that does not hold.

    Attributes:
        entry: its number.
        what: what is wrong with it.
    """

    entry: int
    what: str


def breaks(
    label: str, rows: Sequence[Row], *, left_out: Mapping[int, str] = MappingProxyType({})
) -> Iterator[Break]:
    """Yield every row that was changed, is out of place, or whose signature is not of its key.

    Args:
        label: of the chain.
        rows: in their order.
        left_out: hashes of rows that are not here by intent, by their numbers.
    """
    last, hash_before = 0, NOTHING
    for row in rows:
        while last + 1 in left_out and last + 1 < row.entry:
            last, hash_before = last + 1, left_out[last + 1]
        expected = last + 1
        if row.entry != expected:
            missing = row.entry - expected
            what = (
                f"{missing} row(s) before it are missing"
                if missing > 0
                else f"stands where {expected} was expected"
            )
            yield Break(row.entry, what)
        content = row.content(label)
        if _hash(content, row.signature) != row.hash:
            yield Break(row.entry, "was changed: its hash is not that of its content")
        elif row.previous != hash_before:
            yield Break(
                row.entry, "does not follow the row before it: that was changed or replaced"
            )
        if bool(row.key) is not bool(row.signature):
            yield Break(row.entry, "names a key without a signature, or has one without a key")
        elif row.key and not is_signed(label, row):
            yield Break(row.entry, "its signature is not of the key that it names")
        last, hash_before = row.entry, row.hash


@lru_cache(maxsize=_KEPT)
def is_signed(label: str, row: Row) -> bool:
    """Whether a row's signature is of its content by the key that it names."""
    from cd5flow.signatures.keys import holds  # noqa: PLC0415 - cryptography, only where rows are checked

    return bool(row.key) and holds(row.key, row.content(label), row.signature)


@lru_cache(maxsize=_KEPT)
def _parsed(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return MappingProxyType({})
    return MappingProxyType(found if isinstance(found, dict) else {})


def _content(label: str, row: Row) -> bytes:
    array = [
        label,
        row.entry,
        row.at,
        row.act,
        row.subject,
        row.user,
        row.body,
        row.key,
        row.previous,
    ]
    return canonical_text(array).encode()


def _hash(content: bytes, signature: str) -> str:
    return hashlib.sha256(content + b"\n" + signature.encode()).hexdigest()


def _seconds_back(before: str, now: datetime) -> float:
    try:
        return (datetime.fromisoformat(before) - now).total_seconds()
    except (ValueError, TypeError):
        return 0.0
