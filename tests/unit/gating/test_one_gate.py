"""Gates side by side: what each sees of those before it, and that their order decides alone."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cd5flow.gating.one_gate import Before, Found, FoundGate, NotFound
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.members import Members, Population
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, Gating
from cd5flow.model.result import Timepoint
from cd5flow.numerics import threads as beside
from cd5flow.numerics.threads import Turn
from cd5flow.pipeline import Settings, analyse_tube
from support.analysed import SAMPLES

TUBES = ("p01-clear-positive", "p07-cd56-positive", "p09-blood-clogged", "p12-no-cd5")


def gating(name: str, timepoint: Timepoint) -> Gating:
    path: Path = SAMPLES / f"{name}.fcs"
    return analyse_tube(path, Settings(timepoint=timepoint)).gating


@pytest.mark.parametrize("timepoint", [Timepoint.RELAPSE, Timepoint.MRD])
@pytest.mark.parametrize("name", TUBES)
def test_gates_found_side_by_side_are_those_found_one_after_the_other(
    name: str, timepoint: Timepoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "processors", lambda: 1)
    plain = gating(name, timepoint)
    for processors in (2, 3):
        monkeypatch.setattr(beside, "processors", lambda n=processors: n)
        found = gating(name, timepoint)
        assert found.tree == plain.tree
        assert found.findings == plain.findings
        assert list(found.members) == list(plain.members)
        for population, mask in plain.members.items():
            assert np.array_equal(found.members[population], mask), population


def a_gate(name: str, parent: str = ALL) -> Gate:
    return Gate(name, parent, Interval(Dimension("X"), low=0), Evidence("fixed", 3), "")


def found(name: str, *, events: int = 3) -> FoundGate:
    return FoundGate(a_gate(name), Population(np.arange(3) < events))


def before(*turns: tuple[str, Found]) -> Before:
    """Return a view of `all`, the gated `a`, and what these turns give."""
    members = Members({ALL: np.ones(3, dtype=np.bool_), "a": np.array([True, False, False])})
    return Before(
        members,
        {"a": a_gate("a")},
        {"gone": "a", "out": None, "twice": "gone"},
        [(name, Turn(partial(lambda one: one, result))) for name, result in turns],
    )


def test_a_gate_sees_what_was_gated_before_and_what_the_turns_before_it_give() -> None:
    view = before(("b", found("b", events=2)), ("c", NotFound("b")))
    assert list(view) == [ALL, "a", "b"]
    assert len(view) == 3
    assert view["a"].tolist() == [True, False, False]
    assert view["b"].tolist() == [True, True, False]
    assert "c" not in view
    assert view.get("d") is None
    assert [gate.name for gate in view.gates()] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "standing"),
    [("a", "a"), ("b", "b"), ("c", "b"), ("e", "a"), ("out", None), ("twice", "a"), ("no", None)],
)
def test_what_was_not_found_is_stood_in_for(name: str, standing: str | None) -> None:
    view = before(("b", found("b")), ("c", NotFound("b")), ("e", NotFound("gone")))
    assert view.standing(name) == standing


def test_a_gate_found_by_an_alternative_stands_for_itself() -> None:
    assert before(("b", NotFound("a")), ("b", found("b"))).standing("b") == "b"
    assert before(("b", None), ("b", NotFound(None))).standing("b") is None


def test_who_asks_for_a_gate_at_work_waits_for_it() -> None:
    asked = threading.Event()

    def slow() -> Found:
        asked.wait(timeout=5)
        return found("b")

    turn: Turn[Found] = Turn(slow)
    worker = threading.Thread(target=turn.do)
    worker.start()
    view = Before(Members(), {}, {}, [("b", turn)])
    threading.Timer(0.05, asked.set).start()
    assert view["b"].tolist() == [True, True, True]
    worker.join()


def test_what_a_gate_raised_is_raised_to_who_asks_for_it() -> None:
    def broken() -> Found:
        raise ValueError("no such channel")

    view = Before(Members(), {}, {}, [("b", Turn(broken))])
    with pytest.raises(ValueError, match="no such channel"):
        view.get("b")


def test_a_gate_carries_what_is_to_be_said_of_it() -> None:
    finding = Finding("GATE_SHARE", Severity.WARN, "few")
    one = FoundGate(a_gate("b"), Population(np.ones(3, dtype=np.bool_)), (finding,))
    assert one.who.count == 3
    assert one.findings == (finding,)
