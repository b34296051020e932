from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from cd5flow.batch.failures import Failure
from cd5flow.batch.summary_columns import COLUMNS, SUMMARY_COLUMNS
from cd5flow.batch.summary_row import STATES, summary_row
from cd5flow.batch.workbook import MAX_CELL, summary_workbook
from cd5flow.model.result import CriterionSection, CriterionState, Result
from support.overview_factory import NOT_DETECTED, UNKNOWN_BURDEN, sample
from support.report_factory import (
    HOSTILE,
    hostile_result,
    make_cd5,
    make_result,
    make_sample,
    unknown_cd5,
)

MADE = datetime(2026, 1, 31, 9, 30)  # noqa: DTZ001 - Excel knows no zones


def workbook(*results: Result, failures: tuple[Failure, ...] = (), links: bool = True) -> bytes:
    rows = [summary_row(r, folder="a b", report="a b/report.html") for r in results]
    return summary_workbook(
        rows,
        failures,
        facts=[("Sheet or folder", "samples.csv")],
        links=["a%20b/report.html" if links else None for _ in rows],
        made=MADE,
    )


def sheets(content: bytes) -> tuple[Worksheet, Worksheet, Worksheet]:
    book = load_workbook(io.BytesIO(content))
    return book["samples"], book["failures"], book["legend"]


def cells(sheet: Worksheet, row: int = 2) -> dict[str, Any]:
    names = [cell.value for cell in sheet[1]]
    return dict(zip(names, sheet[row], strict=True))


def test_there_is_a_row_a_sample_with_numbers_as_numbers() -> None:
    samples, _, _ = sheets(workbook(make_result(), sample("b")))
    assert tuple(cell.value for cell in samples[1]) == SUMMARY_COLUMNS
    assert samples.max_row == 3
    row = cells(samples)
    assert (row["cd5_percent"].value, row["cd5_percent"].data_type) == (69.3, "n")
    assert row["blast_events"].number_format == "#,##0"
    assert cells(samples, 3)["sample"].value == "b"


def test_unknown_is_an_empty_cell() -> None:
    samples, _, _ = sheets(workbook(make_result(cd5=unknown_cd5(), burden=UNKNOWN_BURDEN)))
    row = cells(samples)
    assert [row[n].value for n in ("cd5_percent", "burden_percent", "cd5_cut_linear")] == [None] * 3


@pytest.mark.parametrize(
    ("percent", "shown"), [(69.3, "0.0"), (69.96, "0.00"), (69.9996, "0.0000"), (70.0, "0.0")]
)
def test_no_share_is_shown_rounded_across_its_threshold(percent: float, shown: str) -> None:
    samples, _, _ = sheets(workbook(make_result(cd5=make_cd5(percent=percent))))
    assert cells(samples)["cd5_percent"].number_format == shown


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("2026-01-13", datetime(2026, 1, 13), "yyyy-mm-dd"),  # noqa: DTZ001 - Excel knows no zones
        ("2026-01-13T22:05:00", datetime(2026, 1, 13, 22, 5), "yyyy-mm-dd hh:mm:ss"),  # noqa: DTZ001
        ("2026-01-13T22:05:00+00:00", datetime(2026, 1, 13, 22, 5), "yyyy-mm-dd hh:mm:ss"),  # noqa: DTZ001
        ("2026-01-13T22:05:00+01:00", "2026-01-13T22:05:00+01:00", "General"),
        ("2026-01", "2026-01", "General"),
        ("1899-12-31", "1899-12-31", "General"),
        ("=1+1", "=1+1", "General"),
    ],
)
def test_a_day_is_a_date_and_what_excel_cannot_hold_stays_text(
    text: str, value: object, shown: str
) -> None:
    made = workbook(make_result(sample=make_sample(collected_at=text)))
    for name in ("samples", "print"):
        cell = cells(load_workbook(io.BytesIO(made))[name])["collected_at"]
        assert (cell.value, cell.number_format) == (value, shown)
        assert cell.data_type in {"d", "s"}


def test_every_sheet_prints_one_page_wide_and_one_is_made_to_be_read_on_paper() -> None:
    book = load_workbook(io.BytesIO(workbook(make_result())))
    assert book.sheetnames == ["samples", "print", "failures", "legend"]
    for sheet in book:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.page_setup.orientation == "landscape"
    widths = [one.width for one in book["print"].column_dimensions.values()]
    assert len(widths) <= 12
    assert cells(book["print"])["cd5_percent"].value == 69.3


def test_burdens_keep_three_figures() -> None:
    samples, _, _ = sheets(workbook(make_result(burden=NOT_DETECTED)))
    row = cells(samples)
    assert (row["lod_percent"].value, row["lod_percent"].number_format) == (0.008, "0.00000")
    assert row["burden_percent"].number_format == "0"


def test_the_header_stays_in_sight_and_every_column_can_be_filtered() -> None:
    samples, failures, _ = sheets(workbook(make_result()))
    assert samples.freeze_panes == "B2"
    assert samples.auto_filter.ref is not None
    assert samples.auto_filter.ref.startswith("A1:")
    assert samples.auto_filter.ref.endswith("2")
    assert failures.freeze_panes == "B2"
    assert failures.auto_filter.ref == "A1:D2"


def test_states_have_colour_and_word() -> None:
    met, not_met = (
        make_result(
            criterion=CriterionSection(state=state, flow_state=CriterionState.REVIEW, reasons=())
        )
        for state in (CriterionState.MET, CriterionState.NOT_MET)
    )
    samples, _, _ = sheets(workbook(met, not_met))
    one, other = (cells(samples, row)["criterion_state"] for row in (2, 3))
    assert (one.value, other.value) == ("MET", "NOT_MET")
    assert one.fill.fgColor.rgb != other.fill.fgColor.rgb
    assert one.font.b
    assert cells(samples)["review_state"].value == "unreviewed"


def contrast(ink: str, paper: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, relative luminance)."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((light(ink), light(paper)))
    return (high + 0.05) / (low + 0.05)


def test_states_are_read_in_black_and_white() -> None:
    from cd5flow.batch.workbook import _FILLS, _INKS  # noqa: PLC0415

    assert all(contrast(_INKS[tone], fill) >= 7 for tone, fill in _FILLS.items())


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", *HOSTILE.values()]
)
def test_no_text_becomes_a_formula_or_a_link(text: str) -> None:
    failure = Failure(text, text, text, text)
    content = workbook(hostile_result(text), failures=(failure,), links=False)
    for sheet in sheets(content):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not [name for name in archive.namelist() if "externalLink" in name]
        assert b"<f>" not in b"".join(archive.read(n) for n in archive.namelist() if "sheet" in n)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1"])
def test_text_that_begins_as_a_formula_is_marked_as_text_for_whoever_edits_it(text: str) -> None:
    samples, failures, _ = sheets(workbook(sample(text), failures=(Failure(text, "a", "b", "c"),)))
    for cell in (samples["A2"], failures["A2"]):
        assert cell.quotePrefix
        assert cell.value is not None
        assert str(cell.value).strip() == text.strip()
    assert not failures["B2"].quotePrefix


def test_reports_are_linked_beside_the_workbook() -> None:
    content = workbook(make_result())
    samples, _, _ = sheets(content)
    cell = cells(samples)["report"]
    assert cell.value == "a b/report.html"
    assert cell.hyperlink is not None
    assert str(cell.hyperlink.target).replace("\\", "/") == "a%20b/report.html"


def test_the_legend_tells_every_column_and_every_state() -> None:
    _, _, legend = sheets(workbook())
    rows = [[cell.value for cell in row] for row in legend.iter_rows()]
    first = [row[0] for row in rows]
    assert "Sheet or folder" in first
    assert set(SUMMARY_COLUMNS) <= set(first)
    said = {(row[0], row[1]) for row in rows}
    assert {(name, state) for name, states in STATES.items() for state in states} <= said


def test_failures_are_listed() -> None:
    _, failures, _ = sheets(workbook(failures=(Failure("S1", "a.fcs", "E", "one\ntwo"),)))
    assert [cell.value for cell in failures[2]] == ["S1", "a.fcs", "E", "one two"]


def test_a_text_that_no_cell_can_hold_is_cut() -> None:
    samples, _, _ = sheets(workbook(sample("x" * (MAX_CELL + 5))))
    assert len(str(samples["A2"].value)) == MAX_CELL


def test_equal_rows_give_equal_bytes() -> None:
    assert workbook(make_result()) == workbook(make_result())


def test_a_batch_without_samples_has_a_header() -> None:
    samples, _, _ = sheets(workbook())
    assert samples.max_row == 1
    assert len(samples[1]) == len(COLUMNS)
