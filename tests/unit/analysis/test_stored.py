"""Stored results: what was edited is refused, and no review is believed that nothing proves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cd5flow.analysis.stored import read_result
from cd5flow.errors import ResultError
from cd5flow.model.result import ReviewSection
from support.report_factory import make_result


def test_a_result_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text(make_result().to_json(), "utf-8")
    assert read_result(path) == make_result()


def test_an_edited_result_is_refused_with_both_digests(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    plain = json.loads(make_result().to_json())
    plain["sample"]["patient_id"] = "P99"
    path.write_text(json.dumps(plain), "utf-8")
    with pytest.raises(
        ResultError, match=rf"digest: found {plain['digest']}, expected [0-9a-f]{{64}}"
    ):
        read_result(path)


def test_what_a_file_says_of_its_review_is_no_proof(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    signed = ReviewSection(state="confirmed", by="A. B.", at="2026-02-01")
    path.write_text(make_result(review=signed).to_json(), "utf-8")
    assert read_result(path).review == ReviewSection()
