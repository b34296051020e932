"""What the ledger records: each act with what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cd5flow.signatures.chain import Row


class ActKind(StrEnum):
    """What a person, or the program on their behalf, did.

    `SIGNED_IN`, `OPENED`, `GATE_SHOWN` and `GATE_ACCEPTED` say what was seen. `GATE_MOVED` holds the
    override as it then was, `GATE_UNDONE` takes back what follows an entry. `COMPARED` ends a blind
    reading and holds what it came to; what was drawn in it names its `reader`, and is in no version.
    `VERSION` says that a result was written anew with gates that were moved; `SUPERSEDED` that one was
    replaced, and why. After each `SIGNATURE` a row `FILES` holds the SHA-256 of every file of the
    sample's folder.
    """

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    OPENED = "opened"
    GATE_SHOWN = "gate_shown"
    GATE_ACCEPTED = "gate_accepted"
    GATE_MOVED = "gate_moved"
    GATE_UNDONE = "gate_undone"
    COMPARED = "compared"
    VERSION = "version"
    SIGNATURE = "signature"
    FILES = "files"
    SUPERSEDED = "superseded"


UNSIGNED: frozenset[str] = frozenset({ActKind.SIGN_IN_REFUSED, ActKind.SUPERSEDED})
"""Acts that need no unlocked key: a refused sign-in, and a batch that replaces a result by request."""


class Meaning(StrEnum):
    """What a person says with a signature."""

    ANALYSED = "analysed"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Act:
    """Something to be recorded.

    Attributes:
        kind: what was done.
        subject: the sample's folder; empty where it is about no sample.
        user: the id of who did it; where a key is unlocked, the key's own.
        values: what else is to be known, as JSON values.
    """

    kind: ActKind
    subject: str = ""
    user: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the ledger as it was read: nothing is promised of it before `breaks` has seen it.

    Attributes:
        row: as it is stored.
    """

    row: Row

    @property
    def number(self) -> int:
        """Its place in the ledger, from 1."""
        return self.row.entry

    @property
    def kind(self) -> ActKind | None:
        """What was done; None for a kind that this version does not know."""
        try:
            return ActKind(self.row.act)
        except ValueError:
            return None

    @property
    def subject(self) -> str:
        """The sample's folder."""
        return self.row.subject

    @property
    def user(self) -> str:
        """The id of who did it."""
        return self.row.user

    @property
    def at(self) -> str:
        """When, UTC, ISO 8601."""
        return self.row.at

    @property
    def values(self) -> Mapping[str, Any]:
        """What else was recorded."""
        return self.row.values

    def text(self, name: str) -> str:
        """Return a recorded text; empty where there is none."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""
