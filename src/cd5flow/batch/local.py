"""Jobs in processes of this machine, by pebble."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, Final

from pebble import ProcessExpired, ProcessPool

from cd5flow.batch.engine import Outcome, Outcomes, Reply, Task, died, not_started, too_long
from cd5flow.batch.worker import answer, end_with_parent, one_line, one_thread_each, settle

_TICK_SECONDS: Final = 0.5
_START_SECONDS: Final = 180.0
"""Longest that a process may take to import what it needs: a cold disk takes half a minute."""

_STARTS: Final = 3
"""How often a process is started for a job before the job is given up."""

_GRACE_SECONDS: Final = 2.0
"""How long after a process has ended, or a limit has passed, pebble may take to say so."""

_END_SECONDS: Final = 5.0

_ENDED_BY_US: Final = frozenset({None, -signal.SIGTERM, -9})


def usable_cores() -> int:
    """Return how many cores this process may use: affinity and a container's share count."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    share = _container_cores()
    return cores if share is None else max(1, min(cores, share))


def _container_cores(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return how many whole cores a container is given, None without a limit (Linux cgroups)."""
    try:
        if (root / "cpu.max").is_file():
            quota, period = (root / "cpu.max").read_text(encoding="ascii").split()
        else:
            quota = (root / "cpu/cpu.cfs_quota_us").read_text(encoding="ascii")
            period = (root / "cpu/cpu.cfs_period_us").read_text(encoding="ascii")
        return None if int(quota) <= 0 else max(1, int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return None  # "max", or no such control group


class LocalEngine:
    """Carries out jobs in a few processes, each of which lives for many jobs."""

    def __init__(self, task: Task, *, processes: int) -> None:
        self._task = task
        self._processes = processes

    @property
    def words(self) -> str:
        """What it is, for people."""
        return "1 process" if self._processes == 1 else f"{self._processes} processes"

    def run(self, jobs: Sequence[Any], timeout: float | None) -> Outcomes:
        """Carry out every job; see `Engine`."""
        waiting = deque(_Turn(number, job) for number, job in enumerate(jobs))
        slots = [_Slot(self._task) for _ in range(min(self._processes, len(jobs)))]
        try:
            with one_thread_each():
                while waiting or any(slot.turn for slot in slots):
                    _fill(slots, waiting, timeout)
                    futures = [slot.future for slot in slots if slot.future]
                    wait(futures, _TICK_SECONDS, return_when=FIRST_COMPLETED)
                    ended = _ended(slots, waiting, timeout)
                    # No process waits while somebody looks at what has ended.
                    _fill(slots, waiting, timeout)
                    yield from ended
        finally:
            _end_all(slots)


def _fill(slots: Sequence[_Slot], waiting: deque[_Turn], timeout: float | None) -> None:
    """Give every process that has nothing to do the next job."""
    for slot in slots:
        if slot.turn is None and waiting:
            slot.take(waiting.popleft(), timeout)


def _ended(slots: Sequence[_Slot], waiting: deque[_Turn], timeout: float | None) -> list[Outcome]:
    """Return the jobs that have ended; one whose process never began with it waits again."""
    outcomes = []
    for slot in slots:
        turn = slot.turn
        reply = slot.ended(timeout)
        if turn is not None and reply is not None:
            outcomes.append(Outcome(turn.number, reply))
        elif turn is not None and slot.turn is None:
            waiting.appendleft(turn)
    return outcomes


@dataclass(slots=True)
class _Turn:
    """A job that waits or runs, and how often a process was started for it in vain."""

    number: int
    job: Any
    starts: int = 0


class _Worker(SpawnProcess):
    """A process that ends with this one."""

    def start(self) -> None:
        """Start it; pebble would have it waited for."""
        self.daemon = True
        super().start()


class _OneByOne(SpawnContext):
    """Starts processes afresh, as every system can, and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[_Worker] = []

    def Process(self, *args: Any, **kwargs: Any) -> _Worker:  # type: ignore[override]  # noqa: N802 - pebble calls it so
        process = _Worker(*args, **kwargs)
        self.started.append(process)
        return process


class _Slot:
    """A pool of one process, replaced as a whole when that process ends.

    The processes of one pool share two pipes under a lock. One that is killed while it holds the lock
    stops all others for good; with a pool each, there are no others.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._pool: ProcessPool | None = None
        self._context = _OneByOne()
        self._given = 0.0
        self._began: float | None = None
        self._over: float | None = None
        self.turn: _Turn | None = None
        self.future: Future[Reply] | None = None

    def take(self, turn: _Turn, timeout: float | None) -> None:
        """Start on a job."""
        if self._exit_code() is not None:
            self.end()  # it was killed while it had nothing to do
        # Ctrl-C reaches every process of a terminal; only this one is to act on it. A process, and
        # the threads of the pool that start others later, inherit what is blocked.
        with _sigint_blocked():
            try:
                future = self._schedule(turn.job, timeout)
            except RuntimeError:  # the pool noticed the same in between
                self.end()
                future = self._schedule(turn.job, timeout)
        self.turn, self.future = turn, future
        self._given, self._began, self._over = time.monotonic(), None, None

    def _schedule(self, job: Any, timeout: float | None) -> Future[Reply]:
        if self._pool is None:
            self._context = _OneByOne()
            self._pool = ProcessPool(
                max_workers=1,
                initializer=_begin,
                initargs=(self._task.prepare,),
                context=self._context,
            )
        future: Future[Reply] = self._pool.schedule(
            answer, args=(self._task.work, job), timeout=timeout
        )
        return future

    def ended(self, timeout: float | None) -> Reply | None:
        """Return what became of the job once it has ended.

        None with a turn means that it goes on, None without one that it is to be tried again.
        """
        if self.future is None or self.turn is None:
            return None
        now = time.monotonic()
        if self._began is None and self.future.running():
            self._began = now
        if self.future.done():
            return self._settled(self.future, timeout)
        code = self._exit_code()
        if code is not None:
            return self._overdue(now, lambda: self._lost(code))
        if self._began is None and now - self._given > _START_SECONDS:
            return self._lost(None)
        if timeout is not None and self._began is not None and now - self._began > timeout:
            return self._overdue(now, lambda: self._replaced(too_long(timeout)))
        self._over = None
        return None

    def _settled(self, future: Future[Reply], timeout: float | None) -> Reply | None:
        """Return what pebble says of a job."""
        error = future.exception()
        if error is None:
            self.turn = self.future = None
            return future.result()
        code = self._exit_code()
        if isinstance(error, TimeoutError) and timeout is not None and code in _ENDED_BY_US:
            return self._replaced(too_long(timeout))
        if isinstance(error, TimeoutError):  # pebble takes no notice of exit code 0
            return self._replaced(died(code, self._seconds()))
        if isinstance(error, ProcessExpired):
            return self._replaced(died(error.exitcode, self._seconds()))
        if isinstance(error, BrokenProcessPool):
            return self._lost(code)
        # What is no Exception, such as SystemExit, or a reply that could not be sent.
        return self._replaced(
            Reply(type(error).__name__, one_line(str(error)), seconds=self._seconds())
        )

    def _overdue(self, now: float, close: Callable[[], Reply | None]) -> Reply | None:
        """Leave pebble a while to say what has ended; then close the turn without it."""
        self._over = self._over or now
        return close() if now - self._over > _GRACE_SECONDS else None

    def _lost(self, code: int | None) -> Reply | None:
        """Close a turn whose process has gone, or never came."""
        if self._began is not None:
            return self._replaced(died(code, self._seconds()))
        turn = self.turn
        self.end()
        if turn is None:
            return None
        turn.starts += 1
        if turn.starts < _STARTS:
            return None
        return not_started(code)

    def _exit_code(self) -> int | None:
        """Return the exit code of the pool's process; None while it lives."""
        return self._context.started[0].exitcode if self._context.started else None

    def _replaced(self, reply: Reply) -> Reply:
        self.end()
        return reply

    def _seconds(self) -> float:
        return time.monotonic() - (self._given if self._began is None else self._began)

    def end(self) -> threading.Thread | None:
        """End the process at once; what cleans up after it is waited for by nobody."""
        pool, self._pool = self._pool, None
        self.turn = self.future = None
        if pool is None:
            return None
        pool.stop()  # type: ignore[no-untyped-call,unused-ignore]
        for process in self._context.started:
            if process.pid is not None and process.exitcode is None:
                process.kill()
        # A pipe that a killed process left in the middle of a message would hold this up for ever.
        thread = threading.Thread(target=pool.join, name="pool", daemon=True)
        thread.start()
        return thread


def _end_all(slots: Sequence[_Slot]) -> None:
    threads = [slot.end() for slot in slots]
    until = time.monotonic() + _END_SECONDS
    for thread in threads:
        if thread is not None:
            thread.join(max(0.0, until - time.monotonic()))


def _begin(prepare: Callable[[], object]) -> None:
    """Make a new process ready for jobs."""
    settle()
    end_with_parent()
    prepare()


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Keep Ctrl-C from the processes started meanwhile; it is not lost, but comes afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
