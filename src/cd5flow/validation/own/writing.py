"""What is written of a laboratory's validation: ``validation.json``, ``.pdf``, ``.html``, tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cd5flow.report.parts import Picture
from cd5flow.report.tables import csv_text
from cd5flow.validation.files import HTML, JSON, PDF, TUBES, write_files
from cd5flow.validation.own.document import own_document
from cd5flow.validation.own.record import OwnValidation
from cd5flow.validation.own.tubes import COLUMNS, OwnTube
from cd5flow.validation.rendering import html_of, pdf_of

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"

FIGURES: Final = "figures.csv"
_FIGURE_COLUMNS: Final = ("figure", "value")


def tubes_csv(tubes: Sequence[OwnTube]) -> str:
    """Return ``tubes.csv``: one row a tube, from which every figure can be computed again."""
    return csv_text(COLUMNS, (tube.model_dump(mode="json") for tube in tubes))


def figures_csv(found: OwnValidation) -> str:
    """Return ``figures.csv``: each figure of the record by its place in it, one a row."""
    said = found.model_dump(mode="json", by_alias=True)
    kept = {name: said[name] for name in said if name not in {"schema", "provenance", "notes"}}
    rows = ({"figure": place, "value": value} for place, value in _leaves("", kept))
    return csv_text(_FIGURE_COLUMNS, rows)


def _leaves(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _leaves(f"{place}.{name}" if place else name, one)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _leaves(f"{place}[{number}]", one)
    else:
        yield place, value


def write_own(found: OwnValidation, tubes: Sequence[OwnTube], out: Path) -> tuple[Path, ...]:
    """Write the report; an earlier one is kept under ``previous/N/``.

    Returns:
        The files.

    Raises:
        OutputError: the folder cannot be written.
    """
    from cd5flow.validation.own.pictures import own_pictures  # noqa: PLC0415 - matplotlib

    pictures = own_pictures(found, tubes)
    return write_files(
        {
            TUBES: tubes_csv(tubes).encode(),
            FIGURES: figures_csv(found).encode(),
            PDF: render_pdf(found, pictures),
            HTML: render_html(found, pictures).encode(),
            JSON: found.to_json().encode(),
        },
        out,
    )


def render_pdf(found: OwnValidation, pictures: Sequence[Picture] = ()) -> bytes:
    """Return the report as PDF/A-3b with ``validation.json`` attached and a page to sign."""
    return pdf_of(
        own_document(found, pictures),
        _TEMPLATES / "own.typ",
        record=found.to_json(),
        created=found.provenance.created,
        pictures=pictures,
    )


def render_html(found: OwnValidation, pictures: Sequence[Picture] = ()) -> str:
    """Return the report as a page that needs no other file: no script, nothing loaded."""
    return html_of(own_document(found, pictures), _TEMPLATES / "own.html.j2", pictures=pictures)
