"""What a person changed: drawn gates beside the automatic ones, and the answers without them."""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.model.result import OverrideSection, Result
from cd5flow.report import numerals
from cd5flow.report.answer import cd5_share, state_cell
from cd5flow.report.parts import (
    Block,
    Cell,
    Fact,
    Facts,
    Paragraph,
    ReportSection,
    Table,
    TableColumn,
    Tone,
    fact,
    number_column,
)
from cd5flow.report.wording import Wording


def by_hand_notice(result: Result, wording: Wording) -> tuple[Paragraph, ...]:
    """Return what page 1 says of drawn gates; nothing where none was drawn."""
    if not result.overrides:
        return ()
    first = result.overrides[0]
    said = wording.phrases.by_hand_notice.format(
        by=first.by,
        date=numerals.moment(first.date),
        gates=wording.joint.join(wording.population(one.gate) for one in result.overrides),
        section=wording.phrases.by_hand,
    )
    return (Paragraph(said, "look"),)


def by_hand_section(result: Result, wording: Wording) -> ReportSection:
    """Return every drawn gate beside the automatic one; empty where none was drawn."""
    phrases = wording.phrases
    blocks: list[Block] = []
    if result.overrides:
        columns = (
            TableColumn(phrases.population, 2.2),
            number_column(phrases.automatic_events, 1.2),
            number_column(phrases.of_parent, 1.1),
            number_column(phrases.drawn_events, 1.2),
            number_column(phrases.of_parent, 1.1),
            TableColumn(phrases.by_whom, 1.8),
            TableColumn(phrases.date, 1.5),
            TableColumn(phrases.why, 2.9),
        )
        rows = tuple(_row(one, wording) for one in result.overrides)
        blocks.append(Table(phrases.by_hand_caption, columns, rows))
        files = dict.fromkeys((one.file, one.sha256) for one in result.overrides)
        blocks += [
            Facts((fact(phrases.file, file), fact(phrases.hash, sha256, fixed=True)))
            for file, sha256 in files
        ]
    if result.automatic is not None:
        blocks.append(Facts(tuple(_answers(result, wording)), title=phrases.answers_without))
    return ReportSection("by-hand", phrases.by_hand, tuple(blocks))


def _row(one: OverrideSection, wording: Wording) -> tuple[Cell, ...]:
    phrases = wording.phrases
    found = one.automatic
    automatic = [Cell(phrases.not_gated, "quiet"), Cell("–")]
    if found is not None:
        automatic = _counted(found.events, found.percent_of_parent, wording)
    drawn = [Cell(phrases.left_out, "quiet"), Cell("–")]
    if one.events is not None:
        drawn = _counted(one.events, one.percent_of_parent, wording)
    elif one.region is not None:
        drawn = [Cell(phrases.unknown, "quiet"), Cell("–")]
    return (
        Cell(wording.population(one.gate), note=one.gate),
        *automatic,
        *drawn,
        Cell(one.by),
        Cell(numerals.moment(one.date)),
        Cell(one.reason),
    )


def _counted(events: int, percent: float | None, wording: Wording) -> list[Cell]:
    tone: Tone = "quiet" if percent is None else "plain"
    return [Cell(numerals.count(events)), Cell(wording.known(percent, numerals.part), tone)]


def _answers(result: Result, wording: Wording) -> Iterator[Fact]:
    """Yield each answer without the drawn gates."""
    phrases, states = wording.phrases, wording.states
    without = result.automatic
    assert without is not None  # noqa: S101 - asked before
    cd5, burden = phrases.no_percent, phrases.no_percent
    if without.cd5_percent is not None:
        cd5 = f"{cd5_share(without.cd5_percent, result.cd5)} %"
    if without.burden_percent is not None:
        burden = f"{numerals.burden(without.burden_percent)} %"
    yield fact(phrases.cd5_share, cd5)
    yield Fact(phrases.cd5, state_cell(states.cd5[without.cd5_state], without.cd5_state))
    yield fact(phrases.burden_share, burden)
    state = states.burden[without.burden_state]
    yield Fact(phrases.burden, state_cell(state, without.burden_state))
    criterion = states.criterion[without.criterion_state]
    yield Fact(phrases.criterion, state_cell(criterion, without.criterion_state))
    yield fact(phrases.lineage, wording.term(without.lineage))
