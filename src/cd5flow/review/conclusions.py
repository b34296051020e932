"""What ends the work on a tube at a desk: a blind reading compared, a version written, a signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cd5flow.analysis.stored import read_result
from cd5flow.errors import OverrideError, SigningError
from cd5flow.model.digest import digest_of
from cd5flow.report.folder import RESULT
from cd5flow.review.blind import reading_of, reading_values
from cd5flow.review.desk import Desk
from cd5flow.review.gate_acts import check_drawable, check_seen
from cd5flow.review.open_tube import ChangedElsewhereError, OpenTube, moves_of
from cd5flow.review.signing import Statement
from cd5flow.review.versions import analyse_version, write_version
from cd5flow.signatures.acts import Act, ActKind, Meaning
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.standing import record_version


def own_reading(desk: Desk, tube: OpenTube) -> Mapping[str, Any] | None:
    """Return what the blind reading of who has logged in came to; None where there was none."""
    person = desk.seat.person
    if person is None:
        return None
    return reading_of(desk.ledger.entries(tube.sample.folder), tube.digest, person.user)


def compare_readings(desk: Desk, tube: OpenTube) -> None:
    """End a blind reading: record what it came to, and show what others did from now on.

    Raises:
        SigningError: nobody has logged in, or a deciding gate was not on screen yet.
    """
    person = desk.seat.actor()
    with tube.turn:
        if not tube.reader:
            return
        _check_all_seen(tube)
        drawn = tube.draft.gates
        override = tube.session.override_content(drawn) if drawn else {}
        values = {"digest": tube.digest, "override": override}
        values |= reading_values(tube.session.now.result)
        desk.ledger.append(Act(ActKind.COMPARED, tube.sample.folder, values=values), person)


def write_draft(desk: Desk, tube: OpenTube, *, why: str, at: int) -> None:
    """Write the result anew with the gates as they stand; do nothing where none was moved.

    Args:
        desk: where it is done.
        tube: the tube.
        why: the reason, which every gate gets that was moved without one.
        at: the ledger's last act on the gates that the window had seen.

    Raises:
        SigningError: nobody has signed in.
        OverrideError: no reason is given.
        ChangedElsewhereError: another window was first.
        OutputError: it cannot be written; the earlier version stands.
    """
    person = desk.seat.actor()
    with tube.turn:
        check_seen(desk, tube, at)
        _write(desk, tube, why, person)


def sign_tube(
    desk: Desk, tube: OpenTube, user: str, password: str, statement: Statement, *, at: int
) -> None:
    """Sign a result that was seen, written anew first where gates were moved since.

    Args:
        desk: where it is done.
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
    if desk.sign is None:
        raise SigningError("signing is not part of this installation")
    with tube.turn:
        check_seen(desk, tube, at)
        if not tube.digest.startswith(statement.digest):
            raise ChangedElsewhereError("another version was written; here it is now")
        _check_all_seen(tube)
        key = desk.seat.unlock(user, password)
        if tube.reader or desk.tubes.reader(tube.sample, key.user):
            raise SigningError("compare your own reading with the first one's before you sign")
        if statement.meaning is not Meaning.REJECTED:
            _write(desk, tube, statement.comment, key)
        said = replace(statement, digest=tube.digest)
        desk.sign(desk.out, tube.sample.folder, key, said, desk.seat.users())
        desk.has_signed = True
        tube.result = read_result(desk.out / tube.sample.folder / RESULT)


def _check_all_seen(tube: OpenTube) -> None:
    unseen = tube.unseen()
    if unseen:
        raise SigningError(f"still to be seen: {', '.join(unseen)}")


def _write(desk: Desk, tube: OpenTube, why: str, person: UnlockedKey) -> None:
    if tube.reader:
        raise SigningError("compare your own reading with the first one's before")
    if not tube.draft.is_changed:
        return
    check_drawable(tube)
    gates = tube.draft.reasoned(why)
    if not all(act.reason for act in gates.values()):
        raise OverrideError("reason: found none, expected why the gates were moved")
    analysis, folder = tube.session.automatic, tube.sample.folder
    if gates:
        analysis = analyse_version(analysis, tube.session.override_text(gates))
    record_version(
        desk.ledger,
        folder,
        person,
        digest=digest_of(analysis.result),
        earlier=tube.digest,
        moves=moves_of(desk.ledger.entries(folder), tube.digest),
        why=why or next((act.reason for act in gates.values()), ""),
    )
    write_version(analysis, desk.out, folder=folder, outputs=desk.outputs)
    desk.tubes.renew(tube)
    tube.session.show(analysis)
