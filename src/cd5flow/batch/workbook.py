"""``summary.xlsx``: the summary for people, the failures, and what each column and state means."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cd5flow.batch.failures import FAILURE_COLUMNS, Failure
from cd5flow.batch.page_parts import state_meanings, tone_of
from cd5flow.batch.summary_columns import COLUMNS, SummaryColumn
from cd5flow.report import numerals
from cd5flow.report.tables import Cell, inert
from cd5flow.report.wording import load_wording

if TYPE_CHECKING:
    from xlsxwriter import Workbook

MAX_CELL: Final = 32_767
"""Letters that a cell of Excel holds."""

_WIDTHS: Final = {
    "text": 16,
    "long": 48,
    "state": 18,
    "share": 11,
    "burden": 12,
    "moment": 18,
    "link": 28,
}
_WIDTH: Final = 11

_FIRST_YEAR: Final = 1900
_DATE_ALONE: Final = len("2026-01-31")

_FILLS: Final = {"good": "#D8EFE8", "look": "#FBE9CF", "bad": "#F8D9D6", "quiet": "#ECEEF0"}
_INKS: Final = {"good": "#064B3C", "look": "#6B3A00", "bad": "#7F1812", "quiet": "#404951"}
"""Dark on light: the word stands out in black and white too, and is read without colour."""


def summary_workbook(
    rows: Sequence[Mapping[str, Cell]],
    failures: Sequence[Failure],
    *,
    facts: Sequence[tuple[str, str]],
    links: Sequence[str | None],
    made: datetime | None = None,
) -> bytes:
    """Return the workbook.

    No cell is a formula, whatever its text begins with, not even after somebody edits it; the only
    links lead to reports in folders beside the workbook.

    Args:
        rows: of the summary.
        failures: samples without a result.
        facts: what is said of the run, as heading and text.
        links: of each row, the address of its report relative to the workbook.
        made: when; equal arguments give equal bytes.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - 50 ms that only a batch pays

    content = io.BytesIO()
    book = Workbook(
        content,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties(
        {"title": "cd5flow summary", "created": made or datetime(2000, 1, 1)}  # noqa: DTZ001 - Excel knows no zones
    )
    pen = _Pen(book)
    _write_samples(pen, rows, links)
    _write_print(pen, rows)
    _write_failures(pen, failures)
    _write_legend(pen, facts)
    book.close()
    return content.getvalue()


class _Pen:
    """Writes cells, with one format an appearance."""

    def __init__(self, book: Workbook) -> None:
        self.book = book
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def look(self, **properties: Any) -> Any:
        """Return the format of so many properties."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format({"valign": "top", **properties})
        return self._formats[key]

    def head(self) -> Any:
        return self.look(bold=True, bottom=1, bg_color="#E6EAEE", text_wrap=True)

    def text(self, sheet: Any, row: int, column: int, text: str, **properties: Any) -> None:
        """Write text that stays text: Excel keeps what is marked as quoted from being a formula."""
        line = _line(text)
        if inert(line) != line:
            properties["quote_prefix"] = True
        if line:
            sheet.write_string(row, column, line, self.look(**properties))


def _line(text: str) -> str:
    """Return a text in one line that a cell can hold, without control characters."""
    line = text
    if not text.isprintable():
        line = "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)
    return line if len(line) <= MAX_CELL else f"{line[: MAX_CELL - 1]}…"


def _write_samples(
    pen: _Pen, rows: Sequence[Mapping[str, Cell]], links: Sequence[str | None]
) -> None:
    sheet = pen.book.add_worksheet("samples")
    for place, column in enumerate(COLUMNS):
        sheet.write_string(0, place, column.name, pen.head())
        sheet.set_column(place, place, _WIDTHS.get(column.kind, _WIDTH))
    for number, (row, link) in enumerate(zip(rows, links, strict=True), start=1):
        for place, column in enumerate(COLUMNS):
            if column.kind != "link":
                _write_cell(pen, sheet, (number, place), column, row)
            elif link is not None:
                look = pen.look(font_color="#0B4F8A", underline=1)
                sheet.write_url(
                    number, place, f"external:{link}", look, _line(str(row[column.name]))
                )
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(rows), 1), len(COLUMNS) - 1)
    sheet.repeat_columns(0)
    _lay_out(sheet)


def _write_print(pen: _Pen, rows: Sequence[Mapping[str, Cell]]) -> None:
    """Write what is read on paper: the answers, a page wide."""
    sheet = pen.book.add_worksheet("print")
    for place, column in enumerate(_PRINTED):
        sheet.write_string(0, place, column.name, pen.head())
        sheet.set_column(place, place, _WIDTHS.get(column.kind, _WIDTH))
        for number, row in enumerate(rows, start=1):
            _write_cell(pen, sheet, (number, place), column, row)
    sheet.freeze_panes(1, 1)
    _lay_out(sheet)


_PRINTED: Final = tuple(
    column
    for column in COLUMNS
    if column.name
    in {
        *("sample", "patient_id", "collected_at", "timepoint", "specimen", "cd5_state"),
        *("cd5_percent", "burden_state", "burden_percent", "criterion_state", "quality_state"),
        "review_state",
    }
)
"""What the sheet for paper has, in the order of the summary."""


def _lay_out(sheet: Any) -> None:
    """Let a sheet be printed on A4 across, one page wide, its head on every page."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&Lcd5flow summary: results are unreviewed unless marked&RPage &P of &N")


def _write_cell(
    pen: _Pen, sheet: Any, place: tuple[int, int], column: SummaryColumn, row: Mapping[str, Cell]
) -> None:
    cell = row.get(column.name)
    if cell is None:
        return
    if isinstance(cell, str) and column.kind == "moment":
        _write_moment(pen, sheet, place, cell)
    elif isinstance(cell, str):
        properties: dict[str, Any] = {}
        if column.kind == "state":
            properties = _toned(column.name, cell)
        elif column.kind == "long":
            properties = {"text_wrap": True}
        pen.text(sheet, *place, cell, **properties)
    else:
        sheet.write_number(*place, cell, pen.look(num_format=_number_format(cell, column, row)))


def _write_moment(pen: _Pen, sheet: Any, place: tuple[int, int], text: str) -> None:
    """Write a date that can be sorted and filtered; what Excel cannot hold as one stays text.

    That is a month without a day, a time of another zone than UTC, and years before 1900.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.year < _FIRST_YEAR or moment.utcoffset():
        pen.text(sheet, *place, text)
        return
    shown = "yyyy-mm-dd" if len(text) <= _DATE_ALONE else "yyyy-mm-dd hh:mm:ss"
    sheet.write_datetime(
        *place, moment.replace(tzinfo=None), pen.look(num_format=shown, align="left")
    )


def _number_format(number: float, column: SummaryColumn, row: Mapping[str, Cell]) -> str:
    """Return so many decimals that no limit is crossed by rounding, as reports do."""
    match column.kind:
        case "count":
            return "#,##0"
        case "share":
            threshold = row.get("cd5_threshold_percent")
            limits = (float(threshold),) if isinstance(threshold, int | float) else ()
            return _decimals(numerals.share(number, limits=limits))
        case "burden":
            return _decimals(numerals.burden(number))
        case _:
            return "General"


def _decimals(text: str) -> str:
    """Return the format that shows as many decimals as a text has; tiny numbers as powers."""
    if "e" in text:
        return "0.00E+00"
    decimals = len(text.partition(".")[2])
    return f"0.{'0' * decimals}" if decimals else "0"


def _toned(column: str, state: str) -> dict[str, Any]:
    tone = tone_of(column, state)
    if tone == "plain":
        return {"bold": True}
    return {"bold": True, "bg_color": _FILLS[tone], "font_color": _INKS[tone]}


def _write_failures(pen: _Pen, failures: Sequence[Failure]) -> None:
    sheet = pen.book.add_worksheet("failures")
    for place, (name, width) in enumerate(zip(FAILURE_COLUMNS, (24, 28, 22, 100), strict=True)):
        sheet.write_string(0, place, name, pen.head())
        sheet.set_column(place, place, width)
    for number, failure in enumerate(failures, start=1):
        for place, text in enumerate(astuple(failure)):
            pen.text(sheet, number, place, text, text_wrap=place == 3)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(len(failures), 1), len(FAILURE_COLUMNS) - 1)
    _lay_out(sheet)


def _write_legend(pen: _Pen, facts: Sequence[tuple[str, str]]) -> None:
    """Write what is said of the run, what the columns mean, and what the states mean."""
    sheet = pen.book.add_worksheet("legend")
    _lay_out(sheet)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 24)
    sheet.set_column(2, 2, 100)
    row = 0
    for name, text in facts:
        pen.text(sheet, row, 0, name, bold=True)
        pen.text(sheet, row, 2, text, text_wrap=True)
        row += 1
    row = _write_heads(pen, sheet, row + 1, ("column", "shown as", "meaning"))
    for column in COLUMNS:
        pen.text(sheet, row, 0, column.name)
        pen.text(sheet, row, 1, _SHOWN[column.kind])
        pen.text(sheet, row, 2, column.means, text_wrap=True)
        row += 1
    row = _write_heads(pen, sheet, row + 1, ("column", "state", "meaning"))
    for name, state, means in state_meanings(load_wording("en")):
        pen.text(sheet, row, 0, name)
        pen.text(sheet, row, 1, state, **_toned(name, state))
        pen.text(sheet, row, 2, means, text_wrap=True)
        row += 1


_SHOWN: Final = {
    "text": "text",
    "long": "text",
    "state": "state",
    "share": "percent, 0 to 100",
    "burden": "percent, 0 to 100",
    "count": "events",
    "number": "number",
    "moment": "date, with the time of day where it is known",
    "link": "link",
}


def _write_heads(pen: _Pen, sheet: Any, row: int, names: tuple[str, ...]) -> int:
    for place, name in enumerate(names):
        sheet.write_string(row, place, name, pen.head())
    return row + 1
