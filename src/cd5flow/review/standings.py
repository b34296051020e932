"""Where the samples of a desk stand, by the ledger and the users file alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from cd5flow.errors import FileAccessError
from cd5flow.model.result import Result
from cd5flow.review.desk import Desk
from cd5flow.review.queue import QueuedSample
from cd5flow.signatures.acts import ActKind, Entry
from cd5flow.signatures.standing import Standing, standing
from cd5flow.signatures.users import Users

_DECIDING: Final = frozenset(
    {ActKind.GATE_MOVED, ActKind.VERSION, ActKind.SIGNATURE, ActKind.FILES, ActKind.SUPERSEDED}
)


def sample_standing(desk: Desk, sample: QueuedSample) -> Standing:
    """Return where a sample stands."""
    return _standing(sample, desk.ledger.entries(sample.folder), _known_users(desk))


def standings(desk: Desk) -> dict[str, Standing]:
    """Return where each sample of the queue stands, by its key."""
    acts: dict[str, list[Entry]] = defaultdict(list)
    for entry in desk.ledger.entries():
        acts[entry.subject].append(entry)
    known = _known_users(desk)
    return {one.key: _standing(one, acts[one.folder], known) for one in desk.queue.samples}


def unapproved_rules(desk: Desk, result: Result) -> tuple[str, ...]:
    """Return which of a result's rules the laboratory has not approved, by kind, name and version."""
    users = _known_users(desk)
    rules = (("strategy", result.strategy), ("protocol", result.protocol))
    return tuple(
        f"{kind} {one.name} {one.version}"
        for kind, one in rules
        if users is None or users.approval(kind, one.sha256) is None
    )


def _standing(sample: QueuedSample, acts: Sequence[Entry], users: Users | None) -> Standing:
    # What was merely looked at decides nothing, and there is much of it.
    deciding = [one for one in acts if one.kind in _DECIDING]
    return standing(deciding, sample.folder, sample.digest, amended=sample.amended, users=users)


def _known_users(desk: Desk) -> Users | None:
    """Return whose signatures count; None where there is no users file yet."""
    try:
        return desk.seat.users()
    except FileAccessError:
        return None
