"""Whatever a result says, its export keeps FHIR's rules and a reader gets the same numbers back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from cd5flow.errors import ResultError
from cd5flow.interop.codes import Codes, load_codes
from cd5flow.interop.fhir import Exported, fhir_text, status_of, to_fhir
from cd5flow.interop.fhir_reader import Reading, read_fhir
from cd5flow.interop.fhir_rules import faults_of, shape_faults
from cd5flow.model.result import Result
from support.properties import part_of_examples
from support.report_factory import hostile_result, make_result
from support.result_strategies import results

CODES: Codes = load_codes().value


def there_and_back(result: Result, codes: Codes = CODES) -> Reading:
    text = fhir_text(to_fhir([Exported(result)], codes))
    (reading,) = read_fhir(json.loads(text), codes)
    return reading


@given(results())
def test_a_reader_gets_the_same_numbers_and_states_back(result: Result) -> None:
    read, cd5, burden = there_and_back(result), result.cd5, result.burden
    assert read.status == status_of(result.review)
    assert (read.criterion, read.flow_criterion) == (
        result.criterion.state,
        result.criterion.flow_state,
    )
    assert read.quality == result.quality.state
    assert {name: getattr(read.cd5, name) for name in COUNTED_CD5} == {
        name: getattr(cd5, name) for name in COUNTED_CD5
    }
    assert read.cd5.cut_linear == (cd5.cut and cd5.cut.linear)
    assert read.cd5.cut_method == (cd5.cut and cd5.cut.method)
    assert read.cd5.median_blasts == cd5.median.blasts
    assert read.cd5.median_negative_reference == cd5.median.negative_reference
    assert read.cd5.median_t_cells == cd5.median.t_cells
    assert {name: getattr(read.burden, name) for name in COUNTED_BURDEN} == {
        name: getattr(burden, name) for name in COUNTED_BURDEN
    }


def test_what_a_server_stored_reads_like_what_was_sent() -> None:
    bundle = to_fhir([Exported(make_result())], CODES)
    text = fhir_text(bundle)
    for entry in bundle["entry"]:
        text = text.replace(
            f'"reference": "{entry["fullUrl"]}"', f'"reference": "{entry["request"]["url"]}"'
        )
    stored = json.loads(text)
    for entry in stored["entry"]:
        entry["fullUrl"] = f"https://fhir.example.org/{entry.pop('request')['url']}"
    assert "urn:uuid:" not in json.dumps(stored["entry"][0]["resource"]["result"])
    assert read_fhir(stored, CODES) == read_fhir(bundle, CODES)


COUNTED_CD5 = (
    "state",
    "percent",
    "positive_events",
    "blast_events",
    "ci95_percent",
    "band_percent",
    "threshold_percent",
    "operator",
    "stain_index",
    "pattern",
)
COUNTED_BURDEN = (
    "state",
    "percent",
    "blast_events",
    "denominator_events",
    "ci95_percent",
    "upper95_percent",
    "lod_percent",
    "lloq_percent",
    "level",
)


@given(results())
def test_every_export_keeps_our_rules_and_the_shape_of_r4b(result: Result) -> None:
    pytest.importorskip("fhir.resources", reason="the extra [fhir] is not installed")
    bundle = json.loads(fhir_text(to_fhir([Exported(result)], CODES)))
    assert faults_of(bundle, CODES) == ()
    assert shape_faults(bundle) == ()


@part_of_examples(0.3)
@given(results())
def test_equal_results_give_equal_bytes(result: Result) -> None:
    again = Result.model_validate_json(result.to_json())
    assert fhir_text(to_fhir([Exported(result)], CODES)) == fhir_text(
        to_fhir([Exported(again)], CODES)
    )


def test_hostile_text_changes_no_number() -> None:
    plain = there_and_back(make_result())
    hostile = there_and_back(hostile_result('"}]} <script>\x00\n{{ 7 }}'))
    assert (hostile.cd5, hostile.burden) == (plain.cd5, plain.burden)
    assert hostile.status == "final"


def test_a_patient_is_read_back_by_pseudonym() -> None:
    assert there_and_back(make_result()).patient_id == "P02"


@pytest.mark.parametrize(
    "bundle",
    [{}, {"entry": []} | {"entry": None}, {"entry": [{"fullUrl": "urn:uuid:1"}]}],
    ids=["empty", "no entries", "no resource"],
)
def test_what_is_no_export_is_refused(bundle: dict[str, Any]) -> None:
    with pytest.raises(ResultError, match="no export of cd5flow"):
        read_fhir(bundle, CODES)


def test_an_export_that_lost_a_part_is_refused() -> None:
    bundle = to_fhir([Exported(make_result())], CODES)
    del bundle["entry"][3]
    with pytest.raises(ResultError, match="no export of cd5flow"):
        read_fhir(bundle, CODES)


def test_other_local_codes_need_their_own_table_to_be_read() -> None:
    plain = json.loads(CODES.model_dump_json())
    plain["systems"]["local"] = "https://example.org/codes"
    site = Codes.model_validate_json(json.dumps(plain))
    bundle = to_fhir([Exported(make_result())], site)
    assert read_fhir(bundle, site)[0].cd5.percent == 69.3
    with pytest.raises(ResultError, match="local code"):
        read_fhir(bundle, CODES)
