"""The review of a results folder: who sits there, which tube lies open, and what is done to it.

Every act is in the ledger before it is shown. What is kept here beside the ledger are open tubes, which
can be opened again, and who has signed in.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.stored import read_result
from cd5flow.batch.tube_settings import Find, settings_of, tube_file, unlike
from cd5flow.errors import FileAccessError, OverrideError, SigningError
from cd5flow.model.digest import digest_of
from cd5flow.model.region_file import write_region
from cd5flow.model.result import Result
from cd5flow.report.folder import RESULT, WantedOutputs
from cd5flow.review.batch_page import renew_overview
from cd5flow.review.blind import is_blind, reading_of, reading_values
from cd5flow.review.drafts import Draft, DrawnAct
from cd5flow.review.earlier import EarlierResult, earlier_results
from cd5flow.review.open_tube import (
    ChangedElsewhereError,
    OpenTube,
    draft_of,
    draws,
    moves_of,
)
from cd5flow.review.queue import Queue, QueuedSample
from cd5flow.review.seat import Seat
from cd5flow.review.session import TubeSession
from cd5flow.review.signing import Statement
from cd5flow.review.versions import analyse_version, write_version
from cd5flow.signatures.acts import Act, ActKind, Entry, Meaning
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.standing import Standing, record_version, standing
from cd5flow.signatures.users import Users

NOBODY: Final = "-"
"""Stands for a blind reader who has not logged in, whose id it cannot be."""

OPEN: Final = 2
"""Tubes that are kept open: the one that is looked at, and the one before or after."""

_DECIDING: Final = frozenset(
    {ActKind.GATE_MOVED, ActKind.VERSION, ActKind.SIGNATURE, ActKind.FILES, ActKind.SUPERSEDED}
)


Sign = Callable[[Path, str, UnlockedKey, Statement, Users], object]
"""Signs a sample of a results folder as it stands; raises what it refuses."""


class Desk:
    """A results folder under review.

    Attributes:
        out: the results folder.
        queue: its samples.
        seat: who sits there.
        ledger: what is recorded.
        outputs: what is written of a version that a person amended.
        blind: whether a second reader gates before seeing the first (`review.blind`).
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
        self.outputs = outputs
        self.seat = Seat(users, self.ledger)
        self._find = find
        self._sign = sign
        self.blind = blind
        self._seen_by = ""
        self._has_signed = False
        self._open: OrderedDict[str, OpenTube] = OrderedDict()
        self._turn = threading.RLock()
        self._opening: dict[str, threading.Lock] = {}

    def close(self) -> None:
        """Let go of the ledger; where something was signed, the batch's own page says so from now on."""
        self.ledger.close()
        if self._has_signed:
            renew_overview(self.out)

    def sign_in(self, user: str, password: str) -> UnlockedKey:
        """Let a person act; whoever sat there before has left, and what they saw is not seen.

        Raises:
            SigningError: the password is wrong, or the user unknown, disabled or locked.
        """
        key = self.seat.sign_in(user, password)
        if self._seen_by not in {"", key.user}:
            with self._turn:
                for tube in self._open.values():
                    tube.seen.clear()
                    tube.accepted.clear()
        self._seen_by = key.user
        return key

    @property
    def can_sign(self) -> bool:
        """Whether signatures can be made here."""
        return self._sign is not None

    # tubes

    def standing(self, sample: QueuedSample) -> Standing:
        """Return where a sample stands, by the ledger alone."""
        return self._standing(sample, self.ledger.entries(sample.folder), self._known())

    def standings(self) -> dict[str, Standing]:
        """Return where each sample of the queue stands, by its key."""
        acts: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.ledger.entries():
            acts[entry.subject].append(entry)
        known = self._known()
        return {one.key: self._standing(one, acts[one.folder], known) for one in self.queue.samples}

    @staticmethod
    def _standing(sample: QueuedSample, acts: Sequence[Entry], users: Users | None) -> Standing:
        # What was merely looked at decides nothing, and there is much of it.
        deciding = [one for one in acts if one.kind in _DECIDING]
        return standing(deciding, sample.folder, sample.digest, amended=sample.amended, users=users)

    def _known(self) -> Users | None:
        """Return whose signatures count; None where there is no users file yet."""
        try:
            return self.seat.users()
        except FileAccessError:
            return None

    def unapproved(self, result: Result) -> tuple[str, ...]:
        """Return which of a result's rules the laboratory has not approved, by kind, name and version."""
        users = self._known()
        rules = (("strategy", result.strategy), ("protocol", result.protocol))
        return tuple(
            f"{kind} {one.name} {one.version}"
            for kind, one in rules
            if users is None or users.approval(kind, one.sha256) is None
        )

    def tube(self, key: str, *, catch_up: bool = True) -> OpenTube:
        """Return a tube of the queue, opened where it is not open yet.

        Args:
            key: of the sample.
            catch_up: whether to take in what the ledger holds beyond what is shown.

        Raises:
            KeyError: the queue has no such sample.
            Cd5FlowError: it cannot be analysed.
        """
        sample = self.queue[key]
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
            self._catch_up(tube)
        return tube

    def reader(self, sample: QueuedSample, user: str | None = None) -> str:
        """Return who gates a sample without seeing others' work; empty where all is shown.

        Args:
            sample: of the queue.
            user: of whom it is asked; None is who has logged in, or nobody.
        """
        if not self.blind:
            return ""
        person = self.seat.person
        who = (person.user if person else "") if user is None else user
        entries = self.ledger.entries(sample.folder)
        hidden = is_blind(entries, sample.drawn_by, sample.digest, who)
        return (who or NOBODY) if hidden else ""

    def own_reading(self, tube: OpenTube) -> Mapping[str, Any] | None:
        """Return what the blind reading of who has logged in came to; None where there was none."""
        person = self.seat.person
        if person is None:
            return None
        return reading_of(self.ledger.entries(tube.sample.folder), tube.digest, person.user)

    def compare(self, tube: OpenTube) -> None:
        """End a blind reading: record what it came to, and show what others did from now on.

        Raises:
            SigningError: nobody has logged in, or a deciding gate was not on screen yet.
        """
        person = self.seat.actor()
        with tube.turn:
            if not tube.reader:
                return
            unseen = tube.unseen()
            if unseen:
                raise SigningError(f"still to be seen: {', '.join(unseen)}")
            drawn = tube.draft.gates
            override = tube.session.override_content(drawn) if drawn else {}
            values = {"digest": tube.digest, "override": override}
            values |= reading_values(tube.session.now.result)
            self.ledger.append(Act(ActKind.COMPARED, tube.sample.folder, values=values), person)

    def _kept(self, key: str) -> OpenTube | None:
        with self._turn:
            tube = self._open.get(key)
            if tube is not None:
                self._open.move_to_end(key)
            return tube

    def _opened(self, sample: QueuedSample, reader: str) -> OpenTube:
        result = read_result(self.out / sample.folder / RESULT)
        settings = settings_of(result, self._find, diagnosis=self._diagnosis)
        session = TubeSession.open(tube_file(result, self._find), settings)
        tube = OpenTube(sample, result, str(result.digest), session, Draft(), reader=reader)
        tube.draft = Draft(tube.base)
        session.show(session.draw(tube.draft.gates))
        if not reader:
            tube.unlike = unlike(result, session.now.result)
        return tube

    def _diagnosis(self, sha256: str) -> Result | None:
        sample = self.queue.of_tube(sha256)
        return None if sample is None else read_result(self.out / sample.folder / RESULT)

    def earlier(self, tube: OpenTube) -> tuple[EarlierResult, ...]:
        """Return the patient's earlier results, and the diagnosis that guided it, as far as they lie here."""
        if tube.earlier is None:
            laip, patient = tube.result.strategy.laip, tube.sample.patient
            wanted = [
                one
                for one in self.queue.samples
                if (patient and one.patient == patient)
                or (laip is not None and one.sha256 == laip.sha256)
            ]
            others = (read_result(self.out / one.folder / RESULT) for one in wanted)
            tube.earlier = earlier_results(tube.result, others)
        return tube.earlier

    def _catch_up(self, tube: OpenTube) -> None:
        """Take in what the ledger holds of a tube beyond what is shown, as another window's acts.

        Raises:
            OverrideError: what was drawn there does not fit the tube.
        """
        with tube.turn:
            # A tube may have thousands of acts, of which hardly ever one is new.
            new = self.ledger.entries(tube.sample.folder, after=tube.read)
            tube.read = new[-1].number if new else tube.read
            if not any(draws(one, tube) and one.number > tube.last for one in new):
                return
            entries = self.ledger.entries(tube.sample.folder)
            draft, last = draft_of(tube.base, entries, tube.digest, reader=tube.reader)
            if draft.gates != tube.draft.gates:
                tube.session.show(tube.session.draw(draft.gates))
            tube.draft, tube.last = draft, last

    # acts on gates

    def move(
        self, tube: OpenTube, gate: str, drawing: Mapping[str, Any], *, why: str, at: int
    ) -> None:
        """Draw a gate anew, and find everything below it again.

        Args:
            tube: the tube.
            gate: which gate.
            drawing: its edges or corners.
            why: the reason; may be empty until a version is written.
            at: the ledger's last act on the gates that the window had seen.

        Raises:
            SigningError: nobody has signed in.
            OverrideError: it cannot be drawn so.
            ChangedElsewhereError: another window was first.
            OutputError: the act could not be recorded; nothing is changed.
        """
        person = self.seat.actor()
        self._fit_to_draw(tube)
        with tube.turn:
            self._check_seen(tube, at)
            region = write_region(tube.session.redrawn(gate, drawing))
            now = self.ledger.clock().isoformat(timespec="seconds")
            draft = tube.draft.move(DrawnAct(gate, region, person.user, now, why))
            values = {"gate": gate, "reason": why, "drawn": now}
            self._take(tube, draft, ActKind.GATE_MOVED, values, person)

    def undo(self, tube: OpenTube, *, at: int) -> None:
        """Take back the last gate that was drawn, or do nothing where there is none.

        Raises:
            as `move`.
        """
        self._step(tube, tube.draft.undo(), "undo", at)

    def redo(self, tube: OpenTube, *, at: int) -> None:
        """Do again what was taken back last, or do nothing where there is none.

        Raises:
            as `move`.
        """
        self._step(tube, tube.draft.redo(), "redo", at)

    def _step(self, tube: OpenTube, draft: Draft, what: str, at: int) -> None:
        person = self.seat.actor()
        with tube.turn:
            self._check_seen(tube, at)
            if draft is not tube.draft:
                self._take(tube, draft, ActKind.GATE_UNDONE, {"step": what}, person)

    def _take(
        self,
        tube: OpenTube,
        draft: Draft,
        kind: ActKind,
        values: Mapping[str, Any],
        person: UnlockedKey,
    ) -> None:
        """Compute a draft, record it, and only then show it."""
        gates = draft.gates
        analysis = tube.session.draw(gates)
        override = tube.session.override_content(gates) if gates else {}
        said = {"digest": tube.digest, "override": override, **values}
        if tube.reader:
            said["reader"] = tube.reader
        with self.ledger.writing() as add:
            new = self.ledger.entries(tube.sample.folder, after=tube.last)
            if any(draws(one, tube) for one in new):
                raise ChangedElsewhereError("another window has changed this tube; here it is now")
            entry = add(Act(kind, tube.sample.folder, values=said), person)
        tube.session.show(analysis)
        tube.draft, tube.last = draft, entry.number

    def _check_seen(self, tube: OpenTube, at: int) -> None:
        self._catch_up(tube)
        if at != tube.last:
            raise ChangedElsewhereError("another window has changed this tube; here it is now")

    @staticmethod
    def _fit_to_draw(tube: OpenTube) -> None:
        if tube.unlike:
            raise OverrideError(
                "the tube analysed again is not what its result says "
                f"({'; '.join(tube.unlike)}): analyse it anew before its gates are moved"
            )

    def write_version(self, tube: OpenTube, *, why: str, at: int) -> None:
        """Write the result anew with the gates as they stand; do nothing where none was moved.

        Args:
            tube: the tube.
            why: the reason, which every gate gets that was moved without one.
            at: the ledger's last act on the gates that the window had seen.

        Raises:
            SigningError: nobody has signed in.
            OverrideError: no reason is given.
            ChangedElsewhereError: another window was first.
            OutputError: it cannot be written; the earlier version stands.
        """
        person = self.seat.actor()
        with tube.turn:
            self._check_seen(tube, at)
            self._write(tube, why, person)

    def _write(self, tube: OpenTube, why: str, person: UnlockedKey) -> None:
        if tube.reader:
            raise SigningError("compare your own reading with the first one's before")
        if not tube.draft.is_changed:
            return
        self._fit_to_draw(tube)
        gates = tube.draft.reasoned(why)
        if not all(act.reason for act in gates.values()):
            raise OverrideError("reason: found none, expected why the gates were moved")
        analysis, folder = tube.session.automatic, tube.sample.folder
        if gates:
            analysis = analyse_version(analysis, tube.session.override_text(gates))
        record_version(
            self.ledger,
            folder,
            person,
            digest=digest_of(analysis.result),
            earlier=tube.digest,
            moves=moves_of(self.ledger.entries(folder), tube.digest),
            why=why or next((act.reason for act in gates.values()), ""),
        )
        write_version(analysis, self.out, folder=folder, outputs=self.outputs)
        self._renew(tube)
        tube.session.show(analysis)

    def _renew(self, tube: OpenTube) -> None:
        """Take in a tube's result as it is stored now."""
        tube.result = read_result(self.out / tube.sample.folder / RESULT)
        tube.digest = str(tube.result.digest)
        tube.draft, tube.last = Draft(tube.base), 0
        self.queue.renew(tube.sample.folder, tube.result)
        tube.sample = self.queue[tube.sample.key]

    def sign(
        self,
        tube: OpenTube,
        user: str,
        password: str,
        statement: Statement,
        *,
        at: int,
    ) -> None:
        """Sign a result that was seen, written anew first where gates were moved since.

        Args:
            tube: the tube.
            user: who signs.
            password: of that user.
            statement: what they say; its digest is that of the version that the window showed.
            at: the ledger's last act on the gates that the window had seen.

        Raises:
            SigningError: a deciding gate was not on screen, the password is wrong, or the person may
                not sign this.
            ChangedElsewhereError: another window was first.
            Cd5FlowError: what signing itself refuses.
        """
        if self._sign is None:
            raise SigningError("signing is not part of this installation")
        with tube.turn:
            self._check_seen(tube, at)
            if not tube.digest.startswith(statement.digest):
                raise ChangedElsewhereError("another version was written; here it is now")
            unseen = tube.unseen()
            if unseen:
                raise SigningError(f"still to be seen: {', '.join(unseen)}")
            key = self.seat.unlock(user, password)
            if tube.reader or self.reader(tube.sample, key.user):
                raise SigningError("compare your own reading with the first one's before you sign")
            if statement.meaning is not Meaning.REJECTED:
                self._write(tube, statement.comment, key)
            said = replace(statement, digest=tube.digest)
            self._sign(self.out, tube.sample.folder, key, said, self.seat.users())
            self._has_signed = True
            tube.result = read_result(self.out / tube.sample.folder / RESULT)

    def show_gate(self, tube: OpenTube, gate: str) -> None:
        """Remember that a gate was on screen, and record it where somebody has signed in."""
        self._see(tube, gate, tube.seen, ActKind.GATE_SHOWN)

    def accept_gate(self, tube: OpenTube, gate: str) -> None:
        """Record that a person agrees with a gate.

        Raises:
            SigningError: nobody has signed in.
        """
        self.seat.actor()
        self._see(tube, gate, tube.accepted, ActKind.GATE_ACCEPTED)

    def _see(self, tube: OpenTube, gate: str, seen: dict[str, str], kind: ActKind) -> None:
        with tube.turn:
            region = tube.session.regions()[gate]
            if seen.get(gate) == region:
                return
            person = self.seat.person
            if person is not None:
                values = {"digest": tube.digest, "gate": gate, "at": tube.last}
                self.ledger.append(Act(kind, tube.sample.folder, values=values), person)
            seen[gate] = region
