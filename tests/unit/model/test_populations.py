"""Trees of gates in which every name is known before it is used."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.model.geometry import Boolean, Dimension, Interval, Operand, Region
from cd5flow.model.members import Members
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating, Lineage

HIGH = Interval(Dimension("X"), low=0)


def gate(name: str, parent: str = ALL, region: Region = HIGH) -> Gate:
    return Gate(name=name, parent=parent, region=region, evidence=Evidence("given", events=0))


TREE = GateTree((gate("singlets"), gate("lymphocytes", "singlets"), gate("t", "lymphocytes")))


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="two gates are named 'a'"):
        GateTree((gate("a"), gate("a")))


def test_no_gate_is_named_as_the_root() -> None:
    with pytest.raises(ValueError, match="two gates are named 'all'"):
        GateTree((gate("all"),))


def test_a_parent_comes_first() -> None:
    with pytest.raises(ValueError, match="before its parent 'b'"):
        GateTree((gate("a", "b"), gate("b")))


def test_an_operand_comes_first() -> None:
    region = Boolean("and", (Operand("b"),))
    with pytest.raises(ValueError, match="stands before 'b'"):
        GateTree((gate("a", region=region), gate("b")))


def test_a_gate_is_found_by_name() -> None:
    assert "t" in TREE
    assert "b" not in TREE
    assert TREE["t"].parent == "lymphocytes"
    with pytest.raises(KeyError, match="b"):
        TREE["b"]


def test_a_path_runs_from_the_root() -> None:
    assert TREE.ancestors("t") == ("singlets", "lymphocytes")
    assert TREE.ancestors("singlets") == ()
    assert TREE.path("t") == "all/singlets/lymphocytes/t"


def test_a_population_that_was_not_gated_has_no_count() -> None:
    members = {ALL: np.array([True, True]), "t": np.array([False, False])}
    gating = Gating(
        tree=TREE,
        members=Members(members),
        findings=(),
        lineage=Lineage(),
        denominator_rule="",
    )
    assert gating.count(ALL) == 2
    assert gating.count("t") == 0
    assert gating.count("blasts") is None
