"""A results folder analysed again, tube by tube, as each result says that it was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cd5flow._version import __version__
from cd5flow.analysis.stored import read_result
from cd5flow.batch.engine import Engine
from cd5flow.batch.plan import BatchPlan, Job
from cd5flow.batch.run import BatchOrders, Done, Finished, run_batch, tidy
from cd5flow.batch.tube_settings import settings_of, tube_file
from cd5flow.config.atomic import write_atomically
from cd5flow.errors import Cd5FlowError, FileAccessError, InputError
from cd5flow.model.result import Result
from cd5flow.report.folder import RESULT, WantedOutputs
from cd5flow.report.input_files import InputFiles
from cd5flow.validation.frozen.compare import FrozenComparison, NotRepeated, compare

DIFFERENCES: Final = "differences.json"


@dataclass(frozen=True, slots=True)
class Frozen:
    """A frozen set before it is analysed again.

    Attributes:
        results: each folder's name and its result, in order.
        plan: the tubes that can be analysed again.
        not_repeated: those that cannot, and why.
    """

    results: dict[str, Result]
    plan: BatchPlan
    not_repeated: tuple[NotRepeated, ...]


def read_frozen(
    folder: Path, *, inputs: Sequence[Path], strategy: str | None, protocol: str | None
) -> Frozen:
    """Read a results folder, and find the tubes it was made of.

    Args:
        folder: the results.
        inputs: folders where the tubes may lie, beside what the results say.
        strategy: in place of the one that each result was made with; None keeps it.
        protocol: likewise.

    Raises:
        FileAccessError: the folder is absent or holds no result.
    """
    there = sorted(path.parent for path in folder.glob(f"*/{RESULT}")) if folder.is_dir() else []
    if not there:
        raise FileAccessError(f"{folder}: found no SAMPLE/{RESULT}, expected a folder of results")
    files = InputFiles(folder, [*inputs, folder])
    results: dict[str, Result] = {}
    refused: list[NotRepeated] = []
    jobs: list[Job] = []
    for place in there:
        try:
            result = read_result(place / RESULT)
            results[place.name] = result
        except Cd5FlowError as error:
            refused.append(_refused(place.name, place.name, error))
    by_sha256 = {result.sample.sha256: result for result in results.values()}
    for name, result in results.items():
        try:
            jobs.append(_job(name, result, files, by_sha256, strategy=strategy, protocol=protocol))
        except Cd5FlowError as error:
            refused.append(_refused(result.sample.id, name, error))
    return Frozen(results, BatchPlan(folder, tuple(jobs)), tuple(refused))


def _job(
    name: str,
    result: Result,
    files: InputFiles,
    by_sha256: dict[str, Result],
    *,
    strategy: str | None,
    protocol: str | None,
) -> Job:
    if result.overrides:
        raise InputError(
            f"{result.sample.id}: its gates were moved by hand, which is repeated in review alone"
        )

    def find(file: str, sha256: str) -> Path | None:
        # The name alone tells where the file of these bytes is no more: a changed input is a cause.
        return files.find(file, sha256) or files.find(file, "")

    settings = settings_of(result, find, diagnosis=by_sha256.get)
    if strategy is not None:
        settings = replace(settings, strategy=strategy)
    if protocol is not None:
        settings = replace(settings, protocol=protocol)
    return Job(tube_file(result, find), result.sample.id, settings, name)


def repeat(
    frozen: Frozen, engine: Engine, orders: BatchOrders, *, tell: Callable[[Finished], None]
) -> FrozenComparison:
    """Analyse every tube again, and return what differs."""
    again: dict[str, Result] = {}
    refused = list(frozen.not_repeated)
    try:
        with closing(run_batch(frozen.plan, orders, engine)) as tubes:
            for one in tubes:
                tell(one)
                if isinstance(one, Done):
                    again[one.job.folder] = one.result
                else:
                    refused.append(
                        NotRepeated(
                            sample=one.job.sample_id,
                            folder=one.job.folder,
                            error=one.error,
                            message=one.message,
                        )
                    )
    finally:
        tidy(orders)
    compared = [
        (name, compare(before, again[name], folder=name))
        for name, before in frozen.results.items()
        if name in again
    ]
    differ = tuple(one for _, one in compared if one is not None)
    return FrozenComparison(
        cd5flow=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        tubes=len(frozen.results),
        same=len(compared) - len(differ),
        states_changed=sum(bool(one.states) for one in differ),
        by_cause=dict(Counter(" + ".join(one.causes) for one in differ)),
        tubes_that_differ=differ,
        not_repeated=tuple(refused),
    )


def orders_into(out: Path) -> BatchOrders:
    """Return how the tubes are analysed: results without reports, into a folder."""
    return BatchOrders(out=out, outputs=WantedOutputs(report=False), retry_failed=True)


def write_comparison(found: FrozenComparison, out: Path) -> Path:
    """Write ``differences.json``.

    Raises:
        OutputError: it cannot be written.
    """
    return write_atomically(out / DIFFERENCES, found.to_json().encode())


def _refused(sample: str, folder: str, error: Cd5FlowError) -> NotRepeated:
    return NotRepeated(
        sample=sample, folder=folder, error=type(error).__name__, message=error.message
    )
