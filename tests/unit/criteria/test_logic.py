"""Kleene's tables, and that knowing more never turns an answer into its opposite."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.criteria.logic import every, negated, some

VALUES = (True, False, None)


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (True, True, True, True),
        (True, None, None, True),
        (True, False, False, True),
        (None, None, None, None),
        (None, False, False, None),
        (False, False, False, False),
    ],
)
def test_two_values_join_as_kleene_says(
    one: bool | None,  # noqa: FBT001
    other: bool | None,  # noqa: FBT001
    both: bool | None,  # noqa: FBT001
    either: bool | None,  # noqa: FBT001
) -> None:
    for pair in ((one, other), (other, one)):
        assert every(pair) is both
        assert some(pair) is either


def test_unknown_stays_unknown_when_negated() -> None:
    assert [negated(value) for value in VALUES] == [False, True, None]


def test_nothing_to_ask_is_true_of_all_and_false_of_any() -> None:
    assert every(()) is True
    assert some(()) is False


@given(st.lists(st.sampled_from(VALUES), min_size=1, max_size=6))
def test_one_is_the_others_mirror(values: list[bool | None]) -> None:
    assert some(values) is negated(every([negated(value) for value in values]))


@given(st.lists(st.sampled_from(VALUES), min_size=1, max_size=5))
def test_an_answer_is_what_every_filling_in_gives(values: list[bool | None]) -> None:
    fillings = list(product(*[(True, False) if v is None else (v,) for v in values]))
    for join, plain in ((every, all), (some, any)):
        answer = join(values)
        if answer is not None:
            assert {plain(filling) for filling in fillings} == {answer}
