"""A patient's criteria together: overall, evidence, who answered, and what may never happen."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.cli.schema import schema_of
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.clinical import DiseaseStatus, field_kinds
from cd5flow.criteria.eligibility import (
    ELIGIBILITY_COLUMNS,
    CriterionAnswer,
    Overall,
    counts,
    eligibility_columns,
    judge_eligibility,
)
from cd5flow.errors import OptionError, ProtocolError
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenState, Cd5State, Timepoint
from support.criteria_factory import CLEAN, clinic, evidence, judge, protocol, satisfied, tube

ODD = Reason("ODD", text="look")


def answer(criterion: str, *results: Any, **fields: Any) -> CriterionAnswer:
    (found,) = (a for a in judge(*results, **fields).criteria if a.id == criterion)
    return found


# Overall


def test_all_known_and_satisfied_is_all_satisfied() -> None:
    judged = judge(**CLEAN)
    assert judged.overall is Overall.ALL_SATISFIED
    assert counts(judged) == (22, 0, 0)
    assert all(answer.missing == () for answer in judged.criteria)


@pytest.mark.parametrize("field", [name for name in CLEAN if name not in {"patient_id", "hiv"}])
def test_leaving_out_a_field_never_gives_a_no(field: str) -> None:
    judged = judge(**{name: value for name, value in CLEAN.items() if name != field})
    assert judged.overall in {Overall.ALL_SATISFIED, Overall.INCOMPLETE}
    if judged.overall is Overall.INCOMPLETE:
        assert any(field in answer.missing for answer in judged.criteria)


def test_one_not_satisfied_decides_whatever_is_unknown() -> None:
    judged = judge(age_years=19)
    assert judged.overall is Overall.NOT_SATISFIED
    assert counts(judged) == (0, 1, 21)


def test_nothing_known_is_incomplete() -> None:
    assert judge().overall is Overall.INCOMPLETE


@pytest.mark.parametrize("name", ["cd5-cart-50", "cd5-cart-90"])
def test_a_file_that_lists_some_criteria_never_says_all(name: str) -> None:
    judged = judge(tube(judged_by=name), name=name, **CLEAN)
    assert set(satisfied(judged).values()) == {True}
    assert judged.overall is Overall.INCOMPLETE
    assert judge(
        tube(judged_by=name, cd5="DOES_NOT_MEET"), name=name, ihc_cd5_percent=3
    ).overall is (Overall.NOT_SATISFIED)


def test_a_protocol_without_criteria_is_refused() -> None:
    loaded = protocol()
    bare = Loaded(
        loaded.value.model_copy(update={"criteria": ()}), loaded.sha256, loaded.path, loaded.written
    )
    with pytest.raises(ProtocolError, match="lists no criteria"):
        judge_eligibility((tube(),), protocol=bare, clinical=clinic())


# What flow answers


@pytest.mark.parametrize(
    ("cd5", "ihc", "said"),
    [
        ("DOES_NOT_MEET", 85, "CD5 is not met by flow, but 85 % by IHC is"),
        ("MEETS", 20, "CD5 is met by flow, but 20 % by IHC is not"),
        ("DOES_NOT_MEET", 20, None),
        ("MEETS", 85, None),
        ("BORDERLINE", 85, None),
    ],
)
def test_flow_and_ihc_that_disagree_are_told(cd5: str, ihc: float, said: str | None) -> None:
    told = evidence(judge(tube(cd5), ihc_cd5_percent=ihc), "I2")
    assert ("DISCORDANT_FLOW_IHC" in told) is (said is not None)
    assert said is None or said in told


def test_flow_and_morphology_that_disagree_are_told() -> None:
    assert "5 % blasts by morphology, more by flow" in evidence(
        judge(morphology_blasts_percent=5), "I1"
    )
    assert "DISCORDANT" not in evidence(judge(morphology_blasts_percent=50), "I1")


def test_the_source_is_who_decided() -> None:
    clia = {"cd5_laboratory_clia_certified": True}
    assert answer("I2", **clia).source == "flow"
    assert answer("I2").source == "missing"
    assert answer("I2", cd5_laboratory_clia_certified=False).source == "clinical"
    quality = tube(quality="FAIL")
    clinical = {**clia, "ihc_cd5_percent": 80, "mrd_positive_elsewhere": True}
    assert answer("I2", quality, **clinical).source == "clinical"
    assert answer("I3", age_years=9).source == "clinical"


def test_the_bounds_are_told_and_the_diagnosis_that_lifts_one_is_missing() -> None:
    result = tube(timepoint="diagnosis", prior="cd5_car", bounds="LINEAGE_BY_CD7_ALONE")
    found = answer("I2", result, cd5_laboratory_clia_certified=True)
    assert found.missing == (
        "diagnosis",
        "ihc_cd5_percent",
        "mrd_positive_elsewhere",
        "new_extramedullary_lesions",
    )
    told = "\n".join(map(str, found.evidence))
    assert all(
        code in told for code in ("TIMEPOINT_DIAGNOSIS", "AFTER_CD5_CAR", "LINEAGE_BY_CD7_ALONE")
    )


def test_bounds_of_an_earlier_result_stand_in_its_reasons() -> None:
    result = tube()
    criterion = result.criterion.model_copy(
        update={
            "reasons": (
                Reason("DISEASE_OVERT", text="x"),
                Reason("LINEAGE_BY_CD7_ALONE", text="CD7"),
            )
        }
    )
    earlier = result.model_copy(update={"criterion": criterion})
    assert answer("I2", earlier, cd5_laboratory_clia_certified=True).satisfied is None


def test_only_what_bears_on_it_is_missing() -> None:
    assert answer("I2", cd5_laboratory_clia_certified=True).missing == ()
    assert answer("I2").missing == ("cd5_laboratory_clia_certified",)
    assert answer("I7", ast_xuln=1).missing == ("total_bilirubin_xuln", "alt_xuln")
    nothing = tube(burden="NOT_DETECTED", percent=0)
    assert "diagnosis" in answer("I2", nothing).missing
    assert "morphology_blasts_percent" in answer("I2", nothing, diagnosis="T-ALL").missing
    assert "morphology_blasts_percent" not in answer("I2", tube(burden="INCONCLUSIVE")).missing


# Results under another protocol


def test_cd5_judged_against_another_threshold_is_judged_anew_from_its_numbers() -> None:
    high = answer("I2", tube(judged_by="cd5-cart-50"), cd5_laboratory_clia_certified=True)
    assert high.satisfied is True
    told = "\n".join(map(str, high.evidence))
    assert "CD5_BY_FLOW: MEETS, 95 % of 1,000 blasts, asked for is >= 70 %" in told
    low = tube(judged_by="cd5-cart-50", cd5="DOES_NOT_MEET")
    certified = {"cd5_laboratory_clia_certified": True, "ihc_cd5_percent": 20}
    assert answer("I2", low, **certified).satisfied is False


def test_the_share_of_blasts_is_held_against_the_protocol_that_asks() -> None:
    ninety: dict[str, Any] = {"name": "cd5-cart-90", "morphology_blasts_percent": 1}
    # MRD_POSITIVE for the 70 (limit 5 %) is over the 1 % of the 90.
    high = tube(burden="MRD_POSITIVE", percent=3, judged_by="cd5-cart-70")
    low = tube(burden="MRD_POSITIVE", percent=1, judged_by="cd5-cart-70")
    assert satisfied(judge(high, **ninety))["I4"] is True
    assert satisfied(judge(low, **ninety))["I4"] is None
    # OVERT for the 90 is MRD for the 70.
    other = tube(burden="OVERT", percent=3, judged_by="cd5-cart-90")
    assert "MRD_POSITIVE: 3 % blasts by flow" in evidence(judge(other), "I2")


def test_an_edited_copy_of_the_protocol_with_the_same_threshold_still_counts() -> None:
    result = tube(sha256="0" * 64)
    assert answer("I2", result, cd5_laboratory_clia_certified=True).satisfied is True


# Several results of one patient


def pair(one: dict[str, Any], other: dict[str, Any]) -> tuple[Any, Any]:
    return tube(**{"sample": "a", **one}), tube(**{"sample": "b", **other})


def test_results_that_agree_count_once() -> None:
    judged = judge(*pair({}, {"percent": 30}), cd5_laboratory_clia_certified=True)
    assert satisfied(judged)["I2"] is True
    assert [(s.id, s.used) for s in judged.samples] == [("a", True), ("b", True)]
    assert "(sample a)" in evidence(judged, "I2")


@pytest.mark.parametrize(
    "other",
    [
        {"cd5": "DOES_NOT_MEET"},
        {"cd5": "BORDERLINE"},
        {"timepoint": "diagnosis"},
        {"burden": "NOT_DETECTED", "percent": 0},
        {"burden": "INCONCLUSIVE", "percent": None},
    ],
)
def test_results_that_differ_are_unknown_until_one_is_named(other: dict[str, Any]) -> None:
    results = pair({}, other)
    clinical = clinic(patient_id="P01", cd5_laboratory_clia_certified=True)
    judged = judge_eligibility(results, protocol=protocol(), clinical=clinical)
    assert satisfied(judged)["I2"] is None
    assert "RESULTS_DIFFER" in evidence(judged, "I2")
    named = judge_eligibility(results, protocol=protocol(), clinical=clinical, use="a")
    assert satisfied(named)["I2"] is True
    assert [(s.id, s.used) for s in named.samples] == [("a", True), ("b", False)]


def test_a_tube_that_measured_nothing_contradicts_nobody() -> None:
    for silent in ({"cd5": "NOT_EVALUABLE"}, {"quality": "FAIL"}):
        results = pair({}, {**silent, "burden": "NOT_EVALUABLE", "percent": None})
        assert satisfied(judge(*results, cd5_laboratory_clia_certified=True))["I2"] is True


@pytest.mark.parametrize(("use", "what"), [("c", "expected one of a, b"), ("", "expected one of")])
def test_a_sample_that_is_not_there_cannot_be_named(use: str, what: str) -> None:
    with pytest.raises(OptionError, match=what):
        judge_eligibility(pair({}, {}), protocol=protocol(), clinical=None, use=use)


def test_two_results_of_one_name_cannot_be_told_apart() -> None:
    with pytest.raises(OptionError, match="2 results are of sample 'a'"):
        judge_eligibility(pair({}, {"sample": "a"}), protocol=protocol(), clinical=None, use="a")


# Who it is


def test_another_patients_clinical_file_is_refused() -> None:
    with pytest.raises(OptionError, match="it is of patient 'P02', the result of 'P01'"):
        judge(patient_id="P02")
    with pytest.raises(OptionError, match="found patients P01, P03, expected one"):
        judge(tube(), tube(patient="P03"))


@pytest.mark.parametrize(
    ("result", "file", "verified"),
    [("P01", "P01", True), ("P01", None, False), (None, "P01", False), (None, None, False)],
)
def test_where_identity_is_not_verified_every_line_says_so(
    result: str | None,
    file: str | None,
    verified: bool,  # noqa: FBT001
) -> None:
    fields = CLEAN | {"patient_id": file, "age_years": None, "hiv_positive": True}
    judged = judge(tube(patient=result), **fields)
    assert judged.identity_verified is verified
    assert judged.patient_id == (result or file)
    for found in judged.criteria:
        for line in found.evidence:
            assert str(line).endswith(" (identity not verified)") is not verified


# What is written


def test_json_is_as_the_contract_says_and_fits_its_schema() -> None:
    written = json.loads(judge(**CLEAN | {"ecog": None}).to_json())
    assert list(written)[:2] == ["schema", "protocol"]
    assert written["schema"] == "cd5flow.eligibility/1"
    assert written["protocol"].keys() == {"name", "version", "sha256"}
    assert (written["overall"], written["patient_id"]) == ("INCOMPLETE", "P01")
    ids = [f"I{i}" for i in range(1, 9)] + [f"E{i}" for i in range(1, 15)]
    assert [c["id"] for c in written["criteria"]] == ids
    assert {c["source"] for c in written["criteria"]} == {"flow", "clinical", "missing"}
    for found in written["criteria"]:
        assert {"id", "text", "source_text", "satisfied", "source", "evidence"} <= found.keys()
    schema = schema_of("eligibility")
    jsonschema.validate(written, schema)
    jsonschema.validate([written, written], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**written, "overall": "ELIGIBLE"}, schema)


def test_it_never_says_that_a_patient_is_eligible() -> None:
    for fields in (CLEAN, {}, {"age_years": 20}):
        assert "eligible" not in judge(**fields).to_json().lower()


def test_columns_of_a_batchs_table() -> None:
    filled = eligibility_columns(judge(**CLEAN | {"age_years": 19, "ecog": None, "alt_xuln": None}))
    assert filled == {
        "criteria_overall": "NOT_SATISFIED",
        "criteria_satisfied": 19,
        "criteria_not_satisfied": "I3",
        "criteria_unknown": "I4;I7",
        "criteria_missing": "ecog;alt_xuln",
    }
    assert list(filled) == list(ELIGIBILITY_COLUMNS)
    assert eligibility_columns(None) == dict.fromkeys(ELIGIBILITY_COLUMNS)


def test_remarks_stand_with_what_flow_answers() -> None:
    judged = judge_eligibility(
        (tube(),), protocol=protocol(), clinical=clinic(**CLEAN), remarks=(ODD,)
    )
    assert [a.id for a in judged.criteria if ODD in a.evidence] == ["I2"]


# Filling in what is unknown

OPPOSITE = {
    Overall.ALL_SATISFIED: Overall.NOT_SATISFIED,
    Overall.NOT_SATISFIED: Overall.ALL_SATISFIED,
}
NAMES = [name for name in field_kinds() if name != "patient_id"]


DAYS = {
    "assessed_on": ["2026-02-27", "2026-02-28", "2026-03-01", "2027-01-01"],
    "last_allo_hsct_date": ["2025-08-31", "2025-08-30", "2026-01-05"],
}
NEAR = [1, 3, 3.01, 5, 5.01, 6, 6.01, 10, 12, 12.5, 18, 19, 69.99, 70]


def values(name: str) -> st.SearchStrategy[Any]:
    """Return values about the bounds that protocols ask for."""
    kind = field_kinds()[name]
    fixed: dict[str, st.SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "word": st.sampled_from([status.value for status in DiseaseStatus]),
        "text": st.sampled_from(["T-ALL", "AML"]),
        "date": st.sampled_from(DAYS.get(name, [""])),
    }
    if name == "ecog":
        return st.integers(0, 5)
    if kind.type == "number":
        high = 200 if kind.high is None else kind.high
        near = [value for value in NEAR if value <= high]
        return st.one_of(st.sampled_from(near), st.floats(0, high, allow_nan=False))
    return fixed[kind.type]


CLINICS = st.fixed_dictionaries({}, optional={name: values(name) for name in NAMES})
MOSTLY_CLEAN = st.fixed_dictionaries(
    {},
    optional={name: st.one_of(st.just(CLEAN.get(name)), values(name)) for name in NAMES},
).map(lambda fields: {**CLEAN, **fields})
TUBES = st.builds(
    tube,
    st.sampled_from([state.value for state in Cd5State]),
    st.sampled_from([state.value for state in BurdenState]),
    percent=st.sampled_from([0.005, 0.05, 0.5, 6.0]),
    lod=st.sampled_from([None, 0.008, 0.05]),
    specimen=st.sampled_from(["bone_marrow", "peripheral_blood"]),
    timepoint=st.sampled_from([Timepoint.RELAPSE.value, Timepoint.DIAGNOSIS.value]),
    bounds=st.sampled_from(["", "LINEAGE_BY_CD7_ALONE", "NK_UNRESOLVED"]),
    quality=st.sampled_from(["PASS", "FAIL"]),
    review=st.sampled_from(["unreviewed", "confirmed"]),
)


def possible(fields: dict[str, Any]) -> bool:
    """Return whether a clinical file would be accepted."""
    try:
        clinic(**fields)
    except ValueError:
        return False
    return True


@given(
    TUBES,
    st.one_of(CLINICS, MOSTLY_CLEAN),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True),
    st.sampled_from(["cd5-cart-70", "cd5-cart-90", "cd5-carnk-80"]),
)
def test_filling_in_what_is_unknown_never_turns_an_answer_into_its_opposite(
    result: Any, known: dict[str, Any], hidden: list[str], name: str
) -> None:
    known = {**known, "patient_id": "P01"}
    less = {field: value for field, value in known.items() if field not in hidden}
    if not (possible(known) and possible(less)):
        return
    before, after = judge(result, name=name, **less), judge(result, name=name, **known)
    if before.overall in OPPOSITE:
        assert after.overall is not OPPOSITE[before.overall]
    told = satisfied(after)
    for one, was in satisfied(before).items():
        if was is not None and told[one] is not None:
            assert told[one] is was, f"{one}: {evidence(before, one)} -> {evidence(after, one)}"


@st.composite
def one_criterion(draw: st.DrawFn) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Draw a criterion of cd5-cart-70, fields that bear on it, and the same with some left out."""
    criterion = draw(st.sampled_from(protocol().value.criteria))
    fields = {name: draw(values(name)) for name in criterion.reads if draw(st.integers(0, 3))}
    left_out = draw(st.sets(st.sampled_from(criterion.reads)))
    return criterion.id, fields, {k: v for k, v in fields.items() if k not in left_out}


@given(TUBES, one_criterion())
def test_filling_in_turns_no_criterion_into_its_opposite(
    result: Any, drawn: tuple[str, dict[str, Any], dict[str, Any]]
) -> None:
    criterion, fields, less = drawn
    if not (possible(fields) and possible(less)):
        return
    before = satisfied(judge(result, **less))[criterion]
    after = satisfied(judge(result, **fields))[criterion]
    assert None in (before, after) or before is after
