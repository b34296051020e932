"""Who and what a report is about: its head on page one, and the lines that stand on every page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cd5flow.model.result import Result
from cd5flow.report import numerals
from cd5flow.report.lab import Lab
from cd5flow.report.naming import report_id
from cd5flow.report.parts import Fact, Facts, Letterhead, Running, Tone, fact
from cd5flow.report.signing import is_final, mark
from cd5flow.report.wording import Wording

RUNNING_LETTERS: Final = 60
"""Most letters of a name at the head of each page; page one has it whole."""


def letterhead(result: Result, lab: Lab | None, wording: Wording) -> Letterhead:
    """Return whose report it is; a draft says that nobody stated it, a final report has no such line."""
    if lab is None:
        return Letterhead(_laboratory(result, lab, wording), (), "", logo=False)
    phrases = wording.phrases
    lines = [*lab.address]
    for label, said in (
        (phrases.contact, lab.contact),
        (phrases.accreditation, lab.accreditation),
    ):
        if said is not None:
            lines.append(f"{label}{wording.colon}{said}")
    director = ""
    if lab.director is not None:
        director = f"{phrases.director}{wording.colon}{lab.director}"
    return Letterhead(lab.name, tuple(lines), director, logo=lab.logo is not None)


def _laboratory(result: Result, lab: Lab | None, wording: Wording) -> str:
    if lab is not None:
        return lab.name
    return "" if is_final(result.review) else wording.phrases.laboratory_unknown


def running(result: Result, wording: Wording, lab: Lab | None, version: int) -> Running:
    """Return what stands on every page."""
    phrases, sample = wording.phrases, result.sample
    before, _, rest = phrases.page_of.partition("{page}")
    between, _, after = rest.partition("{pages}")
    patient = phrases.not_given if sample.patient_id is None else sample.patient_id
    named = [(phrases.patient, patient)]
    if born := sample.identifiers.get("birth_date"):
        named.append((phrases.birth_date, born))
    named.append((phrases.sample, sample.id))
    return Running(
        laboratory=_short(_laboratory(result, lab, wording)),
        subject=" · ".join(f"{label}{wording.colon}{_short(text)}" for label, text in named),
        report=f"{report_id(result)} · {phrases.version} {version}",
        page=(before, between, after),
        mark=mark(result.review, wording),
    )


def _short(text: str) -> str:
    return text if len(text) <= RUNNING_LETTERS else f"{text[: RUNNING_LETTERS - 1]}…"


def identity(result: Result, wording: Wording, lab: Lab | None, version: int) -> Facts:
    """Return who and what: what must be known is said to be not stated, other facts stand if given."""
    return Facts(tuple(_identity(result, wording, lab, version)), columns=5)


def _identity(result: Result, wording: Wording, lab: Lab | None, version: int) -> Iterator[Fact]:
    phrases, choices, sample = wording.phrases, wording.choices, result.sample
    stated = sample.identifiers
    therapies = wording.joint.join(choices.prior_therapy[t] for t in sample.prior_therapy)

    def given(label: str, text: str | None, without: Tone = "quiet") -> Fact:
        return fact(label, text) if text else fact(label, phrases.not_given, without)

    def when(text: str | None) -> str | None:
        return text and numerals.moment(text)

    yield given(phrases.patient, sample.patient_id, "look")
    yield from _if_given(phrases.mrn, stated.get("mrn"))
    yield from _if_given(phrases.birth_date, stated.get("birth_date"))
    yield from _if_given(phrases.accession, stated.get("accession"))
    yield fact(phrases.sample, sample.id)
    ordered = stated.get("ordering_physician") or (lab.ordering_physician if lab else None)
    yield from _if_given(phrases.ordered_by, ordered)
    yield fact(phrases.specimen, choices.specimen[sample.specimen])
    yield fact(phrases.timepoint, choices.timepoint[sample.timepoint])
    yield given(phrases.collected, when(sample.collected_at))
    yield from _if_given(phrases.received, when(stated.get("received_at")))
    yield given(phrases.acquired, when(sample.acquired))
    yield given(phrases.prior_therapy, therapies)
    yield from _if_given(phrases.blasts_at_diagnosis, _at_diagnosis(result, wording))
    yield from _if_given(phrases.earlier_result, stated.get("earlier_result"))
    yield from _if_given(
        phrases.panel_lot, stated.get("panel_lot") or (lab.panel_lot if lab else None)
    )
    said = f"{phrases.version} {version}"
    if version > 1:
        said = phrases.version_replaces.format(version=version, earlier=version - 1)
    yield fact(phrases.report_id, report_id(result), fixed=True, note=said)
    yield fact(phrases.digest, result.shown_digest, fixed=True, note=phrases.digest_means)


def _if_given(label: str, text: str | None) -> Iterator[Fact]:
    if text:
        yield fact(label, text)


def _at_diagnosis(result: Result, wording: Wording) -> str | None:
    """Return how many blasts there were at diagnosis, as the sheet or the diagnostic result says."""
    if said := result.sample.identifiers.get("blasts_at_diagnosis"):
        return said
    laip = result.strategy.laip
    if laip is None:
        return None
    return wording.phrases.laip_of.format(
        sample=laip.sample, blasts=numerals.count(laip.blast_events)
    )
