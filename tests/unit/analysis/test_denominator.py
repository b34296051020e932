"""The denominator's rule in words, and other conventions, on members that one can count."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cd5flow.analysis.denominator import denominator_rule, other_counts
from cd5flow.config.shipped import strategy_file
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.limits import BurdenLimits
from cd5flow.model.panel import Panel
from cd5flow.model.reasons import sentence
from support.readout_factory import gating_of, members_of

STRATEGY = load_strategy(strategy_file("t-all-relapse")).value
NOTHING = Panel(channels=(), markers={}, labels={})
NUCLEAR = Panel(channels=(), markers={"nuclear": "FITC-A"}, labels={})


def limits(*others: dict[str, Any]) -> BurdenLimits:
    return BurdenLimits.model_validate(
        {**STRATEGY.burden.model_dump(), "other_denominators": others}
    )


MONONUCLEAR = {"rule": "mononuclear", "population": "nucleated", "outside": ["granulocytes"]}


def events(outside: list[str] | None = None, **rows: list[int]) -> int | None:
    rule = MONONUCLEAR if outside is None else {**MONONUCLEAR, "outside": outside}
    gating = gating_of(members_of(10, **rows))
    (found,) = other_counts(gating, limits(rule))
    assert found.rule == "mononuclear"
    return found.events


def test_events_outside_count_but_for_those_named() -> None:
    assert events(nucleated=[0, 1, 2, 3, 4, 5], granulocytes=[4, 5, 9]) == 4


def test_blasts_count_wherever_they_lie() -> None:
    assert events(nucleated=[0, 1, 2, 3], granulocytes=[2, 3], blasts=[3]) == 3


def test_blasts_outside_the_denominator_do_not_count() -> None:
    assert events(nucleated=[0, 1, 2, 3], granulocytes=[2, 3], blasts=[3, 9]) == 3


@pytest.mark.parametrize("rows", [{"nucleated": [0, 1]}, {"granulocytes": [0]}, {}])
def test_what_was_not_gated_makes_it_unknown(rows: dict[str, list[int]]) -> None:
    assert events(None, **rows) is None


def test_nothing_named_leaves_the_population() -> None:
    assert events([], nucleated=[0, 1]) == 2


def test_the_shipped_strategies_show_mononuclear_cells() -> None:
    for name in ("t-all-relapse", "t-all-mrd"):
        (other,) = load_strategy(strategy_file(name)).value.burden.other_denominators
        assert "mononuclear" in other.rule
        assert other.population == "nucleated"


def test_the_rule_is_the_gates_where_it_was_found() -> None:
    gating = gating_of(members_of(3, nucleated=[0]))

    assert sentence(denominator_rule(gating, STRATEGY, NOTHING)) == "CD45+"


@pytest.mark.parametrize(("panel", "words"), [(NOTHING, "nucl"), (NUCLEAR, "nuclear dye")])
def test_the_rule_is_never_empty(panel: Panel, words: str) -> None:
    gating = replace(gating_of(members_of(3)), denominator_rule="")
    rule = sentence(denominator_rule(gating, STRATEGY, panel))

    assert rule.startswith("not found in this tube; its rule is: ")
    assert words in rule
