"""Results and clinical rows of many patients, joined by `patient_id`."""

from __future__ import annotations

import pytest

from cd5flow.criteria.clinical import recorded_clinical
from cd5flow.criteria.patients import judge_patients
from cd5flow.errors import OptionError
from cd5flow.model.reasons import Reason
from cd5flow.model.result import Result
from support.criteria_factory import CLEAN, clinic, evidence, protocol, satisfied, tube

ODD = Reason("ODD", text="look")
CLIA = {"cd5_laboratory_clia_certified": True}


def row(patient: str, **fields: object) -> dict[str, object]:
    return {**CLEAN, "patient_id": patient, **fields}


SHEET = {
    "P01": clinic(**row("P01")),
    "P02": clinic(**row("P02", age_years=30)),
    "P04": clinic(**row("P04")),
}


def test_each_result_meets_its_own_row_in_order_of_the_results() -> None:
    results = (tube(patient="P02", sample="b"), tube(patient="P01", sample="a"))
    judged = judge_patients(results, SHEET, protocol=protocol())
    assert [one.patient_id for one in judged] == ["P02", "P01"]
    assert [one.overall.value for one in judged] == ["NOT_SATISFIED", "ALL_SATISFIED"]
    assert all(one.identity_verified for one in judged)


def test_without_a_row_only_flow_is_known() -> None:
    (judged,) = judge_patients((tube(patient="P03"),), SHEET, protocol=protocol())
    assert (judged.patient_id, judged.identity_verified) == ("P03", True)
    assert set(satisfied(judged).values()) == {None}
    assert "CD5_BY_FLOW: MEETS" in evidence(judged, "I2")


def test_results_that_name_no_patient_stand_alone_and_take_no_row() -> None:
    results = (tube(patient=None, sample="a"), tube(patient=None, sample="b"))
    judged = judge_patients(results, SHEET, protocol=protocol())
    assert [one.samples[0].id for one in judged] == ["a", "b"]
    assert not any(one.identity_verified for one in judged)


def test_results_of_one_patient_are_judged_together() -> None:
    results = (
        tube(sample="a"),
        tube(patient="P02", sample="b"),
        tube(sample="c", cd5="DOES_NOT_MEET"),
    )
    judged = judge_patients(results, SHEET, protocol=protocol())
    assert [[s.id for s in one.samples] for one in judged] == [["a", "c"], ["b"]]
    assert satisfied(judged[0])["I2"] is None
    named = judge_patients(results, SHEET, protocol=protocol(), use=["a"])
    assert satisfied(named[0])["I2"] is True


def test_one_clinical_file_is_of_one_patient() -> None:
    clinical = clinic(**CLIA)
    results = (tube(sample="a"), tube(sample="b", patient=None))
    judged = judge_patients(results, clinical, protocol=protocol())
    assert [[s.id for s in one.samples] for one in judged] == [["a"], ["b"]]
    assert not any(one.identity_verified for one in judged)
    with pytest.raises(OptionError, match="found patients P01, P02"):
        judge_patients((tube(), tube(patient="P02")), clinical, protocol=protocol())


def test_unnamed_results_are_not_joined_by_a_clinical_file_either() -> None:
    clinical = clinic(**CLEAN)
    agree = (tube(patient=None, sample="a"), tube(patient=None, sample="b", cd5="DOES_NOT_MEET"))
    one, two = judge_patients(agree, clinical, protocol=protocol())
    assert (satisfied(one)["I2"], satisfied(two)["I2"]) == (True, None)
    for judged in (one, two):
        assert not judged.identity_verified
        for answer in judged.criteria:
            assert all(str(line).endswith(" (identity not verified)") for line in answer.evidence)


@pytest.mark.parametrize(
    ("use", "what"),
    [(["x"], "found 'x', expected one of a, c"), (["a", "c"], "a, c are of one patient")],
)
def test_which_results_to_use_must_be_clear(use: list[str], what: str) -> None:
    results = (tube(sample="a"), tube(sample="c"))
    with pytest.raises(OptionError, match=what):
        judge_patients(results, SHEET, protocol=protocol(), use=use)


def test_remarks_go_to_the_patient_of_the_sample() -> None:
    results = (tube(sample="a"), tube(patient="P02", sample="b"))
    judged = judge_patients(results, SHEET, protocol=protocol(), remarks={"b": [ODD]})
    assert "ODD" not in evidence(judged[0], "I2")
    assert "ODD: look" in evidence(judged[1], "I2")


def test_what_a_result_was_made_with_is_read_back_from_it() -> None:
    result = tube()

    def made_with(settings: dict[str, object]) -> Result:
        provenance = result.provenance.model_copy(update={"settings": settings})
        return result.model_copy(update={"provenance": provenance})

    clinical = clinic(**CLEAN)
    kept = clinical.model_dump(mode="json", exclude_none=True)
    assert recorded_clinical(made_with({"clinical": kept})) == clinical
    nothings: list[dict[str, object]] = [{}, {"clinical": {"hiv": 1}}, {"clinical": "x"}]
    for nothing in nothings:
        assert recorded_clinical(made_with(nothing)) is None
