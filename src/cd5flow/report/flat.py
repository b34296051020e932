"""One row a result, for laboratory information systems that take a table: `cd5flow export --format csv`.

Columns are added at the end and never renamed. Unknown is an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cd5flow.interop.reported import Amount, Reported, reported_burden, reported_cd5
from cd5flow.model.reasons import Reason
from cd5flow.model.result import QualityState, Result
from cd5flow.report.tables import Cell, csv_text

COLUMNS: Final[dict[str, str]] = {
    "schema": "of the result: cd5flow.result/1",
    "sample": "sample id",
    "patient_id": "pseudonym as given; empty where none was",
    "accession": "as the sample sheet gave it",
    "specimen_id": "as the sample sheet gave it",
    "file": "name of the FCS file",
    "sha256": "of the FCS file",
    "collected_at": "as given",
    "acquired": "by the cytometer's clock, ISO 8601",
    "timepoint": "diagnosis, relapse, mrd or unstated",
    "specimen": "bone_marrow, peripheral_blood, csf, fluid, tissue or unknown",
    "review_state": "unreviewed, confirmed or amended",
    "review_by": "who reviewed it",
    "review_at": "when",
    "quality_state": "PASS, WARN or FAIL",
    "quality_codes": "checks that did not pass, separated by ;",
    "cd5_state": "MEETS, DOES_NOT_MEET, BORDERLINE or NOT_EVALUABLE",
    "cd5_reported_percent": "CD5-positive blasts, percent; empty where NOT_EVALUABLE: show this one",
    "cd5_percent": "the same as computed, also where it is withheld as a result",
    "cd5_positive_events": "n",
    "cd5_blast_events": "N",
    "cd5_ci95_low_percent": "95 % interval",
    "cd5_ci95_high_percent": "95 % interval",
    "cd5_band_low_percent": "range over other defensible cuts",
    "cd5_band_high_percent": "range over other defensible cuts",
    "cd5_operator": ">= or >",
    "cd5_threshold_percent": "of the protocol",
    "cd5_cut_method": "fmo, internal_negative, fixed, isotype or valley",
    "cd5_cut_linear": "compensated linear units",
    "cd5_pattern": "negative, partial, dim, heterogeneous or bright",
    "cd5_reasons": "code and sentence, separated by |",
    "burden_state": "OVERT, MRD_POSITIVE, MRD_BELOW_LLOQ, INDETERMINATE, NOT_DETECTED, "
    "INCONCLUSIVE or NOT_EVALUABLE",
    "burden_comparator": "< where the share lies below burden_reported_percent; else empty",
    "burden_reported_percent": "share, or the LLOQ or LOD that it lies below; empty where none may "
    "be shown: show this one with its comparator",
    "burden_percent": "the share as counted, also below the limits",
    "burden_blast_events": "n",
    "burden_denominator_events": "N",
    "burden_denominator": "its rule in words",
    "burden_ci95_low_percent": "95 % interval",
    "burden_ci95_high_percent": "95 % interval",
    "burden_upper95_percent": "one-sided upper 95 % limit",
    "burden_lod_percent": "limit of detection reached",
    "burden_lloq_percent": "lower limit of quantification reached",
    "burden_level": ">=5%, 1-5%, 0.1-1%, 0.01-0.1% or <0.01%",
    "burden_reasons": "code and sentence, separated by |",
    "criterion_state": "MET, NOT_MET, REVIEW or NOT_EVALUABLE; no decision on a patient",
    "criterion_flow_state": "the same by flow alone",
    "criterion_reasons": "code and sentence, separated by |",
    "strategy": "name and version",
    "lineage": "rule by which blasts were told",
    "gates_by_hand": "gates that a person drew, separated by ;",
    "protocol": "name and version",
    "software": "cd5flow and its version",
    "created": "when the result was computed, UTC",
}
"""Column to what it holds."""


def flat_csv(results: Iterable[Result]) -> str:
    """Return results as CSV: a row of column names, then a row each."""
    return csv_text(tuple(COLUMNS), map(flat_row, results))


def flat_row(result: Result) -> dict[str, Cell]:
    """Return a result's row."""
    return _whose(result) | _how_good(result) | _cd5(result) | _burden(result) | _rest(result)


def _whose(result: Result) -> dict[str, Cell]:
    sample, review = result.sample, result.review
    return {
        "schema": result.schema_,
        "sample": sample.id,
        "patient_id": sample.patient_id,
        "accession": sample.identifiers.get("accession"),
        "specimen_id": sample.identifiers.get("specimen_id"),
        "file": sample.file,
        "sha256": sample.sha256,
        "collected_at": sample.collected_at,
        "acquired": sample.acquired,
        "timepoint": sample.timepoint.value,
        "specimen": sample.specimen.value,
        "review_state": review.state,
        "review_by": review.by,
        "review_at": review.at,
    }


def _how_good(result: Result) -> dict[str, Cell]:
    noticed = {QualityState.WARN, QualityState.FAIL}
    return {
        "quality_state": result.quality.state.value,
        "quality_codes": ";".join(c.code for c in result.quality.checks if c.state in noticed),
    }


def _cd5(result: Result) -> dict[str, Cell]:
    cd5 = result.cd5
    return {
        "cd5_state": cd5.state.value,
        "cd5_reported_percent": _shown(reported_cd5(cd5))[1],
        "cd5_percent": cd5.percent,
        "cd5_positive_events": cd5.positive_events,
        "cd5_blast_events": cd5.blast_events,
        **_ends("cd5_ci95", cd5.ci95_percent),
        **_ends("cd5_band", cd5.band_percent),
        "cd5_operator": cd5.operator,
        "cd5_threshold_percent": cd5.threshold_percent,
        "cd5_cut_method": None if cd5.cut is None else cd5.cut.method.value,
        "cd5_cut_linear": None if cd5.cut is None else cd5.cut.linear,
        "cd5_pattern": None if cd5.pattern is None else cd5.pattern.value,
        "cd5_reasons": _joined(cd5.reasons),
    }


def _burden(result: Result) -> dict[str, Cell]:
    burden = result.burden
    comparator, share = _shown(reported_burden(burden))
    return {
        "burden_state": burden.state.value,
        "burden_comparator": comparator,
        "burden_reported_percent": share,
        "burden_percent": burden.percent,
        "burden_blast_events": burden.blast_events,
        "burden_denominator_events": burden.denominator_events,
        "burden_denominator": burden.denominator,
        **_ends("burden_ci95", burden.ci95_percent),
        "burden_upper95_percent": burden.upper95_percent,
        "burden_lod_percent": burden.lod_percent,
        "burden_lloq_percent": burden.lloq_percent,
        "burden_level": burden.level,
        "burden_reasons": _joined(burden.reasons),
    }


def _rest(result: Result) -> dict[str, Cell]:
    return {
        "criterion_state": result.criterion.state.value,
        "criterion_flow_state": result.criterion.flow_state.value,
        "criterion_reasons": _joined(result.criterion.reasons),
        "strategy": f"{result.strategy.name} {result.strategy.version}",
        "lineage": result.strategy.lineage,
        "gates_by_hand": ";".join(one.gate for one in result.overrides),
        "protocol": f"{result.protocol.name} {result.protocol.version}",
        "software": f"cd5flow {result.provenance.cd5flow}",
        "created": result.provenance.created,
    }


def _shown(reported: Reported) -> tuple[str | None, float | None]:
    if isinstance(reported, Amount):
        return reported.comparator, reported.percent
    return None, None


def _ends(name: str, ends: tuple[float, float] | None) -> dict[str, Cell]:
    low, high = (None, None) if ends is None else ends
    return {f"{name}_low_percent": low, f"{name}_high_percent": high}


def _joined(reasons: tuple[Reason, ...]) -> str:
    return " | ".join(map(str, reasons))
