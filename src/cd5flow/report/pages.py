"""Pages two and three: what page one rests on, each on one sheet; then the technical annex."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cd5flow.criteria.eligibility import Eligibility
from cd5flow.model.result import BlastPopulation, ControlSection, Result
from cd5flow.report import numerals
from cd5flow.report.annex import annex
from cd5flow.report.answer import cd5_share
from cd5flow.report.by_hand import by_hand_section
from cd5flow.report.checks import check_table, not_done, odd_checks
from cd5flow.report.findings import phenotype_words
from cd5flow.report.gallery import gallery
from cd5flow.report.parts import (
    Block,
    Cell,
    Extent,
    Fact,
    Facts,
    Paragraph,
    Picture,
    ReportPage,
    ReportSection,
    TableColumn,
    fact,
    number_column,
    table_of,
)
from cd5flow.report.readings import (
    burden_section,
    cd5_section,
    control_role,
    criterion_section,
)
from cd5flow.report.wording import Wording


def pages(
    result: Result,
    pictures: Sequence[Picture],
    wording: Wording,
    *,
    extent: Extent,
    eligibility: Eligibility | None = None,
) -> tuple[ReportPage, ...]:
    """Return every page after the first."""
    phrases = wording.phrases
    evidence: tuple[ReportSection, ...] = (
        _overview(pictures, wording),
        _populations(result, wording),
        cd5_section(result, wording),
        by_hand_section(result, wording),
    )
    burden = burden_section(result, wording)
    # Without blasts page two has room, and what the tube can tell of the disease is what it rests on.
    has_room = not result.blasts.populations and not result.overrides
    if has_room:
        evidence = (*evidence, burden)
    measures = (
        *(() if has_room else (burden,)),
        criterion_section(result, wording),
        _exceptions(result, wording),
        _controls(result, wording),
        _method(result, wording),
    )
    two = ReportPage("evidence", phrases.page_evidence, _held(evidence), bounded=True)
    three = ReportPage("measures", phrases.page_measures, _held(measures), bounded=True)
    if extent == "short":
        return two, three
    return two, three, annex(result, pictures, wording, eligibility)


def _held(sections: Sequence[ReportSection]) -> tuple[ReportSection, ...]:
    return tuple(section for section in sections if section.blocks)


def _overview(pictures: Sequence[Picture], wording: Wording) -> ReportSection:
    shown = gallery(pictures, "overview", wording)
    return ReportSection("overview", wording.phrases.overview, (shown,) if shown.pictures else ())


def _populations(result: Result, wording: Wording) -> ReportSection:
    """Return each leukaemic population with its CD5; nothing where none was told."""
    phrases, cd5 = wording.phrases, result.cd5

    def ends(one: BlastPopulation) -> str:
        low_high = one.ci95_percent
        return wording.known(low_high, lambda e: f"{cd5_share(e[0], cd5)}–{cd5_share(e[1], cd5)}")

    table = table_of(
        "",
        result.blasts.populations,
        (TableColumn(phrases.population, 2.4), lambda one: wording.population(one.name)),
        (TableColumn(phrases.lineage, 1.8), lambda one: wording.term(one.lineage)),
        (number_column(phrases.events, 1.1), lambda one: numerals.count(one.events)),
        (
            number_column(phrases.of_blasts, 1.2),
            lambda one: numerals.share(one.percent_of_blasts),
        ),
        (
            number_column(phrases.percent, 1.2),
            lambda one: wording.known(one.cd5_percent, lambda share: cd5_share(share, cd5)),
        ),
        (number_column(phrases.interval_of, 1.5), ends),
        (TableColumn(phrases.phenotype_of, 4), lambda one: phenotype_words(one.phenotype, wording)),
    )
    return ReportSection("populations", phrases.populations, (table,) if table.rows else ())


def _exceptions(result: Result, wording: Wording) -> ReportSection:
    """Return the checks that warn or fail with all they saw, and the names of those not done."""
    phrases, odd = wording.phrases, odd_checks(result.quality)
    blocks: list[Block] = []
    if odd:
        blocks.append(check_table("", odd, wording))
    else:
        blocks.append(Paragraph(phrases.no_exceptions, "quiet"))
    if missing := not_done(result.quality, wording):
        blocks.append(Paragraph(missing, "quiet"))
    return ReportSection("exceptions", phrases.exceptions, tuple(blocks))


def _controls(result: Result, wording: Wording) -> ReportSection:
    phrases = wording.phrases
    if not result.controls:
        nothing = Paragraph(phrases.controls_none, "quiet")
        return ReportSection("controls", phrases.controls, (nothing,))

    def state(control: ControlSection) -> Cell:
        return Cell(phrases.accepted, "good") if control.accepted else Cell(phrases.refused, "bad")

    table = table_of(
        "",
        result.controls,
        (TableColumn(phrases.role, 2), lambda control: control_role(control, wording)),
        (TableColumn(phrases.file, 3), lambda control: control.file),
        (TableColumn(phrases.state, 1.5), state),
        (
            TableColumn(phrases.why, 4),
            lambda one: " ".join(map(wording.sentence, one.reasons)) or "–",
        ),
    )
    return ReportSection("controls", phrases.controls, (table,))


def _method(result: Result, wording: Wording) -> ReportSection:
    """Return what was measured with what, and the files whose rules decided."""
    phrases, sample, settings = wording.phrases, result.sample, result.provenance.settings
    compensation = next((c for c in result.quality.checks if c.code == "COMPENSATION"), None)
    spillover = None if compensation is None else wording.check(compensation)
    rows = [
        fact(phrases.file, sample.file),
        fact(phrases.events, numerals.count(sample.events)),
        _known(phrases.cytometer, sample.cytometer, wording),
        _known(phrases.data_set, settings.get("dataset"), wording),
        _known(phrases.spillover, spillover, wording),
        fact(phrases.lineage, wording.term(result.strategy.lineage)),
        fact(
            phrases.strategy,
            wording.versioned(result.strategy),
            note=wording.sentence(result.strategy.choice),
        ),
        fact(phrases.protocol, wording.versioned(result.protocol)),
        *_guided(result, wording),
        fact(phrases.software, f"cd5flow {result.provenance.cd5flow}"),
        fact(phrases.issued, numerals.moment(result.provenance.created)),
    ]
    if result.strategy.profiles is not None:
        rows.insert(7, fact(phrases.profiles, wording.versioned(result.strategy.profiles)))
    return ReportSection("method", phrases.method_title, (Facts(tuple(rows), columns=2),))


def _guided(result: Result, wording: Wording) -> Iterator[Fact]:
    """Yield from which diagnostic result the blast window came, where one was given."""
    laip = result.strategy.laip
    if laip is not None:
        said = wording.phrases.laip_of.format(
            sample=laip.sample, blasts=numerals.count(laip.blast_events)
        )
        yield fact(wording.phrases.laip, said, note=wording.joint.join(laip.markers))


def _known(label: str, value: object, wording: Wording) -> Fact:
    if value is None or value == "":
        return fact(label, wording.phrases.unknown, "quiet")
    return fact(label, str(value))
