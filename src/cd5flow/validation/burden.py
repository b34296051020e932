"""The report's sections on dilution, blanks and precision."""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.report import numerals
from cd5flow.report.parts import Block, Cell, Column, Fact, Facts, Paragraph, Table
from cd5flow.validation.cells import (
    NOT_ASKED,
    UNKNOWN,
    Shown,
    between,
    figure,
    range_words,
    signed,
    states_words,
)
from cd5flow.validation.record import LevelSection, PrecisionSection, Validation


def linearity_blocks(found: Validation, show: Shown) -> Iterator[Block]:
    """Yield the dilutions: lines, and bias and CV at each level."""
    if not found.dilutions:
        yield Paragraph(NOT_ASKED, "quiet")
        return
    yield Paragraph(
        "The same blasts in the same marrow, from the highest level down to the lower limit of "
        "quantification of a tube of this size. The line is fitted by ordinary least squares to log10 "
        "of found on log10 of true: the truth of a simulated tube is counted and has no error of its "
        "own. A laboratory that compares two methods, both with error, takes Deming's line instead. Line "
        "and bias are of the tubes in which disease was found; the column “called” says of how many."
    )
    yield Table(
        "Lines",
        (
            Column("Dilution", width=2.6),
            Column("Tubes", number=True, width=0.6),
            Column("Slope (95 %)", number=True, width=1.7),
            Column("Intercept, log10 (95 %)", number=True, width=1.9),
            Column("R²", number=True, width=0.8),
            Column("SD about it", number=True, width=0.9),
        ),
        tuple(
            (
                Cell(one.name, note=f"{one.panel}; {one.instrument}"),
                *(
                    (Cell("0"), *(UNKNOWN,) * 4)
                    if one.line is None
                    else (
                        Cell(str(one.line.n)),
                        Cell(f"{one.line.slope:.3f} ({between(one.line.slope_ci95, 3)})"),
                        Cell(
                            f"{signed(one.line.intercept, 3)} ({between(one.line.intercept_ci95, 3)})"
                        ),
                        Cell(f"{one.line.r_squared:.4f}"),
                        Cell(f"{one.line.residual_sd:.3f}"),
                    )
                ),
            )
            for one in found.dilutions
        ),
    )
    yield from show.blocks("dilution", "dilution-bias")
    for one in found.dilutions:
        yield Table(
            f"Levels: {one.name}",
            (
                Column("Level, %", width=1.3),
                Column("True, %", number=True, width=0.9),
                Column("Found, %", number=True, width=0.9),
                Column("Bias, log10 (95 %)", number=True, width=2.5),
                Column("From the line", number=True, width=0.9),
                Column("CV, %", number=True, width=0.7),
                Column("Counting, %", number=True, width=0.9),
                Column("Called", number=True, width=0.9),
                Column("States", width=1.7),
            ),
            tuple(tuple(_level_cells(level)) for level in one.levels),
        )


def _level_cells(level: LevelSection) -> Iterator[Cell]:
    yield Cell(f"{level.percent:.3g}", note="LLOQ" if level.at_lloq else "")
    yield Cell(figure(level.true_percent))
    yield UNKNOWN if level.found_percent is None else Cell(figure(level.found_percent))
    if level.bias_log10 is None:
        yield UNKNOWN
    else:
        ends = "" if level.bias_ci95 is None else f" ({between(level.bias_ci95, 3)})"
        yield Cell(f"{signed(level.bias_log10, 3)}{ends}")
    yield UNKNOWN if level.from_line_log10 is None else Cell(signed(level.from_line_log10, 3))
    yield UNKNOWN if level.cv_percent is None else Cell(f"{level.cv_percent:.1f}")
    yield (
        UNKNOWN if level.counting_cv_percent is None else Cell(f"{level.counting_cv_percent:.1f}")
    )
    yield Cell(
        f"{level.called} of {level.tubes}", "plain" if level.called == level.tubes else "look"
    )
    yield Cell(states_words(level.states), "quiet")


def blank_blocks(found: Validation, show: Shown) -> Iterator[Block]:
    """Yield what was found where there is nothing to be found."""
    blanks = found.blanks
    if not blanks.tubes:
        yield Paragraph(NOT_ASKED, "quiet")
        return
    upper = blanks.called_upper95_percent
    lod = "–" if blanks.lod_percent is None else range_words(blanks.lod_percent)
    counted = (
        ("median", blanks.counted_median_percent),
        ("95th percentile", blanks.counted_p95_percent),
        ("most", blanks.counted_most_percent),
    )
    yield Facts(
        (
            Fact(
                "Called disease",
                Cell(
                    f"{blanks.called} of {blanks.tubes}",
                    "bad" if blanks.called else "good",
                    note="" if upper is None else f"95 % interval up to {upper:.1f} %",
                ),
            ),
            Fact("States", Cell(states_words(blanks.states))),
            Fact(
                "Counted as blasts, called or not",
                Cell(
                    ", ".join(
                        f"{word} {figure(value)} %" for word, value in counted if value is not None
                    )
                    or "no share in any tube"
                ),
            ),
            Fact("LOD by the count rule", Cell(f"{lod} %")),
        ),
        columns=4,
    )
    yield Paragraph(
        "Events in the gate that lie scattered, not together as a population does, are counted and not "
        "called. A tube without a call is INCONCLUSIVE, not NOT_DETECTED, where so many are scattered, or "
        "so few cells were measured, that disease at the level asked for could hide."
    )
    yield Paragraph(
        "The 95th percentile above is of synthetic tubes. It is not a laboratory's limit of blank, is "
        "read back by no analysis, and must not be entered as validated_lob_percent.",
        "look",
    )
    yield from show.blocks("blanks")
    if blanks.calls:
        yield Table(
            "Called disease",
            (
                Column("Tube"),
                Column("Rich in", width=2.2),
                Column("State", width=1.4),
                Column("%", number=True),
                Column("Events", number=True),
            ),
            tuple(
                (
                    Cell(one.tube, fixed=True),
                    Cell(one.group),
                    Cell(one.state, "bad"),
                    UNKNOWN if one.percent is None else Cell(figure(one.percent)),
                    Cell(numerals.count(one.blast_events)),
                )
                for one in blanks.calls
            ),
        )


def precision_blocks(found: Validation, show: Shown) -> Iterator[Block]:
    """Yield how far numbers lie apart when events are drawn anew."""
    if not found.precision:
        yield Paragraph(NOT_ASKED, "quiet")
        return
    yield Paragraph(
        "The events of one tube, and of its FMO, are drawn anew with replacement, in their order, and "
        "the whole analysis is repeated: gates, cut and count. So the spread holds what finite events "
        "and the placing of gates contribute, and nothing of staining, acquisition, days or people. "
        "Draws whose number was withheld are counted, and in no spread."
    )
    yield Table(
        "CV a level",
        (
            Column("Of", width=1.7),
            Column("Draws", number=True, width=0.7),
            Column("Blasts", number=True, width=0.8),
            Column("Mean, %", number=True, width=0.9),
            Column("SD, points", number=True, width=0.9),
            Column("CV, % (95 %)", number=True, width=1.6),
            Column("Counting, %", number=True, width=0.9),
            Column("States", width=2.0),
        ),
        tuple(tuple(_precision_cells(one)) for one in found.precision),
    )
    yield from show.blocks("precision")


def _precision_cells(one: PrecisionSection) -> Iterator[Cell]:
    word = "CD5 of blasts" if one.of == "cd5" else "burden"
    yield Cell(f"{word}, {one.level_percent:.3g} %")
    missing = one.draws - one.numbers
    yield Cell(str(one.draws), note=f"{missing} without a result" if missing else "")
    yield UNKNOWN if one.events is None else Cell(f"{one.events:,.0f}")
    yield UNKNOWN if one.mean_percent is None else Cell(figure(one.mean_percent))
    yield UNKNOWN if one.sd_percent is None else Cell(figure(one.sd_percent))
    if one.cv_percent is None:
        yield UNKNOWN
    else:
        ends = "" if one.cv95 is None else f" ({between(one.cv95, 1)})"
        yield Cell(f"{one.cv_percent:.2f}{ends}")
    yield UNKNOWN if one.counting_cv_percent is None else Cell(f"{one.counting_cv_percent:.2f}")
    yield Cell(states_words(one.states), "quiet")
