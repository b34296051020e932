"""What a trial asks of a CD5 result beside its share, each at its boundary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.bounds import context_of
from cd5flow.criteria.comparison import ComparedResult, ProtocolAnswer, compare_result
from cd5flow.criteria.eligibility import judge_eligibility
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.criteria.requirements import collection_day, intensity
from cd5flow.criteria.verdict import judge_criterion
from cd5flow.model.reasons import codes
from cd5flow.model.result import CriterionSection, CriterionState, Result
from support.criteria_factory import clinic, protocol, tube

MET, NOT_MET = CriterionState.MET, CriterionState.NOT_MET
REVIEW = CriterionState.REVIEW

RULES = """\
format: cd5flow.protocol/2
name: ours
version: "1"
title: Ours
trials: [{id: T1, sponsors: [us]}]
read_on: "2026-11-29"
source: [our protocol]
cd5:
  flow: {operator: ">=", threshold_percent: 70, source_text: s, reading: r}
  ihc: {operator: ">", threshold_percent: 30, source_text: s, reading: r}
  intensity: not stated
  age: not stated
  specimens: not stated
disease:
  source_text: s
  reading: r
  any:
    - {finding: blasts_by_flow, over_percent: 5, specimens: not stated, source_text: s, reading: r}
naming: {reading: r, morphology_percent: 5, review_below_percent_without_nk_marker: 5}
timepoints:
  - {name: day 33, after: induction, from_day: 30, to_day: 36, source_text: s, reading: r}
criteria:
  - id: I1
    text: t
    source_text: s
    answered_by: flow
    reads: [diagnosis]
    rule: {flow: cd5}
"""
INTENSITY = "intensity: not stated"
AGE = "age: not stated"
SPECIMENS = "specimens: not stated\ndisease"
BLASTS = "over_percent: 5, specimens: not stated"


def ours(tmp_path: Path, *changes: tuple[str, str]) -> Loaded[Protocol]:
    text = RULES
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = tmp_path / "ours.yaml"
    path.write_text(text, "utf-8")
    return load_protocol(path)


def verdict(result: Result, rules: Loaded[Protocol], **clinical: Any) -> CriterionSection:
    known = clinic(**clinical)
    context = context_of(result, clinical=known)
    return judge_criterion(result.cd5, burden=result.burden, protocol=rules.value, context=context)


def cd5_answer(result: Result, rules: Loaded[Protocol], **clinical: Any) -> Any:
    judged = judge_eligibility((result,), protocol=rules, clinical=clinic(**clinical))
    return judged.criteria[0]


def collected(result: Result, day: str | None) -> Result:
    sample = result.sample.model_copy(update={"collected_at": day})
    return result.model_copy(update={"sample": sample})


# Intensity


def with_intensity(tmp_path: Path, least: str, dim: str) -> Loaded[Protocol]:
    rule = (
        f"intensity: {{at_least_percent_of_t_cells: {least}, dim_at_most_percent_of_t_cells: {dim}, "
        "source_text: as normal T cells, reading: r}"
    )
    return ours(tmp_path, (INTENSITY, rule))


@pytest.mark.parametrize(
    ("least", "dim", "measured", "value", "code"),
    [
        ("40", "10", 9.99, False, "INTENSITY"),
        ("40", "10", 10, False, "INTENSITY"),
        ("40", "10", 10.01, False, "INTENSITY"),
        ("40", "10", 39.99, False, "INTENSITY"),
        ("40", "10", 40, True, "INTENSITY"),
        ("40", "10", 40.01, True, "INTENSITY"),
        ("not stated", "10", 10, False, "INTENSITY"),
        ("not stated", "10", 10.01, None, "INTENSITY_WITHOUT_NUMBER"),
        ("not stated", "10", 300, None, "INTENSITY_WITHOUT_NUMBER"),
        ("not stated", "not stated", 0.1, None, "INTENSITY_WITHOUT_NUMBER"),
        ("40", "not stated", 40, True, "INTENSITY"),
        ("40", "10", None, None, "INTENSITY_UNKNOWN"),
    ],
)
def test_intensity_at_its_bounds(
    tmp_path: Path,
    least: str,
    dim: str,
    measured: float | None,
    *,
    value: bool | None,
    code: str,
) -> None:
    rules = with_intensity(tmp_path, least, dim)
    found = intensity(tube(intensity=measured).cd5, rules.value)
    assert found is not None
    assert (found.value, [line.code for line in found.lines]) == (value, [code])


def test_without_a_rule_nothing_is_asked() -> None:
    assert intensity(tube(intensity=1).cd5, protocol().value) is None


def test_a_rule_without_a_number_is_for_a_person_by_name(tmp_path: Path) -> None:
    rules = with_intensity(tmp_path, "not stated", "10")
    found = verdict(tube(intensity=80), rules)
    assert found.state is REVIEW
    assert "INTENSITY_WITHOUT_NUMBER" in codes(found.reasons)


@pytest.mark.parametrize("cd5", ["MEETS", "BORDERLINE"])
@pytest.mark.parametrize(
    ("ihc", "state", "code"),
    [
        (None, REVIEW, "IHC_NOT_ASSESSED"),
        (30.0, NOT_MET, "CD5_NOT_MET"),
        (30.01, REVIEW, "DISCORDANT_FLOW_IHC"),
    ],
)
def test_dim_blasts_leave_the_way_of_immunohistochemistry(
    tmp_path: Path, cd5: str, ihc: float | None, state: CriterionState, code: str
) -> None:
    rules = with_intensity(tmp_path, "40", "10")
    found = verdict(tube(cd5, intensity=9), rules, ihc_cd5_percent=ihc)
    assert found.state is state
    assert {"INTENSITY", code} <= codes(found.reasons)


def test_bright_blasts_are_judged_as_without_the_rule(tmp_path: Path) -> None:
    rules = with_intensity(tmp_path, "40", "10")
    assert verdict(tube(intensity=40), rules).state is MET
    assert cd5_answer(tube(intensity=40), rules).satisfied is True
    assert cd5_answer(tube(intensity=39.9), rules).satisfied is False
    assert cd5_answer(tube("BORDERLINE", intensity=39.9), rules).satisfied is False
    assert cd5_answer(tube("BORDERLINE", intensity=40), rules).satisfied is None
    assert cd5_answer(tube("DOES_NOT_MEET", intensity=90), rules).satisfied is False


# Immunohistochemistry


@pytest.mark.parametrize(
    ("ihc", "state"), [(29.99, NOT_MET), (30.0, NOT_MET), (30.01, REVIEW), (None, REVIEW)]
)
def test_immunohistochemistry_has_a_number_of_its_own(
    tmp_path: Path, ihc: float | None, state: CriterionState
) -> None:
    rules = ours(tmp_path)
    assert verdict(tube("DOES_NOT_MEET"), rules, ihc_cd5_percent=ihc).state is state


def test_a_number_that_no_source_gives_denies_nothing(tmp_path: Path) -> None:
    ihc = '{operator: ">", threshold_percent: 30, source_text: s, reading: r}'
    rules = ours(tmp_path, (f"ihc: {ihc}", "ihc: not stated"))
    found = verdict(tube("DOES_NOT_MEET"), rules, ihc_cd5_percent=1)
    assert (found.state, codes(found.reasons)) == (REVIEW, frozenset({"IHC_RULE_NOT_STATED"}))
    closed = ours(tmp_path, (f"ihc: {ihc}", "ihc: not accepted"))
    assert verdict(tube("DOES_NOT_MEET"), closed).state is NOT_MET


# Age of the result


@pytest.mark.parametrize(
    ("taken", "assessed", "state", "code"),
    [
        ("2026-01-01", "2026-03-01", MET, None),
        ("2026-01-01", "2026-03-02", MET, None),
        ("2026-01-01", "2026-03-03", REVIEW, "RESULT_TOO_OLD"),
        ("2026-01-01T23:59:00", "2026-03-02", MET, None),
        ("2026-03-02", "2026-03-02", MET, None),
        ("2026-03-03", "2026-03-02", REVIEW, "COLLECTED_AFTER_ASSESSMENT"),
        (None, "2026-03-02", REVIEW, "RESULT_AGE_UNKNOWN"),
        ("last week", "2026-03-02", REVIEW, "RESULT_AGE_UNKNOWN"),
        ("2026-01-01", None, REVIEW, "RESULT_AGE_UNKNOWN"),
    ],
)
def test_a_result_is_of_use_for_so_many_days(
    tmp_path: Path, taken: str | None, assessed: str | None, state: CriterionState, code: str | None
) -> None:
    rules = ours(tmp_path, (AGE, "age: {at_most_days: 60, source_text: s, reading: r}"))
    result = collected(tube(), taken)
    found = verdict(result, rules, assessed_on=assessed)
    assert found.state is state
    assert code is None or code in codes(found.reasons)
    told = cd5_answer(result, rules, assessed_on=assessed)
    assert told.satisfied is (True if state is MET else None)
    assert ("assessed_on" in told.missing) is (assessed is None)


def test_a_result_too_old_does_not_deny_either(tmp_path: Path) -> None:
    rules = ours(tmp_path, (AGE, "age: {at_most_days: 60, source_text: s, reading: r}"))
    old = collected(tube("DOES_NOT_MEET"), "2025-01-01")
    found = verdict(old, rules, assessed_on="2026-03-02", ihc_cd5_percent=3)
    assert (found.state, "RESULT_TOO_OLD" in codes(found.reasons)) == (REVIEW, True)


def test_what_is_no_date_is_none() -> None:
    assert collection_day("2026-01-31T10:00:00+00:00") is not None
    assert collection_day("soon") is None
    assert collection_day(None) is None


# Specimen


@pytest.mark.parametrize(
    ("specimen", "state"), [("bone_marrow", MET), ("peripheral_blood", REVIEW), ("csf", REVIEW)]
)
def test_cd5_of_another_specimen_is_for_a_person(
    tmp_path: Path, specimen: str, state: CriterionState
) -> None:
    rule = "specimens: {accepted: [bone_marrow], source_text: s, reading: r}\ndisease"
    rules = ours(tmp_path, (SPECIMENS, rule))
    found = verdict(tube(specimen=specimen), rules)
    assert found.state is state
    assert ("SPECIMEN_NOT_ACCEPTED" in codes(found.reasons)) is (state is REVIEW)
    assert cd5_answer(tube(specimen=specimen), rules).satisfied is (True if state is MET else None)


@pytest.mark.parametrize(
    ("specimen", "state"), [("bone_marrow", MET), ("peripheral_blood", REVIEW)]
)
def test_disease_counts_in_the_specimens_of_the_trial(
    tmp_path: Path, specimen: str, state: CriterionState
) -> None:
    rules = ours(tmp_path, (BLASTS, "over_percent: 5, specimens: [bone_marrow]"))
    assert verdict(tube(specimen=specimen), rules).state is state


# Levels


@pytest.mark.parametrize(
    ("level", "percent", "state"),
    [
        ("over_percent: 5", 4.99, REVIEW),
        ("over_percent: 5", 5.0, REVIEW),
        ("over_percent: 5", 5.01, MET),
        ("at_least_percent: 5", 4.99, REVIEW),
        ("at_least_percent: 5", 5.0, MET),
        ("at_least_percent: 5", 5.01, MET),
    ],
)
def test_a_level_holds_or_leaves_its_own_number(
    tmp_path: Path, level: str, percent: float, state: CriterionState
) -> None:
    rules = ours(tmp_path, (BLASTS, f"{level}, specimens: not stated"))
    burden = "OVERT" if percent > 5 else "MRD_POSITIVE"
    assert verdict(tube(burden=burden, percent=percent), rules).state is state


def test_disease_that_is_not_stated_is_never_met() -> None:
    fifty = protocol("cd5-cart-50")
    found = verdict(tube(judged_by="cd5-cart-50"), fifty, new_extramedullary_lesions=True)
    assert (found.state, codes(found.reasons)) == (REVIEW, frozenset({"DISEASE_NOT_STATED"}))
    low = tube("DOES_NOT_MEET", judged_by="cd5-cart-50")
    assert verdict(low, fifty, ihc_cd5_percent=50).state is NOT_MET


def test_where_flow_counts_no_disease_a_person_looks(tmp_path: Path) -> None:
    rule = "- {finding: new_extramedullary_lesions, source_text: s, reading: r}\nnaming"
    text = RULES.partition("    - {finding: blasts")
    path = tmp_path / "lesions.yaml"
    rest = (
        text[2].partition("\nnaming")[2].replace("{reading: r,", "{reading: r, overt_percent: 5,")
    )
    path.write_text(f"{text[0]}    {rule}{rest}", "utf-8")
    rules = load_protocol(path)
    found = verdict(tube(), rules)
    assert found.state is REVIEW
    assert "FLOW_COUNTS_NO_DISEASE" in codes(found.reasons)
    assert verdict(tube(), rules, new_extramedullary_lesions=True).state is MET


# Named time points


@pytest.mark.parametrize(
    ("taken", "state", "code"),
    [
        ("2026-01-30", REVIEW, "NOT_OF_TIMEPOINT"),
        ("2026-01-31", MET, None),
        ("2026-02-06", MET, None),
        ("2026-02-07", REVIEW, "NOT_OF_TIMEPOINT"),
        (None, REVIEW, "TIMEPOINT_UNKNOWN"),
    ],
)
def test_disease_counts_at_its_named_time_point(
    tmp_path: Path, taken: str | None, state: CriterionState, code: str | None
) -> None:
    rules = ours(tmp_path, (BLASTS, "over_percent: 5, at: day 33, specimens: not stated"))
    result = collected(tube(), taken)
    found = verdict(result, rules, induction_started_on="2026-01-01")
    assert found.state is state
    assert code is None or code in codes(found.reasons)
    assert verdict(result, rules).state is REVIEW


# Comparison


def compared(result: Result, *names: str, **clinical: Any) -> dict[str, ProtocolAnswer]:
    found: ComparedResult = compare_result(
        result,
        [protocol(name) for name in names],
        clinical=clinic(**clinical) if clinical else None,
    )
    return {one.protocol.name: one for one in found.protocols}


ALL = ("cd5-carnk-80", "cd5-cart-50", "cd5-cart-70", "cd5-cart-90")


def test_one_result_by_four_protocols() -> None:
    told = compared(tube(share=85, intensity=50), *ALL)
    assert {name: (one.cd5_state, one.criterion_state) for name, one in told.items()} == {
        "cd5-cart-50": ("MEETS", "REVIEW"),  # no disease rule is stated
        "cd5-cart-70": ("MEETS", "MET"),
        "cd5-carnk-80": ("MEETS", "REVIEW"),  # an intensity without a number
        "cd5-cart-90": ("DOES_NOT_MEET", "REVIEW"),  # the way of IHC is open
    }
    assert [one.of_the_result for one in told.values()] == [False, False, True, False]
    assert told["cd5-cart-50"].not_stated == (
        "intensity",
        "age",
        "specimens",
        "disease",
        "timepoints",
    )
    assert (told["cd5-carnk-80"].cd5_rule, told["cd5-carnk-80"].ihc_rule) == (">= 80 %", "> 30 %")
    (asked,) = told["cd5-carnk-80"].requirements
    assert (asked.rule, asked.satisfied) == ("intensity", None)
    assert not told["cd5-cart-70"].requirements


def test_burden_is_named_by_each_protocol() -> None:
    told = compared(tube(burden="MRD_POSITIVE", percent=3), *ALL)
    assert {name: one.burden_state for name, one in told.items()} == {
        "cd5-cart-50": "MRD_POSITIVE",
        "cd5-cart-70": "MRD_POSITIVE",
        "cd5-carnk-80": "MRD_POSITIVE",
        "cd5-cart-90": "OVERT",
    }


def test_what_the_clinic_knows_counts() -> None:
    low = tube("DOES_NOT_MEET", share=40)
    assert compared(low, "cd5-carnk-80")["cd5-carnk-80"].criterion_state == "REVIEW"
    told = compared(low, "cd5-carnk-80", ihc_cd5_percent=30)["cd5-carnk-80"]
    assert (told.criterion_state, told.criterion_flow_state) == ("NOT_MET", "REVIEW")


def test_a_named_day_is_told() -> None:
    result = collected(tube(), "2026-01-29")
    told = compared(result, "cd5-carnk-80", last_cd5_car_date="2026-01-01")["cd5-carnk-80"]
    assert [(day.day, day.holds) for day in told.timepoints] == [(28, True)]
    later = compared(result, "cd5-carnk-80", last_cd5_car_date="2025-12-31")["cd5-carnk-80"]
    assert [(day.day, day.holds) for day in later.timepoints] == [(29, False)]
    unknown = compared(result, "cd5-carnk-80")["cd5-carnk-80"]
    assert [(day.day, day.holds) for day in unknown.timepoints] == [(None, None)]
