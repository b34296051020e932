"""What is done to gates at a desk: they are looked at, accepted, moved, and moved back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cd5flow.errors import OverrideError
from cd5flow.model.region_file import write_region
from cd5flow.review.desk import Desk
from cd5flow.review.drafts import Draft, DrawnAct
from cd5flow.review.open_tube import ChangedElsewhereError, OpenTube, draws
from cd5flow.signatures.acts import Act, ActKind
from cd5flow.signatures.keys import UnlockedKey


def move_gate(
    desk: Desk, tube: OpenTube, gate: str, drawing: Mapping[str, Any], *, why: str, at: int
) -> None:
    """Draw a gate anew, and find everything below it again.

    Args:
        desk: where it is done.
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
    person = desk.seat.actor()
    check_drawable(tube)
    with tube.turn:
        check_seen(desk, tube, at)
        region = write_region(tube.session.redrawn(gate, drawing))
        now = desk.ledger.clock().isoformat(timespec="seconds")
        draft = tube.draft.move(DrawnAct(gate, region, person.user, now, why))
        values = {"gate": gate, "reason": why, "drawn": now}
        _take(desk, tube, draft, kind=ActKind.GATE_MOVED, values=values, person=person)


def undo(desk: Desk, tube: OpenTube, *, at: int) -> None:
    """Take back the last gate that was drawn, or do nothing where there is none.

    Raises:
        as `move_gate`.
    """
    _step(desk, tube, tube.draft.undo(), "undo", at)


def redo(desk: Desk, tube: OpenTube, *, at: int) -> None:
    """Do again what was taken back last, or do nothing where there is none.

    Raises:
        as `move_gate`.
    """
    _step(desk, tube, tube.draft.redo(), "redo", at)


def show_gate(desk: Desk, tube: OpenTube, gate: str) -> None:
    """Remember that a gate was on screen, and record it where somebody has signed in."""
    _see(desk, tube, gate, tube.seen, ActKind.GATE_SHOWN)


def accept_gate(desk: Desk, tube: OpenTube, gate: str) -> None:
    """Record that a person agrees with a gate.

    Raises:
        SigningError: nobody has signed in.
    """
    desk.seat.actor()
    _see(desk, tube, gate, tube.accepted, ActKind.GATE_ACCEPTED)


def check_seen(desk: Desk, tube: OpenTube, at: int) -> None:
    """Refuse to act on what a window does not show.

    Raises:
        ChangedElsewhereError: another window has acted on the gates since `at`.
    """
    desk.tubes.catch_up(tube)
    if at != tube.last:
        raise _changed_elsewhere()


def check_drawable(tube: OpenTube) -> None:
    """Refuse to draw on a tube that is not the one which its result tells of.

    Raises:
        OverrideError: it comes out otherwise when it is analysed again.
    """
    if tube.unlike:
        raise OverrideError(
            "the tube analysed again is not what its result says "
            f"({'; '.join(tube.unlike)}): analyse it anew before its gates are moved"
        )


def _step(desk: Desk, tube: OpenTube, draft: Draft, what: str, at: int) -> None:
    person = desk.seat.actor()
    with tube.turn:
        check_seen(desk, tube, at)
        if draft is not tube.draft:
            values = {"step": what}
            _take(desk, tube, draft, kind=ActKind.GATE_UNDONE, values=values, person=person)


def _take(
    desk: Desk,
    tube: OpenTube,
    draft: Draft,
    *,
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
    with desk.ledger.writing() as add:
        new = desk.ledger.entries(tube.sample.folder, after=tube.last)
        if any(draws(one, tube) for one in new):
            raise _changed_elsewhere()
        entry = add(Act(kind, tube.sample.folder, values=said), person)
    tube.session.show(analysis)
    tube.draft, tube.last = draft, entry.number


def _changed_elsewhere() -> ChangedElsewhereError:
    return ChangedElsewhereError("another window has changed this tube; here it is now")


def _see(desk: Desk, tube: OpenTube, gate: str, seen: dict[str, str], kind: ActKind) -> None:
    with tube.turn:
        region = tube.session.regions()[gate]
        if seen.get(gate) == region:
            return
        person = desk.seat.person
        if person is not None:
            values = {"digest": tube.digest, "gate": gate, "at": tube.last}
            desk.ledger.append(Act(kind, tube.sample.folder, values=values), person)
        seen[gate] = region
