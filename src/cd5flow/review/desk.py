"""The desk at which a results folder is reviewed: who sits there, and all that the acts there need.

Every act is in the ledger before it is shown. What is kept here beside the ledger are open tubes, which
can be opened again, and who has signed in. What is done there stands in modules of its own: `open_tubes`
opens tubes, `gate_acts` looks at gates and moves them, `conclusions` compares, writes and signs, and
`standings` tells where samples stand.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cd5flow.batch.tube_settings import Find
from cd5flow.report.folder import WantedOutputs
from cd5flow.review.batch_page import renew_overview
from cd5flow.review.open_tubes import OpenTubes
from cd5flow.review.queue import Queue
from cd5flow.review.seat import Seat
from cd5flow.review.signing import Statement
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.users import Users

Sign = Callable[[Path, str, UnlockedKey, Statement, Users], object]
"""Signs a sample of a results folder as it stands; raises what it refuses."""


class Desk:
    """A results folder under review.

    Attributes:
        out: the results folder.
        queue: its samples.
        ledger: what is recorded.
        seat: who sits there.
        tubes: those that lie open.
        outputs: what is written of a version that a person amended.
        sign: how a sample is signed; None where signing is not part of it.
        has_signed: whether something was signed since the desk was opened.
    """

    def __init__(
        self,
        out: Path,
        *,
        users: Path,
        find: Find,
        outputs: WantedOutputs,
        sign: Sign | None = None,
        blind: bool = False,
    ) -> None:
        self.out = out
        self.queue = Queue(out)
        self.ledger = Ledger.open(out / LEDGER)
        self.seat = Seat(users, self.ledger)
        self.tubes = OpenTubes(self.queue, self.ledger, self.seat, find=find, blind=blind)
        self.outputs = outputs
        self.sign = sign
        self.has_signed = False
        self._seen_by = ""

    def close(self) -> None:
        """Let go of the ledger; where something was signed, the batch's own page says so from now on."""
        self.ledger.close()
        if self.has_signed:
            renew_overview(self.out)

    def sign_in(self, user: str, password: str) -> UnlockedKey:
        """Let a person act; whoever sat there before has left, and what they saw is not seen.

        Raises:
            SigningError: the password is wrong, or the user unknown, disabled or locked.
        """
        key = self.seat.sign_in(user, password)
        if self._seen_by not in {"", key.user}:
            self.tubes.forget_what_was_seen()
        self._seen_by = key.user
        return key
