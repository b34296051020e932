from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cd5flow.analysis.options import control_files, settings
from cd5flow.criteria.clinical import Clinical
from cd5flow.errors import ClinicalError, OptionError
from cd5flow.model.result import PriorTherapy, Specimen, Timepoint
from cd5flow.pipeline import Settings


def test_what_is_not_said_is_unknown() -> None:
    assert settings() == Settings()
    assert settings().timepoint is Timepoint.UNSTATED
    assert settings().specimen is Specimen.UNKNOWN


def test_words_become_states() -> None:
    said = settings(
        timepoint="mrd", specimen="csf", prior_therapy=["cd7_car", "allo_hsct", "cd7_car"]
    )
    assert (said.timepoint, said.specimen) == (Timepoint.MRD, Specimen.CSF)
    assert said.prior_therapy == (PriorTherapy.CD7_CAR, PriorTherapy.ALLO_HSCT)


def test_one_therapy_may_be_given_as_text() -> None:
    assert settings(prior_therapy="cd5_car").prior_therapy == (PriorTherapy.CD5_CAR,)


def test_files_become_paths_and_hardware_stays_a_word() -> None:
    said = settings(controls={"fmo": "f.fcs"}, spillover="comp.csv", strategy=Path("a.yaml"))
    assert said.controls == {"fmo": Path("f.fcs")}
    assert said.spillover == Path("comp.csv")
    assert said.strategy == "a.yaml"
    assert settings(spillover="hardware").spillover == "hardware"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"timepoint": "Relapse"}, "diagnosis, relapse, mrd, unstated"),
        ({"specimen": "marrow"}, "bone_marrow"),
        ({"prior_therapy": ["chemo"]}, "cd5_car"),
        ({"controls": {"FMO": "f.fcs"}}, "fmo, isotype, positive"),
        ({"sample_id": "a/b"}, "without / and"),
        ({"sample_id": "a\\b"}, "without / and"),
        ({"sample_id": " "}, "a name"),
        ({"sample_id": "a\nb"}, "printable"),
        ({"collected_at": "yesterday"}, "2026-01-31"),
        ({"dataset": 0}, "1 or more"),
        ({"seed": -1}, "0 or more"),
    ],
)
def test_an_impossible_word_is_refused_with_what_was_expected(
    words: dict[str, Any], expected: str
) -> None:
    with pytest.raises(OptionError, match=expected) as refused:
        settings(**words)
    assert "found" in refused.value.message


def test_a_clinical_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "clinical.yaml"
    file.write_text("patient_id: P1\ndiagnosis: T-ALL\n", "utf-8")
    known = settings(clinical=file, patient_id="P1").clinical
    assert known == Clinical(patient_id="P1", diagnosis="T-ALL")
    assert settings(clinical=known).clinical is known


def test_a_clinical_file_of_another_patient_is_refused() -> None:
    with pytest.raises(OptionError, match="of patient 'P2', the tube of patient 'P1'"):
        settings(clinical=Clinical(patient_id="P2"), patient_id="P1")
    assert settings(clinical=Clinical(patient_id="P2")).patient_id is None
    assert settings(clinical=Clinical(), patient_id="P1").patient_id == "P1"


def test_a_faulty_clinical_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "clinical.yaml"
    file.write_text("ecog: 7\n", "utf-8")
    with pytest.raises(ClinicalError, match="ecog"):
        settings(clinical=file)


def test_controls_are_written_role_equals_file() -> None:
    assert control_files(["fmo=a=b.fcs", "isotype=c.fcs"]) == {
        "fmo": "a=b.fcs",
        "isotype": "c.fcs",
    }


@pytest.mark.parametrize(
    "given", [["fmo"], ["fmo="], ["a.fcs"], ["=a.fcs"], ["fmo=a", "fmo=b"], ["sample=a"]]
)
def test_controls_written_otherwise_are_refused(given: list[str]) -> None:
    with pytest.raises(OptionError, match="control"):
        control_files(given)
