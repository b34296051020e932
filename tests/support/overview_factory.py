"""Results folders for the tests of the overview: written as a batch leaves them, without a tube."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cd5flow.model.names import folder_name
from cd5flow.model.result import (
    BurdenState,
    GateSection,
    MedianSection,
    QualitySection,
    QualityState,
    Result,
)
from support.report_factory import (
    make_burden,
    make_cd5,
    make_check,
    make_population,
    make_result,
    make_sample,
    png,
)


def place(out: Path, result: Result, *, files: tuple[str, ...] = (), folder: str = "") -> Path:
    """Write a result into its folder, with empty reports and small pictures beside it."""
    there = out / (folder or folder_name(result.sample.id))
    for name in files:
        path = there / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(40, 30) if name.endswith(".png") else b"report")
    there.mkdir(parents=True, exist_ok=True)
    (there / "result.json").write_text(result.to_json(), encoding="utf-8")
    return there


def sample(name: str, **changes: Any) -> Result:
    """Return a result of a sample; `changes` are of its sample section."""
    return make_result(sample=make_sample(id=name, file=f"{name}.fcs", **changes))


def measured_result(name: str, *, peak: float = 0.6, t_cells: float = 9000.0, **of: Any) -> Result:
    """Return a result whose T-cell landmark, debris and T cells' CD5 are given."""
    gate = GateSection(
        method="density_cluster",
        region={},
        events_seen=100,
        evidence={"CD3 peak": peak, "hills": 3.0},
        note="",
        why="",
        expected_percent=None,
    )
    check = make_check(code="DEBRIS", value=of.pop("debris", 10.0))
    return make_result(
        sample=make_sample(id=name, file=f"{name}.fcs", cytometer=of.pop("cytometer", "C1")),
        populations=(make_population("t_landmark", 100, gate=gate),),
        quality=QualitySection(state=QualityState.PASS, checks=(check,)),
        cd5=make_cd5(median=MedianSection(blasts=1.0, negative_reference=2.0, t_cells=t_cells)),
        **of,
    )


def visit(name: str, day: str, *, patient: str = "P1", **changes: Any) -> Result:
    """Return a result of a patient on a day; `changes` replace whole sections."""
    return make_result(
        sample=make_sample(id=name, file=f"{name}.fcs", patient_id=patient, collected_at=day),
        **changes,
    )


NOT_DETECTED = make_burden(
    state=BurdenState.NOT_DETECTED,
    reasons=("NO_CLUSTER_SEEN: no cluster of 10 blasts",),
    percent=0.0,
    blast_events=0,
    denominator_events=250_000,
    ci95_percent=(0.0, 0.0015),
    upper95_percent=0.0012,
    lod_percent=0.008,
    lloq_percent=0.02,
    level=None,
)

UNKNOWN_BURDEN = make_burden(
    state=BurdenState.INCONCLUSIVE,
    reasons=("BLASTS_NOT_DISTINGUISHABLE: this tube does not tell them",),
    percent=None,
    blast_events=0,
    ci95_percent=None,
    upper95_percent=None,
    level=None,
)
