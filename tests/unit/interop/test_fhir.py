"""What a FHIR export says of a result, and what it never says."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from cd5flow.errors import OptionError
from cd5flow.interop.codes import Codes, Concept, load_codes
from cd5flow.interop.fhir import Exported, fhir_text, identity, to_fhir
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    CriterionSection,
    CriterionState,
    OverrideSection,
    QualityState,
    Result,
    ReviewSection,
    Specimen,
)
from support.report_factory import (
    CREATED,
    HOSTILE,
    SHA,
    hostile_result,
    make_burden,
    make_cd5,
    make_result,
    make_sample,
    unknown_cd5,
)

CODES: Codes = load_codes().value
Json = dict[str, Any]


def resources(result: Result, pdf: bytes | None = None) -> list[Json]:
    bundle = to_fhir([Exported(result, pdf)], CODES)
    return [entry["resource"] for entry in json.loads(fhir_text(bundle))["entry"]]


def of_type(result: Result, kind: str) -> list[Json]:
    return [r for r in resources(result) if r["resourceType"] == kind]


def report(result: Result, pdf: bytes | None = None) -> Json:
    return resources(result, pdf)[0]


def observed(result: Result, concept: Concept) -> Json:
    (found,) = (
        r for r in of_type(result, "Observation") if CODES.key_of(r["code"]) == concept.value
    )
    return found


def component(observation: Json, concept: Concept) -> Json:
    found: Json
    (found,) = (c for c in observation["component"] if CODES.key_of(c["code"]) == concept.value)
    return found


def interpreted(observation: Json) -> list[str]:
    return [i["coding"][0]["code"] for i in observation.get("interpretation", [])]


def reviewed(state: str, **changes: Any) -> Result:
    return make_result(review=ReviewSection.model_validate({"state": state, **changes}))


@pytest.mark.parametrize(
    ("review", "status"),
    [
        ("unreviewed", "preliminary"),
        ("confirmed", "final"),
        ("amended", "final"),
        ("rejected", "cancelled"),
    ],
)
def test_a_report_is_preliminary_until_a_person_has_reviewed_it(review: str, status: str) -> None:
    result = reviewed(review)
    assert report(result)["status"] == status
    assert {o["status"] for o in of_type(result, "Observation")} == {status}


def test_the_reviewer_stands_on_a_reviewed_report_alone() -> None:
    assert report(reviewed("confirmed", by="R7"))["resultsInterpreter"] == [{"display": "R7"}]
    assert "resultsInterpreter" not in report(reviewed("unreviewed", by="R7"))
    assert "Not reviewed: no person" in report(make_result())["conclusion"]


def test_a_reviewed_report_is_issued_when_it_was_reviewed() -> None:
    assert report(make_result())["issued"] == CREATED
    later = reviewed("confirmed", at="2026-02-01T08:00:00+01:00")
    assert report(later)["issued"] == "2026-02-01T08:00:00+01:00"


def test_a_report_refers_to_every_observation() -> None:
    result = make_result()
    wanted = {f"urn:uuid:{o['id']}" for o in of_type(result, "Observation")}
    assert {r["reference"] for r in report(result)["result"]} == wanted
    assert len(wanted) == 7


def test_the_share_has_its_number_unit_counts_and_intervals() -> None:
    share = observed(make_result(), Concept.CD5_PERCENT)
    assert share["valueQuantity"] == {
        "value": 69.3,
        "unit": "%",
        "system": "http://unitsofmeasure.org",
        "code": "%",
    }
    assert component(share, Concept.CD5_POSITIVE_EVENTS)["valueQuantity"]["value"] == 4623
    assert component(share, Concept.BLAST_EVENTS)["valueQuantity"]["code"] == "{events}"
    assert component(share, Concept.CI95)["valueRange"]["low"]["value"] == 68.2
    assert component(share, Concept.BAND)["valueRange"]["high"]["value"] == 70.9
    assert component(share, Concept.CUT)["valueQuantity"]["code"] == "{MFI}"
    threshold = component(share, Concept.THRESHOLD)["valueQuantity"]
    assert (threshold["comparator"], threshold["value"]) == (">=", 70.0)
    assert share["referenceRange"] == [{"text": ">= 70 % is asked for by cd5-cart-70 1.0"}]


@pytest.mark.parametrize(
    ("state", "codes"),
    [(Cd5State.MEETS, ["POS"]), (Cd5State.DOES_NOT_MEET, ["NEG"]), (Cd5State.BORDERLINE, ["IND"])],
)
def test_a_cd5_state_is_interpreted(state: Cd5State, codes: list[str]) -> None:
    result = make_result(cd5=make_cd5(state=state))
    assert interpreted(observed(result, Concept.CD5_PERCENT)) == codes
    verdict = observed(result, Concept.CD5_STATE)
    assert interpreted(verdict) == codes
    assert CODES.key_of(verdict["valueCodeableConcept"]) == state


def test_a_share_that_is_not_evaluable_is_absent_with_its_reasons() -> None:
    result = make_result(cd5=unknown_cd5())
    share, verdict = observed(result, Concept.CD5_PERCENT), observed(result, Concept.CD5_STATE)
    for one in (share, verdict):
        assert not [key for key in one if key.startswith("value")]
        assert interpreted(one) == []
        assert one["dataAbsentReason"]["text"] == "NO_CD5: no channel of this tube carries CD5"
    assert share["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert component(share, Concept.CI95)["dataAbsentReason"]["coding"][0]["code"] == "unknown"


def test_a_share_that_a_failed_check_withholds_is_no_value() -> None:
    cd5 = make_cd5(state=Cd5State.NOT_EVALUABLE, reasons=("QUALITY_FAIL: a check failed",))
    share = observed(make_result(cd5=cd5), Concept.CD5_PERCENT)
    assert "valueQuantity" not in share
    assert share["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    withheld = component(share, Concept.CD5_PERCENT_WITHHELD)
    assert withheld["valueQuantity"]["value"] == 69.3


@pytest.mark.parametrize(
    ("state", "percent", "value", "comparator", "codes"),
    [
        (BurdenState.OVERT, 59.5, 59.5, None, ["POS"]),
        (BurdenState.MRD_POSITIVE, 0.05, 0.05, None, ["POS"]),
        (BurdenState.MRD_BELOW_LLOQ, 0.006, 0.01, "<", ["IND"]),
        (BurdenState.INDETERMINATE, 0.003, 0.004, "<", ["IND"]),
        (BurdenState.NOT_DETECTED, 0.0, 0.004, "<", ["NEG"]),
    ],
)
def test_burden_is_a_number_or_below_a_limit(
    state: BurdenState, percent: float, value: float, comparator: str | None, codes: list[str]
) -> None:
    burden = make_burden(state=state, percent=percent, lod_percent=0.004, lloq_percent=0.01)
    share = observed(make_result(burden=burden), Concept.BURDEN_PERCENT)
    assert share["valueQuantity"]["value"] == value
    assert share["valueQuantity"].get("comparator") == comparator
    assert interpreted(share) == codes
    counted = [CODES.key_of(c["code"]) for c in share["component"]]
    assert (Concept.BURDEN_PERCENT_COUNTED in counted) == (comparator is not None)
    assert component(share, Concept.LOD)["valueQuantity"]["value"] == 0.004


def test_burden_that_is_not_evaluable_is_absent() -> None:
    burden = make_burden(
        state=BurdenState.NOT_EVALUABLE, percent=None, reasons=("QUALITY_FAIL: x",)
    )
    result = make_result(burden=burden)
    for concept in (Concept.BURDEN_PERCENT, Concept.BURDEN_STATE):
        assert observed(result, concept)["dataAbsentReason"]["text"] == "QUALITY_FAIL: x"


def test_the_criterion_is_a_state_and_no_finding_on_the_patient() -> None:
    criterion = CriterionSection(
        state=CriterionState.MET, flow_state=CriterionState.NOT_EVALUABLE, reasons=()
    )
    found = observed(make_result(criterion=criterion), Concept.CRITERION)
    assert CODES.key_of(found["valueCodeableConcept"]) == "MET"
    assert interpreted(found) == []
    assert "dataAbsentReason" in component(found, Concept.FLOW_ALONE)
    assert "The site decides" in found["note"][-1]["text"]


def test_nothing_speaks_of_eligibility_or_study_subjects() -> None:
    for result in (make_result(), make_result(cd5=unknown_cd5()), reviewed("confirmed")):
        text = fhir_text(to_fhir([Exported(result)], CODES)).lower()
        assert "eligib" not in text
        assert "researchsubject" not in text


def test_no_unverified_code_goes_out() -> None:
    text = fhir_text(to_fhir([Exported(make_result())], CODES))
    assert "loinc" not in text
    assert "119359002" in text


def test_checks_that_did_not_pass_stand_with_the_quality() -> None:
    quality = observed(make_result(), Concept.QUALITY)
    assert CODES.key_of(quality["valueCodeableConcept"]) == QualityState.WARN
    assert [n["text"].split(":")[0] for n in quality["note"]] == [
        "NOT_DONE VIABILITY",
        "WARN UNSTABLE_TIME",
    ]


def test_the_patient_is_a_pseudonym_and_has_no_name() -> None:
    result = make_result()
    subject = {
        "type": "Patient",
        "identifier": {"system": "urn:cd5flow:patient", "value": "P02"},
    }
    assert report(result)["subject"] == subject
    assert all(o["subject"] == subject for o in of_type(result, "Observation"))
    assert of_type(result, "Patient") == []


def test_an_unknown_patient_is_left_out() -> None:
    result = make_result(sample=make_sample(patient_id=None))
    assert all("subject" not in resource for resource in resources(result))


def test_times_are_those_of_collection_and_else_of_acquisition() -> None:
    collected = make_result(sample=make_sample(collected_at="2026-01-13T22:00:00+01:00"))
    assert report(collected)["effectiveDateTime"] == "2026-01-13T22:00:00+01:00"
    acquired = make_result(sample=make_sample(collected_at=None))
    assert report(acquired)["effectiveDateTime"] == "2026-01-14"
    notes = [note["text"] for note in of_type(acquired, "Specimen")[0]["note"]]
    assert any("effective times are those of acquisition" in text for text in notes)
    assert any("2026-01-14T09:30:00, by a clock whose time zone" in text for text in notes)
    unknown = make_result(sample=make_sample(collected_at=None, acquired=None))
    assert "effectiveDateTime" not in report(unknown)


def test_a_specimen_is_coded_where_it_was_stated() -> None:
    (marrow,) = of_type(make_result(), "Specimen")
    assert marrow["type"]["coding"][0]["code"] == "119359002"
    (unknown,) = of_type(
        make_result(sample=make_sample(specimen=Specimen.UNKNOWN, collected_at=None)), "Specimen"
    )
    assert unknown["type"]["coding"][0]["code"] == "unknown"
    assert "collection" not in unknown


def test_names_of_a_sample_sheet_go_along() -> None:
    sample = make_sample(identifiers={"accession": "A-77", "specimen_id": "S-1"})
    (specimen,) = of_type(make_result(sample=sample), "Specimen")
    assert specimen["accessionIdentifier"]["value"] == "A-77"
    assert [i["value"] for i in specimen["identifier"]] == ["tube-1", "S-1"]


def test_files_are_named_by_their_sha256() -> None:
    tube, control = of_type(make_result(), "DocumentReference")
    digest = base64.urlsafe_b64encode(bytes.fromhex(SHA)).decode().rstrip("=")
    assert tube["masterIdentifier"] == {
        "system": "urn:ietf:rfc:3986",
        "value": f"ni:///sha-256;{digest}",
    }
    assert tube["identifier"][0]["value"] == SHA
    attachment = tube["content"][0]["attachment"]
    assert attachment == {"contentType": "application/vnd.isac.fcs", "title": "tube-1.fcs"}
    assert control["description"].startswith("fmo control, refused. OTHER_DAY")


def test_a_share_derives_from_the_tube_and_from_controls_that_were_used() -> None:
    result = make_result()
    tube, control = (f"urn:uuid:{r['id']}" for r in of_type(result, "DocumentReference"))
    refused = observed(result, Concept.CD5_PERCENT)["derivedFrom"]
    assert refused == [{"reference": tube}]
    accepted = result.controls[0].model_copy(update={"accepted": True, "reasons": ()})
    used = observed(make_result(controls=(accepted,)), Concept.CD5_PERCENT)["derivedFrom"]
    assert used == [{"reference": tube}, {"reference": control}]


def test_the_software_and_its_version_are_the_device() -> None:
    software, cytometer = of_type(make_result(), "Device")
    assert software["deviceName"][0]["name"] == "cd5flow"
    assert software["version"] == [{"value": "0.1.0"}]
    assert cytometer["deviceName"][0] == {"name": "FACSCanto II", "type": "model-name"}
    unknown = make_result(sample=make_sample(cytometer=None))
    assert len(of_type(unknown, "Device")) == 1
    assert "author" not in of_type(unknown, "DocumentReference")[0]


def test_the_report_goes_along_as_pdf() -> None:
    pdf = b"%PDF-1.7 a report"
    (form,) = report(make_result(), pdf)["presentedForm"]
    assert base64.b64decode(form["data"]) == pdf
    assert form["size"] == len(pdf)
    assert base64.b64decode(form["hash"]) == hashlib.sha1(pdf, usedforsecurity=False).digest()
    assert "presentedForm" not in report(make_result())


def test_a_review_keeps_every_identifier() -> None:
    before, after = resources(make_result()), resources(reviewed("amended", by="R7"))
    assert [r["id"] for r in before] == [r["id"] for r in after]
    changed = make_result(cd5=make_cd5(state=Cd5State.MEETS))
    assert identity(changed) == identity(make_result())


def test_another_tube_or_another_strategy_has_other_identifiers() -> None:
    result = make_result()
    other_tube = make_result(sample=make_sample(sha256=SHA[::-1]))
    strategy = result.strategy.model_copy(update={"name": "t-all-mrd"})
    keys = {identity(result), identity(other_tube), identity(make_result(strategy=strategy))}
    assert len(keys) == 3


def test_a_result_computed_again_updates_its_report() -> None:
    result = make_result()
    newer = result.strategy.model_copy(update={"version": "1.1.0", "sha256": SHA[::-1]})
    again = make_result(strategy=newer, controls=(), cd5=make_cd5(state=Cd5State.MEETS))
    assert identity(again) == identity(result)


def test_a_gate_drawn_by_hand_is_named_on_the_report() -> None:
    drawn = OverrideSection(
        gate="blasts",
        by="R7",
        date="2026-02-01",
        reason="debris in the gate",
        region=None,
        events=None,
        percent_of_parent=None,
        automatic=None,
        file="o.yaml",
        sha256=SHA,
    )
    said = report(make_result(overrides=(drawn,)))["conclusion"]
    assert "Gate blasts drawn by hand by R7, 2026-02-01: debris in the gate" in said
    assert "drawn by hand" not in report(make_result())["conclusion"]


def test_several_results_go_into_one_bundle() -> None:
    two = [Exported(make_result()), Exported(make_result(sample=make_sample(id="tube-2")))]
    bundle = to_fhir(two, CODES)
    reports = [e for e in bundle["entry"] if e["resource"]["resourceType"] == "DiagnosticReport"]
    assert len(reports) == 2
    assert len({entry["fullUrl"] for entry in bundle["entry"]}) == len(bundle["entry"])


def test_a_server_is_told_to_put_each_resource_under_its_own_id() -> None:
    bundle = to_fhir([Exported(make_result())], CODES)
    assert bundle["type"] == "transaction"
    for entry in bundle["entry"]:
        resource = entry["resource"]
        url = f"{resource['resourceType']}/{resource['id']}"
        assert entry["request"] == {"method": "PUT", "url": url}


def test_a_document_says_nothing_of_how_it_is_stored() -> None:
    sent = to_fhir([Exported(make_result())], CODES)
    document = to_fhir([Exported(make_result())], CODES, kind="collection")
    assert document["type"] == "collection"
    assert [e["resource"] for e in document["entry"]] == [e["resource"] for e in sent["entry"]]
    assert all("request" not in entry for entry in document["entry"])


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("unreviewed", "preliminary"),
        ("confirmed", "corrected"),
        ("amended", "corrected"),
        ("rejected", "cancelled"),
    ],
)
def test_what_is_approved_in_place_of_a_signed_version_is_corrected(
    state: Any, status: str
) -> None:
    review = ReviewSection(state=state, by="R7", replaces=SHA)
    made = make_result(review=review)
    assert report(made)["status"] == status
    assert {o["status"] for o in of_type(made, "Observation")} == {status}
    if state != "unreviewed":
        assert f"in place of version {SHA[:8]}" in report(made)["conclusion"]


def test_one_analysis_goes_out_once() -> None:
    with pytest.raises(OptionError, match=r"tube-1 \(tube-1.fcs\): found twice"):
        to_fhir([Exported(make_result()), Exported(reviewed("confirmed"))], CODES)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    first = report(hostile_result(text))
    assert "<script" not in first["text"]["div"]
    assert not any(ord(c) < 32 and c != "\n" for c in first["conclusion"])
