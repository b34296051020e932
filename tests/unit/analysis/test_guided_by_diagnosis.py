"""A diagnostic result guides the search for residual disease of the same patient."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import cd5flow
from cd5flow import simulate as sim
from cd5flow.errors import OptionError
from cd5flow.model.result import BurdenState, Result, Scope

BLASTS = sim.BlastSpec(cd56_level=3.6, cd5_carriers_percent=80.0)
AT_DIAGNOSIS = sim.TubeSpec(
    name="dx", panel=sim.MRD_10, events=15_000, blast_percent=70.0, blasts=BLASTS, seed=51
)


def written(spec: sim.TubeSpec, folder: Path) -> Path:
    path = folder / f"{spec.name}.fcs"
    sim.write_tube(sim.simulate_tube(spec), path)
    return path


@pytest.fixture(scope="module")
def diagnosis(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dx")
    tube = written(AT_DIAGNOSIS, folder)
    result = cd5flow.analyze(tube, timepoint="relapse", patient_id="A-1")
    assert result.burden.state is BurdenState.OVERT
    path = folder / "result.json"
    path.write_text(result.to_json(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def healthy(diagnosis: Path) -> Path:
    spec = dataclasses.replace(
        AT_DIAGNOSIS, name="healthy", events=280_000, blast_percent=0.0, seed=52
    )
    return written(spec, diagnosis.parent)


@pytest.fixture(scope="module")
def guided(healthy: Path, diagnosis: Path) -> Result:
    return cd5flow.analyze(healthy, timepoint="mrd", laip=diagnosis)


def test_the_window_leaves_fewer_normal_look_alikes(healthy: Path, guided: Result) -> None:
    alone = cd5flow.analyze(healthy, timepoint="mrd")
    assert alone.burden.state is BurdenState.NOT_DETECTED
    assert alone.burden.scope is Scope.CD7_POSITIVE
    assert guided.burden.state is BurdenState.NOT_DETECTED
    assert guided.burden.scope is Scope.AT_DIAGNOSIS
    assert guided.burden.look_alike_events < alone.burden.look_alike_events / 4
    assert guided.strategy.laip is not None
    assert guided.strategy.laip.sample == "dx"
    assert "as_at_diagnosis" in {row.name for row in guided.populations}


def test_what_the_diagnosis_drops_and_the_plain_search_finds_is_told(
    diagnosis: Path, tmp_path: Path
) -> None:
    """A clone of another phenotype, sCD3- as before: with less CD45, and without CD56."""
    other = sim.BlastSpec(cd45_level=2.9, cd7_level=4.3)
    spec = dataclasses.replace(
        AT_DIAGNOSIS, name="other", events=120_000, blast_percent=0.6, blasts=other, seed=53
    )
    tube = written(spec, tmp_path)
    plain = cd5flow.analyze(tube, timepoint="mrd")
    guided = cd5flow.analyze(tube, timepoint="mrd", laip=diagnosis)

    assert plain.burden.state is BurdenState.MRD_POSITIVE
    assert guided.burden.state is BurdenState.INCONCLUSIVE
    assert guided.burden.percent is None
    assert "LAIP_DROPS" in {reason.code for reason in guided.burden.reasons}


def test_cd5_has_no_part_in_the_phenotype(guided: Result) -> None:
    assert guided.strategy.laip is not None
    assert "CD5" not in guided.strategy.laip.markers


def test_another_patients_diagnosis_is_refused(healthy: Path, diagnosis: Path) -> None:
    with pytest.raises(OptionError, match=r"'A-1'.*'B-2'"):
        cd5flow.analyze(healthy, timepoint="mrd", patient_id="B-2", laip=diagnosis)


def test_a_strategy_that_does_not_use_it_says_so(diagnosis: Path) -> None:
    tube = diagnosis.parent / "dx.fcs"
    result = cd5flow.analyze(tube, timepoint="relapse", laip=diagnosis)
    assert any(finding.code == "LAIP_UNUSED" for finding in result.findings)
