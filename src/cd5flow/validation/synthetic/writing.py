"""What is written of a validation: ``validation.json``, ``.pdf``, ``.html`` and ``tubes.csv``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cd5flow._version import __version__
from cd5flow.analysis import provenance
from cd5flow.report.parts import Picture
from cd5flow.report.tables import csv_text
from cd5flow.validation.files import HTML, JSON, PDF, TUBES, write_files
from cd5flow.validation.rendering import html_of, pdf_of
from cd5flow.validation.synthetic import findings
from cd5flow.validation.synthetic.carry import Course, code_sha256
from cd5flow.validation.synthetic.document import validation_document
from cd5flow.validation.synthetic.goals import held_against
from cd5flow.validation.synthetic.record import (
    FailedTube,
    FileSection,
    ProvenanceSection,
    SeriesSection,
    SizeSection,
    Validation,
)
from cd5flow.validation.synthetic.rows import COLUMNS, TubeRow

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


def validation_of(
    course: Course, rows: Sequence[TubeRow], failed: Sequence[FailedTube] = ()
) -> Validation:
    """Return everything that rows say, in the order in which they are given."""
    rule = course.protocol.value.cd5
    series = course.series
    accuracy = findings.accuracy(rows, rule)
    dilutions, blanks = findings.dilutions(rows), findings.blanks(rows)
    precision = findings.precision(rows)
    return Validation(
        series=SeriesSection(
            name=series.value.name,
            version=series.value.version,
            sha256=series.sha256,
            size=SizeSection(words=course.request.tubes, **course.size.model_dump()),
        ),
        strategies=tuple(
            FileSection(use=use, name=one.value.name, version=one.value.version, sha256=one.sha256)
            for use, one in zip(
                ("relapse tubes", "residual disease"), course.strategies, strict=True
            )
        ),
        protocol=FileSection(
            use="all tubes",
            name=course.protocol.value.name,
            version=course.protocol.value.version,
            sha256=course.protocol.sha256,
        ),
        tubes=len({row.tube for row in rows}),
        rows=len(rows),
        rows_sha256=hashlib.sha256(tubes_csv(rows).encode()).hexdigest(),
        failed=tuple(failed),
        goals=held_against(
            series.value.goals,
            accuracy=accuracy,
            dilutions=dilutions,
            blanks=blanks,
            precision=precision,
        ),
        accuracy=accuracy,
        dilutions=dilutions,
        blanks=blanks,
        precision=precision,
        repeat=series.value.repeat,
        provenance=ProvenanceSection(
            cd5flow=__version__,
            code_sha256=code_sha256(),
            python=provenance.python(),
            packages=dict(provenance.versions()),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            seed=course.request.seed,
            settings={
                "strategy": Path(course.request.strategy).name,
                "protocol": Path(course.request.protocol).name,
                "series": course.request.series.name,
                "tubes": course.request.tubes,
            },
        ),
    )


def tubes_csv(rows: Sequence[TubeRow]) -> str:
    """Return ``tubes.csv``: one row an analysis."""
    return csv_text(COLUMNS, (row.model_dump(mode="json") for row in rows))


def write_validation(found: Validation, rows: Sequence[TubeRow], out: Path) -> tuple[Path, ...]:
    """Write the report; an earlier one is kept under ``previous/N/``.

    Returns:
        The files.

    Raises:
        OutputError: the folder cannot be written.
    """
    from cd5flow.validation.synthetic.pictures import validation_pictures  # noqa: PLC0415 - matplotlib

    pictures = validation_pictures(found, rows)
    contents = {
        TUBES: tubes_csv(rows).encode(),
        PDF: render_pdf(found, pictures),
        HTML: render_html(found, pictures).encode(),
        JSON: found.to_json().encode(),
    }
    return write_files(contents, out)


def render_pdf(found: Validation, pictures: Sequence[Picture] = ()) -> bytes:
    """Return the report as PDF/A-3b with ``validation.json`` attached.

    Equal arguments give equal bytes: the PDF is dated by the validation.
    """
    return pdf_of(
        validation_document(found, pictures),
        _TEMPLATES / "validation.typ",
        record=found.to_json(),
        created=found.provenance.created,
        pictures=pictures,
    )


def render_html(found: Validation, pictures: Sequence[Picture] = ()) -> str:
    """Return the report as a page that needs no other file: no script, nothing loaded."""
    return html_of(
        validation_document(found, pictures), _TEMPLATES / "validation.html.j2", pictures=pictures
    )
