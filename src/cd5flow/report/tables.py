"""Tables as CSV: exact numbers, and text that no spreadsheet runs as a formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cd5flow.model.result import Check, QualityState, Result

Cell = str | int | float | None

POPULATION_COLUMNS: Final = (
    "name",
    "path",
    "parent",
    "events",
    "percent_of_parent",
    "percent_of_denominator",
)

BETWEEN: Final = " | "
"""Between the sentences of one cell."""

BOM: Final = "\ufeff"
"""U+FEFF at the beginning says that a file is UTF-8."""

_ACTIVE: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""East Asian spreadsheets take the wide signs for the narrow ones."""


def inert(cell: Cell) -> str:
    """Return a cell's text in one line; unknown is empty, numbers are exact.

    Text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
    injection). Control characters become blanks: some readers end a row at a lone carriage return.
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        line = cell
        if not cell.isprintable():
            line = "".join(" " if unicodedata.category(c) == "Cc" else c for c in cell)
        # Some programs strip blanks before they look for a formula.
        return f"'{line}" if line.lstrip().startswith(_ACTIVE) else line
    return repr(cell)


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """Return a table as CSV (RFC 4180 with line feeds), cells made inert.

    A table with letters beyond ASCII begins with a byte order mark: without it Excel reads names of other
    scripts as something else. A table of ASCII alone needs none, and programs that know none read it.

    Raises:
        ValueError: a row has a field that is no column.
    """
    text = io.StringIO()
    table = csv.DictWriter(text, fieldnames=list(columns), lineterminator="\n")
    table.writeheader()
    table.writerows({name: inert(cell) for name, cell in row.items()} for row in rows)
    written = text.getvalue()
    return written if written.isascii() else BOM + written


def populations_csv(result: Result) -> str:
    """Return ``populations.csv``: one row a population, in gating order."""
    return csv_text(
        POPULATION_COLUMNS,
        (row.model_dump(include=set(POPULATION_COLUMNS)) for row in result.populations),
    )


def result_cells(result: Result) -> dict[str, Cell]:
    """Return what every table of results says of one, by column; unknown is None."""
    sample, cd5, burden, criterion = result.sample, result.cd5, result.burden, result.criterion
    return {
        "sample": sample.id,
        "patient_id": sample.patient_id,
        "accession": sample.identifiers.get("accession"),
        "specimen_id": sample.identifiers.get("specimen_id"),
        "file": sample.file,
        "acquired": sample.acquired,
        "collected_at": sample.collected_at,
        "timepoint": sample.timepoint.value,
        "specimen": sample.specimen.value,
        "review_state": result.review.state,
        "quality_state": result.quality.state.value,
        "quality_codes": ";".join(check.code for check in noticed_checks(result)),
        "cd5_state": cd5.state.value,
        "cd5_percent": cd5.percent,
        "cd5_positive_events": cd5.positive_events,
        **_ends("cd5_ci95", cd5.ci95_percent),
        **_ends("cd5_band", cd5.band_percent),
        "cd5_operator": cd5.operator,
        "cd5_threshold_percent": cd5.threshold_percent,
        "cd5_cut_method": None if cd5.cut is None else cd5.cut.method.value,
        "cd5_cut_linear": None if cd5.cut is None else cd5.cut.linear,
        "cd5_pattern": None if cd5.pattern is None else cd5.pattern.value,
        "cd5_reasons": BETWEEN.join(map(str, cd5.reasons)),
        "burden_state": burden.state.value,
        "burden_percent": burden.percent,
        **_ends("burden_ci95", burden.ci95_percent),
        "burden_upper95_percent": burden.upper95_percent,
        "burden_reasons": BETWEEN.join(map(str, burden.reasons)),
        "criterion_state": criterion.state.value,
        "criterion_flow_state": criterion.flow_state.value,
        "criterion_reasons": BETWEEN.join(map(str, criterion.reasons)),
        "strategy": f"{result.strategy.name} {result.strategy.version}",
        "lineage": result.strategy.lineage,
        "protocol": f"{result.protocol.name} {result.protocol.version}",
        "created": result.provenance.created,
    }


def noticed_checks(result: Result) -> tuple[Check, ...]:
    """Return the quality checks that warn or fail."""
    noticed = {QualityState.WARN, QualityState.FAIL}
    return tuple(check for check in result.quality.checks if check.state in noticed)


def _ends(name: str, ends: tuple[float, float] | None) -> dict[str, Cell]:
    low, high = (None, None) if ends is None else ends
    return {f"{name}_low_percent": low, f"{name}_high_percent": high}
