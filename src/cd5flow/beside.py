"""Work that does not wait for other work, on the processors there are.

numpy works on arrays without Python's lock, so that threads share what is done with many events.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Final, Self, TypeVar

T = TypeVar("T")


THREADS: Final = "CD5FLOW_THREADS"
"""Environment variable: at most so many threads; where processes share the cores, each has one."""


def processors() -> int:
    """Return on how many processors this process may run, or as many as `THREADS` says if fewer."""
    try:
        found = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        found = os.cpu_count() or 1
    said = os.environ.get(THREADS, "")
    return min(found, max(1, int(said))) if said.isdecimal() else found


class Beside:
    """Does tasks beside what its block does; with one processor at once, before that goes on.

    A task runs in the context in which it was begun, with the same stage of a profile around it. The
    end of the block waits for all of them; what a task raises is raised by its `result()`.

    Args:
        threads: at most so many, and one fewer than there are processors.
    """

    def __init__(self, threads: int = 1) -> None:
        threads = min(threads, processors() - 1)
        self._pool = ThreadPoolExecutor(threads) if threads > 0 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)

    def begin(self, task: Callable[[], T]) -> Future[T]:
        """Begin a task."""
        if self._pool is not None:
            return self._pool.submit(copy_context().run, task)
        done: Future[T] = Future()
        try:
            done.set_result(task())
        except Exception as error:  # noqa: BLE001 - told by who asks for the result
            done.set_exception(error)
        return done


def side_by_side(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Do tasks that do not need each other, and return what they give in their order.

    Raises:
        Exception: what the first of them in their order raises, once all have ended.
    """
    if not tasks:
        return []
    with Beside(len(tasks) - 1) as beside:
        begun = [beside.begin(task) for task in tasks[1:]]
        first = tasks[0]()
    return [first, *(task.result() for task in begun)]
