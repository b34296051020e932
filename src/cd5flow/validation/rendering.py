"""The report of a validation as PDF/A-3b and as one page of HTML, in the reports' typesetting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cd5flow.report.fonts import Scribe
from cd5flow.report.html import SHEET
from cd5flow.report.parts import Picture, plain_parts
from cd5flow.report.typesetting import picture_files, typeset
from cd5flow.report.webpage import file_text, picture_urls, render_page
from cd5flow.validation.document import validation_document
from cd5flow.validation.record import Validation

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


def render_pdf(found: Validation, pictures: Sequence[Picture] = ()) -> bytes:
    """Return the report as PDF/A-3b with ``validation.json`` attached.

    Equal arguments give equal bytes: the PDF is dated by the validation.
    """
    files = picture_files(pictures)
    report = _plain(found, pictures, typefaces=True) | {"files": list(files)}
    return typeset(
        file_text(_TEMPLATES / "validation.typ"),
        files=files,
        inputs={"report": json.dumps(report, ensure_ascii=False), "validation": found.to_json()},
        seconds=int(datetime.fromisoformat(found.provenance.created).timestamp()),
    )


def render_html(found: Validation, pictures: Sequence[Picture] = ()) -> str:
    """Return the report as a page that needs no other file: no script, nothing loaded."""
    return render_page(
        _TEMPLATES / "validation.html.j2",
        style=f"{file_text(SHEET)}\n@page {{ size: A4; margin: 14mm; }}\n",
        report=_plain(found, pictures, typefaces=False),
        images=picture_urls(pictures),
    )


def _plain(found: Validation, pictures: Sequence[Picture], *, typefaces: bool) -> dict[str, Any]:
    return plain_parts(validation_document(found, pictures), Scribe(typefaces=typefaces).write)
