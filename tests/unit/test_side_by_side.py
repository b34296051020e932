"""Tasks beside each other: order, errors, one processor, and the stage around them."""

from __future__ import annotations

import threading
import time
import weakref
from functools import partial

import pytest

import cd5flow.numerics.threads as module
from cd5flow.numerics.threads import Beside, Turn, in_turn, processors, side_by_side
from cd5flow.numerics.timing import Stopwatch


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


# Turns


def test_turns_give_their_results_in_their_order() -> None:
    assert in_turn([Turn(partial(pow, n, 2)) for n in range(20)]) == [n * n for n in range(20)]
    assert in_turn(()) == []


def test_a_turn_is_done_once_however_many_ask() -> None:
    done: list[int] = []
    turn = Turn(partial(done.append, 1))
    assert in_turn([turn, Turn(turn.result), Turn(turn.result)]) == [None] * 3
    assert done == [1]


def test_a_turn_may_ask_for_earlier_ones_whether_or_not_it_says_so() -> None:
    turns: list[Turn[int]] = [Turn(lambda: 1)]
    for number in range(1, 30):
        needed = turns[-1], turns[number // 2]
        task = partial(lambda a, b: a.result() + b.result(), *needed)
        turns.append(Turn(task, needed if number % 3 else ()))
    plain = [1]
    for number in range(1, 30):
        plain.append(plain[-1] + plain[number // 2])
    assert in_turn(turns) == plain


def test_what_can_be_done_meanwhile_is_done_while_the_others_wait(on: int) -> None:
    begun, waited = threading.Event(), threading.Event()

    def first() -> bool:
        begun.set()
        return waited.wait(timeout=5 if on > 1 else 0.01)

    one = Turn(first)
    in_turn([one, Turn(one.result, after=[one])], meanwhile=[Turn(waited.set)])
    assert one.result() == (on > 1)


def test_nobody_does_meanwhile_what_nobody_has_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "processors", lambda: 1)
    done: list[int] = []
    one = Turn(lambda: 1)
    in_turn([one, Turn(one.result, after=[one])], meanwhile=[Turn(partial(done.append, 1))])
    assert done == []


def test_what_a_turn_raises_is_told_to_all_who_ask_and_raised_in_order() -> None:
    broken = Turn(failing)
    later = Turn(partial(int, "x"))
    with pytest.raises(ValueError, match="this one"):
        in_turn([Turn(lambda: 1), broken, later, Turn(broken.result)])


def test_a_turn_lets_go_of_its_task() -> None:
    held = Thing()
    gone = weakref.ref(held)
    turn = Turn(held.length)
    del held
    assert turn.result() == 3
    assert gone() is None


class Thing:
    def length(self) -> int:
        return 3
