"""The technical annex: every gate once, every population and check, what was read, with what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from cd5flow.criteria.eligibility import Eligibility
from cd5flow.model.names import ALL
from cd5flow.model.reasons import AS_WRITTEN
from cd5flow.model.result import (
    BurdenSection,
    Confidence,
    GateSection,
    PhenotypeEntry,
    PopulationSection,
    Result,
)
from cd5flow.report import numerals
from cd5flow.report.checks import check_table
from cd5flow.report.criteria import criteria_section
from cd5flow.report.disease import population_name
from cd5flow.report.gallery import gallery
from cd5flow.report.parts import (
    Block,
    Cell,
    Facts,
    Paragraph,
    Picture,
    ReportPage,
    ReportSection,
    Table,
    TableColumn,
    Tone,
    fact,
    number_column,
    table_of,
)
from cd5flow.report.readings import control_role
from cd5flow.report.sentences import capital
from cd5flow.report.wording import Wording

TONES_OF_DOUBT: Final[dict[str, Tone]] = {
    Confidence.MODERATE: "plain",
    Confidence.LOW: "look",
}


def annex(
    result: Result,
    pictures: Sequence[Picture],
    wording: Wording,
    eligibility: Eligibility | None = None,
) -> ReportPage:
    """Return the annex: every gate once, tables, hashes."""
    made = (
        _pictures(pictures, wording),
        _gates(result, wording),
        _phenotype(result, wording),
        _excluded(result, wording),
        _clinical(result, wording),
        *(() if eligibility is None else (criteria_section(eligibility, wording),)),
        _quality(result, wording),
        _panel(result, wording),
        _noticed(result, wording),
        _files(result, wording),
    )
    held = tuple(section for section in made if section.blocks)
    return ReportPage("annex", wording.phrases.annex, held, bounded=False)


def _pictures(pictures: Sequence[Picture], wording: Wording) -> ReportSection:
    shown = gallery(pictures, "annex", wording)
    blocks = (shown,) if shown.pictures else ()
    return ReportSection("pictures", wording.phrases.pictures, blocks)


def _gates(result: Result, wording: Wording) -> ReportSection:
    phrases = wording.phrases
    table = Table(
        phrases.gates_caption,
        (
            TableColumn(phrases.population, 2.9),
            TableColumn(phrases.parent, 2.1),
            number_column(phrases.events, 1.2),
            number_column(phrases.of_parent, 1.2),
            number_column(phrases.usual, 1.2),
            number_column(phrases.of_denominator, 1.3),
            TableColumn(phrases.found_by, 3.2),
            TableColumn(phrases.confidence, 1.4),
        ),
        tuple(_population(row, result.burden, wording) for row in result.populations),
    )
    unsure = _unsure(result, wording)
    return ReportSection("gates", phrases.gates, (table, unsure) if unsure.rows else (table,))


def _unsure(result: Result, wording: Wording) -> Table:
    """Return the gates that the strategy's rules are not sure of, and why."""
    phrases = wording.phrases
    return table_of(
        phrases.confidence_caption,
        [
            (row.name, row.gate)
            for row in result.populations
            if row.gate is not None and row.gate.confidence in TONES_OF_DOUBT
        ],
        (
            TableColumn(phrases.population, 2.5),
            lambda row: population_name(row[0], result.burden, wording),
        ),
        (TableColumn(phrases.confidence, 1.5), lambda row: _confidence(row[1], wording)),
        (
            TableColumn(phrases.why, 6),
            lambda row: wording.joint.join(map(wording.sentence, row[1].confidence_reasons)),
        ),
    )


def _confidence(gate: GateSection, wording: Wording) -> Cell:
    if gate.confidence is None:
        return Cell("–", "quiet")
    word = wording.states.confidence[gate.confidence].word
    return Cell(word, TONES_OF_DOUBT.get(gate.confidence, "plain"))


def _population(
    row: PopulationSection, burden: BurdenSection, wording: Wording
) -> tuple[Cell, ...]:
    phrases = wording.phrases
    shown = population_name(row.name, burden, wording)
    name = Cell(shown, note=row.name if shown != row.name else "")
    if row.gate is None:
        unknown = Cell(phrases.unknown, "quiet")
        absent = Cell(phrases.not_gated, "look")
        return (name, unknown, unknown, unknown, unknown, unknown, absent, Cell("–", "quiet"))
    parent = phrases.all_events
    if row.parent is not None and row.parent != ALL:
        parent = population_name(row.parent, burden, wording)
    usual = row.gate.expected_percent
    odd = (
        usual is not None
        and row.percent_of_parent is not None
        and not usual[0] <= row.percent_of_parent <= usual[1]
    )
    return (
        name,
        Cell(parent),
        Cell(numerals.count(row.events)),
        Cell(wording.known(row.percent_of_parent, numerals.part), "look" if odd else "plain"),
        Cell("–" if usual is None else f"{usual[0]:g}–{usual[1]:g}", "quiet"),
        Cell(
            "–" if row.percent_of_denominator is None else numerals.part(row.percent_of_denominator)
        ),
        Cell(row.gate.method, fixed=True, note=wording.sentence(row.gate.note)),
        _confidence(row.gate, wording),
    )


def _phenotype(result: Result, wording: Wording) -> ReportSection:
    """Return the table of markers; a section without blocks where no blasts were told."""
    phrases = wording.phrases

    def measure(value: float | None) -> str:
        return wording.known(value, numerals.number)

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
            lambda entry: wording.known(entry.above_t_cells_percent, "{:.0f}".format),
        ),
    )
    return ReportSection("phenotype", phrases.phenotype, (table,) if table.rows else ())


def _times(entry: PhenotypeEntry) -> str:
    return "–" if entry.median_decades is None else f"{10**entry.median_decades:.2g}"


def _excluded(result: Result, wording: Wording) -> ReportSection:
    """Return the cells that look like blasts in part, each with why it was not counted."""
    phrases = wording.phrases
    table = table_of(
        "",
        result.excluded,
        (TableColumn(phrases.what, 2.5), lambda one: wording.sentence(one.what)),
        (number_column(phrases.events, 1.2), lambda one: numerals.count(one.events)),
        (
            number_column(phrases.of_denominator, 1.5),
            lambda one: wording.known(one.percent_of_denominator, numerals.part),
        ),
        (TableColumn(phrases.why, 5), lambda one: capital(wording.sentence(one.why))),
    )
    return ReportSection("excluded", phrases.not_counted, (table,) if table.rows else ())


def _clinical(result: Result, wording: Wording) -> ReportSection:
    """Return what the clinic added, which bears on the criterion; empty where it said nothing."""
    phrases, given = wording.phrases, result.provenance.settings.get("clinical")
    if not isinstance(given, dict) or not given:
        return ReportSection("clinical", phrases.clinical, ())
    table = table_of(
        "",
        given.items(),
        (
            TableColumn(phrases.field, 3),
            lambda field: wording.choices.clinical.get(str(field[0]), str(field[0])),
        ),
        (TableColumn(phrases.value, 3), lambda field: _given(field[1], wording)),
    )
    return ReportSection("clinical", phrases.clinical, (table,))


def _given(value: Any, wording: Wording) -> str:
    match value:
        case True:
            return wording.phrases.yes
        case False:
            return wording.phrases.no
        case int() | float():
            return f"{value:g}"
        case None:
            return wording.phrases.unknown
        case _:
            return str(value)


def _quality(result: Result, wording: Wording) -> ReportSection:
    phrases = wording.phrases
    table = check_table(phrases.quality_caption, result.quality.checks, wording)
    return ReportSection(
        "checks", phrases.quality_all, (table, Paragraph(phrases.quality_limits, "quiet"))
    )


def _panel(result: Result, wording: Wording) -> ReportSection:
    """Return which channel was taken for which marker, and the digests of the files that decided."""
    phrases, table = wording.phrases, result.provenance.settings.get("marker_table")
    decided = [
        (wording.versioned(result.strategy), result.strategy.sha256),
        (wording.versioned(result.protocol), result.protocol.sha256),
    ]
    if result.strategy.profiles is not None:
        profiles = result.strategy.profiles
        decided.append((wording.versioned(profiles), profiles.sha256))
    if isinstance(table, dict):
        marked = phrases.named.format(name=phrases.marker_table, version=table.get("version"))
        decided.append((marked, str(table.get("sha256", ""))))
    digests = table_of(
        phrases.decided_by,
        decided,
        (TableColumn(phrases.file, 3), lambda row: row[0]),
        (TableColumn(phrases.hash, 6), lambda row: Cell(row[1], fixed=True)),
    )
    panel = table_of(
        phrases.panel,
        result.panel,
        (TableColumn(phrases.channel, 2), lambda entry: Cell(entry.channel, fixed=True)),
        (
            TableColumn(phrases.marker, 2),
            lambda entry: "–" if entry.marker is None else entry.marker,
        ),
        (TableColumn(phrases.label, 3), lambda entry: "–" if entry.label is None else entry.label),
    )
    return ReportSection("panel", phrases.panel_title, (panel, digests))


def _noticed(result: Result, wording: Wording) -> ReportSection:
    phrases = wording.phrases
    if not result.findings:
        nothing = Paragraph(phrases.noticed_none, "quiet")
        return ReportSection("noticed", phrases.noticed, (nothing,))
    table = table_of(
        phrases.noticed_caption,
        result.findings,
        (
            TableColumn(phrases.what, 2.5),
            lambda reason: (
                Cell(phrases.other)
                if reason.code == AS_WRITTEN
                else Cell(wording.short(reason.code), note=reason.code)
            ),
        ),
        (TableColumn(phrases.seen, 6), wording.sentence),
    )
    return ReportSection("noticed", phrases.noticed, (table,))


def _files(result: Result, wording: Wording) -> ReportSection:
    phrases, sample, made = wording.phrases, result.sample, result.provenance
    files = table_of(
        phrases.files_caption,
        (
            (phrases.sample, sample.file, sample.sha256),
            *((control_role(one, wording), one.file, one.sha256) for one in result.controls),
        ),
        (TableColumn(phrases.use, 1.5), lambda row: row[0]),
        (TableColumn(phrases.file, 3), lambda row: row[1]),
        (TableColumn(phrases.hash, 5.5), lambda row: Cell(row[2], fixed=True)),
    )
    packages = wording.joint.join(f"{name} {version}" for name, version in made.packages.items())
    software = Facts(
        (
            fact("cd5flow", made.cd5flow),
            fact("Python", made.python),
            fact(phrases.libraries, packages),
            fact(phrases.seed, str(made.seed)),
            fact(phrases.issued, numerals.moment(made.created)),
        ),
        title=phrases.software,
    )
    blocks: list[Block] = [files, software]
    if made.redo is not None:
        command = made.redo.command
        blocks.append(Facts((fact(phrases.redo, command, fixed=True, note=phrases.redo_how),)))
    blocks.append(Paragraph(phrases.attached, "quiet"))
    return ReportSection("files", phrases.files, tuple(blocks))
