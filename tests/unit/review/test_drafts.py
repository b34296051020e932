from __future__ import annotations

import pytest

from cd5flow.review.drafts import Draft, DrawnAct, replay


def act(gate: str, place: float | None, reason: str = "") -> DrawnAct:
    region = None if place is None else {"shape": "interval", "low": place}
    return DrawnAct(gate, region, "bob", "2026-01-31T09:30:00Z", reason)


def test_the_last_act_on_a_gate_holds() -> None:
    draft = replay((), [act("a", 1.0), act("b", 2.0), act("a", 3.0)])
    assert {name: one.region for name, one in draft.gates.items()} == {
        "a": {"shape": "interval", "low": 3.0},
        "b": {"shape": "interval", "low": 2.0},
    }


def test_undo_takes_back_the_last_act_and_redo_does_it_again() -> None:
    drawn = replay((), [act("a", 1.0), act("a", 2.0)])
    assert drawn.undo().gates["a"].region == {"shape": "interval", "low": 1.0}
    assert drawn.undo().redo() == drawn
    assert drawn.undo().undo().undo() == drawn.undo().undo()
    assert drawn.redo() is drawn


def test_an_act_after_an_undo_gives_up_what_was_undone() -> None:
    draft = replay((), [act("a", 1.0), "undo", act("b", 2.0), "redo"])
    assert list(draft.gates) == ["b"]
    assert not draft.undone


def test_a_gate_taken_back_is_drawn_no_more() -> None:
    draft = replay([act("a", 1.0)], [act("a", None)])
    assert draft.gates == {}
    assert draft.is_changed


def test_a_draft_that_ends_where_its_version_began_is_unchanged() -> None:
    base = [act("a", 1.0)]
    assert not replay(base, [act("a", 2.0), act("a", 1.0)]).is_changed
    assert not Draft(tuple(base)).is_changed


def test_gates_drawn_without_a_reason_get_the_one_given_at_the_end() -> None:
    draft = replay((), [act("a", 1.0, "seen so"), act("b", 2.0)])
    assert {name: one.reason for name, one in draft.reasoned("for all").items()} == {
        "a": "seen so",
        "b": "for all",
    }


def test_an_act_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no act"):
        replay((), ["forget"])
