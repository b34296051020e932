"""Seconds a stage."""

from __future__ import annotations

import pytest

from cd5flow.numerics.timing import Stopwatch, untimed


class Clock:
    """A clock that is turned on by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stage_takes_the_time_between_its_ends() -> None:
    clock = Clock()
    stage = Stopwatch(clock)
    with stage("read"):
        clock.now += 2
    clock.now += 5
    with stage("gates"):
        clock.now += 3
    assert stage.seconds == {"read": 2, "gates": 3}
    assert stage.total == 5


def test_stages_of_one_name_are_added_up() -> None:
    clock = Clock()
    stage = Stopwatch(clock)
    for _ in range(3):
        with stage("read"):
            clock.now += 2
    assert stage.seconds == {"read": 6}


def test_a_part_is_named_after_its_whole_and_not_counted_twice() -> None:
    clock = Clock()
    stage = Stopwatch(clock)
    with stage("gates"):
        with stage("stable"):
            clock.now += 1
        clock.now += 2
    with stage("stable"):
        clock.now += 4
    assert stage.seconds == {"gates": 3, "gates/stable": 1, "stable": 4}
    assert stage.total == 7


def test_a_stage_that_fails_is_timed_and_left() -> None:
    clock = Clock()
    stage = Stopwatch(clock)

    def fails() -> None:
        with stage("read"):
            clock.now += 1
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - whichever it is
        fails()
    with stage("gates"):
        clock.now += 1
    assert stage.seconds == {"read": 1, "gates": 1}


def test_the_table_puts_parts_under_their_whole() -> None:
    clock = Clock()
    stage = Stopwatch(clock)
    with stage("gates"), stage("stable"):
        clock.now += 1
    with stage("quality"):
        clock.now += 3
    with stage("gates"), stage("cells"):
        pass
    assert stage.rows() == [
        ("stage", "seconds", "%"),
        ("gates", "1.000", "25"),
        ("  stable", "1.000", "25"),
        ("  cells", "0.000", "0"),
        ("quality", "3.000", "75"),
        ("all", "4.000", "100"),
    ]


def test_nothing_timed_is_a_table_of_nothing() -> None:
    assert Stopwatch().rows() == [("stage", "seconds", "%"), ("all", "0.000", "100")]


def test_a_stage_that_nobody_times_does_nothing() -> None:
    with untimed("read"):
        pass
