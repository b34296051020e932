"""`cd5flow validate --against`: a frozen set of results, repeated after an upgrade."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import typer

from cd5flow.batch.local import local_engine
from cd5flow.batch.run import OWN, Done, Finished
from cd5flow.cli.terminal import clean, emit, say, show
from cd5flow.config.lock import hold
from cd5flow.errors import OptionError
from cd5flow.validation.frozen.compare import Difference, FrozenComparison, TubeDifferences
from cd5flow.validation.frozen.repeat import (
    orders_into,
    read_frozen,
    repeat,
    write_comparison,
)

STATE_CHANGED: Final = 1
SOME_FAILED: Final = 3


def run(
    folder: Path,
    *,
    write: Path | None,
    inputs: Sequence[Path],
    strategy: str | None,
    protocol: str | None,
    jobs: int | None,
    json: bool,
) -> None:
    """Analyse the set again and list what differs; 1 if a state does, 3 if tubes could not be."""
    if write is not None and write.resolve() == folder.resolve():
        raise OptionError(f"write: {write} is the frozen set itself, expected another folder")
    frozen = read_frozen(folder, inputs=inputs, strategy=strategy, protocol=protocol)
    with ExitStack() as stack:
        out = write or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cd5flow-")))
        orders = orders_into(out)
        engine = local_engine(orders.task, jobs)
        say(f"{len(frozen.plan.jobs)} of {len(frozen.results)} tubes in {engine.words}")
        stack.enter_context(hold(out / OWN))
        found = repeat(frozen, engine, orders, tell=_tell_failed)
        if write is not None:
            write_comparison(found, out)
    if json:
        emit(found.to_json())
    else:
        for line in _told(found):
            show(clean(line))
    if found.states_changed:
        raise typer.Exit(STATE_CHANGED)
    if found.not_repeated:
        raise typer.Exit(SOME_FAILED)


def _tell_failed(one: Finished) -> None:
    if not isinstance(one, Done):
        say(clean(f"{one.job.sample_id}: {one.error}: {one.message}"), style="bad")


def _told(found: FrozenComparison) -> Iterator[str]:
    groups: dict[str, list[TubeDifferences]] = defaultdict(list)
    for tube in found.tubes_that_differ:
        groups[" + ".join(tube.causes)].append(tube)
    for cause, tubes in groups.items():
        yield f"{cause}: {len(tubes)} tubes differ"
        for what in dict.fromkeys(what for tube in tubes for what in tube.changed.values()):
            yield f"  {what}"
        for tube in tubes:
            yield f"  {tube.sample}"
            for one in sorted(tube.differences, key=lambda one: one.kind != "state"):
                yield f"    {_line(one)}"
    for left in found.not_repeated:
        yield f"not repeated: {left.sample}: {left.error}: {left.message}"
    yield (
        f"{found.tubes} tubes: {found.same} the same, {len(found.tubes_that_differ)} differ, "
        f"{found.states_changed} of them in a state, {len(found.not_repeated)} not repeated"
    )


def _line(one: Difference) -> str:
    mark = "STATE " if one.kind == "state" else ""
    return f"{mark}{one.field}: {_word(one.before)} -> {_word(one.after)}"


def _word(value: object) -> str:
    return (
        "nothing" if value is None else f"{value:.10g}" if isinstance(value, float) else f"{value}"
    )
