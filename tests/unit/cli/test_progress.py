from __future__ import annotations

import io
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import cd5flow.cli.progress as module
from cd5flow.analysis.settings import make_settings
from cd5flow.batch.counts import BatchCounts
from cd5flow.batch.engine import Reply
from cd5flow.batch.plan import Job
from cd5flow.batch.run import Done, Failed
from cd5flow.cli import terminal
from cd5flow.cli.progress import Lines, Pace, duration, progress
from support.analysed import CLEAR, SAMPLES, analysis

JOB = Job(SAMPLES / "a.fcs", "a", make_settings(), "a")


def add(tally: BatchCounts, *, done: int = 0, failed: int = 0, earlier: int = 0) -> None:
    for _ in range(done):
        tally.add(Done(JOB, analysis(CLEAR).result, Path("a"), Reply()))
    for _ in range(failed):
        tally.add(Failed(JOB, "ValueError", "x", Reply()))
    for _ in range(earlier):
        tally.add(Done(JOB, analysis(CLEAR).result, Path("a")))


def pace(tally: BatchCounts, seconds: float) -> Pace:
    moments = iter([0.0, seconds])
    return Pace(tally, clock=lambda: next(moments))


def test_counts_rate_and_time_left_are_told() -> None:
    tally = BatchCounts(40)
    add(tally, done=11, failed=1)
    assert pace(tally, 24.0).words() == (
        "12 of 40: 11 done, 1 failed; need a person: 0; 30 a minute, 56 s left"
    )


def test_what_earlier_runs_finished_makes_no_rate() -> None:
    tally = BatchCounts(100)
    add(tally, earlier=50)
    assert pace(tally, 1.0).words() == "50 of 100: 50 done, 0 failed; need a person: 0"
    add(tally, done=10)
    assert pace(tally, 5.0).words().endswith("; 2.0 a second, 20 s left")


def test_at_the_end_no_time_is_left() -> None:
    tally = BatchCounts(2)
    add(tally, done=2)
    assert pace(tally, 4.0).words() == "2 of 2: 2 done, 0 failed; need a person: 0; 30 a minute"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (3599.0, "59 min 59 s"), (7384.0, "2 h 3 min")],
)
def test_times_are_told_in_two_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_lines_tell_failures_at_once_and_others_together(capsys: Any) -> None:
    tally = BatchCounts(3)
    lines = Lines(Pace(tally).words)
    add(tally, done=1)
    lines.ended("a: MET", failed=False)
    assert capsys.readouterr().err == ""
    lines.ended("b: FAILED", failed=True)
    assert capsys.readouterr().err == "b: FAILED\n"
    lines.now()
    assert capsys.readouterr().err.startswith("1 of 3: 1 done")


def test_nothing_new_is_told_once_a_minute_alone(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 5.0, 10.0, 66.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    lines = Lines(lambda: "1 of 3")
    for _ in range(3):
        lines.now()
    assert capsys.readouterr().err == "1 of 3\n1 of 3\n"


def test_lines_come_while_nothing_ends(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(module, "_STILL_SECONDS", 0.0)
    told = threading.Event()
    right = terminal.say

    def say(text: str, **words: Any) -> None:
        right(text, **words)
        told.set()

    monkeypatch.setattr(module, "say", say)
    with progress(BatchCounts(3)):
        assert told.wait(20)
    assert capsys.readouterr().err.startswith("0 of 3: 0 done")


def test_quiet_tells_failures_alone(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_voice", terminal.Voice.QUIET)
    with progress(BatchCounts(2)) as show:
        show.ended("a: MET", failed=False)
        show.ended("b: FAILED", failed=True)
    assert capsys.readouterr() == ("", "b: FAILED\n")


def test_verbose_tells_each_sample(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "_voice", terminal.Voice.VERBOSE)
    with progress(BatchCounts(2)) as show:
        show.ended("a: MET", failed=False)
        show.ended("", failed=False)
    assert capsys.readouterr().err == ("a: MET (0 of 2: 0 done, 0 failed; need a person: 0)\n")


def test_a_terminal_gets_a_bar_and_a_line_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    tally = BatchCounts(4)
    with progress(tally) as show:
        add(tally, done=1)
        show.ended("[1/4] a: MET [bold]", failed=False)
        add(tally, failed=1)
        show.ended("[2/4] b: FAILED", failed=True)
        add(tally, earlier=1)
        show.ended("", failed=False)
    text = screen.getvalue()
    assert "[1/4] a: MET [bold]" in text
    assert "[2/4] b: FAILED" in text
    assert "3 of 4: 2 done, 1 failed; need a person: 0" in text
