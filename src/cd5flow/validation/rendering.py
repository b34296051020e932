"""A validation's document as PDF and as HTML, whatever was validated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cd5flow.report.fonts import Scribe
from cd5flow.report.html import SHEET
from cd5flow.report.parts import Facts, Paragraph, Picture, ReportSection, plain_parts
from cd5flow.report.typesetting import picture_files, typeset
from cd5flow.report.webpage import file_text, picture_urls, render_page


@dataclass(frozen=True, slots=True)
class ValidationDocument:
    """A whole report, before it is a PDF or a page.

    Attributes:
        title: of the document.
        mark: on every page: what it is, or that nobody has signed it.
        not_this: what it is not, on every page.
        id: by what it is told from others, on every page.
        identity: what was validated, with what.
        lead: what a reader must know first.
        sections: the rest, in order.
    """

    title: str
    mark: str
    not_this: str
    id: str
    identity: Facts
    lead: tuple[Paragraph, ...]
    sections: tuple[ReportSection, ...]


def pdf_of(
    document: ValidationDocument,
    template: Path,
    *,
    record: str,
    created: str,
    pictures: Sequence[Picture],
) -> bytes:
    """Return a document as PDF/A-3b with ``validation.json`` attached.

    Equal arguments give equal bytes.

    Args:
        document: what the report says.
        template: the Typst file that sets it.
        record: ``validation.json``.
        created: when it was made, ISO 8601; the PDF is dated by it.
        pictures: named in the document.
    """
    files = picture_files(pictures)
    report = plain_parts(document, Scribe(typefaces=True).write) | {"files": list(files)}
    return typeset(
        file_text(template),
        files=files,
        inputs={"report": json.dumps(report, ensure_ascii=False), "validation": record},
        seconds=int(datetime.fromisoformat(created).timestamp()),
    )


def html_of(document: ValidationDocument, template: Path, *, pictures: Sequence[Picture]) -> str:
    """Return a document as a page that needs no other file: no script, nothing loaded."""
    return render_page(
        template,
        style=f"{file_text(SHEET)}\n@page {{ size: A4; margin: 14mm; }}\n",
        report=plain_parts(document, Scribe(typefaces=False).write),
        images=picture_urls(pictures),
    )
