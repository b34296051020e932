"""From a sheet to a record: every tube through the ordinary analysis, kept as a batch keeps it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cd5flow._version import __version__
from cd5flow.analysis import provenance
from cd5flow.batch.engine import Engine
from cd5flow.batch.plan import BatchPlan, Job, make_plan
from cd5flow.batch.run import BatchOrders, Done, Finished, run_batch, tidy
from cd5flow.config.yaml_file import Loaded
from cd5flow.pipeline import RuleFiles, load_rule_files
from cd5flow.report.folder import WantedOutputs
from cd5flow.validation.own.findings import findings
from cd5flow.validation.own.record import FailedTube, OwnProvenance, OwnValidation, UsedFile
from cd5flow.validation.own.rules import OwnRules
from cd5flow.validation.own.sheet import OWN_COLUMNS, facts_of
from cd5flow.validation.own.tubes import OwnTube, tube_of
from cd5flow.validation.own.writing import tubes_csv

RESULTS: Final = "results"
"""Folder below the validation's in which each tube's result lies."""


@dataclass(frozen=True, slots=True)
class OwnCourse:
    """A validation before its tubes are analysed.

    Attributes:
        plan: the tubes, with what the sheet says of each.
        orders: how they are analysed.
        rules: how many tubes each question needs, and the goals.
    """

    plan: BatchPlan
    orders: BatchOrders
    rules: Loaded[OwnRules]


def make_own_course(
    sheet: Path,
    *,
    words: Mapping[str, Any],
    rules: Loaded[OwnRules],
    out: Path,
    timeout: float,
    origins: Mapping[str, str] | None = None,
) -> OwnCourse:
    """Read the sheet.

    Args:
        sheet: of the laboratory's tubes.
        words: options of all tubes; a row goes before.
        rules: how many tubes each question needs.
        out: folder of the validation; results go below it.
        timeout: seconds that a tube may take; 0 is no limit.
        origins: option to where it came from, for the record.

    Raises:
        SheetError: everything that is wrong with the sheet, one line a fault.
        UsageError: the words are wrong.
    """
    results = out / RESULTS
    plan = make_plan(sheet, words=words, out=results, origins=origins, further=OWN_COLUMNS)
    orders = BatchOrders(
        out=results, outputs=WantedOutputs(report=False), timeout=timeout or None, retry_failed=True
    )
    return OwnCourse(plan, orders, rules)


def analyse_all(
    course: OwnCourse, engine: Engine, *, tell: Callable[[Finished], None]
) -> dict[str, Finished]:
    """Analyse every tube, and return what became of each by its sample id."""
    ended: dict[str, Finished] = {}
    try:
        with closing(run_batch(course.plan, course.orders, engine)) as tubes:
            for one in tubes:
                ended[one.job.sample_id] = one
                tell(one)
    finally:
        tidy(course.orders)
    return ended


def own_validation(
    course: OwnCourse, ended: Mapping[str, Finished]
) -> tuple[OwnValidation, tuple[OwnTube, ...]]:
    """Return the record and the rows of its tubes, in the order of the sheet."""
    tubes: list[OwnTube] = []
    failures = [
        FailedTube(sample="", file=one.place, error="NotTaken", message=one.reason)
        for one in course.plan.not_taken
    ]
    decided: dict[str, RuleFiles] = {}
    for job in course.plan.jobs:
        rules = load_rule_files(job.settings)
        one = ended.get(job.sample_id)
        if isinstance(one, Done):
            decided[f"{rules.strategy.sha256} {rules.protocol.sha256}"] = rules
            overt = rules.protocol.value.burden.overt_percent
            tubes.append(tube_of(one.result, facts_of(job.further), overt_percent=overt))
        else:
            failures.append(_failed(job, one))
    files = list(decided.values())
    return (
        findings(
            tubes,
            course.rules.value,
            failures=failures,
            claimed={one.strategy.sha256: one.strategy.value.burden for one in files},
            overt_percent=_overt(files),
            tubes_sha256=hashlib.sha256(tubes_csv(tubes).encode()).hexdigest(),
            provenance=_provenance(course, files),
        ),
        tuple(tubes),
    )


def _failed(job: Job, one: Finished | None) -> FailedTube:
    error, message = ("Unfinished", "it was not analysed")
    if one is not None and not isinstance(one, Done):
        error, message = one.error, one.message
    return FailedTube(sample=job.sample_id, file=job.file.name, error=error, message=message)


def _overt(files: list[RuleFiles]) -> float:
    """Return the protocol's burden limit, the lowest where there are several."""
    return min((one.protocol.value.burden.overt_percent for one in files), default=5.0)


def _provenance(course: OwnCourse, files: list[RuleFiles]) -> OwnProvenance:
    used = [
        UsedFile(what=what, name=one.value.name, version=one.value.version, sha256=one.sha256)
        for rules in files
        for what, one in (("Strategy", rules.strategy), ("Protocol", rules.protocol))
    ]
    rules = course.rules
    used.append(
        UsedFile(
            what="Rules",
            name=rules.value.name,
            version=rules.value.version,
            sha256=rules.sha256,
        )
    )
    source = course.plan.source
    return OwnProvenance(
        cd5flow=__version__,
        python=provenance.python(),
        packages=dict(provenance.versions()),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sheet=source.name,
        sheet_sha256=hashlib.sha256(source.read_bytes()).hexdigest() if source.is_file() else "",
        files=tuple({(one.what, one.sha256): one for one in used}.values()),
    )
