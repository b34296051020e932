"""Gates that remove nothing are left out, and nothing else changes."""

from __future__ import annotations

from cd5flow.interop.idle_gates import without_idle
from cd5flow.model.geometry import Boolean, Dimension, Interval, Operand, Region
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree

ANY = Interval(Dimension("Time"), low=0.0, high=None)


def gate(name: str, parent: str = ALL, region: Region = ANY) -> Gate:
    return Gate(name, parent, region, Evidence("test", events=100))


def left(counts: dict[str, int], *gates: Gate) -> list[tuple[str, str]]:
    tree = without_idle(GateTree(gates), {ALL: 100, **counts}.get)
    return [(one.name, one.parent) for one in tree.gates]


def test_what_lay_below_an_idle_gate_lies_one_higher() -> None:
    gates = gate("stable"), gate("cells", "stable"), gate("blasts", "cells")
    counts = {"stable": 100, "cells": 100, "blasts": 40}
    assert left(counts, *gates) == [("blasts", ALL)]


def test_a_gate_that_removes_one_event_stays() -> None:
    gates = gate("stable"), gate("blasts", "stable")
    assert left({"stable": 99, "blasts": 40}, *gates) == [("stable", ALL), ("blasts", "stable")]


def test_populations_that_are_asked_for_by_name_stay() -> None:
    gates = gate("singlets"), gate("nucleated", "singlets")
    assert left({"singlets": 100, "nucleated": 100}, *gates) == [
        ("singlets", ALL),
        ("nucleated", "singlets"),
    ]


def test_a_gate_that_another_combines_stays() -> None:
    both = Boolean("and", (Operand("a"), Operand("b", complement=True)))
    gates = gate("a"), gate("b"), gate("blasts", ALL, both)
    assert [name for name, _ in left({"a": 100, "b": 9, "blasts": 91}, *gates)] == [
        "a",
        "b",
        "blasts",
    ]


def test_a_gate_that_was_not_counted_stays() -> None:
    assert left({}, gate("stable")) == [("stable", ALL)]
