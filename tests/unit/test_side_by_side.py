"""Tasks beside each other: order, errors, one processor, and the stage around them."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest

import cd5flow.beside as module
from cd5flow.beside import Beside, processors, side_by_side
from cd5flow.stages import Stopwatch


@pytest.fixture(params=[1, 2, 4], ids=lambda n: f"{n} processors", autouse=True)
def on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(module, "processors", lambda: request.param)
    return int(request.param)


def failing() -> int:
    raise ValueError("this one")


@pytest.mark.parametrize(("said", "most"), [("1", 1), ("0", 1), ("99999", None), ("", None)])
def test_the_environment_may_ask_for_fewer_threads(
    said: str, most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CD5FLOW_THREADS", raising=False)
    found = processors()
    monkeypatch.setenv("CD5FLOW_THREADS", said)

    assert found >= 1
    assert processors() == (found if most is None else most)


def test_answers_come_in_the_order_of_the_tasks() -> None:
    assert side_by_side([partial(pow, n, 2) for n in range(20)]) == [n * n for n in range(20)]
    assert side_by_side([]) == []


def test_two_tasks_run_at_the_same_time_where_there_are_processors(on: int) -> None:
    meeting = threading.Barrier(2)

    def meets() -> bool:
        try:
            meeting.wait(timeout=5 if on > 1 else 0.01)
        except threading.BrokenBarrierError:
            return False
        return True

    assert side_by_side([meets, meets]) == [on > 1, on > 1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_a_task_raises_is_raised_once_all_have_ended(place: int) -> None:
    ended: list[int] = []

    def task(number: int) -> int:
        if number == place:
            raise ValueError("this one")
        ended.append(number)
        return number

    with pytest.raises(ValueError, match="this one"):
        side_by_side([partial(task, n) for n in range(3)])

    others = {0, 1, 2} - {place}
    # With one processor the first that fails keeps those after it in the caller's hands.
    assert set(ended) <= others
    if place:
        assert set(ended) == others


def test_a_task_that_fails_is_told_by_its_result_alone() -> None:
    with Beside() as beside:
        begun = beside.begin(failing)
        other = beside.begin(lambda: 7)

    assert other.result() == 7
    with pytest.raises(ValueError, match="this one"):
        begun.result()


def test_the_end_of_the_block_waits() -> None:
    ended = threading.Event()

    def slow() -> None:
        time.sleep(0.05)
        ended.set()

    with Beside() as beside:
        beside.begin(slow)
    assert ended.is_set()


def test_a_task_is_a_part_of_the_stage_in_which_it_was_begun() -> None:
    stage = Stopwatch()

    def task() -> None:
        with stage("inner"):
            pass

    with stage("outer"):
        side_by_side([task, task])
    with stage("after"):
        pass

    assert list(stage.seconds) == ["outer", "outer/inner", "after"]
