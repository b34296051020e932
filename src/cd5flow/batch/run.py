"""The samples of a batch: which are finished, which are to be done, and what became of each."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.fingerprint import file_sha256, inputs_sha256
from cd5flow.analysis.stored import read_result
from cd5flow.batch.child import import_all, one_line
from cd5flow.batch.engine import SAMPLE_TIMEOUT, Engine, Reply, Task
from cd5flow.batch.failures import FailureJournal, RememberedFailure
from cd5flow.batch.plan import RESERVED, BatchPlan, Job
from cd5flow.config.atomic import clear_temporary_files
from cd5flow.errors import Cd5FlowError, EngineError, OutputError
from cd5flow.model.names import shown_name
from cd5flow.model.result import Result
from cd5flow.pipeline import RuleFiles, Settings, analyse_tube, load_rule_files
from cd5flow.report.folder import (
    RESULT,
    WantedOutputs,
    clear_aside,
    is_complete,
    write_sample,
)

OWN: Final = ".cd5flow"
"""Folder in the results folder that holds what batches need to know of each other."""

_FAILED: Final = "failed"
_ASIDE: Final = "aside"
_LOOKERS: Final = 4

_OF_ONE_SAMPLE: Final[dict[str, Any]] = {
    "sample_id": None,
    "patient_id": None,
    "collected_at": None,
    "identifiers": {},
    "controls": {},
    "control_datasets": {},
}
"""Settings that no rule depends on."""

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""With these no further sample can be written."""


@dataclass(frozen=True, slots=True)
class Done:
    """A sample that has a result.

    Attributes:
        job: what was asked.
        result: what came out, as its folder holds it.
        folder: where it was written.
        reply: what the worker said; None where an earlier run had finished it.
    """

    job: Job
    result: Result
    folder: Path
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A sample that has none.

    Attributes:
        job: what was asked.
        error: the class of what was raised.
        message: what was wrong, in one line.
        reply: what the worker said; None where an earlier run had failed with it.
    """

    job: Job
    error: str
    message: str
    reply: Reply | None = None


Finished = Done | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOrders:
    """How a batch is to be carried out.

    Attributes:
        out: the results folder.
        outputs: what is written of each sample.
        timeout: seconds that a sample may take; None is no limit.
        retry_failed: try again what failed in an earlier run, with nothing changed since.
    """

    out: Path
    outputs: WantedOutputs
    timeout: float | None = None
    retry_failed: bool = False

    @property
    def journal(self) -> FailureJournal:
        """What failed."""
        return FailureJournal(self.out / OWN / _FAILED)

    @property
    def aside(self) -> Path:
        """Where samples' folders are filled."""
        return self.out / OWN / _ASIDE

    @property
    def task(self) -> Task:
        """What each worker is to do."""
        out, aside = self.out.absolute(), self.aside.absolute()
        return Task(
            partial(analyse_and_write, out=out, aside=aside, outputs=self.outputs),
            partial(import_all, report=self.outputs.report),
        )


def run_batch(
    plan: BatchPlan, orders: BatchOrders, engine: Engine
) -> Generator[Finished, None, None]:
    """Carry out a batch; yield what became of each sample as soon as it is known.

    First come those that need not be done: finished, or failed, by an earlier run with the same
    input, settings and version. Closing the iterator ends everything at once.

    Raises:
        OutputError: nothing more can be written; what is done stays.
        EngineError: the processes or the cluster cannot be used.
    """
    waiting: list[Job] = []
    for job, known in look(plan.jobs, orders):
        if known is None:
            waiting.append(job)
        else:
            yield known
    jobs = [absolute(job) for job in waiting]
    with closing(engine.run(jobs, orders.timeout)) as outcomes:
        for outcome in outcomes:
            yield _finished(jobs[outcome.number], outcome.reply, orders)


def tidy(orders: BatchOrders) -> None:
    """Clear what a batch that was ended in the middle left behind; nothing may be running."""
    clear_aside(orders.out, orders.aside)
    clear_temporary_files(orders.out, RESERVED)


def analyse_and_write(job: Job, *, out: Path, aside: Path, outputs: WantedOutputs) -> Reply:
    """Analyse one sample and write its folder; this is what workers do."""
    try:
        analysis = analyse_tube(job.file, job.settings)
        write = partial(write_sample, analysis, out, outputs=outputs, aside=aside, name=job.folder)
        try:
            written = write()
        except OutputError as refused:
            # A worker that was lost from sight may have put the same folder there meanwhile.
            if _errno(refused) not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
            written = write()
    except (OSError, OutputError) as refused:
        if _errno(refused) not in _NO_ROOM:
            raise
        return Reply(OutputError.__name__, one_line(str(refused)), stop=True)
    finally:
        if outputs.report:
            from cd5flow.report.typesetting import forget_documents  # noqa: PLC0415 - as the report

            forget_documents()
    return Reply(changed=written.changed)


def _errno(error: BaseException) -> int | None:
    """Return the number of the system's refusal that an error stems from."""
    while not isinstance(error, OSError):
        if error.__cause__ is None:
            return None
        error = error.__cause__
    return error.errno


def look(jobs: Sequence[Job], orders: BatchOrders) -> Iterator[tuple[Job, Finished | None]]:
    """Yield each job with what an earlier run has made of it; None where it is to be done."""
    lookers = ThreadPoolExecutor(_LOOKERS)  # files are hashed without Python's lock
    look = partial(_known, orders=orders, rulebook={})
    try:
        yield from zip(jobs, lookers.map(look, jobs), strict=True)
    finally:
        lookers.shutdown(wait=False, cancel_futures=True)


def _known(job: Job, *, orders: BatchOrders, rulebook: dict[str, RuleFiles]) -> Finished | None:
    """Return what an earlier run has made of a job, where it would come out the same again."""
    name = job.folder
    folder = orders.out / name
    failure = orders.journal.read(name)
    has_result = (folder / RESULT).is_file()
    if failure is None and not has_result:
        return None
    inputs = _inputs(job, rulebook)
    if has_result and is_complete(folder, orders.outputs):
        try:
            result = read_result(folder / RESULT)
        except Cd5FlowError:
            return None
        if result.provenance.inputs_sha256 == inputs:
            return Done(job, result, folder)
    if failure is None or orders.retry_failed or failure.key != _key(inputs, orders):
        return None
    if failure.error == SAMPLE_TIMEOUT and _longer(orders.timeout, failure.timeout):
        return None
    return Failed(job, failure.error, failure.message)


def _longer(seconds: float | None, before: float | None) -> bool:
    return before is not None and (seconds is None or seconds > before)


def _finished(job: Job, reply: Reply, orders: BatchOrders) -> Finished:
    """Return what became of a sample, and remember a failure."""
    if reply.stop:
        kind = OutputError if reply.error == OutputError.__name__ else EngineError
        raise kind(reply.message)
    name = job.folder
    folder = orders.out / name
    error, message = reply.error, reply.message
    if not error:
        try:
            result = read_result(folder / RESULT)
        except Cd5FlowError as refused:
            # Somebody removed or changed it in this moment.
            error, message = type(refused).__name__, one_line(refused.message)
        else:
            orders.journal.forget(name)
            return Done(job, result, folder, reply)
    message = _without_folders(message, job, orders)
    if error != OutputError.__name__:  # which follows from the results folder, not from the sample
        key = _key(_inputs(job, {}), orders)
        orders.journal.write(name, RememberedFailure(key, error, message, orders.timeout))
    return Failed(job, error, message, reply)


def _inputs(job: Job, rulebook: dict[str, RuleFiles]) -> str:
    """Return the digest of what a job is made from; rules that several share are read once."""
    shared = repr(replace(job.settings, **_OF_ONE_SAMPLE))
    if shared not in rulebook:
        rulebook[shared] = load_rule_files(job.settings)
    return inputs_sha256(job.file, job.settings, rulebook[shared], sha256=file_sha256)


def _key(inputs: str, orders: BatchOrders) -> str:
    """Return what a failure depends on as one digest: a report may fail where a result does not."""
    return hashlib.sha256(f"{inputs} {orders.outputs!r}".encode()).hexdigest()


def _without_folders(message: str, job: Job, orders: BatchOrders) -> str:
    """Return a message in which files have no folders, which may name people."""
    folders = {job.file.parent, orders.out.absolute()}
    folders |= {path.parent for path in job.settings.controls.values()}
    for folder in sorted(folders, key=lambda one: -len(str(one))):
        message = message.replace(f"{shown_name(str(folder))}{os.sep}", "")
    return message


def absolute(job: Job) -> Job:
    """Return a job whose files are found from any folder, as processes elsewhere need it."""
    said = {one.name: _absolute(getattr(job.settings, one.name)) for one in fields(Settings)}
    for name in ("strategy", "protocol"):
        if Path(said[name]).suffix in {".yaml", ".yml"}:
            said[name] = str(Path(said[name]).absolute())
    return replace(job, file=job.file.absolute(), settings=Settings(**said))


def _absolute(value: Any) -> Any:
    if isinstance(value, Path):
        return value.absolute()
    if isinstance(value, dict):
        return {key: _absolute(one) for key, one in value.items()}
    return value
