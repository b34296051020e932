"""The columns of the summary: names for programs, and what each means for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cd5flow.analysis.option_words import IDENTIFIERS
from cd5flow.criteria.eligibility import ELIGIBILITY_COLUMNS

CellKind = Literal["text", "long", "state", "share", "burden", "count", "number", "moment", "link"]
"""How a cell is shown: shares are of 100 and judged by a limit, burdens span decades."""


@dataclass(frozen=True, slots=True)
class SummaryColumn:
    """One column.

    Attributes:
        name: in the first row.
        kind: how its cells are shown.
        means: in a sentence; what an empty cell is, where that is not plain.
    """

    name: str
    kind: CellKind
    means: str


COLUMNS: Final = (
    SummaryColumn("sample", "text", "The sample's id; its folder's name is under folder."),
    SummaryColumn("patient_id", "text", "As the sheet says."),
    *(
        SummaryColumn(name, "text", "As the sheet says, carried over as it is.")
        for name in IDENTIFIERS
    ),
    SummaryColumn("file", "text", "Name of the FCS file."),
    SummaryColumn("events", "count", "Events in the data set, before cleaning."),
    SummaryColumn("acquired", "moment", "When the tube was run, as the FCS file says."),
    SummaryColumn("cytometer", "text", "As the FCS file says."),
    SummaryColumn("collected_at", "moment", "When the specimen was taken, as stated."),
    SummaryColumn("timepoint", "text", "As stated; the criterion is at most REVIEW if unstated."),
    SummaryColumn("specimen", "text", "As stated."),
    SummaryColumn("prior_therapy", "text", "As stated."),
    SummaryColumn("cd5_state", "state", "CD5 on the blasts against the protocol's threshold."),
    SummaryColumn("cd5_percent", "share", "CD5-positive blasts, percent of the blasts."),
    SummaryColumn("cd5_ci95_low_percent", "share", "The 95 % interval, lower end."),
    SummaryColumn("cd5_ci95_high_percent", "share", "The 95 % interval, upper end."),
    SummaryColumn("cd5_band_low_percent", "share", "Lowest share by another defensible cut."),
    SummaryColumn("cd5_band_high_percent", "share", "Highest share by another defensible cut."),
    SummaryColumn("cd5_positive_events", "count", "CD5-positive blasts."),
    SummaryColumn("blast_events", "count", "Blasts."),
    SummaryColumn("cd5_operator", "text", "How the share is compared with the threshold."),
    SummaryColumn("cd5_threshold_percent", "number", "The share that the protocol asks for."),
    SummaryColumn("cd5_cut_method", "text", "Where the CD5 cut comes from."),
    SummaryColumn("cd5_cut_linear", "number", "Place of the cut, linear compensated units."),
    SummaryColumn("cd5_pattern", "text", "How CD5 is spread over the blasts."),
    SummaryColumn("cd5_reasons", "long", "Why CD5 has its state."),
    SummaryColumn("burden_state", "state", "How much disease the tube shows."),
    SummaryColumn("burden_percent", "burden", "Blasts, percent of the denominator."),
    SummaryColumn("burden_ci95_low_percent", "burden", "The 95 % interval, lower end."),
    SummaryColumn("burden_ci95_high_percent", "burden", "The 95 % interval, upper end."),
    SummaryColumn("burden_upper95_percent", "burden", "One-sided upper 95 % limit."),
    SummaryColumn("scope", "text", "The disease that was looked for where none was found."),
    SummaryColumn("look_alike_events", "count", "Scattered cells like blasts; not counted."),
    SummaryColumn("denominator", "long", "Rule of the denominator in words."),
    SummaryColumn("denominator_events", "count", "Events of the denominator."),
    SummaryColumn("lod_percent", "burden", "Limit of detection of this tube."),
    SummaryColumn("lod_by", "text", "What the limit of detection rests on."),
    SummaryColumn("lloq_percent", "burden", "Limit of quantification of this tube."),
    SummaryColumn("level", "text", "Bin of the burden; only with OVERT and MRD_POSITIVE."),
    SummaryColumn("burden_reasons", "long", "Why the burden has its state."),
    SummaryColumn(
        "criterion_state",
        "state",
        "The protocol's flow criterion; its other criteria are not judged.",
    ),
    SummaryColumn("criterion_flow_state", "state", "The same by flow alone."),
    SummaryColumn("criterion_reasons", "long", "Why the criterion has its state."),
    SummaryColumn("quality_state", "state", "The worst of the quality checks."),
    SummaryColumn("quality_codes", "text", "Checks that warn or fail."),
    SummaryColumn("quality_reasons", "long", "What they saw."),
    SummaryColumn(
        "needs_person",
        "text",
        "yes where the criterion is neither MET nor NOT_MET, or a quality check failed.",
    ),
    SummaryColumn("apart", "long", "Values that sit apart from those of the batch's like tubes."),
    *(SummaryColumn(name, "text", means) for name, means in ELIGIBILITY_COLUMNS.items()),
    SummaryColumn("controls", "text", "Control tubes, and whether each was accepted."),
    SummaryColumn("strategy", "text", "Gating strategy and version."),
    SummaryColumn("lineage", "text", "Rule by which the blasts are T cells."),
    SummaryColumn("protocol", "text", "Protocol and version."),
    SummaryColumn("review_state", "state", "unreviewed until a person says otherwise."),
    SummaryColumn("notes", "long", "What else to know, such as a later run that failed."),
    SummaryColumn("cd5flow", "text", "Version that made the result."),
    SummaryColumn("created", "moment", "When the result was made (UTC)."),
    SummaryColumn("folder", "text", "The sample's folder, beside this table."),
    SummaryColumn("report", "link", "Path of the report from this table; empty without one."),
)
"""In the order of ``summary.csv``."""

SUMMARY_COLUMNS: Final = tuple(column.name for column in COLUMNS)
