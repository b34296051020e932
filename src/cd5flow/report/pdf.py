"""The report as PDF/A-3b, tagged, with result.json inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Unpack

from cd5flow.errors import OptionError
from cd5flow.model.result import Result
from cd5flow.report.document import ReportOptions, report_document, written_document
from cd5flow.report.fonts import Scribe
from cd5flow.report.lab import Lab
from cd5flow.report.parts import Picture
from cd5flow.report.typesetting import picture_files, typeset
from cd5flow.report.webpage import file_text
from cd5flow.report.wording import Wording, load_wording

_TEMPLATE: Final = Path(__file__).resolve().parent / "templates" / "report.typ"


def render_pdf(
    result: Result,
    pictures: Sequence[Picture] = (),
    *,
    language: str = "en",
    **options: Unpack[ReportOptions],
) -> bytes:
    """Return the report as PDF/A-3b with the result's JSON attached as ``result.json``.

    Equal arguments give equal bytes: the PDF is dated by the result.

    Args:
        result: the tube's.
        pictures: in the order in which they are shown.
        language: ``en``, ``zh`` or a wording file.
        options: of `ReportOptions`.

    Raises:
        OptionError: the language is unknown, its file has faults, or no installed font has its
            letters.
    """
    wording = load_wording(language)
    _settable(wording)
    document = report_document(result, pictures, wording=wording, **options)
    report = written_document(document, wording, typefaces=True)
    files, report["files"] = _files(pictures, options.get("lab"))
    return typeset(
        file_text(_TEMPLATE),
        files=files,
        inputs={"report": json.dumps(report, ensure_ascii=False), "result": result.to_json()},
        seconds=_seconds(result.provenance.created),
    )


def check_language(language: str) -> None:
    """Find out before an analysis whether its report can be written.

    Raises:
        OptionError: as `render_pdf` does.
    """
    _settable(load_wording(language))


def _settable(wording: Wording) -> None:
    scribe = Scribe(typefaces=True)
    scribe.write(wording.title + wording.phrases.report_title)
    if scribe.replaced:
        raise OptionError(
            f"language: no installed font has the letters of {wording.language}; "
            'for Chinese: pip install "cd5flow[zh]"'
        )


def _files(pictures: Sequence[Picture], lab: Lab | None) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Return file names with their content, and under which the template asks for them."""
    files = picture_files(pictures)
    names = list(files)
    logo_format = ""
    if lab is not None and lab.logo is not None:
        files["logo"] = lab.logo.content
        logo_format = "jpg" if lab.logo.type == "jpeg" else lab.logo.type
    return files, {"pictures": names, "logo_format": logo_format}


def _seconds(created: str) -> int:
    """Return when a result was computed, in seconds since 1970."""
    then = datetime.fromisoformat(created)
    return int((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp())
