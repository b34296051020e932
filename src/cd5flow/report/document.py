"""From a result to the parts of its report, in the reader's language."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from cd5flow.criteria.eligibility import Eligibility
from cd5flow.model.result import Result
from cd5flow.report import numerals
from cd5flow.report.answer import answer, quality_summary
from cd5flow.report.by_hand import by_hand_notice
from cd5flow.report.fonts import Scribe
from cd5flow.report.lab import Lab
from cd5flow.report.parts import (
    Cell,
    Fact,
    Facts,
    Letterhead,
    Paragraph,
    Picture,
    ReportDocument,
    Running,
    Sign,
    Tone,
    fact,
    plain_parts,
)
from cd5flow.report.sections import sections
from cd5flow.report.wording import Wording

_MOST_LETTERS: Final = 12
"""Replaced letters that a notice lists."""

RUNNING_LETTERS: Final = 60
"""Most letters of a name at the head of each page; page 1 has it whole."""


def report_document(
    result: Result,
    pictures: Sequence[Picture] = (),
    *,
    wording: Wording,
    lab: Lab | None = None,
    version: int = 1,
    eligibility: Eligibility | None = None,
) -> ReportDocument:
    """Return what a result's report says.

    Args:
        result: the tube's.
        pictures: in the order in which they are shown.
        wording: the language's words.
        lab: whose report it is; None where that is not known.
        version: of the report on this sample, from 1; a later one says that it replaces the former.
        eligibility: the protocol's criteria; None where no clinic was asked.
    """
    phrases = wording.phrases
    reviewed = result.review.state != "unreviewed"
    state = wording.states.review[result.review.state]
    return ReportDocument(
        language=wording.language,
        title=phrases.report_title,
        subtitle=result.sample.id,
        skip=phrases.skip,
        letterhead=_letterhead(lab, wording),
        running=_running(result, wording, lab, version),
        status=Cell(
            state.word if reviewed else f"{phrases.draft} · {state.word}",
            "good" if reviewed and result.review.state != "rejected" else "bad",
            note=state.means,
        ),
        notices=by_hand_notice(result, wording),
        identity=_identity(result, wording, version),
        answer=answer(result, wording),
        quality=quality_summary(result.quality, wording),
        sign_title=phrases.sign,
        comment=fact(phrases.comment, result.review.comment or ""),
        signatures=_signatures(result, wording),
        attached=phrases.attached,
        disclaimer=tuple(
            text for text in (phrases.disclaimer, lab.disclaimer if lab else None) if text
        ),
        sections=sections(result, pictures, wording, eligibility),
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


def report_id(result: Result) -> str:
    """Return the report's id: of the result but for the time it was computed.

    Equal inputs, settings and versions give equal ids; a review gives another.
    """
    content = result.model_dump_json(
        by_alias=True, exclude={"digest": True, "provenance": {"created"}}
    )
    digits = hashlib.sha256(content.encode()).hexdigest()[:16].upper()
    return "CD5F-" + "-".join(digits[i : i + 4] for i in range(0, 16, 4))


def _letterhead(lab: Lab | None, wording: Wording) -> Letterhead:
    if lab is None:
        return Letterhead(wording.phrases.laboratory_unknown, (), "", logo=False)
    director = ""
    if lab.director is not None:
        director = f"{wording.phrases.director}{wording.colon}{lab.director}"
    return Letterhead(lab.name, lab.address, director, logo=lab.logo is not None)


def _running(result: Result, wording: Wording, lab: Lab | None, version: int) -> Running:
    phrases, sample = wording.phrases, result.sample
    patient = phrases.not_given if sample.patient_id is None else sample.patient_id
    before, _, rest = phrases.page_of.partition("{page}")
    between, _, after = rest.partition("{pages}")
    mark = ""
    if result.review.state == "unreviewed":
        mark = f"{phrases.draft} · {wording.states.review['unreviewed'].word}"
    return Running(
        laboratory=phrases.laboratory_unknown if lab is None else _short(lab.name),
        subject=(
            f"{phrases.patient}{wording.colon}{_short(patient)} · "
            f"{phrases.sample}{wording.colon}{_short(sample.id)}"
        ),
        report=f"{report_id(result)} · {phrases.version} {version}",
        page=(before, between, after),
        mark=mark,
    )


def _short(text: str) -> str:
    return text if len(text) <= RUNNING_LETTERS else f"{text[: RUNNING_LETTERS - 1]}…"


def _identity(result: Result, wording: Wording, version: int) -> Facts:
    phrases, choices, sample = wording.phrases, wording.choices, result.sample
    said = f"{phrases.version} {version}"
    if version > 1:
        said = phrases.version_replaces.format(version=version, earlier=version - 1)
    therapies = wording.joint.join(choices.prior_therapy[t] for t in sample.prior_therapy)

    def given(label: str, text: str | None, without: Tone = "quiet") -> Fact:
        return fact(label, text) if text else fact(label, phrases.not_given, without)

    return Facts(
        (
            given(phrases.patient, sample.patient_id, "look"),
            fact(phrases.sample, sample.id),
            fact(phrases.file, sample.file),
            fact(phrases.report_id, report_id(result), fixed=True, note=said),
            fact(phrases.specimen, choices.specimen[sample.specimen]),
            fact(phrases.timepoint, choices.timepoint[sample.timepoint]),
            given(phrases.prior_therapy, therapies),
            fact(phrases.issued, numerals.moment(result.provenance.created)),
            given(phrases.collected, sample.collected_at and numerals.moment(sample.collected_at)),
            given(phrases.acquired, sample.acquired and numerals.moment(sample.acquired)),
            given(phrases.cytometer, sample.cytometer),
            fact(phrases.events, numerals.count(sample.events)),
        ),
        columns=4,
    )


def _signatures(result: Result, wording: Wording) -> tuple[Sign, ...]:
    """Return the analyst's and the reviewer's field; an empty text is written in by a person."""
    phrases, review = wording.phrases, result.review

    def sign(role: str, by: str | None = None, at: str | None = None) -> Sign:
        date = numerals.moment(at) if at else ""
        texts = ((phrases.name, by or ""), (phrases.date, date), (phrases.signature, ""))
        return Sign(role, tuple(fact(label, text) for label, text in texts))

    reviewed = review.state != "unreviewed"
    reviewer = sign(phrases.reviewer, review.by, review.at) if reviewed else sign(phrases.reviewer)
    return sign(phrases.analyst), reviewer
