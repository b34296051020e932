"""What persons made of a result: the mark on every page, the signatures, and what a version replaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cd5flow.model.result import Result, ReviewSection, SignatureSection
from cd5flow.report import numerals
from cd5flow.report.answer import burden_number, cd5_number
from cd5flow.report.naming import report_id
from cd5flow.report.parts import Cell, Paragraph, Sign, Tone, fact
from cd5flow.report.wording import Wording

_TONES: Final[dict[str, Tone]] = {
    "unreviewed": "bad",
    "confirmed": "good",
    "amended": "look",
    "rejected": "bad",
}


@dataclass(frozen=True, slots=True)
class Replaced:
    """The version that a report takes the place of, for which a person answers.

    Attributes:
        version: its number.
        result: what it said, with its review as the ledger proves it.
        reason: why it was replaced, as the person wrote.
    """

    version: int
    result: Result
    reason: str


def is_final(review: ReviewSection) -> bool:
    """Return whether a report goes out as final: approved, as it was computed or after an amendment."""
    return review.state in {"confirmed", "amended"}


def mark(review: ReviewSection, wording: Wording) -> str:
    """Return what stands on every page: a draft, amended or rejected, by rules not approved; else nothing."""
    return " · ".join((*_state_mark(review, wording), *_not_approved(review, wording)))


def _state_mark(review: ReviewSection, wording: Wording) -> Iterator[str]:
    word = wording.states.review[review.state].word
    match review.state:
        case "unreviewed":
            yield wording.phrases.draft
            yield word
        case "confirmed":
            return
        case _:
            yield word


def _not_approved(review: ReviewSection, wording: Wording) -> Iterator[str]:
    """Yield which rules that decided the laboratory had not approved; nothing where that is unknown."""
    if review.strategy_approved is False:
        yield wording.phrases.strategy_not_approved
    if review.protocol_approved is False:
        yield wording.phrases.protocol_not_approved


def status(review: ReviewSection, wording: Wording) -> Cell:
    """Return the same as it stands in the head of page one, with what it means."""
    state = wording.states.review[review.state]
    words = tuple(_state_mark(review, wording)) or (state.word,)
    text = " · ".join((*words, *_not_approved(review, wording)))
    return Cell(text, _TONES[review.state], note=state.means)


def signatures(review: ReviewSection, wording: Wording) -> tuple[Sign, ...]:
    """Return every signature of the ledger; where there is none, fields for an analyst and a reviewer."""
    if review.signatures:
        return tuple(_signed(one, wording) for one in review.signatures)
    phrases = wording.phrases
    labels = (phrases.name, phrases.date, phrases.signature)
    return tuple(
        Sign(role, tuple(fact(label, "") for label in labels))
        for role in (phrases.analyst, phrases.reviewer)
    )


def _signed(one: SignatureSection, wording: Wording) -> Sign:
    phrases, choices = wording.phrases, wording.choices
    return Sign(
        choices.meaning[one.meaning],
        (
            fact(phrases.name, f"{one.name} ({choices.signer[one.role]})"),
            fact(phrases.date, numerals.moment(one.at)),
            fact(phrases.entry, numerals.count(one.entry)),
        ),
        one.entry,
    )


def replaced_notice(
    result: Result, replaced: Replaced | None, wording: Wording
) -> tuple[Paragraph, ...]:
    """Return which version a report replaces, what changed in it, and why."""
    if replaced is None:
        return ()
    changes = [
        wording.phrases.changed.format(what=what, before=before, now=now)
        for what, before, now in _changes(replaced.result, result, wording)
    ]
    earlier = replaced.result
    said = wording.phrases.replaces.format(
        version=replaced.version,
        report=report_id(earlier),
        computed=numerals.moment(earlier.provenance.created),
        review=_reviewed(earlier.review, wording),
        changes="; ".join(changes) or wording.phrases.nothing_changed,
        reason=replaced.reason,
    )
    return (Paragraph(said, "look"),)


def _reviewed(review: ReviewSection, wording: Wording) -> str:
    """Return what persons made of a version: its state, and who signed it last."""
    word = wording.states.review[review.state].word
    if not review.signatures:
        return word
    last = review.signatures[-1]
    return wording.phrases.reviewed_by.format(
        state=word,
        meaning=wording.choices.meaning[last.meaning],
        at=numerals.moment(last.at),
        name=last.name,
    )


def _changes(before: Result, now: Result, wording: Wording) -> Iterator[tuple[str, str, str]]:
    """Yield what a reader of the earlier report must know: heading, what it said, what is said now."""
    phrases, states = wording.phrases, wording.states
    pairs: tuple[tuple[str, Callable[[Result], str]], ...] = (
        (phrases.cd5_share, lambda one: cd5_number(one.cd5, wording)),
        (phrases.cd5, lambda one: states.cd5[one.cd5.state].word),
        (phrases.burden_share, lambda one: burden_number(one.burden, wording)),
        (phrases.burden, lambda one: states.burden[one.burden.state].word),
        (phrases.criterion, lambda one: states.criterion[one.criterion.state].word),
        (phrases.strategy, lambda one: wording.versioned(one.strategy)),
        (phrases.protocol, lambda one: wording.versioned(one.protocol)),
        (phrases.file, lambda one: f"{one.sample.file} {one.sample.sha256[:8]}"),
        (phrases.by_hand, lambda one: _drawn(one, wording)),
        (phrases.software, lambda one: f"cd5flow {one.provenance.cd5flow}"),
    )
    for what, say in pairs:
        if say(before) != say(now):
            yield what, say(before), say(now)


def _drawn(result: Result, wording: Wording) -> str:
    names = (wording.population(one.gate) for one in result.overrides)
    return wording.joint.join(names) or wording.phrases.none
