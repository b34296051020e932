"""The answer of page one as a box for a notebook: no script, nothing loaded, no other cell touched."""

from __future__ import annotations

from typing import Final

from cd5flow.model.result import Result
from cd5flow.report.answer import answer
from cd5flow.report.by_hand import by_hand_notice
from cd5flow.report.fonts import Scribe
from cd5flow.report.parts import plain_parts
from cd5flow.report.signing import status
from cd5flow.report.webpage import TEMPLATES, file_text, render_page
from cd5flow.report.wording import load_wording

_TEMPLATE: Final = TEMPLATES / "box.html.j2"
_SHEET: Final = TEMPLATES / "box.css"


def answer_box(result: Result, *, language: str = "en") -> str:
    """Return what page one answers, as HTML: CD5, burden and criterion, why, and who has reviewed it.

    Text of files is escaped; control characters are written as their code.

    Raises:
        OptionError: the language is unknown or its file has faults.
    """
    wording = load_wording(language)
    write = Scribe(typefaces=False).write
    choices, sample = wording.choices, result.sample
    subject = (sample.id, choices.timepoint[sample.timepoint], choices.specimen[sample.specimen])
    return render_page(
        _TEMPLATE,
        style=file_text(_SHEET),
        language=wording.language,
        subject=write(" · ".join(subject)),
        status=plain_parts(status(result.review, wording), write),
        notices=[plain_parts(one, write) for one in by_hand_notice(result, wording)],
        answer=plain_parts(answer(result, wording), write),
        disclaimer=write(wording.phrases.disclaimer),
    )
