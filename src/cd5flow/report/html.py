"""The report as one page of HTML: no script, nothing loaded, readable by eye, ear and printer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cd5flow.criteria.eligibility import Eligibility
from cd5flow.model.result import Result
from cd5flow.report.document import report_document
from cd5flow.report.edition import edition
from cd5flow.report.fonts import Scribe
from cd5flow.report.lab import Lab
from cd5flow.report.parts import Picture
from cd5flow.report.pdf import replaced_notice
from cd5flow.report.wording import load_wording

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


def render_html(
    result: Result,
    pictures: Sequence[Picture] = (),
    *,
    language: str = "en",
    lab: Lab | None = None,
    version: int = 1,
    eligibility: Eligibility | None = None,
) -> str:
    """Return the report as a page that needs no other file.

    Its content security policy allows its own style sheet and pictures, and nothing else.
    Arguments are those of `render_pdf`; a language needs no font here, browsers have their own.

    Raises:
        OptionError: the language is unknown or its file has faults.
    """
    wording = load_wording(language)
    scribe = Scribe(typefaces=False)
    document = report_document(
        result, pictures, wording=wording, lab=lab, version=version, eligibility=eligibility
    )
    report = document.plain(scribe.write)
    if scribe.replaced:
        report["notices"].append(replaced_notice(scribe, wording))
    style = _style(report)
    digest = hashlib.sha256(style.encode()).digest()
    from markupsafe import Markup  # noqa: PLC0415 - with jinja2, only where a page is written

    return _template().render(
        report=report,
        images=_images(pictures, lab),
        # The style sheet's only text from outside is escaped letter by letter.
        style=Markup(style),  # noqa: S704
        style_hash=base64.b64encode(digest).decode(),
        edition=edition(language, lab),
    )


def _images(pictures: Sequence[Picture], lab: Lab | None) -> dict[str, Any]:
    """Return pictures as data: addresses; a script in one would not run, being in an image."""
    shown = [
        _data("image/png", picture.png)
        if picture.svg is None
        else _data("image/svg+xml", picture.svg.encode())
        for picture in pictures
    ]
    logo = ""
    if lab is not None and lab.logo is not None:
        logo = _data(lab.logo.media_type, lab.logo.content)
    return {"pictures": shown, "logo": logo}


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _style(report: dict[str, Any]) -> str:
    """Return the style sheet, with what stands on every printed page."""
    running = report["running"]
    before, between, after = running["page"]
    page = f"{_string(before)} counter(page) {_string(between)} counter(pages) {_string(after)}"
    return f"""
{_sheet()}
@page {{
  size: A4; margin: 18mm 14mm 14mm; font: 7pt sans-serif; color: #55606b;
  @top-left {{ content: {_string(running["laboratory"])} "\\A " {_string(running["subject"])};
    white-space: pre-line; }}
  @top-right {{ content: {_string(running["report"])} "\\A " {_string(running["mark"])};
    white-space: pre-line; text-align: right; }}
  @bottom-left {{ content: {_string(report["title"])}; }}
  @bottom-right {{ content: {page}; }}
}}
"""


def _string(text: str) -> str:
    """Return a text as a string of CSS (CSS Syntax Level 3, 4.3.7): its letters, or their codes."""
    letters = (c if c.isascii() and (c.isalnum() or c == " ") else f"\\{ord(c):x} " for c in text)
    return f'"{"".join(letters)}"'


@cache
def _sheet() -> str:
    return (_TEMPLATES / "report.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only where a page is written

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (_TEMPLATES / "report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)
