"""The answer in plain lines for a terminal, in the report's words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from cd5flow.model.result import QualityState, Result
from cd5flow.report.answer import answer
from cd5flow.report.findings import observed
from cd5flow.report.fonts import Scribe
from cd5flow.report.parts import Card, Reasons
from cd5flow.report.signing import status
from cd5flow.report.wording import Wording, load_wording

Row = tuple[str, str]
"""What a line is about, empty where the line before says it; and what it says."""


def summary_lines(result: Result, *, language: str = "en") -> list[str]:
    """Return what page one of the report says: answer, reasons, warnings, and who has reviewed it.

    Control characters are written as their code, so that no file's text moves the cursor.

    Raises:
        OptionError: the language is unknown or its file has faults.
    """
    wording = load_wording(language)
    scribe = Scribe(typefaces=False)
    rows = [(scribe.write(head), scribe.write(text)) for head, text in _rows(result, wording)]
    width = max(_width(head) for head, _ in rows)
    return [f"{head}{' ' * (width - _width(head))}  {text}".rstrip() for head, text in rows]


def _rows(result: Result, wording: Wording) -> Iterator[Row]:
    phrases, choices, sample = wording.phrases, wording.choices, result.sample
    yield (
        phrases.sample,
        " · ".join(
            (sample.id, choices.timepoint[sample.timepoint], choices.specimen[sample.specimen])
        ),
    )
    said = answer(result, wording)
    yield from _card(said.cd5, phrases.cd5, said.reasons)
    yield from _card(said.burden, phrases.burden, said.reasons)
    yield from _card(said.criterion, phrases.criterion, said.reasons)
    for seen in observed(result, wording):
        yield seen.label, seen.value.text
    yield phrases.quality_all, wording.states.quality[result.quality.state].word
    for check in result.quality.checks:
        if check.state in {QualityState.WARN, QualityState.FAIL}:
            state = wording.states.quality[check.state].word
            name = wording.check_name(check)
            yield "", f"{state} {name}{wording.colon}{wording.check(check)}"
    for control in result.controls:
        used = phrases.accepted if control.accepted else phrases.refused
        why = " ".join(map(wording.sentence, control.reasons))
        yield choices.role[control.role], f"{control.file}{wording.colon}{used}. {why}".rstrip(" .")
    review = status(result.review, wording)
    yield phrases.reviewer, f"{review.text}{wording.colon}{review.note}"


def _card(card: Card, head: str, reasons: tuple[Reasons, ...]) -> Iterator[Row]:
    """Yield a question's answer, what it rests on, and the reasons under the same heading."""
    yield head, f"{card.number}  {card.state.text}".strip()
    for line in card.lines:
        yield "", line
    for some in reasons:
        if some.title == head:
            for reason in some.sentences:
                yield "", f"- {reason.text}" + (f" [{reason.code}]" if reason.code else "")


def _width(text: str) -> int:
    """Return how many places a text takes in a terminal (Unicode Standard Annex 11)."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
