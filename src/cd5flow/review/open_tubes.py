"""The tubes that lie open at a desk: opened by who may see what, and kept in step with the ledger."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

from cd5flow.analysis.stored import read_result
from cd5flow.batch.tube_settings import Find, settings_of, tube_file, unlike
from cd5flow.model.result import Result
from cd5flow.report.folder import RESULT
from cd5flow.review.blind import is_blind
from cd5flow.review.drafts import Draft
from cd5flow.review.earlier import EarlierResult, earlier_results
from cd5flow.review.open_tube import OpenTube, draft_of, draws
from cd5flow.review.queue import Queue, QueuedSample
from cd5flow.review.seat import Seat
from cd5flow.review.session import TubeSession
from cd5flow.signatures.ledger import Ledger

NOBODY: Final = "-"
"""Stands for a blind reader who has not logged in, whose id it cannot be."""

OPEN: Final = 2
"""Tubes that are kept open: the one that is looked at, and the one before or after."""


class OpenTubes:
    """The tubes that lie open, of the samples of a queue.

    Args:
        queue: the samples.
        ledger: what is recorded of them.
        seat: who sits at the desk.
        find: finds the files that a result was made of.
        blind: whether a second reader gates before seeing the first (`review.blind`).
    """

    def __init__(
        self, queue: Queue, ledger: Ledger, seat: Seat, *, find: Find, blind: bool
    ) -> None:
        self._queue = queue
        self._ledger = ledger
        self._seat = seat
        self._find = find
        self._blind = blind
        self._open: OrderedDict[str, OpenTube] = OrderedDict()
        self._turn = threading.RLock()
        self._opening: dict[str, threading.Lock] = {}

    def tube(self, key: str, *, catch_up: bool = True) -> OpenTube:
        """Return a tube of the queue, opened where it is not open yet.

        Args:
            key: of the sample.
            catch_up: whether to take in what the ledger holds beyond what is shown.

        Raises:
            KeyError: the queue has no such sample.
            Cd5FlowError: it cannot be analysed.
        """
        sample = self._queue[key]
        reader = self.reader(sample)
        place = f"{key}/{reader}"
        with self._turn:
            turn = self._opening.setdefault(place, threading.Lock())
        with turn:
            tube = self._kept(place)
            if tube is None:
                tube = self._opened(sample, reader)
                with self._turn:
                    self._open[place] = tube
                    while len(self._open) > OPEN:
                        self._open.popitem(last=False)
        if catch_up:
            self.catch_up(tube)
        return tube

    def reader(self, sample: QueuedSample, user: str | None = None) -> str:
        """Return who gates a sample without seeing others' work; empty where all is shown.

        Args:
            sample: of the queue.
            user: of whom it is asked; None is who has logged in, or nobody.
        """
        if not self._blind:
            return ""
        person = self._seat.person
        who = (person.user if person else "") if user is None else user
        entries = self._ledger.entries(sample.folder)
        hidden = is_blind(entries, sample.drawn_by, sample.digest, who)
        return (who or NOBODY) if hidden else ""

    def earlier(self, tube: OpenTube) -> tuple[EarlierResult, ...]:
        """Return the patient's earlier results, and the diagnosis that guided it, as far as they lie here."""
        if tube.earlier is None:
            laip, patient = tube.result.strategy.laip, tube.sample.patient
            wanted = [
                one
                for one in self._queue.samples
                if (patient and one.patient == patient)
                or (laip is not None and one.sha256 == laip.sha256)
            ]
            tube.earlier = earlier_results(tube.result, map(self._stored, wanted))
        return tube.earlier

    def catch_up(self, tube: OpenTube) -> None:
        """Take in what the ledger holds of a tube beyond what is shown, as another window's acts.

        Raises:
            OverrideError: what was drawn there does not fit the tube.
        """
        with tube.turn:
            # A tube may have thousands of acts, of which hardly ever one is new.
            new = self._ledger.entries(tube.sample.folder, after=tube.read)
            tube.read = new[-1].number if new else tube.read
            if not any(draws(one, tube) and one.number > tube.last for one in new):
                return
            entries = self._ledger.entries(tube.sample.folder)
            draft, last = draft_of(tube.base, entries, tube.digest, reader=tube.reader)
            if draft.gates != tube.draft.gates:
                tube.session.show(tube.session.draw(draft.gates))
            tube.draft, tube.last = draft, last

    def renew(self, tube: OpenTube) -> None:
        """Take in a tube's result that was written anew."""
        tube.result = self._stored(tube.sample)
        tube.digest = str(tube.result.digest)
        tube.draft, tube.last = Draft(tube.base), 0
        self._queue.renew(tube.sample.folder, tube.result)
        tube.sample = self._queue[tube.sample.key]

    def forget_what_was_seen(self) -> None:
        """Let every gate be unseen, since another person sits there now."""
        with self._turn:
            for tube in self._open.values():
                tube.seen.clear()
                tube.accepted.clear()

    def _kept(self, place: str) -> OpenTube | None:
        with self._turn:
            tube = self._open.get(place)
            if tube is not None:
                self._open.move_to_end(place)
            return tube

    def _opened(self, sample: QueuedSample, reader: str) -> OpenTube:
        result = self._stored(sample)
        settings = settings_of(result, self._find, diagnosis=self._diagnosis)
        session = TubeSession.open(tube_file(result, self._find), settings)
        tube = OpenTube(sample, result, str(result.digest), session, Draft(), reader=reader)
        tube.draft = Draft(tube.base)
        session.show(session.draw(tube.draft.gates))
        if not reader:
            tube.unlike = unlike(result, session.now.result)
        return tube

    def _diagnosis(self, sha256: str) -> Result | None:
        sample = self._queue.of_tube(sha256)
        return None if sample is None else self._stored(sample)

    def _stored(self, sample: QueuedSample) -> Result:
        return read_result(self._queue.out / sample.folder / RESULT)
