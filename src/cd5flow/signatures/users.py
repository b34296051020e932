"""Who may sign: a list of signed acts in a file, which is the anchor of all trust in signatures.

The file is a line of JSON an act (`cd5flow.signatures.chain`), each by the key of a reviewer, so that nobody
is added, renewed or disabled unsigned; wrong passwords are chained without a signature, as no key was
unlocked. A private key lies sealed beside its act, bound to it by its SHA-256, so that the list without
private keys still holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cd5flow.config.atomic import OWNER, write_atomically
from cd5flow.config.lock import hold
from cd5flow.errors import FileAccessError, LedgerError, SigningError
from cd5flow.model.opening import read_regular
from cd5flow.signatures.chain import Row, canonical_text, make_row
from cd5flow.signatures.keys import Cost, SealedKey, UnlockedKey, new_key, unseal
from cd5flow.signatures.users_list import (
    LABEL,
    SECRET,
    Approval,
    Person,
    Snapshot,
    UserAct,
    UserRole,
    check_id,
    check_name,
    parse_list,
    replay,
    secret_digest,
)

MAX_BYTES: Final = 20_000_000
"""Largest file that is read; a laboratory's is a hundredth of it."""

MOST_WRONG: Final = 5
"""Wrong passwords in a row after which a user is locked."""

_PATIENCE: Final = 15.0
"""Seconds to wait for another change of the list; checking one password takes half a second."""


def utc_now() -> datetime:
    """Return the time, as the machine's clock has it."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Users:
    """The users file, as it was when it was last read.

    What changes it takes its lock and reads it again first, so that of two at once neither is lost.

    Attributes:
        path: the file.
        cost: what keys must be sealed with at least, and what new ones are sealed with.
        clock: tells the time.
    """

    path: Path
    cost: Cost
    clock: Callable[[], datetime]
    _rows: tuple[Row, ...] = ()
    _secrets: dict[int, SealedKey] = field(default_factory=dict)
    _history: tuple[Snapshot, ...] = (Snapshot(),)

    @classmethod
    def load(
        cls, path: Path, *, cost: Cost | None = None, clock: Callable[[], datetime] = utc_now
    ) -> Users:
        """Read a users file and check all of it.

        Raises:
            FileAccessError: it is absent or unreadable.
            LedgerError: it is none, or was changed; the message says where.
        """
        users = cls(path, cost or Cost(), clock)
        users._reload()
        return users

    @classmethod
    def load_or_begin(
        cls, path: Path, *, cost: Cost | None = None, clock: Callable[[], datetime] = utc_now
    ) -> Users:
        """Read a users file; where there is none, return a list without users, yet to be written.

        Raises:
            FileAccessError: it is unreadable.
            LedgerError: it is none, or was changed.
        """
        if path.exists() or path.is_symlink():
            return cls.load(path, cost=cost, clock=clock)
        return cls(path, cost or Cost(), clock)

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who was ever added, in that order."""
        return tuple(self.now.people.values())

    @property
    def rows(self) -> tuple[Row, ...]:
        """The acts, without any private key."""
        return self._rows

    @property
    def now(self) -> Snapshot:
        """Who may sign and what is approved."""
        return self._history[-1]

    @property
    def entries(self) -> int:
        """How many acts there are."""
        return len(self._rows)

    @property
    def head(self) -> str:
        """The hash of the newest act: with `entries`, what ledgers remember of this list."""
        return self._rows[-1].hash if self._rows else ""

    def after(self, entry: int) -> Snapshot | None:
        """Return the list as it stood after so many acts; None where it has fewer."""
        return self._history[entry] if 0 <= entry < len(self._history) else None

    def refresh(self) -> None:
        """Read the file again: others may have changed it since.

        Raises:
            FileAccessError: it is unreadable.
            LedgerError: it was changed by other means.
        """
        self._reload()

    def person(self, user: str) -> Person | None:
        """Return a person by id; None where nobody has it."""
        return self.now.people.get(user)

    def approval(self, kind: str, sha256: str) -> Approval | None:
        """Return how a strategy or protocol was approved; None where it was not."""
        return self.now.approvals.get((kind, sha256))

    def add(
        self, user: str, *, name: str, role: UserRole, password: str, by: UnlockedKey | None = None
    ) -> Person:
        """Add a user, or give one who lost the password a new key; earlier public keys stay known.

        Args:
            user: the id.
            name: as it is printed on reports.
            role: what they may sign.
            password: seals the key.
            by: the reviewer who does it; None for the first user alone, who is a reviewer.

        Raises:
            SigningError: id, name or password cannot be used, or `by` may not add users.
            OutputError: the file cannot be written.
        """
        check_id(user)
        check_name(name)
        with self._changing() as change:
            if by is None and self.people:
                raise SigningError("by: is absent, expected the reviewer who adds this user")
            if by is None and role is not UserRole.REVIEWER:
                raise SigningError("role: the first user adds the others, expected reviewer")
            same = [one.user for one in self.people if one.user.casefold() == user.casefold()]
            if same and same[0] != user:
                raise SigningError(f"user: {user!r} differs from {same[0]!r} by case alone")
            key, sealed = new_key(user, name=name, role=role, password=password, cost=self.cost)
            values = {
                "name": name,
                "role": role.value,
                "public": key.public,
                SECRET: secret_digest(sealed),
            }
            signer = key if by is None else by
            change(UserAct.ADDED, user, signer, values=values, secret=sealed)
        return self.now.people[user]

    def disable(self, user: str, *, by: UnlockedKey) -> None:
        """Take the right to sign from a user; what they signed stays signed.

        Raises:
            SigningError: there is no such user, or `by` may not do it.
        """
        with self._changing() as change:
            change(UserAct.DISABLED, user, by)

    def approve(self, approval: Approval, *, by: UnlockedKey) -> None:
        """Record that the laboratory uses this strategy or protocol, by name and hash.

        Raises:
            SigningError: `by` is no reviewer.
        """
        with self._changing() as change:
            change(UserAct.APPROVED, approval.name, by, values=asdict(approval))

    def sign_in(self, user: str, password: str) -> UnlockedKey:
        """Unlock a user's key. Wrong passwords are counted in the file, and after five it is locked.

        Raises:
            SigningError: the password is wrong, or the user unknown, disabled or locked.
            LedgerError: the file was changed.
            OutputError: the file cannot be written.
        """
        with self._changing() as change:
            person = self._open_person(user)
            sealed = self._secrets.get(person.added)
            if sealed is None:
                raise LedgerError(f"{self.path}: holds no private key of {user}")
            key = unseal(
                sealed,
                password,
                user=user,
                name=person.name,
                role=person.role.value,
                public=person.public,
            )
            if key is not None:
                if person.wrong:
                    change(UserAct.ACCEPTED, user, key)
                return key
            change(UserAct.REFUSED, user, None)
            left = MOST_WRONG - person.wrong - 1
            if left <= 0:
                change(UserAct.LOCKED, user, None)
                raise SigningError(
                    f"user {user}: wrong password, the fifth in a row; locked until a reviewer "
                    "gives a new key (users add)"
                )
        raise SigningError(f"user {user}: wrong password ({left} more before it is locked)")

    def _open_person(self, user: str) -> Person:
        person = self.person(user)
        if person is None:
            raise SigningError(f"user {user}: is not in {self.path}")
        if person.disabled:
            raise SigningError(f"user {user}: is disabled")
        if person.locked:
            raise SigningError(
                f"user {user}: is locked after {MOST_WRONG} wrong passwords; a reviewer can give a "
                "new key (users add)"
            )
        return person

    @contextmanager
    def _changing(self) -> Iterator[_Change]:
        """Give what adds acts; they are checked as if they were read, and written when it ends.

        What was added before an error stays: a wrong password counts although it is refused.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with hold(
            self.path.parent / f".{self.path.name}.lock",
            other="another process",
            patience=_PATIENCE,
        ):
            if self.path.exists():
                self._reload()
            before = len(self._rows)
            try:
                yield self._append
            finally:
                if len(self._rows) > before:
                    write_atomically(self.path, self._text().encode(), mode=OWNER)

    def _append(
        self,
        act: UserAct,
        subject: str,
        key: UnlockedKey | None,
        *,
        values: Mapping[str, Any] | None = None,
        secret: SealedKey | None = None,
    ) -> None:
        row = make_row(
            LABEL,
            self._rows[-1] if self._rows else None,
            act=act.value,
            subject=subject,
            user=subject if key is None else key.user,
            values=values or {},
            key=key,
            now=self.clock(),
        )
        # By the rules by which it will be read: what these refuse is never written.
        snapshot = replay(self._history[-1], row)
        self._rows = (*self._rows, row)
        if secret is not None:
            self._secrets[row.entry] = secret
        self._history = (*self._history, snapshot)

    def _reload(self) -> None:
        try:
            content = read_regular(self.path, MAX_BYTES)
        except OSError as error:
            raise FileAccessError(
                f"{self.path}: cannot be read ({error.strerror or error})"
            ) from error
        if len(content) > MAX_BYTES:
            raise LedgerError(
                f"{self.path}: larger than {MAX_BYTES:,} bytes, expected a users file"
            )
        rows, secrets = parse_list(content, name=str(self.path), cheapest=self.cost)
        self._take(rows, secrets)

    def _take(self, rows: Sequence[Row], secrets: Mapping[int, SealedKey]) -> None:
        history = [Snapshot()]
        for row in rows:
            try:
                history.append(replay(history[-1], row))
            except SigningError as refused:
                raise LedgerError(f"{self.path}: entry {row.entry}: {refused.message}") from refused
        self._rows, self._secrets, self._history = tuple(rows), dict(secrets), tuple(history)

    def _text(self) -> str:
        lines = [json.dumps({"schema": LABEL})]
        for row in self._rows:
            secret = self._secrets.get(row.entry)
            sealed = {} if secret is None else {SECRET_FIELD: asdict(secret)}
            lines.append(canonical_text(asdict(row) | sealed))
        return "\n".join(lines) + "\n"


_Change = Callable[..., None]
SECRET_FIELD: Final = "secret"  # noqa: S105 - the name of a field
"""Where a line holds a sealed private key, beside what is hashed."""
