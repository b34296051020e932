"""The report's sections on the answers: numbers against expected ones, states against expected ones."""

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
    AgreementOf,
    AgreementSection,
    AgreementShares,
    ComparisonOf,
    ComparisonSection,
    LineOf,
    OutOfReach,
    ThresholdAgreement,
)


def comparison_blocks(found: ComparisonSection, show: PicturesByName) -> Iterator[Block]:
    """Yield lines and differences of both numbers."""
    for name, what, unit, of in (
        ("cd5", "% CD5", "percentage points", found.cd5),
        ("burden", "Burden", "log10 of percent", found.burden),
    ):
        yield from _comparison(what, unit, of)
        yield from show.blocks(f"comparison-{name}", f"differences-{name}")


def _comparison(what: str, unit: str, of: ComparisonOf) -> Iterator[Block]:
    if of.bias is None:
        yield Paragraph(f"{what}: not computed, {of.reason}.", "quiet")
        return
    if of.reason:
        yield Paragraph(f"{what}: {of.reason}.", "look")
    digits = 2 if of.scale == "percent" else 3
    left = f"; {of.left_out} tubes without a number, or with 0, are left out" if of.left_out else ""
    yield table_of(
        f"{what}, {unit}: {of.n} specimens of {of.tubes} tubes{left}",
        of.lines,
        (TableColumn("Line", 1.6), lambda line: _line_word(line, of)),
        (number_column("Slope (95 %)", 2), lambda line: _ended(line.slope, line.slope_ci95, 3)),
        (
            number_column("Intercept (95 %)", 2),
            lambda line: _ended(line.intercept, line.intercept_ci95, digits),
        ),
        (number_column("p, straight"), lambda line: cell_of(line.linear_p, "{:.3f}".format)),
    )
    limits = "–" if of.limits_of_agreement is None else between(of.limits_of_agreement, digits)
    rank = "–" if of.spearman is None else f"{of.spearman:.4f}"
    interval = "" if of.bias_ci95 is None else f" ({between(of.bias_ci95, digits)})"
    yield Paragraph(
        f"{what}, {unit}: bias {signed(of.bias, digits)}{interval}, limits of agreement {limits}, "
        f"Spearman's rank correlation {rank}; n = {of.n}. This does not show how specimens behave that "
        "are unlike these, and a rank correlation is no agreement."
    )


def _line_word(line: LineOf, of: ComparisonOf) -> Cell:
    ratio = "" if line.error_ratio is None else f", error ratio {line.error_ratio:g}"
    chosen = line.method == of.method
    return Cell(f"{line.method.title()}{ratio}", note="the answer, by the rules" if chosen else "")


def _ended(value: float, ends: tuple[float, float], digits: int) -> Cell:
    return with_interval(Cell(f"{value:.{digits}f}".replace("-", "−")), ends, digits)


def agreement_blocks(found: AgreementSection) -> Iterator[Block]:
    """Yield tables of states and shares that agree."""
    for what, of in (("CD5", found.cd5), ("Burden", found.burden)):
        if not of.n:
            yield Paragraph(f"{what}: not computed, {of.reason}.", "quiet")
            continue
        yield _states(what, of)
        yield _shares(what, of)
        if of.out_of_reach is not None:
            yield _beyond(of.out_of_reach)
    yield Paragraph(
        "Positive: MEETS; any state that says disease was found. Negative: DOES_NOT_MEET; NOT_DETECTED. "
        "A state that withholds an answer agrees with neither. Kappa depends on how often each state "
        "was expected: it does not carry over to another mix of specimens."
    )


def _beyond(of: OutOfReach) -> Block:
    return Paragraph(
        f"{of.n} of the {of.of} tubes expected NOT_DETECTED cannot be called so: their count of events "
        f"gives an LOD of {figure(of.least_lod_percent)} to {figure(of.most_lod_percent)} %, and "
        f"NOT_DETECTED is said up to {of.required_lod_percent:g} % alone. That is the size of the tubes, "
        "and tells nothing of the gates; how many blanks were called disease stands under LOB, LOD and LLOQ.",
        "look",
    )


def _states(what: str, of: AgreementOf) -> Block:
    columns = list(next(iter(of.table.values())))
    return table_of(
        f"{what}: expected states down, found states across; n = {of.n}",
        of.table.items(),
        (TableColumn("Expected", 1.6), lambda row: row[0].replace("_", " ")),
        *(
            (
                number_column(word.replace("_", " ")),
                lambda row, word=word: Cell(
                    str(row[1][word]),
                    "plain" if row[0] == word or not row[1][word] else "look",
                ),
            )
            for word in columns
        ),
    )


def _shares(what: str, of: AgreementOf) -> Block:
    rows: list[tuple[str, int, AgreementShares]] = [("by state", of.n, of)]
    rows += [(_limit_word(one), one.n, one) for one in of.at_threshold]
    return table_of(
        f"{what}: percent that agree, with 95 % intervals",
        rows,
        (TableColumn("", 2.4), lambda row: row[0]),
        (number_column("n", 0.5), lambda row: str(row[1])),
        (number_column("All", 1.6), lambda row: _share(row[2].percent, row[2].percent_ci95)),
        (
            number_column("Positive", 1.6),
            lambda row: _share(row[2].positive_percent, row[2].positive_ci95),
        ),
        (
            number_column("Negative", 1.6),
            lambda row: _share(row[2].negative_percent, row[2].negative_ci95),
        ),
        (
            number_column("Kappa", 1.6),
            lambda row: (
                UNKNOWN
                if row[2].kappa is None
                else with_interval(points(row[2].kappa), row[2].kappa_ci95, 2)
            ),
        ),
    )


def _limit_word(one: ThresholdAgreement) -> str:
    return f"{one.what}, {one.threshold_percent:g} % (kind sample)"


def _share(percent: float | None, ends: tuple[float, float] | None) -> Cell:
    return with_interval(cell_of(percent, "{:.1f}".format), ends, 1)
