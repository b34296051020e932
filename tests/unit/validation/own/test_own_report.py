"""The report of a laboratory's validation: every section, n and limits in every caption, a page to sign."""

from __future__ import annotations

import html
import io
import json
import re

import jsonschema
import pytest
from pypdf import PdfReader

from cd5flow.cli.schema import schema_of
from cd5flow.report.parts import Picture
from cd5flow.validation.own.document import QUESTIONS, own_document
from cd5flow.validation.own.in_short import short_lines
from cd5flow.validation.own.pictures import own_pictures
from cd5flow.validation.own.record import OwnValidation
from cd5flow.validation.own.writing import figures_csv, render_html, render_pdf, tubes_csv
from support.own_factory import cd5_tube, record, study


@pytest.fixture(scope="module")
def found() -> OwnValidation:
    return record(study())


@pytest.fixture(scope="module")
def pictures(found: OwnValidation) -> tuple[Picture, ...]:
    return own_pictures(found, study())


def test_every_figure_says_n_and_what_it_does_not_show(pictures: tuple[Picture, ...]) -> None:
    assert [picture.name for picture in pictures] == [
        "comparison-cd5",
        "differences-cd5",
        "comparison-burden",
        "differences-burden",
        "linearity",
        "limits",
        "profile",
        "stability-cd5",
    ]
    for picture in pictures:
        assert re.search(r"n = \d+", picture.title), picture.name
        assert re.search(r"not show|nothing of", picture.title), picture.name


def test_pdf_and_page_say_the_same_and_end_with_a_page_to_sign(
    found: OwnValidation, pictures: tuple[Picture, ...]
) -> None:
    pdf = PdfReader(io.BytesIO(render_pdf(found, pictures)))
    page = render_html(found, pictures)
    last = " ".join(pdf.pages[-1].extract_text().split())
    for words in (*QUESTIONS, "Approved by", "Signature"):
        assert words in last
        assert words in page
    assert "NOT SIGNED" in pdf.pages[0].extract_text()
    assert "<script" not in page
    assert json.loads(pdf.attachments["validation.json"][0]) == json.loads(found.to_json())


def test_a_record_of_nothing_can_be_read(found: OwnValidation) -> None:
    empty = record([])
    assert own_pictures(empty, []) == ()
    assert "not computed" in render_html(empty)
    assert [one.anchor for one in own_document(empty).sections][:2] == ["short", "comparison"]


def test_the_record_fits_its_schema_and_its_tables(found: OwnValidation) -> None:
    said = json.loads(found.to_json())
    jsonschema.validate(said, schema_of("own-validation"))
    assert said["schema"] == "cd5flow.own-validation/1"
    assert tubes_csv(study()).count("\n") == found.tubes + 1
    assert f"comparison.cd5.slope,{found.comparison.cd5.slope}" in figures_csv(found)


def test_what_came_out_is_told_in_short_with_n(found: OwnValidation) -> None:
    lines = {line.question: line for line in short_lines(found)}
    assert lines["% CD5 against the truth"].n == found.comparison.cd5.n
    assert lines["LOB, LOD, LLOQ"].n == found.detection.n_blank + found.detection.n_low
    assert all(line.n and line.answer for line in lines.values())
    assert list(short_lines(record([]))) == []


def test_only_the_opposite_answer_is_on_the_wrong_side() -> None:
    tubes = [
        cd5_tube(80, 60, sample="wrong"),
        cd5_tube(80, 72, sample="right"),
        cd5_tube(80, 71, sample="withheld", cd5_state="BORDERLINE"),
    ]
    line = next(one for one in short_lines(record(tubes)) if one.question == "States of CD5")
    assert "1 on the wrong side" in line.answer


def test_a_reason_stands_once_for_all_its_levels(found: OwnValidation) -> None:
    reasons = {one.reason for one in found.precision if one.reason is not None}
    page = render_html(found)
    assert reasons
    assert all(page.count(html.escape(reason)) == 1 for reason in reasons)
