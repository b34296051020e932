"""The three answers at length: CD5, burden and criterion, each with all that it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cd5flow.model.names import BLASTS, SINGLETS
from cd5flow.model.result import Cd5Section, ControlSection, CutSection, MedianSection, Result
from cd5flow.report import numerals
from cd5flow.report.answer import (
    below_words,
    burden_number,
    cd5_share,
    cut_words,
    level,
    limit_words,
    rule,
    state_cell,
)
from cd5flow.report.disease import is_disease
from cd5flow.report.parts import (
    Block,
    Fact,
    Facts,
    Paragraph,
    ReportSection,
    Table,
    TableColumn,
    Tone,
    fact,
    number_column,
    table_of,
)
from cd5flow.report.sentences import reason_list
from cd5flow.report.wording import Wording

NO_CD5: Final = "NO_CD5"

OTHER_DENOMINATORS: Final = ("viable", SINGLETS)
"""Populations that a result of before `burden.alternatives` is divided by beside its own."""


def cd5_section(result: Result, wording: Wording) -> ReportSection:
    """Return CD5: share, cut and its origin, alternatives, medians, pattern, reasons."""
    phrases, cd5 = wording.phrases, result.cd5
    state = Fact(phrases.state_of, state_cell(wording.states.cd5[cd5.state], cd5.state))
    blocks: list[Block] = [Facts((state, *_cd5_facts(cd5, wording)), columns=2)]
    if cd5.cut is not None and cd5.cut.alternatives:
        blocks.append(_alternatives(cd5, cd5.cut, wording))
    if cd5.contamination:
        blocks.append(_other_cells(cd5, wording))
    if cd5.percent is not None:
        medians = tuple(_medians(cd5, wording))
        blocks.append(Facts(medians, title=phrases.medians, columns=2))
    if cd5.reasons:
        blocks.append(reason_list(phrases.reasons, cd5.reasons, wording))
    else:
        blocks.append(Paragraph(phrases.no_reasons, "quiet"))
    return ReportSection("cd5", phrases.cd5, tuple(blocks))


def _cd5_facts(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    """Yield what the state rests on; of a tube without CD5 nothing: its reason says all."""
    phrases = wording.phrases

    def ends(interval: tuple[float, float] | None) -> str:
        return wording.known(interval, lambda e: f"{cd5_share(e[0], cd5)}–{cd5_share(e[1], cd5)} %")

    if any(reason.code == NO_CD5 for reason in cd5.reasons):
        return
    yield fact(phrases.threshold, rule(cd5))
    yield fact(phrases.positive_blasts, _positive(cd5, wording))
    if cd5.percent is not None:
        method = "" if cd5.ci_method is None else wording.term(cd5.ci_method.value)
        yield fact(phrases.interval_of, ends(cd5.ci95_percent), note=method)
        yield fact(phrases.band_of, ends(cd5.band_percent), note=phrases.band_means)
        yield from _corrected(cd5, wording)
        yield _pattern(cd5, wording)
    yield from _cut(cd5, wording)
    yield from _positive_t_cells(cd5, wording)
    yield from (fact(phrases.note, wording.sentence(note)) for note in cd5.notes)


def _positive(cd5: Cd5Section, wording: Wording) -> str:
    phrases = wording.phrases
    if cd5.percent is None:
        return phrases.no_percent
    counts = phrases.positive_of.format(
        positive=numerals.count(cd5.positive_events), blasts=numerals.count(cd5.blast_events)
    )
    return f"{cd5_share(cd5.percent, cd5)} % ({counts})"


def _corrected(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    """Yield the share without other cells, where any are known of."""
    if cd5.percent_corrected is not None:
        yield fact(wording.phrases.corrected_share, f"{cd5_share(cd5.percent_corrected, cd5)} %")


def _pattern(cd5: Cd5Section, wording: Wording) -> Fact:
    phrases = wording.phrases
    if cd5.pattern is None:
        return fact(phrases.pattern, phrases.unknown, "quiet")
    state = wording.states.pattern[cd5.pattern]
    return fact(phrases.pattern, state.word, note=state.means)


def _cut(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    phrases, cut = wording.phrases, cd5.cut
    if cut is None:
        yield fact(phrases.cut, phrases.cut_none, "look")
        return
    method = cut_words(cut, wording)
    yield fact(phrases.cut_method, method.word, note=method.means)
    place = phrases.cut_place_of.format(
        linear=numerals.number(cut.linear), channel=cut.channel, scaled=numerals.number(cut.scaled)
    )
    yield fact(phrases.cut_place, place)
    reference = phrases.cut_reference_of.format(
        reference=wording.sentence(cut.reference), count=numerals.count(cut.reference_events)
    )
    yield fact(phrases.cut_reference, reference)
    if cut.ci95_linear is not None:
        low, high = (numerals.number(end) for end in cut.ci95_linear)
        yield fact(phrases.cut_interval, f"{low}–{high}", note=phrases.cut_interval_means)


def _positive_t_cells(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    """Yield the share of normal T cells with CD5, which shows what the reagent did."""
    cells, phrases = cd5.t_cells, wording.phrases
    if cells is None:
        return
    if cells.percent is None or cells.positive_events is None:
        yield fact(phrases.t_cells_positive, phrases.unknown, "quiet")
        return
    share = phrases.positive_t_cells_of.format(
        percent=numerals.share(cells.percent),
        positive=numerals.count(cells.positive_events),
        cells=numerals.count(cells.events),
    )
    yield fact(phrases.t_cells_positive, share)


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
            lambda kind: wording.known(kind.cd5_positive_percent, numerals.share),
        ),
    )


def _alternatives(cd5: Cd5Section, cut: CutSection, wording: Wording) -> Table:
    phrases, words = wording.phrases, wording.states.cut
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
            lambda other: wording.known(other.percent, lambda share: cd5_share(share, cd5)),
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
        yield _measured(label, value, wording)
    for label, over, factor in (
        (phrases.ratio, median.negative_reference, 1),
        (phrases.of_t_cells, median.t_cells, 100),
    ):
        yield _ratio(label, median.blasts, over, factor, wording)
    index = wording.known(cd5.stain_index, numerals.number)
    yield fact(phrases.stain_index, index, note=phrases.stain_index_means)


def _difference(median: MedianSection) -> float | None:
    if median.blasts is None or median.negative_reference is None:
        return None
    return median.blasts - median.negative_reference


def _ratio(
    label: str, value: float | None, over: float | None, factor: int, wording: Wording
) -> Fact:
    if value is None or over is None:
        return fact(label, wording.phrases.unknown, "quiet")
    if value <= 0 or over <= 0:
        return fact(label, wording.phrases.ratio_undefined, "quiet")
    return fact(label, numerals.number(factor * value / over) + (" %" if factor == 100 else ""))


def _measured(label: str, value: float | None, wording: Wording) -> Fact:
    tone: Tone = "quiet" if value is None else "plain"
    return fact(label, wording.known(value, numerals.number), tone)


def burden_section(result: Result, wording: Wording) -> ReportSection:
    """Return the burden: share, n, N and its rule, intervals, LOD, LLOQ, reasons."""
    phrases, burden = wording.phrases, result.burden
    state = wording.states.burden[burden.state]

    def percent(*ends: float) -> str:
        return "–".join(map(numerals.burden, ends)) + " %"

    def events(label: str, count: int) -> Fact:
        # Where there is no share, nothing was counted.
        if burden.percent is None and count == 0:
            return fact(label, phrases.unknown, "quiet")
        return fact(label, numerals.count(count))

    interval, upper = burden.ci95_percent, burden.upper95_percent
    lod, lloq = (wording.known(end, percent) for end in (burden.lod_percent, burden.lloq_percent))
    denominator = wording.denominator(burden) or phrases.unknown
    deciding = phrases.denominator_deciding if burden.alternatives else ""
    counted = phrases.blast_events if is_disease(burden) else phrases.blast_gate_events
    rows = (
        Fact(phrases.state_of, state_cell(state, burden.state)),
        fact(phrases.burden_share, burden_number(burden, wording)),
        *_if_known(phrases.level_of, burden.level and level(burden.level)),
        events(counted, burden.blast_events),
        fact(phrases.look_alike_events, numerals.count(burden.look_alike_events)),
        *_if_known(phrases.scope, burden.scope and wording.term(burden.scope)),
        events(phrases.denominator_events, burden.denominator_events),
        fact(phrases.denominator, denominator, note=deciding),
        *_if_known(phrases.interval_of, interval and percent(*interval)),
        *_if_known(phrases.upper_of, None if upper is None else percent(upper)),
        fact(phrases.lod, lod, note=limit_words(burden, wording)),
        fact(phrases.lloq, lloq, note=phrases.limits_mean),
        fact(phrases.lineage, wording.term(result.strategy.lineage)),
        *_other_denominator(result, wording),
        *(fact(phrases.note, wording.sentence(note)) for note in burden.notes),
    )
    reasons = reason_list(phrases.reasons, burden.reasons, wording)
    return ReportSection("burden", phrases.burden, (Facts(rows, columns=2), reasons))


def _if_known(label: str, text: str | None) -> Iterator[Fact]:
    """Yield what belongs to some states of the burden alone: of the others it is not said."""
    if text is not None:
        yield fact(label, text)


def _other_denominator(result: Result, wording: Wording) -> Iterator[Fact]:
    """Yield the share of blasts by another convention, where the tube has its denominator."""
    phrases = wording.phrases
    below = below_words(result.burden, wording)

    def shown(percent: float) -> str:
        return below or f"{numerals.burden(percent)} %"

    for other in result.burden.alternatives:
        share = phrases.unknown
        if other.percent is not None and other.events is not None:
            share = f"{shown(other.percent)} ({numerals.count(other.events)})"
        yield fact(phrases.denominator_other, share, note=wording.term(other.denominator))
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
        label = phrases.other_denominator.format(
            population=wording.population(name), count=numerals.count(whole.events)
        )
        yield fact(label, shown(100 * blasts.events / whole.events))
        return


def criterion_section(result: Result, wording: Wording) -> ReportSection:
    """Return the criterion with all its reasons."""
    phrases, criterion = wording.phrases, result.criterion
    state = wording.states.criterion[criterion.state]
    alone = wording.states.criterion[criterion.flow_state]
    rows = (
        Fact(phrases.state_of, state_cell(state, criterion.state)),
        Fact(phrases.flow_state, state_cell(alone, criterion.flow_state)),
        fact(phrases.protocol, wording.versioned(result.protocol)),
    )
    return ReportSection(
        "criterion",
        phrases.criterion,
        (
            Facts(rows, columns=2),
            reason_list(phrases.reasons, criterion.reasons, wording),
            Paragraph(phrases.criterion_note, "quiet"),
        ),
    )


def control_role(control: ControlSection, wording: Wording) -> str:
    """Return what a control tube was given as."""
    return wording.choices.role.get(control.role, control.role)
