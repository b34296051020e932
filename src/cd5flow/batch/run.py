"""The samples of a batch, one after the other. One that fails does not stop the others."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cd5flow.batch.plan import Job, Plan
from cd5flow.errors import Cd5FlowError, SheetError
from cd5flow.model.result import Result
from cd5flow.pipeline import analyse_tube
from cd5flow.report import Wishes, write_sample


@dataclass(frozen=True, slots=True)
class Done:
    """A sample that was analysed.

    Attributes:
        job: what was asked.
        result: what came out.
        folder: where it was written.
    """

    job: Job
    result: Result
    folder: Path


@dataclass(frozen=True, slots=True)
class Failed:
    """A sample that was not.

    Attributes:
        sample: its id.
        file: its file's name.
        error: the class of what was raised.
        message: what was wrong, in one line.
    """

    sample: str
    file: str
    error: str
    message: str


Outcome = Done | Failed


def run_jobs(plan: Plan, out: Path, *, wishes: Wishes) -> Iterator[Outcome]:
    """Analyse and write each sample; yield what became of it as soon as it is known.

    Controls without a sample come first, as failed.
    """
    for file in plan.orphans:
        yield Failed(
            file.stem,
            file.name,
            SheetError.__name__,
            f"{file.name}: a control by its name, but the sample it belongs to is not beside it",
        )
    for job in plan.jobs:
        yield run_job(job, out, wishes=wishes)


def run_job(job: Job, out: Path, *, wishes: Wishes) -> Outcome:
    """Analyse and write one sample."""
    try:
        analysis = analyse_tube(job.file, job.settings)
        written = write_sample(analysis, out, wishes=wishes)
    except Cd5FlowError as refused:
        return _failed(job, refused, refused.message)
    except Exception as bug:  # noqa: BLE001 - the other samples go on; what happened is recorded
        last = traceback.extract_tb(bug.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        return _failed(job, bug, f"a bug in cd5flow at {where}: {bug}")
    return Done(job, analysis.result, written.folder)


def _failed(job: Job, error: Exception, message: str) -> Failed:
    one_line = " ".join(message.split())
    return Failed(job.sample_id, job.file.name, type(error).__name__, one_line)
