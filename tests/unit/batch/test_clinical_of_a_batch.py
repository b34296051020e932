"""What the clinic knows reaches each sample of a batch by its patient, and the summary by its result."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.batch.plan import make_plan
from cd5flow.batch.summary_row import summary_row
from cd5flow.errors import ClinicalError
from cd5flow.pipeline import analyse_tube
from cd5flow.simulate import TubeSpec, simulate_tube, write_tube


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    spec = TubeSpec(name="one", events=6_000, seed=7)
    tube = simulate_tube(spec)
    for name in ("one", "two"):
        write_tube(tube, tmp_path / f"{name}.fcs")
    (tmp_path / "samples.csv").write_text("file,patient_id\none.fcs,P1\ntwo.fcs,P2\n")
    (tmp_path / "clinical.csv").write_text("patient_id,age_years,consent_signed\nP1,19,true\n")
    return tmp_path


def test_each_sample_gets_its_own_patients_row(folder: Path) -> None:
    plan = make_plan(folder, words={"timepoint": "relapse", "clinical": folder / "clinical.csv"})
    known = {job.sample_id: job.settings.clinical for job in plan.jobs}
    assert known["one"] is not None
    assert known["one"].age_years == 19
    assert known["two"] is None


def test_one_patients_file_must_say_whose_it_is(folder: Path) -> None:
    file = folder / "clinic.yaml"
    file.write_text("age_years: 9\n")
    with pytest.raises(ClinicalError, match="patient_id"):
        make_plan(folder, words={"clinical": file})


def test_the_summary_tells_the_criteria_that_were_judged(folder: Path) -> None:
    plan = make_plan(folder, words={"timepoint": "relapse", "clinical": folder / "clinical.csv"})
    rows = {
        job.sample_id: summary_row(analyse_tube(job.file, job.settings).result, folder="f")
        for job in plan.jobs
    }
    assert rows["one"]["criteria_overall"] == "NOT_SATISFIED"
    assert "I3" in str(rows["one"]["criteria_not_satisfied"]).split(";")
    assert rows["two"]["criteria_overall"] is None
