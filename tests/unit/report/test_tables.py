from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.report.tables import Cell, csv_text, inert, populations_csv
from support.analysed import CLEAR, NO_CD5, analysis


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "＝1", "＠A1"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize(
    ("cell", "text"), [(-1.5, "-1.5"), (0, "0"), (None, ""), ("p01", "p01"), ("a=b", "a=b")]
)
def test_numbers_and_plain_text_stay_as_they_are_and_unknown_is_empty(
    cell: Cell, text: str
) -> None:
    assert inert(cell) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_exact(number: float) -> None:
    assert float(inert(number)) == number


def test_control_characters_neither_break_a_row_nor_hide_a_formula() -> None:
    assert inert("a\r\n\tb") == "a   b"
    assert inert("\t=1") == "' =1"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_is_one_cell_of_one_row(text: str) -> None:
    written = csv_text(["a"], [{"a": text}]).removeprefix("\ufeff")  # where text goes beyond ASCII
    rows = list(csv.reader(io.StringIO(written, newline="")))
    assert rows == [["a"], [inert(text)]]


def test_a_field_that_is_no_column_is_refused() -> None:
    with pytest.raises(ValueError, match="b"):
        csv_text(["a"], [{"b": 1}])


def test_populations_stand_in_gating_order_with_the_numbers_of_the_result() -> None:
    result = analysis(CLEAR).result
    rows = list(csv.DictReader(io.StringIO(populations_csv(result))))
    assert list(rows[0]) == [
        "name",
        "path",
        "parent",
        "events",
        "percent_of_parent",
        "percent_of_denominator",
    ]
    assert [row["name"] for row in rows] == [p.name for p in result.populations]
    for row, population in zip(rows, result.populations, strict=True):
        assert int(row["events"]) == population.events
        assert population.percent_of_parent is not None
        assert float(row["percent_of_parent"]) == population.percent_of_parent


def test_a_population_that_was_not_gated_has_no_percentage() -> None:
    rows = csv.DictReader(io.StringIO(populations_csv(analysis(NO_CD5).result)))
    positive = next(row for row in rows if row["name"] == "cd5_positive")
    assert positive["percent_of_parent"] == ""
    assert positive["parent"] == ""
