"""What is known while gates are looked for: who stands in for whom, and branches to try a path on."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.gating.state import FoundGate, GatingInput, GatingState, NotFound, all_events
from cd5flow.model.events import Channel, RawEvents
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.members import Population
from cd5flow.model.names import ALL
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate
from cd5flow.model.reasons import Reason
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import Columns

FEW = Finding(Severity.WARN, Reason("GATE_SHARE", text="few"))


def found(name: str, *, events: int = 3, findings: tuple[Finding, ...] = ()) -> FoundGate:
    gate = Gate(name, ALL, Interval(Dimension("X"), low=0), Evidence("fixed", 3), "")
    return FoundGate(gate, Population(np.arange(3) < events), findings)


def state(*outcomes: tuple[str, FoundGate | NotFound]) -> GatingState:
    """Return what is known of a tube of three events once these came of its gates."""
    channels = (Channel(0, "X", None, 32, 1024.0, 1024.0),)
    raw = RawEvents(np.zeros((3, 1), dtype=np.float32, order="F"), channels, None)
    columns = Columns(compensate(raw, None))
    known = GatingState(
        GatingInput(columns, Panel(channels, {}, {}), {}, seed=0), all_events(columns)
    )
    known.substitutes.update({"gone": "a", "out": None, "twice": "gone"})
    for name, outcome in (("a", found("a", events=1)), *outcomes):
        known.add(name, outcome)
    return known


def test_a_found_gate_is_a_population_and_one_not_found_is_none() -> None:
    known = state(("b", found("b", events=2)), ("c", NotFound("b")))
    assert list(known.members) == [ALL, "a", "b"]
    assert known.members["a"].tolist() == [True, False, False]
    assert known.members["b"].tolist() == [True, True, False]
    assert list(known.gates) == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "standing"),
    [("a", "a"), ("b", "b"), ("c", "b"), ("e", "a"), ("out", None), ("twice", "a"), ("no", None)],
)
def test_what_was_not_found_is_stood_in_for(name: str, standing: str | None) -> None:
    known = state(("b", found("b")), ("c", NotFound("b")), ("e", NotFound("gone")))
    assert known.population_for(name) == standing


def test_a_gate_found_by_an_alternative_stands_for_itself() -> None:
    assert state(("b", NotFound("a")), ("b", found("b"))).population_for("b") == "b"
    assert state(("b", NotFound(None))).population_for("b") is None


def test_what_is_to_be_said_of_gates_is_kept_in_their_order() -> None:
    other = Finding(Severity.INFO, Reason("GATE_UNRESOLVED", text="b: none"))
    known = state(("b", NotFound(None, (other,))), ("c", found("c", findings=(FEW,))))
    assert known.findings == [other, FEW]


def test_one_cluster_refused_as_normal_cells_is_remembered() -> None:
    assert not state(("b", NotFound(None))).look_alike
    assert state(("b", NotFound(None, look_alike=True)), ("c", NotFound(None))).look_alike


def test_a_branch_leaves_what_it_came_from_as_it_was() -> None:
    known = state()
    trial = known.branch()
    trial.add("b", found("b", findings=(FEW,)))
    trial.add("c", NotFound("b", look_alike=True))
    assert list(known.members) == [ALL, "a"]
    assert list(known.gates) == ["a"]
    assert known.findings == []
    assert "c" not in known.substitutes
    assert not known.look_alike
    assert trial.population_for("c") == "b"
