"""Populations combined: in all of them, or in any."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cd5flow.gating.methods.combine import Combine
from cd5flow.model.geometry import Boolean, Operand, Region
from support.gating_factory import reason, resolved, tube_view


def combined(*of: str, operator: str = "and") -> Region:
    view = tube_view({"X": [1, 2]}, populations={"t": [True, False], "nk": [False, False]})
    combine = Combine.model_validate({"method": "combine", "operator": operator, "of": of})
    return resolved(combine.find(view)).region


def test_populations_are_combined_as_written() -> None:
    assert combined("t", "nk", operator="or") == Boolean("or", (Operand("t"), Operand("nk")))
    assert combined("t", "nk") == Boolean("and", (Operand("t"), Operand("nk")))


def test_not_is_the_complement() -> None:
    assert combined("t", "not nk") == Boolean("and", (Operand("t"), Operand("nk", complement=True)))


def test_a_name_that_only_begins_with_not_is_a_name() -> None:
    view = tube_view({"X": [1]}, populations={"not_nk": [True]})
    region = resolved(Combine(method="combine", operator="and", of=("not_nk",)).find(view)).region
    assert region == Boolean("and", (Operand("not_nk"),))


def test_a_population_without_events_is_one() -> None:
    assert combined("nk") == Boolean("and", (Operand("nk"),))


def test_populations_that_were_not_gated_are_left_out() -> None:
    assert combined("t", "not granulocytes") == Boolean("and", (Operand("t"),))


def test_without_any_population_it_is_unresolved() -> None:
    combine = Combine(method="combine", operator="and", of=("not granulocytes", "blasts"))
    outcome = combine.find(tube_view({"X": [1]}))
    assert reason(outcome) == "none of not granulocytes, blasts was gated"


def test_nothing_combined_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Combine(method="combine", operator="and", of=())
