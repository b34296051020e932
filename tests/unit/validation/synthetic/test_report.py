"""What the report of a validation says, on paper and on a page."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from pypdf import PdfReader

from cd5flow.report.parts import Picture, ReportSection, plain_parts
from cd5flow.validation.synthetic.carry import Course
from cd5flow.validation.synthetic.document import MARK, NOT_A_LABORATORYS, validation_document
from cd5flow.validation.synthetic.pictures import validation_pictures
from cd5flow.validation.synthetic.record import FailedTube, Validation
from cd5flow.validation.synthetic.rows import TubeRow
from cd5flow.validation.synthetic.writing import (
    render_html,
    render_pdf,
    tubes_csv,
    validation_of,
    write_validation,
)
from support.validation_factory import accuracy_row, blank_row, diluted_row, row, small_course


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return small_course(tmp_path_factory.mktemp("series"), "accuracy=1")


def some_rows() -> list[TubeRow]:
    rows = [
        accuracy_row(true, found, state, tube=f"a{i}", arm=arm, group=group)
        for i, (true, found, state, group) in enumerate(
            [
                (80.0, 81.0, "MEETS", "partial"),
                (40.0, 39.0, "DOES_NOT_MEET", "dim"),
                (60.0, 75.0, "MEETS", "dim"),
                (50.0, None, "NOT_EVALUABLE", "bright"),
            ]
        )
        for arm in ("fmo", "none")
    ]
    rows += [
        diluted_row(level, level * factor, tube=f"d{level}{factor}", group=group)
        for level in (10.0, 1.0, 0.1)
        for factor in (0.95, 1.02)
        for group in ("surface", "cytoplasmic")
    ]
    rows += [blank_row(0.004, tube="b1"), blank_row(0.0, tube="b2")]
    rows.append(blank_row(0.3, tube="b3", state="MRD_POSITIVE", blast_events=90))
    for kind, level in (("precision_cd5", 70.0), ("precision_burden", 1.0)):
        rows += [
            row(kind=kind, tube="p", level=level, draw=i, cd5_percent=70.0 + i, burden_percent=x)
            for i, x in enumerate((0.9, 1.0, 1.1))
        ]
    return rows


def validation(course: Course, rows: Sequence[TubeRow] | None = None) -> Validation:
    return validation_of(course, some_rows() if rows is None else rows)


@pytest.fixture(scope="module")
def pictures(course: Course) -> tuple[Picture, ...]:
    """The pictures of these rows, drawn once."""
    return validation_pictures(validation(course), some_rows())


def section(found: Validation, anchor: str) -> ReportSection:
    return next(s for s in validation_document(found).sections if s.anchor == anchor)


def text_of(part: object) -> str:
    return json.dumps(part, default=lambda one: one.__dict__, ensure_ascii=False)


def words(found: Validation, anchor: str) -> str:
    plain = plain_parts(validation_document(found), str)
    return text_of(next(s for s in plain["sections"] if s["anchor"] == anchor))


def test_every_page_says_software_synthetic(course: Course, pictures: tuple[Picture, ...]) -> None:
    pages = PdfReader(io.BytesIO(render_pdf(validation(course), pictures))).pages
    assert len(pages) >= 4
    for page in pages:
        text = " ".join(page.extract_text().split())
        assert MARK in text
        assert NOT_A_LABORATORYS in text


def test_the_pdf_carries_the_record(course: Course) -> None:
    found = validation(course)
    reader = PdfReader(io.BytesIO(render_pdf(found)))
    (attached,) = reader.attachments["validation.json"]
    assert Validation.model_validate_json(attached) == found


def test_equal_validations_give_equal_bytes(course: Course, pictures: tuple[Picture, ...]) -> None:
    found = validation(course)
    assert pictures == validation_pictures(found, some_rows())
    assert render_pdf(found, pictures) == render_pdf(found, pictures)


def test_the_page_runs_no_script_and_loads_nothing(
    course: Course, pictures: tuple[Picture, ...]
) -> None:
    page = render_html(validation(course), pictures)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert page.count("<img ") == 8
    assert MARK in page


def test_every_picture_says_what_it_shows(pictures: tuple[Picture, ...]) -> None:
    assert pictures
    for picture in pictures:
        assert picture.alt
        assert picture.svg is not None
        assert picture.png.startswith(b"\x89PNG")


def test_a_wrong_state_is_shown_by_its_tube(course: Course) -> None:
    told = words(validation(course), "accuracy")
    assert '"a2"' in told
    assert "Definite states that the FMO rule contradicts" in told


def test_without_a_wrong_state_there_is_no_list_of_them(course: Course) -> None:
    right = [accuracy_row(80, 81, "MEETS")]
    assert "Definite states that" not in words(validation(course, right), "accuracy")


def test_a_called_blank_is_shown_and_the_percentile_is_no_limit_of_blank(course: Course) -> None:
    told = words(validation(course), "blanks")
    assert '"b3"' in told
    assert "It is not a laboratory's limit of blank" in told
    assert "must not be entered as validated_lob_percent" in told


def test_what_the_laboratory_must_repeat_is_there_whatever_was_found(course: Course) -> None:
    told = words(validation(course, []), "repeat")
    for topic in ("Limit of blank", "Repeatability", "Reagents", "Instruments", "Specimens"):
        assert topic in told
    assert "approved by none" in told


def test_a_series_without_tubes_says_so(course: Course) -> None:
    found = validation(course, [])
    for anchor in ("accuracy", "linearity", "blanks", "precision"):
        assert "No tubes of this series were asked for" in words(found, anchor)
    assert render_pdf(found).startswith(b"%PDF")
    assert render_html(found)


def test_tubes_that_failed_stand_on_page_one_and_by_name(course: Course) -> None:
    failed = FailedTube(tube="x-1", error="PanelError", message="CD5 is ambiguous")
    found = validation_of(course, some_rows(), [failed])
    document = validation_document(found)
    assert "1 tubes could not be analysed" in text_of(plain_parts(document, str)["lead"])
    assert "CD5 is ambiguous" in words(found, "made")


def test_the_record_binds_the_table(course: Course, tmp_path: Path) -> None:
    found = validation(course)
    written = write_validation(found, some_rows(), tmp_path)
    table = next(path for path in written if path.name == "tubes.csv")
    assert hashlib.sha256(table.read_bytes()).hexdigest() == found.rows_sha256
    assert len(table.read_text("utf-8").splitlines()) == 1 + found.rows
    assert Validation.model_validate_json((tmp_path / "validation.json").read_bytes()) == found


def test_an_earlier_report_is_kept(course: Course, tmp_path: Path) -> None:
    found = validation(course)
    for _ in range(3):
        write_validation(found, [], tmp_path)
    assert sorted(p.name for p in (tmp_path / "previous").iterdir()) == ["1", "2"]
    assert (tmp_path / "previous" / "1" / "validation.pdf").is_file()


def test_the_table_names_no_number_that_is_unknown() -> None:
    (line,) = tubes_csv([blank_row(None, state="INCONCLUSIVE")]).splitlines()[1:]
    assert "None" not in line
    assert "nan" not in line.lower()


def test_a_record_says_what_it_is(course: Course) -> None:
    said = json.loads(validation(course).to_json())
    assert (said["schema"], said["label"]) == ("cd5flow.validation/1", "software, synthetic")
    assert said["blanks"]["is_limit_of_blank"] is False
    assert set(said["provenance"]) >= {"cd5flow", "code_sha256", "created", "seed"}
