"""The vocabulary of criteria: what can be written, and that every fault is told at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.config.shipped import list_protocols
from cd5flow.criteria.asked import DATES
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.eligibility import judge_eligibility
from cd5flow.criteria.protocol import load_protocol
from cd5flow.criteria.rules import BOUNDS, fields_read
from cd5flow.errors import ProtocolError
from support.criteria_factory import clinic, judge, protocol, satisfied, tube
from support.paths import PROTOCOLS

HEAD = """\
format: cd5flow.protocol/1
name: ours
version: "1.0"
title: Ours
source: [the trial's protocol]
cd5: {operator: ">=", threshold_percent: 70}
burden:
  overt_percent: 5
  morphology_percent: 5
  mrd_percent_without_review: 0.1
  mrd_percent_with_review: 0.01
  review_below_percent_without_nk_marker: 5
routes: {ihc: true, mrd: true, extramedullary: true, morphology: false}
criteria:
"""
FIRST = HEAD.count("\n") + 1


def written(
    path: Path, rule: str, *, reads: str = "[ecog]", by: str = "clinic", name: str = "I1"
) -> Path:
    file = path / "ours.yaml"
    file.write_text(
        f"{HEAD}  - id: {name}\n    text: t\n    source_text: s\n    answered_by: {by}\n"
        f"    reads: {reads}\n    rule: {rule}\n",
        encoding="utf-8",
    )
    return file


def faults(file: Path) -> list[str]:
    with pytest.raises(ProtocolError) as caught:
        load_protocol(file)
    assert caught.value.exit_code == 2
    return [line.removeprefix(f"{file}:") for line in caught.value.message.splitlines()]


RULE = FIRST + 5
"""The line of the rule; a rule begins in column 11."""


@pytest.mark.parametrize(
    ("rule", "place", "what"),
    [
        ("{field: spo2, over: 90}", "19", "no clinical field is named 'spo2'; did you mean spo2_"),
        ("{field: patient_id, is: P1}", "19", "no clinical field is named 'patient_id'"),
        ("{field: 7, over: 90}", "19", "no clinical field is named 7"),
        ("{field: ecog}", "19", "nothing is asked of it; write one of at_least, over, at_most,"),
        ("{field: ecog, is: true}", "29", "ecog is a number, 0 to 5; compare it by at_least"),
        ("{field: consent_signed, over: 1}", "41", "consent_signed is true or false; compare it"),
        ("{field: diagnosis, over: 1}", "36", "diagnosis is a word; compare it by is, in"),
        ("{field: assessed_on, over: 1}", "38", "assessed_on is a date; compare it by no"),
        ("{field: consent_signed, is: signed}", "39", "true or false, never 'signed'"),
        ("{field: disease_status, is: true}", "39", "is a word, never true or false"),
        ("{field: disease_status, is: cured}", "39", "one of newly_diagnosed, refractory,"),
        ("{field: disease_status, in: [relapsed, cured]}", "50", "relapsed, remission, never"),
        ("{field: disease_status, in: []}", "35", "an empty list says nothing"),
        ("{field: diagnosis, is: a, in: [b]}", "37", "write either is or in"),
        ("{field: ecog, at_most: 6, over: 5}", "43", "0 to 5; it is never over 5"),
        ("{field: spo2_percent, at_least: 150}", "43", "0 to 100; it is never at least 150"),
        ("{field: spo2_percent, below: 0}", "40", "it is never below 0"),
        ("{field: spo2_percent, at_most: -1}", "42", "it is never at most -1"),
        ("{field: ecog, at_least: 3, at_most: 2}", "47", "no number is at least 3 and at most 2"),
        ("{field: ecog, over: 2, at_most: 2}", "43", "no number is over 2 and at most 2"),
        ("{field: ecog, at_least: 1, over: 2}", "44", "at_least and over are bounds of one side"),
        ("{field: ecog, at_most: three}", "34", "found 'three', expected a number or one of cd5."),
        ("{field: ecog, at_most: true}", "34", "found True, expected a number"),
        ("{field: ecog, at_most: burden.overt_percent}", "34", "a percentage, ecog is none"),
        ("{field: ecog, meets: cd5}", "32", "ecog is no percentage"),
        ("{field: ihc_cd5_percent, meets: cd5, over: 3}", "43", "the CD5 rule has its own bound"),
        ("{field: ihc_cd5_percent, meets: cd7}", "43", "should be 'cd5' or 'ihc'"),
        ("{field: ecog, most: 2}", "25", "most: unknown field"),
        ("{flow: cd7}", "18", "should be 'cd5' or 'disease'"),
        ("{event: bone_marrow_biopsy, within_months: 6}", "19", "should be 'allo_hsct'"),
        ("{event: allo_hsct, within_months: 0}", "45", "greater than or equal to 1"),
        ("{event: allo_hsct}", "5", "write one of within_months and less_than_months"),
        ("{all: []}", "12", "an empty list says nothing"),
        ("{none: [{field: ecog, over: 1}]}", "11", "a mapping with one of all, any, not, field,"),
        ("yes", "11", "a mapping with one of all"),
        ("__import__('os').system('id')", "11", "a mapping with one of all"),
        ("{any: [{not: {not: {field: ec, over: 1}}}]}", "38", "named 'ec'; did you mean ecog?"),
        ("{all: [{field: ecog, over: 1}], any: []}", "43", "any: unknown field"),
    ],
)
def test_a_rule_that_cannot_be_is_told_at_its_place(
    tmp_path: Path, rule: str, place: str, what: str
) -> None:
    told = [line for line in faults(written(tmp_path, rule)) if line.startswith(f"{RULE}:{place}:")]
    assert any(what in line for line in told), faults(written(tmp_path, rule))


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    rule = "{all: [{field: spo2, over: 9}, {flow: x}, {field: ecog, at_most: 9, over: 7}, 3]}"
    told = faults(written(tmp_path, rule, name="X1", by="nurse"))
    assert [line.split(":")[0] for line in told] == [
        str(FIRST),
        str(FIRST + 3),
        *[str(RULE)] * 4,
    ]


@pytest.mark.parametrize(
    ("changes", "line", "what"),
    [
        ({"reads": "[]"}, 4, "the rule reads ecog too"),
        ({"reads": "[ecog, age_years]"}, 4, "the rule does not read age_years"),
        ({"reads": "[ecog, ecog]"}, 4, "ecog stands here twice"),
        ({"by": "flow"}, 3, "by its rule this criterion is answered by clinic"),
        ({"name": "I0"}, 0, "should match pattern"),
        ({"name": "E100"}, 0, "should match pattern"),
        ({"name": "Age"}, 0, "should match pattern"),
    ],
)
def test_what_a_criterion_says_of_its_rule_must_be_so(
    tmp_path: Path, changes: dict[str, str], line: int, what: str
) -> None:
    (told,) = faults(written(tmp_path, "{field: ecog, at_most: 2}", **changes))
    assert told.startswith(f"{FIRST + line}:")
    assert what in told


def test_a_rule_that_asks_flow_is_answered_by_flow(tmp_path: Path) -> None:
    (told,) = faults(written(tmp_path, "{flow: cd5}", reads="[diagnosis]"))
    assert "answered by flow" in told


def with_ids(path: Path, *names: str) -> Path:
    file = path / "ours.yaml"
    part = (
        "  - {{id: {}, text: t, source_text: s, answered_by: clinic, reads: [ecog], "
        "rule: {{field: ecog, at_most: 2}}}}\n"
    )
    file.write_text(HEAD + "".join(part.format(name) for name in names), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("names", "line", "what"),
    [
        (("I1", "I2", "I1"), 2, "a second criterion I1"),
        (("I1", "I3", "I2"), 2, "I2 stands after I3"),
        (("E1", "I1"), 1, "I1 stands after E1"),
        (("I10", "I9"), 1, "I9 stands after I10"),
    ],
)
def test_ids_are_unique_and_in_order(
    tmp_path: Path, names: tuple[str, ...], line: int, what: str
) -> None:
    (told,) = faults(with_ids(tmp_path, *names))
    assert told.startswith(f"{FIRST + line}:10:")
    assert what in told


def test_gaps_between_ids_are_no_fault(tmp_path: Path) -> None:
    loaded = load_protocol(with_ids(tmp_path, "I2", "I9", "I10", "E3"))
    assert [c.id for c in loaded.value.criteria] == ["I2", "I9", "I10", "E3"]


def test_a_closed_route_is_not_asked(tmp_path: Path) -> None:
    file = written(
        tmp_path, "{field: ihc_cd5_percent, meets: cd5}", reads="[ihc_cd5_percent]", by="clinic"
    )
    assert load_protocol(file).value.criteria
    file.write_text(file.read_text("utf-8").replace("ihc: true", "ihc: false"), encoding="utf-8")
    (told,) = faults(file)
    assert "I1 compares ihc_cd5_percent with cd5, yet routes.ihc is false" in told


def test_a_file_without_criteria_cannot_be_complete(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(HEAD.replace("criteria:\n", "criteria_complete: true\n"), encoding="utf-8")
    (told,) = faults(file)
    assert told == f"{FIRST - 1}:20: criteria_complete: true, yet no criterion is listed"


def test_a_limit_that_is_named_follows_the_file(tmp_path: Path) -> None:
    rule = "{field: morphology_blasts_percent, over: burden.morphology_percent}"
    file = written(tmp_path, rule, reads="[morphology_blasts_percent]")
    assert load_protocol(file).value.limit("burden.morphology_percent") == 5
    text = file.read_text("utf-8").replace("morphology_percent: 5", "morphology_percent: 20")
    file.write_text(text, encoding="utf-8")
    assert load_protocol(file).value.limit("burden.morphology_percent") == 20
    assert load_protocol(file).value.limit(3.5) == 3.5


def test_the_shipped_seventy_lists_the_whole_trial() -> None:
    rules = protocol().value
    ids = [f"I{i}" for i in range(1, 9)] + [f"E{i}" for i in range(1, 15)]
    assert [c.id for c in rules.criteria] == ids
    assert rules.criteria_complete
    assert [c.id for c in rules.criteria if c.answered_by == "flow"] == ["I2"]
    assert all(c.text != c.source_text for c in rules.criteria)


def test_every_clinical_field_bears_on_a_trial_but_names_and_days_of_time_points() -> None:
    read = {
        name
        for shipped in list_protocols()
        for c in protocol(shipped).value.criteria
        for name in fields_read(c.rule)
    }
    only_dates = {"induction_started_on", "last_cd5_car_date"}
    assert read == set(Clinical.model_fields) - {"patient_id"} - only_dates
    assert only_dates <= set(DATES.values())


@pytest.mark.parametrize(
    ("name", "inclusions", "exclusions"),
    [("cd5-cart-50", 6, 5), ("cd5-cart-90", 11, 7), ("cd5-carnk-80", 4, 0)],
)
def test_the_others_list_what_their_source_says(
    name: str, inclusions: int, exclusions: int
) -> None:
    rules = protocol(name).value
    ids = [f"I{i + 1}" for i in range(inclusions)] + [f"E{i + 1}" for i in range(exclusions)]
    assert [c.id for c in rules.criteria] == ids
    assert not rules.criteria_complete


def test_no_limit_of_the_seventy_stands_twice() -> None:
    text = (PROTOCOLS / "cd5-cart-70.yaml").read_text("utf-8")
    rules = [line for line in text.partition("\ncriteria:")[2].splitlines() if "field:" in line]
    assert not [line for line in rules if "_percent" in line and ("70" in line or " 5}" in line)]


def test_every_bound_is_used_and_works(tmp_path: Path) -> None:
    asked = {"at_least": 2, "over": 2, "at_most": 2, "below": 2}
    holds = {"at_least": [2, 3], "over": [3], "at_most": [1, 2], "below": [1]}
    assert tuple(asked) == BOUNDS
    for name, bound in asked.items():
        file = written(tmp_path, f"{{field: ecog, {name}: {bound}}}")
        loaded = load_protocol(file)
        found = [
            ecog
            for ecog in (1, 2, 3)
            if judge_eligibility(
                (tube(),), protocol=loaded, clinical=clinic(patient_id="P01", ecog=ecog)
            )
            .criteria[0]
            .satisfied
        ]
        assert found == holds[name]


def test_the_others_are_judged_by_their_own_rules() -> None:
    found = satisfied(judge(tube(judged_by="cd5-cart-90"), name="cd5-cart-90"))
    assert (found["I3"], found["I4"]) == (True, True)
    assert satisfied(judge(tube(judged_by="cd5-cart-50"), name="cd5-cart-50"))["I1"] is True
