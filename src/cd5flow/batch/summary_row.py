"""A sample's row of the summary, from its result alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from cd5flow.batch.sample_sheet import IDENTIFIERS
from cd5flow.config.shipped import protocol_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.eligibility import Eligibility, eligibility_columns, judge_eligibility
from cd5flow.criteria.patients import recorded_clinical
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import Cd5FlowError
from cd5flow.model.reasons import AS_WRITTEN, sentence
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    Check,
    CriterionState,
    QualityState,
    Result,
)
from cd5flow.report.tables import Cell

BETWEEN: Final = " | "
"""Between the sentences of one cell."""

STATES: Final[dict[str, tuple[str, ...]]] = {
    "criterion_state": tuple(CriterionState),
    "cd5_state": tuple(Cd5State),
    "burden_state": tuple(BurdenState),
    "quality_state": (QualityState.PASS, QualityState.WARN, QualityState.FAIL),
    "review_state": ("unreviewed", "confirmed", "amended"),
}
"""Every state that a column can hold, in the order of the result's schema."""


@dataclass(frozen=True, slots=True)
class ReasonAbout:
    """Why a part of the result is as it is.

    Attributes:
        about: criterion, CD5, burden or quality.
        code: the reason's, or the quality check's; empty where it has none.
        sentence: in words.
    """

    about: str
    code: str
    sentence: str


def summary_row(
    result: Result, *, folder: str, report: str | None = None, notes: Sequence[str] = ()
) -> dict[str, Cell]:
    """Return a sample's cells by column; unknown is None.

    Args:
        result: the sample's.
        folder: its name in the results folder.
        report: path of its report from there.
        notes: what else is to be known of it.
    """
    sample = result.sample
    row: dict[str, Cell] = {
        "sample": sample.id,
        "patient_id": sample.patient_id,
        **{name: sample.identifiers.get(name) for name in IDENTIFIERS},
        "file": sample.file,
        "events": sample.events,
        "acquired": sample.acquired,
        "cytometer": sample.cytometer,
        "collected_at": sample.collected_at,
        "timepoint": sample.timepoint.value,
        "specimen": sample.specimen.value,
        "prior_therapy": ";".join(sample.prior_therapy),
    }
    row |= _cd5(result) | _burden(result) | _rest(result)
    row |= eligibility_columns(_criteria(result))
    return row | {"notes": BETWEEN.join(notes), "folder": folder, "report": report}


def _criteria(result: Result) -> Eligibility | None:
    """Return the criteria of a result's protocol; None without a clinical file or the protocol."""
    clinical = recorded_clinical(result)
    protocol = _protocol(str(result.provenance.settings.get("protocol")))
    if clinical is None or protocol is None or protocol.sha256 != result.protocol.sha256:
        return None
    if not protocol.value.criteria:
        return None
    return judge_eligibility((result,), protocol=protocol, clinical=clinical)


@cache
def _protocol(name: str) -> Loaded[Protocol] | None:
    """Return a shipped protocol; a result keeps no folder in which another could be found again."""
    try:
        return load_protocol(protocol_file(name))
    except Cd5FlowError:
        return None


def reasons(result: Result) -> Iterator[ReasonAbout]:
    """Yield every reason of a result, and what quality checks that warn or fail have seen."""
    for about, told in (
        ("criterion", result.criterion.reasons),
        ("CD5", result.cd5.reasons),
        ("burden", result.burden.reasons),
    ):
        for reason in told:
            code = "" if reason.code == AS_WRITTEN else reason.code
            yield ReasonAbout(about, code, sentence(reason))
    for check in _noticed_checks(result):
        yield ReasonAbout("quality", check.code, f"{check.state.value}: {check.message}")


def _cd5(result: Result) -> dict[str, Cell]:
    cd5 = result.cd5
    return {
        "cd5_state": cd5.state.value,
        "cd5_percent": cd5.percent,
        **_ends("cd5_ci95", cd5.ci95_percent),
        **_ends("cd5_band", cd5.band_percent),
        "cd5_positive_events": cd5.positive_events,
        "blast_events": cd5.blast_events,
        "cd5_operator": cd5.operator,
        "cd5_threshold_percent": cd5.threshold_percent,
        "cd5_cut_method": None if cd5.cut is None else cd5.cut.method.value,
        "cd5_cut_linear": None if cd5.cut is None else cd5.cut.linear,
        "cd5_pattern": None if cd5.pattern is None else cd5.pattern.value,
        "cd5_reasons": BETWEEN.join(map(str, cd5.reasons)),
    }


def _burden(result: Result) -> dict[str, Cell]:
    burden = result.burden
    return {
        "burden_state": burden.state.value,
        "burden_percent": burden.percent,
        **_ends("burden_ci95", burden.ci95_percent),
        "burden_upper95_percent": burden.upper95_percent,
        "denominator": burden.denominator,
        "denominator_events": burden.denominator_events,
        "lod_percent": burden.lod_percent,
        "lod_by": burden.lod_by,
        "lloq_percent": burden.lloq_percent,
        "level": burden.level,
        "burden_reasons": BETWEEN.join(map(str, burden.reasons)),
    }


def _rest(result: Result) -> dict[str, Cell]:
    return {
        "criterion_state": result.criterion.state.value,
        "criterion_flow_state": result.criterion.flow_state.value,
        "criterion_reasons": BETWEEN.join(map(str, result.criterion.reasons)),
        "quality_state": result.quality.state.value,
        "quality_codes": ";".join(check.code for check in _noticed_checks(result)),
        "quality_reasons": BETWEEN.join(_noticed(result)),
        "apart": None,
        "controls": ";".join(
            f"{c.role} {'accepted' if c.accepted else 'refused'}" for c in result.controls
        ),
        "strategy": f"{result.strategy.name} {result.strategy.version}",
        "lineage": result.strategy.lineage,
        "protocol": f"{result.protocol.name} {result.protocol.version}",
        "review_state": result.review.state,
        "cd5flow": result.provenance.cd5flow,
        "created": result.provenance.created,
    }


def _noticed_checks(result: Result) -> Iterator[Check]:
    noticed = {QualityState.WARN, QualityState.FAIL}
    return (check for check in result.quality.checks if check.state in noticed)


def _noticed(result: Result) -> tuple[str, ...]:
    return tuple(f"{c.code}: {c.state.value}: {c.message}" for c in _noticed_checks(result))


def _ends(name: str, ends: tuple[float, float] | None) -> dict[str, Cell]:
    low, high = (None, None) if ends is None else ends
    return {f"{name}_low_percent": low, f"{name}_high_percent": high}
