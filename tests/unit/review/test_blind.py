"""The second reader gates before seeing the first: nothing of the first one's work is told till then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cd5flow.review.desk import Desk
from cd5flow.review.signing import sign
from cd5flow.signatures.acts import ActKind
from support.review_factory import ANALYST, CLEAR, LOW, REVIEWER, Page, laboratory, page_of


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = laboratory(tmp_path).desk(sign, blind=True)
    yield desk
    desk.close()


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    """Give a page on which the analyst has moved the cut, written it, and signed; then the reviewer came."""
    with page_of(desk) as page:
        page.post("/api/person", ANALYST)
        page.open(CLEAR)
        page.act("move", gate="cd5_positive", drawing=moved(page, 0.2), reason="first reading")
        page.act("version", reason="first reading")
        page.see_all()
        said = {**ANALYST, "meaning": "analysed", "digest": page.tube["digest"]}
        page.act("sign", **said)
        page.post("/api/person", REVIEWER)
        yield page


def moved(page: Page, by: float) -> dict[str, Any]:
    view = page.view("cd5_positive")
    edge, axis = view["edges"][0], view["x"]
    return {"edges": {edge["key"]: edge["at"] + by * (axis["high"] - axis["low"])}}


def sample(page: Page, name: str) -> dict[str, Any]:
    samples = page.get("/api/queue")["samples"]
    return next(one for one in samples if one["sample"] == name)


def test_nothing_of_the_first_reading_is_told(page: Page) -> None:
    assert {sample(page, CLEAR)[name] for name in ("cd5", "burden", "criterion", "state")} == {
        "hidden"
    }
    assert sample(page, LOW)["cd5"] != "hidden"
    tube = page.open(CLEAR)
    assert tube["blind"]
    assert tube["answer"]["now"] == tube["answer"]["automatic"]
    assert tube["drawn"] == []
    assert (tube["review"]["state"], tube["review"]["signatures"]) == ("hidden", [])
    assert tube["own_reading"] == ""
    told = json.dumps([tube, page.get(f"{page.path}/gates/cd5_positive")])
    assert "bob" not in told
    assert "first reading" not in told.replace("your own reading comes first", "")


def test_nobody_signs_or_writes_before_comparing(page: Page) -> None:
    page.open(CLEAR)
    page.see_all()
    said = {**REVIEWER, "meaning": "approved", "digest": page.tube["digest"]}
    assert "compare your own reading" in page.act("sign", status=401, **said)["refused"]
    page.act("move", gate="cd5_positive", drawing=moved(page, 0.1))
    page.see_all()
    assert "compare" in page.act("version", status=401, reason="mine")["refused"]


def test_both_readings_stand_side_by_side_once_the_second_was_made(page: Page, desk: Desk) -> None:
    page.open(CLEAR)
    assert "still to be seen" in page.act("compare", status=401)["refused"]
    page.act("move", gate="cd5_positive", drawing=moved(page, 0.1))
    own = page.tube["answer"]["now"]["cd5"]["number"]
    page.see_all()
    tube = page.act("compare")
    assert not tube["blind"]
    assert tube["own_reading"].startswith(f"CD5 {own} ")
    assert [one["by"] for one in tube["drawn"]] == ["bob"]
    assert [one["user"] for one in tube["review"]["signatures"]] == ["bob"]
    kinds = [e.kind for e in desk.ledger.entries() if e.user == "ann" and e.subject]
    assert kinds.count(ActKind.COMPARED) == 1
    page.see_all()
    said = {**REVIEWER, "meaning": "approved", "digest": tube["digest"]}
    assert page.act("sign", **said)["review"]["state"] == "amended"


def test_what_a_blind_reader_drew_is_nobody_elses(page: Page) -> None:
    page.open(CLEAR)
    page.act("move", gate="cd5_positive", drawing=moved(page, 0.1))
    page.post("/api/person", ANALYST)
    tube = page.open(CLEAR)
    assert not tube["blind"]
    assert not tube["is_changed"]
    assert tube["can_undo"] is False
    page.post("/api/person", REVIEWER)
    again = page.open(CLEAR)
    assert [one["by"] for one in again["drawn"]] == ["ann"]
