"""One row a result, for laboratory information systems that take a table: `cd5flow export --format csv`.

Columns are added at the end and never renamed. Unknown is an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cd5flow.interop.reported import Amount, Reported, reported_burden, reported_cd5
from cd5flow.model.result import Result
from cd5flow.report.tables import Cell, csv_text, result_cells

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
    "review_state": "unreviewed, confirmed, amended or rejected",
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
    "burden_look_alike_events": "scattered cells like blasts; not in n",
    "burden_scope": "the disease that was looked for where none was found",
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
    sample, review, cd5, burden = result.sample, result.review, result.cd5, result.burden
    comparator, share = _shown(reported_burden(burden))
    return result_cells(result) | {
        "schema": result.schema_,
        "sha256": sample.sha256,
        "review_by": review.by,
        "review_at": review.at,
        "cd5_reported_percent": _shown(reported_cd5(cd5))[1],
        "cd5_blast_events": cd5.blast_events,
        "burden_comparator": comparator,
        "burden_reported_percent": share,
        "burden_blast_events": burden.blast_events,
        "burden_look_alike_events": burden.look_alike_events,
        "burden_scope": burden.scope and burden.scope.value,
        "burden_denominator_events": burden.denominator_events,
        "burden_denominator": burden.denominator,
        "burden_lod_percent": burden.lod_percent,
        "burden_lloq_percent": burden.lloq_percent,
        "burden_level": burden.level,
        "gates_by_hand": ";".join(one.gate for one in result.overrides),
        "software": f"cd5flow {result.provenance.cd5flow}",
    }


def _shown(reported: Reported) -> tuple[str | None, float | None]:
    if isinstance(reported, Amount):
        return reported.comparator, reported.percent
    return None, None
