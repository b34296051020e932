"""From what was found on a tube to the sections of its result."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from cd5flow.analysis.result_rows import ALWAYS, finding_reasons, panel_entries, population_sections
from cd5flow.config.shipped import strategy_file
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Operand,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.model.members import Members
from cd5flow.model.names import ALL
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating, Lineage
from cd5flow.model.reasons import Reason, sentence, written
from cd5flow.model.region_file import write_region
from cd5flow.model.result import PopulationSection
from cd5flow.model.scale import Asinh, Linear, Log, Logicle, Scale
from cd5flow.simulate import TubeSpec
from support.gating_factory import (
    axis,
    cut_at,
    detector_of,
    gate,
    gated,
    lineage_path,
    panel_of,
    raw_events,
    simulated,
    strategy_of,
    tube_of,
)

X, Y = axis("CD45", None), axis("SSC", None)


def gating(**members: list[int]) -> Gating:
    """Return populations of a tube of ten events, each within the one named before it by ``_in_``."""
    gates, masks = [], {ALL: np.ones(10, dtype=np.bool_)}
    for path, rows in members.items():
        name, _, parent = path.partition("_in_")
        mask = np.zeros(10, dtype=np.bool_)
        mask[rows] = True
        masks[name] = mask
        evidence = Evidence("fixed", 10, {"cut": 0.5}, written("a note"))
        gates.append(Gate(name, parent or ALL, Interval(X, low=0), evidence, "wanted", (1, 2)))
    return Gating(
        tree=GateTree(tuple(gates)),
        members=Members(masks),
        findings=(),
        lineage=Lineage(),
        denominator_rule="",
    )


def rows(found: Gating) -> dict[str, PopulationSection]:
    return {row.name: row for row in population_sections(found)}


def test_each_channel_is_listed_with_the_marker_it_was_taken_for() -> None:
    raw = raw_events({"FSC": [1], "CD5": [2], "Time": [3]})
    panel = panel_of(raw)
    panel = Panel(raw.channels, {"CD5": detector_of("CD5"), "Time": "Time"}, panel.labels)
    entries = [(e.channel, e.marker, e.label) for e in panel_entries(panel)]
    assert entries == [
        (detector_of("FSC"), None, "FSC"),
        (detector_of("CD5"), "CD5", "CD5"),
        ("Time", "Time", "Time"),
    ]


def test_populations_are_told_in_gating_order_with_their_path() -> None:
    found = population_sections(gating(a=[0, 1, 2, 3], b_in_a=[0], nucleated=[0]))
    assert [row.name for row in found] == ["a", "b", "nucleated", "blasts", "cd5_positive"]
    assert [row.path for row in found[:3]] == ["all/a", "all/a/b", "all/nucleated"]
    assert [row.parent for row in found] == ["all", "a", "all", None, None]


def test_shares_are_of_the_parent_and_of_the_denominator() -> None:
    found = rows(gating(nucleated=list(range(8)), blasts_in_nucleated=[0, 1]))
    assert (found["nucleated"].percent_of_parent, found["blasts"].percent_of_parent) == (80, 25)
    assert found["nucleated"].percent_of_denominator == 100
    assert found["blasts"].percent_of_denominator == 25
    assert found["blasts"].events == 2


def test_a_share_of_the_denominator_is_of_populations_that_lie_within_it() -> None:
    found = rows(gating(singlets=list(range(9)), nucleated=list(range(8)), t_cells=[0, 1, 8]))
    assert found["singlets"].percent_of_denominator is None
    assert found["t_cells"].percent_of_denominator is None


def test_the_share_of_an_empty_parent_is_unknown() -> None:
    found = rows(gating(a=[], b_in_a=[], nucleated=[0]))
    assert (found["a"].events, found["a"].percent_of_parent) == (0, 0)
    assert (found["b"].events, found["b"].percent_of_parent) == (0, None)


@pytest.mark.parametrize("members", [{"a": [0]}, {"a": [0], "nucleated": []}])
def test_without_a_denominator_its_shares_are_unknown(members: dict[str, list[int]]) -> None:
    assert all(row.percent_of_denominator is None for row in rows(gating(**members)).values())


def test_what_every_result_names_is_there_without_a_gate() -> None:
    found = rows(gating())
    assert tuple(found) == ALWAYS
    for name, row in found.items():
        assert (row.path, row.events, row.gate) == (f"all/{name}", 0, None)
        assert (row.percent_of_parent, row.percent_of_denominator) == (None, None)


def test_a_population_tells_how_it_was_gated() -> None:
    one = rows(gating(a=[0]))["a"].gate
    assert one is not None
    assert (one.method, one.events_seen, sentence(one.note), one.why) == (
        "fixed",
        10,
        "a note",
        "wanted",
    )
    assert one.evidence == {"cut": 0.5}
    assert one.expected_percent == (1, 2)
    assert one.region["shape"] == "interval"


REGIONS: dict[str, tuple[Region, dict[str, Any]]] = {
    "interval": (Interval(X, low=1), {"low": 1, "high": None}),
    "intervals": (Intervals(X, ((1, 2), (3, 4))), {"spans": [[1, 2], [3, 4]]}),
    "polygon": (Polygon(X, Y, ((0, 0), (1, 0), (0, 1))), {"vertices": [[0, 0], [1, 0], [0, 1]]}),
    "ellipse": (
        Ellipse(X, Y, (1, 2), (4, 1, 1), 3),
        {"centre": [1, 2], "covariance": [4, 1, 1], "distance_squared": 3},
    ),
    "boolean": (
        Boolean("and", (Operand("a"), Operand("b", complement=True))),
        {
            "operator": "and",
            "operands": [{"gate": "a", "complement": False}, {"gate": "b", "complement": True}],
        },
    ),
}


@pytest.mark.parametrize("shape", REGIONS)
def test_a_region_is_told_in_names_and_numbers(shape: str) -> None:
    region, numbers = REGIONS[shape]
    told = write_region(region)
    assert told["shape"] == shape
    assert numbers.items() <= told.items()
    assert json.loads(json.dumps(told)) == told


def test_a_rectangle_is_told_side_by_side() -> None:
    told = write_region(Rectangle((Interval(X, low=1), Interval(Y, high=2))))
    assert [side["dimension"]["detector"] for side in told["sides"]] == [X.detector, Y.detector]
    assert [(side["low"], side["high"]) for side in told["sides"]] == [(1, None), (None, 2)]


@pytest.mark.parametrize(
    ("scale", "told"),
    [
        (None, None),
        (Linear(t=10), {"type": "linear", "t": 10, "a": 0}),
        (Log(t=10, m=4), {"type": "log", "t": 10, "m": 4}),
        (Asinh(t=10, m=4), {"type": "asinh", "t": 10, "m": 4, "a": 0}),
        (Logicle(t=10), {"type": "logicle", "t": 10, "w": 0.5, "m": 4.5, "a": 0}),
    ],
)
def test_an_axis_is_told_with_its_scale(scale: Scale | None, told: dict[str, Any] | None) -> None:
    dimension = write_region(Interval(Dimension("PE-A", scale, compensated=False), low=0))[
        "dimension"
    ]
    assert dimension == {"detector": "PE-A", "scale": told, "compensated": False}


def test_findings_are_told_with_their_code_each_once() -> None:
    one = Finding(Severity.WARN, Reason("GATE_SHARE", text="much"))
    again = Finding(Severity.INFO, Reason("GATE_SHARE", text="much"))
    other = Finding(Severity.WARN, Reason("GATE_SHARE", text="more"))
    assert finding_reasons((one, other, again)) == (one.reason, other.reason)


def test_a_strategys_populations_become_rows_that_json_can_hold() -> None:
    strategy = strategy_of(
        gates=[gate("nucleated", cut_at("CD45", 4), expect_percent=[0, 100])],
        paths=[lineage_path(gate("blasts", cut_at("CD45", 7), "nucleated"))],
    )
    found = population_sections(gated(strategy, tube_of({"CD45": np.arange(10.0) + 0.5})))
    assert [(row.name, row.events) for row in found] == [
        ("nucleated", 6),
        ("blasts", 3),
        ("cd5_positive", 0),
    ]
    assert found[1].percent_of_denominator == 50


@pytest.mark.parametrize("name", ["t-all-relapse", "t-all-mrd"])
def test_a_whole_tubes_populations_are_told(name: str) -> None:
    tube = simulated(TubeSpec(name="one", events=5_000, seed=3))
    found = population_sections(gated(load_strategy(strategy_file(name)).value, tube))
    by_name = {row.name: row for row in found}
    assert {*ALWAYS, "singlets", "lymphocytes", "t_cells"} <= set(by_name)
    assert by_name["blasts"].percent_of_denominator is not None
    for row in found:
        json.dumps(row.model_dump(mode="json"), allow_nan=False)
        assert row.path.endswith(f"/{row.name}")
