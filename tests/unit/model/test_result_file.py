"""A result.json read back: what cd5flow wrote, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cd5flow import __version__
from cd5flow.errors import FileAccessError, InputError, ResultError
from cd5flow.model.digest import digest_of
from cd5flow.model.reasons import sentence
from cd5flow.model.result import Result
from cd5flow.model.result_file import MAX_BYTES, contradictions, load_result, parse_result
from support.report_factory import (
    HOSTILE,
    hostile_result,
    make_burden,
    make_cd5,
    make_result,
    unknown_cd5,
)


def written(change: Callable[[dict[str, Any]], object] = lambda _: None) -> str:
    """Return a result.json, changed by hand."""
    plain = json.loads(make_result().to_json())
    change(plain)
    # What has no canonical form has no digest either: the one before stands for it.
    with contextlib.suppress(ResultError):
        plain |= {"digest": digest_of(plain)}
    return json.dumps(plain)


def refusal(content: str | bytes) -> str:
    with pytest.raises(ResultError) as refused:
        parse_result(content, name="r.json")
    assert refused.value.exit_code == 1
    assert "\n" not in refused.value.message
    return refused.value.message


def test_what_was_written_is_read_back_equal(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(make_result().to_json(), encoding="utf-8")
    assert load_result(path).result == make_result()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_text_of_any_kind_survives(text: str) -> None:
    read = parse_result(hostile_result(text).to_json())
    assert (read.result, read.is_whole) == (hostile_result(text).sealed(), True)


def test_unknown_stays_unknown() -> None:
    assert parse_result(make_result(cd5=unknown_cd5()).to_json()).result.cd5.percent is None


def test_an_absent_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="No such file"):
        load_result(tmp_path / "none.json")
    with pytest.raises(FileAccessError, match="is a folder"):
        load_result(tmp_path)


def test_a_file_far_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ResultError, match="larger than"):
        load_result(path)


def test_what_is_no_json_is_named_with_its_place() -> None:
    assert refusal('{"schema": ').startswith("r.json: is no JSON: line 1 column 12")


@pytest.mark.parametrize(
    "content",
    ["", "null", "[]", '"text"', b"\xff\xfe", "%PDF-1.7", "[" * 100_000, '{"schema": "\\ud800"}'],
    ids=["empty", "null", "list", "text", "bytes", "pdf", "deep", "surrogate"],
)
def test_other_content_is_refused(content: str | bytes) -> None:
    assert refusal(content).startswith("r.json: ")


def test_half_a_surrogate_pair_in_a_field_is_refused() -> None:
    assert "r.json" in refusal(written(lambda r: r["sample"].update(id="\ud800")))


def test_another_schema_is_named_with_the_one_expected() -> None:
    message = refusal(written(lambda r: r.update(schema="cd5flow.result/2")))
    assert message == "r.json: schema: found 'cd5flow.result/2', expected cd5flow.result/1"
    assert "schema: found none" in refusal(written(lambda r: r.pop("schema")))


@pytest.mark.parametrize(
    ("section", "field", "value", "said"),
    [
        ("cd5", "percent", 150, "cd5.percent: found 150, expected less than or equal to 100"),
        ("cd5", "percent", "69.3", "cd5.percent: found '69.3', expected a valid number"),
        ("cd5", "state", "YES", "cd5.state: found 'YES', expected 'MEETS', 'DOES_NOT_MEET'"),
        ("cd5", "blast_events", -1, "cd5.blast_events: found -1"),
        ("cd5", "blast_events", 10.5, "cd5.blast_events: found 10.5"),
        ("burden", "lod_percent", float("nan"), "found NaN"),
        ("criterion", "state", "ELIGIBLE", "criterion.state: found 'ELIGIBLE'"),
        ("review", "state", "signed", "review.state: found 'signed'"),
        ("review", "signature", "x", "review.signature: unknown field"),
    ],
)
def test_an_impossible_value_is_named_with_its_place(
    section: str, field: str, value: object, said: str
) -> None:
    assert said in refusal(written(lambda r: r[section].update({field: value})))


def test_several_faults_are_counted_in_one_line() -> None:
    def spoil(result: dict[str, Any]) -> None:
        result["cd5"].update(percent=150, state="YES")
        del result["burden"]["percent"]

    assert refusal(written(spoil)).endswith("(and 2 more)")


def test_a_result_of_another_version_is_said_to_be_one() -> None:
    def age(result: dict[str, Any]) -> None:
        result["provenance"]["cd5flow"] = "9.8.7"
        result["novel"] = True

    message = refusal(written(age))
    assert message.endswith(f"written by cd5flow 9.8.7, this is {__version__}")


def test_a_field_that_stands_twice_is_refused() -> None:
    text = written().replace('"percent": 69.3', '"percent": 12.5, "percent": 69.3', 1)
    assert "'percent' stands twice" in refusal(text)


def test_fields_beyond_the_published_schema_may_be_absent() -> None:
    def trim(result: dict[str, Any]) -> None:
        del result["strategy"]["choice"]
        del result["findings"]
        for population in result["populations"]:
            del population["gate"]

    read = parse_result(written(trim)).result
    assert (sentence(read.strategy.choice), read.findings, read.populations[0].gate) == (
        "",
        (),
        None,
    )


def test_a_byte_order_mark_is_no_fault() -> None:
    marked = b"\xef\xbb\xbf" + make_result().to_json().encode()
    assert parse_result(marked).result == make_result()


def test_a_result_without_a_digest_is_to_be_analysed_again() -> None:
    plain = json.loads(make_result().to_json())
    del plain["digest"]
    plain["novel"] = True  # whatever else an earlier version wrote
    assert refusal(json.dumps(plain)).endswith("written before results had one; analyse again")


def test_a_change_shows_in_the_digest_and_a_review_does_not() -> None:
    plain = json.loads(make_result().to_json())
    plain["review"] |= {"state": "confirmed", "by": "R7"}
    assert parse_result(json.dumps(plain)).is_whole
    plain["sample"]["patient_id"] = "P03"
    read = parse_result(json.dumps(plain))
    assert not read.is_whole
    assert read.digest_fault.startswith(
        f"digest: found {plain['digest']}, expected {digest_of(plain)}"
    )


def test_every_refusal_is_refused_input() -> None:
    assert issubclass(ResultError, InputError)


def test_a_whole_result_does_not_contradict_itself() -> None:
    assert contradictions(make_result()) == ()
    assert contradictions(make_result(cd5=unknown_cd5())) == ()


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (make_result(cd5=make_cd5(percent=79.3)), "cd5.percent: found 79.3, expected 69.32 %"),
        (make_result(cd5=make_cd5(positive_events=7000)), "7,000 of 6,669 events"),
        (
            make_result(cd5=make_cd5(ci95_percent=(70.0, 71.0))),
            "cd5.ci95_percent: found 70 to 71, expected it to hold 69.3",
        ),
        (make_result(cd5=make_cd5(band_percent=(70.9, 68.6))), "cd5.band_percent: found 70.9"),
        (make_result(burden=make_burden(percent=4.9)), "burden.percent: found 4.9"),
        (
            make_result(burden=make_burden(denominator_events=0, blast_events=0)),
            "expected no % by its counts",
        ),
        (make_result(burden=make_burden(ci95_percent=(1.0, 2.0))), "burden.ci95_percent"),
    ],
)
def test_a_number_changed_in_one_place_contradicts_another(result: Result, said: str) -> None:
    assert any(said in line for line in contradictions(result))
