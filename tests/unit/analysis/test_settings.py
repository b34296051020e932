from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from cd5flow.analysis.options import OPTIONS
from cd5flow.analysis.settings import Settings, make_settings, redo_command
from cd5flow.criteria.clinical import Clinical
from cd5flow.errors import ClinicalError, OptionError
from cd5flow.model.result import PriorTherapy, Specimen, Timepoint


def test_what_is_not_said_is_unknown() -> None:
    assert make_settings() == Settings()
    assert make_settings().timepoint is Timepoint.UNSTATED
    assert make_settings().specimen is Specimen.UNKNOWN


def test_words_become_states() -> None:
    said = make_settings(
        timepoint="mrd", specimen="csf", prior_therapy=["cd7_car", "allo_hsct", "cd7_car"]
    )
    assert (said.timepoint, said.specimen) == (Timepoint.MRD, Specimen.CSF)
    assert said.prior_therapy == (PriorTherapy.CD7_CAR, PriorTherapy.ALLO_HSCT)


def test_one_therapy_may_be_given_as_text() -> None:
    assert make_settings(prior_therapy="cd5_car").prior_therapy == (PriorTherapy.CD5_CAR,)


def test_files_become_paths_and_hardware_stays_a_word() -> None:
    said = make_settings(controls={"fmo": "f.fcs"}, spillover="comp.csv", strategy=Path("a.yaml"))
    assert said.controls == {"fmo": Path("f.fcs")}
    assert said.spillover == Path("comp.csv")
    assert said.strategy == "a.yaml"
    assert make_settings(spillover="hardware").spillover == "hardware"


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
        ({"sample_id": "a\nb"}, "control characters"),
        ({"collected_at": "yesterday"}, "2026-01-31"),
        ({"dataset": 0}, "1 or more"),
        ({"seed": -1}, "0 or more"),
    ],
)
def test_an_impossible_word_is_refused_with_what_was_expected(
    words: dict[str, Any], expected: str
) -> None:
    with pytest.raises(OptionError, match=expected) as refused:
        make_settings(**words)
    assert "found" in refused.value.message


def test_a_clinical_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "clinical.yaml"
    file.write_text("patient_id: P1\ndiagnosis: T-ALL\n", "utf-8")
    known = make_settings(clinical=file, patient_id="P1").clinical
    assert known == Clinical(patient_id="P1", diagnosis="T-ALL")
    assert make_settings(clinical=known).clinical is known


def test_a_clinical_file_of_another_patient_is_refused() -> None:
    with pytest.raises(OptionError, match="of patient 'P2', the tube of patient 'P1'"):
        make_settings(clinical=Clinical(patient_id="P2"), patient_id="P1")
    assert make_settings(clinical=Clinical(patient_id="P2")).patient_id is None
    assert make_settings(clinical=Clinical(), patient_id="P1").patient_id == "P1"


def test_a_faulty_clinical_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "clinical.yaml"
    file.write_text("ecog: 7\n", "utf-8")
    with pytest.raises(ClinicalError, match="ecog"):
        make_settings(clinical=file)


def test_every_option_is_a_setting() -> None:
    # `map` says which of the `gates` is which; what is said of controls comes from a sheet alone.
    read = {field.name for field in fields(Settings) if field.metadata}
    assert read | {"map"} == set(OPTIONS)
    assert {field.name for field in fields(Settings)} - read == {
        "control_identifiers",
        "control_datasets",
        "origins",
    }


def test_a_setting_that_is_said_is_told_from_a_default() -> None:
    made = make_settings(specimen="csf", strategy=None)
    assert made.origins == {"specimen": "argument", "strategy": "default", "protocol": "default"}


def test_the_defaults_of_options_are_those_of_the_settings() -> None:
    for name, option in OPTIONS.items():
        if option.default is not None:
            assert getattr(Settings(), name) == option.default


def test_none_is_not_said() -> None:
    nothing: dict[str, Any] = dict.fromkeys(OPTIONS)
    assert make_settings(**nothing) == Settings()


def test_what_is_no_option_is_refused() -> None:
    with pytest.raises(TypeError, match="found colour, which are no options"):
        make_settings(colour="blue")  # type: ignore[call-arg] # is refused


def test_the_command_that_redoes_an_analysis_says_what_was_said() -> None:
    said = make_settings(
        strategy="own/my panel.yaml",
        timepoint="mrd",
        prior_therapy=("cd5_car", "allo_hsct"),
        controls={"fmo": "there/f.fcs"},
        spillover="there/m.csv",
        dataset=2,
        seed=7,
        clinical=Clinical(),
    )
    assert redo_command(Path("folder/t.fcs"), said) == (
        "cd5flow analyze t.fcs --strategy 'my panel.yaml' --protocol cd5-cart-70 --timepoint mrd "
        "--prior-therapy cd5_car --prior-therapy allo_hsct --control fmo=f.fcs --spillover m.csv "
        "--dataset 2 --clinical CLINICAL.yaml --seed 7 --override override.yaml"
    )


def test_markers_set_by_hand_are_set_again() -> None:
    told = redo_command(Path("t.fcs"), make_settings(markers={"CD5": "FL1/2 A"}))
    assert told.endswith("--marker 'CD5=FL1/2 A'")
