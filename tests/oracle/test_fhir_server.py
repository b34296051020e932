"""Exports posted to a FHIR server of others, on this machine, and read back.

Where ``npm install --prefix benchmarks/fhir_server`` was run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cd5flow.interop.codes import load_codes
from cd5flow.interop.fhir import Exported, fhir_text, to_fhir
from cd5flow.interop.fhir_reader import read_fhir
from cd5flow.model.result import Result, ReviewSection
from support.fhir_server import FhirServer, Json, fhir_server, is_installed
from support.report_factory import HOSTILE, hostile_result, make_result, make_sample

pytestmark = pytest.mark.skipif(not is_installed(), reason="Medplum's router is not installed")

CODES = load_codes().value


@pytest.fixture(scope="module")
def server() -> Iterator[FhirServer]:
    with fhir_server() as running:
        yield running


def sent(*results: Result) -> Json:
    bundle: Json = json.loads(
        fhir_text(to_fhir([Exported(r, b"%PDF-1.7") for r in results], CODES))
    )
    return bundle


@pytest.mark.parametrize(
    "result", [make_result(), *map(hostile_result, HOSTILE.values())], ids=["plain", *HOSTILE]
)
def test_a_server_takes_an_export_and_gives_the_same_numbers_back(
    server: FhirServer, result: Result
) -> None:
    bundle = sent(result)
    code, answer = server.post(bundle)
    assert (code, answer["type"]) == (200, "transaction-response")
    assert {entry["response"]["status"] for entry in answer["entry"]} <= {"200", "201"}
    report = bundle["entry"][0]["resource"]["id"]
    assert read_fhir(server.read_back(report), CODES) == read_fhir(bundle, CODES)


def test_what_is_sent_again_takes_the_place_of_what_was_sent(server: FhirServer) -> None:
    sample = make_sample(id="reviewed-later")
    first = sent(make_result(sample=sample))
    later = sent(make_result(sample=sample, review=ReviewSection(state="confirmed", by="R7")))
    for bundle in (first, later):
        assert server.post(bundle)[0] == 200
    report = first["entry"][0]["resource"]["id"]
    (reading,) = read_fhir(server.read_back(report), CODES)
    assert reading.status == "final"
    assert len(server.get(f"DiagnosticReport/{report}/_history")[1]["entry"]) == 2


def test_references_are_those_of_the_server(server: FhirServer) -> None:
    bundle = sent(make_result())
    assert server.post(bundle)[0] == 200
    report = server.get(f"DiagnosticReport/{bundle['entry'][0]['resource']['id']}")[1]
    assert "urn:uuid" not in json.dumps([report["result"], report["specimen"]])
    assert server.get(report["specimen"][0]["reference"])[1]["resourceType"] == "Specimen"


def test_the_server_does_look(server: FhirServer) -> None:
    bundle = sent(make_result())
    bundle["entry"][1]["resource"]["valueQuantity"] = {"value": "much"}
    code, answer = server.post(bundle)
    assert (code, answer["resourceType"]) == (400, "OperationOutcome")
    document = json.loads(fhir_text(to_fhir([Exported(make_result())], CODES, kind="collection")))
    assert server.post(document)[0] == 400
