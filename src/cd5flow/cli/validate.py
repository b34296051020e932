"""`cd5flow validate`: the software's own accuracy and precision on synthetic tubes."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import typer

from cd5flow.batch.local import local_engine
from cd5flow.batch.run import OWN
from cd5flow.cli.progress import EVERY_SECONDS, duration
from cd5flow.cli.terminal import emit, say, show
from cd5flow.config.lock import hold
from cd5flow.validation.synthetic.carry import (
    Ended,
    Request,
    carry_out,
    forget,
    in_order,
    make_course,
    task_of,
)
from cd5flow.validation.synthetic.cells import goal_figure
from cd5flow.validation.synthetic.document import MARK, NOT_A_LABORATORYS
from cd5flow.validation.synthetic.record import GoalState, Validation
from cd5flow.validation.synthetic.writing import validation_of, write_validation

SOME_FAILED: Final = 3


def run(request: Request, *, out: Path, jobs: int | None, json: bool) -> None:
    """Carry out a validation, write its report, print what came out."""
    course = make_course(request)
    engine = local_engine(task_of(course, out), jobs)
    say(f"{MARK}: {len(course.jobs)} jobs in {engine.words}. {NOT_A_LABORATORYS}")
    with hold(out / OWN):
        progress = _Progress(len(course.jobs))
        try:
            with closing(carry_out(course, out, engine)) as tubes:
                for one in tubes:
                    progress.add(one)
        except BaseException:
            say(f"{progress.words()}; what is done is kept, run again to go on")
            raise
        say(progress.words())
        rows = in_order(course, progress.ended)
        failed = [one.failed for one in progress.ended if one.failed is not None]
        found = validation_of(course, rows, sorted(failed, key=lambda one: one.tube))
        written = write_validation(found, rows, out)
        forget(out)
    if json:
        emit(found.to_json())
    else:
        _tell(found, written)
    if failed:
        raise typer.Exit(SOME_FAILED)


@dataclass(slots=True)
class _Progress:
    """How far a validation is, told every few seconds."""

    jobs: int
    ended: list[Ended] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)
    _told: float = field(default_factory=time.monotonic)
    _here: int = 0

    def add(self, one: Ended) -> None:
        self.ended.append(one)
        self._here += not one.earlier
        now = time.monotonic()
        if one.failed is not None:
            say(f"{one.failed.tube}: {one.failed.error}: {one.failed.message}", style="bad")
        if self._here and now - self._told >= EVERY_SECONDS:
            self._told = now
            left = (self.jobs - len(self.ended)) * (now - self._start) / self._here
            say(f"{self.words()}, {duration(left)} left")

    def words(self) -> str:
        earlier = sum(one.earlier for one in self.ended)
        before = f", {earlier} of them by an interrupted run" if earlier else ""
        return f"{len(self.ended)} of {self.jobs} jobs{before}"


def _tell(found: Validation, written: tuple[Path, ...]) -> None:
    show(f"{MARK}. {NOT_A_LABORATORYS}", style="strong")
    for goal in found.goals:
        unit = f" {goal.unit}" if goal.unit else ""
        if goal.found is None:
            show(f"{goal.text}: no tubes")
            continue
        sign = "at least" if goal.at_least else "at most"
        met = goal.state is GoalState.MET
        show(
            f"{goal.text}: {goal_figure(goal)}{unit} (goal [R] {sign} {goal.goal:g}{unit})"
            f"{'' if met else '  NOT MET'}",
            style=None if met else "look",
        )
    if found.failed:
        show(f"{len(found.failed)} tubes could not be analysed", style="bad")
    for path in written:
        show(f"  {path}")
