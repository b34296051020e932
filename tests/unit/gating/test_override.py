"""Gates drawn by hand: which files are refused, and what a drawn gate changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow.errors import OverrideError
from cd5flow.gating.by_hand import OverridePlan, check_applied, make_plan
from cd5flow.gating.find_gate import BY_HAND
from cd5flow.gating.override import check_sample, load_overrides
from cd5flow.gating.resolve import resolve
from cd5flow.gating.strategy import Strategy
from cd5flow.model.geometry import Boolean, Dimension, Interval, Operand
from cd5flow.model.populations import Gating
from support.gating_factory import (
    DISPLAY,
    Entry,
    GatedInput,
    cut_at,
    detector_of,
    gate,
    lineage_path,
    strategy_of,
    tube_of,
)
from support.override_factory import SHA, boolean, drawn, entries, interval, loaded, written

CD45, CD3, CD5, CD7 = (detector_of(marker) for marker in ("CD45", "CD3", "CD5", "CD7"))

# The blasts lie within `dim`; `low` and `t_cells` are beside; `bright` looks at CD5.
STRATEGY = strategy_of(
    gates=[
        gate("cells", cut_at("CD45", 10)),
        gate("nucleated", cut_at("CD45", 10), "cells"),
        gate("t_cells", cut_at("CD3", 50), "cells"),
        gate("low", cut_at("CD7", 20), "cells"),
        gate("bright", cut_at("CD5", 60), "cells"),
        gate("dead", cut_at("DAPI", 60), "cells", needs=["DAPI"]),
        gate("dim", cut_at("CD45", 30), "dead"),
    ],
    paths=[
        lineage_path(
            gate("positive", cut_at("CD7", 40), "dim"),
            gate("blasts", cut_at("CD7", 50), "positive"),
            lineage="CD7+",
            needs=["CD7"],
        ),
        lineage_path(
            gate("other", cut_at("CD3", 40), "dim"),
            gate("blasts", cut_at("CD3", 45), "other"),
            lineage="CD3+",
            needs=["CD3"],
        ),
    ],
    references=["low"],
)


def rising(events: int = 100) -> GatedInput:
    """Return a tube whose events have 0.5, 1.5, 2.5 ... on every marker."""
    values = np.arange(events) + 0.5
    return tube_of(dict.fromkeys(("CD45", "CD3", "CD5", "CD7"), values))


TUBE = rising()


def plan(
    *gates: Entry, strategy: Strategy = STRATEGY, rule: str | None = "CD7+", **more: Any
) -> OverridePlan:
    return make_plan(
        loaded(*gates, **more), strategy=strategy, panel=TUBE.panel, scales=TUBE.scales, rule=rule
    )


def refused(*gates: Entry, **more: Any) -> list[str]:
    """Return the faults of a file that does not fit the tube."""
    with pytest.raises(OverrideError) as caught:
        plan(*gates, **more)
    return caught.value.message.splitlines()


def gated(*gates: Entry, **more: Any) -> Gating:
    """Return the tube gated with these regions, as an analysis does."""
    file = loaded(*gates, **more)
    found = plan(*gates, **more)
    gating = resolve(
        found.strategy,
        columns=TUBE.columns,
        panel=TUBE.panel,
        scales=TUBE.scales,
        seed=0,
        drawn=found.drawn,
    )
    check_applied(file, found, gating)
    return gating


def counts(gating: Gating) -> dict[str, int]:
    return {gate.name: gating.count(gate.name) or 0 for gate in gating.tree.gates}


AUTOMATIC = {
    "cells": 90,
    "nucleated": 90,
    "t_cells": 50,
    "low": 80,
    "bright": 40,
    "dim": 70,
    "positive": 60,
    "blasts": 50,
}


# The file by itself


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "cd5flow.override/2"}, "should be 'cd5flow.override/1'"),
        ({"format": None}, "field 'format' is missing"),
        ({"by": ""}, "by: nothing is written here"),
        ({"by": "   "}, "by: nothing is written here"),
        ({"by": "A\nB"}, "expected one line of printable characters"),
        ({"by": None}, "field 'by' is missing"),
        ({"reason": ""}, "reason: nothing is written here"),
        ({"date": ""}, "expected a date such as 2026-01-31"),
        ({"date": "3 February"}, "expected a date such as 2026-01-31"),
        ({"sample": {}}, "name the sample by its id"),
        ({"sample": {"sha256": "abc"}}, "should match pattern"),
        ({"sample": None}, "field 'sample' is missing"),
        ({"gates": []}, "no gate is drawn"),
        ({"who": "A"}, "who: unknown field"),
        ({"gates": [drawn("cells")]}, "give either a region or pass_through: true"),
        (
            {"gates": [drawn("cells", interval("X", 1), pass_through=True)]},
            "give either a region or pass_through: true",
        ),
        ({"gates": [drawn("a gate", interval("X", 1))]}, "should match pattern"),
        (
            {"gates": [drawn("cells", interval("X", 1)), drawn("cells", interval("X", 2))]},
            "'cells' is drawn twice",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_line_and_column(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, drawn("cells", interval("X", 1)), **changes)
    with pytest.raises(OverrideError) as caught:
        load_overrides(path)
    assert said in caught.value.message
    assert caught.value.message.startswith(f"{path}:1:")


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, drawn("cells"), drawn("dim", {"shape": "circle"}), by="", date="x")
    with pytest.raises(OverrideError) as caught:
        load_overrides(path)
    assert len(caught.value.message.splitlines()) == 4


@pytest.mark.parametrize(
    "text", ["", "gates: [", "- a\n- b", "gates: &a []\nby: *a", "\x00", "a: 1\na: 2"]
)
def test_what_is_no_yaml_of_an_override_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OverrideError, match=r"mine\.yaml:\d+:\d+: "):
        load_overrides(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OverrideError, match=r"none\.yaml: cannot be read"):
        load_overrides(tmp_path / "none.yaml")


def test_a_date_may_have_a_time(tmp_path: Path) -> None:
    path = written(tmp_path, drawn("cells", interval("X", 1)), date="2026-02-03T09:30+01:00")
    assert load_overrides(path).value.date == "2026-02-03T09:30+01:00"


# The sample


@pytest.mark.parametrize(
    "sample", [{"id": "tube-1"}, {"sha256": SHA}, {"id": "tube-1", "sha256": SHA}]
)
def test_the_sample_that_was_meant_is_taken(sample: Entry) -> None:
    check_sample(
        loaded(drawn("cells", interval(CD45, 1)), sample=sample), sample_id="tube-1", sha256=SHA
    )


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ({"id": "tube-2"}, "is for sample 'tube-2', this one is 'tube-1'"),
        ({"sha256": SHA[::-1]}, f"is for the file of SHA-256 {SHA[::-1]}"),
        ({"id": "tube-1", "sha256": SHA[::-1]}, "is for the file of SHA-256"),
    ],
)
def test_another_sample_is_refused(sample: Entry, said: str) -> None:
    file = loaded(drawn("cells", interval(CD45, 1)), sample=sample)
    with pytest.raises(OverrideError) as caught:
        check_sample(file, sample_id="tube-1", sha256=SHA)
    assert said in caught.value.message
    assert caught.value.message.startswith("mine.yaml:1:")


# The file beside strategy and panel


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            drawn("granulocytes", interval(CD45, 1)),
            "no gate is named 'granulocytes'; this tube has",
        ),
        (drawn("dead", interval(CD45, 1)), "'dead' does not apply to the markers of this tube"),
        (drawn("blasts", pass_through=True), "'blasts' is counted in every result"),
        (drawn("nucleated", pass_through=True), "'nucleated' is counted in every result"),
        (drawn("cd5_positive", pass_through=True), "draw a region"),
        (drawn("cells", interval("FL9-A", 1)), "channel 'FL9-A' carries no marker here"),
        (drawn("cells", boolean("dim")), "no gate 'dim' stands before 'cells'"),
        (drawn("dim", boolean("nobody")), "no gate 'nobody' stands before 'dim'"),
        (drawn("dim", boolean("all")), "no gate 'all' stands before 'dim'"),
        (drawn("dim", boolean("dim")), "no gate 'dim' stands before 'dim'"),
    ],
)
def test_what_the_tube_has_not_is_refused(one: Entry, said: str) -> None:
    (fault,) = refused(one)
    assert said in fault
    assert fault.startswith("mine.yaml:1:")


@pytest.mark.parametrize(
    "region",
    [
        interval(CD5, high=30),
        interval(CD5, 10, 30),
        interval(CD45, 10),
        {**interval(CD5, 10), "dimension": {"detector": CD5, "compensated": False}},
        boolean("cells"),
    ],
)
def test_a_cut_is_an_interval_above_a_place_on_cd5(region: Entry) -> None:
    assert "the cut is an interval with low alone" in refused(drawn("cd5_positive", region))[0]


def test_a_cut_needs_cd5_in_the_tube() -> None:
    bare = tube_of({"CD45": [1.0], "CD7": [1.0], "CD3": [1.0]})
    file = loaded(drawn("cd5_positive", interval(CD5, 10)))
    with pytest.raises(OverrideError, match="no channel of this tube carries CD5"):
        make_plan(file, strategy=STRATEGY, panel=bare.panel, scales=bare.scales, rule=None)


@pytest.mark.parametrize("name", ["cells", "dim", "positive", "blasts"])
def test_cd5_may_not_decide_who_is_a_blast(name: str) -> None:
    (fault,) = refused(drawn(name, interval(CD5, 10)))
    assert f"'{name}' decides who is a blast and must not look at CD5" in fault


def test_cd5_may_not_come_in_through_a_population_that_looks_at_it() -> None:
    (fault,) = refused(drawn("dim", boolean("not bright")))
    assert "'dim' decides who is a blast and must not look at CD5" in fault


def test_cd5_may_not_come_in_through_a_population_that_was_drawn_on_it() -> None:
    faults = refused(drawn("bright", boolean("low")), drawn("low", interval(CD5, 1)))
    assert any("held against 'low'" in fault for fault in faults)
    faults = refused(drawn("t_cells", interval(CD5, 1)), drawn("dim", boolean("t_cells")))
    assert len(faults) == 2
    assert "'t_cells' decides who is a blast" in faults[0]
    assert "'dim' decides who is a blast" in faults[1]


@pytest.mark.parametrize("name", ["t_cells", "low"])
def test_cd5_may_not_choose_what_the_blasts_are_held_against(name: str) -> None:
    assert f"held against '{name}'" in refused(drawn(name, interval(CD5, 10)))[0]


def test_a_population_of_no_account_may_look_at_cd5() -> None:
    assert counts(gated(drawn("bright", interval(CD5, 90)))) == {**AUTOMATIC, "bright": 10}


# The lineage rule


def test_a_drawn_gate_of_a_rule_keeps_to_the_rule_that_was_taken() -> None:
    assert [p.lineage for p in plan(drawn("blasts", interval(CD7, 1))).strategy.paths] == ["CD7+"]
    other = plan(drawn("blasts", interval(CD7, 1)), rule="CD3+")
    assert [p.lineage for p in other.strategy.paths] == ["CD3+"]


def test_a_gate_of_the_whole_tube_leaves_the_rules_open() -> None:
    assert plan(drawn("dim", interval(CD45, 1))).strategy is STRATEGY


def test_a_file_may_name_the_rule() -> None:
    found = gated(drawn("cells", interval(CD45, 20)), lineage="CD3+")
    assert found.lineage.rule == "CD3+"
    assert "other" in found.tree


@pytest.mark.parametrize("rule", [None, "CD3+"])
def test_a_gate_of_a_rule_that_was_not_taken_asks_for_its_name(rule: str | None) -> None:
    (fault,) = refused(drawn("positive", interval(CD7, 1)), rule=rule)
    assert "'positive' belongs to a lineage rule; say which under lineage: 'CD7+'" in fault


def test_a_rule_that_is_none_is_refused() -> None:
    (fault,) = refused(drawn("blasts", interval(CD7, 1)), lineage="CD19+")
    assert "'CD19+' is no lineage rule, expected 'CD7+' or 'CD3+'" in fault


# What a drawn gate changes


def test_without_drawn_gates_nothing_changes() -> None:
    found = resolve(
        STRATEGY, columns=TUBE.columns, panel=TUBE.panel, scales=TUBE.scales, seed=0, drawn={}
    )
    assert counts(found) == AUTOMATIC
    assert found.lineage.rule == "CD7+"


def test_a_drawn_gate_takes_the_place_of_the_one_that_is_found() -> None:
    found = gated(drawn("positive", interval(CD7, 60)))
    assert counts(found) == {**AUTOMATIC, "positive": 40, "blasts": 40}
    one = found.tree["positive"]
    assert one.region == Interval(Dimension(CD7, DISPLAY), low=60)
    assert (one.evidence.method, one.why) == (BY_HAND, "positive are wanted")
    assert [f.message for f in found.findings if f.code == "GATE_BY_HAND"] == [
        "positive is drawn by hand"
    ]


def test_a_drawn_bound_stays_on_the_value_of_an_event() -> None:
    """What is found keeps clear of events; what a person writes is taken as it is written."""
    found = gated(drawn("positive", interval(CD7, 60.5)))
    assert found.tree["positive"].region == Interval(Dimension(CD7, DISPLAY), low=60.5)
    assert counts(found)["positive"] == 40


def test_a_gate_that_is_left_out_passes_its_parent_on() -> None:
    found = gated(drawn("positive", pass_through=True))
    assert "positive" not in found.tree
    assert found.tree["blasts"].parent == "dim"
    assert counts(found)["blasts"] == 50


def test_a_combination_can_be_drawn() -> None:
    found = gated(drawn("dim", boolean("t_cells", "low")))
    assert found.tree["dim"].region == Boolean("and", (Operand("t_cells"), Operand("low")))
    assert counts(found)["dim"] == 50
    assert found.tree["dim"].evidence.placed_by == ("t_cells", "low")


def test_several_gates_are_drawn_together() -> None:
    found = gated(drawn("cells", interval(CD45, 70)), drawn("blasts", interval(CD7, 80)))
    assert counts(found) == {
        "cells": 30,
        "nucleated": 30,
        "t_cells": 30,
        "low": 30,
        "bright": 30,
        "dim": 30,
        "positive": 30,
        "blasts": 20,
    }


NEVER: Entry = {
    "method": "relative",
    "sides": [{"axis": "CD45", "low": {"population": "nobody"}}],
}


def unresolved(*gates: Entry) -> Strategy:
    return strategy_of(
        gates=[
            gate("nucleated", cut_at("CD45", 10)),
            gate("lost", NEVER),
            gate("child", cut_at("CD45", 20), "lost"),
            *gates,
        ],
        paths=[lineage_path(gate("blasts", cut_at("CD7", 50), "nucleated"), lineage="CD7+")],
    )


def applied(strategy: Strategy, gates: Sequence[Entry]) -> Gating:
    found = plan(*gates, strategy=strategy)
    gating = resolve(
        found.strategy,
        columns=TUBE.columns,
        panel=TUBE.panel,
        scales=TUBE.scales,
        seed=0,
        drawn=found.drawn,
    )
    check_applied(loaded(*gates), found, gating)
    return gating


def test_a_gate_that_is_not_found_can_be_drawn() -> None:
    found = applied(unresolved(), [drawn("lost", interval(CD45, 50))])
    assert counts(found) == {"nucleated": 90, "lost": 50, "child": 50, "blasts": 50}


def test_a_region_whose_parent_is_absent_is_not_passed_over() -> None:
    with pytest.raises(OverrideError, match="'child' cannot be drawn: its parent was not found"):
        applied(unresolved(), [drawn("child", interval(CD45, 50))])


def test_a_region_whose_operand_is_absent_is_not_passed_over() -> None:
    strategy = unresolved(gate("last", cut_at("CD45", 20)))
    with pytest.raises(OverrideError, match="'last' cannot be drawn: lost was not found"):
        applied(strategy, [drawn("last", boolean("lost"))])


def test_the_schema_is_that_of_the_file() -> None:
    import jsonschema  # noqa: PLC0415 - only here

    from cd5flow.cli.schema import schema_of  # noqa: PLC0415

    jsonschema.validate(entries(drawn("cells", interval(CD45, 1))), schema_of("override"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(entries(), schema_of("override"))
