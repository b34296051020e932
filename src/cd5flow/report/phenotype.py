"""The section that shows how the blasts look beside normal T cells, marker by marker."""

from __future__ import annotations

from cd5flow.model.result import PhenotypeEntry, Result
from cd5flow.report import numerals
from cd5flow.report.parts import Cell, Column, Section, Table
from cd5flow.report.wording import Wording


def phenotype_section(result: Result, wording: Wording) -> Section:
    """Return the table of markers; a section without blocks where no blasts were told."""
    phrases = wording.phrases
    table = Table(
        phrases.phenotype_caption,
        (
            Column(phrases.marker, width=2),
            Column(phrases.median_blasts, number=True, width=1.5),
            Column(phrases.phenotype_range, number=True, width=2.5),
            Column(phrases.median_t_cells, number=True, width=1.5),
            Column(phrases.phenotype_times, number=True, width=1.5),
            Column(phrases.phenotype_above, number=True, width=2),
        ),
        tuple(_row(entry, wording) for entry in result.phenotype),
    )
    return Section("phenotype", phrases.phenotype, (table,) if table.rows else ())


def _row(entry: PhenotypeEntry, wording: Wording) -> tuple[Cell, ...]:
    unknown = wording.phrases.unknown
    times = entry.median_decades
    above = entry.above_t_cells_percent
    return (
        Cell(entry.marker),
        Cell(numerals.number(entry.median)),
        Cell(f"{numerals.number(entry.low)} – {numerals.number(entry.high)}"),
        Cell(unknown if entry.t_cells_median is None else numerals.number(entry.t_cells_median)),
        Cell("–" if times is None else f"{10**times:.2g}"),
        Cell(unknown if above is None else f"{above:.0f}"),
    )
