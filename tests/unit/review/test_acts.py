from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow.analysis.settings import make_settings
from cd5flow.errors import OutputError
from cd5flow.pipeline import analyse_tube
from cd5flow.review.desk import Desk
from cd5flow.signatures.acts import ActKind
from cd5flow.signatures.ledger import LEDGER, Ledger
from support.review_factory import (
    ANALYST,
    CLEAR,
    LOW,
    Laboratory,
    Page,
    laboratory,
    page_of,
)

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    return laboratory(tmp_path_factory.mktemp("acts"))


@pytest.fixture(scope="module")
def desk(lab: Laboratory) -> Iterator[Desk]:
    desk = lab.desk()
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def page(desk: Desk) -> Iterator[Page]:
    with page_of(desk) as page:
        page.post("/api/person", ANALYST)
        yield page


def moved(page: Page, gate: str, by: float) -> dict[str, Any]:
    """Return the drawing in which the first edge of a gate lies by so many windows further."""
    view = page.view(gate)
    edge = view["edges"][0]
    axis = view[edge["along"]]
    return {"edges": {edge["key"]: edge["at"] + by * (axis["high"] - axis["low"])}}


def acts(desk: Desk) -> list[str]:
    return [entry.row.act for entry in desk.ledger.entries() if entry.subject]


def test_nobody_acts_before_logging_in(page: Page, desk: Desk) -> None:
    page.post("/api/person/leave", {})
    page.open(CLEAR)
    before = acts(desk)
    drawing = moved(page, "cd5_positive", 0.1)
    answer = page.act("move", status=401, gate="cd5_positive", drawing=drawing)
    assert "sign in" in answer["refused"]
    page.act("seen/accepted", status=401, gate="blasts")
    assert acts(desk) == before
    page.post("/api/person", ANALYST)


def test_a_wrong_password_is_refused_and_recorded(page: Page, desk: Desk) -> None:
    page.post("/api/person", {**ANALYST, "password": "guess"}, status=401)
    last = desk.ledger.last()
    assert last is not None
    assert last.kind is ActKind.SIGN_IN_REFUSED
    page.post("/api/person", ANALYST)


def test_a_moved_cut_gives_what_the_override_of_the_ledger_gives(
    page: Page, desk: Desk, lab: Laboratory, tmp_path: Path
) -> None:
    before = page.open(LOW)["answer"]["now"]["cd5"]["number"]
    drawing = moved(page, "cd5_positive", 0.4)
    quick = page.post(f"{page.path}/count", {"gate": "cd5_positive", "drawing": drawing})
    tube = page.act("move", gate="cd5_positive", drawing=drawing, reason="the valley lies higher")
    assert tube["answer"]["now"]["cd5"]["number"] != before
    assert tube["answer"]["automatic"]["cd5"]["number"] == before
    recorded = [e for e in desk.ledger.entries() if e.kind is ActKind.GATE_MOVED][-1]
    file = tmp_path / "recorded.json"
    file.write_text(json.dumps(recorded.values["override"]), "utf-8")
    again = analyse_tube(
        lab.tubes / f"{LOW}.fcs",
        make_settings(
            strategy=lab.tubes / "small.yaml",
            spillover="hardware",
            timepoint="relapse",
            specimen="bone_marrow",
            override=file,
        ),
    ).result
    gate = next(one for one in tube["gates"] if one["name"] == "cd5_positive")
    assert gate["events"] == again.cd5.positive_events == quick["events"]
    assert recorded.user == "bob"
    assert recorded.text("reason") == "the valley lies higher"
    page.act("step/undo")


def test_what_lies_below_a_moved_gate_is_found_anew(page: Page) -> None:
    page.open(CLEAR)
    blasts = next(one for one in page.tube["gates"] if one["name"] == "blasts")
    tube = page.act("move", gate="cycd3_positive", drawing=moved(page, "cycd3_positive", 0.9))
    changed = next(one for one in tube["gates"] if one["name"] == "blasts")
    assert changed["events"] == 0
    assert changed["lost"] == blasts["events"]
    assert tube["is_changed"]
    tube = page.act("step/undo")
    assert not tube["is_changed"]
    assert tube["can_redo"]


def test_undo_and_redo_are_acts_and_end_where_they_began(page: Page, desk: Desk) -> None:
    page.open(CLEAR)
    found = page.tube["answer"]["now"]
    drawn = page.act("move", gate="cd5_positive", drawing=moved(page, "cd5_positive", 0.2))
    assert page.act("step/undo")["answer"]["now"] == found
    assert page.act("step/redo")["answer"]["now"] == drawn["answer"]["now"]
    assert page.act("step/undo")["answer"]["now"] == found
    assert acts(desk)[-4:] == ["gate_moved", "gate_undone", "gate_undone", "gate_undone"]


def test_a_server_that_was_killed_opens_again_where_it_stood(page: Page, lab: Laboratory) -> None:
    page.open(CLEAR)
    page.act("move", gate="cd5_positive", drawing=moved(page, "cd5_positive", 0.2))
    stood = page.tube
    other = lab.desk()
    with page_of(other) as again:
        assert again.open(CLEAR)["answer"] == stood["answer"]
        assert again.tube["at"] == stood["at"]
        assert again.tube["can_undo"]
    other.close()
    page.act("step/undo")


def test_of_two_windows_the_later_one_is_told_and_shown_what_stands(
    page: Page, lab: Laboratory
) -> None:
    page.open(CLEAR)
    drawing = moved(page, "cd5_positive", 0.2)
    other = lab.desk()
    with page_of(other) as second:
        second.post("/api/person", ANALYST)
        second.open(CLEAR)
        page.act("move", gate="cd5_positive", drawing=drawing)
        answer = second.act("move", status=409, gate="cd5_positive", drawing=drawing)
        assert "another window" in answer["refused"]
        assert second.open(CLEAR)["answer"] == page.tube["answer"]
    other.close()
    page.act("step/undo")


def test_an_act_that_cannot_be_recorded_changes_nothing(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.open(CLEAR)
    stood = page.get(page.path)
    drawing = moved(page, "cd5_positive", 0.2)

    def full(*_: Any) -> None:
        raise OutputError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "_add", full)
        answer = page.act("move", status=422, gate="cd5_positive", drawing=drawing)
        assert "full" in answer["refused"]
    assert page.get(page.path) == stood


@pytest.mark.parametrize(
    "drawing",
    [
        {"edges": {"0:low": "NaN"}},
        {"edges": {"0:low": None}},
        {"edges": []},
        {},
        {"corners": [[0, 0]]},
    ],
)
def test_what_is_no_drawing_is_refused(page: Page, drawing: dict[str, Any]) -> None:
    page.open(CLEAR)
    page.act("move", status=422, gate="cd5_positive", drawing=drawing)


def test_deciding_gates_stand_first_and_are_to_be_seen(page: Page) -> None:
    tube = page.open(LOW)
    deciding = [one["name"] for one in tube["gates"] if one["deciding"]]
    assert deciding == ["cycd3_positive", "blasts", "cd5_positive"]
    page.see_all()
    assert page.tube["unseen"] == []
    moved_tube = page.act("move", gate="cd5_positive", drawing=moved(page, "cd5_positive", 0.2))
    assert moved_tube["unseen"] == ["cd5_positive"]
    page.act("step/undo")


def test_who_logs_in_next_has_seen_nothing(page: Page) -> None:
    page.open(LOW)
    page.see_all()
    page.post("/api/person", {"user": "ann", "password": "correct horse"})
    assert page.get(page.path)["unseen"]
    page.post("/api/person", ANALYST)


def test_a_version_is_written_with_the_gates_as_they_stand(
    tmp_path: Path,
) -> None:
    lab = laboratory(tmp_path)
    desk = lab.desk()
    with page_of(desk) as page:
        page.post("/api/person", ANALYST)
        digest = page.open(CLEAR)["digest"]
        page.act("move", gate="cd5_positive", drawing=moved(page, "cd5_positive", 0.2))
        answer = page.act("version", status=422, reason="")
        assert "reason" in answer["refused"]
        stood = page.tube["answer"]["now"]
        tube = page.act("version", reason="a dim part belongs to the negatives")
        assert tube["digest"] != digest
        assert not tube["is_changed"]
        assert tube["answer"]["now"]["cd5"] == stood["cd5"]
        stored = json.loads((lab.out / CLEAR / "result.json").read_bytes())
        assert stored["digest"] == tube["digest"]
        assert stored["overrides"][0]["by"] == "bob"
        assert stored["overrides"][0]["reason"] == "a dim part belongs to the negatives"
        assert (lab.out / CLEAR / "previous" / "1" / "result.json").is_file()
        assert tube["review"]["movers"] == ["bob"]
        left = {one["sample"]: one["left"] for one in page.get("/api/queue")["samples"]}
        assert left[CLEAR] == "approval by another person"
    desk.close()
    assert not Ledger.read(lab.out / LEDGER).breaks()


def test_markup_in_texts_stays_text(page: Page) -> None:
    page.open(CLEAR)
    script = "<script>alert(1)</script>\u202e"
    tube = page.act(
        "move", gate="cd5_positive", drawing=moved(page, "cd5_positive", 0.2), reason="<b>why</b>"
    )
    assert tube["drawn"][0]["reason"] == "<b>why</b>"
    page.act("move", status=404, gate=script, drawing={"edges": {}})
    page.act("step/undo")


def test_pictures_are_drawn_of_every_deciding_gate(page: Page) -> None:
    page.open(CLEAR)
    for gate in page.tube["gates"]:
        views = page.get(f"{page.path}/gates/{gate['name']}")["views"]
        for number in range(len(views)):
            for over in ("", "?of=blasts"):
                path = f"{page.path}/gates/{gate['name']}/{number}.png{over}"
                answer = page.client.get(path)
                assert answer.status_code == 200
                assert answer.content.startswith(b"\x89PNG")
    assert np.isfinite(page.view("cd5_positive")["x"]["low"])
