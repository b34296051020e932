"""From a result to the parts of its report, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, TypedDict, Unpack

from cd5flow.criteria.eligibility import Eligibility
from cd5flow.model.result import Result
from cd5flow.report import numerals
from cd5flow.report.answer import answer
from cd5flow.report.by_hand import by_hand_notice
from cd5flow.report.findings import findings
from cd5flow.report.fonts import Scribe
from cd5flow.report.gallery import front_pictures
from cd5flow.report.head import identity, letterhead, running
from cd5flow.report.lab import Lab
from cd5flow.report.pages import pages
from cd5flow.report.parts import Extent, Paragraph, Picture, ReportDocument, fact, plain_parts
from cd5flow.report.signing import Replaced, replaced_notice, signatures, status
from cd5flow.report.wording import Wording

_MOST_LETTERS: Final = 12
"""Replaced letters that a notice lists."""


class ReportOptions(TypedDict, total=False):
    """What a report may say beside its result; what is not given is not known.

    Attributes:
        lab: whose report it is.
        version: of the report on this sample, from 1; a later one says that it replaces the former.
        replaced: the signed version that this one takes the place of.
        eligibility: the protocol's criteria, which get a table in the annex.
        extent: whether the technical annex is written; it is unless said otherwise.
    """

    lab: Lab | None
    version: int
    replaced: Replaced | None
    eligibility: Eligibility | None
    extent: Extent


def report_document(
    result: Result,
    pictures: Sequence[Picture] = (),
    *,
    wording: Wording,
    **options: Unpack[ReportOptions],
) -> ReportDocument:
    """Return what a result's report says, with pictures in the order in which they are shown."""
    phrases, lab, version = wording.phrases, options.get("lab"), options.get("version", 1)
    return ReportDocument(
        language=wording.language,
        title=phrases.report_title,
        subtitle=result.sample.id,
        skip=phrases.skip,
        letterhead=letterhead(result, lab, wording),
        running=running(result, wording, lab, version),
        status=status(result.review, wording),
        notices=(
            *replaced_notice(result, options.get("replaced"), wording),
            *by_hand_notice(result, wording),
        ),
        identity=identity(result, wording, lab, version),
        answer=answer(result, wording),
        front=front_pictures(pictures, wording),
        findings=findings(result, wording),
        sign_title=phrases.sign,
        comment=fact(phrases.comment, result.review.comment or ""),
        signatures=signatures(result.review, wording),
        attached=phrases.attached,
        disclaimer=tuple(
            text for text in (phrases.disclaimer, lab.disclaimer if lab else None) if text
        ),
        pages=pages(
            result,
            pictures,
            wording,
            extent=options.get("extent", "full"),
            eligibility=options.get("eligibility"),
        ),
    )


def written_document(
    document: ReportDocument, wording: Wording, *, typefaces: bool
) -> dict[str, Any]:
    """Return a report as plain values, with a notice of letters that were written as their code.

    `typefaces` is whether fonts must have the letters, as in a PDF.
    """
    scribe = Scribe(typefaces=typefaces)
    plain = plain_parts(document, scribe.write)
    if scribe.replaced:
        codes = [f"U+{ord(letter):04X}" for letter in scribe.replaced]
        listed = wording.joint.join(codes[:_MOST_LETTERS])
        if len(codes) > _MOST_LETTERS:
            listed += " …"
        text = wording.phrases.replaced.format(count=numerals.count(len(codes)), letters=listed)
        plain["notices"].append(asdict(Paragraph(text, "look")))
    return plain
