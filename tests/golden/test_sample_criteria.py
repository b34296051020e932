"""From the sample tubes and their clinical sheet to every patient's criteria, as the documentation shows."""

from __future__ import annotations

from typing import Any

import pytest

from cd5flow.batch.clinical_sheet import load_clinical_sheet
from cd5flow.batch.plan import make_plan
from cd5flow.config.shipped import protocol_file
from cd5flow.criteria.eligibility import Eligibility
from cd5flow.criteria.patients import judge_patients
from cd5flow.criteria.protocol import load_protocol
from cd5flow.pipeline import analyse_tube
from support.analysed import SAMPLES

EXPECTED: dict[str, tuple[str, dict[str, Any]]] = {
    "P01": ("ALL_SATISFIED", {}),
    "P02": ("ALL_SATISFIED", {}),
    "P03": ("INCOMPLETE", {"I2": None, "I6": None}),
    "P04": ("INCOMPLETE", {"I2": None, "E12": None}),
    "P05": ("NOT_SATISFIED", {"I2": False}),
    "P06": ("NOT_SATISFIED", {"I3": False}),
    "P07": ("INCOMPLETE", {"I8": None, "E7": None}),
    "P08": ("NOT_SATISFIED", {"E12": False}),
    "P09": ("NOT_SATISFIED", {"I6": False}),
    "P10": ("ALL_SATISFIED", {}),
}
"""Patient to overall answer, and the criteria that are not satisfied."""


@pytest.fixture(scope="module")
def judged() -> dict[str | None, Eligibility]:
    jobs = make_plan(SAMPLES, words={}).jobs
    clinicals = load_clinical_sheet(SAMPLES / "clinical.csv")
    results = [
        analyse_tube(job.file, job.settings).result
        for job in jobs
        if job.settings.patient_id in clinicals
    ]
    protocol = load_protocol(protocol_file("cd5-cart-70"))
    return {one.patient_id: one for one in judge_patients(results, clinicals, protocol=protocol)}


@pytest.mark.parametrize("patient", EXPECTED)
def test_each_patients_criteria_are_as_the_sheet_was_made_to_show(
    judged: dict[str | None, Eligibility], patient: str
) -> None:
    overall, open_or_failed = EXPECTED[patient]
    found = judged[patient]
    assert found.overall == overall
    assert found.identity_verified
    assert {
        answer.id: answer.satisfied for answer in found.criteria if answer.satisfied is not True
    } == open_or_failed


def test_ten_patients_have_a_row(judged: dict[str | None, Eligibility]) -> None:
    assert list(judged) == list(EXPECTED)


def test_a_no_by_flow_and_a_yes_by_ihc_is_told(judged: dict[str | None, Eligibility]) -> None:
    (answer,) = (a for a in judged["P09"].criteria if a.id == "I2")
    assert "DISCORDANT_FLOW_IHC" in "\n".join(map(str, answer.evidence))
