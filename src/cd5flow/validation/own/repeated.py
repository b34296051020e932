"""The report's sections on repetition: precision, dilutions, limits, order, hours and readers."""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.report.parts import Block, Cell, Paragraph, TableColumn, number_column, table_of
from cd5flow.validation.cells import (
    UNKNOWN,
    PicturesByName,
    between,
    cell_of,
    figure,
    points,
    signed,
    with_interval,
)
from cd5flow.validation.own.record import (
    CarryOverSection,
    DetectionSection,
    LinearitySection,
    OwnValidation,
    PrecisionLevel,
    ReaderSection,
    StabilityOf,
)


def precision_blocks(levels: tuple[PrecisionLevel, ...]) -> Iterator[Block]:
    """Yield the precision of each level and its parts."""
    if not levels:
        yield Paragraph("Not computed: no level has two results.", "quiet")
        return
    yield table_of(
        "Replicates of each level, percent as found",
        levels,
        (TableColumn("Level"), lambda one: one.level),
        (TableColumn("Of", 0.8), _word),
        (number_column("n", 0.5), lambda one: str(one.n)),
        (number_column("Mean"), lambda one: figure(one.mean)),
        (number_column("SD (95 %)", 1.8), lambda one: _sd(one.sd, one.sd_ci95)),
        (number_column("CV, %"), lambda one: points(one.cv_percent)),
        (TableColumn("Far from the others, kept", 1.8), _far),
    )
    for reason, where in _reasons(levels).items():
        yield Paragraph(f"{', '.join(where)}: {reason}.", "quiet")
    parts = [(one, part) for one in levels for part in one.components if len(one.components) > 2]
    if parts:
        yield table_of(
            "Parts of the variance by nested analysis of variance",
            parts,
            (TableColumn("Level"), lambda row: row[0].level),
            (TableColumn("Of", 0.8), lambda row: _word(row[0])),
            (TableColumn("Part", 1.3), lambda row: row[1].name),
            (number_column("n", 0.5), lambda row: str(row[0].n)),
            (number_column("df", 0.6), lambda row: f"{row[1].degrees_of_freedom:.1f}"),
            (number_column("SD (95 %)", 1.8), lambda row: _sd(row[1].sd, row[1].sd_ci95)),
            (number_column("CV, %"), lambda row: points(row[1].cv_percent)),
        )
    yield Paragraph(
        "Precision at these levels does not show precision at others, nor that of "
        "other operators, lots and instruments than took part."
    )


def _far(one: PrecisionLevel) -> Cell:
    far = one.far
    if far is None:
        return Cell("")
    return Cell(f"{far.sample}: {figure(far.percent)} (p {far.p:.1g})", "look")


def _reasons(levels: tuple[PrecisionLevel, ...]) -> dict[str, list[str]]:
    """Return each reason once, with the levels of which it holds."""
    found: dict[str, list[str]] = {}
    for one in levels:
        if one.reason is not None:
            where = found.setdefault(one.reason, [])
            if one.level not in where:
                where.append(one.level)
    return found


def _word(one: PrecisionLevel) -> str:
    return "% CD5" if one.of == "cd5" else "burden"


def _sd(sd: float, ends: tuple[float, float] | None) -> Cell:
    if ends is None:
        return Cell(figure(sd))
    return Cell(f"{figure(sd)} ({figure(ends[0])} to {figure(ends[1])})")


def linearity_blocks(of: LinearitySection, show: PicturesByName) -> Iterator[Block]:
    """Yield the dilution's line and what each level recovers."""
    if of.slope is None or of.slope_ci95 is None:
        yield Paragraph(f"Not computed: {of.reason}.", "quiet")
        return
    if of.reason:
        yield Paragraph(f"{of.reason}.", "look")
    curved = "–" if of.quadratic_p is None else f"{of.quadratic_p:.3f}"
    yield Paragraph(
        f"Slope {of.slope:.3f} ({between(of.slope_ci95, 3)}), R² {of.r2:.4f}, largest deviation of a "
        f"level from the line {figure(of.max_deviation_percent or 0)} %, p of a curved term {curved}; "
        f"n = {of.n}, {of.left_out} without a number above 0 are left out. The line does not show "
        "whether the dilution itself was right."
    )
    yield table_of(
        "Recovery",
        of.levels,
        (number_column("Expected, %"), lambda one: figure(one.expected)),
        (number_column("n", 0.5), lambda one: str(one.n)),
        (number_column("Found, %"), lambda one: figure(one.found)),
        (
            number_column("Recovery, % (95 %)", 2),
            lambda one: with_interval(Cell(f"{one.recovery_percent:.1f}"), one.recovery_ci95, 1),
        ),
        (
            number_column("From the line, %"),
            lambda one: Cell(signed(one.deviation_percent, 1)),
        ),
    )
    yield from show.blocks("linearity")


def detection_blocks(of: DetectionSection, show: PicturesByName) -> Iterator[Block]:
    """Yield the limits, what they rest on, and which claims hold."""
    yield table_of(
        f"Limits, percent of the denominator: n = {of.n_blank} blank and {of.n_low} low results",
        (
            ("LOB", of.lob, "highest of 95 of 100 blank results"),
            ("LOD", of.lod, "found above the LOB in 95 of 100"),
            (
                "LLOQ",
                of.lloq,
                f"lowest level with a CV of {of.lloq_cv_goal_percent:g} % or less [R]",
            ),
        ),
        (TableColumn("Limit", 0.7), lambda row: row[0]),
        (number_column("%"), lambda row: cell_of(row[1], figure)),
        (TableColumn("What it is", 3), lambda row: row[2]),
    )
    how = {
        "establish": "So many results establish limits.",
        "verify": "So many results verify limits that others established; they establish none.",
        None: "So few results give no limit.",
    }
    yield Paragraph(
        f"{how[of.purpose]} Form: {of.method or 'none'}. Disease was called in {of.blanks_called} of "
        f"{of.n_blank} blanks; everything in them that looks like a blast is "
        f"{UNKNOWN.text if of.background_median_percent is None else figure(of.background_median_percent)}"
        f" % (median), at most "
        f"{UNKNOWN.text if of.background_most_percent is None else figure(of.background_most_percent)} %. "
        "A tube's own LOD and LLOQ are the higher of these limits and those of its count of events. The "
        "limits do not hold for other panels, denominators or numbers of events.",
        "plain" if of.purpose == "establish" else "look",
    )
    if of.reason:
        yield Paragraph(f"{of.reason}.", "look")
    if of.claims:
        yield table_of(
            "Limits that the strategy claims",
            of.claims,
            (TableColumn("Limit"), lambda one: one.limit.upper()),
            (number_column("Claimed, %"), lambda one: figure(one.percent)),
            (number_column("Kept"), lambda one: f"{one.kept} of {one.n}"),
            (number_column("Fewest that would"), lambda one: str(one.least)),
            (
                TableColumn("", 1),
                lambda one: Cell("holds", "good") if one.holds else Cell("refuted", "bad"),
            ),
        )
    if of.profile:
        yield table_of(
            "CV of the burden by level",
            of.profile,
            (TableColumn("Level"), lambda one: one.level),
            (number_column("n"), lambda one: str(one.n)),
            (number_column("Withheld"), lambda one: str(one.without)),
            (number_column("Mean, %"), lambda one: figure(one.mean_percent)),
            (number_column("CV, %"), lambda one: points(one.cv_percent)),
        )
    yield from show.blocks("limits", "profile")


def course_blocks(found: OwnValidation, show: PicturesByName) -> Iterator[Block]:
    """Yield carry-over, stability and readers."""
    yield from _carry_over(found.carry_over)
    for what, of in (
        ("% CD5, points", found.stability.cd5),
        ("burden, log10", found.stability.burden),
    ):
        yield from _stability(what, of)
    yield from show.blocks("stability-cd5", "stability-burden")
    yield from _readers(found.readers)


def _carry_over(of: CarryOverSection) -> Iterator[Block]:
    if not of.found:
        yield Paragraph(f"Carry-over: not computed, {of.reason}.", "quiet")
        return
    yield table_of(
        f"Carry-over into blanks right after a tube with much disease; n = {of.n}",
        of.found,
        (TableColumn("After", 1.5), lambda one: one.high),
        (TableColumn("Blank", 1.5), lambda one: one.after),
        (number_column("High, %"), lambda one: figure(one.high_percent)),
        (number_column("First blank, %"), lambda one: figure(one.first_percent)),
        (number_column("Last blank, %"), lambda one: figure(one.last_percent)),
        (number_column("Carry-over, %"), lambda one: f"{one.carry_over_percent:.4f}"),
    )
    yield Paragraph(
        "Everything that looks like a blast is counted, scattered cells too. This does not part what "
        "was carried over from what the blanks hold by themselves.",
        "quiet",
    )


def _stability(what: str, of: StabilityOf) -> Iterator[Block]:
    if not of.changes:
        yield Paragraph(f"Stability of {what}: not computed, {of.reason}.", "quiet")
        return
    until = "no hours" if of.stable_hours is None else f"{of.stable_hours:g} hours"
    yield table_of(
        f"Stability of {what}: within {of.goal:g} [R] up to {until}; n = {of.specimens} specimens",
        of.changes,
        (number_column("Hours"), lambda one: f"{one.hours:g}"),
        (number_column("n"), lambda one: str(one.n)),
        (
            number_column("Mean change (95 %)", 2),
            lambda one: with_interval(Cell(signed(one.mean, 3)), one.ci95, 3),
        ),
    )


def _readers(of: ReaderSection) -> Iterator[Block]:
    if of.before is None and of.after is None:
        why = of.reason or "not every reader of a file has a number"
        yield Paragraph(f"Readers: not computed, {why}.", "quiet")
        return
    yield table_of(
        f"Readers of the same files, % CD5; n = {of.readers} readers",
        [
            (word, spread)
            for word, spread in (
                ("their own numbers, before", of.before),
                ("with the program, after", of.after),
            )
            if spread is not None
        ],
        (TableColumn("", 2), lambda row: row[0]),
        (number_column("Files"), lambda row: str(row[1].files)),
        (number_column("Mean range"), lambda row: points(row[1].mean_range)),
        (number_column("Largest"), lambda row: points(row[1].most_range)),
        (number_column("States differ"), lambda row: str(row[1].discordant)),
    )
