"""What the report of a validation says, before it is a PDF or a page: the report's plain parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cd5flow.report import numerals
from cd5flow.report.parts import (
    Block,
    Cell,
    Facts,
    Paragraph,
    Picture,
    ReportSection,
    TableColumn,
    Tone,
    fact,
    number_column,
    table_of,
)
from cd5flow.validation.cells import UNKNOWN, PicturesByName
from cd5flow.validation.rendering import ValidationDocument
from cd5flow.validation.synthetic.accuracy import accuracy_blocks
from cd5flow.validation.synthetic.burden import blank_blocks, linearity_blocks, precision_blocks
from cd5flow.validation.synthetic.cells import goal_figure
from cd5flow.validation.synthetic.record import (
    FileSection,
    GoalSection,
    GoalState,
    SeriesSection,
    Validation,
)

TITLE: Final = "Validation of the software on synthetic tubes"
MARK: Final = "SOFTWARE, SYNTHETIC"
NOT_A_LABORATORYS: Final = "No laboratory's validation; no guideline's approval is claimed."

_TONES: Final[dict[GoalState, Tone]] = {
    GoalState.MET: "good",
    GoalState.NOT_MET: "bad",
    GoalState.NOT_DONE: "quiet",
}
_WORDS: Final = {
    GoalState.MET: "met",
    GoalState.NOT_MET: "not met",
    GoalState.NOT_DONE: "no tubes",
}


def validation_document(found: Validation, pictures: Sequence[Picture] = ()) -> ValidationDocument:
    """Return what the report of a validation says."""
    show = PicturesByName(pictures)
    made = found.provenance
    return ValidationDocument(
        title=TITLE,
        mark=MARK,
        not_this=NOT_A_LABORATORYS,
        id=f"cd5flow {made.cd5flow}, seed {made.seed}, {numerals.moment(made.created)}",
        identity=_identity(found),
        lead=tuple(_lead(found)),
        sections=tuple(
            ReportSection(anchor, heading, tuple(blocks))
            for anchor, heading, blocks in (
                ("goals", "Findings at a glance", _goals(found)),
                ("accuracy", "Accuracy of % CD5 and of the burden", accuracy_blocks(found, show)),
                ("linearity", "Dilution and linearity", linearity_blocks(found, show)),
                ("blanks", "Tubes without disease", blank_blocks(found, show)),
                ("precision", "Precision: events drawn anew", precision_blocks(found, show)),
                ("repeat", "What the laboratory must repeat itself", _repeat(found)),
                ("methods", "How each number was computed", _methods(found)),
                ("made", "What was validated, and with what", _made(found)),
            )
        ),
    )


def _identity(found: Validation) -> Facts:
    size, made = found.series.size, found.provenance
    strategies = ", ".join(dict.fromkeys(map(_named, found.strategies)))
    analyses = f"{numerals.count(found.rows)} analyses"
    return Facts(
        (
            fact("Software", f"cd5flow {made.cd5flow}", note=f"Python {made.python}"),
            fact("Strategies", strategies),
            fact("Protocol", _named(found.protocol)),
            fact("Series", _named(found.series), note=f"size {_spaced(size.words)}"),
            fact("Seed", str(made.seed)),
            fact("Tubes", numerals.count(found.tubes), note=analyses),
            fact("Not analysed", str(len(found.failed)), "bad" if found.failed else "plain"),
            fact("Made", numerals.moment(made.created)),
        ),
        columns=4,
    )


def _named(file: FileSection | SeriesSection) -> str:
    return f"{file.name} {file.version}"


def _lead(found: Validation) -> Iterator[Paragraph]:
    yield Paragraph(
        "Every tube of this report was simulated, written as an FCS file, read back and analysed as "
        "a user's file would be. It shows what the software does with cells whose truth is known. It "
        "does not show how specimens, reagents, an instrument and people behave: a laboratory "
        "validates its own assay, and the section “What the laboratory must repeat itself” lists with "
        "what. The goals are chosen for this series; none is an acceptance criterion of a guideline."
    )
    if found.failed:
        yield Paragraph(
            f"{len(found.failed)} tubes could not be analysed; they are listed at the end and are in "
            "none of the numbers.",
            "bad",
        )


def _goals(found: Validation) -> Iterator[Block]:
    yield table_of(
        "",
        found.goals,
        (TableColumn("Finding", 3.4), lambda goal: goal.text),
        (number_column("Found"), _found),
        (number_column("Goal [R]"), _asked),
        (TableColumn("", 0.8), lambda goal: Cell(_WORDS[goal.state], _TONES[goal.state])),
    )


def _found(goal: GoalSection) -> Cell:
    return UNKNOWN if goal.found is None else Cell(f"{goal_figure(goal)}{_unit(goal)}")


def _asked(goal: GoalSection) -> Cell:
    return Cell(f"{'≥' if goal.at_least else '≤'} {goal.goal:g}{_unit(goal)}", "quiet")


def _unit(goal: GoalSection) -> str:
    return f" {goal.unit}" if goal.unit else ""


def _repeat(found: Validation) -> Iterator[Block]:
    yield Paragraph(
        "None of the numbers above can stand for these. Where a topic is commonly treated is named for "
        "orientation alone: this report follows no guideline, meets none, and is approved by none."
    )
    yield table_of(
        "",
        found.repeat,
        (TableColumn("Topic", 1.2), lambda one: one.topic),
        (TableColumn("To be found by the laboratory", 2.7), lambda one: one.measure),
        (TableColumn("On", 1.7), lambda one: one.specimens),
        (TableColumn("Why not from this report", 2.0), lambda one: one.why),
        (TableColumn("Orientation", 0.9), lambda one: Cell(one.orientation, "quiet")),
    )


def _methods(found: Validation) -> Iterator[Block]:
    size = found.series.size
    texts = (
        (
            "Cells. Antigens are lognormal over the cells of a population; dyes spill into their "
            "neighbours; detectors have photon and electronic noise; debris, doublets, dead and erythroid "
            "cells are in every tube. Donors, phenotypes, panels, instruments, gains and compositions vary "
            "from tube to tube; the ranges are wide on purpose and are nobody's measurement."
        ),
        (
            f"Relapse tubes hold {numerals.count(size.overt_events)} events, each CD5 pattern in turn, CD5 "
            f"spread evenly over its range; tubes for residual disease hold "
            f"{numerals.count(size.burden_events)} events."
        ),
        (
            "Agreement: mean difference and limits of agreement, bias ± 1.96 SD (Bland JM, Altman DG. "
            "Lancet 1986;1:307). Percentiles by Hazen's ranks, (i − ½)/n."
        ),
        (
            "Line: ordinary least squares, intervals by Student's t (Draper NR, Smith H. Applied Regression "
            "Analysis, 3rd ed., 1998). Deming's line for two methods with error: Linnet K. Clin Chem "
            "1993;39:424. A tube without a result (INDETERMINATE, INCONCLUSIVE, NOT_DETECTED) is in no line; "
            "it is missing in “called”."
        ),
        (
            "Bias of a level: mean of log10 of found over true, with Student's interval. CV of a level: of "
            "found over true, so that chance in how many blasts a tube holds is not in it. Counting: 100 "
            "over the root of the blasts."
        ),
        "Blank tubes: interval of the share called by Wilson (J Am Stat Assoc 1927;22:209).",
        (
            "Events drawn anew: the bootstrap (Efron B. Ann Stat 1979;7:1). Interval of the CV from that of "
            "a normal variable's SD, (n − 1)s² over quantiles of χ². Counting: for % CD5 the binomial CV "
            "√((1 − p)/(p n)), for the burden 1/√n."
        ),
    )
    for text in texts:
        yield Paragraph(text)


def _made(found: Validation) -> Iterator[Block]:
    made = found.provenance
    files: list[tuple[str, FileSection | SeriesSection]] = [
        *((f"Strategy, {one.use}", one) for one in found.strategies),
        ("Protocol", found.protocol),
        ("Series", found.series),
    ]
    rows = f"{numerals.count(found.rows)} rows"
    code = f"SHA-256 of its Python files {made.code_sha256}"
    settings = (f"{name} {_spaced(str(value))}" for name, value in made.settings.items())
    yield Facts(
        (
            *(fact(word, _named(one), note=f"SHA-256 {one.sha256}") for word, one in files),
            fact("tubes.csv", rows, note=f"SHA-256 {found.rows_sha256}"),
            fact("cd5flow", made.cd5flow, note=code),
            fact("Python", made.python),
            fact("Packages", ", ".join(f"{name} {v}" for name, v in made.packages.items())),
            fact("Settings", ", ".join(settings)),
        )
    )
    if found.failed:
        yield table_of(
            "Tubes that could not be analysed",
            found.failed,
            (TableColumn("Tube"), lambda one: Cell(one.tube, fixed=True)),
            (TableColumn("Error"), lambda one: Cell(one.error, "bad")),
            (TableColumn("What", 4), lambda one: one.message),
        )


def _spaced(words: str) -> str:
    """Return "accuracy=40, blank=10", which breaks at its commas."""
    return ", ".join(words.split(","))
