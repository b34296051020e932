"""What a list of users says: its acts read one after the other, each refused where it was not allowed."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final

from cd5flow.errors import LedgerError, SigningError
from cd5flow.signatures.chain import Row, breaks, canonical_text
from cd5flow.signatures.keys import DEAREST, Cost, SealedKey

LABEL: Final = "cd5flow.users/1"
SECRET: Final = "secret_sha256"  # noqa: S105 - the name of a field
"""In the body of who was added: SHA-256 of the sealed key beside it, as `canonical_text`."""

_ID: Final = re.compile(r"[\w.@+-]{1,64}")
_LONGEST_NAME: Final = 200


class UserRole(StrEnum):
    """What a user may sign: analysts analysed and rejected, reviewers all, and who the users are."""

    ANALYST = "analyst"
    REVIEWER = "reviewer"


class UserAct(StrEnum):
    """What is done to the list."""

    ADDED = "user_added"
    DISABLED = "user_disabled"
    REFUSED = "sign_in_refused"
    ACCEPTED = "sign_in_accepted"
    LOCKED = "user_locked"
    APPROVED = "rules_approved"


@dataclass(frozen=True, slots=True)
class Person:
    """A user.

    Attributes:
        user: the id.
        name: as it is printed.
        role: what they may sign.
        public: the public key that counts now.
        keys: every public key that was ever theirs.
        added: the entry that gave the key that counts now.
        disabled: may never sign again, unless added anew.
        locked: too many wrong passwords.
        wrong: wrong passwords since the last right one.
    """

    user: str
    name: str
    role: UserRole
    public: str
    keys: tuple[str, ...]
    added: int
    disabled: bool = False
    locked: bool = False
    wrong: int = 0

    @property
    def active(self) -> bool:
        """Whether they may sign."""
        return not self.disabled and not self.locked


@dataclass(frozen=True, slots=True)
class Approval:
    """A strategy or protocol that the laboratory uses.

    Attributes:
        kind: ``strategy`` or ``protocol``.
        name, version: as it says of itself.
        sha256: of its file.
    """

    kind: str
    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A list of users after one of its acts.

    Attributes:
        people: by id.
        approvals: by kind and SHA-256.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    approvals: Mapping[tuple[str, str], Approval] = field(default_factory=dict)


def check_id(user: str) -> None:
    """Refuse an id that could be taken for something else where it is printed.

    Raises:
        SigningError: it is none.
    """
    if not _ID.fullmatch(user):
        raise SigningError(f"user: found {user!r}, expected 1 to 64 letters, digits or . _ @ + -")


def check_name(name: str) -> None:
    """Refuse a name that cannot be printed on a line.

    Raises:
        SigningError: it is none.
    """
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise SigningError(f"name: found {name!r}, expected one line of printable characters")


def secret_digest(sealed: SealedKey) -> str:
    """Return the SHA-256 by which an act holds on to a sealed key."""
    return hashlib.sha256(canonical_text(asdict(sealed)).encode()).hexdigest()


def parse_list(
    content: bytes, *, name: str, cheapest: Cost
) -> tuple[tuple[Row, ...], dict[int, SealedKey]]:
    """Read a list of users: its acts and its sealed keys by entry.

    Args:
        content: of the file.
        name: of the file, for messages.
        cheapest: what keys must be sealed with at least.

    Raises:
        LedgerError: it is none, or was changed.
    """
    try:
        lines = [json.loads(line) for line in content.decode().splitlines()]
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise LedgerError(f"{name}: is no list of users, or was changed: {error}") from error
    if not lines or not isinstance(lines[0], dict) or lines[0].get("schema") != LABEL:
        raise LedgerError(f"{name}: is no list of users, expected one of schema {LABEL}")
    rows, secrets = [], {}
    for number, line in enumerate(lines[1:], start=1):
        row, sealed = _parsed(line, f"{name}: entry {number}")
        rows.append(row)
        if sealed is not None:
            _check_sealed(sealed, row, cheapest, f"{name}: entry {number}")
            secrets[row.entry] = sealed
    for broken in breaks(LABEL, rows):
        raise LedgerError(f"{name}: entry {broken.entry}: {broken.what}")
    return tuple(rows), secrets


def replay(before: Snapshot, row: Row) -> Snapshot:
    """Return a list after one more act.

    Raises:
        SigningError: the act was not allowed to who did it.
    """
    people = dict(before.people)
    try:
        act = UserAct(row.act)
    except ValueError:
        raise SigningError(f"found {row.act!r}, which is no act of a list of users") from None
    if act is UserAct.ADDED:
        people[row.subject] = _added(before, row)
        return replace(before, people=people)
    if act is UserAct.APPROVED:
        _by_reviewer(before, row)
        approval = _approval(row)
        return replace(
            before, approvals={**before.approvals, (approval.kind, approval.sha256): approval}
        )
    person = people.get(row.subject)
    if person is None:
        raise SigningError(f"user {row.subject}: is not in the list")
    people[row.subject] = _changed(before, person, act, row)
    return replace(before, people=people)


def _changed(before: Snapshot, person: Person, act: UserAct, row: Row) -> Person:
    """Return a person after an act on them."""
    match act:
        case UserAct.DISABLED:
            _by_reviewer(before, row)
            others = (
                one
                for one in before.people.values()
                if one.user != person.user and one.active and one.role is UserRole.REVIEWER
            )
            if person.role is UserRole.REVIEWER and next(others, None) is None:
                raise SigningError(f"user {person.user}: is the last reviewer; add another first")
            return replace(person, disabled=True)
        case UserAct.REFUSED:
            return replace(person, wrong=person.wrong + 1)
        case UserAct.LOCKED:
            return replace(person, locked=True)
        case _:
            if row.key != person.public or row.user != person.user or not person.active:
                raise SigningError(f"user {person.user}: did not sign in with a key that counts")
            return replace(person, wrong=0)


def _added(before: Snapshot, row: Row) -> Person:
    values = row.values
    try:
        role, name = UserRole(values.get("role", "")), str(values["name"])
        public = str(values["public"])
    except (ValueError, KeyError) as fault:
        raise SigningError(f"user {row.subject}: lacks a role, name or key ({fault})") from None
    if before.people:
        _by_reviewer(before, row)
    elif row.key != public or row.user != row.subject or role is not UserRole.REVIEWER:
        raise SigningError("the first user must be a reviewer who signs with the key added")
    taken = [one for one in before.people.values() if public in one.keys]
    if taken:
        raise SigningError(f"user {row.subject}: has the key of {taken[0].user}")
    earlier = before.people.get(row.subject)
    keys = (*(earlier.keys if earlier else ()), public)
    return Person(row.subject, name, role, public, keys, added=row.entry)


def _by_reviewer(before: Snapshot, row: Row) -> None:
    by = before.people.get(row.user)
    if by is None or row.key != by.public:
        raise SigningError(f"user {row.user or '(nobody)'}: did not sign this with a known key")
    if not by.active:
        raise SigningError(f"user {by.user}: is {'disabled' if by.disabled else 'locked'}")
    if by.role is not UserRole.REVIEWER:
        raise SigningError(f"user {by.user}: is {by.role.value}, expected a reviewer")


def _approval(row: Row) -> Approval:
    values = row.values
    found = {one.name: values.get(one.name) for one in fields(Approval)}
    if not all(isinstance(one, str) for one in found.values()):
        raise SigningError("lacks kind, name, version or SHA-256 of what was approved")
    return Approval(**{name: str(one) for name, one in found.items()})


def _parsed(line: Any, where: str) -> tuple[Row, SealedKey | None]:
    """Return an act and its sealed key of a line.

    Raises:
        LedgerError: it is none.
    """
    try:
        plain = dict(line)
        secret = plain.pop("secret", None)
        row = Row(**plain)
        sealed = None if secret is None else SealedKey(**secret)
    except (TypeError, ValueError) as error:
        raise LedgerError(f"{where}: is no act of a list of users ({error})") from error
    if not _typed(row, {"entry"}) or (sealed is not None and not _typed(sealed, {"n", "r", "p"})):
        raise LedgerError(f"{where}: holds a field of the wrong type")
    return row, sealed


def _typed(parsed: Row | SealedKey, numbers: set[str]) -> bool:
    """Whether a line's fields are whole numbers where they should be, and text elsewhere."""
    return all(
        type(value) is (int if name in numbers else str) for name, value in asdict(parsed).items()
    )


def _check_sealed(sealed: SealedKey, row: Row, cheapest: Cost, where: str) -> None:
    """Refuse a private key that is not the act's, or too cheap or dear to guess at.

    Raises:
        LedgerError: it is to be refused.
    """
    if row.values.get(SECRET) != secret_digest(sealed):
        raise LedgerError(f"{where}: its private key was exchanged")
    for name in ("n", "r", "p"):
        found, least, most = (getattr(one, name) for one in (sealed, cheapest, DEAREST))
        if not least <= found <= most:
            raise LedgerError(f"{where}: scrypt {name}: found {found}, expected {least} to {most}")
