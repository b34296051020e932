"""The review of a results folder: who sits there, which tube lies open, and what is done to it.

Every act is in the ledger before it is shown. What is kept here beside the ledger are open tubes, which
can be opened again, and who has signed in.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.stored import read_result
from cd5flow.errors import FileAccessError, InputError, OverrideError, SigningError
from cd5flow.model.digest import digest_of
from cd5flow.model.region_file import write_region
from cd5flow.model.result import Result
from cd5flow.report.folder import RESULT, WantedOutputs
from cd5flow.review.drafts import Draft, DrawnAct, replay
from cd5flow.review.queue import Queue, QueuedSample
from cd5flow.review.session import TubeSession
from cd5flow.review.tube_settings import Find, settings_of, tube_file, unlike
from cd5flow.review.versions import analyse_version, write_version
from cd5flow.signatures.acts import Act, ActKind, Entry
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.standing import Standing, record_version, state_of
from cd5flow.signatures.users import Users

OPEN: Final = 2
"""Tubes that are kept open: the one that is looked at, and the one before or after."""

IDLE_SECONDS: Final = 30 * 60.0
"""So long without an act, and who has signed in must do so again."""


class ChangedElsewhereError(InputError):
    """The tube was changed by another window since this one was shown."""


@dataclass(slots=True)
class OpenTube:
    """A tube that lies open.

    Attributes:
        sample: of the queue.
        result: as it is stored.
        digest: of that result.
        session: the tube in memory.
        draft: what is drawn on it.
        last: number of the ledger's last act on its gates; 0 where there is none.
        unlike: in what the tube analysed again differs from its stored result.
        seen: each gate that was on screen, as it was then.
        accepted: likewise, each gate that was accepted.
    """

    sample: QueuedSample
    result: Result
    digest: str
    session: TubeSession
    draft: Draft
    last: int = 0
    unlike: tuple[str, ...] = ()
    seen: dict[str, str] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    turn: threading.RLock = field(default_factory=threading.RLock)

    def is_seen(self, gate: str) -> bool:
        """Whether a gate was on screen as it stands now."""
        return self.seen.get(gate) == self.session.regions().get(gate, "")

    def unseen(self) -> tuple[str, ...]:
        """Return the deciding gates that were not yet on screen as they stand, in gating order."""
        regions = self.session.regions()
        return tuple(
            name for name in self.session.deciding() if self.seen.get(name) != regions[name]
        )


class Desk:
    """A results folder under review.

    Attributes:
        out: the results folder.
        queue: its samples.
        ledger: what is recorded.
        outputs: what is written of a version that a person amended.
    """

    def __init__(
        self,
        out: Path,
        *,
        users: Path,
        find: Find,
        outputs: WantedOutputs,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.out = out
        self.queue = Queue(out)
        self.ledger = Ledger.open(out / LEDGER)
        self.outputs = outputs
        self._users_file = users
        self._find = find
        self._clock = clock
        self._key: UnlockedKey | None = None
        self._used = 0.0
        self._open: OrderedDict[str, OpenTube] = OrderedDict()
        self._turn = threading.RLock()
        self._opening: dict[str, threading.Lock] = {}

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()

    def users(self) -> Users:
        """Return the users file as it is now.

        Raises:
            FileAccessError: there is none.
        """
        return Users.load(self._users_file)

    # who sits there

    def sign_in(self, user: str, password: str) -> UnlockedKey:
        """Let a person act; whoever sat there before has left.

        Raises:
            SigningError: the password is wrong, or the user unknown, disabled or locked.
        """
        self._key = None
        key = self.unlock(user, password)
        self.ledger.append(Act(ActKind.SIGNED_IN), key)
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
            self.ledger.append(Act(ActKind.SIGN_IN_REFUSED, user=user[:64]))
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

    # tubes

    def standing(self, sample: QueuedSample) -> Standing:
        """Return where a sample stands, by the ledger alone."""
        return state_of(
            self.ledger, sample.folder, sample.digest, amended=sample.amended, users=self._known()
        )

    def _known(self) -> Users | None:
        """Return whose signatures count; None where there is no users file yet."""
        try:
            return self.users()
        except FileAccessError:
            return None

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
        with self._turn:
            turn = self._opening.setdefault(key, threading.Lock())
        with turn:
            tube = self._kept(key)
            if tube is None:
                tube = self._opened(sample)
                with self._turn:
                    self._open[key] = tube
                    while len(self._open) > OPEN:
                        self._open.popitem(last=False)
        if catch_up:
            self._catch_up(tube)
        return tube

    def _kept(self, key: str) -> OpenTube | None:
        with self._turn:
            tube = self._open.get(key)
            if tube is not None:
                self._open.move_to_end(key)
            return tube

    def _opened(self, sample: QueuedSample) -> OpenTube:
        result = read_result(self.out / sample.folder / RESULT)
        settings = settings_of(result, self._find, diagnosis=self._diagnosis)
        session = TubeSession.open(tube_file(result, self._find), settings)
        tube = OpenTube(sample, result, str(result.digest), session, Draft(base_of(result)))
        session.show(session.draw(tube.draft.gates))
        tube.unlike = unlike(result, session.now.result)
        return tube

    def _diagnosis(self, sha256: str) -> Result | None:
        sample = self.queue.of_tube(sha256)
        return None if sample is None else read_result(self.out / sample.folder / RESULT)

    def _catch_up(self, tube: OpenTube) -> None:
        """Take in what the ledger holds of a tube beyond what is shown, as another window's acts.

        Raises:
            OverrideError: what was drawn there does not fit the tube.
        """
        with tube.turn:
            entries = self.ledger.entries(tube.sample.folder)
            draft, last = draft_of(base_of(tube.result), entries, tube.digest)
            if last == tube.last:
                return
            if draft.gates != tube.draft.gates:
                tube.session.show(tube.session.draw(draft.gates))
            tube.draft, tube.last = draft, last

    def renew(self, key: str) -> None:
        """Forget an open tube whose result was written anew, and read the queue again."""
        with self._turn:
            self._open.pop(key, None)
        self.queue.refresh()

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
        person = self.actor()
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
        person = self.actor()
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
        with self.ledger.writing() as add:
            _, last = draft_of((), self.ledger.entries(tube.sample.folder), tube.digest)
            if last != tube.last:
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
            tube: the tube; it is to be opened anew afterwards.
            why: the reason, which every gate gets that was moved without one.
            at: the ledger's last act on the gates that the window had seen.

        Raises:
            SigningError: nobody has signed in.
            OverrideError: no reason is given, or no gate is drawn any more.
            ChangedElsewhereError: another window was first.
            OutputError: it cannot be written; the earlier version stands.
        """
        person = self.actor()
        self._fit_to_draw(tube)
        with tube.turn:
            self._check_seen(tube, at)
            if not tube.draft.is_changed:
                return
            gates = tube.draft.reasoned(why)
            if not all(act.reason for act in gates.values()):
                raise OverrideError("reason: found none, expected why the gates were moved")
            analysis = tube.session.automatic
            if gates:
                analysis = analyse_version(analysis, tube.session.override_text(gates))
            folder = tube.sample.folder
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
        self.renew(tube.sample.key)

    def show_gate(self, tube: OpenTube, gate: str) -> None:
        """Remember that a gate was on screen, and record it where somebody has signed in."""
        self._see(tube, gate, tube.seen, ActKind.GATE_SHOWN)

    def accept_gate(self, tube: OpenTube, gate: str) -> None:
        """Record that a person agrees with a gate.

        Raises:
            SigningError: nobody has signed in.
        """
        self.actor()
        self._see(tube, gate, tube.accepted, ActKind.GATE_ACCEPTED)

    def _see(self, tube: OpenTube, gate: str, seen: dict[str, str], kind: ActKind) -> None:
        with tube.turn:
            region = tube.session.regions()[gate]
            if seen.get(gate) == region:
                return
            person = self.person
            if person is not None:
                values = {"digest": tube.digest, "gate": gate, "at": tube.last}
                self.ledger.append(Act(kind, tube.sample.folder, values=values), person)
            seen[gate] = region


def base_of(result: Result) -> tuple[DrawnAct, ...]:
    """Return the gates that a stored result was drawn with."""
    return tuple(
        DrawnAct(one.gate, one.region, one.by, one.date, one.reason)
        for one in result.overrides
        if one.region is not None
    )


def draft_of(
    base: tuple[DrawnAct, ...], entries: tuple[Entry, ...], digest: str
) -> tuple[Draft, int]:
    """Return what a ledger says was drawn on one version of a result, and its last such act's number."""
    acts: list[DrawnAct | str] = []
    last = 0
    for entry in entries:
        if entry.text("digest") != digest:
            continue
        if entry.kind is ActKind.GATE_MOVED:
            acts.append(_drawn(entry))
        elif entry.kind is ActKind.GATE_UNDONE:
            acts.append(entry.text("step"))
        else:
            continue
        last = entry.number
    return replay(base, acts), last


def moves_of(entries: Iterable[Entry], digest: str) -> tuple[Entry, ...]:
    """Return the acts that moved a gate of one version of a result."""
    return tuple(
        one for one in entries if one.kind is ActKind.GATE_MOVED and one.text("digest") == digest
    )


def _drawn(entry: Entry) -> DrawnAct:
    override, gate = entry.values.get("override"), entry.text("gate")
    gates = override.get("gates", ()) if isinstance(override, dict) else ()
    region = next((g.get("region") for g in gates if g.get("gate") == gate), None)
    drawn = entry.text("drawn") or entry.at
    return DrawnAct(gate, region, entry.user, drawn, entry.text("reason"))
