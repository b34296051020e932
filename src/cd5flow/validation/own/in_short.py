"""What came out, a line a question: the first thing that who must judge it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cd5flow.report.parts import Block, Paragraph, TableColumn, number_column, table_of
from cd5flow.validation.cells import between, figure, signed
from cd5flow.validation.own.record import (
    AgreementOf,
    ComparisonOf,
    DetectionSection,
    LinearitySection,
    OwnValidation,
    PrecisionLevel,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A question, on how many results its answer rests, and the answer in words."""

    question: str
    n: int
    answer: str


def short_blocks(found: OwnValidation) -> Iterator[Block]:
    """Yield the table of every question that has an answer."""
    lines = list(short_lines(found))
    if not lines:
        yield Paragraph("Nothing could be computed; each section says why.", "look")
        return
    yield table_of(
        "Each answer with n; what it rests on, and what it does not show, stands in its section",
        lines,
        (TableColumn("Question", 1.3), lambda line: line.question),
        (number_column("n", 0.4), lambda line: str(line.n)),
        (TableColumn("Answer", 4), lambda line: line.answer),
    )


def short_lines(found: OwnValidation) -> Iterator[Line]:
    """Yield a line a question that has an answer."""
    compared, agreed = found.comparison, found.agreement
    for question, comparison, unit in (
        ("% CD5 against the truth", compared.cd5, "points"),
        ("Burden against the truth", compared.burden, "log10"),
    ):
        if comparison.bias is not None:
            yield Line(question, comparison.n, _compared(comparison, unit))
    for question, states in (
        ("States of CD5", agreed.cd5),
        ("States of the burden", agreed.burden),
    ):
        if states.n:
            yield Line(question, states.n, _agreed(states))
    for question, of in (("Repeats of % CD5", "cd5"), ("Repeats of the burden", "burden")):
        levels = [one for one in found.precision if one.of == of and one.cv_percent is not None]
        if levels:
            yield Line(question, sum(one.n for one in levels), _repeated(levels))
    if found.linearity.slope is not None:
        yield Line("Dilutions", found.linearity.n, _diluted(found.linearity))
    limits = found.detection
    if limits.lob is not None:
        yield Line("LOB, LOD, LLOQ", limits.n_blank + limits.n_low, _detected(limits))


def _compared(of: ComparisonOf, unit: str) -> str:
    digits = 2 if of.scale == "percent" else 3
    bias = f"bias {signed(of.bias or 0.0, digits)} {unit}"
    limits = of.limits_of_agreement
    spread = "" if limits is None else f", limits of agreement {between(limits, digits)}"
    if of.slope is None or of.slope_ci95 is None:
        return f"{bias}{spread}"
    return f"{bias}{spread}; slope {of.slope:.3f} ({between(of.slope_ci95, 3)})"


def _agreed(of: AgreementOf) -> str:
    share = "unknown" if of.percent is None else f"{of.percent:.1f} %"
    kappa = "" if of.kappa is None else f", kappa {of.kappa:.2f}"
    reach = of.out_of_reach
    beyond = "" if reach is None else f"; {reach.n} blanks hold too few events for NOT_DETECTED"
    return f"{share} as expected{kappa}; {_wrong(of)} on the wrong side{beyond}"


def _wrong(of: AgreementOf) -> int:
    """Return how many tubes got the opposite answer: not those whose answer was withheld."""
    positive = {"MEETS", "OVERT", "MRD_POSITIVE", "MRD_BELOW_LLOQ"}
    negative = {"DOES_NOT_MEET", "NOT_DETECTED"}
    return sum(
        count
        for expected, found in of.table.items()
        for word, count in found.items()
        if (expected in positive and word in negative)
        or (expected in negative and word in positive)
    )


def _repeated(levels: list[PrecisionLevel]) -> str:
    worst = max(levels, key=lambda one: one.cv_percent or 0.0)
    best = min(levels, key=lambda one: one.cv_percent or 0.0)
    far = sum(one.far is not None for one in levels)
    named = f"; far from their level, and kept: {far}" if far else ""
    return (
        f"CV {best.cv_percent:.2f} to {worst.cv_percent:.2f} % over {len(levels)} levels, the largest "
        f"at {worst.level}{named}"
    )


def _diluted(of: LinearitySection) -> str:
    ends = "" if of.slope_ci95 is None else f" ({between(of.slope_ci95, 3)})"
    return (
        f"slope {of.slope:.3f}{ends}, largest deviation of a level from the line "
        f"{figure(of.max_deviation_percent or 0.0)} %"
    )


def _detected(of: DetectionSection) -> str:
    known = ((name, value) for name, value in (("LOB", of.lob), ("LOD", of.lod), ("LLOQ", of.lloq)))
    said = ", ".join(f"{name} {'–' if v is None else f'{figure(v)} %'}" for name, v in known)
    purpose = {"establish": "established", "verify": "verified at most, not established"}
    return f"{said}: {purpose.get(of.purpose or '', 'too few results for limits')}"
