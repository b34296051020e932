"""The three answers at length: CD5, burden and criterion, each with all that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cd5flow.model.names import BLASTS, SINGLETS
from cd5flow.model.result import Cd5Section, CutSection, MedianSection, Result
from cd5flow.report import numerals
from cd5flow.report.answer import (
    burden_number,
    cd5_share,
    cut_words,
    level,
    limit_words,
    reason_list,
    rule,
    state_cell,
)
from cd5flow.report.parts import (
    Block,
    Cell,
    Fact,
    Facts,
    Paragraph,
    ReportSection,
    Table,
    TableColumn,
    number_column,
    table_of,
)
from cd5flow.report.wording import Wording

OTHER_DENOMINATORS = ("viable", SINGLETS)
"""Populations that a result of before `burden.alternatives` is divided by beside its own."""


def cd5_section(result: Result, wording: Wording) -> ReportSection:
    """Return CD5: share, cut and its origin, alternatives, medians, pattern, reasons."""
    phrases, cd5 = wording.phrases, result.cd5
    state = wording.states.cd5[cd5.state]
    rows = [
        Fact(phrases.state_of, state_cell(state, cd5.state)),
        Fact(phrases.positive_blasts, Cell(_positive(cd5, wording))),
        Fact(
            phrases.interval_of,
            Cell(
                _ends(cd5.ci95_percent, cd5, wording),
                note="" if cd5.ci_method is None else wording.term(cd5.ci_method.value),
            ),
        ),
        Fact(
            phrases.band_of,
            Cell(_ends(cd5.band_percent, cd5, wording), note=phrases.band_means),
        ),
        *_corrected(cd5, wording),
        Fact(phrases.threshold, Cell(rule(cd5))),
        Fact(phrases.pattern, _pattern(cd5, wording)),
        *_cut(cd5, wording),
        *_positive_t_cells(cd5, wording),
        *(Fact(phrases.note, Cell(wording.sentence(note))) for note in cd5.notes),
    ]
    blocks: list[Block] = [Facts(tuple(rows))]
    if cd5.cut is not None:
        blocks.append(_alternatives(cd5, cd5.cut, wording))
    if cd5.contamination:
        blocks.append(_other_cells(cd5, wording))
    blocks.append(Facts(tuple(_medians(cd5, wording)), title=phrases.medians))
    blocks.append(reason_list(phrases.reasons, cd5.reasons, wording))
    if not cd5.reasons:
        blocks[-1] = Paragraph(phrases.no_reasons, "quiet")
    return ReportSection("cd5", phrases.cd5, tuple(blocks))


def _positive(cd5: Cd5Section, wording: Wording) -> str:
    phrases = wording.phrases
    if cd5.percent is None:
        return phrases.no_percent
    counts = phrases.positive_of.format(
        positive=numerals.count(cd5.positive_events), blasts=numerals.count(cd5.blast_events)
    )
    return f"{cd5_share(cd5.percent, cd5)} % ({counts})"


def _ends(ends: tuple[float, float] | None, cd5: Cd5Section, wording: Wording) -> str:
    if ends is None:
        return wording.phrases.unknown
    return f"{cd5_share(ends[0], cd5)}–{cd5_share(ends[1], cd5)} %"


def _corrected(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    """Yield the share without other cells, where any are known of."""
    if cd5.percent_corrected is not None:
        share = f"{cd5_share(cd5.percent_corrected, cd5)} %"
        yield Fact(wording.phrases.corrected_share, Cell(share))


def _pattern(cd5: Cd5Section, wording: Wording) -> Cell:
    if cd5.pattern is None:
        return Cell(wording.phrases.unknown, "quiet")
    state = wording.states.pattern[cd5.pattern]
    return Cell(state.word, note=state.means)


def _cut(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    phrases, cut = wording.phrases, cd5.cut
    if cut is None:
        yield Fact(phrases.cut, Cell(phrases.cut_none, "look"))
        return
    method = cut_words(cut, wording)
    yield Fact(phrases.cut_method, Cell(method.word, note=method.means))
    place = phrases.cut_place_of.format(
        linear=numerals.number(cut.linear), channel=cut.channel, scaled=numerals.number(cut.scaled)
    )
    yield Fact(phrases.cut_place, Cell(place))
    reference = phrases.cut_reference_of.format(
        reference=wording.sentence(cut.reference), count=numerals.count(cut.reference_events)
    )
    yield Fact(phrases.cut_reference, Cell(reference))
    if cut.ci95_linear is not None:
        low, high = (numerals.number(end) for end in cut.ci95_linear)
        yield Fact(phrases.cut_interval, Cell(f"{low}–{high}", note=phrases.cut_interval_means))


def _positive_t_cells(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    """Yield the share of normal T cells with CD5, which shows what the reagent did."""
    cells, phrases = cd5.t_cells, wording.phrases
    if cells is None:
        return
    if cells.percent is None or cells.positive_events is None:
        yield Fact(phrases.t_cells_positive, Cell(phrases.unknown, "quiet"))
        return
    share = phrases.positive_t_cells_of.format(
        percent=numerals.share(cells.percent),
        positive=numerals.count(cells.positive_events),
        cells=numerals.count(cells.events),
    )
    yield Fact(phrases.t_cells_positive, Cell(share))


def _other_cells(cd5: Cd5Section, wording: Wording) -> Table:
    """Return the other cells that may lie in the blast gate."""
    phrases = wording.phrases
    return table_of(
        phrases.other_cells,
        cd5.contamination,
        (TableColumn(phrases.other_cells_from, 3), lambda kind: wording.population(kind.source)),
        (number_column(phrases.events, 2), lambda kind: numerals.count(round(kind.events))),
        (
            number_column(phrases.other_cells_share, 2),
            lambda kind: numerals.number(kind.percent_of_blasts),
        ),
        (
            number_column(phrases.other_cells_cd5, 2),
            lambda kind: (
                phrases.unknown
                if kind.cd5_positive_percent is None
                else numerals.share(kind.cd5_positive_percent)
            ),
        ),
    )


def _alternatives(cd5: Cd5Section, cut: CutSection, wording: Wording) -> Block:
    phrases, words = wording.phrases, wording.states.cut
    if not cut.alternatives:
        return Paragraph(phrases.alternatives_none, "quiet")
    return table_of(
        phrases.alternatives,
        cut.alternatives,
        (
            TableColumn(phrases.method, 3),
            lambda other: words[other.method].word if other.method in words else other.method,
        ),
        (number_column(phrases.place, 2), lambda other: numerals.number(other.linear)),
        (
            number_column(phrases.percent, 2),
            lambda other: (
                phrases.unknown if other.percent is None else cd5_share(other.percent, cd5)
            ),
        ),
    )


def _medians(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    """Yield medians with what they amount to; ratios of values not above zero are not defined."""
    phrases, median = wording.phrases, cd5.median
    for label, value in (
        (phrases.median_blasts, median.blasts),
        (phrases.median_negative, median.negative_reference),
        (phrases.median_t_cells, median.t_cells),
        (phrases.difference, _difference(median)),
    ):
        yield Fact(label, _measure(value, wording))
    for label, over, factor in (
        (phrases.ratio, median.negative_reference, 1),
        (phrases.of_t_cells, median.t_cells, 100),
    ):
        yield Fact(label, _ratio(median.blasts, over, factor, wording))
    yield Fact(
        phrases.stain_index,
        Cell(_measure(cd5.stain_index, wording).text, note=phrases.stain_index_means),
    )


def _difference(median: MedianSection) -> float | None:
    if median.blasts is None or median.negative_reference is None:
        return None
    return median.blasts - median.negative_reference


def _ratio(value: float | None, over: float | None, factor: int, wording: Wording) -> Cell:
    phrases = wording.phrases
    if value is None or over is None:
        return Cell(phrases.unknown, "quiet")
    if value <= 0 or over <= 0:
        return Cell(phrases.ratio_undefined, "quiet")
    return Cell(numerals.number(factor * value / over) + (" %" if factor == 100 else ""))


def _measure(value: float | None, wording: Wording) -> Cell:
    if value is None:
        return Cell(wording.phrases.unknown, "quiet")
    return Cell(numerals.number(value))


def burden_section(result: Result, wording: Wording) -> ReportSection:
    """Return the burden: share, n, N and its rule, intervals, LOD, LLOQ, reasons."""
    phrases, burden = wording.phrases, result.burden
    state = wording.states.burden[burden.state]

    def percent(value: float | None) -> Cell:
        if value is None:
            return Cell(phrases.unknown, "quiet")
        return Cell(f"{numerals.burden(value)} %")

    def events(count: int) -> Cell:
        # Where there is no share, nothing was counted.
        if burden.percent is None and count == 0:
            return Cell(phrases.unknown, "quiet")
        return Cell(numerals.count(count))

    ends = Cell(phrases.unknown, "quiet")
    if burden.ci95_percent is not None:
        low, high = (numerals.burden(end) for end in burden.ci95_percent)
        ends = Cell(f"{low}–{high} %")
    rows = (
        Fact(phrases.state_of, state_cell(state, burden.state)),
        Fact(phrases.burden_share, Cell(burden_number(burden, wording))),
        Fact(
            phrases.level_of,
            Cell(phrases.none if burden.level is None else level(burden.level)),
        ),
        Fact(phrases.blast_events, events(burden.blast_events)),
        Fact(phrases.denominator_events, events(burden.denominator_events)),
        Fact(
            phrases.denominator,
            Cell(
                wording.denominator(burden) or phrases.unknown,
                note=phrases.denominator_deciding if burden.alternatives else "",
            ),
        ),
        Fact(phrases.interval_of, ends),
        Fact(phrases.upper_of, percent(burden.upper95_percent)),
        Fact(
            phrases.lod,
            Cell(percent(burden.lod_percent).text, note=limit_words(burden, wording)),
        ),
        Fact(phrases.lloq, Cell(percent(burden.lloq_percent).text, note=phrases.limits_mean)),
        Fact(phrases.lineage, Cell(wording.term(result.strategy.lineage))),
        *_other_denominator(result, wording),
    )
    reasons = reason_list(phrases.reasons, burden.reasons, wording)
    return ReportSection("burden", phrases.burden, (Facts(rows), reasons))


def _other_denominator(result: Result, wording: Wording) -> Iterator[Fact]:
    """Yield the share of blasts by another convention, where the tube has its denominator."""
    quantified = burden_number(result.burden, wording) != wording.phrases.below_lloq
    for other in result.burden.alternatives:
        share = wording.phrases.unknown
        if other.percent is not None and other.events is not None:
            shown = f"{numerals.burden(other.percent)} %"
            share = shown if quantified else wording.phrases.below_lloq
            share = f"{share} ({numerals.count(other.events)})"
        yield Fact(
            wording.phrases.denominator_other,
            Cell(share, note=wording.term(other.denominator)),
        )
    if result.burden.alternatives:
        return
    rows = {row.name: row for row in result.populations if row.gate is not None}
    blasts = rows.get(BLASTS)
    for name in OTHER_DENOMINATORS:
        whole = rows.get(name)
        if whole is None or not whole.events or blasts is None:
            continue
        if f"/{name}/" not in blasts.path:
            continue
        shown = f"{numerals.burden(100 * blasts.events / whole.events)} %"
        yield Fact(
            wording.phrases.other_denominator.format(
                population=wording.population(name), count=numerals.count(whole.events)
            ),
            Cell(shown if quantified else wording.phrases.below_lloq),
        )
        return


def criterion_section(result: Result, wording: Wording) -> ReportSection:
    """Return the criterion with all its reasons, and what the clinic added."""
    phrases, criterion = wording.phrases, result.criterion
    state = wording.states.criterion[criterion.state]
    alone = wording.states.criterion[criterion.flow_state]
    rows = (
        Fact(phrases.state_of, state_cell(state, criterion.state)),
        Fact(phrases.flow_state, state_cell(alone, criterion.flow_state)),
        Fact(
            phrases.protocol,
            Cell(named(result.protocol.name, result.protocol.version, wording)),
        ),
    )
    return ReportSection(
        "criterion",
        phrases.criterion,
        (
            Facts(rows),
            reason_list(phrases.reasons, criterion.reasons, wording),
            _clinical(result.provenance.settings.get("clinical"), wording),
            Paragraph(phrases.criterion_note, "quiet"),
        ),
    )


def _clinical(given: Any, wording: Wording) -> Block:
    """Return what the clinic added, which bears on the criterion."""
    phrases = wording.phrases
    if not isinstance(given, dict) or not given:
        return Paragraph(phrases.clinical_none, "quiet")
    return table_of(
        phrases.clinical,
        given.items(),
        (
            TableColumn(phrases.field, 3),
            lambda field: wording.choices.clinical.get(str(field[0]), str(field[0])),
        ),
        (TableColumn(phrases.value, 3), lambda field: _given(field[1], wording)),
    )


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


def named(name: str, version: str, wording: Wording) -> str:
    """Return a name with its version."""
    return wording.phrases.named.format(name=name, version=version)
