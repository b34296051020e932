"""The report's section on accuracy: % CD5 against two truths, states, burden of relapse tubes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cd5flow.report.parts import Block, Cell, Paragraph, Table, TableColumn, number_column, table_of
from cd5flow.validation.cells import UNKNOWN, PicturesByName, cell_of, points, signed
from cd5flow.validation.synthetic.cells import NOT_ASKED
from cd5flow.validation.synthetic.record import (
    AccuracyGroup,
    AgreementSection,
    Interval,
    Validation,
)
from cd5flow.validation.synthetic.rows import ARMS


def accuracy_blocks(found: Validation, show: PicturesByName) -> Iterator[Block]:
    """Yield how % CD5 and burden of relapse tubes agree with their truths."""
    accuracy = found.accuracy
    if not accuracy.groups:
        yield Paragraph(NOT_ASKED, "quiet")
        return
    whole = [group for group in accuracy.groups if group.pattern is None]
    yield Paragraph(
        "Two truths. The FMO rule: the share of true single blasts above the 99th percentile of the "
        "true blasts of a large FMO tube, compensated with the true matrix; it is what perfect gating "
        "would report, and what the criterion means. The biological label: the share of blasts that "
        "carry CD5 at all. Where CD5 is dim the two differ, whatever the software: cells with little "
        "CD5 lie within the background."
    )
    yield _agreement_table(
        "Percentage points between found and true, all patterns",
        "Analysed, against",
        [
            (f"{ARMS[group.arm]}, {truth}", agreed)
            for group in whole
            for truth, agreed in (
                ("FMO rule", group.by_fmo_rule),
                ("biological label", group.by_label),
            )
        ],
    )
    yield from show.blocks(
        "accuracy-found-and-true",
        "accuracy-differences-fmo",
        "accuracy-differences-none",
        "accuracy-differences-label",
    )
    yield _states_table(found)
    yield from _wrong(found)
    yield _pattern_table(found)
    yield _burden_table(whole)


def _agreement_table(
    caption: str, head: str, rows: Sequence[tuple[str, AgreementSection | None]]
) -> Table:
    return Table(
        caption,
        (
            TableColumn(head, 2.2),
            number_column("Tubes", 0.7),
            number_column("Bias", 0.8),
            number_column("SD", 0.7),
            number_column("Limits of agreement", 1.5),
            number_column("Median size"),
            number_column("95 % within"),
            number_column("Worst", 0.8),
        ),
        tuple((Cell(name), *_agreement_cells(agreed)) for name, agreed in rows),
    )


def _agreement_cells(agreed: AgreementSection | None) -> Iterator[Cell]:
    if agreed is None:
        yield Cell("0")
        yield from (UNKNOWN,) * 6
        return
    yield Cell(str(agreed.n))
    yield Cell(signed(agreed.bias))
    yield points(agreed.sd)
    if agreed.low is None or agreed.high is None:
        yield UNKNOWN
    else:
        yield Cell(f"{signed(agreed.low)} to {signed(agreed.high)}")
    yield points(agreed.median_size)
    yield points(agreed.size95)
    yield Cell(signed(agreed.worst))


def _states_table(found: Validation) -> Table:
    accuracy = found.accuracy

    def name(group: AccuracyGroup) -> str:
        return ARMS[group.arm] if group.pattern is None else f"  {group.pattern}"

    def wrong(count: int) -> Cell:
        return Cell(str(count), "bad" if count else "plain")

    def how_often(state: str) -> Callable[[AccuracyGroup], str]:
        return lambda group: str(group.states.get(state, 0))

    return table_of(
        f"States at {accuracy.operator} {accuracy.threshold_percent:g} %; wrong is what the FMO rule "
        "contradicts",
        accuracy.groups,
        (TableColumn("Tubes", 1.9), name),
        (number_column("n", 0.6), lambda group: str(group.tubes)),
        (number_column("meets", 0.8), how_often("MEETS")),
        (number_column("does not", 0.9), how_often("DOES_NOT_MEET")),
        (number_column("border-line", 0.9), how_often("BORDERLINE")),
        (number_column("not evaluable", 1.1), how_often("NOT_EVALUABLE")),
        (number_column("wrong meets", 0.9), lambda g: wrong(g.wrong_meets)),
        (number_column("wrong does not", 0.9), lambda g: wrong(g.wrong_does_not_meet)),
        (number_column("wrong by label", 0.9), lambda g: str(g.wrong_by_label)),
        (number_column("truth in band", 1.2), lambda g: f"{g.in_band} of {g.numbers}"),
    )


def _wrong(found: Validation) -> Iterator[Block]:
    if found.accuracy.wrong:
        yield table_of(
            "Definite states that the FMO rule contradicts",
            found.accuracy.wrong,
            (TableColumn("Tube", 1.6), lambda one: Cell(one.tube, fixed=True)),
            (TableColumn("Analysed", 1.3), lambda one: ARMS[one.arm]),
            (TableColumn("State", 1.6), lambda one: Cell(one.state, "bad")),
            (number_column("Found"), lambda one: points(one.percent)),
            (number_column("FMO rule"), lambda one: points(one.true_percent)),
            (number_column("Label"), lambda one: points(one.label_percent)),
        )


def _pattern_table(found: Validation) -> Table:
    return _agreement_table(
        "Percentage points against the FMO rule, by the pattern that was simulated",
        "Pattern",
        [
            (f"{group.pattern}, {ARMS[group.arm]}", group.by_fmo_rule)
            for group in found.accuracy.groups
            if group.pattern is not None
        ],
    )


def _burden_table(groups: Sequence[AccuracyGroup]) -> Table:
    def percents(ends: Interval | None) -> Cell:
        return cell_of(ends, lambda pair: f"{pair[0]:.1f}, {pair[1]:.1f}")

    return table_of(
        "Burden of the relapse tubes: log10 of found over true (0.1 is 26 %); and the blasts "
        "themselves, median and lowest",
        [(group, group.burden_log10) for group in groups],
        (TableColumn("Analysed", 1.6), lambda row: ARMS[row[0].arm]),
        (number_column("Tubes", 0.7), lambda row: str(row[1].n if row[1] else 0)),
        (
            number_column("Bias", 0.8),
            lambda row: cell_of(row[1], lambda burden: signed(burden.bias, 3)),
        ),
        (
            number_column("95 % within", 0.9),
            lambda row: cell_of(row[1], lambda burden: f"{burden.size95:.3f}"),
        ),
        (
            number_column("Worst", 0.8),
            lambda row: cell_of(row[1], lambda burden: signed(burden.worst, 3)),
        ),
        (
            number_column("% of true blasts found", 1.5),
            lambda row: percents(row[0].found_of_blasts),
        ),
        (
            number_column("% of the gate that is true blasts", 1.9),
            lambda row: percents(row[0].true_of_found),
        ),
    )
