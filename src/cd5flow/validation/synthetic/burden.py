"""The report's sections on dilution, blanks and precision."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from cd5flow.report import numerals
from cd5flow.report.parts import (
    Block,
    Cell,
    Facts,
    Paragraph,
    TableColumn,
    Tone,
    fact,
    number_column,
    table_of,
)
from cd5flow.validation.cells import (
    PicturesByName,
    between,
    cell_of,
    figure,
    range_words,
    signed,
    with_interval,
)
from cd5flow.validation.synthetic.cells import NOT_ASKED, states_words
from cd5flow.validation.synthetic.record import LevelSection, PrecisionSection, Validation


def linearity_blocks(found: Validation, show: PicturesByName) -> Iterator[Block]:
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
    yield table_of(
        "Lines",
        found.dilutions,
        (
            TableColumn("Dilution", 2.6),
            lambda one: Cell(one.name, note=f"{one.panel}; {one.instrument}"),
        ),
        (number_column("Tubes", 0.6), lambda one: "0" if one.line is None else str(one.line.n)),
        (
            number_column("Slope (95 %)", 1.7),
            lambda one: cell_of(
                one.line, lambda line: f"{line.slope:.3f} ({between(line.slope_ci95, 3)})"
            ),
        ),
        (
            number_column("Intercept, log10 (95 %)", 1.9),
            lambda one: cell_of(
                one.line,
                lambda line: f"{signed(line.intercept, 3)} ({between(line.intercept_ci95, 3)})",
            ),
        ),
        (
            number_column("R²", 0.8),
            lambda one: cell_of(one.line, lambda line: f"{line.r_squared:.4f}"),
        ),
        (
            number_column("SD about it", 0.9),
            lambda one: cell_of(one.line, lambda line: f"{line.residual_sd:.3f}"),
        ),
    )
    yield from show.blocks("dilution", "dilution-bias")
    for one in found.dilutions:
        yield table_of(
            f"Levels: {one.name}",
            one.levels,
            (
                TableColumn("Level, %", 1.3),
                lambda level: Cell(f"{level.percent:.3g}", note="LLOQ" if level.at_lloq else ""),
            ),
            (number_column("True, %", 0.9), lambda lv: figure(lv.true_percent)),
            (number_column("Found, %", 0.9), lambda level: cell_of(level.found_percent, figure)),
            (
                number_column("Bias, log10 (95 %)", 2.5),
                lambda level: with_interval(_log10(level.bias_log10), level.bias_ci95, 3),
            ),
            (number_column("From the line", 0.9), lambda level: _log10(level.from_line_log10)),
            (number_column("CV, %", 0.7), lambda level: cell_of(level.cv_percent, "{:.1f}".format)),
            (
                number_column("Counting, %", 0.9),
                lambda level: cell_of(level.counting_cv_percent, "{:.1f}".format),
            ),
            (number_column("Called", 0.9), _called),
            (TableColumn("States", 1.7), lambda level: _states(level.states)),
        )


def _called(level: LevelSection) -> Cell:
    tone: Tone = "plain" if level.called == level.tubes else "look"
    return Cell(f"{level.called} of {level.tubes}", tone)


def _log10(value: float | None) -> Cell:
    return cell_of(value, partial(signed, digits=3))


def _states(states: dict[str, int]) -> Cell:
    return Cell(states_words(states), "quiet")


def blank_blocks(found: Validation, show: PicturesByName) -> Iterator[Block]:
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
    shares = [f"{word} {figure(value)} %" for word, value in counted if value is not None]
    yield Facts(
        (
            fact(
                "Called disease",
                f"{blanks.called} of {blanks.tubes}",
                "bad" if blanks.called else "good",
                note="" if upper is None else f"95 % interval up to {upper:.1f} %",
            ),
            fact("States", states_words(blanks.states)),
            fact("Counted as blasts, called or not", ", ".join(shares) or "no share in any tube"),
            fact("LOD by the count rule", f"{lod} %"),
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
        yield table_of(
            "Called disease",
            blanks.calls,
            (TableColumn("Tube"), lambda one: Cell(one.tube, fixed=True)),
            (TableColumn("Rich in", 2.2), lambda one: one.group),
            (TableColumn("State", 1.4), lambda one: Cell(one.state, "bad")),
            (number_column("%"), lambda one: cell_of(one.percent, figure)),
            (number_column("Events"), lambda one: numerals.count(one.blast_events)),
        )


def precision_blocks(found: Validation, show: PicturesByName) -> Iterator[Block]:
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
    words = {"cd5": "CD5 of blasts", "burden": "burden"}
    yield table_of(
        "CV a level",
        found.precision,
        (TableColumn("Of", 1.7), lambda one: f"{words[one.of]}, {one.level_percent:.3g} %"),
        (number_column("Draws", 0.7), _draws),
        (number_column("Blasts", 0.8), lambda one: cell_of(one.events, "{:,.0f}".format)),
        (number_column("Mean, %", 0.9), lambda one: cell_of(one.mean_percent, figure)),
        (number_column("SD, points", 0.9), lambda one: cell_of(one.sd_percent, figure)),
        (
            number_column("CV, % (95 %)", 1.6),
            lambda one: with_interval(cell_of(one.cv_percent, "{:.2f}".format), one.cv95, 1),
        ),
        (
            number_column("Counting, %", 0.9),
            lambda one: cell_of(one.counting_cv_percent, "{:.2f}".format),
        ),
        (TableColumn("States", 2.0), lambda one: _states(one.states)),
    )
    yield from show.blocks("precision")


def _draws(one: PrecisionSection) -> Cell:
    missing = one.draws - one.numbers
    return Cell(str(one.draws), note=f"{missing} without a result" if missing else "")
