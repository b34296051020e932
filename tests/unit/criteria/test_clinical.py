"""The clinical file: every field, unknown kept apart from no, impossible values named."""

from __future__ import annotations

import json
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cd5flow.criteria.clinical import (
    Clinical,
    DiseaseStatus,
    FieldKind,
    field_kinds,
    load_clinical,
)
from cd5flow.errors import ClinicalError

TEXTS = ["patient_id", "diagnosis"]
DATES = ["induction_started_on", "assessed_on", "last_allo_hsct_date", "last_cd5_car_date"]
PERCENTS = ["morphology_blasts_percent", "ihc_cd5_percent", "spo2_percent", "lvef_percent"]
FROM_ZERO = [
    "life_expectancy_weeks",
    "total_bilirubin_xuln",
    "ast_xuln",
    "alt_xuln",
    "months_since_allo_hsct",
    "total_bilirubin_umol_l",
    "creatinine_umol_l",
    "first_remission_months",
    "gvhd_prednisone_mg_per_kg",
]
COUNTS = ["induction_cycles", "prior_lines", "relapses"]
NUMBERS = ["age_years", *PERCENTS, *FROM_ZERO]
BOOLEANS = [
    "mrd_positive_elsewhere",
    "mrd_persistent",
    "new_extramedullary_lesions",
    "cd5_laboratory_clia_certified",
    "consent_signed",
    "intracranial_hypertension_or_impaired_consciousness",
    "active_gvhd",
    "severe_lung_damage_history",
    "other_advanced_malignancy",
    "uncontrolled_infection",
    "severe_autoimmune_or_immunodeficiency",
    "hbv_dna_positive",
    "hcv_rna_positive",
    "hiv_positive",
    "syphilis_positive",
    "serious_biologics_allergy",
    "clinically_significant_viral_infection",
    "uncontrolled_viral_reactivation",
    "symptomatic_cns_disorder",
    "ever_allo_hsct",
    "pregnant_or_lactating",
    "pregnancy_within_12_months",
    "investigator_objection",
    "relapse_after_hsct",
    "suitable_allo_donor",
    "t_cell_lymphoma",
    "measurable_lesion",
    "contraception_agreed",
    "active_infection",
    "hev_rna_positive",
    "prior_gene_therapy",
    "cns3_disease",
    "cns_disorder_history",
    "cns_autoimmune_disease",
    "prolonged_qt_or_severe_heart_disease",
    "t_cells_expand_poorly",
    "steroids_within_72_hours",
    "chemotherapy_within_2_weeks",
    "radiotherapy_within_4_weeks",
    "investigational_agent_or_vaccine_within_6_weeks",
]
FIELDS = [*TEXTS, "disease_status", *DATES, *NUMBERS, "ecog", *COUNTS, *BOOLEANS]


def read(path: Path, **fields: object) -> Clinical:
    file = path / "clinical.json"
    file.write_text(json.dumps(fields), encoding="utf-8")
    return load_clinical(file).value


def refusal(path: Path, **fields: object) -> str:
    with pytest.raises(ClinicalError) as caught:
        read(path, **fields)
    return caught.value.message


def test_the_fields_are_the_contracts_and_those_that_other_trials_ask_for() -> None:
    assert sorted(Clinical.model_fields) == sorted(FIELDS)


def test_absent_and_null_are_unknown(tmp_path: Path) -> None:
    assert set(read(tmp_path).model_dump().values()) == {None}
    assert read(tmp_path, **dict.fromkeys(FIELDS)) == read(tmp_path)


def test_yaml_is_read_as_json_is(tmp_path: Path) -> None:
    path = tmp_path / "clinical.yaml"
    path.write_text(
        "diagnosis: T-ALL\nassessed_on: 2024-02-29\nage_years: 7\necog: 1\nhiv_positive: false\n",
        encoding="utf-8",
    )
    clinical = load_clinical(path).value
    assert clinical.assessed_on == date(2024, 2, 29)
    assert clinical.age_years == 7.0
    assert clinical.hiv_positive is False
    assert clinical == read(
        tmp_path,
        diagnosis="T-ALL",
        assessed_on="2024-02-29",
        age_years=7,
        ecog=1,
        hiv_positive=False,
    )


@pytest.mark.parametrize(
    ("diagnosis", "is_t_all"), [(None, None), ("T-ALL", True), ("AML", False), ("T-LBL", False)]
)
def test_only_t_all_is_t_all(
    tmp_path: Path,
    diagnosis: str | None,
    is_t_all: bool | None,  # noqa: FBT001
) -> None:
    assert read(tmp_path, diagnosis=diagnosis).is_t_all is is_t_all


@pytest.mark.parametrize("status", list(DiseaseStatus))
def test_disease_status_is_one_of_four(tmp_path: Path, status: DiseaseStatus) -> None:
    assert read(tmp_path, disease_status=status.value).disease_status is status


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *((field, value) for field in PERCENTS for value in (0, 100, 33.3)),
        *((field, value) for field in FROM_ZERO for value in (0, 0.5, 4000)),
        ("age_years", 0),
        ("age_years", 120),
        ("ecog", 0),
        ("ecog", 5),
    ],
)
def test_ends_of_a_range_are_possible(tmp_path: Path, field: str, value: float) -> None:
    assert getattr(read(tmp_path, **{field: value}), field) == value


def each(fields: list[str], values: list[object]) -> list[tuple[str, object]]:
    return list(product(fields, values))


WRONG: list[tuple[str, object]] = [
    *each(PERCENTS, [-0.1, 100.1]),
    *each(FROM_ZERO, [-0.1]),
    *each(NUMBERS, ["5", True, [5], {}]),
    *each(BOOLEANS, ["yes", 1, "false"]),
    *each(TEXTS, [12, "", "  ", True]),
    *each(DATES, ["31.01.2024", "2023-02-29", 20240131]),
    ("assessed_on", "2024-01-31T10:00:00"),
    ("age_years", -1),
    ("age_years", 120.5),
    ("ecog", -1),
    ("ecog", 6),
    ("ecog", 1.5),
    ("ecog", "1"),
    ("disease_status", "cured"),
]


def test_impossible_values_and_wrong_types_are_named(tmp_path: Path) -> None:
    unnamed = [(field, value) for field, value in WRONG if not is_named(tmp_path, field, value)]
    assert not unnamed


def is_named(folder: Path, field: str, value: object) -> bool:
    """Whether a value is refused with its place and the field's name."""
    try:
        read(folder, **{field: value})
    except ClinicalError as refused:
        return f"clinical.json:1:{len(field) + 6}: {field}: " in refused.message
    return False


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "clinical.yaml"
    path.write_text(
        "ecog: 7\nhiv: no\nage_years: 300\nactive_gvhd: no\nspo2_percent: 970\n"
        "ihc_cd5_percent: 150\nast_xuln: -1\ndisease_status: cured\n",
        encoding="utf-8",
    )
    with pytest.raises(ClinicalError) as caught:
        load_clinical(path)
    assert caught.value.message.splitlines() == [
        f"{path}:1:7: ecog: should be a whole number, 0 to 5, found 7",
        f"{path}:2:1: hiv: unknown field",
        f"{path}:3:12: age_years: should be a number, 0 to 120, found 300",
        f'{path}:4:14: active_gvhd: should be true or false, found "no"',
        f"{path}:5:15: spo2_percent: should be a number, 0 to 100, found 970",
        f"{path}:6:18: ihc_cd5_percent: should be a number, 0 to 100, found 150",
        f"{path}:7:11: ast_xuln: should be a number, 0 or more, found -1",
        (
            f"{path}:8:17: disease_status: should be one of newly_diagnosed, refractory, relapsed, "
            'remission, found "cured"'
        ),
    ]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"ever_allo_hsct": False, "months_since_allo_hsct": 7}, "ever_allo_hsct is false"),
        ({"ever_allo_hsct": False, "last_allo_hsct_date": "2023-01-01"}, "ever_allo_hsct is false"),
        (
            {"assessed_on": "2024-01-01", "last_allo_hsct_date": "2024-01-02"},
            "lies after assessed_on 2024-01-01",
        ),
    ],
)
def test_fields_that_contradict_each_other_are_refused(
    tmp_path: Path, fields: dict[str, Any], what: str
) -> None:
    assert what in refusal(tmp_path, **fields)


def test_an_absent_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(ClinicalError, match="cannot be read"):
        load_clinical(tmp_path / "none.yaml")


def test_every_field_has_its_kind_and_range() -> None:
    kinds = field_kinds()
    assert list(kinds) == list(Clinical.model_fields)
    assert {name for name, kind in kinds.items() if kind.type == "boolean"} == set(BOOLEANS)
    assert {name for name, kind in kinds.items() if kind.type == "number"} == {
        *NUMBERS,
        "ecog",
        *COUNTS,
    }
    assert {name for name, kind in kinds.items() if kind.type == "date"} == set(DATES)
    assert kinds["ecog"] == FieldKind("number", 0, 5)
    assert kinds["relapses"] == FieldKind("number", 0, 100)
    assert kinds["spo2_percent"] == FieldKind("number", 0, 100)
    assert kinds["ast_xuln"] == FieldKind("number", 0, None)
    assert kinds["disease_status"].words == tuple(DiseaseStatus)


def test_every_field_holds_what_its_schema_says() -> None:
    schema = Clinical.model_json_schema()
    words = schema["$defs"]["DiseaseStatus"]["enum"]
    for name, kind in field_kinds().items():
        (said,) = (
            part for part in schema["properties"][name]["anyOf"] if part.get("type") != "null"
        )
        told = {"number": "number", "integer": "number", "boolean": "boolean"}
        text = "date" if said.get("format") == "date" else "text"
        assert kind.type == ("word" if "$ref" in said else told.get(said["type"], text))
        assert (kind.low, kind.high) == (said.get("minimum"), said.get("maximum"))
        assert kind.words == (tuple(words) if "$ref" in said else ())
    assert list(field_kinds()) == list(schema["properties"])
