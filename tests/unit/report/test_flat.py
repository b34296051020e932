"""One row a result for laboratory information systems."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given

from cd5flow.model.result import BurdenState, Cd5State, Result
from cd5flow.report.flat import COLUMNS, flat_csv, flat_row
from support.report_factory import (
    HOSTILE,
    hostile_result,
    make_burden,
    make_cd5,
    make_result,
    make_sample,
    unknown_cd5,
)
from support.result_strategies import results


def read(*some: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(flat_csv(some), newline="")))


def test_a_row_has_every_column() -> None:
    assert set(flat_row(make_result())) == set(COLUMNS)


def test_results_are_rows_in_order() -> None:
    rows = read(make_result(), make_result(sample=make_sample(id="tube-2")))
    assert [row["sample"] for row in rows] == ["tube-1", "tube-2"]


def test_numbers_are_exact_and_unknown_is_empty() -> None:
    (row,) = read(make_result(cd5=unknown_cd5()))
    assert row["burden_percent"] == "59.5287"
    assert row["cd5_percent"] == row["cd5_ci95_low_percent"] == row["cd5_cut_linear"] == ""
    assert row["cd5_positive_events"] == "0"


def test_a_withheld_share_is_there_as_computed_but_not_as_reported() -> None:
    (row,) = read(make_result(cd5=make_cd5(state=Cd5State.NOT_EVALUABLE)))
    assert (row["cd5_reported_percent"], row["cd5_percent"]) == ("", "69.3")


def test_disease_below_the_lloq_is_reported_as_below_it() -> None:
    burden = make_burden(state=BurdenState.MRD_BELOW_LLOQ, percent=0.006, lloq_percent=0.01)
    (row,) = read(make_result(burden=burden))
    assert (row["burden_comparator"], row["burden_reported_percent"]) == ("<", "0.01")
    assert row["burden_percent"] == "0.006"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_text_is_never_a_formula_nor_a_new_row(text: str) -> None:
    (row,) = read(hostile_result(text))
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row.values())


@given(results())
def test_the_numbers_read_back_the_same(result: Result) -> None:
    (row,) = read(result)
    for column, value in flat_row(result).items():
        if value is None:
            assert row[column] == ""
        elif not isinstance(value, str):
            assert float(row[column]) == value
