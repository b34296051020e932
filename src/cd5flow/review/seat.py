"""Who sits at the desk: one person at a time, whose key is unlocked while they work."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cd5flow.errors import FileAccessError, SigningError
from cd5flow.signatures.acts import Act, ActKind
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.ledger import Ledger
from cd5flow.signatures.users import Users

IDLE_SECONDS: Final = 30 * 60.0
"""So long without an act, and who has signed in must do so again."""


class Seat:
    """The place at the desk, and who has it.

    Args:
        file: the users file.
        ledger: where signing in is recorded.
        clock: tells seconds.
    """

    def __init__(
        self, file: Path, ledger: Ledger, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._file = file
        self._ledger = ledger
        self._clock = clock
        self._key: UnlockedKey | None = None
        self._used = 0.0
        self._known: tuple[object, Users] | None = None

    def users(self) -> Users:
        """Return the users file as it is now; one that did not change is not read and checked again.

        Raises:
            FileAccessError: there is none.
            LedgerError: it was changed by other means.
        """
        try:
            status = self._file.stat()
        except OSError as error:
            raise FileAccessError(
                f"{self._file}: cannot be read ({error.strerror or error}); add users with "
                "cd5flow users add"
            ) from error
        state = status.st_ino, status.st_size, status.st_mtime_ns
        if self._known is None or self._known[0] != state:
            self._known = state, Users.load(self._file)
        return self._known[1]

    def sign_in(self, user: str, password: str) -> UnlockedKey:
        """Let a person act; whoever sat there before has left.

        Raises:
            SigningError: the password is wrong, or the user unknown, disabled or locked.
        """
        self._key = None
        key = self.unlock(user, password)
        self._ledger.append(Act(ActKind.SIGNED_IN), key)
        self._key, self._used = key, self._clock()
        return key

    def unlock(self, user: str, password: str) -> UnlockedKey:
        """Return a person's key; a refusal is recorded.

        Raises:
            SigningError: as `sign_in`.
        """
        try:
            return self.users().sign_in(user, password)
        except SigningError:
            self._ledger.append(Act(ActKind.SIGN_IN_REFUSED, user=user[:64]))
            raise

    def leave(self) -> None:
        """Forget the key of who has signed in."""
        self._key = None

    @property
    def person(self) -> UnlockedKey | None:
        """Who has signed in and was not idle for too long; None where nobody has."""
        if self._key is not None and self._clock() - self._used > IDLE_SECONDS:
            self._key = None
        return self._key

    def actor(self) -> UnlockedKey:
        """Return who acts now.

        Raises:
            SigningError: nobody has signed in.
        """
        key = self.person
        if key is None:
            raise SigningError("sign in first: user and password")
        self._used = self._clock()
        return key
