"""Tables over a batch: one row a sample, one row a failure, and the record of the run."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cd5flow import __version__
from cd5flow.batch.plan import Plan
from cd5flow.batch.run import Done, Failed, Outcome
from cd5flow.batch.sheet import IDENTIFIERS
from cd5flow.errors import OutputError
from cd5flow.model.result import QualityState, Result
from cd5flow.report.tables import Cell, csv_text

SUMMARY: Final = "summary.csv"
FAILURES: Final = "failures.csv"
RUN: Final = "run.json"

FAILURE_COLUMNS: Final = ("sample", "file", "error", "message")


def write_tables(
    outcomes: Sequence[Outcome], plan: Plan, out: Path, *, words: Mapping[str, Any]
) -> tuple[Path, ...]:
    """Write ``summary.csv``, ``failures.csv`` and ``run.json``; each is replaced as a whole.

    Args:
        outcomes: what became of each sample.
        plan: what was asked.
        out: the results folder.
        words: what was said for all samples.

    Raises:
        OutputError: one cannot be written.
    """
    done = [one for one in outcomes if isinstance(one, Done)]
    failed = [one for one in outcomes if isinstance(one, Failed)]
    rows = [summary_row(one) for one in done]
    failures = [
        {"sample": f.sample, "file": f.file, "error": f.error, "message": f.message} for f in failed
    ]
    return (
        _replace(out / SUMMARY, csv_text(SUMMARY_COLUMNS, rows)),
        _replace(out / FAILURES, csv_text(FAILURE_COLUMNS, failures)),
        _replace(out / RUN, _record(done, failed, plan, words)),
    )


def summary_row(one: Done) -> dict[str, Cell]:
    """Return a sample's row of ``summary.csv``; unknown is an empty cell."""
    result = one.result
    row: dict[str, Cell] = {
        "sample": result.sample.id,
        "patient_id": result.sample.patient_id,
        **{name: one.job.identifiers.get(name) for name in IDENTIFIERS},
        "file": result.sample.file,
        "events": result.sample.events,
        "acquired": result.sample.acquired,
        "collected_at": result.sample.collected_at,
        "timepoint": result.sample.timepoint.value,
        "specimen": result.sample.specimen.value,
        "prior_therapy": ";".join(result.sample.prior_therapy),
    }
    row |= _verdicts(result) | _cd5(result) | _burden(result) | _rest(result)
    return row | {"folder": one.folder.name}


def _verdicts(result: Result) -> dict[str, Cell]:
    return {
        "cd5_state": result.cd5.state.value,
        "burden_state": result.burden.state.value,
        "criterion_state": result.criterion.state.value,
        "quality_state": result.quality.state.value,
        "review_state": result.review.state,
    }


def _cd5(result: Result) -> dict[str, Cell]:
    cd5 = result.cd5
    return {
        "cd5_percent": cd5.percent,
        **_ends("cd5_ci95", cd5.ci95_percent),
        **_ends("cd5_band", cd5.band_percent),
        "cd5_positive_events": cd5.positive_events,
        "blast_events": cd5.blast_events,
        "cd5_threshold_percent": cd5.threshold_percent,
        "cd5_cut_method": None if cd5.cut is None else cd5.cut.method.value,
        "cd5_cut_linear": None if cd5.cut is None else cd5.cut.linear,
        "cd5_pattern": None if cd5.pattern is None else cd5.pattern.value,
        "cd5_reason": _first(cd5.reasons),
    }


def _burden(result: Result) -> dict[str, Cell]:
    burden = result.burden
    return {
        "burden_percent": burden.percent,
        **_ends("burden_ci95", burden.ci95_percent),
        "burden_upper95_percent": burden.upper95_percent,
        "denominator_events": burden.denominator_events,
        "lod_percent": burden.lod_percent,
        "lloq_percent": burden.lloq_percent,
        "level": burden.level,
        "burden_reason": _first(burden.reasons),
    }


def _rest(result: Result) -> dict[str, Cell]:
    noticed = {QualityState.WARN, QualityState.FAIL}
    return {
        "criterion_reason": _first(result.criterion.reasons),
        "quality_codes": ";".join(c.code for c in result.quality.checks if c.state in noticed),
        "controls": ";".join(
            f"{c.role} {'accepted' if c.accepted else 'refused'}" for c in result.controls
        ),
        "strategy": f"{result.strategy.name} {result.strategy.version}",
        "lineage": result.strategy.lineage,
        "protocol": f"{result.protocol.name} {result.protocol.version}",
    }


def _ends(name: str, ends: tuple[float, float] | None) -> dict[str, Cell]:
    low, high = (None, None) if ends is None else ends
    return {f"{name}_low_percent": low, f"{name}_high_percent": high}


def _first(reasons: tuple[str, ...]) -> str:
    return reasons[0] if reasons else ""


SUMMARY_COLUMNS: Final = (
    "sample",
    "patient_id",
    *IDENTIFIERS,
    "file",
    "events",
    "acquired",
    "collected_at",
    "timepoint",
    "specimen",
    "prior_therapy",
    "cd5_state",
    "cd5_percent",
    "cd5_ci95_low_percent",
    "cd5_ci95_high_percent",
    "cd5_band_low_percent",
    "cd5_band_high_percent",
    "cd5_positive_events",
    "blast_events",
    "cd5_threshold_percent",
    "cd5_cut_method",
    "cd5_cut_linear",
    "cd5_pattern",
    "cd5_reason",
    "burden_state",
    "burden_percent",
    "burden_ci95_low_percent",
    "burden_ci95_high_percent",
    "burden_upper95_percent",
    "denominator_events",
    "lod_percent",
    "lloq_percent",
    "level",
    "burden_reason",
    "criterion_state",
    "criterion_reason",
    "quality_state",
    "quality_codes",
    "controls",
    "strategy",
    "lineage",
    "protocol",
    "review_state",
    "folder",
)
"""Columns of ``summary.csv`` in order."""


def _record(
    done: Sequence[Done], failed: Sequence[Failed], plan: Plan, words: Mapping[str, Any]
) -> str:
    """Return ``run.json``: with what, when and how many; no folders, which may name people."""
    states = {
        name: dict(sorted(Counter(str(_verdicts(one.result)[name]) for one in done).items()))
        for name in ("cd5_state", "burden_state", "criterion_state", "quality_state")
    }
    record = {
        "schema": "cd5flow.run/1",
        "cd5flow": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": plan.source.name,
        "settings": {name: _plain(value) for name, value in words.items()},
        "counts": {
            "samples": len(done) + len(failed),
            "done": len(done),
            "failed": len(failed),
        },
        "states": states,
        "failed": [f.sample for f in failed],
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name
    return list(value) if isinstance(value, tuple) else value


def _replace(path: Path, text: str) -> Path:
    """Write a file beside its place, then put it there."""
    spare = path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with spare.open("xb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        spare.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        with contextlib.suppress(OSError):
            spare.unlink()
    return path
