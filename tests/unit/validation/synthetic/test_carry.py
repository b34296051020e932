"""All tubes of a validation: done, kept, gone on with, and put in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.batch.engine import Outcome, Reply, Task
from cd5flow.config.shipped import strategy_file
from cd5flow.errors import EngineError, OptionError
from cd5flow.validation.synthetic.carry import (
    Course,
    Ended,
    Request,
    carry_out,
    forget,
    in_order,
    make_course,
    task_of,
)
from cd5flow.validation.synthetic.rows import SeriesKind
from support.validation_factory import SHIPPED, HereEngine, fails, small_course

TINY = "accuracy=2,level=0,blank=1,resamples=2"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return small_course(tmp_path_factory.mktemp("course"), TINY)


@pytest.fixture(scope="module")
def ended(course: Course, tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """All tubes of the course, done without a break."""
    out = tmp_path_factory.mktemp("ended")
    return list(carry_out(course, out, HereEngine(task_of(course, out))))


def test_rows_come_in_the_order_of_the_report_whichever_tube_is_done_first(
    course: Course, ended: list[Ended]
) -> None:
    rows = in_order(course, ended)
    kinds = [row.kind for row in rows]
    assert kinds == sorted(kinds, key=list(SeriesKind).index)
    assert rows == in_order(course, list(reversed(ended)))
    assert len(rows) == 2 * 2 + 1 + 2 * (1 + 2)


def test_what_an_interrupted_run_had_done_is_not_done_again(
    course: Course, ended: list[Ended], tmp_path: Path
) -> None:
    first = HereEngine(task_of(course, tmp_path), most=2)
    with pytest.raises(KeyboardInterrupt):
        list(carry_out(course, tmp_path, first))
    second = HereEngine(task_of(course, tmp_path))
    gone_on = list(carry_out(course, tmp_path, second))
    assert sum(one.earlier for one in gone_on) == 2
    assert len(second.done) == len(course.jobs) - 2
    assert in_order(course, gone_on) == in_order(course, ended)


def test_nothing_is_taken_over_from_another_seed(tmp_path: Path) -> None:
    tubes = "accuracy=1,level=0,blank=0,resamples=0"
    course = small_course(tmp_path, tubes, seed=1)
    list(carry_out(course, tmp_path, HereEngine(task_of(course, tmp_path))))
    other = small_course(tmp_path, tubes, seed=2)
    ended = list(carry_out(other, tmp_path, HereEngine(task_of(other, tmp_path))))
    assert not any(one.earlier for one in ended)


def test_half_a_file_of_rows_is_done_again(tmp_path: Path) -> None:
    course = small_course(tmp_path, "accuracy=1,level=0,blank=0,resamples=0")
    list(carry_out(course, tmp_path, HereEngine(task_of(course, tmp_path))))
    (kept,) = tmp_path.rglob("*.json")
    kept.write_bytes(kept.read_bytes()[:100])
    (ended,) = carry_out(course, tmp_path, HereEngine(task_of(course, tmp_path)))
    assert (ended.earlier, len(ended.rows)) == (False, 2)


def test_a_validation_that_is_written_leaves_nothing_behind(tmp_path: Path) -> None:
    course = small_course(tmp_path, "accuracy=1,level=0,blank=0,resamples=0")
    out = tmp_path / "out"
    list(carry_out(course, out, HereEngine(task_of(course, out))))
    assert list(out.rglob("*.json"))
    forget(out)
    assert not list(out.rglob("*.json"))


def test_a_tube_that_fails_costs_that_tube_alone(tmp_path: Path) -> None:
    course = small_course(tmp_path, "accuracy=2,level=0,blank=0,resamples=0")
    ended = list(carry_out(course, tmp_path, HereEngine(Task(fails, int))))
    assert [one.failed.error for one in ended if one.failed] == ["ZeroDivisionError"] * 2
    assert in_order(course, ended) == ()


def test_an_engine_that_cannot_go_on_ends_the_validation(tmp_path: Path) -> None:
    course = small_course(tmp_path, "accuracy=1,level=0,blank=0,resamples=0")

    class Broken(HereEngine):
        def run(self, jobs, timeout):  # type: ignore[no-untyped-def]
            assert (len(jobs), timeout) == (1, None)
            yield Outcome(0, Reply("EngineError", "no process can be started", stop=True))

    with pytest.raises(EngineError, match="no process can be started"):
        list(carry_out(course, tmp_path, Broken(task_of(course, tmp_path))))


def test_an_empty_series_is_refused() -> None:
    none = "accuracy=0,level=0,blank=0,resamples=0"
    with pytest.raises(OptionError, match="tubes: found none at all"):
        make_course(Request(series=SHIPPED, tubes=none))


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(OptionError, match="seed: found -1, expected 0 or more"):
        make_course(Request(series=SHIPPED, seed=-1))


def test_a_strategy_that_names_channels_of_an_instrument_is_refused(tmp_path: Path) -> None:
    text = strategy_file("t-all-relapse").read_text(encoding="utf-8")
    mine = tmp_path / "mine.yaml"
    mine.write_text(text.replace("\ngates:", "\nmarkers: {CD5: FL3-A}\ngates:", 1), "utf-8")
    with pytest.raises(OptionError, match=r"names the channels of an instrument \(CD5\)"):
        make_course(Request(series=SHIPPED, strategy=str(mine)))


def test_a_strategy_of_ones_own_is_for_all_tubes() -> None:
    course = make_course(Request(series=SHIPPED, strategy="t-all-mrd"))
    assert {one.value.name for one in course.strategies} == {"t-all-mrd"}
