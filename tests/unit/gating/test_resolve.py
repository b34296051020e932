"""Finding every gate of a strategy on one tube: what stands in, what is left out, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.config.shipped import list_strategies, strategy_file
from cd5flow.gating.apply import apply_gates
from cd5flow.gating.resolve import resolve, transfer
from cd5flow.gating.strategy import GateSpec, Strategy, load_strategy
from cd5flow.gating.tube_view import Outcome, Refused, Spec, TubeView, Unresolved
from cd5flow.model.events import CompensatedEvents
from cd5flow.model.findings import Severity
from cd5flow.model.geometry import Boolean, Interval, Operand
from cd5flow.model.names import ALL, BLASTS, DENOMINATOR, LOOK_ALIKES
from cd5flow.model.populations import UNPROVEN, Evidence, Gating
from cd5flow.model.reasons import Reason, sentence
from cd5flow.preprocess.transforms import Columns
from cd5flow.simulate import (
    CALIBUR,
    DXFLEX,
    FOUR_COLOUR,
    MRD_CY_10,
    RELAPSE_8,
    SURFACE_10,
    BlastSpec,
    TubeSpec,
    simulate_tube,
)
from support.gating_factory import (
    Entry,
    GatedInput,
    by_chain,
    cut_at,
    gate,
    gated,
    lineage_path,
    normal,
    simulated,
    strategy_of,
    tube_of,
)
from support.properties import part_of_examples

# A method that cannot tell on any tube.
NEVER: Entry = {
    "method": "relative",
    "sides": [{"axis": "CD45", "low": {"population": "nobody"}}],
}
NUCLEATED = gate(DENOMINATOR, cut_at("CD45", -100))
EVERYONE = cut_at("CD45", -100)


def rising(events: int = 100, *markers: str) -> GatedInput:
    """Return a tube whose events have 0.5, 1.5, 2.5 ... on every marker."""
    values = np.arange(events) + 0.5
    return tube_of(dict.fromkeys(("CD45", "CD3", "CD7", *markers), values))


def found(*gates: Entry, tube: GatedInput | None = None, **entries: Any) -> Gating:
    return gated(strategy_of(gates=gates, **entries), tube or rising())


def counts(gating: Gating) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in gating.members.items()}


def said(gating: Gating, code: str) -> list[str]:
    return [finding.message for finding in gating.findings if finding.code == code]


# Gates in their order


def test_each_gate_is_found_within_its_parent() -> None:
    gating = found(gate("a", cut_at("CD45", 40)), gate("b", cut_at("CD3", 90), "a"))
    assert counts(gating) == {ALL: 100, "a": 60, "b": 10}
    assert gating.tree.path("b") == "all/a/b"
    assert gating.findings == ()


def test_a_gate_carries_why_it_is_there_and_what_it_usually_holds() -> None:
    gating = found(gate("a", cut_at("CD45", 40), expect_percent=[50, 70]))
    one = gating.tree["a"]
    assert (one.why, one.expect_percent) == ("a are wanted", (50, 70))
    assert one.evidence.method == "fixed"


def test_masks_cannot_be_written_to() -> None:
    for mask in found(gate("a", cut_at("CD45", 40))).members.values():
        with pytest.raises(ValueError, match="read-only"):
            mask[0] = False


def test_a_bound_keeps_clear_of_the_events_values() -> None:
    gating = found(gate("a", cut_at("CD45", 40.5)))
    region = gating.tree["a"].region
    assert isinstance(region, Interval)
    assert region.low is not None
    assert 39.5 < region.low < 40.5
    assert counts(gating)["a"] == 60


def test_a_share_out_of_the_usual_is_said() -> None:
    high = gate("a", cut_at("CD45", 40), expect_percent=[0, 59])
    usual = gate("b", cut_at("CD45", 40), expect_percent=[60, 60])
    gating = found(high, usual)
    assert said(gating, "GATE_SHARE") == ["a holds 60 % of all, usually 0 to 59 %"]
    assert gating.findings[0].severity is Severity.WARN


def test_the_share_of_no_events_is_not_said() -> None:
    none = gate("none", cut_at("CD45", 1_000), expect_percent=[0, 100])
    gating = found(none, gate("b", EVERYONE, "none", expect_percent=[90, 100]))
    assert counts(gating)["b"] == 0
    assert gating.findings == ()


# What does not apply


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        ({"needs": ["CD45", "CD7"]}, True),
        ({"needs": ["CD45", "DAPI"]}, False),
        ({"needs": ["DAPI|CD7"]}, True),
        ({"unless": ["DAPI"]}, True),
        ({"unless": ["DAPI|CD7"]}, False),
        ({"needs": ["CD7"], "unless": ["CD3"]}, False),
    ],
)
def test_a_gate_applies_where_the_panel_has_what_it_needs(
    condition: Entry, *, applies: bool
) -> None:
    gating = found(gate("a", cut_at("CD45", 40), **condition))
    assert ("a" in gating.members) is applies
    assert gating.findings == ()


def test_children_of_a_gate_that_does_not_apply_are_found_within_its_parent() -> None:
    gating = found(
        gate("a", cut_at("CD45", 40)),
        gate("viable", cut_at("CD45", 60), "a", needs=["DAPI"]),
        gate("more", cut_at("CD45", 60), "viable", needs=["DAPI"]),
        gate("b", cut_at("CD45", 90), "more"),
    )
    assert gating.tree["b"].parent == "a"
    assert counts(gating) == {ALL: 100, "a": 60, "b": 10}


def test_of_alternatives_the_one_that_the_panel_allows_is_taken() -> None:
    gates = (
        gate("a", cut_at("CD45", 40), needs=["DAPI"]),
        gate("a", cut_at("CD45", 60), unless=["DAPI"]),
        gate("b", cut_at("CD45", 50), "a"),
    )
    assert counts(found(*gates)) == {ALL: 100, "a": 40, "b": 40}
    assert counts(found(*gates, tube=rising(100, "DAPI"))) == {ALL: 100, "a": 60, "b": 50}


def test_an_alternative_that_cannot_be_found_is_left_out_whatever_else_has_its_name() -> None:
    for second in (
        gate("a", NEVER, unless=["DAPI"]),
        gate("a", NEVER, unless=["DAPI"], on_unresolved="absent"),
    ):
        gating = found(gate("a", EVERYONE, needs=["DAPI"]), second, gate("b", EVERYONE, "a"))
        assert set(gating.members) == {ALL}


# What cannot be told


def test_an_unresolved_gate_is_left_out_with_its_children() -> None:
    gating = found(
        gate("a", NEVER), gate("b", EVERYONE, "a"), gate("c", EVERYONE, "b"), gate("d", EVERYONE)
    )
    assert set(gating.members) == {ALL, "d"}
    (message,) = said(gating, "GATE_UNRESOLVED")
    assert message.startswith("a: relative: no population with enough events")
    assert message.endswith("; it is left out")


def test_an_unresolved_gate_that_passes_through_leaves_its_children_to_its_parent() -> None:
    gating = found(
        gate("a", cut_at("CD45", 40)),
        gate("b", NEVER, "a", on_unresolved="pass_through"),
        gate("c", cut_at("CD45", 90), "b"),
    )
    assert gating.tree["c"].parent == "a"
    (message,) = said(gating, "GATE_UNRESOLVED")
    assert message.endswith("; its children are gated within 'a'")


def test_a_gate_of_an_absent_parent_passes_nothing_through() -> None:
    gating = found(
        gate("a", NEVER),
        gate("b", NEVER, "a", on_unresolved="pass_through"),
        gate("c", EVERYONE, "b"),
    )
    assert set(gating.members) == {ALL}


def test_the_next_way_is_taken_and_said() -> None:
    gating = found(gate("a", NEVER, otherwise=[NEVER, cut_at("CD45", 60), EVERYONE]))
    assert counts(gating)["a"] == 40
    (message,) = said(gating, "GATE_OTHERWISE")
    assert message.startswith("a: relative: no population")
    assert message.count("relative:") == 2
    assert message.endswith("; found by fixed instead")


def test_why_no_way_can_tell_is_said_of_each() -> None:
    few = {"method": "valley", "axis": "CD45", "keep": "above", "min_events": 51}
    gating = found(gate("a", NEVER, otherwise=[few]))
    (message,) = said(gating, "GATE_UNRESOLVED")
    assert "relative: no population" in message
    assert "valley: 100 events are too few" in message


def test_an_axis_that_the_tube_lacks_is_a_reason_and_no_failure() -> None:
    gating = found(
        gate("cells", cut_at("FSC|FSC-H", 40), on_unresolved="pass_through"),
        gate("a", cut_at("SSC", 40), "cells", otherwise=[cut_at("CD45", 60)]),
    )
    assert counts(gating) == {ALL: 100, "a": 40}
    (unresolved,) = said(gating, "GATE_UNRESOLVED")
    assert unresolved.startswith("cells: fixed: the tube carries no FSC|FSC-H; its children")
    assert said(gating, "GATE_OTHERWISE") == [
        "a: fixed: the tube carries no SSC; found by fixed instead"
    ]


def test_a_combination_of_populations_that_are_not_there_takes_those_that_are() -> None:
    of = {"method": "combine", "operator": "and", "of": ["a", "not nk"]}
    gating = found(gate("a", cut_at("CD45", 40)), gate("nk", NEVER), gate("b", of))
    assert gating.tree["b"].region == Boolean("and", (Operand("a"),))
    assert counts(gating)["b"] == 60


# Lineage


def lineage(*paths: Entry, tube: GatedInput | None = None, **entries: Any) -> Gating:
    return found(*entries.pop("gates", ()), tube=tube, paths=paths, after=[NUCLEATED], **entries)


def test_the_first_path_that_finds_blasts_names_the_lineage() -> None:
    gating = lineage(
        lineage_path(gate("x", EVERYONE), gate("blasts", cut_at("CD45", 40), "x"), lineage="one"),
        lineage_path(gate("blasts", EVERYONE), lineage="two"),
    )
    assert (gating.lineage.name, gating.lineage.cluster, gating.count(BLASTS)) == ("one", True, 60)
    assert gating.denominator_rule == "nucleated are wanted"
    assert not gating.lineage.unproven_cluster


def test_a_path_that_the_panel_does_not_allow_is_passed_over() -> None:
    gating = lineage(
        lineage_path(gate("blasts", EVERYONE), lineage="cyCD3+", needs=["cyCD3"]),
        lineage_path(gate("blasts", EVERYONE), lineage="no CD7", unless=["CD7"]),
        lineage_path(gate("blasts", EVERYONE), lineage="CD7+", needs=["CD7"], cd7_alone=True),
    )
    assert (gating.lineage.name, gating.lineage.cd7_alone) == ("CD7+", True)
    assert gating.findings == ()


def test_a_path_without_a_cluster_leaves_its_reason_and_no_gate() -> None:
    gating = lineage(
        lineage_path(gate("x", EVERYONE), gate("blasts", NEVER, "x"), lineage="one"),
        lineage_path(gate("y", EVERYONE), gate("blasts", EVERYONE, "y"), lineage="two"),
    )
    assert gating.lineage.name == "two"
    assert [g.name for g in gating.tree.gates] == ["y", BLASTS, DENOMINATOR]
    (message,) = said(gating, "PATH_WITHOUT_CLUSTER")
    assert message.startswith("one: blasts: relative: no population")


def test_blasts_without_events_are_no_cluster_to_prefer() -> None:
    gating = lineage(
        lineage_path(gate("blasts", cut_at("CD45", 1_000)), lineage="none"),
        lineage_path(gate("blasts", EVERYONE), lineage="all"),
    )
    assert (gating.lineage.name, gating.count(BLASTS)) == ("all", 100)


@pytest.mark.parametrize(("second", "taken"), [(50, "two"), (49, "one")])
def test_a_few_cells_of_one_path_do_not_hide_the_disease_that_another_shows(
    second: int, taken: str
) -> None:
    gating = lineage(
        lineage_path(gate("blasts", cut_at("CD45", 90)), lineage="one"),
        lineage_path(gate("blasts", cut_at("CD45", 100 - second)), lineage="two"),
        outweighs=5,
    )
    assert (gating.lineage.name, gating.count(BLASTS)) == (taken, 50 if taken == "two" else 10)


def between(low: float, high: float) -> Entry:
    side = {"axis": "CD45", "low": low, "high": high}
    return {"method": "fixed", "units": "display", "sides": [side]}


def two_clusters(first: Entry, second: Entry, **entries: Any) -> Gating:
    return lineage(
        lineage_path(gate("blasts", first), lineage="one"),
        lineage_path(gate("blasts", second), lineage="two"),
        **entries,
    )


def test_a_cluster_of_other_cells_that_is_not_taken_is_told_of() -> None:
    gating = two_clusters(between(0, 40), between(70, 100), outweighs=5)
    assert (gating.lineage.name, gating.count(BLASTS)) == ("one", 40)
    assert said(gating, "PATH_OUTWEIGHED") == [
        "two: a cluster of 30 other cells; one with 40 is taken"
    ]


def test_a_cluster_that_a_larger_one_outweighs_is_told_of() -> None:
    gating = two_clusters(between(90, 100), between(0, 60), outweighs=5)
    assert (gating.lineage.name, gating.count(BLASTS)) == ("two", 60)
    assert said(gating, "PATH_OUTWEIGHED") == [
        "one: a cluster of 10 other cells; two with 60 is taken"
    ]


@pytest.mark.parametrize(("low", "told"), [(35, True), (25, False)])
def test_the_same_cells_by_another_rule_are_no_second_cluster(low: float, *, told: bool) -> None:
    # Of the second 30 cells, 10 or 20 are the first rule's too.
    gating = two_clusters(between(0, 45), between(low, low + 30), outweighs=5)
    assert bool(said(gating, "PATH_OUTWEIGHED")) is told


def test_of_clusters_of_like_size_the_first_is_taken() -> None:
    gating = lineage(
        lineage_path(gate("blasts", NEVER), lineage="none"),
        lineage_path(gate("blasts", cut_at("CD45", 70)), lineage="small"),
        lineage_path(gate("blasts", cut_at("CD45", 60)), lineage="larger"),
    )
    assert (gating.lineage.name, gating.count(BLASTS), gating.lineage.cluster) == (
        "small",
        30,
        True,
    )


def test_candidates_that_form_no_cluster_are_counted_and_not_called_one() -> None:
    gating = lineage(
        lineage_path(gate("blasts", NEVER), lineage="nothing of its own"),
        lineage_path(gate("x", cut_at("CD45", 40)), gate("blasts", NEVER, "x"), lineage="some"),
        lineage_path(gate("y", EVERYONE), gate("blasts", NEVER, "y"), lineage="more"),
    )
    assert (gating.lineage.name, gating.lineage.cluster, gating.count(LOOK_ALIKES)) == (
        "some",
        False,
        60,
    )
    assert BLASTS not in gating.members
    assert gating.tree[LOOK_ALIKES].region == Boolean("and", (Operand("x"),))
    assert sentence(gating.tree[LOOK_ALIKES].evidence.note) == "candidates that form no cluster"
    assert len(said(gating, "PATH_WITHOUT_CLUSTER")) == 3


def test_candidates_behind_a_gate_that_passed_through_are_those_before_it() -> None:
    gating = lineage(
        lineage_path(
            gate("x", cut_at("CD45", 40)),
            gate("not_nk", NEVER, "x", on_unresolved="pass_through"),
            gate("blasts", NEVER, "not_nk"),
        ),
    )
    assert (gating.lineage.cluster, gating.count(LOOK_ALIKES)) == (False, 60)


def test_cells_that_no_gate_of_a_path_chose_are_no_candidates() -> None:
    gating = lineage(
        lineage_path(
            gate("not_nk", NEVER, "window", on_unresolved="pass_through"),
            gate("blasts", NEVER, "not_nk"),
        ),
        gates=[gate("window", cut_at("CD45", 40))],
    )
    assert BLASTS not in gating.members


@pytest.mark.parametrize("needs", [["cyCD3"], []])
def test_without_a_path_to_go_there_are_no_blasts_and_no_lineage(needs: list[str]) -> None:
    first = gate("x", NEVER)
    gating = lineage(lineage_path(first, gate("blasts", EVERYONE, "x"), needs=needs))
    assert BLASTS not in gating.members
    assert (gating.lineage.name, gating.lineage.cluster) == (UNPROVEN, False)
    assert not gating.lineage.cd7_alone
    assert not gating.lineage.nk_unresolved


def unproven(percent: float, *paths: Entry, dim: float = 79.9) -> Gating:
    return lineage(
        *paths,
        gates=[gate("cd45_dim", cut_at("CD45", dim))],
        unproven={"population": "cd45_dim", "percent": percent},
    )


def test_many_cells_that_look_like_blasts_without_a_lineage_are_said() -> None:
    gating = unproven(20)
    assert gating.lineage.unproven_cluster
    assert gating.lineage.name == UNPROVEN
    assert said(gating, "LINEAGE_UNPROVEN")


def test_a_few_cells_that_look_like_blasts_are_normal() -> None:
    gating = unproven(20.1)
    assert not gating.lineage.unproven_cluster
    assert not said(gating, "LINEAGE_UNPROVEN")


def test_cells_of_no_proven_lineage_void_the_rule_of_scattered_candidates() -> None:
    path = lineage_path(gate("x", EVERYONE), gate("blasts", NEVER, "x"))
    assert unproven(20, path).lineage.name == UNPROVEN
    assert unproven(21, path).lineage.name == "cyCD3+ sCD3-"


@pytest.mark.parametrize(
    ("settling", "settled"), [("CD7", True), ("cyCD3", False), ("cyCD3|CD7", True)]
)
def test_a_marker_that_proves_the_lineage_either_way_settles_the_question(
    settling: str, *, settled: bool
) -> None:
    gating = lineage(
        gates=[gate("cd45_dim", cut_at("CD45", 79.9))],
        unproven={"population": "cd45_dim", "percent": 20, "unless": [settling]},
    )
    assert gating.lineage.unproven_cluster is not settled
    assert bool(said(gating, "LINEAGE_UNPROVEN")) is not settled


def test_without_a_limit_a_proven_cluster_is_proven_whatever_lies_beside_it() -> None:
    gating = unproven(20, lineage_path(gate("blasts", EVERYONE)))
    assert (gating.lineage.name, gating.lineage.unproven_cluster) == ("cyCD3+ sCD3-", False)


@pytest.mark.parametrize(
    ("beside_percent", "blasts_above", "is_proven"),
    [
        (60, 89.9, False),  # 70 % beside the 10 % found
        (71, 89.9, True),  # fewer than the limit
        (30, 49.9, True),  # 30 % beside 50 %: what was found is the most of them
        (30, 59.9, False),  # 40 % beside 40 %
    ],
)
def test_a_cluster_outnumbered_by_others_of_no_lineage_proves_nothing(
    beside_percent: float, blasts_above: float, *, is_proven: bool
) -> None:
    path = lineage_path(gate("blasts", cut_at("CD45", blasts_above)))
    gating = unproven(100, {**path, "most_beside_percent": beside_percent}, dim=19.9)

    assert gating.lineage.unproven_cluster is not is_proven
    assert (gating.lineage.name == UNPROVEN) is not is_proven
    assert bool(said(gating, "LINEAGE_UNPROVEN")) is not is_proven
    assert BLASTS in gating.members


def test_unproven_cells_count_within_the_denominator() -> None:
    gating = found(
        gate("cd45_dim", cut_at("CD45", 49.9)),
        paths=[],
        after=[gate(DENOMINATOR, cut_at("CD45", 89.9))],
        unproven={"population": "cd45_dim", "percent": 100},
    )
    assert gating.lineage.unproven_cluster


def test_without_a_denominator_nothing_is_said_of_shares() -> None:
    gating = found(gate("cd45_dim", EVERYONE), unproven={"population": "cd45_dim", "percent": 0})
    assert not gating.lineage.unproven_cluster
    assert gating.denominator_rule == ""


def named(above: Entry | Sequence[Entry], *, axis: str = "CD3", **entries: Any) -> Gating:
    renamed = {"axis": axis, "above": above, "lineage": "sCD3 dim"}
    path = lineage_path(gate("blasts", cut_at("CD45", 40)), renamed=renamed, lacks=["CD3"])
    low = {"method": "combine", "operator": "and", "of": ["not high"]}
    return lineage(path, gates=[gate("high", cut_at("CD45", 70)), gate("low", low)], **entries)


def test_blasts_that_carry_a_marker_dimly_have_a_lineage_of_that_name() -> None:
    # The blasts' median is 70, that of the low cells 35 and that of the high ones 85.
    assert named({"population": "low"}).lineage.name == "sCD3 dim"
    assert named({"population": "high", "min_events": 30}).lineage.name == "cyCD3+ sCD3-"


def test_what_blasts_lack_is_told_where_they_do() -> None:
    assert named({"population": "high", "min_events": 30}).lineage.lacks == ("CD3",)
    assert named({"population": "low"}).lineage.lacks == ()


def test_a_lineage_keeps_its_name_where_nothing_tells_otherwise() -> None:
    assert named({"population": "low", "min_events": 1_000}).lineage.name == "cyCD3+ sCD3-"
    assert named({"population": "low"}, axis="CD2").lineage.name == "cyCD3+ sCD3-"
    empty = replace_blasts_gate(cut_at("CD45", 1_000))
    assert empty.lineage.name == "cyCD3+ sCD3-"


def replace_blasts_gate(find: Entry) -> Gating:
    renamed = {"axis": "CD3", "above": {"population": "all"}, "lineage": "sCD3 dim"}
    return lineage(lineage_path(gate("blasts", find), renamed=renamed))


@pytest.mark.parametrize(
    ("look_alike", "markers", "unresolved"),
    [(True, (), True), (True, ("CD56",), False), (True, ("CD16",), False), (False, (), False)],
)
def test_nk_cells_may_be_blasts_where_the_path_cannot_tell_and_no_marker_does(
    *, look_alike: bool, markers: tuple[str, ...], unresolved: bool
) -> None:
    path = lineage_path(gate("blasts", EVERYONE), normal_nk_look_alike=look_alike)
    gating = lineage(path, tube=rising(100, *markers))
    assert gating.lineage.nk_unresolved is unresolved


def look_alikes(*markers: str, **settings: Any) -> Gating:
    """Return a tube of normal T cells and 30 candidates that lie where those lie."""
    cd45 = np.concatenate([normal(0.8, 0.03, 1_000), normal(0.8, 0.02, 30, seed=2)])
    ssc = np.concatenate([normal(0.3, 0.03, 1_000, seed=3), normal(0.3, 0.02, 30, seed=4)])
    arrays = {"CD45": cd45, "SSC": ssc, "CD7": np.arange(1_030)}
    arrays |= {marker: np.zeros(1_030) for marker in markers}
    cluster = {
        "method": "candidate_cluster",
        "x": "CD45",
        "y": "SSC",
        "yardstick": ["t_cells"],
        "apart_from": ["t_cells"],
        "min_events": 10,
    }
    t_cells = {"method": "combine", "operator": "and", "of": ["not candidates"]}
    candidates = gate("candidates", cut_at("CD7", 999.5))
    path = lineage_path(
        gate("cd7", cut_at("CD7", 999.5)),
        gate("blasts", cluster, "cd7"),
        **{"normal_nk_look_alike": True, **settings},
    )
    return lineage(path, gates=[candidates, gate("t_cells", t_cells)], tube=tube_of(arrays))


def test_a_cluster_that_may_be_nk_cells_is_neither_claimed_nor_called_clean() -> None:
    gating = look_alikes()
    assert (gating.lineage.cluster, gating.lineage.unproven_cluster) == (False, True)
    assert said(gating, "NK_LIKE")
    assert gating.count(LOOK_ALIKES) == 30


def test_as_many_scattered_cells_as_a_detection_asks_for_may_hide_disease() -> None:
    """Where no profiles tell what they are."""

    def candidates(low: float) -> Gating:
        return lineage(
            lineage_path(gate("x", cut_at("CD45", low)), gate("blasts", NEVER, "x")),
        )

    assert [one.code for one in candidates(80).undecided] == ["SCATTER_HIDES"]
    assert candidates(80).count(LOOK_ALIKES) == 20
    assert candidates(81).undecided == ()


def test_a_cluster_like_normal_cells_is_normal_where_an_nk_marker_is_in_the_tube() -> None:
    gating = look_alikes("CD56")
    assert (gating.lineage.cluster, gating.lineage.unproven_cluster) == (False, False)
    assert not said(gating, "NK_LIKE")


def test_a_cluster_like_normal_cells_is_normal_where_no_nk_cell_meets_the_rule() -> None:
    assert not look_alikes(normal_nk_look_alike=False).lineage.unproven_cluster


# Randomness


class Dice(Spec):
    """A method that tells what its random numbers are."""

    method: str = "dice"

    def find(self, view: TubeView) -> Outcome:
        return Unresolved(
            Reason("UNRESOLVED", text=str(view.rng.integers(1 << 62))), Evidence("dice", 0)
        )


def thrown(*specs: tuple[str, str], seed: int = 0) -> dict[str, str]:
    """Return what gates of these names and parents drew."""
    strategy = strategy_of(gates=[gate("a", EVERYONE)])
    dice: Any = Dice()
    more = tuple(
        GateSpec.model_construct(gate=name, parent=parent, find=dice, why="")
        for name, parent in specs
    )
    gating = gated(
        strategy.model_copy(update={"gates": (*strategy.gates, *more)}), rising(), seed=seed
    )
    messages = said(gating, "GATE_UNRESOLVED")
    return {m.split(": ")[0]: m.split(": ")[2].split(";")[0] for m in messages}


def test_each_gate_draws_from_a_stream_of_its_own() -> None:
    both = thrown(("x", ALL), ("y", ALL))
    assert both["x"] != both["y"]
    assert thrown(("y", ALL))["y"] == both["y"]
    assert thrown(("x", "a"))["x"] != both["x"]


def test_the_seed_decides_and_nothing_else() -> None:
    assert thrown(("x", ALL), seed=7) == thrown(("x", ALL), seed=7)
    assert thrown(("x", ALL), seed=7) != thrown(("x", ALL), seed=8)


# Controls


def run(seconds: np.ndarray[Any, np.dtype[np.float64]], **arrays: Any) -> GatedInput:
    values = {name: np.broadcast_to(v, seconds.size) for name, v in arrays.items()}
    return tube_of({"Time": seconds, "CD45": np.full(seconds.size, 0.5), **values})


STABLE: Entry = {"method": "stable_time", "axes": ["CD45"]}
TIMED = [
    gate("stable", STABLE, on_unresolved="pass_through"),
    gate("a", cut_at("CD45", 0.4), "stable"),
]


def steady(events: int = 5_000) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.linspace(0, 1_000, events, endpoint=False)


def transferred(gating: Gating, strategy: Strategy, control: GatedInput) -> dict[str, int]:
    masks = transfer(
        gating,
        strategy,
        columns=control.columns,
        panel=control.panel,
        scales=control.scales,
        seed=0,
    )
    return {name: int(mask.sum()) for name, mask in masks.items()}


def test_a_control_is_gated_by_the_samples_regions() -> None:
    strategy = strategy_of(
        gates=[
            gate("a", {"method": "valley", "axis": "CD45", "keep": "above"}),
            gate("b", {"method": "combine", "operator": "and", "of": ["not a"]}),
        ]
    )
    sample = tube_of({"CD45": np.concatenate([normal(0.2, 0.03, 500), normal(0.8, 0.03, 500)])})
    gating = gated(strategy, sample)
    # This control has one peak, in which no valley would be found.
    control = tube_of({"CD45": np.concatenate([np.full(70, 0.3), np.full(30, 0.7), [np.nan]])})
    assert transferred(gating, strategy, control) == {ALL: 101, "a": 30, "b": 70}


def test_a_control_has_a_clock_and_clogs_of_its_own() -> None:
    strategy = strategy_of(gates=TIMED)
    seconds = steady()
    clogged = (seconds > 300) & (seconds < 500)
    sample = run(seconds[~clogged | (np.arange(5_000) % 5 == 0)])
    gating = gated(strategy, sample)
    assert gating.members["a"].sum() < 4_100
    # The control is steady where the sample clogged, and runs ten times as long.
    assert transferred(gating, strategy, run(10 * seconds)) == {
        ALL: 5_000,
        "stable": 5_000,
        "a": 5_000,
    }
    late = (seconds > 700) & (seconds < 900)
    found_late = transferred(gating, strategy, run(seconds[~late | (np.arange(5_000) % 5 == 0)]))
    assert 3_800 < found_late["stable"] < 4_100


def test_a_control_whose_clock_stands_still_is_taken_whole() -> None:
    strategy = strategy_of(gates=TIMED)
    gating = gated(strategy, run(steady()))
    still = run(np.zeros(5_000))
    assert transferred(gating, strategy, still) == {ALL: 5_000, "stable": 5_000, "a": 5_000}


def test_a_control_is_watched_by_the_alternative_that_its_panel_allows() -> None:
    other = {"method": "stable_time", "axes": ["CD45"], "min_events": 1_000_000}
    strategy = strategy_of(
        gates=[
            gate("stable", STABLE, unless=["DAPI"]),
            gate("stable", other, needs=["DAPI"]),
            gate("a", cut_at("CD45", 0.4), "stable"),
        ]
    )
    gating = gated(strategy, run(steady()))
    seconds = steady()
    clogged = (seconds > 300) & (seconds < 500)
    control = run(seconds[~clogged | (np.arange(5_000) % 5 == 0)])
    assert transferred(gating, strategy, control)["stable"] < 4_100


def test_a_controls_time_is_gated_within_what_stood_in_on_the_sample() -> None:
    strategy = strategy_of(
        gates=[
            gate("first", cut_at("CD45", 0.4)),
            gate("in_range", NEVER, "first", on_unresolved="pass_through"),
            gate("stable", STABLE, "in_range"),
        ]
    )
    seconds = steady()
    gating = gated(strategy, run(seconds))
    assert gating.tree["stable"].parent == "first"
    clogged = (seconds > 300) & (seconds < 500)
    control = run(seconds[~clogged | (np.arange(5_000) % 5 == 0)])
    assert transferred(gating, strategy, control)["stable"] < 4_100


MEDIAN: Entry = {
    "method": "quantile",
    "axis": "CD3",
    "keep": "above",
    "of": "high",
    "control": "fmo",
    "quantile_percent": 50,
    "min_events": 20,
}


def by_control(
    control: Columns | Refused, *gates: Entry, sample: GatedInput | None = None
) -> Gating:
    """Return a tube gated with a control of its own."""
    tube = sample or rising()
    return resolve(
        strategy_of(gates=gates),
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        seed=0,
        controls={"fmo": control},
    )


def test_a_gate_is_placed_by_the_controls_population_through_the_gates_before_it() -> None:
    # In the control 40 cells lie above the sample's edge on CD45; their CD3 has a median of 30.
    control = tube_of({
        "CD45": [10.0] * 60 + [90.0] * 40,
        "CD3": [77.0] * 60 + [20.0] * 15 + [30.0] * 10 + [40.0] * 15,
        "CD7": [0.0] * 100,
    })  # fmt: skip
    gating = by_control(control.columns, gate("high", cut_at("CD45", 50)), gate("a", MEDIAN))
    region = gating.tree["a"].region
    assert isinstance(region, Interval)
    assert region.low == pytest.approx(30, abs=0.5)
    assert gating.tree["a"].evidence.placed_by == ("fmo:high",)
    assert gating.count("a") == 70


def test_a_gate_within_a_lineage_path_sees_the_paths_own_gates_in_the_control() -> None:
    control = tube_of({"CD45": [90.0] * 50, "CD3": [30.0] * 50, "CD7": [0.0] * 50})
    path = lineage_path(gate("high", cut_at("CD45", 50)), gate("blasts", MEDIAN, "high"))
    tube = rising()
    gating = resolve(
        strategy_of(paths=[path]),
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        seed=0,
        controls={"fmo": control.columns},
    )
    assert (gating.lineage.name, gating.count(BLASTS)) == ("cyCD3+ sCD3-", 50)


def test_a_controls_own_clock_decides_which_of_its_events_place_a_gate() -> None:
    seconds = steady()
    rises = np.linspace(0, 1, 5_000)
    sample = run(seconds, CD3=rises)
    late = (seconds > 700) & (seconds < 900)
    control = run(seconds[~late | (np.arange(5_000) % 5 == 0)], CD3=0.5)
    stable = gate("high", STABLE)
    gating = by_control(control.columns, stable, gate("a", MEDIAN), sample=sample)
    assert 3_800 < gating.tree["a"].evidence.events < 4_100


def test_without_a_control_that_may_be_used_the_gate_is_left_out_and_says_why() -> None:
    high = gate("high", cut_at("CD45", 50))
    none = by_control(
        Refused((Reason("OTHER_DAY", text="acquired later"),)), high, gate("a", MEDIAN)
    )
    assert "a" not in none.members
    (message,) = said(none, "GATE_UNRESOLVED")
    assert "the fmo control may not be used: OTHER_DAY: acquired later" in message
    (message,) = said(found(high, gate("a", MEDIAN)), "GATE_UNRESOLVED")
    assert "no control of role fmo was given" in message


# Whole tubes and the shipped strategies

SPECS = {
    "relapse": TubeSpec(name="relapse", events=5_000, seed=3),
    "viability": TubeSpec(
        name="viability", events=5_000, seed=5, panel=RELAPSE_8.plus("FVS700", "viability")
    ),
    "residual": TubeSpec(name="residual", events=6_000, seed=4, panel=MRD_CY_10, blast_percent=2.0),
    "no disease": TubeSpec(name="none", events=5_000, seed=6, panel=SURFACE_10, blast_percent=0.0),
    "scd3": TubeSpec(name="scd3", events=5_000, seed=7, blasts=BlastSpec(scd3_level=4.0)),
    "other maker": TubeSpec(
        name="dxflex", events=5_000, seed=8, panel=SURFACE_10, instrument=DXFLEX
    ),
    "four colours": TubeSpec(
        name="calibur", events=5_000, seed=9, panel=FOUR_COLOUR, instrument=CALIBUR
    ),
}


@cache
def tube(name: str) -> GatedInput:
    return simulated(SPECS[name])


@cache
def shipped(name: str) -> Strategy:
    return load_strategy(strategy_file(name)).value


def check(gating: Gating, tube: GatedInput) -> None:
    """Assert what holds of any gating."""
    again = apply_gates(gating.tree, tube.columns)
    assert set(gating.members) == {ALL, *(g.name for g in gating.tree.gates)}
    for name, mask in gating.members.items():
        assert np.array_equal(mask, again[name]), name
    assert gating.lineage.cluster <= (BLASTS in gating.members)
    if gating.lineage.unproven_cluster:
        assert not gating.lineage.cluster
    if gating.lineage.cluster:
        assert gating.lineage.name != UNPROVEN
    assert (gating.denominator_rule != "") == (DENOMINATOR in gating.members)


@pytest.mark.parametrize("strategy", list_strategies())
@pytest.mark.parametrize("name", SPECS)
@part_of_examples(0.12)
@given(data=st.data())
def test_a_tube_that_lacks_any_markers_is_gated_all_the_same(
    strategy: str, name: str, data: st.DataObject
) -> None:
    markers = sorted(tube(name).panel.markers)
    dropped = data.draw(st.sets(st.sampled_from(markers), max_size=len(markers)))
    without = tube(name).without(dropped)
    check(gated(shipped(strategy), without), without)


@pytest.mark.parametrize("strategy", list_strategies())
@pytest.mark.parametrize(
    "marker", ["FSC", "SSC", "FSC-H", "SSC-H", "CD45", "CD3", "CD7", "cyCD3", "Time"]
)
def test_a_tube_that_lacks_one_marker_is_gated_all_the_same(strategy: str, marker: str) -> None:
    for name in ("relapse", "residual"):
        without = tube(name).without({marker})
        check(gated(shipped(strategy), without), without)


@pytest.mark.parametrize("strategy", list_strategies())
@pytest.mark.parametrize("events", [1, 3, 30, 300])
def test_a_tube_of_a_few_events_is_gated_all_the_same(strategy: str, events: int) -> None:
    few = simulated(TubeSpec(name="few", events=events, seed=2))
    check(gated(shipped(strategy), few), few)


@pytest.mark.parametrize("strategy", list_strategies())
def test_a_tube_without_events_is_gated_all_the_same(strategy: str) -> None:
    empty = tube_of({marker: [] for marker in tube("relapse").panel.markers})
    gating = gated(shipped(strategy), empty)
    check(gating, empty)
    assert not gating.lineage.cluster


@pytest.mark.parametrize("name", SPECS)
def test_cd5_changes_no_blast(name: str) -> None:
    one = tube(name)
    detector = one.panel.detector("CD5")
    events = one.columns.events
    shuffled = np.random.default_rng(1).permutation(events.linear(detector))
    other = CompensatedEvents(
        raw=events.raw,
        compensated={**events.compensated, detector: shuffled},
        spillover=events.spillover,
    )
    with_other = replace(one, columns=Columns(other))
    for strategy in list_strategies():
        first, second = gated(shipped(strategy), one), gated(shipped(strategy), with_other)
        third = gated(shipped(strategy), one.without({"CD5"}))
        assert first.tree == second.tree == third.tree
        assert first.findings == second.findings == third.findings
        for mask in (second.members, third.members):
            assert all(np.array_equal(first.members[n], mask[n]) for n in first.members)


@pytest.mark.parametrize("name", ["relapse", "residual", "four colours"])
def test_one_seed_gives_one_gating(name: str) -> None:
    for strategy in list_strategies():
        first = gated(shipped(strategy), tube(name), seed=5)
        second = gated(shipped(strategy), simulated(SPECS[name]), seed=5)
        assert first.tree == second.tree
        assert first.findings == second.findings


@pytest.mark.parametrize(
    ("name", "lineage"),
    [
        ("relapse", "cyCD3+ sCD3-"),
        ("viability", "cyCD3+ sCD3-"),
        ("residual", "cyCD3+ sCD3-"),
        ("other maker", "CD7+ sCD3-"),
        ("four colours", "CD7+ sCD3-"),
    ],
)
def test_the_shipped_strategies_find_the_disease_by_the_lineage_that_the_panel_allows(
    name: str, lineage: str
) -> None:
    for strategy in list_strategies():
        gating = gated(shipped(strategy), tube(name))
        assert (gating.lineage.name, gating.lineage.cluster) == (lineage, True)
        chained = gated(by_chain(shipped(strategy)), tube(name))
        assert (chained.lineage.name, chained.lineage.cluster) == (lineage, True)
        assert not chained.leukaemic


def test_another_makers_normal_cells_are_told_by_their_landmark() -> None:
    for strategy in list_strategies():
        gating = gated(shipped(strategy), tube("other maker"))
        labels = simulate_tube(SPECS["other maker"]).truth.labels
        cells = np.char.startswith(labels.astype(np.str_), "t_cells")
        t_cells = gating.members["t_cells"]
        assert np.count_nonzero(t_cells & cells) > 0.8 * np.count_nonzero(cells)
        assert np.count_nonzero(t_cells & ~cells) < 0.15 * np.count_nonzero(t_cells)
        assert gating.count("granulocytes")


def test_the_shipped_strategies_find_no_cluster_where_there_is_no_disease() -> None:
    for strategy in list_strategies():
        assert not gated(shipped(strategy), tube("no disease")).lineage.cluster
        assert not gated(by_chain(shipped(strategy)), tube("no disease")).lineage.cluster


def test_a_tube_and_its_second_run_transfer_whole() -> None:
    strategy, one = shipped("t-all-relapse"), tube("relapse")
    gating = gated(strategy, one)
    masks = transfer(
        gating, strategy, columns=one.columns, panel=one.panel, scales=one.scales, seed=0
    )
    assert masks.keys() == gating.members.keys()
    assert all(np.array_equal(masks[name], gating.members[name]) for name in masks)
