"""A tube that lies open in review, and what the ledger says was drawn on it."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cd5flow.errors import InputError
from cd5flow.model.result import Result
from cd5flow.review.drafts import Draft, DrawnAct, replay
from cd5flow.review.earlier import EarlierResult
from cd5flow.review.queue import QueuedSample
from cd5flow.review.session import TubeSession
from cd5flow.signatures.acts import ActKind, Entry

_DRAWING: Final = frozenset({ActKind.GATE_MOVED, ActKind.GATE_UNDONE})


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
        read: number of the ledger's last row about it that was taken in.
        reader: who gates it without seeing what others did (`blind`); empty where all is shown.
        earlier: the patient's earlier results; None before they were looked for.
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
    read: int = 0
    reader: str = ""
    earlier: tuple[EarlierResult, ...] | None = None
    unlike: tuple[str, ...] = ()
    seen: dict[str, str] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    turn: threading.RLock = field(default_factory=threading.RLock)

    @property
    def base(self) -> tuple[DrawnAct, ...]:
        """The gates that it begins with: those of its version; of a blind reader the automatic ones."""
        return () if self.reader else base_of(self.result)

    def is_seen(self, gate: str) -> bool:
        """Whether a gate was on screen as it stands now."""
        return self.seen.get(gate) == self.session.regions().get(gate, "")

    def unseen(self) -> tuple[str, ...]:
        """Return the deciding gates that were not yet on screen as they stand, in gating order."""
        regions = self.session.regions()
        return tuple(
            name for name in self.session.deciding() if self.seen.get(name) != regions[name]
        )


def base_of(result: Result) -> tuple[DrawnAct, ...]:
    """Return the gates that a stored result was drawn with."""
    return tuple(
        DrawnAct(one.gate, one.region, one.by, one.date, one.reason)
        for one in result.overrides
        if one.region is not None
    )


def draft_of(
    base: tuple[DrawnAct, ...], entries: tuple[Entry, ...], digest: str, *, reader: str = ""
) -> tuple[Draft, int]:
    """Return what a ledger says was drawn on one version of a result, and its last such act's number.

    What a blind reader draws is that reader's alone, and nobody else's is shown to them.
    """
    acts: list[DrawnAct | str] = []
    last = 0
    for entry in entries:
        if entry.text("digest") != digest or entry.text("reader") != reader:
            continue
        if entry.kind is ActKind.GATE_MOVED:
            acts.append(_drawn(entry))
        elif entry.kind is ActKind.GATE_UNDONE:
            acts.append(entry.text("step"))
        else:
            continue
        last = entry.number
    return replay(base, acts), last


def draws(entry: Entry, tube: OpenTube) -> bool:
    """Whether an act changed the gates of a tube as it lies open."""
    return (
        entry.kind in _DRAWING
        and entry.text("digest") == tube.digest
        and entry.text("reader") == tube.reader
    )


def moves_of(entries: Iterable[Entry], digest: str) -> tuple[Entry, ...]:
    """Return the acts that moved a gate of one version of a result."""
    return tuple(
        one
        for one in entries
        if one.kind is ActKind.GATE_MOVED
        and one.text("digest") == digest
        and not one.text("reader")
    )


def _drawn(entry: Entry) -> DrawnAct:
    override, gate = entry.values.get("override"), entry.text("gate")
    gates = override.get("gates", ()) if isinstance(override, dict) else ()
    region = next((g.get("region") for g in gates if g.get("gate") == gate), None)
    drawn = entry.text("drawn") or entry.at
    return DrawnAct(gate, region, entry.user, drawn, entry.text("reason"))
