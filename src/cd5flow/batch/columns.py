"""The columns of the summary: names for programs, and what each means for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from cd5flow.batch.sheet import IDENTIFIERS
from cd5flow.criteria.eligibility import ELIGIBILITY_COLUMNS

Kind = Literal["text", "long", "state", "share", "burden", "count", "number", "link"]
"""How a cell is shown: shares are of 100 and judged by a limit, burdens span decades."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: in the first row.
        kind: how its cells are shown.
        means: in a sentence; what an empty cell is, where that is not plain.
    """

    name: str
    kind: Kind
    means: str


COLUMNS: Final = (
    Column("sample", "text", "The sample's id; its folder's name is under folder."),
    Column("patient_id", "text", "As the sheet says."),
    *(Column(name, "text", "As the sheet says, carried over as it is.") for name in IDENTIFIERS),
    Column("file", "text", "Name of the FCS file."),
    Column("events", "count", "Events in the data set, before cleaning."),
    Column("acquired", "text", "When the tube was run, as the FCS file says."),
    Column("cytometer", "text", "As the FCS file says."),
    Column("collected_at", "text", "When the specimen was taken, as stated."),
    Column("timepoint", "text", "As stated; the criterion is at most REVIEW if unstated."),
    Column("specimen", "text", "As stated."),
    Column("prior_therapy", "text", "As stated."),
    Column("cd5_state", "state", "CD5 on the blasts against the protocol's threshold."),
    Column("cd5_percent", "share", "CD5-positive blasts, percent of the blasts."),
    Column("cd5_ci95_low_percent", "share", "The 95 % interval, lower end."),
    Column("cd5_ci95_high_percent", "share", "The 95 % interval, upper end."),
    Column("cd5_band_low_percent", "share", "Lowest share by another defensible cut."),
    Column("cd5_band_high_percent", "share", "Highest share by another defensible cut."),
    Column("cd5_positive_events", "count", "CD5-positive blasts."),
    Column("blast_events", "count", "Blasts."),
    Column("cd5_operator", "text", "How the share is compared with the threshold."),
    Column("cd5_threshold_percent", "number", "The share that the protocol asks for."),
    Column("cd5_cut_method", "text", "Where the CD5 cut comes from."),
    Column("cd5_cut_linear", "number", "Place of the cut, linear compensated units."),
    Column("cd5_pattern", "text", "How CD5 is spread over the blasts."),
    Column("cd5_reasons", "long", "Why CD5 has its state."),
    Column("burden_state", "state", "How much disease the tube shows."),
    Column("burden_percent", "burden", "Blasts, percent of the denominator."),
    Column("burden_ci95_low_percent", "burden", "The 95 % interval, lower end."),
    Column("burden_ci95_high_percent", "burden", "The 95 % interval, upper end."),
    Column("burden_upper95_percent", "burden", "One-sided upper 95 % limit."),
    Column("denominator", "long", "Rule of the denominator in words."),
    Column("denominator_events", "count", "Events of the denominator."),
    Column("lod_percent", "burden", "Limit of detection of this tube."),
    Column("lod_by", "text", "What the limit of detection rests on."),
    Column("lloq_percent", "burden", "Limit of quantification of this tube."),
    Column("level", "text", "Bin of the burden; only with OVERT and MRD_POSITIVE."),
    Column("burden_reasons", "long", "Why the burden has its state."),
    Column(
        "criterion_state",
        "state",
        "The protocol's flow criterion; its other criteria are not judged.",
    ),
    Column("criterion_flow_state", "state", "The same by flow alone."),
    Column("criterion_reasons", "long", "Why the criterion has its state."),
    Column("quality_state", "state", "The worst of the quality checks."),
    Column("quality_codes", "text", "Checks that warn or fail."),
    Column("quality_reasons", "long", "What they saw."),
    Column("apart", "long", "Values that sit apart from those of the batch's like tubes."),
    *(Column(name, "text", means) for name, means in ELIGIBILITY_COLUMNS.items()),
    Column("controls", "text", "Control tubes, and whether each was accepted."),
    Column("strategy", "text", "Gating strategy and version."),
    Column("lineage", "text", "Rule by which the blasts are T cells."),
    Column("protocol", "text", "Protocol and version."),
    Column("review_state", "state", "unreviewed until a person says otherwise."),
    Column("notes", "long", "What else to know, such as a later run that failed."),
    Column("cd5flow", "text", "Version that made the result."),
    Column("created", "text", "When the result was made (UTC)."),
    Column("folder", "text", "The sample's folder, beside this table."),
    Column("report", "link", "Path of the report from this table; empty without one."),
)
"""In the order of ``summary.csv``."""

SUMMARY_COLUMNS: Final = tuple(column.name for column in COLUMNS)
