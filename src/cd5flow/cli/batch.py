"""`cd5flow batch`: many tubes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import typer

from cd5flow.batch import Done, Outcome, make_plan, run_jobs, write_tables
from cd5flow.cli.summary import burden_words, cd5_words
from cd5flow.cli.terminal import is_terminal, say, show
from cd5flow.errors import OutputError
from cd5flow.report import Wishes

SOME_FAILED: Final = 3


def run(source: Path, *, words: Mapping[str, Any], out: Path, wishes: Wishes) -> None:
    """Analyse every sample, write the tables, and end with 3 if some failed."""
    plan = make_plan(source, words=words)
    if plan.source != source:
        say(f"using the sheet {plan.source}")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: cannot be made ({error.strerror})") from error
    outcomes: list[Outcome] = []
    total = len(plan.jobs) + len(plan.orphans)
    with _progress(total) as advance:
        for outcome in run_jobs(plan, out, wishes=wishes):
            outcomes.append(outcome)
            advance(_line(outcome, len(outcomes), total))
    written = write_tables(outcomes, plan, out, words=words)
    failed = sum(not isinstance(one, Done) for one in outcomes)
    show(f"{total - failed} of {total} samples done, {failed} failed; every result is unreviewed")
    for path in written:
        show(f"  {path}")
    if failed:
        raise typer.Exit(SOME_FAILED)


def _line(outcome: Outcome, number: int, total: int) -> str:
    if not isinstance(outcome, Done):
        return f"[{number}/{total}] {outcome.sample}: FAILED {outcome.error}: {outcome.message}"
    result = outcome.result
    return (
        f"[{number}/{total}] {result.sample.id}: {result.criterion.state}; "
        f"CD5 {cd5_words(result.cd5)}; burden {burden_words(result.burden)}"
    )


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """Give a function that is told of each sample: a bar on a terminal, plain lines elsewhere."""
    if not is_terminal(sys.stderr):
        yield say
        return
    from rich.console import Console  # noqa: PLC0415 - only where there is a bar
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with Progress(console=console) as progress:
        task = progress.add_task("samples", total=total)

        def advance(text: str) -> None:
            console.print(text, soft_wrap=True)
            progress.advance(task)

        yield advance
