"""What the report of a laboratory's validation says, before it is a PDF or a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cd5flow.report import numerals
from cd5flow.report.parts import (
    Block,
    Facts,
    Paragraph,
    Picture,
    ReportSection,
    Sign,
    TableColumn,
    fact,
    table_of,
)
from cd5flow.validation.cells import PicturesByName
from cd5flow.validation.own.answers import agreement_blocks, comparison_blocks
from cd5flow.validation.own.in_short import short_blocks
from cd5flow.validation.own.record import OwnValidation
from cd5flow.validation.own.repeated import (
    course_blocks,
    detection_blocks,
    linearity_blocks,
    precision_blocks,
)

TITLE: Final = "Validation on the laboratory's own tubes"
MARK: Final = "NOT SIGNED"
NOT_THIS: Final = (
    "A record of what was found; a validation once the laboratory has judged and signed it."
)

QUESTIONS: Final = (
    "Method comparison of % CD5",
    "Method comparison of the burden",
    "Agreement of states",
    "Precision",
    "Linearity and recovery",
    "LOB, LOD and LLOQ",
    "Carry-over, stability, readers",
)
"""What the laboratory judges, line by line, on the page to sign."""


@dataclass(frozen=True, slots=True)
class OwnDocument:
    """A whole report.

    Attributes:
        title: of the document.
        mark: on every page: that nobody has signed it.
        not_this: what it is not, on every page.
        id: sheet, version and time, on every page.
        identity: what was validated, with what.
        lead: what a reader must know first.
        sections: the rest, in order.
        sign_title: heading of the page to sign.
        judged: what is accepted or not, each with fields to fill in.
        signatures: fields for names, dates and signatures.
    """

    title: str
    mark: str
    not_this: str
    id: str
    identity: Facts
    lead: tuple[Paragraph, ...]
    sections: tuple[ReportSection, ...]
    sign_title: str
    judged: tuple[Sign, ...]
    signatures: tuple[Sign, ...]


def own_document(found: OwnValidation, pictures: Sequence[Picture] = ()) -> OwnDocument:
    """Return what the report says."""
    show = PicturesByName(pictures)
    made = found.provenance
    return OwnDocument(
        title=TITLE,
        mark=MARK,
        not_this=NOT_THIS,
        id=f"{made.sheet}, cd5flow {made.cd5flow}, {numerals.moment(made.created)}",
        identity=_identity(found),
        lead=tuple(_lead(found)),
        sections=tuple(
            ReportSection(anchor, heading, tuple(blocks))
            for anchor, heading, blocks in (
                ("short", "In short", short_blocks(found)),
                ("comparison", "Method comparison", comparison_blocks(found.comparison, show)),
                ("agreement", "Agreement of states", agreement_blocks(found.agreement)),
                ("precision", "Precision", precision_blocks(found.precision)),
                ("linearity", "Linearity and recovery", linearity_blocks(found.linearity, show)),
                ("detection", "LOB, LOD and LLOQ", detection_blocks(found.detection, show)),
                ("course", "Carry-over, stability, readers", course_blocks(found, show)),
                ("methods", "How each number was computed", _methods()),
                ("made", "What was validated, and with what", _made(found)),
            )
        ),
        sign_title="Judgement of the laboratory",
        judged=tuple(
            Sign(what, (fact("Accepted (yes/no)", ""), fact("Goal", ""), fact("Remark", "")))
            for what in QUESTIONS
        ),
        signatures=tuple(
            Sign(role, (fact("Name", ""), fact("Date", ""), fact("Signature", "")))
            for role in ("Made by", "Reviewed by", "Approved by")
        ),
    )


def _identity(found: OwnValidation) -> Facts:
    made = found.provenance
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.items())
    return Facts(
        (
            fact("Software", f"cd5flow {made.cd5flow}", note=f"Python {made.python}"),
            *(fact(one.what, f"{one.name} {one.version}") for one in made.files),
            fact("Sheet", made.sheet, note=f"SHA-256 {made.sheet_sha256[:16]}…"),
            fact("Tubes", numerals.count(found.tubes), note=kinds),
            fact(
                "Without a result", str(len(found.failures)), "bad" if found.failures else "plain"
            ),
            fact("Made", numerals.moment(made.created)),
        ),
        columns=4,
    )


def _lead(found: OwnValidation) -> Iterator[Paragraph]:
    yield Paragraph(
        "Every tube went through the ordinary analysis, and what came out is held against what the "
        "laboratory's sheet says is true of it. The numbers are as good as that truth and as the "
        "choice of specimens. Goals marked [R] are defaults of the software: the laboratory states its "
        "own. No guideline's approval is claimed; where a formula is commonly found is named beside it."
    )
    for note in found.notes:
        yield Paragraph(f"{note[:1].upper()}{note[1:]}.", "look")
    if found.failures:
        yield Paragraph(
            f"{len(found.failures)} rows have no result; they are listed at the end and are in none of "
            "the numbers.",
            "bad",
        )


def _methods() -> Iterator[Block]:
    for text in (
        (
            "Passing-Bablok: shifted median of the slopes between all pairs of points, interval by ranks, "
            "cusum test of linearity (Passing H, Bablok W. J Clin Chem Clin Biochem 1983;21:709)."
        ),
        (
            "Deming: ratio of the error variances as stated, interval by the jackknife with n − 2 degrees "
            "of freedom (Cornbleet PJ, Gochman N. Clin Chem 1979;25:432; Linnet K. Clin Chem 1993;39:424)."
        ),
        (
            "Bias and limits of agreement: mean ± 1.96 SD (Bland JM, Altman DG. Lancet 1986;1:307; intervals "
            "of 1999;8:135 in Stat Methods Med Res). The burden is compared as log10: a bias of 0.1 is 26 %."
        ),
        (
            "Shares of agreement with Wilson's interval (J Am Stat Assoc 1927;22:209); kappa of Cohen (1960) "
            "with the error of Fleiss, Cohen and Everitt (Psychol Bull 1969;72:323)."
        ),
        (
            "Precision: nested analysis of variance, unbalanced designs by Searle's expectations, an "
            "estimate below zero counts as zero; intervals by Satterthwaite's degrees of freedom "
            "(Biometrics Bull 1946;2:110), as CLSI EP05 has them. A result far from its level by "
            "Grubbs's test (Technometrics 1969;11:1) is named and stays in every number."
        ),
        (
            "Linearity: least squares of log10 on log10; deviation of each level's geometric mean from the "
            "line; p of a curved term (CLSI EP06)."
        ),
        (
            "LOB: mean + c SD, or rank 0.5 + 0.95 B; LOD: LOB + c pooled SD of the lows, or LOB + median "
            "less 5th percentile; c = 1.645/(1 − 1/(4 f)) (CLSI EP17-A2; Linnet K, Kondratovich M. Clin Chem "
            "2004;50:732). Ranks where blanks or lows do not look normal (Shapiro-Wilk). LLOQ: mean of the "
            "lowest level at or above the LOD from which on every CV keeps to the goal. Claims: exact "
            "binomial."
        ),
        (
            "Carry-over: (first − last)/(high − last) over everything that looks like a blast (Broughton PMG "
            "et al. Ann Clin Biochem 1974;11:207). Stability: mean change from each specimen's first hours "
            "(CLSI EP25)."
        ),
    ):
        yield Paragraph(text)


def _made(found: OwnValidation) -> Iterator[Block]:
    made = found.provenance
    yield Facts(
        (
            *(
                fact(one.what, f"{one.name} {one.version}", note=f"SHA-256 {one.sha256}")
                for one in made.files
            ),
            fact("Sheet", made.sheet, note=f"SHA-256 {made.sheet_sha256}"),
            fact("tubes.csv", f"{found.tubes} rows", note=f"SHA-256 {found.tubes_sha256}"),
            fact("cd5flow", made.cd5flow),
            fact("Python", made.python),
            fact("Packages", ", ".join(f"{name} {v}" for name, v in made.packages.items())),
        )
    )
    if found.failures:
        yield table_of(
            "Rows without a result",
            found.failures,
            (TableColumn("Sample"), lambda one: one.sample),
            (TableColumn("File"), lambda one: one.file),
            (TableColumn("Error"), lambda one: one.error),
            (TableColumn("What", 4), lambda one: one.message),
        )
