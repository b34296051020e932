"""`cd5flow batch --dry-run`: what would be run, and what not, and why. Nothing is written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from cd5flow.analysis.options import AUTO
from cd5flow.batch.plan import BatchPlan, Job
from cd5flow.batch.run import BatchOrders, Done, Finished, look
from cd5flow.cli.terminal import say, show, table
from cd5flow.model.names import shown_name
from cd5flow.pipeline import Settings, load_rule_files
from cd5flow.report.folder import RESULT
from cd5flow.signatures.guard import answered_for

HEAD: Final = (
    "SAMPLE",
    "FILE",
    "CONTROLS",
    "TIME POINT",
    "SPECIMEN",
    "STRATEGY",
    "PROTOCOL",
    "FOLDER",
    "WOULD BE",
)

ANALYSED: Final = "analysed"
AGAIN: Final = "analysed; the earlier result is kept under previous/"
DONE: Final = "left as it is: done already"
FAILED: Final = "left out: failed before, unchanged since; --retry-failed tries again"
REFUSED: Final = "refused: its folder is there and holds no result.json"
KEPT: Final = "analysed, but not written"


def show_plan(plan: BatchPlan, orders: BatchOrders) -> None:
    """Print every sample with what would become of it, and every file that is left out."""
    show(f"{plan.source}: nothing is run, nothing is written")
    show()
    rows = []
    counts: Counter[str] = Counter()
    for job, known in look(plan.jobs, orders):
        fate, why = _fate(job, known, orders)
        counts[fate] += 1
        rows.append([*_facts(job, orders), f"{fate} ({why})" if why else fate])
    for line in table([list(HEAD), *rows]):
        show(line)
    show()
    for one in plan.not_taken:
        style = "look" if one.is_control else None
        show(f"not taken: {one.place}: {one.reason}", style=style)
    told = "; ".join(f"{number} {fate}" for fate, number in counts.most_common())
    show(f"{len(plan.jobs)} samples: {told}; {len(plan.not_taken)} files or folders not taken")
    say(f"without --dry-run the results go to {orders.out}")


def _facts(job: Job, orders: BatchOrders) -> Iterator[str]:
    """Yield what is known of a job, in the order of the head."""
    settings = job.settings
    yield job.sample_id
    which = "" if settings.dataset is None else f", data set {settings.dataset}"
    yield f"{shown_name(job.file.name)}{which}"
    controls = settings.controls.items()
    yield " ".join(f"{role}={shown_name(path.name)}" for role, path in controls) or "none"
    yield settings.timepoint.value
    yield settings.specimen.value
    rules = load_rule_files(settings)
    chosen = rules.strategy.value
    yield f"{_auto(settings)}{chosen.name} {chosen.version}"
    yield f"{rules.protocol.value.name} {rules.protocol.value.version}"
    yield str(orders.out / job.folder)


def _auto(settings: Settings) -> str:
    return "auto: " if settings.strategy == AUTO else ""


def _fate(job: Job, known: Finished | None, orders: BatchOrders) -> tuple[str, str]:
    """Return what would become of a job, and more of why where there is more to say."""
    if isinstance(known, Done):
        return DONE, ""
    if known is not None:
        return FAILED, f"{known.error}: {known.message}"
    folder = orders.out / job.folder
    if not (folder / RESULT).is_file():
        return (REFUSED, "") if _holds_something(folder) else (ANALYSED, "")
    kept_by = answered_for(orders.out, job.folder, _digest(folder))
    if kept_by and not orders.outputs.supersede:
        return KEPT, f"{kept_by}; --supersede REASON replaces it"
    return AGAIN, ""


def _holds_something(folder: Path) -> bool:
    with suppress(NotADirectoryError):
        return folder.exists() and any(folder.iterdir())
    return True


def _digest(folder: Path) -> str:
    with suppress(OSError, ValueError):
        read = json.loads((folder / RESULT).read_bytes())
        return str(read.get("digest")) if isinstance(read, dict) else ""
    return ""
