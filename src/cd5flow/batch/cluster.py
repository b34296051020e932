"""Jobs on the workers of a Dask cluster, each in a child process of its worker.

A worker that goes down in the middle costs nothing: Dask gives its jobs to others. A job cannot
bring its worker down; were it to, Dask would try it on several more.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cd5flow._version import __version__
from cd5flow.batch.child import one_line
from cd5flow.batch.engine import WORKER_DIED, Engine, Outcome, Outcomes, Reply, Task
from cd5flow.errors import EngineError, OptionError

try:
    from distributed import Client, WorkerPlugin, get_worker
    from distributed.scheduler import KilledWorker
except ImportError as absent:
    raise OptionError(
        "cluster: needs the package distributed, which is not installed; "
        "install cd5flow with its extra [dask], here and on every worker"
    ) from absent

from cd5flow.batch.children import Children

_ADDRESS: Final = re.compile(r"((tcp|tls|ucx|ws|wss)://)?[^/\s]+:[0-9]{1,5}/?")

_CONNECT_SECONDS: Final = 15
_TICK_SECONDS: Final = 0.5
_END_SECONDS: Final = 1.0
NO_WORKER_SECONDS: Final = 600.0
"""How long a batch waits for the first worker, or for another after the last was lost."""


def cluster_engine(task: Task, *, address: str, seen: Path) -> Engine:
    """Return the engine over a cluster's scheduler.

    Args:
        task: what every worker is to do.
        address: of the scheduler, such as ``tcp://host:8786``.
        seen: a folder that every worker must find under this path.

    Raises:
        OptionError: the address is none.
    """
    if not _ADDRESS.fullmatch(address):
        raise OptionError(
            f"cluster: found {address!r}, expected a scheduler's address such as tcp://host:8786"
        )
    return ClusterEngine(task, address=address, seen=seen)


class ClusterEngine:
    """Carries out jobs on a cluster."""

    def __init__(
        self,
        task: Task,
        *,
        address: str,
        seen: Path,
        no_worker_seconds: float = NO_WORKER_SECONDS,
    ) -> None:
        self._task = task
        self._address = address
        self._seen = seen.absolute()
        self._no_worker_seconds = no_worker_seconds

    @property
    def words(self) -> str:
        """What it is, for people."""
        return "a Dask cluster"

    def run(self, jobs: Sequence[Any], timeout: float | None) -> Outcomes:
        """Carry out every job; see `Engine`."""
        if not jobs:
            return
        with _silence():
            yield from self._run(jobs, timeout)

    def _run(self, jobs: Sequence[Any], timeout: float | None) -> Outcomes:
        name = f"cd5flow-{secrets.token_hex(8)}"
        client = self._connected()
        futures: dict[Any, int] = {}
        try:
            plugin = JobsInChildren(self._task, str(self._seen))
            self._ask(lambda: client.register_plugin(plugin, name=name))
            ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
            for number, job in enumerate(jobs):
                future: Any = client.submit(
                    do, job, timeout, name, key=f"{name}-{number}", pure=False, retries=0
                )
                futures[future] = number
                future.add_done_callback(ended.put)
            while futures:
                future = self._next(ended, client)
                number = futures.pop(future)
                yield Outcome(number, self._reply(future))
                future.release()
        finally:
            _leave(client, name, list(futures))

    def _connected(self) -> Any:
        connect: Any = Client
        try:
            return connect(self._address, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise EngineError(
                f"cluster: no Dask scheduler answers at {self._address} ({one_line(str(error))})"
            ) from error

    def _ask(self, question: Callable[[], object]) -> None:
        try:
            question()
        except Exception as error:  # whatever a worker that lacks cd5flow raises
            raise EngineError(
                f"cluster: a worker at {self._address} cannot run cd5flow {__version__} "
                f"({type(error).__name__}: {one_line(str(error))})"
            ) from error

    def _next(self, ended: queue.SimpleQueue[Any], client: Any) -> Any:
        """Return the next future that is done.

        Raises:
            EngineError: the scheduler is lost, or there has been no worker for long.
        """
        since = time.monotonic()
        while True:
            with contextlib.suppress(queue.Empty):
                return ended.get(timeout=_TICK_SECONDS)
            if client.status != "running":
                raise EngineError(f"cluster: the Dask scheduler at {self._address} is lost")
            if client.scheduler_info()["workers"]:
                since = time.monotonic()
            elif time.monotonic() - since > self._no_worker_seconds:
                raise EngineError(
                    f"cluster: the Dask scheduler at {self._address} has had no worker for "
                    f"{self._no_worker_seconds:g} s"
                )

    def _reply(self, future: Any) -> Reply:
        """Return what became of a job."""
        if future.status == "finished":
            reply: Reply = future.result()
            return reply
        if future.status in {"cancelled", "lost"}:
            raise EngineError(f"cluster: the Dask scheduler at {self._address} is lost")
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Reply(WORKER_DIED, f"the Dask workers that had it ended: {one_line(str(error))}")
        return Reply(type(error).__name__, one_line(str(error)))


class JobsInChildren(WorkerPlugin):  # type: ignore[misc,unused-ignore]
    """What a worker keeps for one batch: the children in which it does the jobs."""

    def __init__(self, task: Task, seen: str) -> None:
        self._task = task
        self._seen = seen
        self._version = __version__
        self._children: Children | None = None
        self._address = ""

    def setup(self, worker: Any) -> None:
        """Begin on a worker."""
        self._address = worker.address
        self._children = Children(self._task)

    def teardown(self, worker: Any) -> None:  # noqa: ARG002 - Dask calls it so
        """End on a worker, in the middle of its jobs."""
        if self._children is not None:
            self._children.end()

    def run(self, job: Any, timeout: float | None) -> Reply:
        """Do a job."""
        fault = self._fault()
        if fault or self._children is None:
            message = f"cluster: the worker {self._address} {fault or 'was not set up'}"
            return Reply(EngineError.__name__, message, stop=True)
        reply = self._children.run(job, timeout)
        return replace(reply, worker=f"{self._address} {reply.worker}".strip())

    def _fault(self) -> str:
        """Return what keeps this worker from the batch; empty if nothing does."""
        if __version__ != self._version:
            return f"has cd5flow {__version__}, expected {self._version}"
        if not Path(self._seen).is_dir():
            return f"does not find the results folder, expected it at {Path(self._seen).parent}"
        return ""


def do(job: Any, timeout: float | None, name: str) -> Reply:
    """Do a job on a worker; this is the task that Dask knows."""
    plugins: Any = get_worker().plugins
    reply: Reply = plugins[name].run(job, timeout)
    return reply


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep Dask from telling with tracebacks what an `EngineError` tells in a line."""
    loggers = [
        logging.getLogger(name)
        for name in logging.root.manager.loggerDict
        if name.partition(".")[0] == "distributed"
    ]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _leave(client: Any, name: str, futures: list[Any]) -> None:
    """End what still runs for this batch, and part from the cluster, within a second or two."""

    def part() -> None:
        with contextlib.suppress(Exception):
            client.cancel(futures, force=True)
            client.unregister_worker_plugin(name)
        with contextlib.suppress(Exception):
            client.close(timeout=1)

    thread = threading.Thread(target=part, name="cluster", daemon=True)
    thread.start()
    # A lost cluster answers nothing; the children end by themselves after a while.
    thread.join(_END_SECONDS if futures else None)
