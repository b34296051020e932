"""The report as one page of HTML: no script, nothing loaded, readable by eye, ear and printer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Unpack

from cd5flow.model.result import Result
from cd5flow.report.document import ReportOptions, report_document, written_document
from cd5flow.report.edition import edition
from cd5flow.report.parts import Picture
from cd5flow.report.webpage import TEMPLATES, data_url, file_text, picture_urls, render_page
from cd5flow.report.wording import load_wording

SHEET: Final = TEMPLATES / "report.css"


def render_html(
    result: Result,
    pictures: Sequence[Picture] = (),
    *,
    language: str = "en",
    **options: Unpack[ReportOptions],
) -> str:
    """Return the report as a page that needs no other file.

    Its content security policy allows its own style sheet and pictures, and nothing else.
    Arguments are those of `render_pdf`; a language needs no font here, browsers have their own.

    Raises:
        OptionError: the language is unknown or its file has faults.
    """
    wording = load_wording(language)
    document = report_document(result, pictures, wording=wording, **options)
    report = written_document(document, wording, typefaces=False)
    lab, extent = options.get("lab"), options.get("extent", "full")
    logo = None if lab is None else lab.logo
    return render_page(
        TEMPLATES / "report.html.j2",
        # Its only text from outside is escaped letter by letter.
        style=_style(report),
        report=report,
        images={
            "pictures": picture_urls(pictures),
            "logo": "" if logo is None else data_url(logo.media_type, logo.content),
        },
        edition=edition(language, lab, extent),
    )


def _style(report: dict[str, Any]) -> str:
    """Return the style sheet, with what stands on every printed page."""
    running = report["running"]
    before, between, after = running["page"]
    page = f"{_string(before)} counter(page) {_string(between)} counter(pages) {_string(after)}"
    return f"""
{file_text(SHEET)}
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
