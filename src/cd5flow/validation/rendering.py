"""The report of a validation as PDF/A-3b and as one page of HTML, in the reports' typesetting."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cd5flow import report as reports
from cd5flow.report.fonts import Scribe
from cd5flow.report.parts import Picture
from cd5flow.report.typesetting import typeset
from cd5flow.validation.document import validation_document
from cd5flow.validation.record import Validation

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_SHEET: Final = Path(reports.__file__).resolve().parent / "templates" / "report.css"


def render_pdf(found: Validation, pictures: Sequence[Picture] = ()) -> bytes:
    """Return the report as PDF/A-3b with ``validation.json`` attached.

    Equal arguments give equal bytes: the PDF is dated by the validation.
    """
    report = _plain(found, pictures, typefaces=True)
    report["files"] = [f"{n}.png" if p.svg is None else f"{n}.svg" for n, p in enumerate(pictures)]
    contents = [p.png if p.svg is None else p.svg.encode() for p in pictures]
    return typeset(
        (_TEMPLATES / "validation.typ").read_text(encoding="utf-8"),
        files=dict(zip(report["files"], contents, strict=True)),
        inputs={"report": json.dumps(report, ensure_ascii=False), "validation": found.to_json()},
        seconds=int(datetime.fromisoformat(found.provenance.created).timestamp()),
    )


def render_html(found: Validation, pictures: Sequence[Picture] = ()) -> str:
    """Return the report as a page that needs no other file: no script, nothing loaded."""
    from markupsafe import Markup  # noqa: PLC0415 - with jinja2, only where a page is written

    style = f"{_SHEET.read_text(encoding='utf-8')}\n@page {{ size: A4; margin: 14mm; }}\n"
    digest = hashlib.sha256(style.encode()).digest()
    return _template().render(
        report=_plain(found, pictures, typefaces=False),
        images=[
            _data("image/png", p.png) if p.svg is None else _data("image/svg+xml", p.svg.encode())
            for p in pictures
        ],
        # A file of this package, without a word from outside.
        style=Markup(style),  # noqa: S704
        style_hash=base64.b64encode(digest).decode(),
    )


def _plain(found: Validation, pictures: Sequence[Picture], *, typefaces: bool) -> dict[str, Any]:
    return validation_document(found, pictures).plain(Scribe(typefaces=typefaces).write)


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only where a page is written

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (_TEMPLATES / "validation.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)
