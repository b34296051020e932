"""Each rule refuses what breaks it: an export that was spoiled in one place is told with that place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cd5flow.interop.codes import Codes, Concept, load_codes
from cd5flow.interop.fhir import Exported, to_fhir
from cd5flow.interop.fhir_rules import faults_of, shape_faults
from support.report_factory import make_result

CODES: Codes = load_codes().value
Json = dict[str, Any]


def bundle() -> Json:
    return to_fhir([Exported(make_result())], CODES)


def share(whole: Json) -> Json:
    """Return the observation of the CD5 share."""
    found: Json = next(
        e["resource"]
        for e in whole["entry"]
        if CODES.key_of(e["resource"].get("code", {})) == Concept.CD5_PERCENT
    )
    return found


def first(whole: Json) -> Json:
    found: Json = whole["entry"][0]["resource"]
    return found


SPOILED: dict[str, tuple[Callable[[Json], object], str]] = {
    "no kind of ours": (lambda b: b.update(type="batch"), "type transaction or collection"),
    "a document with requests": (lambda b: b.update(type="collection"), "in a transaction alone"),
    "a transaction without one": (lambda b: b["entry"][0].pop("request"), "found request None"),
    "another place": (lambda b: b["entry"][0]["request"].update(url="Patient/1"), "found request"),
    "a study subject": (
        lambda b: first(b).update(resourceType="ResearchSubject"),
        "expected one of DiagnosticReport",
    ),
    "an entry twice": (lambda b: b["entry"].append(b["entry"][0]), "each fullUrl once"),
    "another url": (lambda b: b["entry"][0].update(fullUrl="urn:uuid:0"), "found fullUrl"),
    "another status": (lambda b: share(b).update(status="finished"), "status: found 'finished'"),
    "no status": (lambda b: share(b).pop("status"), "status is missing"),
    "another unit": (
        lambda b: share(b)["valueQuantity"].update(code="percent"),
        "found unit 'percent'",
    ),
    "another comparator": (
        lambda b: share(b)["valueQuantity"].update(comparator="~"),
        "comparator: found '~'",
    ),
    "an unknown interpretation": (
        lambda b: share(b)["interpretation"][0]["coding"][0].update(code="H"),
        "found 'H' of http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
    ),
    "an unverified code": (
        lambda b: share(b)["code"]["coding"].append(
            {"system": "http://loinc.org", "code": "45270-6", "display": "x"}
        ),
        "found '45270-6' of http://loinc.org, which is in no table of codes",
    ),
    "a value and none": (
        lambda b: share(b).update(dataAbsentReason={"text": "unknown"}),
        "expected one value or a dataAbsentReason",
    ),
    "neither": (
        lambda b: share(b)["component"][0].pop("valueQuantity"),
        "component[0]: found no value",
    ),
    "a reference to nothing": (
        lambda b: share(b)["specimen"].update(reference="urn:uuid:0"),
        "which is not in the bundle",
    ),
    "a time without zone": (
        lambda b: share(b).update(effectiveDateTime="2026-01-14T09:30:00"),
        "expected a FHIR dateTime",
    ),
    "an empty element": (lambda b: share(b).update(note=[]), "is empty"),
    "a control character": (
        lambda b: share(b)["note"][0].update(text="a\x00b"),
        "expected a line of printable text",
    ),
    "an infinite number": (
        lambda b: share(b)["valueQuantity"].update(value=float("inf")),
        "expected a finite number",
    ),
    "another device name": (
        lambda b: next(
            e["resource"] for e in b["entry"] if e["resource"]["resourceType"] == "Device"
        )["deviceName"][0].update(type="nickname"),
        "found 'nickname'",
    ),
}


def test_an_export_keeps_every_rule() -> None:
    assert faults_of(bundle(), CODES) == ()


@pytest.mark.parametrize(("spoil", "said"), SPOILED.values(), ids=SPOILED)
def test_a_broken_rule_is_named(spoil: Callable[[Json], object], said: str) -> None:
    whole = bundle()
    spoil(whole)
    faults = faults_of(whole, CODES)
    assert any(said in fault for fault in faults), faults


def test_fhir_resources_finds_an_element_that_r4_does_not_know() -> None:
    pytest.importorskip("fhir.resources", reason="the extra [fhir] is not installed")
    whole = bundle()
    assert shape_faults(whole) == ()
    share(whole)["triggeredBy"] = [{"type": "reflex"}]  # R5
    faults = shape_faults(whole)
    assert faults
    assert "triggeredBy" in faults[0]


def test_without_fhir_resources_there_is_no_word_on_the_shape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cd5flow.interop.fhir_rules.find_spec", lambda _: None)
    assert shape_faults(bundle()) is None
