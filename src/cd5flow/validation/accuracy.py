"""The report's section on accuracy: % CD5 against two truths, states, burden of relapse tubes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cd5flow.report.parts import Block, Cell, Column, Paragraph, Table
from cd5flow.validation.cells import ARMS, NOT_ASKED, UNKNOWN, Shown, points, signed
from cd5flow.validation.record import AccuracyGroup, AgreementSection, Validation


def accuracy_blocks(found: Validation, show: Shown) -> Iterator[Block]:
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
    yield Table(
        "Percentage points between found and true, all patterns",
        (
            Column("Analysed, against", width=2.2),
            *_AGREEMENT,
        ),
        tuple(
            (Cell(f"{ARMS[group.arm]}, {truth}"), *_agreement_cells(agreed))
            for group in whole
            for truth, agreed in (
                ("FMO rule", group.by_fmo_rule),
                ("biological label", group.by_label),
            )
        ),
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


_AGREEMENT: Final = (
    Column("Tubes", number=True, width=0.7),
    Column("Bias", number=True, width=0.8),
    Column("SD", number=True, width=0.7),
    Column("Limits of agreement", number=True, width=1.5),
    Column("Median size", number=True),
    Column("95 % within", number=True),
    Column("Worst", number=True, width=0.8),
)
"""The columns that `_agreement_cells` fills."""


def _agreement_cells(agreed: AgreementSection | None) -> Iterator[Cell]:
    if agreed is None:
        yield Cell("0")
        yield from (UNKNOWN,) * 6
        return
    yield Cell(str(agreed.n))
    yield Cell(signed(agreed.bias))
    yield UNKNOWN if agreed.sd is None else Cell(f"{agreed.sd:.2f}")
    if agreed.low is None or agreed.high is None:
        yield UNKNOWN
    else:
        yield Cell(f"{signed(agreed.low)} to {signed(agreed.high)}")
    yield Cell(f"{agreed.median_size:.2f}")
    yield Cell(f"{agreed.size95:.2f}")
    yield Cell(signed(agreed.worst))


def _states_table(found: Validation) -> Table:
    accuracy = found.accuracy
    names = ("MEETS", "DOES_NOT_MEET", "BORDERLINE", "NOT_EVALUABLE")
    rows = []
    for group in accuracy.groups:
        name = ARMS[group.arm] if group.pattern is None else f"  {group.pattern}"
        wrong = group.wrong_meets + group.wrong_does_not_meet
        rows.append(
            (
                Cell(name),
                Cell(str(group.tubes)),
                *(Cell(str(group.states.get(state, 0))) for state in names),
                Cell(str(group.wrong_meets), "bad" if group.wrong_meets else "plain"),
                Cell(
                    str(group.wrong_does_not_meet), "bad" if wrong > group.wrong_meets else "plain"
                ),
                Cell(str(group.wrong_by_label)),
                Cell(f"{group.in_band} of {group.numbers}"),
            )
        )
    return Table(
        f"States at {accuracy.operator} {accuracy.threshold_percent:g} %; wrong is what the FMO rule "
        "contradicts",
        (
            Column("Tubes", width=1.9),
            Column("n", number=True, width=0.6),
            Column("meets", number=True, width=0.8),
            Column("does not", number=True, width=0.9),
            Column("border-line", number=True, width=0.9),
            Column("not evaluable", number=True, width=1.1),
            Column("wrong meets", number=True, width=0.9),
            Column("wrong does not", number=True, width=0.9),
            Column("wrong by label", number=True, width=0.9),
            Column("truth in band", number=True, width=1.2),
        ),
        tuple(rows),
    )


def _wrong(found: Validation) -> Iterator[Block]:
    wrong = found.accuracy.wrong
    if not wrong:
        return
    yield Table(
        "Definite states that the FMO rule contradicts",
        (
            Column("Tube", width=1.6),
            Column("Analysed", width=1.3),
            Column("State", width=1.6),
            Column("Found", number=True),
            Column("FMO rule", number=True),
            Column("Label", number=True),
        ),
        tuple(
            (
                Cell(one.tube, fixed=True),
                Cell(ARMS[one.arm]),
                Cell(one.state, "bad"),
                points(one.percent),
                points(one.true_percent),
                points(one.label_percent),
            )
            for one in wrong
        ),
    )


def _pattern_table(found: Validation) -> Table:
    groups = [group for group in found.accuracy.groups if group.pattern is not None]
    return Table(
        "Percentage points against the FMO rule, by the pattern that was simulated",
        (
            Column("Pattern", width=2.2),
            *_AGREEMENT,
        ),
        tuple(
            (Cell(f"{group.pattern}, {ARMS[group.arm]}"), *_agreement_cells(group.by_fmo_rule))
            for group in groups
        ),
    )


def _burden_table(groups: Sequence[AccuracyGroup]) -> Table:
    def cells(group: AccuracyGroup) -> Iterator[Cell]:
        burden = group.burden_log10
        yield Cell(ARMS[group.arm])
        yield Cell("0" if burden is None else str(burden.n))
        yield UNKNOWN if burden is None else Cell(signed(burden.bias, 3))
        yield UNKNOWN if burden is None else Cell(f"{burden.size95:.3f}")
        yield UNKNOWN if burden is None else Cell(signed(burden.worst, 3))
        for pair in (group.found_of_blasts, group.true_of_found):
            yield UNKNOWN if pair is None else Cell(f"{pair[0]:.1f}, {pair[1]:.1f}")

    return Table(
        "Burden of the relapse tubes: log10 of found over true (0.1 is 26 %); and the blasts "
        "themselves, median and lowest",
        (
            Column("Analysed", width=1.6),
            Column("Tubes", number=True, width=0.7),
            Column("Bias", number=True, width=0.8),
            Column("95 % within", number=True, width=0.9),
            Column("Worst", number=True, width=0.8),
            Column("% of true blasts found", number=True, width=1.5),
            Column("% of the gate that is true blasts", number=True, width=1.9),
        ),
        tuple(tuple(cells(group)) for group in groups),
    )
