"""A result in a notebook: its box, its dictionary, its tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cd5flow
from cd5flow.criteria.clinical import Clinical
from cd5flow.errors import OptionError, ResultError
from cd5flow.model.result import Result
from support.analysed import CLEAR, analysis, tube


@pytest.fixture(scope="module")
def result() -> Result:
    return analysis(CLEAR).result


def with_sample(result: Result, **fields: Any) -> Result:
    return result.model_copy(update={"sample": result.sample.model_copy(update=fields)})


def test_the_box_says_what_page_one_answers(result: Result) -> None:
    box = result._repr_html_()
    assert f"{result.cd5.percent:.1f} %" in box
    assert "DRAFT" in box
    assert "Disease burden" in box


def test_the_box_runs_nothing_loads_nothing_and_touches_no_other_cell(result: Result) -> None:
    box = result._repr_html_()
    style = box.partition("<style>")[2].partition("</style>")[0]
    rules = [line for line in style.splitlines() if "{" in line and not line.startswith("/*")]
    assert all(line.startswith(".cd5flow-box") for line in rules)
    assert "<script" not in box
    assert "http" not in box.replace("http://www.w3.org/", "")
    assert "<html" not in box


def test_text_of_a_file_is_escaped_in_the_box(result: Result) -> None:
    box = with_sample(result, id="<script>alert(1)</script>\x1b")._repr_html_()
    assert "<script" not in box
    assert "&lt;script&gt;" in box
    assert "\x1b" not in box


def test_the_dictionary_is_what_result_json_holds(result: Result) -> None:
    assert result.to_dict() == json.loads(result.to_json())


def test_populations_are_a_row_each(result: Result) -> None:
    table = result.to_pandas()
    assert list(table["name"]) == [one.name for one in result.populations]
    assert table["events"].dtype == "int64"
    first = result.populations[0].percent_of_denominator
    assert (first is None) is bool(pd.isna(table["percent_of_denominator"][0]))


def test_checks_are_a_row_each(result: Result) -> None:
    table = result.to_pandas("quality")
    assert list(table["code"]) == [check.code for check in result.quality.checks]
    assert table["value"].dtype == "float64"


def test_the_three_answers_are_a_row_each(result: Result) -> None:
    table = result.to_pandas("answers").set_index("question")
    assert list(table["state"]) == [
        result.cd5.state,
        result.burden.state,
        result.criterion.state,
    ]
    assert table.loc["cd5", "percent"] == result.cd5.percent
    assert table.loc["burden", "of_events"] == result.burden.denominator_events
    assert pd.isna(table.loc["criterion", "percent"])


def test_a_share_that_is_unknown_is_no_number(result: Result) -> None:
    unknown = result.model_copy(
        update={"cd5": result.cd5.model_copy(update={"percent": None, "ci95_percent": None})}
    )
    table = unknown.to_pandas("answers").set_index("question")
    assert table.loc["cd5", ["percent", "low", "high"]].isna().all()


def test_criteria_are_those_of_the_protocol(result: Result) -> None:
    table = result.to_pandas("criteria")
    assert list(table["id"]) == [f"I{n}" for n in range(1, 9)] + [f"E{n}" for n in range(1, 15)]
    assert set(table["satisfied"]) <= {True, False, None}
    assert table["satisfied"].isna().any()  # nobody said anything of the patient


def test_what_the_clinic_said_decides_criteria() -> None:
    known = Clinical(consent_signed=True)
    told = cd5flow.analyze(tube(CLEAR), clinical=known).to_pandas("criteria")
    row = told.set_index("id").loc["I8"]
    assert (row["satisfied"], row["source"]) == (True, "clinical")


def test_a_protocol_that_is_not_the_results_is_refused(result: Result) -> None:
    with pytest.raises(OptionError, match="by which the result was judged"):
        result.to_pandas("criteria", protocol="cd5-cart-90")
    with pytest.raises(OptionError, match="expected it with criteria"):
        result.to_pandas("quality", protocol="cd5-cart-70")
    own = result.model_copy(
        update={"protocol": result.protocol.model_copy(update={"name": "ours"})}
    )
    with pytest.raises(OptionError, match="expected its file"):
        own.to_pandas("criteria")


def test_an_unknown_table_is_refused(result: Result) -> None:
    with pytest.raises(OptionError, match="found 'events', expected populations"):
        result.to_pandas("events")  # type: ignore[arg-type] # is refused


def test_a_stored_result_is_checked_when_it_is_read(result: Result, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text(result.to_json(), "utf-8")
    assert cd5flow.read_result(str(tmp_path)) == cd5flow.read_result(file) == result
    edited = result.to_dict()
    edited["burden"]["percent"] = 1.0
    file.write_text(json.dumps(edited), "utf-8")
    with pytest.raises(ResultError, match="digest"):
        cd5flow.read_result(file)


def test_what_could_not_be_checked_is_a_warning(result: Result, tmp_path: Path) -> None:
    other = result.model_copy(
        update={"provenance": result.provenance.model_copy(update={"rules": 0})}
    )
    (tmp_path / "result.json").write_text(other.to_json(), "utf-8")
    with pytest.warns(UserWarning, match="states were not derived anew"):
        cd5flow.read_result(tmp_path)
