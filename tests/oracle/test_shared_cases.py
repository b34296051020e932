"""Tubes of another simulator, blasts spiked into a real marrow, and real tubes; gates by FlowKit.

The files lie beside the project, in ``../shared`` or where ``CD5FLOW_SHARED`` says; without them
only the project's own sample tubes are read by FlowKit.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow.analysis.option_words import Role
from cd5flow.model.events import Mask
from cd5flow.model.names import ALL
from cd5flow.model.reasons import codes
from cd5flow.model.result import BurdenState, Cd5State, CriterionState, QualityState, Timepoint
from cd5flow.pipeline import Analysis, Settings, analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from support.paths import ROOT, SHARED

CASES, REAL, SAMPLES = SHARED / "cases", SHARED / "fcs" / "real", ROOT / "sample_fcs"

DISEASE = (
    "a1-relapse-81",
    "a2-border-69",
    "a3-dim-cd5",
    "a4-cd7-negative",
    "a5-blood-12pct-clog",
    "a7-cd5-negative",
    "r1-spike-78",
    "r2-spike-30",
    "r3-spike-12pct",
)
WITH_FMO = DISEASE[:5]
THRESHOLD = 70.0
MOST_APART = 2e-4
"""Of all events, between our count of a population and FlowKit's."""
DEFINITE = {Cd5State.MEETS, Cd5State.DOES_NOT_MEET}

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is absent")
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is absent")


@cache
def truth() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((CASES / "truth.json").read_text("utf-8"))
    return found


@cache
def analysis(name: str, *, with_fmo: bool = False) -> Analysis:
    fmo = CASES / f"{name}_FMO-CD5.fcs"
    controls: dict[Role, Path] = {"fmo": fmo} if with_fmo else {}
    settings = Settings(timepoint=Timepoint.RELAPSE, controls=controls)
    return analyse_tube(CASES / f"{name}.fcs", settings)


@cache
def real(name: str) -> Analysis:
    return analyse_tube(REAL / name, Settings(timepoint=Timepoint.RELAPSE))


def true_state(percent: float) -> Cd5State:
    return Cd5State.MEETS if percent >= THRESHOLD else Cd5State.DOES_NOT_MEET


def f1(found: Mask, true: Mask) -> float:
    both = int(np.count_nonzero(found & true))
    return 2 * both / (int(found.sum()) + int(true.sum()))


# Cases with known truth


@needs_cases
@pytest.mark.parametrize("name", WITH_FMO)
def test_cd5_with_its_fmo(name: str) -> None:
    result, percent = analysis(name, with_fmo=True).result, truth()[name]["cd5_percent"]

    assert result.controls[0].accepted, result.controls[0].reasons
    assert result.cd5.percent == pytest.approx(percent, abs=1.5)
    if abs(percent - THRESHOLD) >= 10:
        assert result.cd5.state is true_state(percent), result.cd5.reasons
    elif result.cd5.state in DEFINITE:
        assert result.cd5.state is true_state(percent)


@needs_cases
@pytest.mark.parametrize("name", DISEASE)
def test_cd5_without_an_fmo(name: str) -> None:
    cd5, percent = analysis(name).result.cd5, truth()[name]["cd5_percent"]

    assert cd5.percent is not None
    assert cd5.band_percent is not None
    in_band = cd5.band_percent[0] <= percent <= cd5.band_percent[1]
    assert abs(cd5.percent - percent) <= 5 or in_band
    if cd5.state in DEFINITE:
        assert cd5.state is true_state(percent)


@needs_cases
@pytest.mark.parametrize("with_fmo", [False, True])
def test_dim_cd5_near_the_threshold_is_not_definite(*, with_fmo: bool) -> None:
    cd5 = analysis("a3-dim-cd5", with_fmo=with_fmo).result.cd5

    assert cd5.pattern == "dim"
    assert cd5.state is Cd5State.BORDERLINE


@needs_cases
@pytest.mark.parametrize("name", DISEASE)
def test_burden(name: str) -> None:
    burden, case = analysis(name).result.burden, truth()[name]

    part = 0.2 if "spike" in name else 0.08
    assert burden.percent == pytest.approx(case["blast_percent"], rel=part)
    assert burden.state is BurdenState.OVERT


@needs_cases
@pytest.mark.parametrize("name", DISEASE)
def test_blasts_event_by_event(name: str) -> None:
    with np.load(CASES / f"{name}.truth.npz") as file:
        true = file["blasts"].astype(np.bool_)

    found = analysis(name).gating.members["blasts"]

    assert f1(found, true) >= (0.90 if "spike" in name else 0.93)


@needs_cases
@pytest.mark.parametrize("with_fmo", [False, True])
def test_a_tube_without_blasts(*, with_fmo: bool) -> None:
    result = analysis("a6-no-blasts", with_fmo=with_fmo).result

    assert result.burden.state is BurdenState.INCONCLUSIVE
    assert result.cd5.state is Cd5State.NOT_EVALUABLE
    assert result.cd5.percent is None
    assert result.criterion.state is not CriterionState.MET


@needs_cases
def test_the_clog_of_a_run_is_seen() -> None:
    checks = {c.code: c for c in analysis("a5-blood-12pct-clog").result.quality.checks}

    assert checks["UNSTABLE_TIME"].state is QualityState.WARN


# Real tubes


@needs_real
def test_a_real_marrow_with_a_myeloid_leukaemia() -> None:
    found = real("clearllab10c_t_tube.fcs")
    result = found.result
    rows = {row.name: row for row in result.populations}

    assert rows["t_cells"].events > 500
    assert result.cd5.median.t_cells is not None
    assert result.cd5.median.negative_reference is not None
    assert result.cd5.median.t_cells > 20 * result.cd5.median.negative_reference  # CD3+ CD5+
    assert result.cd5.state is Cd5State.NOT_EVALUABLE
    assert result.cd5.percent is None
    assert "LINEAGE_UNPROVEN" in codes(result.cd5.reasons)
    assert "LINEAGE_UNPROVEN" in codes(result.burden.reasons)
    assert result.burden.state not in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}


@needs_real
def test_the_clog_in_the_last_quarter_of_a_real_run_is_reported() -> None:
    found = real("clearllab10c_t_tube.fcs")
    check = next(c for c in found.result.quality.checks if c.code == "UNSTABLE_TIME")
    (time,) = (c for c in found.tube.fcs.channels if c.is_time)
    ticks = found.tube.fcs.events[:, time.index]
    late = ticks > np.float32(0.75) * ticks.max() + np.float32(0.25) * ticks.min()
    stable = found.gating.members["stable"]

    assert check.state is QualityState.WARN
    assert check.value is not None
    assert check.value > 15
    assert np.mean(stable[late]) < 0.5
    assert np.mean(stable[~late]) > 0.9


@needs_real
def test_a_real_tube_without_cd5() -> None:
    result = real("diva_b_all_tube.fcs").result

    assert result.cd5.state is Cd5State.NOT_EVALUABLE
    assert result.cd5.reasons[0].code == "NO_CD5"
    assert result.cd5.percent is None
    assert result.criterion.state is CriterionState.NOT_EVALUABLE
    assert result.burden.state not in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}


# The gates as FlowKit reads them


def assert_flowkit_agrees(found: Analysis, fcs: Path, folder: Path) -> None:
    """Write gates.xml as `analyze` does and have FlowKit say who is in each population."""
    flowkit = pytest.importorskip("flowkit")
    written = write_sample(found, folder, outputs=WantedOutputs(report=False))
    gates = flowkit.parse_gating_xml(str(written.folder / "gates.xml"))
    theirs = gates.gate_sample(flowkit.Sample(fcs))
    events = len(found.tube.fcs.raw)
    ours = {name: mask for name, mask in found.gating.members.items() if name != ALL}
    assert len(ours) > 5
    written_gates = {gate for gate, _ in gates.get_gate_ids()}
    idle = {name for name in ours if name not in written_gates}
    parents = {gate.name: gate.parent for gate in found.gating.tree.gates}
    assert all(found.gating.count(name) == found.gating.count(parents[name]) for name in idle)
    apart = {
        name: int(np.count_nonzero(mask != theirs.get_gate_membership(name)))
        for name, mask in ours.items()
        if name not in idle
    }
    assert {name: n for name, n in apart.items() if n > MOST_APART * events} == {}


@needs_cases
@pytest.mark.parametrize(("name", "with_fmo"), [("a1-relapse-81", True), ("r1-spike-78", False)])
def test_gates_of_a_case(name: str, tmp_path: Path, *, with_fmo: bool) -> None:
    found = analysis(name, with_fmo=with_fmo)

    assert_flowkit_agrees(found, CASES / f"{name}.fcs", tmp_path)


@needs_real
def test_gates_of_a_real_tube(tmp_path: Path) -> None:
    name = "clearllab10c_t_tube.fcs"

    assert_flowkit_agrees(real(name), REAL / name, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "p01-clear-positive",
        "p05-cd5-negative-four-colour",  # FCS 2.0, integer, logarithms
        "p07-cd56-positive",  # 16,777,215 steps
        "p09-blood-clogged",  # several spans of time
    ],
)
def test_gates_of_a_sample(name: str, tmp_path: Path) -> None:
    fcs = SAMPLES / f"{name}.fcs"
    settings = Settings(
        timepoint=Timepoint.RELAPSE, spillover="hardware" if "four-colour" in name else None
    )

    assert_flowkit_agrees(analyse_tube(fcs, settings), fcs, tmp_path)
