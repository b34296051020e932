"""What a gate rests on, which of its edges bound nothing, and whether it lies where it usually does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cd5flow.config.shipped import strategy_file
from cd5flow.errors import StrategyError
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.names import ALL
from cd5flow.model.populations import Gate, Gating, Place
from cd5flow.model.reasons import Reason, sentence
from support.gating_factory import Entry, cut_at, gate, gated, normal, strategy_of, tube_of


def found(*gates: Entry, markers: tuple[str, ...] = ("CD45", "CD3"), events: int = 100) -> Gating:
    """Return a tube of 0.5, 1.5, 2.5 ... on every marker, gated."""
    values = np.arange(events) + 0.5
    return gated(strategy_of(gates=gates), tube_of(dict.fromkeys(markers, values)))


def said(gating: Gating, code: str) -> list[str]:
    return [finding.message for finding in gating.findings if finding.code == code]


def above(population: str, **more: Any) -> Entry:
    side = {"axis": "CD45", "low": {"population": population, "min_events": 5, **more}}
    return {"method": "relative", "sides": [side]}


NEVER = above("nobody")


# What a gate rests on


def test_a_gate_names_the_populations_that_it_was_placed_by() -> None:
    gating = found(
        gate("a", cut_at("CD45", 40)), gate("b", above("a")), gate("c", cut_at("CD3", 1))
    )
    placed = {one.name: one.evidence.placed_by for one in gating.tree.gates}
    assert placed == {"a": (), "b": ("a",), "c": ()}


def test_of_several_places_only_the_one_that_was_taken_is_named() -> None:
    edge = [
        {"population": "few", "min_events": 50},
        {"population": "many", "min_events": 50},
        {"population": "all", "min_events": 50},
    ]
    way = {"method": "relative", "sides": [{"axis": "CD45", "low": edge}]}
    gating = found(
        gate("few", cut_at("CD45", 90)), gate("many", cut_at("CD45", 20)), gate("b", way)
    )
    assert gating.tree["b"].evidence.placed_by == ("many",)


def test_a_combination_rests_on_what_it_combines() -> None:
    either = {"method": "combine", "operator": "or", "of": ["a", "not b", "nobody"]}
    gating = found(gate("a", cut_at("CD45", 40)), gate("b", cut_at("CD3", 40)), gate("c", either))
    assert gating.tree["c"].evidence.placed_by == ("a", "b")


def test_a_gate_that_was_found_otherwise_tells_why() -> None:
    gating = found(gate("a", NEVER, otherwise=[cut_at("CD45", 40)]))
    evidence = gating.tree["a"].evidence
    (tried,) = evidence.tried
    assert sentence(tried) == (
        "relative: no population with enough events to place the low edge on CD45"
    )
    why = tried.values["why"]
    assert why == Reason("UNRESOLVED", case="no_low_edge", axis="CD45")
    assert evidence.placed_by == ()
    assert len(said(gating, "GATE_OTHERWISE")) == 1


def test_what_a_way_consulted_that_could_not_tell_is_not_what_the_gate_rests_on() -> None:
    crossed = {
        "method": "relative",
        "sides": [
            {
                "axis": "CD45",
                "low": {"population": "a", "min_events": 5},
                "high": {"population": "all", "min_events": 5, "quantile_percent": 1},
            }
        ],
    }
    gating = found(
        gate("a", cut_at("CD45", 40)), gate("b", crossed, otherwise=[cut_at("CD45", 10)])
    )
    assert gating.tree["b"].evidence.placed_by == ()


# Edges that nothing places

TAIL: Entry = {
    "method": "negative_tail",
    "axis": "CD3",
    "keep": "above",
    "max_height": 1,
    "at_most": [{"population": "nobody"}, {"population": "none"}],
}


def negatives() -> Any:
    return tube_of({"CD45": normal(0.5, 0.1, 500, seed=2), "CD3": normal(0.2, 0.03, 500)})


def test_an_edge_that_nothing_places_is_said() -> None:
    gating = gated(strategy_of(gates=[gate("a", TAIL)]), negatives())
    edge = Reason("EDGE", axis="CD3", populations=("nobody", "none"))
    assert gating.tree["a"].evidence.unplaced == (edge,)
    assert said(gating, "EDGE_UNPLACED") == [
        "a: nothing places the edge on CD3 by nobody, none; it bounds nothing here"
    ]


def test_an_edge_that_something_places_is_not() -> None:
    placed = {**TAIL, "at_most": {"population": "all", "decades": 1}}
    gating = gated(strategy_of(gates=[gate("a", placed)]), negatives())
    assert gating.tree["a"].evidence.unplaced == ()
    assert said(gating, "EDGE_UNPLACED") == []


def test_the_centre_of_a_cluster_that_nothing_bounds_is_said() -> None:
    cluster = {
        "method": "candidate_cluster",
        "x": "CD45",
        "y": "CD3",
        "yardstick": ["all"],
        "centre_within": [{"axis": "CD45", "high": {"population": "nobody"}}],
    }
    gating = gated(strategy_of(gates=[gate("a", cluster)]), negatives())
    edge = Reason("EDGE", axis="CD45", populations=("nobody",))
    assert gating.tree["a"].evidence.unplaced == (edge,)


def test_a_gate_that_is_not_found_says_so_and_nothing_of_its_edges() -> None:
    gating = found(gate("a", NEVER))
    assert said(gating, "EDGE_UNPLACED") == []
    assert len(said(gating, "GATE_UNRESOLVED")) == 1


# Where a population usually lies


def placed(gating: Gating, name: str) -> tuple[Place, ...]:
    one: Gate = gating.tree[name]
    return one.places


def expecting(**side: Any) -> Entry:
    edges = {
        end: {"population": "all", "min_events": 5, "quantile_percent": percent}
        for end, percent in side.items()
        if end in {"low", "high"}
    }
    axis = side.get("axis", "CD45")
    return gate("a", cut_at("CD45", 50), expect_position=[{"axis": axis, **edges}])


def test_a_population_in_its_usual_place_is_no_finding() -> None:
    gating = found(expecting(low=50, high=90))
    (place,) = placed(gating, "a")
    assert (place.axis, place.median) == ("CD45", 75)
    assert place.low == pytest.approx(50)
    assert place.high == pytest.approx(89.6)
    assert place.is_usual
    assert gating.findings == ()


@pytest.mark.parametrize(
    ("usual", "words"),
    [
        ({"low": 90}, "at least 90"),
        ({"high": 60}, "at most 60"),
        ({"low": 10, "high": 60}, "at least 10 and at most 60"),
    ],
)
def test_a_population_out_of_its_usual_place_is_said(usual: dict[str, float], words: str) -> None:
    gating = found(expecting(**usual))
    assert said(gating, "GATE_POSITION") == [f"a has its median on CD45 at 75, usually {words}"]
    assert not placed(gating, "a")[0].is_usual


def test_an_expected_place_decides_on_no_event() -> None:
    plain = found(gate("a", cut_at("CD45", 50)))
    odd = found(expecting(high=60))
    assert np.array_equal(plain.members["a"], odd.members["a"])


def test_a_place_on_a_channel_that_the_tube_lacks_is_not_judged() -> None:
    gating = found(expecting(axis="CD7", high=1))
    assert placed(gating, "a") == ()
    assert gating.findings == ()


def test_a_place_that_nothing_tells_is_unknown() -> None:
    lost = gate(
        "a",
        cut_at("CD45", 50),
        expect_position=[{"axis": "CD45", "high": {"population": "nobody"}}],
    )
    gating = found(lost)
    assert placed(gating, "a") == (Place("CD45", 75, None, None),)
    assert gating.findings == ()


def test_an_empty_population_lies_nowhere() -> None:
    empty = gate(
        "a",
        cut_at("CD45", 1_000),
        expect_position=[{"axis": "CD45", "high": {"population": ALL}}],
    )
    assert placed(found(empty), "a") == ()


def test_a_place_may_not_refer_to_what_comes_later(tmp_path: Any) -> None:
    text = strategy_file("t-all-relapse").read_text(encoding="utf-8")
    assert text.count("{population: lymphocyte_landmark, decades: 0.3}") >= 2
    path = tmp_path / "ours.yaml"
    path.write_text(
        text.replace(
            "{axis: SSC, high: {population: lymphocyte_landmark, decades: 0.3}}",
            "{axis: SSC, high: {population: blasts, decades: 0.3}}",
        ),
        encoding="utf-8",
    )
    with pytest.raises(StrategyError, match=r"ours\.yaml:\d+:\d+: no gate 'blasts' stands before"):
        load_strategy(path)
