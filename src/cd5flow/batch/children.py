"""Processes for jobs that may bring them down, held by one that must not go down with them.

`multiprocessing` refuses to start processes from a daemonic one, such as a Dask worker; a child is a
program of its own, `cd5flow.batch.child`, and is talked to over its standard streams.
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
from pathlib import Path
from typing import Any, Final

from cd5flow.batch.child import ONE_THREAD, READY, receive, send
from cd5flow.batch.engine import Reply, Task, died, how_ended, not_started, too_long

_START_SECONDS: Final = 180.0
"""Longest that a child may take to import what it needs: a cold disk takes half a minute."""

_STARTS: Final = 3
"""How often a child is started for a job before the job is given up."""

_MEMORY_MB: Final = 1500.0
"""What a child may hold when a job has ended; one that holds more is not kept for the next."""

_PROGRAM: Final = "from cd5flow.batch.child import main; main()"


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
        self._process = subprocess.Popen(  # noqa: S603 - a program of our own
            # Modules are found where this process finds them, and not in the folder it is run from.
            [sys.executable, "-P", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": _module_path()},
            **own_group,
        )
        threading.Thread(target=self._listen, name="child", daemon=True).start()
        self._send(task)

    def ready(self) -> bool:
        """Wait until it has imported what it needs; False if it never will be."""
        try:
            return bool(self._said.get(timeout=_START_SECONDS) == READY)
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
        with contextlib.suppress(OSError, ValueError):  # if it is gone, `_listen` says so
            if stream is not None:
                send(stream, content)

    def _listen(self) -> None:
        stream = self._process.stdout
        while stream is not None:
            content = receive(stream)
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
        if (reply.memory_mb or 0.0) > _MEMORY_MB:
            child.end()
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
        """Return a child that waits for a job, or why there is none."""
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
                    child.end()
                try:
                    child = Child(self._task)
                except OSError as refused:
                    return not_started(f"the system refuses it ({refused.strerror})")
                self._all.add(child)
            if child.ready():
                return child
            code = child.end(patience=1.0)
            with self._lock:
                self._all.discard(child)
        return not_started(f"the last one {how_ended(code)}")


def _module_path() -> str:
    """Return a PYTHONPATH by which a child finds the modules that this process finds."""
    return os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
