"""What happens inside a child process: jobs come in on stdin, replies go out on stdout.

Whoever started it is `children.Child`; a message is its length in eight bytes and a pickle.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Final, NoReturn

from cd5flow.batch.engine import Reply, Task, Work
from cd5flow.config.warned import divert_warnings
from cd5flow.errors import Cd5FlowError
from cd5flow.model.names import shown_name

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
"""Environment of a child: jobs share the cores, so that the libraries in each take one."""

_NEEDED: Final = ("cd5flow.pipeline", "cd5flow.report.folder")
_NEEDED_FOR_REPORTS: Final = (
    "cd5flow.report.html",
    "cd5flow.report.pdf",
    "cd5flow.report.pictures",
    "jinja2",
    "typst",
)

IDLE_SECONDS: Final = 300.0
"""After so long without a job a child ends: whoever held it may have been lost."""

READY: Final = b"ready"
"""What a child says once it has imported what it needs."""

_OOM_SCORE: Final = 500
"""How much sooner Linux ends a child than others when memory runs out; 1000 is first of all."""


def import_all(*, report: bool) -> None:
    """Import what samples need, which is then there for all samples of the process."""
    for name in (*_NEEDED, *(_NEEDED_FOR_REPORTS if report else ())):
        import_module(name)


def _settle() -> None:
    """Make this process end when it is told to, and before any other when memory runs out."""
    # At once, in the middle of a sample: its folder appears whole or not at all.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(f"{_OOM_SCORE}\n", encoding="ascii")


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
    """Return a text without line breaks, and so that it can be written."""
    return " ".join(shown_name(text).split())


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


def send(stream: IO[bytes], content: bytes) -> None:
    """Write a message."""
    stream.write(len(content).to_bytes(8, "little") + content)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes | None:
    """Return the next message; None at the stream's end."""
    try:
        head = stream.read(8)
        size = int.from_bytes(head, "little")
        content = stream.read(size)
    except (OSError, ValueError):
        return None
    return content if len(head) == 8 and len(content) == size else None


def main() -> NoReturn:
    """Be a child: do what comes in on stdin, until that ends."""
    try:
        _serve()
    except BaseException:  # noqa: BLE001 - its last words
        traceback.print_exc()
        os._exit(1)
    # Without Python's own way out, which waits for the thread that reads.
    os._exit(0)


def _serve() -> None:
    """Do one job after the other, until none has come for long."""
    # What libraries print must not come between the replies.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _settle()
    divert_warnings(lambda _: None)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        while (content := receive(sys.stdin.buffer)) is not None:
            inbox.put(content)
        os._exit(1)  # its holder is gone: nobody waits for the job in hand

    threading.Thread(target=listen, name="holder", daemon=True).start()
    task: Task = pickle.loads(inbox.get())  # noqa: S301 - from the process that started this one
    task.prepare()
    send(replies, pickle.dumps(READY))
    with suppress(queue.Empty):
        while True:
            job = pickle.loads(inbox.get(timeout=IDLE_SECONDS))  # noqa: S301 - as above
            send(replies, pickle.dumps(answer(task.work, job)))
