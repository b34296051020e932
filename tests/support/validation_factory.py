"""Rows, courses and an engine in this process for the tests of a validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cd5flow.batch.child import answer
from cd5flow.batch.engine import Outcome, Outcomes, Reply, Task
from cd5flow.validation.synthetic.carry import Course, Request, make_course
from cd5flow.validation.synthetic.rows import TubeRow
from support.paths import ROOT

SHIPPED = ROOT / "gating" / "validation.yaml"

_ROW: dict[str, Any] = {
    "kind": "accuracy",
    "tube": "tube-1",
    "group": "partial",
    "arm": "fmo",
    "level": None,
    "draw": None,
    "panel": "panel",
    "instrument": "instrument",
    "specimen": "bone_marrow",
    "events": 10_000,
    "seed": 1,
    "true_cd5_percent": 80.0,
    "label_cd5_percent": 80.0,
    "true_blast_percent": 50.0,
    "true_blast_events": 4_000,
    "true_nucleated_events": 8_000,
    "cd5_state": "MEETS",
    "cd5_percent": 80.0,
    "cd5_low_percent": 78.0,
    "cd5_high_percent": 82.0,
    "cd5_cut": "fmo",
    "cd5_reasons": "",
    "burden_state": "OVERT",
    "burden_percent": 50.0,
    "blast_events": 4_000,
    "denominator_events": 8_000,
    "lod_percent": 0.25,
    "lloq_percent": 0.625,
    "found_of_blasts_percent": 99.0,
    "true_of_found_percent": 98.0,
    "lineage": "cyCD3+ sCD3-",
    "criterion": "MET",
    "quality": "PASS",
}


def row(**changes: object) -> TubeRow:
    """Return a row of a tube that was measured without a fault, but for what is named."""
    return TubeRow.model_validate({**_ROW, **changes})


def accuracy_row(true: float | None, found: float | None, state: str, **changes: object) -> TubeRow:
    """Return a relapse tube by its true and found % CD5."""
    low = None if found is None else max(found - 2, 0)
    high = None if found is None else min(found + 2, 100)
    said = {"true_cd5_percent": true, "label_cd5_percent": true, "cd5_percent": found}
    band = {"cd5_low_percent": low, "cd5_high_percent": high, "cd5_state": state}
    return row(**{**said, **band, **changes})


def diluted_row(level: float, found: float | None, **changes: object) -> TubeRow:
    """Return a tube of a dilution that holds exactly its level."""
    return row(
        **{
            "kind": "dilution",
            "group": "surface",
            "arm": "none",
            "level": level,
            "true_blast_percent": level,
            "true_blast_events": round(level * 1_000),
            "burden_percent": found,
            "burden_state": "MRD_POSITIVE",
            **changes,
        }
    )


def blank_row(found: float | None, *, state: str = "NOT_DETECTED", **changes: object) -> TubeRow:
    """Return a tube without disease."""
    return row(
        **{
            "kind": "blank",
            "group": "marrow: usual",
            "arm": "none",
            "true_blast_percent": 0.0,
            "true_blast_events": 0,
            "true_cd5_percent": None,
            "label_cd5_percent": None,
            "burden_percent": found,
            "burden_state": state,
            **changes,
        }
    )


def small_series(folder: Path, *, overt: int = 4_000, burden: int = 4_000) -> Path:
    """Write the shipped series with small tubes and few levels."""
    text = SHIPPED.read_text(encoding="utf-8")
    text = text.replace("overt_events: 12000", f"overt_events: {overt}")
    text = text.replace("burden_events: 300000", f"burden_events: {burden}")
    text = text.replace("[10, 3, 1, 0.3, 0.1, 0.03, 0.01]", "[10, 2]")
    text = text.replace("cd5_percent: [40, 70, 90]", "cd5_percent: [70]")
    text = text.replace("burden_percent: [10, 1, 0.1]", "burden_percent: [10]")
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def small_course(folder: Path, tubes: str, *, seed: int = 3) -> Course:
    """Lay out a few small tubes."""
    return make_course(Request(series=small_series(folder), tubes=tubes, seed=seed))


@dataclass
class HereEngine:
    """Carries out jobs in this process, one after the other, up to a number of them."""

    task: Task
    most: int | None = None
    done: list[Any] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What it is."""
        return "this process"

    def run(self, jobs: Sequence[Any], timeout: float | None) -> Outcomes:
        """Carry out the jobs; after `most` of them Ctrl-C is pressed."""
        assert timeout is None
        for number, job in enumerate(jobs):
            if self.most is not None and len(self.done) >= self.most:
                raise KeyboardInterrupt
            self.done.append(job)
            yield Outcome(number, answer(self.task.work, job))


def fails(_job: Any) -> Reply:
    """Fail with a bug."""
    raise ZeroDivisionError("division by zero")
