"""Sentences of reasons as a report prints them, with the codes under which programs find them."""

from __future__ import annotations

from collections.abc import Iterable

from cd5flow.model.reasons import AS_WRITTEN, Reason
from cd5flow.report.parts import ReasonLine, Reasons
from cd5flow.report.wording import Wording


def reason_list(title: str, reasons: Iterable[Reason], wording: Wording) -> Reasons:
    """Return all reasons of one kind."""
    return Reasons(title, tuple(_reason(reason, wording) for reason in reasons))


def _reason(reason: Reason, wording: Wording) -> ReasonLine:
    code = "" if reason.code == AS_WRITTEN else reason.code
    return ReasonLine(capital(wording.sentence(reason)), code)


def capital(sentence: str) -> str:
    """Begin a sentence as a sentence begins; names such as "cyCD3" are not touched."""
    first = sentence.split(" ", 1)[0]
    return sentence[:1].upper() + sentence[1:] if first.islower() and first.isalpha() else sentence
