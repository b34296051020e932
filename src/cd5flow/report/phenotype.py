"""The section that shows how the blasts look beside normal T cells, marker by marker."""

from __future__ import annotations

from cd5flow.model.result import PhenotypeEntry, Result
from cd5flow.report import numerals
from cd5flow.report.parts import Section, TableColumn, number_column, table_of
from cd5flow.report.wording import Wording


def phenotype_section(result: Result, wording: Wording) -> Section:
    """Return the table of markers; a section without blocks where no blasts were told."""
    phrases = wording.phrases
    unknown = phrases.unknown

    def measure(value: float | None) -> str:
        return unknown if value is None else numerals.number(value)

    table = table_of(
        phrases.phenotype_caption,
        result.phenotype,
        (TableColumn(phrases.marker, 2), lambda entry: entry.marker),
        (number_column(phrases.median_blasts, 1.5), lambda entry: measure(entry.median)),
        (
            number_column(phrases.phenotype_range, 2.5),
            lambda entry: f"{measure(entry.low)} – {measure(entry.high)}",
        ),
        (number_column(phrases.median_t_cells, 1.5), lambda entry: measure(entry.t_cells_median)),
        (number_column(phrases.phenotype_times, 1.5), _times),
        (
            number_column(phrases.phenotype_above, 2),
            lambda entry: (
                unknown
                if entry.above_t_cells_percent is None
                else f"{entry.above_t_cells_percent:.0f}"
            ),
        ),
    )
    return Section("phenotype", phrases.phenotype, (table,) if table.rows else ())


def _times(entry: PhenotypeEntry) -> str:
    return "–" if entry.median_decades is None else f"{10**entry.median_decades:.2g}"
