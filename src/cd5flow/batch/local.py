"""Jobs in child processes of this machine, each driven by a thread."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

from cd5flow.batch.children import Children
from cd5flow.batch.engine import Outcome, Outcomes, Reply, Task
from cd5flow.errors import OptionError
from cd5flow.numerics.processors import count_processors

_TICK_SECONDS: Final = 0.5
"""How often Ctrl-C is looked for on Windows, where waiting without a limit cannot be interrupted."""


def local_engine(task: Task, jobs: int | None) -> LocalEngine:
    """Return an engine of so many processes; None is one a core.

    Raises:
        OptionError: there are none.
    """
    processes = count_processors() if jobs is None else jobs
    if processes < 1:
        raise OptionError(f"jobs: found {jobs}, expected 1 or more processes")
    return LocalEngine(task, processes=processes)


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
        children = Children(self._task)
        threads = ThreadPoolExecutor(self._processes)
        ended: queue.SimpleQueue[Future[Reply]] = queue.SimpleQueue()
        numbers: dict[Future[Reply], int] = {}
        try:
            for number, job in enumerate(jobs):
                future = threads.submit(children.run, job, timeout)
                numbers[future] = number
                future.add_done_callback(ended.put)
            while numbers:
                try:
                    future = ended.get(timeout=_TICK_SECONDS)
                except queue.Empty:
                    continue
                yield Outcome(numbers.pop(future), future.result())
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            children.end()
            threads.shutdown(wait=True)
