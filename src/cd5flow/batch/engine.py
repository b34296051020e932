"""What carries out jobs in other processes: one protocol, whatever stands behind it.

A job that raises, takes too long or brings its process down costs that job alone. An engine never
raises for a job: whatever became of it is an `Outcome`.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cd5flow.errors import EngineError

SAMPLE_TIMEOUT: Final = "SampleTimeout"
"""Error class of a job that took longer than it may."""

WORKER_DIED: Final = "WorkerDied"
"""Error class of a job whose process ended under it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a job, in plain values: exceptions do not always survive their pickling.

    Attributes:
        error: the class of what went wrong; empty where nothing did.
        message: what went wrong, in one line.
        stop: it would go wrong with every other job too: the disk is full.
        changed: whether anything was written.
        seconds: how long it took.
        memory_mb: what the process held in memory afterwards; None where the system does not say.
        worker: which process did it.
    """

    error: str = ""
    message: str = ""
    stop: bool = False
    changed: bool = True
    seconds: float = 0.0
    memory_mb: float | None = None
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A job that has ended.

    Attributes:
        number: its place among the jobs given.
        reply: what became of it.
    """

    number: int
    reply: Reply


Outcomes = Generator[Outcome, None, None]
"""Jobs as they end; closing it ends the rest."""

Work = Callable[[Any], Reply]
"""What is done with a job; it must pickle, and so must the jobs."""


@dataclass(frozen=True, slots=True)
class Task:
    """What every worker is to do.

    Attributes:
        work: done with each job.
        prepare: called once in each worker before its first job: imports, which cost seconds. Its
            time is not counted.
    """

    work: Work
    prepare: Callable[[], object]


class Engine(Protocol):
    """Carries out jobs."""

    @property
    def words(self) -> str:
        """What it is, for people: "4 processes"."""

    def run(self, jobs: Sequence[Any], timeout: float | None) -> Outcomes:
        """Carry out every job, and yield each as soon as it has ended.

        Closing the iterator ends all processes at once, in the middle of their jobs.

        Args:
            jobs: whatever the work takes.
            timeout: seconds that a job may take; None is no limit.

        Raises:
            ClusterError: the engine itself cannot go on.
        """


def too_long(timeout: float) -> Reply:
    """Return the reply for a job that was ended because it took too long."""
    message = f"not done after {timeout:g} s, the time that --timeout gives a sample"
    return Reply(SAMPLE_TIMEOUT, message, seconds=timeout)


def died(code: int | None, seconds: float) -> Reply:
    """Return the reply for a job whose process ended with an exit code; negative is a signal."""
    return Reply(WORKER_DIED, f"its process {how_ended(code)}", seconds=seconds)


def not_started(why: str) -> Reply:
    """Return the reply where no process comes to life."""
    message = f"no process can be started for samples; {why}"
    return Reply(EngineError.__name__, message, stop=True)


def how_ended(code: int | None) -> str:
    """Return in words how a process ended, from what `multiprocessing` and `subprocess` say of it."""
    if code is None:
        return "ended for a reason unknown"
    if code >= 0:
        # Windows' own codes are known by their hexadecimal form: 0xC0000005.
        return f"ended with exit code {code if code < 0x8000_0000 else hex(code)}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "a signal"
    # Linux ends a process so when memory runs out.
    why = (
        ", as happens when memory runs out" if name == "SIGKILL" and sys.platform == "linux" else ""
    )
    return f"was ended by {name} ({-code}){why}"
