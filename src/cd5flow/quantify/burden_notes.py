"""What stands beside a burden: whether the marrow is one, and how others read the share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cd5flow.model.limits import BurdenLimits, MarrowRule, RelapseReading
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenSection, BurdenState, Specimen


def burden_notes(
    burden: BurdenSection,
    *,
    specimen: Specimen,
    kinds: Mapping[str, float] | None,
    limits: BurdenLimits,
) -> tuple[Reason, ...]:
    """Return what is to be known of a marrow beside its burden; nothing of another specimen.

    Args:
        burden: as judged.
        specimen: what it is said to be.
        kinds: percent of the denominator by the profiles' name of a kind of cell; None where the tube
            does not tell them.
        limits: the strategy's.
    """
    if specimen is not Specimen.BONE_MARROW:
        return ()
    notes: list[Reason] = []
    if limits.marrow is not None:
        notes += _marrow(kinds, limits.marrow)
    if limits.relapse_reading is not None:
        notes += _relapse(burden, limits.relapse_reading)
    return tuple(notes)


def _marrow(kinds: Mapping[str, float] | None, rule: MarrowRule) -> Iterator[Reason]:
    """Yield whether a marrow looks diluted with blood, or as one that recovers."""
    if kinds is None:
        yield Reason("HAEMODILUTION_UNKNOWN")
        return
    immature = sum(kinds.get(name, 0.0) for name in rule.immature)
    mature = sum(kinds.get(name, 0.0) for name in rule.mature)
    diluted = immature < rule.diluted_percent and mature >= rule.mature_percent
    yield Reason("HAEMODILUTION" if diluted else "MARROW_LIKE", immature=immature, mature=mature)
    if immature >= rule.regenerating_percent:
        yield Reason("REGENERATION", immature=immature)


def _relapse(burden: BurdenSection, reading: RelapseReading) -> Iterator[Reason]:
    """Yield how a quantified share of blasts reads by another definition of relapse."""
    if burden.percent is None or burden.state not in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}:
        return
    share: dict[str, object] = {"percent": burden.percent, "source": reading.source}
    for step in reading.steps:
        if burden.percent < step.at_least_percent:
            continue
        if not step.other_tests:
            yield Reason("RELAPSE_READING", case="suffices", **share)
            return
        case = "another" if step.other_tests == 1 else "others"
        yield Reason(
            "RELAPSE_READING",
            case=case,
            others=step.other_tests,
            least=reading.other_test_percent,
            **share,
        )
        return
    yield Reason("RELAPSE_READING", case="below", **share)
