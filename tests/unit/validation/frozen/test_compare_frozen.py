"""Two results of one tube: what differs, and what it may come from."""

from __future__ import annotations

import pytest

from cd5flow.model.result import Cd5State, Result
from cd5flow.validation.frozen.compare import Cause, compare
from support.analysed import analysis


@pytest.fixture(scope="module")
def result() -> Result:
    return analysis().result


def _with(result: Result, part: str, **changes: object) -> Result:
    return result.model_copy(update={part: getattr(result, part).model_copy(update=changes)})


def test_a_result_is_as_itself_whenever_it_was_made(result: Result) -> None:
    later = _with(result, "provenance", created="2030-01-01T00:00:00+00:00", cd5flow="9.9.9")
    assert compare(result, later, folder="a") is None


def test_a_number_that_moves_without_a_cause_is_unknown(result: Result) -> None:
    assert result.cd5.percent is not None
    moved = _with(result, "cd5", percent=result.cd5.percent - 1e-9)
    found = compare(result, moved, folder="a")
    assert found is not None
    assert found.causes == (Cause.UNKNOWN,)
    (one,) = found.differences
    assert (one.field, one.kind) == ("cd5.percent", "number")
    assert found.states == ()


def test_a_changed_state_is_told_apart_and_every_cause_is_named(result: Result) -> None:
    now = _with(result, "cd5", state=Cd5State.BORDERLINE)
    now = _with(now, "provenance", cd5flow="9.9.9")
    now = _with(now, "strategy", sha256="0" * 64)
    now = _with(now, "protocol", sha256="0" * 64)
    now = _with(now, "sample", sha256="0" * 64)
    found = compare(result, now, folder="a")
    assert found is not None
    assert [one.field for one in found.states] == ["cd5.state"]
    assert found.causes == (Cause.VERSION, Cause.STRATEGY, Cause.PROTOCOL, Cause.INPUT)
    assert "9.9.9" in found.changed[Cause.VERSION]


def test_populations_are_compared_by_their_names(result: Result) -> None:
    shuffled = result.model_copy(update={"populations": result.populations[::-1]})
    assert compare(result, shuffled, folder="a") is None
    fewer = result.model_copy(update={"populations": result.populations[:-1]})
    found = compare(result, fewer, folder="a")
    assert found is not None
    name = result.populations[-1].name
    assert all(one.field.startswith(f"populations[{name}]") for one in found.differences)
    assert all(one.after is None for one in found.differences)
