"""What the page shows of a queue and of a tube, as JSON: numbers are made into words here, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from cd5flow.batch.review_figures import ReviewedSample, figure_lines, review_figures
from cd5flow.model.geometry import Boolean
from cd5flow.model.names import ALL, BLASTS, CD5_POSITIVE, DENOMINATOR
from cd5flow.model.reasons import Reason, sentence
from cd5flow.model.result import BurdenSection, Cd5Section, QualityState, Result
from cd5flow.report import numerals
from cd5flow.report.wording import load_wording
from cd5flow.review.conclusions import own_reading
from cd5flow.review.desk import Desk
from cd5flow.review.open_tube import OpenTube
from cd5flow.review.queue import QueuedSample
from cd5flow.review.standings import sample_standing, standings, unapproved_rules
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.standing import Standing

_NAMED: Final = 12
"""Most populations that are named as changed."""

_FIRST: Final = (BLASTS, CD5_POSITIVE, DENOMINATOR)


def person_json(person: UnlockedKey | None) -> dict[str, Any] | None:
    """Return who has signed in."""
    if person is None:
        return None
    return {"user": person.user, "name": person.name, "role": person.role}


def queue_json(desk: Desk) -> dict[str, Any]:
    """Return the samples in their order, with what is left to do for each."""
    where = standings(desk)
    return {
        "folder": desk.out.resolve().name,
        "person": person_json(desk.seat.person),
        "samples": [
            _sample_json(one, where[one.key], hidden=bool(desk.tubes.reader(one)))
            for one in desk.queue.samples
        ],
        "unreadable": [{"folder": folder, "why": why} for folder, why in desk.queue.unreadable],
        "figures": [
            {"name": name, "words": words}
            for name, words in figure_lines(
                review_figures(_reviewed(one, where[one.key]) for one in desk.queue.samples)
            )
        ],
    }


def _reviewed(sample: QueuedSample, where: Standing) -> ReviewedSample:
    """Return what persons did with a sample, by the ledger as it is now."""
    section = where.section()
    decided = (section.at or "") if where.state != "unreviewed" else ""
    return replace(sample.reviewed, state=where.state, decided=decided)


def _sample_json(sample: QueuedSample, where: Standing, *, hidden: bool) -> dict[str, Any]:
    """Return a sample of the queue; to a blind reader nothing of it that others decided."""
    if hidden:
        told = {"key": sample.key, "sample": sample.sample, "risk": "second reading"}
        closed = dict.fromkeys(("cd5", "burden", "criterion"), "hidden")
        return told | closed | {"state": "hidden", "left": "to gate", "step": "open"}
    return {
        "key": sample.key,
        "sample": sample.sample,
        "risk": sample.risk.words,
        "cd5": sample.cd5,
        "burden": sample.burden,
        "criterion": sample.criterion,
        "state": where.state,
        "left": left_to_do(where),
        "step": step_of(where),
    }


def step_of(where: Standing) -> str:
    """Return how far a sample has come: ``open``, ``begun`` or ``done``."""
    if where.state != "unreviewed":
        return "done"
    return "begun" if where.pending or where.signatures or where.movers else "open"


def left_to_do(where: Standing) -> str:
    """Return what a sample still wants of a person."""
    match where.state:
        case "confirmed" | "amended":
            return f"done: {where.state}"
        case "rejected":
            return "done: rejected"
        case "unreviewed" if where.pending is not None:
            return "a signature is to be completed"
        case "unreviewed" if where.signatures or where.movers:
            return "approval by another person"
        case "unreviewed":
            return "to sign"


def tube_json(desk: Desk, tube: OpenTube) -> dict[str, Any]:
    """Return all that the page shows of an open tube but its pictures."""
    session, result = tube.session, tube.session.now.result
    where = sample_standing(desk, tube.sample)
    sample = result.sample
    unseen = set(tube.unseen())
    return {
        "key": tube.sample.key,
        "sample": sample.id,
        "facts": list(_facts(result)),
        "at": tube.last,
        "digest": tube.digest,
        "person": person_json(desk.seat.person),
        "answer": {
            "now": answer_json(result),
            "automatic": answer_json(session.automatic.result),
            "is_moved": bool(tube.draft.gates),
        },
        "changes": list(_changes(tube)),
        "gates": [_gate_json(tube, name, unseen) for name in _gate_order(tube)],
        "unseen": [name for name in tube.session.deciding() if name in unseen],
        "drawn": [
            {"gate": name, "by": act.by, "at": numerals.moment(act.at), "reason": act.reason}
            for name, act in tube.draft.gates.items()
        ],
        "can_undo": bool(tube.draft.done),
        "can_redo": bool(tube.draft.undone),
        "is_changed": tube.draft.is_changed,
        "can_draw": not tube.unlike,
        "unlike": list(tube.unlike),
        "unapproved": list(unapproved_rules(desk, result)),
        "blind": bool(tube.reader),
        "own_reading": _own_reading(desk, tube),
        "review": _review_json(desk, where) if not tube.reader else _HIDDEN_REVIEW,
    }


_HIDDEN_REVIEW: Final = {
    "state": "hidden",
    "left": "your own reading comes first",
    "signatures": [],
    "movers": [],
    "pending": False,
    "can_sign": False,
}
"""What a blind reader is told of others' work."""


def _own_reading(desk: Desk, tube: OpenTube) -> str:
    """Return what the person's own blind reading came to; empty where there was none."""
    own = None if tube.reader else own_reading(desk, tube)
    if own is None:
        return ""
    limits = (tube.result.cd5.threshold_percent,)
    cd5, burden = own["cd5"], own["burden"]
    share = (
        "no percentage"
        if cd5["percent"] is None
        else f"{numerals.share(cd5['percent'], limits=limits)} %"
    )
    load = "no share" if burden["percent"] is None else f"{numerals.burden(burden['percent'])} %"
    return (
        f"CD5 {share} {cd5['state']}, burden {load} {burden['state']}, criterion {own['criterion']}"
    )


def _review_json(desk: Desk, where: Standing) -> dict[str, Any]:
    """Return where a sample stands, and who said what."""
    return {
        "state": where.state,
        "left": left_to_do(where),
        "signatures": [
            {
                "name": one.name,
                "user": one.user,
                "meaning": one.meaning.value,
                "at": numerals.moment(one.at),
                "comment": one.comment,
                "entry": one.entry,
            }
            for one in where.signatures
        ],
        "movers": list(where.movers),
        "pending": where.pending is not None,
        "can_sign": desk.sign is not None,
    }


def _facts(result: Result) -> Iterator[str]:
    sample = result.sample
    yield f"{sample.events:,} events"
    if sample.patient_id:
        yield f"patient {sample.patient_id}"
    yield sample.timepoint.value.replace("_", " ")
    yield sample.specimen.value.replace("_", " ")
    if sample.collected_at:
        yield f"collected {sample.collected_at}"
    yield f"lineage {result.strategy.lineage}"
    yield f"{result.strategy.name} {result.strategy.version}"
    yield f"{result.protocol.name} {result.protocol.version}"


def answer_json(result: Result) -> dict[str, Any]:
    """Return both numbers, the criterion and the quality of a result, in words with their states."""
    return {
        "cd5": _cd5_json(result.cd5),
        "burden": _burden_json(result.burden),
        "criterion": {
            "state": result.criterion.state.value,
            "reasons": _sentences(result.criterion.reasons),
        },
        "quality": {
            "state": result.quality.state.value,
            "checks": [
                {"code": check.code, "state": check.state.value, "message": check.message}
                for check in result.quality.checks
                if check.state in {QualityState.WARN, QualityState.FAIL}
            ],
        },
    }


def _cd5_json(cd5: Cd5Section) -> dict[str, Any]:
    limits = (cd5.threshold_percent,)

    def share(percent: float) -> str:
        return numerals.share(percent, limits=limits)

    lines = []
    if cd5.percent is not None:
        lines.append(f"{cd5.positive_events:,} of {cd5.blast_events:,} blasts")
    else:
        lines.append(f"{cd5.blast_events:,} blasts")
    if cd5.ci95_percent is not None:
        lines.append("95 % interval {} to {} %".format(*map(share, cd5.ci95_percent)))
    if cd5.band_percent is not None:
        lines.append("other cuts {} to {} %".format(*map(share, cd5.band_percent)))
    lines.append(f"asked {cd5.operator} {cd5.threshold_percent:g} %")
    if cd5.cut is not None:
        method = "drawn by hand" if cd5.cut.by_hand else cd5.cut.method.value.replace("_", " ")
        lines.append(f"cut {method} at {numerals.number(cd5.cut.linear)}")
    return {
        "state": cd5.state.value,
        "number": "no percentage" if cd5.percent is None else f"{share(cd5.percent)} %",
        "lines": lines,
        "reasons": _sentences(cd5.reasons),
    }


def _burden_json(burden: BurdenSection) -> dict[str, Any]:
    lines = [f"{burden.blast_events:,} of {burden.denominator_events:,}"]
    if burden.ci95_percent is not None:
        lines.append("95 % interval {} to {} %".format(*map(numerals.burden, burden.ci95_percent)))
    if burden.lod_percent is not None and burden.lloq_percent is not None:
        lod, lloq = numerals.part(burden.lod_percent), numerals.part(burden.lloq_percent)
        lines.append(f"LOD {lod} %, LLOQ {lloq} %")
    if burden.look_alike_events:
        lines.append(f"{burden.look_alike_events:,} scattered look-alikes, not counted")
    return {
        "state": burden.state.value,
        "number": "no share" if burden.percent is None else f"{numerals.burden(burden.percent)} %",
        "lines": lines,
        "reasons": _sentences(burden.reasons),
    }


def _sentences(reasons: tuple[Reason, ...]) -> list[str]:
    return [sentence(reason) for reason in reasons]


def _gate_order(tube: OpenTube) -> list[str]:
    """Return the gates that decide, in gating order, and then the others."""
    deciding = tube.session.deciding()
    rest = [gate.name for gate in tube.session.tree.gates if gate.name not in deciding]
    return [*deciding, *rest]


def _gate_json(tube: OpenTube, name: str, unseen: set[str]) -> dict[str, Any]:
    session = tube.session
    gate = session.tree[name]
    moved = session.moved(name)
    whole = session.now.gating.count(gate.parent)
    return {
        "name": name,
        "title": load_wording("en").population(name),
        "parent": gate.parent if gate.parent != ALL else "all events",
        "why": gate.why,
        "events": moved.events,
        "parent_events": whole,
        "percent": percent_words(moved.events, whole),
        "automatic": moved.automatic,
        "gained": moved.gained,
        "lost": moved.lost,
        "is_drawn": name in tube.draft.gates,
        "is_joined": isinstance(gate.region, Boolean),
        "deciding": name in session.deciding(),
        "seen": name not in unseen if name in session.deciding() else tube.is_seen(name),
        "accepted": tube.accepted.get(name) == session.regions()[name],
    }


def percent_words(events: int | None, whole: int | None) -> str:
    """Return a share of a parent; empty where there is none."""
    if events is None or not whole:
        return ""
    return f"{numerals.part(100 * events / whole)} %"


def _changes(tube: OpenTube) -> Iterator[str]:
    """Yield what else is other than what was found: states, populations, checks of quality."""
    now, found = tube.session.now, tube.session.automatic
    if now is found:
        return
    before, after = found.result, now.result
    if before.quality.state is not after.quality.state:
        yield f"quality: {before.quality.state} became {after.quality.state}"
    if before.strategy.lineage != after.strategy.lineage:
        yield f"lineage: {before.strategy.lineage} became {after.strategy.lineage}"
    names = [gate.name for gate in now.gating.tree.gates]
    gone = [gate.name for gate in found.gating.tree.gates if gate.name not in names]
    for name in gone:
        yield f"{name} is not found any more"
    told = 0
    for name in sorted(names, key=lambda one: one not in _FIRST):
        if name not in found.gating.tree:
            yield f"{name} is new: {now.gating.count(name):,} events"
            continue
        moved = tube.session.moved(name)
        if not moved.gained and not moved.lost:
            continue
        told += 1
        if told > _NAMED:
            continue
        yield (
            f"{name}: {moved.automatic:,} became {moved.events:,} "
            f"({moved.gained:,} gained, {moved.lost:,} lost)"
        )
    if told > _NAMED:
        yield f"and {told - _NAMED} more populations"
