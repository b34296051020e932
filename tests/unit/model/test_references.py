"""References of a strategy: found by their type, wherever a part holds them."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel

from cd5flow.model.references import (
    MarkerRef,
    OperandRef,
    PopulationRef,
    find_markers,
    find_populations,
)
from support.typed_text import holds_plain_text


class Inner(BaseModel):
    where: PopulationRef


class Rule(BaseModel):
    """A method as none is yet."""

    method: Literal["rule"] = "rule"
    shadow: MarkerRef = "CD34"
    light: MarkerRef | None = None
    pair: tuple[MarkerRef, PopulationRef] | None = None
    weights: dict[MarkerRef, float] = {}
    by_name: dict[str, PopulationRef] = {}
    parts: Inner | tuple[Inner, ...] = ()
    of: tuple[OperandRef, ...] = ()
    why: str = "CD5"


@pytest.mark.parametrize(
    ("given", "markers", "populations"),
    [
        ({}, set(), set()),
        ({"light": "CD2|CD7"}, {"CD2", "CD7"}, set()),
        ({"pair": ("SSC", "viable")}, {"SSC"}, {"viable"}),
        ({"weights": {"CD4": 1.0}}, {"CD4"}, set()),
        ({"by_name": {"why": "nk"}}, set(), {"nk"}),
        ({"parts": Inner(where="b_cells")}, set(), {"b_cells"}),
        ({"parts": (Inner(where="a"), Inner(where="b"))}, set(), {"a", "b"}),
        ({"of": ("viable", "not nk")}, set(), {"viable", "nk"}),
    ],
)
def test_a_reference_is_found_wherever_it_stands(
    given: dict[str, Any], markers: set[str], populations: set[str]
) -> None:
    rule = Rule(**given)
    assert find_markers(rule) == markers | {"CD34"}
    assert find_populations(rule) == populations


def test_what_several_parts_name_is_found_together() -> None:
    assert find_populations(Inner(where="a"), Inner(where="b")) == {"a", "b"}
    assert find_markers() == frozenset()


@pytest.mark.parametrize(
    ("hint", "plain"),
    [
        (str, True),
        (str | None, True),
        (tuple[str, ...], True),
        (dict[str, float], True),
        (dict[MarkerRef, str], True),
        (Any, True),
        (list[MarkerRef], True),
        (frozenset[PopulationRef] | None, True),
        (MarkerRef, False),
        (MarkerRef | None, False),
        (tuple[PopulationRef, ...], False),
        (dict[MarkerRef, float], False),
        (Literal["above", "below"], False),
        (Inner, False),
        (tuple[tuple[float, float], ...], False),
    ],
)
def test_text_that_says_not_what_it_names_is_told(hint: Any, *, plain: bool) -> None:
    assert holds_plain_text(hint) is plain
