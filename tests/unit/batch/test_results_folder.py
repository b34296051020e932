from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.batch.outliers import OutlierRules, load_batch_rules
from cd5flow.batch.results_folder import natural, read_results_folder
from cd5flow.config.shipped import batch_file
from cd5flow.errors import OutputError
from support.overview_factory import place, sample
from support.report_factory import make_burden, make_result, resealed


@pytest.fixture(scope="module")
def rules() -> OutlierRules:
    return load_batch_rules(batch_file()).value.apart


def test_samples_stand_in_the_order_of_their_ids_with_numbers_as_numbers(
    tmp_path: Path, rules: OutlierRules
) -> None:
    for name in ("p10", "p9", "P1", "p10-b"):
        place(tmp_path, sample(name))
    entries = read_results_folder(tmp_path, rules).entries
    assert [entry.sample.id for entry in entries] == ["P1", "p9", "p10", "p10-b"]


def test_what_is_no_sample_is_passed_by(tmp_path: Path, rules: OutlierRules) -> None:
    there = place(tmp_path, sample("a"))
    place(tmp_path, sample("aside"), folder=".tmp-1234-a")
    place(there / "previous", sample("a"), folder="1")
    (tmp_path / "letters").mkdir()
    (tmp_path / "summary.csv").touch()
    found = read_results_folder(tmp_path, rules)
    assert [entry.folder for entry in found.entries] == ["a"]
    assert found.unreadable == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "is no JSON"),
        ("", "is no JSON"),
        ("[]", "found no JSON object"),
        ('{"schema": "cd5flow.result/9"}', "schema: found 'cd5flow.result/9'"),
    ],
)
def test_a_result_that_cannot_be_read_is_named_and_does_not_stop_the_others(
    tmp_path: Path, rules: OutlierRules, content: str, says: str
) -> None:
    place(tmp_path, sample("a"))
    (place(tmp_path, sample("b")) / "result.json").write_text(content, "utf-8")
    found = read_results_folder(tmp_path, rules)
    assert [entry.folder for entry in found.entries] == ["a"]
    (failure,) = found.unreadable
    assert (failure.sample, failure.file, failure.error) == ("b", "result.json", "ResultError")
    assert says in failure.message
    assert str(tmp_path) not in failure.message


def test_fields_that_only_this_version_writes_may_be_absent(
    tmp_path: Path, rules: OutlierRules
) -> None:
    path = place(tmp_path, sample("a")) / "result.json"
    written = json.loads(path.read_text("utf-8"))
    del written["sample"]["identifiers"]
    del written["strategy"]["choice"]
    path.write_text(resealed(written), "utf-8")
    (entry,) = read_results_folder(tmp_path, rules).entries
    assert entry.row["tube"] is None


def test_files_that_are_there_are_linked(tmp_path: Path, rules: OutlierRules) -> None:
    place(tmp_path, sample("a"), files=("report.pdf", "report.html", "plots/cd5-overlay.png"))
    place(tmp_path, sample("b"), files=("report.pdf",))
    place(tmp_path, sample("c"))
    one, two, three = read_results_folder(tmp_path, rules).entries
    assert one.files == {"result.json", "report.pdf", "report.html", "plots/cd5-overlay.png"}
    assert [entry.row["report"] for entry in (one, two, three)] == [
        "a/report.html",
        "b/report.pdf",
        None,
    ]


def test_an_earlier_result_of_a_sample_that_failed_is_said_to_be_one(
    tmp_path: Path, rules: OutlierRules
) -> None:
    place(tmp_path, sample("a"))
    place(tmp_path, sample("b"))
    one, two = read_results_folder(tmp_path, rules, failed=frozenset({"b"})).entries
    assert one.notes == ()
    assert two.notes == ("the last run of this sample failed; this is an earlier result",)
    assert two.row["notes"] == two.notes[0]


def test_a_result_that_contradicts_itself_is_unreadable(
    tmp_path: Path, rules: OutlierRules
) -> None:
    place(tmp_path, make_result(burden=make_burden(percent=0.01)))
    (failure,) = read_results_folder(tmp_path, rules).unreadable
    assert failure.message.startswith("tube-1/result.json: burden.percent: found 0.01")


def test_a_folder_that_is_not_there_is_one_clear_line(tmp_path: Path, rules: OutlierRules) -> None:
    with pytest.raises(OutputError, match="gone: cannot be read"):
        read_results_folder(tmp_path / "gone", rules)


@given(st.lists(st.text(st.sampled_from("ab09-\u0663"), max_size=5), unique=True))
def test_any_names_can_be_put_in_order(names: list[str]) -> None:
    ordered = sorted(names, key=natural)
    assert [natural(name) for name in ordered] == sorted(natural(name) for name in names)


@pytest.mark.parametrize(
    ("first", "second"), [("p2", "p10"), ("2", "10"), ("a", "B"), ("9", "a"), ("p", "p1")]
)
def test_numbers_in_names_count_as_numbers(first: str, second: str) -> None:
    assert natural(first) < natural(second)
