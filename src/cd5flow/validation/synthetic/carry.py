"""All tubes of a validation: which there are, done in an engine, kept until all are done.

A tube's rows are kept in the results folder as soon as they are there, so that a validation that was
interrupted goes on from where it was. Once the report is written they are removed: a validation that
is asked for again is made again, for that is what it is for.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from cd5flow.analysis import provenance
from cd5flow.analysis.options import AUTO
from cd5flow.batch.engine import Engine, Reply, Task
from cd5flow.batch.run import OWN
from cd5flow.config.atomic import write_atomically
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.protocol import Protocol
from cd5flow.errors import EngineError, OptionError, OutputError
from cd5flow.gating.strategy import Strategy
from cd5flow.model.result import Timepoint
from cd5flow.pipeline import Settings, load_rule_files
from cd5flow.validation.synthetic.measure import measure
from cd5flow.validation.synthetic.plan import QUICK, Series, Size, load_series, size_of
from cd5flow.validation.synthetic.record import FailedTube
from cd5flow.validation.synthetic.rows import TubeRow
from cd5flow.validation.synthetic.series import TubeJob, jobs_of

_PACKAGE: Final = Path(__file__).resolve().parents[2]
_TUBES: Final = "tubes"
_ROWS: Final = TypeAdapter(tuple[TubeRow, ...])
_NEEDED: Final = ("cd5flow.pipeline", "cd5flow.simulate", "cd5flow.validation.synthetic.measure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be validated.

    Attributes:
        series: file of the kind of ``gating/validation.yaml``.
        strategy: as of `Settings`; `auto` is each tube's own by its time point.
        protocol: as of `Settings`.
        tubes: a size of the series, or numbers; see `size_of`.
        seed: of everything.
    """

    series: Path
    strategy: str = AUTO
    protocol: str = "cd5-cart-70"
    tubes: str = QUICK
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Course:
    """A validation before it is carried out.

    Attributes:
        request: what was asked.
        series, size: what is simulated.
        strategies: of relapse tubes, and of tubes for residual disease.
        protocol: judged against.
        markers_sha256: of the table of marker spellings.
        jobs: every tube, in the order of the report.
    """

    request: Request
    series: Loaded[Series]
    size: Size
    strategies: tuple[Loaded[Strategy], Loaded[Strategy]]
    protocol: Loaded[Protocol]
    markers_sha256: str
    jobs: tuple[TubeJob, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A tube that is done, or could not be.

    Attributes:
        job: the tube.
        rows: one each analysis; empty where it failed.
        failed: why there are none.
        earlier: an interrupted run had done it.
    """

    job: TubeJob
    rows: tuple[TubeRow, ...]
    failed: FailedTube | None = None
    earlier: bool = False


def make_course(request: Request) -> Course:
    """Read the files and lay out every tube.

    Raises:
        UsageError: a file or option is wrong, or the strategy names channels that synthetic tubes
            have not.
    """
    if request.seed < 0:
        raise OptionError(f"seed: found {request.seed}, expected 0 or more")
    series = load_series(request.series)
    size = size_of(request.tubes, series.value)
    rules = [
        load_rule_files(
            Settings(strategy=request.strategy, protocol=request.protocol, timepoint=timepoint)
        )
        for timepoint in (Timepoint.RELAPSE, Timepoint.MRD)
    ]
    for one in rules:
        if one.strategy.value.markers:
            named = ", ".join(one.strategy.value.markers)
            raise OptionError(
                f"strategy: {one.strategy.value.name} names the channels of an instrument ({named}), "
                "which synthetic tubes have not; expected a copy without `markers`"
            )
    jobs = jobs_of(
        series.value,
        size,
        lloq_events=rules[1].strategy.value.burden.lloq_events,
        seed=request.seed,
    )
    if not jobs:
        raise OptionError("tubes: found none at all, expected at least one of a kind")
    return Course(
        request=request,
        series=series,
        size=size,
        strategies=(rules[0].strategy, rules[1].strategy),
        protocol=rules[0].protocol,
        markers_sha256=rules[0].aliases.sha256,
        jobs=jobs,
    )


def task_of(course: Course, out: Path) -> Task:
    """Return what each worker of an engine is to do."""
    return Task(
        partial(
            measure_and_keep,
            folder=_kept_in(out),
            strategy=_from_anywhere(course.request.strategy),
            protocol=_from_anywhere(course.request.protocol),
        ),
        _import_all,
    )


def carry_out(course: Course, out: Path, engine: Engine) -> Generator[Ended, None, None]:
    """Yield what became of each tube as soon as it is known; first what is done already.

    Closing the iterator ends everything at once.

    Raises:
        OutputError: nothing more can be written; what is done stays.
        EngineError: the processes cannot be used.
    """
    folder = _kept_in(out)
    waiting: list[tuple[str, TubeJob]] = []
    for job in course.jobs:
        key = key_of(job, course)
        rows = _kept(folder, key)
        if rows is None:
            waiting.append((key, job))
        else:
            yield Ended(job, rows, earlier=True)
    # The long ones first, so that no process is left alone with one at the end.
    waiting.sort(key=lambda turn: -turn[1].spec.events * len(turn[1].draws or (0,)))
    with closing(engine.run(waiting, None)) as outcomes:
        for outcome in outcomes:
            key, job = waiting[outcome.number]
            yield _ended(job, outcome.reply, _kept(folder, key))


def measure_and_keep(
    turn: tuple[str, TubeJob], *, folder: Path, strategy: str, protocol: str
) -> Reply:
    """Do one job and keep its rows; this is what workers do."""
    key, job = turn
    rows = measure(job, strategy=strategy, protocol=protocol)
    try:
        write_atomically(folder / f"{key}.json", _ROWS.dump_json(rows))
    except OutputError as refused:
        return Reply(OutputError.__name__, refused.message, stop=True)
    return Reply()


def in_order(course: Course, ended: Sequence[Ended]) -> tuple[TubeRow, ...]:
    """Return the rows of tubes in the order of the report, however they ended."""
    rows = {id(one.job): one.rows for one in ended}
    return tuple(row for job in course.jobs for row in rows.get(id(job), ()))


def forget(out: Path) -> None:
    """Remove what was kept of single tubes; the report has it now."""
    shutil.rmtree(_kept_in(out), ignore_errors=True)


def key_of(job: TubeJob, course: Course) -> str:
    """Return what a tube's rows depend on as one digest."""
    said = [
        code_sha256(),
        provenance.python(),
        provenance.versions(),
        [one.sha256 for one in (*course.strategies, course.protocol)],
        course.markers_sha256,
        repr(job),
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@cache
def code_sha256() -> str:
    """Return the SHA-256 of cd5flow's own Python files, names and contents, as they are installed.

    It tells one state of the software from another, where versions are equal.
    """
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(_PACKAGE).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _ended(job: TubeJob, reply: Reply, rows: tuple[TubeRow, ...] | None) -> Ended:
    if reply.stop:
        kind = OutputError if reply.error == OutputError.__name__ else EngineError
        raise kind(reply.message)
    if reply.error or rows is None:
        error, message = reply.error or "FileAccessError", reply.message or "its rows are gone"
        return Ended(job, (), FailedTube(tube=job.name, error=error, message=message))
    return Ended(job, rows)


def _kept(folder: Path, key: str) -> tuple[TubeRow, ...] | None:
    """Return a tube's rows; None where they are not there, or are not whole."""
    try:
        return _ROWS.validate_json((folder / f"{key}.json").read_bytes())
    except (OSError, ValidationError):
        return None


def _kept_in(out: Path) -> Path:
    return out.absolute() / OWN / _TUBES


def _from_anywhere(name: str) -> str:
    """Return a file's absolute path; a shipped file's name as it is."""
    return str(Path(name).absolute()) if Path(name).suffix in {".yaml", ".yml"} else name


def _import_all() -> None:
    for name in _NEEDED:
        import_module(name)
