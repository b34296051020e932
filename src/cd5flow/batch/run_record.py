"""``run.json`` and ``failures.csv``: the record of a batch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cd5flow._version import __version__
from cd5flow.analysis import provenance
from cd5flow.batch.counts import BatchCounts
from cd5flow.batch.failures import FAILURES, failures_csv
from cd5flow.batch.overview import RUN
from cd5flow.batch.plan import BatchPlan
from cd5flow.batch.run import BatchOrders
from cd5flow.config.atomic import as_private_as, write_atomically
from cd5flow.model.names import shown_name

_LISTED: Final = 1000
"""Most files that are listed as not taken; a folder may hold a whole disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRun:
    """How a batch went.

    Attributes:
        started: when it began.
        ended: when it was over.
        engine: in what it ran.
        interrupted: whether it was ended from outside.
        fault: what ended it before its end, such as a full disk; empty otherwise.
    """

    started: datetime
    ended: datetime
    engine: str
    interrupted: bool = False
    fault: str = ""


def write_run_record(
    tally: BatchCounts,
    plan: BatchPlan,
    orders: BatchOrders,
    *,
    words: Mapping[str, Any],
    run: BatchRun,
) -> dict[str, Any]:
    """Write ``failures.csv`` and ``run.json`` (with what, when, how many); each is replaced as a whole.

    Args:
        tally: what became of the samples.
        plan: what was asked.
        orders: how it was to be done.
        words: what was said for all samples.
        run: how it went.

    Returns:
        What ``run.json`` holds.

    Raises:
        OutputError: one cannot be written.
    """
    # Samples do not end in the order of the plan.
    places = {job.sample_id: number for number, job in enumerate(plan.jobs)}
    failures = sorted(tally.failures, key=lambda one: places.get(one.sample, len(places)))
    # No folders, which may name people.
    record = {
        "schema": "cd5flow.run/1",
        "cd5flow": __version__,
        "python": provenance.python(),
        "packages": dict(provenance.versions()),
        "created": run.ended.isoformat(timespec="seconds"),
        "started": run.started.isoformat(timespec="seconds"),
        "seconds": round((run.ended - run.started).total_seconds(), 1),
        "interrupted": run.interrupted,
        "fault": run.fault or None,
        "source": shown_name(plan.source.name),
        "settings": {name: _plain(value) for name, value in words.items()}
        | {
            "report": orders.outputs.report,
            "membership": orders.outputs.membership,
            "language": Path(orders.outputs.language).name,
            "timeout": orders.timeout,
            "retry_failed": orders.retry_failed,
            "engine": run.engine,
            "origins": dict(plan.origins),
        },
        "counts": {
            "samples": tally.samples,
            "done": tally.done,
            "failed": tally.failed,
            "to_review": tally.review,
            "needs_person": tally.needs_person,
            "finished_by_earlier_runs": tally.earlier,
            "not_finished": tally.samples - tally.finished,
            "not_taken": len(plan.not_taken),
        },
        "sample_seconds": round(tally.seconds, 1),
        "states": {name: dict(sorted(counts.items())) for name, counts in tally.states.items()},
        "failed": [failure.sample for failure in failures],
        "same_bytes": tally.alike,
        "not_taken_reasons": dict(sorted(Counter(one.reason for one in plan.not_taken).items())),
        "not_taken": [
            {"file": one.place, "reason": one.reason} for one in plan.not_taken[:_LISTED]
        ],
    }
    mode = as_private_as(plan.inputs)
    write_atomically(orders.out / FAILURES, failures_csv(failures).encode(), mode=mode)
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    write_atomically(orders.out / RUN, text.encode(), mode=mode)
    return record


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Path():
            return shown_name(value.name)
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case tuple() | list():
            return [_plain(one) for one in value]
        case _:
            return str(value)
