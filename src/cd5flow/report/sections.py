"""The pages after the first: how each number came about, and with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cd5flow.criteria.eligibility import Eligibility
from cd5flow.model.names import ALL
from cd5flow.model.reasons import AS_WRITTEN
from cd5flow.model.result import (
    Confidence,
    ControlSection,
    GateSection,
    PhenotypeEntry,
    PopulationSection,
    Result,
)
from cd5flow.report import numerals
from cd5flow.report.answer import check_table
from cd5flow.report.by_hand import by_hand_section
from cd5flow.report.criteria import criteria_section
from cd5flow.report.parts import (
    Block,
    Cell,
    Fact,
    Facts,
    Paragraph,
    Picture,
    PictureRef,
    Pictures,
    ReportSection,
    Table,
    TableColumn,
    Tone,
    fact,
    number_column,
    table_of,
)
from cd5flow.report.readings import burden_section, cd5_section, criterion_section
from cd5flow.report.wording import Wording

TONES_OF_DOUBT: Final[dict[str, Tone]] = {
    Confidence.MODERATE: "plain",
    Confidence.LOW: "look",
}


def sections(
    result: Result,
    pictures: Sequence[Picture],
    wording: Wording,
    eligibility: Eligibility | None = None,
) -> tuple[ReportSection, ...]:
    """Return every section after page 1, in the order of the report."""
    made = (
        _pictures(pictures, wording),
        _gates(result, wording),
        by_hand_section(result, wording),
        cd5_section(result, wording),
        _phenotype(result, wording),
        burden_section(result, wording),
        criterion_section(result, wording),
        *(() if eligibility is None else (criteria_section(eligibility, wording),)),
        _quality(result, wording),
        _method(result, wording),
        _controls(result, wording),
        _noticed(result, wording),
        _files(result, wording),
    )
    return tuple(section for section in made if section.blocks)


def _pictures(pictures: Sequence[Picture], wording: Wording) -> ReportSection:
    phrases = wording.phrases
    refs = tuple(
        PictureRef(
            place,
            phrases.picture_of.format(number=place + 1, title=wording.term(picture.title)),
            picture.alt,
        )
        for place, picture in enumerate(pictures)
    )
    return ReportSection("pictures", phrases.pictures, (Pictures(refs),) if refs else ())


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
        tuple(_population(row, wording) for row in result.populations),
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
        (TableColumn(phrases.population, 2.5), lambda row: wording.population(row[0])),
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


def _population(row: PopulationSection, wording: Wording) -> tuple[Cell, ...]:
    phrases = wording.phrases
    shown = wording.population(row.name)
    name = Cell(shown, note=row.name if shown != row.name else "")
    if row.gate is None:
        unknown = Cell(phrases.unknown, "quiet")
        absent = Cell(phrases.not_gated, "look")
        return (name, unknown, unknown, unknown, unknown, unknown, absent, Cell("–", "quiet"))
    parent = phrases.all_events
    if row.parent is not None and row.parent != ALL:
        parent = wording.population(row.parent)
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


def _quality(result: Result, wording: Wording) -> ReportSection:
    phrases = wording.phrases
    table = check_table(phrases.quality_caption, result.quality.checks, wording)
    return ReportSection(
        "checks", phrases.quality_all, (table, Paragraph(phrases.quality_limits, "quiet"))
    )


def _profiles(result: Result, wording: Wording) -> Iterator[Fact]:
    phrases, profiles = wording.phrases, result.strategy.profiles
    if profiles is not None:
        yield fact(phrases.profiles, wording.versioned(profiles))
        yield fact(phrases.hash, profiles.sha256, fixed=True)


def _method(result: Result, wording: Wording) -> ReportSection:
    phrases, settings = wording.phrases, result.provenance.settings
    strategy, protocol = result.strategy, result.protocol
    compensation = next((c for c in result.quality.checks if c.code == "COMPENSATION"), None)
    table = settings.get("marker_table")
    spillover = None if compensation is None else wording.check(compensation)
    rows = [
        _known(phrases.cytometer, result.sample.cytometer, wording),
        _known(phrases.data_set, settings.get("dataset"), wording),
        _known(phrases.spillover, spillover, wording),
        fact(phrases.strategy, wording.versioned(strategy)),
        fact(phrases.choice, wording.sentence(strategy.choice)),
        fact(phrases.hash, strategy.sha256, fixed=True),
        *_profiles(result, wording),
        fact(phrases.lineage, wording.term(strategy.lineage)),
        *_guided(result, wording),
        fact(phrases.protocol, wording.versioned(protocol)),
        fact(phrases.hash, protocol.sha256, fixed=True),
    ]
    if isinstance(table, dict):
        rows.append(_known(phrases.marker_table, table.get("version"), wording))
        rows.append(fact(phrases.hash, str(table.get("sha256", "")), fixed=True))
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
    return ReportSection("method", phrases.method_title, (Facts(tuple(rows)), panel))


def _guided(result: Result, wording: Wording) -> tuple[Fact, ...]:
    """Return from which diagnostic result the blast window came, where one was given."""
    laip = result.strategy.laip
    if laip is None:
        return ()
    said = wording.phrases.laip_of.format(
        sample=laip.sample, blasts=numerals.count(laip.blast_events)
    )
    return (fact(wording.phrases.laip, said, note=wording.joint.join(laip.markers)),)


def _known(label: str, value: object, wording: Wording) -> Fact:
    if value is None or value == "":
        return fact(label, wording.phrases.unknown, "quiet")
    return fact(label, str(value))


def _controls(result: Result, wording: Wording) -> ReportSection:
    phrases = wording.phrases
    if not result.controls:
        nothing = Paragraph(phrases.controls_none, "quiet")
        return ReportSection("controls", phrases.controls, (nothing,))

    def state(control: ControlSection) -> Cell:
        return Cell(phrases.accepted, "good") if control.accepted else Cell(phrases.refused, "bad")

    table = table_of(
        phrases.controls_caption,
        result.controls,
        (TableColumn(phrases.role, 2), lambda control: _role(control, wording)),
        (TableColumn(phrases.file, 3), lambda control: control.file),
        (TableColumn(phrases.state, 1.5), state),
        (
            TableColumn(phrases.why, 4),
            lambda one: " ".join(map(wording.sentence, one.reasons)) or "–",
        ),
    )
    return ReportSection("controls", phrases.controls, (table,))


def _role(control: ControlSection, wording: Wording) -> str:
    return wording.choices.role.get(control.role, control.role)


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
            *((_role(one, wording), one.file, one.sha256) for one in result.controls),
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
