"""How sure a gate is, by rules on its own evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cd5flow.config.shipped import list_strategies, strategy_file
from cd5flow.errors import StrategyError
from cd5flow.gating.confidence import ConfidenceRules, EvidenceRule, Rating, rate
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.members import Members
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating, Lineage, Place
from cd5flow.model.reasons import Reason, sentence
from cd5flow.model.result import Confidence

DEPTH = EvidenceRule(method="valley", value="depth", worse="below", moderate=0.7, low=0.4)
SHELL = EvidenceRule(method="cluster", value="shell_share", worse="above", moderate=0.3, low=0.5)
SEEN = EvidenceRule(method="tail", value="events", worse="below", moderate=500, low=200)

RULES = ConfidenceRules(
    otherwise="moderate",
    unusual="low",
    unplaced_edge="moderate",
    unsure_anchor="moderate",
    no_cluster="low",
    empty="moderate",
    cuts={"internal_negative": "moderate", "valley": "low"},
    evidence=(DEPTH, SHELL, SEEN),
)
REGION = Interval(Dimension("X"), low=0)
TRIED = (Reason("TRIED", method="valley", why=Reason("UNRESOLVED", text="no valley")),)
UNPLACED = Reason("EDGE", axis="CD3", populations=("x",))


def one(name: str = "a", method: str = "relative", parent: str = ALL, **more: Any) -> Gate:
    """Return a gate; `more` are fields of its evidence, or `expect_percent` and `places`."""
    about = {key: more.pop(key) for key in ("expect_percent", "places") if key in more}
    events = more.pop("events", 1000)
    return Gate(name, parent, REGION, Evidence(method, events, **more), **about)


def rated(
    *gates: Gate, cluster: bool = True, counts: dict[str, int] | None = None
) -> dict[str, Rating]:
    members = {ALL: np.ones(100, dtype=np.bool_)}
    for gate in gates:
        members[gate.name] = np.arange(100) < (counts or {}).get(gate.name, 50)
    gating = Gating(
        tree=GateTree(gates),
        members=Members(members),
        findings=(),
        lineage=Lineage(cluster=cluster),
        denominator_rule="",
    )
    return rate(gating, RULES)


def only(gate: Gate, **more: Any) -> tuple[str, tuple[str, ...]]:
    rating = rated(gate, **more)[gate.name]
    return rating.confidence.value, tuple(map(sentence, rating.reasons))


def test_a_gate_with_nothing_against_it_is_sure() -> None:
    assert only(one()) == ("high", ())


@pytest.mark.parametrize(
    ("depth", "level"),
    [(0.7, "high"), (0.69, "moderate"), (0.4, "moderate"), (0.39, "low"), (0.0, "low")],
)
def test_a_shallow_valley_is_less_sure(depth: float, level: str) -> None:
    assert only(one(method="valley", values={"depth": depth}))[0] == level


@pytest.mark.parametrize(("share", "level"), [(0.3, "high"), (0.31, "moderate"), (0.51, "low")])
def test_a_cluster_in_a_crowd_is_less_sure(share: float, level: str) -> None:
    assert only(one(method="cluster", values={"shell_share": share}))[0] == level


def test_a_number_tells_what_it_is_and_what_was_wanted() -> None:
    assert only(one(method="valley", values={"depth": 0.5})) == (
        "moderate",
        ("depth of 0.5, below 0.7",),
    )
    assert only(one(method="tail", events=150)) == ("low", ("events of 150, below 200",))


def test_a_rule_is_for_its_own_method() -> None:
    assert only(one(method="relative", values={"depth": 0.1})) == ("high", ())
    assert only(one(method="valley", events=10)) == ("high", ())


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (
            one(tried=TRIED),
            ("moderate", "the strategy's first way could not tell"),
        ),
        (one(unplaced=(UNPLACED,)), ("moderate", "nothing places the edge on CD3 by x")),
        (one(expect_percent=(60.0, 90.0)), ("low", "holds 50 % of all, usually 60 to 90 %")),
        (
            one(places=(Place("FSC", 0.5, 0.6, None),)),
            ("low", "lies elsewhere on FSC than it usually does"),
        ),
    ],
)
def test_each_rule_lowers_it_with_its_reason(gate: Gate, expected: tuple[str, str]) -> None:
    assert only(gate) == (expected[0], (expected[1],))


def test_what_is_as_usual_speaks_against_nothing() -> None:
    usual = one(expect_percent=(50.0, 50.0), places=(Place("FSC", 0.5, 0.5, 0.5),))
    assert only(usual) == ("high", ())


def test_the_least_decides_and_every_reason_is_told() -> None:
    doubted = one(method="valley", values={"depth": 0.1}, tried=TRIED, unplaced=(UNPLACED,))
    level, reasons = only(doubted)
    assert level == "low"
    assert len(reasons) == 3


def test_a_gate_that_holds_nothing_is_less_sure() -> None:
    assert only(one(), counts={"a": 0}) == ("moderate", ("no event lies in it",))


def test_a_gate_is_less_sure_where_what_it_rests_on_is_not() -> None:
    unsure = one("a", method="valley", values={"depth": 0.1})
    found = rated(unsure, one("b", parent="a"), one("c", placed_by=("a",)), one("d", parent="b"))
    assert [found[name].confidence.value for name in "abcd"] == [
        "low",
        "moderate",
        "moderate",
        "high",
    ]
    assert tuple(map(sentence, found["c"].reasons)) == ("rests on a, whose confidence is low",)


def test_blasts_that_form_no_cluster_are_unsure() -> None:
    assert only(one("look_alikes"), cluster=False) == ("low", ("candidates that form no cluster",))
    assert only(one("a"), cluster=False) == ("high", ())


@pytest.mark.parametrize(
    ("method", "level"), [("fmo", "high"), ("internal_negative", "moderate"), ("valley", "low")]
)
def test_cd5_positive_is_as_sure_as_its_cut(method: str, level: str) -> None:
    assert only(one("cd5_positive", method=method, values={"depth": 0.0}))[0] == level


@pytest.mark.parametrize("method", ["override", "drawn"])
def test_what_a_person_drew_is_not_rated(method: str) -> None:
    drawn = one(method=method, expect_percent=(60.0, 90.0), tried=TRIED)
    assert only(drawn) == ("by_hand", ("drawn by hand",))


def test_a_rule_names_its_limits_in_order() -> None:
    with pytest.raises(ValidationError, match="low must lie below moderate"):
        EvidenceRule(method="valley", value="depth", worse="below", moderate=0.4, low=0.7)
    with pytest.raises(ValidationError, match="low must lie above moderate"):
        EvidenceRule(method="valley", value="depth", worse="above", moderate=0.7, low=0.4)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_deeper_valley_is_never_less_sure(one_depth: float, other: float) -> None:
    order = list(Confidence)
    low, high = sorted((one_depth, other))
    shallow = rated(one(method="valley", values={"depth": low}))["a"].confidence
    deep = rated(one(method="valley", values={"depth": high}))["a"].confidence
    assert order.index(deep) <= order.index(shallow)


def test_a_rule_for_a_method_that_there_is_not_is_refused(tmp_path: Path) -> None:
    text = strategy_file("t-all-relapse").read_text(encoding="utf-8")
    path = tmp_path / "ours.yaml"
    path.write_text(text.replace("{method: valley, value: depth", "{method: vally, value: depth"))
    with pytest.raises(StrategyError, match=r"ours\.yaml:\d+:\d+: no method is named 'vally'"):
        load_strategy(path)


@pytest.mark.parametrize("name", list_strategies())
def test_the_shipped_strategies_state_their_rules(name: str) -> None:
    rules = load_strategy(strategy_file(name)).value.confidence
    assert rules is not None
    assert {rule.method for rule in rules.evidence} >= {"valley", "density_cluster", "singlet_band"}
