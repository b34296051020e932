"""Work that does not wait for other work, on the processors there are.

numpy works on arrays without Python's lock, so that threads share what is done with many events.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import cache, partial
from threading import Lock
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

T = TypeVar("T")


_ARENA_MAX: Final = -8
"""M_ARENA_MAX of <malloc.h>, which mallopt(3) describes."""
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


def pool(threads: int) -> ThreadPoolExecutor:
    """Return so many threads, which allocate from the one heap that the process has."""
    _share_heap()
    return ThreadPoolExecutor(threads)


@cache
def _share_heap() -> None:
    """Ask glibc for no heap of its own to each thread, unless the user said how many there may be.

    What a thread freed stays in its heap, for no other to use; with the arrays of a tube that is as
    much as the tube. Threads that wait for each other at one heap are no matter here: the arrays are
    large and few. Other systems' allocators have one heap already.
    """
    said = os.environ.get("MALLOC_ARENA_MAX") or "arena_max" in os.environ.get("GLIBC_TUNABLES", "")
    if sys.platform != "linux" or said:
        return
    with suppress(OSError, AttributeError):  # musl has no mallopt, and one heap
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


class Beside:
    """Does tasks beside what its block does; with one processor at once, before that goes on.

    A task runs in the context in which it was begun, with the same stage of a profile around it. The
    end of the block waits for all of them; what a task raises is raised by its `result()`.

    Args:
        threads: at most so many, and one fewer than there are processors.
    """

    def __init__(self, threads: int = 1) -> None:
        threads = min(threads, processors() - 1)
        self._pool = pool(threads) if threads > 0 else None

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


class Turn(Generic[T]):
    """A task that is done once: by whoever has time for it, or by the first who asks what it gives.

    So tasks in an order may ask for those before them, and none ever waits for one that nobody does.
    A task runs in the context in which its turn was made, whoever does it.

    Args:
        task: what is to be done.
        after: those for which it will ask early, so that another one should be done before it.
    """

    def __init__(self, task: Callable[[], T], after: Collection[Turn[Any]] = ()) -> None:
        self._task: Callable[[], T] | None = partial(copy_context().run, task)
        self._after = after
        self._mine = Lock()
        self._future: Future[T] = Future()

    @property
    def is_ready(self) -> bool:
        """Whether all that it will ask for is done."""
        return all(other._future.done() for other in self._after)  # noqa: SLF001 - its own kind

    def do(self) -> None:
        """Do the task, unless somebody does it already."""
        if not self._mine.acquire(blocking=False):
            return
        # What the task holds on to is not needed once it is done.
        task, self._task, self._after = self._task, None, ()
        assert task is not None  # noqa: S101 - nobody else gets here
        try:
            self._future.set_result(task())
        except BaseException as error:
            self._future.set_exception(error)  # told by who asks for the result
            if not isinstance(error, Exception):
                raise

    def result(self) -> T:
        """Return what it gives, done here or waited for.

        Raises:
            Exception: what the task raised.
        """
        self.do()
        return self._future.result()


def in_turn(turns: Sequence[Turn[T]], meanwhile: Sequence[Turn[Any]] = ()) -> list[T]:
    """Do tasks that may ask for earlier ones, and return what they give in their order.

    This thread and a helper each take the first of those left that need not wait; where all would,
    what can be done meanwhile, and then the first.

    Args:
        turns: the tasks, each asking for none but those before it.
        meanwhile: tasks whose result some of them will want; left where nobody has time for them.

    Raises:
        Exception: what the first of them in their order raises, once all have ended.
    """
    left, spare, choosing = list(turns), list(meanwhile), Lock()

    def choose() -> Turn[Any] | None:
        with choosing:
            ready = next((turn for turn in left if turn.is_ready), None)
            if ready is None and left and spare:
                return spare.pop(0)
            if left:
                left.remove(chosen := ready or left[0])
                return chosen
            return None

    def work() -> None:
        while (turn := choose()) is not None:
            turn.do()

    with Beside() as beside:
        if len(turns) > 1:
            beside.begin(work)
        work()
    return [turn.result() for turn in turns]
