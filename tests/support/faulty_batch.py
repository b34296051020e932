"""`cd5flow` in which samples of certain names go wrong: ``python -m faulty_batch batch ...``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cd5flow.batch.engine import Reply, Task
from cd5flow.batch.plan import Job
from cd5flow.batch.run import BatchOrders, analyse_and_write
from cd5flow.report.folder import WantedOutputs
from support.batch_faults import go_wrong, note, prepare

STARTED = "started"
"""File beside the results folder in which each sample that is begun leaves a line."""


def analyse_but(job: Job, *, out: Path, aside: Path, outputs: WantedOutputs) -> Reply:
    """Analyse a sample, unless its id says otherwise: ``hang-1`` hangs."""
    note(out.parent / STARTED)
    go_wrong(job.sample_id.partition("-")[0])
    return analyse_and_write(job, out=out, aside=aside, outputs=outputs)


def faulty_task(orders: BatchOrders) -> Task:
    """Return what workers do instead."""
    out, aside = orders.out.absolute(), orders.aside.absolute()
    work = partial(analyse_but, out=out, aside=aside, outputs=orders.outputs)
    return Task(work, prepare)


if __name__ == "__main__":
    # Workers look functions up by their module's name, which for this file as a program is another.
    from cd5flow.cli import main
    from support import faulty_batch  # noqa: PLW0406 - as a program this file is another module

    BatchOrders.task = property(faulty_batch.faulty_task)  # type: ignore[method-assign,assignment]
    main()
