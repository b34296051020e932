"""A process for jobs that may bring it down, held by a process that must not go down with it.

`multiprocessing` refuses to start processes from a daemonic one, such as a Dask worker; this is a
program of its own, ``python -m cd5flow.batch.child``, that talks over its standard streams.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
import traceback
from typing import IO, Any, Final

from cd5flow.batch.engine import Reply, Task, died, not_started, too_long
from cd5flow.batch.worker import ONE_THREAD, answer, settle

IDLE_SECONDS: Final = 300.0
"""After so long without a job a child ends: whoever held it may have been lost."""

_START_SECONDS: Final = 180.0
_STARTS: Final = 3
_READY: Final = b"ready"


class Child:
    """The holder's side: one process, one job at a time."""

    def __init__(self, task: bytes) -> None:
        """Start a process; `task` is a pickled `Task`."""
        self._said: queue.SimpleQueue[Any] = queue.SimpleQueue()
        own_group: dict[str, Any] = (
            {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]
            if os.name == "nt"
            else {"process_group": 0}  # Ctrl-C in the holder's terminal is not for it
        )
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cd5flow.batch.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
            **own_group,
        )
        threading.Thread(target=self._listen, name="child", daemon=True).start()
        self._send(task)

    def ready(self) -> bool:
        """Wait until it has imported what it needs; False if it never will be."""
        try:
            return bool(self._said.get(timeout=_START_SECONDS) == _READY)
        except queue.Empty:
            return False

    def run(self, job: Any, timeout: float | None) -> Reply:
        """Do a job; afterwards the process may be gone, see `alive`."""
        start = time.monotonic()
        self._send(pickle.dumps(job))
        try:
            said = self._said.get(timeout=timeout)
        except queue.Empty:
            self.end()
            return too_long(timeout or 0.0)
        if isinstance(said, Reply):
            return said
        return died(self.end(patience=1.0), time.monotonic() - start)

    @property
    def alive(self) -> bool:
        """Whether it can take a job."""
        return self._process.poll() is None

    def end(self, *, patience: float = 0.0) -> int:
        """End it; return its exit code, its own if it ends by itself within `patience` seconds."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        with contextlib.suppress(OSError):
            self._process.kill()
        code = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        return code

    def _send(self, content: bytes) -> None:
        stream = self._process.stdin
        with contextlib.suppress(OSError):  # if it is gone, `_listen` says so
            if stream is not None:
                stream.write(len(content).to_bytes(8, "little") + content)
                stream.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        while stream is not None:
            content = _received(stream)
            said = None if content is None else pickle.loads(content)  # noqa: S301 - our own process
            self._said.put(said)
            if said is None:
                return


class Children:
    """As many children as there are jobs at a time, kept for the next ones."""

    def __init__(self, task: Task) -> None:
        self._task = pickle.dumps(task)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._all: set[Child] = set()
        self._ended = False

    def run(self, job: Any, timeout: float | None) -> Reply:
        """Do a job in a child."""
        child = self._child()
        if isinstance(child, Reply):
            return child
        reply = child.run(job, timeout)
        with self._lock:
            if child.alive and not self._ended:
                self._idle.append(child)
            else:
                self._all.discard(child)
        return reply

    def end(self) -> None:
        """End every child at once, in the middle of its job."""
        with self._lock:
            self._ended = True
            children, self._all, self._idle = self._all, set(), []
        for child in children:
            child.end()

    def _child(self) -> Child | Reply:
        code = None
        for _ in range(_STARTS):
            with self._lock:
                if self._ended:
                    break
                child = self._idle.pop() if self._idle else None
                if child is not None and child.alive:
                    return child
                if child is not None:  # it ended of idleness, or was killed
                    self._all.discard(child)
                child = Child(self._task)
                self._all.add(child)
            if child.ready():
                return child
            code = child.end(patience=1.0)
            with self._lock:
                self._all.discard(child)
        return not_started(code)


def _received(stream: IO[bytes]) -> bytes | None:
    """Return the next message; None at the stream's end."""
    try:
        head = stream.read(8)
        size = int.from_bytes(head, "little")
        content = stream.read(size)
    except (OSError, ValueError):
        return None
    return content if len(head) == 8 and len(content) == size else None


def main() -> None:
    """Be a child: do what comes in on stdin, until that ends."""
    # What libraries print must not come between the replies.
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settle()
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def listen() -> None:
        while (content := _received(sys.stdin.buffer)) is not None:
            inbox.put(content)
        os._exit(1)  # its holder is gone: nobody waits for the job in hand

    threading.Thread(target=listen, name="holder", daemon=True).start()
    task: Task = pickle.loads(inbox.get())  # noqa: S301 - from the process that started this one
    task.prepare()
    _tell(replies, _READY)
    with contextlib.suppress(queue.Empty):
        while True:
            job = pickle.loads(inbox.get(timeout=IDLE_SECONDS))  # noqa: S301 - as above
            _tell(replies, answer(task.work, job))


def _tell(replies: IO[bytes], said: object) -> None:
    content = pickle.dumps(said)
    replies.write(len(content).to_bytes(8, "little") + content)
    replies.flush()


if __name__ == "__main__":
    try:
        main()
    except BaseException:  # noqa: BLE001 - its last words
        traceback.print_exc()
        os._exit(1)
    # Without Python's own way out, which waits for the thread that reads.
    os._exit(0)
