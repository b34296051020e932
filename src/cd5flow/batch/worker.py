"""What happens inside a worker process, whichever engine started it."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from importlib import import_module
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any, Final

from cd5flow.batch.engine import Reply, Work
from cd5flow.errors import Cd5FlowError

ONE_THREAD: Final = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
"""Environment of a worker: jobs share the cores, so that the libraries in each take one."""

_NEEDED: Final = ("cd5flow.pipeline", "cd5flow.report")
_NEEDED_FOR_REPORTS: Final = (
    "cd5flow.report.html",
    "cd5flow.report.pdf",
    "cd5flow.report.pictures",
    "jinja2",
    "matplotlib.backends.backend_agg",
    "typst",
)

_OOM_SCORE: Final = 500
"""How much sooner Linux ends a worker than others when memory runs out; 1000 is first of all."""


def import_all(*, report: bool) -> None:
    """Import what samples need, which is then there for all samples of the process."""
    for name in (*_NEEDED, *(_NEEDED_FOR_REPORTS if report else ())):
        import_module(name)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Give processes started meanwhile the environment `ONE_THREAD`."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def settle() -> None:
    """Make this process end when it is told to, and before any other when memory runs out."""
    # At once, in the middle of a sample: its folder appears whole or not at all.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(f"{_OOM_SCORE}\n", encoding="ascii")


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone, even by SIGKILL.

    What goes on alone would write into a folder that another batch may have taken over.
    """
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def answer(work: Work, job: Any) -> Reply:
    """Do a job; whatever it raises becomes part of the reply."""
    start = time.monotonic()
    try:
        reply = work(job)
    except Cd5FlowError as refused:
        reply = Reply(type(refused).__name__, one_line(refused.message))
    except MemoryError:
        reply = Reply("MemoryError", "it needs more memory than there is")
    except (Exception, SystemExit) as bug:  # noqa: BLE001 - the other samples go on; what happened is recorded
        reply = Reply(
            type(bug).__name__, f"a bug in cd5flow at {_place(bug)}: {one_line(str(bug))}"
        )
    return replace(
        reply,
        seconds=time.monotonic() - start,
        memory_mb=memory_mb(),
        worker=reply.worker or f"process {os.getpid()}",
    )


def one_line(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(text.split())


def memory_mb() -> float | None:
    """Return the memory that this process holds, in MB; None where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, AttributeError, ValueError, IndexError):
        return None


def _place(bug: BaseException) -> str:
    """Return file and line where an exception was raised."""
    last = traceback.extract_tb(bug.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
