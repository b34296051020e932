"""`cd5flow batch`: many tubes."""

from __future__ import annotations

import signal
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Final

import typer

from cd5flow.batch.counts import BatchCounts
from cd5flow.batch.engine import Engine
from cd5flow.batch.eventlog import EventLog, open_log
from cd5flow.batch.failures import FAILURES
from cd5flow.batch.overview import RUN, write_overview
from cd5flow.batch.plan import BatchPlan, make_plan
from cd5flow.batch.run import OWN, BatchOrders, Done, Finished, run_batch, tidy
from cd5flow.batch.run_record import BatchRun, write_run_record
from cd5flow.batch.tube_folder import HOW_TO_GO_ON, ROLE_OPEN, NotTaken
from cd5flow.cli.progress import Show, progress
from cd5flow.cli.summary import burden_words, cd5_words
from cd5flow.cli.terminal import Voice, clean, say, show, voice
from cd5flow.config.lock import hold
from cd5flow.errors import Cd5FlowError, EngineError, OptionError, OutputError
from cd5flow.model.names import shown_name
from cd5flow.report.folder import WantedOutputs
from cd5flow.report.input_files import record_inputs

SOME_FAILED: Final = 3
_NAMED: Final = 5
"""Files that are named of those that are alike in something; run.json lists them all."""

_OVERVIEW_AFTER_INTERRUPT: Final = 100
"""Most samples whose overview is made in the second that an interrupted batch still takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a batch is carried out with.

    Attributes:
        jobs: processes on this machine; None is one a core.
        cluster: address of a Dask scheduler instead.
        dry: say what would be run, and run nothing.
        log: where each event is written as a line of JSON.
    """

    jobs: int | None = None
    cluster: str | None = None
    log: Path | None = None
    dry: bool = False


def orders(out: Path, outputs: WantedOutputs, *, timeout: float, retry_failed: bool) -> BatchOrders:
    """Check how a batch is to be carried out.

    Raises:
        OptionError: the time that a sample may take is impossible.
    """
    if not 0 <= timeout < float("inf"):
        raise OptionError(f"timeout: found {timeout:g}, expected seconds, or 0 for no limit")
    return BatchOrders(out=out, outputs=outputs, timeout=timeout or None, retry_failed=retry_failed)


def run(
    sources: Sequence[Path],
    *,
    words: Mapping[str, Any],
    orders: BatchOrders,
    means: Means,
    origins: Mapping[str, str],
) -> None:
    """Analyse every sample, write the tables, and end with 3 if some failed."""
    if means.dry:
        from cd5flow.cli.dry_run import show_plan  # noqa: PLC0415 - most batches are run

        show_plan(make_plan(*sources, words=words, out=orders.out, origins=origins), orders)
        return
    engine = engine_of(orders, means)
    plan = make_plan(*sources, words=words, out=orders.out, origins=origins)
    tally = BatchCounts(len(plan.jobs))
    with ExitStack() as stack:
        lock = stack.enter_context(hold(orders.out / OWN))
        log = stack.enter_context(open_log(means.log))
        tell_plan(plan, sources)
        if lock.earlier is not None:
            say(f"an earlier batch ended without a word ({lock.earlier}); going on from there")
        tidy(orders)
        started = datetime.now(UTC)
        log.write(
            "batch", samples=tally.samples, engine=engine.words, source=shown_name(plan.source.name)
        )
        fault = _carry_out(plan, orders, engine, tally, log)
        with _undisturbed():
            how = BatchRun(
                started=started,
                ended=datetime.now(UTC),
                engine=engine.words,
                interrupted=isinstance(fault, KeyboardInterrupt),
                fault="" if fault is None else str(fault) or "interrupted",
            )
            with suppress(Cd5FlowError) if how.fault else nullcontext():  # the fault itself is told
                record_inputs(orders.out, tally.files)
            written = _write_tables(tally, plan, orders, words=words, run=how)
            _log_end(log, tally, how)
    if fault is not None:
        raise fault
    _tell_end(tally, written)
    if tally.failed:
        raise typer.Exit(SOME_FAILED)


def engine_of(orders: BatchOrders, means: Means) -> Engine:
    """Return what carries out the samples."""
    if means.cluster is not None:
        if means.jobs is not None:
            raise OptionError(
                "jobs: a cluster has workers of its own, expected no --jobs beside it"
            )
        from cd5flow.batch.cluster import cluster_engine  # noqa: PLC0415 - Dask is an extra

        return cluster_engine(orders.task, address=means.cluster, seen=orders.out / OWN)
    from cd5flow.batch.local import local_engine  # noqa: PLC0415 - a cluster needs none

    return local_engine(orders.task, means.jobs)


def _carry_out(
    plan: BatchPlan,
    orders: BatchOrders,
    engine: Engine,
    tally: BatchCounts,
    log: EventLog,
) -> BaseException | None:
    """Do the samples; return what ended the batch before its end, None if nothing did."""
    try:
        with (
            _ended_in_order(),
            progress(tally) as show,
            closing(run_batch(plan, orders, engine)) as samples,
        ):
            for finished in samples:
                tally.add(finished)
                log.sample(finished)
                _tell(finished, tally, show)
    except (KeyboardInterrupt, OutputError, EngineError) as fault:
        return fault
    finally:
        tidy(orders)
    return None


def _write_tables(
    tally: BatchCounts,
    plan: BatchPlan,
    orders: BatchOrders,
    *,
    words: Mapping[str, Any],
    run: BatchRun,
) -> tuple[Path, ...]:
    """Write every table; after a fault, those for which there is room and time."""
    if not run.fault:
        record = write_run_record(tally, plan, orders, words=words, run=run)
        written = write_overview(orders.out, run=record).paths
        return (*written, orders.out / FAILURES, orders.out / RUN)
    with suppress(Cd5FlowError):  # the fault itself is told
        record = write_run_record(tally, plan, orders, words=words, run=run)
        if not run.interrupted or _few_results(orders.out):
            write_overview(orders.out, run=record)
        else:
            say("summary and index are as the last batch left them; run again to finish both")
    say(f"{tally.done} of {tally.samples} samples are done and kept; run again for the others")
    return ()


def _few_results(out: Path) -> bool:
    """Return whether a results folder holds few enough samples for an overview in a second."""
    with suppress(OSError):
        return sum(1 for _ in out.iterdir()) <= _OVERVIEW_AFTER_INTERRUPT
    return False


def _log_end(log: EventLog, tally: BatchCounts, run: BatchRun) -> None:
    with suppress(OutputError):
        log.write(
            "end",
            done=tally.done,
            failed=tally.failed,
            not_finished=tally.samples - tally.finished,
            interrupted=run.interrupted,
            seconds=round((run.ended - run.started).total_seconds(), 3),
        )


def tell_plan(plan: BatchPlan, sources: Sequence[Path]) -> None:
    """Say which sheet is used, and which files are left out."""
    in_sheet = plan.source.is_file()
    if in_sheet and plan.source not in sources:
        say(f"using the sheet {plan.source}")
    reasons: dict[str, list[NotTaken]] = defaultdict(list)
    for one in plan.not_taken:
        reasons[one.reason].append(one)
    for reason, left in reasons.items():
        # A tube whose role nobody said may be a patient's: somebody must look at it.
        style = "look" if any(one.is_control for one in left) else None
        say(f"not taken, {reason}: {_listed([one.place for one in left])}", style=style)
    if any(one.is_control for one in plan.not_taken):
        say(
            f"to go on, {ROLE_OPEN if in_sheet else HOW_TO_GO_ON.format(plan.source)}", style="look"
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _tell(finished: Finished, tally: BatchCounts, show: Show) -> None:
    if finished.reply is None and voice() is Voice.QUIET:
        return  # an earlier run has told it
    place = f"[{tally.finished}/{tally.samples}] {finished.job.sample_id}"
    if not isinstance(finished, Done):
        before = ", in an earlier run:" if finished.reply is None else ""
        text = f"{place}: FAILED{before} {finished.error}: {finished.message}"
    elif finished.reply is None:
        text = ""  # an earlier run has told it
    else:
        result = finished.result
        text = (
            f"{place}: {result.criterion.state}; CD5 {cd5_words(result.cd5)}; "
            f"burden {burden_words(result.burden)}"
        )
    show.ended(clean(text), failed=not isinstance(finished, Done))


def _tell_end(tally: BatchCounts, written: tuple[Path, ...]) -> None:
    text = f"{tally.done} of {tally.samples} samples done, {tally.failed} failed"
    if tally.earlier:
        text += f"; {tally.earlier} of them by earlier runs"
    show(f"{text}; need a person: {tally.needs_person}")
    if tally.failed_earlier:
        show(f"{tally.failed_earlier} had failed before; --retry-failed tries them again")
    for ids in tally.alike[:_NAMED]:
        show(f"the same file under several names: {_listed(ids)}")
    for path in written:
        show(f"  {path}")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Take SIGTERM and a closed terminal for Ctrl-C, so that what is done is listed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {}
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        # What is ignored from the start, as by nohup, stays so.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let the tables be written whole although somebody presses Ctrl-C again."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
