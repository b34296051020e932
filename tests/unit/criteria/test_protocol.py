"""Protocol files: the shipped ones say what their trials ask for, and faults are named."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from cd5flow.criteria.asked import NOT_STATED, Cd5Asked, DiseaseAsked, MrdByFlow
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.criteria.protocol_formats import ProtocolFile, ProtocolFormat2
from cd5flow.errors import ProtocolError
from support.paths import PROTOCOLS

FORMAT_1 = Path(__file__).with_name("format_1")
SHIPPED = ("cd5-carnk-80", "cd5-cart-50", "cd5-cart-70", "cd5-cart-90")


def shipped(name: str) -> Protocol:
    return load_protocol(PROTOCOLS / f"{name}.yaml").value


def edited(tmp_path: Path, old: str, new: str, *, of: Path) -> Path:
    text = of.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path)
    lines = caught.value.message.splitlines()
    assert all(line.startswith(f"{path}:") for line in lines)
    return lines


@pytest.mark.parametrize("path", sorted(PROTOCOLS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_protocol_loads_under_its_own_name(path: Path) -> None:
    assert load_protocol(path).value.name == path.stem


def test_four_protocols_are_shipped() -> None:
    assert {path.stem for path in PROTOCOLS.glob("*.yaml")} == set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_keeps_wording_and_reading_apart(name: str) -> None:
    rules = shipped(name)
    asked = rules.asked
    assert isinstance(asked, Cd5Asked)
    assert rules.trials
    assert rules.read_on == date(2026, 11, 29)
    rest = () if rules.disease is None else (rules.disease, *rules.disease.any)
    for one in (asked.flow, asked.ihc, asked.intensity, asked.age, asked.specimens, *rest):
        if isinstance(one, str):
            assert one == NOT_STATED
        else:
            assert one.source_text != one.reading
    assert all(one.text != one.source_text for one in rules.criteria)
    assert rules.criteria_complete is (name == "cd5-cart-70")
    assert bool(rules.not_read) is not rules.criteria_complete


def test_the_seventy_has_both_sponsors() -> None:
    (trial,) = shipped("cd5-cart-70").trials
    assert trial.id == "NCT05596266"
    assert trial.sponsors == ("Capital Medical University", "Xuanwu Hospital, Beijing")


@pytest.mark.parametrize(
    ("name", "trial"),
    [
        ("cd5-cart-50", "NCT03081910"),
        ("cd5-cart-70", "NCT05596266"),
        ("cd5-cart-90", "NCT06633354"),
        ("cd5-carnk-80", "NCT06909474"),
    ],
)
def test_a_protocol_names_its_trial(name: str, trial: str) -> None:
    assert [one.id for one in shipped(name).trials] == [trial]


@pytest.mark.parametrize(
    ("name", "flow", "ihc"),
    [
        ("cd5-cart-50", "> 50 %", "> 50 %"),
        ("cd5-cart-70", ">= 70 %", ">= 70 %"),
        ("cd5-cart-90", "> 90 %", "> 90 %"),
        ("cd5-carnk-80", ">= 80 %", "> 30 %"),
    ],
)
def test_threshold_and_operator_are_the_trials(name: str, flow: str, ihc: str) -> None:
    rules = shipped(name)
    assert (str(rules.cd5), str(rules.ihc)) == (flow, ihc)


@pytest.mark.parametrize(
    ("name", "percent", "holds"),
    [
        ("cd5-cart-70", 70.0, True),
        ("cd5-cart-70", 69.96, False),
        ("cd5-cart-70", 69.9999999, False),
        ("cd5-cart-50", 50.0, False),
        ("cd5-cart-50", 50.0000001, True),
        ("cd5-cart-90", 90.0, False),
        ("cd5-cart-90", 90.01, True),
        ("cd5-carnk-80", 80.0, True),
        ("cd5-carnk-80", 79.9999999, False),
    ],
)
def test_a_share_is_compared_unrounded(name: str, percent: float, holds: bool) -> None:  # noqa: FBT001
    assert shipped(name).cd5.holds(percent) is holds


@pytest.mark.parametrize(
    ("name", "overt", "morphology", "mrd"),
    [
        ("cd5-cart-70", 5, "> 5 %", (0.1, 0.01)),
        ("cd5-cart-50", 5, "> 5 %", (None, None)),
        ("cd5-cart-90", 1, "> 5 %", (None, None)),
        ("cd5-carnk-80", 5, ">= 5 %", (0.1, 0.01)),
    ],
)
def test_burden_limits_are_the_trials(
    name: str, overt: float, morphology: str, mrd: tuple[float | None, float | None]
) -> None:
    rules = shipped(name)
    burden = rules.burden
    assert (burden.overt_percent, str(rules.morphology)) == (overt, morphology)
    assert (burden.mrd_percent_without_review, burden.mrd_percent_with_review) == mrd


def test_what_counts_as_disease_is_the_trials() -> None:
    found = {}
    for name in SHIPPED:
        disease = shipped(name).disease
        found[name] = None if disease is None else [one.finding for one in disease.any]
    assert found == {
        "cd5-cart-50": None,
        "cd5-cart-70": [
            "blasts_by_flow",
            "blasts_by_morphology",
            "mrd_by_flow",
            "new_extramedullary_lesions",
        ],
        "cd5-cart-90": ["blasts_by_flow", "blasts_by_morphology"],
        "cd5-carnk-80": ["blasts_by_morphology", "mrd_by_flow"],
    }
    routes = shipped("cd5-cart-90").routes
    assert (routes.morphology, routes.mrd, routes.extramedullary) == (True, False, False)
    blasts = shipped("cd5-cart-90").blasts
    assert blasts is not None
    assert blasts.specimens == ("bone_marrow",)


# Format 1


@pytest.mark.parametrize("name", ["cd5-cart-50", "cd5-cart-70", "cd5-cart-90"])
def test_a_file_of_format_1_means_what_it_did(name: str) -> None:
    old = load_protocol(FORMAT_1 / f"{name}.yaml").value
    assert (old.version, old.ihc) == ("1.1", old.cd5)
    assert (old.intensity, old.age, old.specimens, old.timepoints) == (None, None, None, ())
    assert old.morphology.operator == ">"
    assert old.blasts is not None
    assert old.blasts.level.threshold_percent == old.burden.overt_percent
    assert (old.mrd is not None) is old.routes.mrd
    new = shipped(name)
    assert (old.cd5, old.ihc) == (new.cd5, new.ihc)
    if name != "cd5-cart-50":  # whose disease rule no source gives, and format 1 had to borrow
        assert (old.routes, old.morphology) == (new.routes, new.morphology)
        assert old.burden.overt_percent == new.burden.overt_percent
    if name == "cd5-cart-70":
        assert old.burden == new.burden
        ids = [(one.id, one.text, one.source_text) for one in old.criteria]
        assert ids == [(one.id, one.text, one.source_text) for one in new.criteria]


def test_a_closed_way_of_format_1_is_no_number_for_it(tmp_path: Path) -> None:
    of = FORMAT_1 / "cd5-cart-90.yaml"
    text = of.read_text("utf-8").partition("\ncriteria:")[0].replace("ihc: true", "ihc: false")
    (tmp_path / "closed.yaml").write_text(text, "utf-8")
    rules = load_protocol(tmp_path / "closed.yaml").value
    assert (rules.ihc, rules.routes.ihc) == (None, False)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('operator: ">="', 'operator: "=>"', "cd5.operator: should be '>=' or '>'"),
        ("threshold_percent: 70", "threshold_percent: 170", "less than or equal to 100"),
        ("threshold_percent: 70", 'threshold_percent: "70"', "should be a valid number"),
        ('version: "1.1"', "version: 1.1", "write it in quotes"),
        ("name: cd5-cart-70", "name: CD5 cart", "should match pattern"),
        ("ihc: true", "ihc: yes", "should be a valid boolean"),
        ("  mrd: true", "  mdr: true", "routes.mdr: unknown field"),
        (
            "protocol/1",
            "protocol/3",
            "format: should be 'cd5flow.protocol/1' or 'cd5flow.protocol/2', found",
        ),
        ("with_review: 0.01", "with_review: 0.2", "must not decrease, found 0.2, 0.1, 5"),
        ("meets: cd5", "meets: ihc", "which format 2 has; write meets: cd5"),
    ],
)
def test_a_wrong_rule_of_format_1_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    lines = faults(edited(tmp_path, old, new, of=FORMAT_1 / "cd5-cart-70.yaml"))
    assert any(fault in line for line in lines), lines


# Format 2

WHOLE = """\
format: cd5flow.protocol/2
name: ours
version: "1"
title: Ours
trials: [{id: T1, sponsors: [us]}]
read_on: "2026-11-29"
source: [our protocol]
cd5:
  flow: {operator: ">=", threshold_percent: 60, source_text: s, reading: r}
  ihc: {operator: ">", threshold_percent: 30, source_text: s, reading: r}
  intensity:
    at_least_percent_of_t_cells: 40
    dim_at_most_percent_of_t_cells: 10
    source_text: s
    reading: r
  age: {at_most_days: 60, source_text: s, reading: r}
  specimens: {accepted: [bone_marrow, peripheral_blood], source_text: s, reading: r}
disease:
  source_text: s
  reading: r
  any:
    - {finding: blasts_by_flow, over_percent: 5, specimens: [bone_marrow], source_text: s, reading: r}
    - finding: mrd_by_flow
      at_least_percent: 0.1
      person_from_percent: 0.01
      specimens: not stated
      at: day 33
      source_text: s
      reading: r
    - {finding: new_extramedullary_lesions, source_text: s, reading: r}
naming: {reading: r, morphology_percent: 5, review_below_percent_without_nk_marker: 5}
timepoints:
  - {name: day 33, after: induction, from_day: 30, to_day: 36, source_text: s, reading: r}
criteria:
  - id: I1
    text: t
    source_text: s
    answered_by: flow
    reads: [diagnosis, ihc_cd5_percent]
    rule: {any: [{flow: cd5}, {field: ihc_cd5_percent, meets: ihc}]}
"""


SECOND = "finding: blasts_by_flow, over_percent: 2, specimens: not stated"


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.yaml"
    path.write_text(WHOLE, "utf-8")
    return path


def test_a_file_with_every_rule_is_read(whole: Path) -> None:
    rules = load_protocol(whole).value
    assert (str(rules.cd5), str(rules.ihc)) == (">= 60 %", "> 30 %")
    assert rules.intensity is not None
    assert rules.intensity.at_least_percent_of_t_cells == 40
    assert rules.age is not None
    assert rules.age.at_most_days == 60
    assert rules.specimens is not None
    assert rules.specimens.accepted == ("bone_marrow", "peripheral_blood")
    assert isinstance(rules.disease, DiseaseAsked)
    mrd = rules.disease.find(MrdByFlow)
    assert mrd is not None
    assert mrd.at == "day 33"
    assert (rules.routes.mrd, rules.routes.extramedullary, rules.routes.morphology) == (
        True,
        True,
        False,
    )
    assert [one.date_field for one in rules.timepoints] == ["induction_started_on"]


def test_every_rule_can_be_not_stated(tmp_path: Path) -> None:
    path = tmp_path / "silent.yaml"
    head, _, _ = WHOLE.partition("  ihc:")
    naming = "naming: {reading: r, overt_percent: 5, morphology_percent: 5, "
    path.write_text(
        f"{head}  ihc: not stated\n  intensity: not stated\n  age: not stated\n"
        f"  specimens: not stated\ndisease: not stated\n{naming}"
        "review_below_percent_without_nk_marker: 5}\ntimepoints: not stated\n",
        "utf-8",
    )
    rules = load_protocol(path).value
    assert (rules.ihc, rules.routes.ihc) == (None, True)
    assert (rules.intensity, rules.age, rules.specimens, rules.disease) == (None,) * 4
    assert rules.timepoints == ()
    closed = path.read_text("utf-8").replace("ihc: not stated", "ihc: not accepted")
    path.write_text(closed, "utf-8")
    assert load_protocol(path).value.routes.ihc is False


@pytest.mark.parametrize(
    ("old", "new", "place", "fault"),
    [
        ("age: {at_most_days: 60,", "age: {at_most_days: 0,", "16:23", "greater than or equal to 1"),
        ("  age: {at_most_days: 60, source_text: s, reading: r}\n", "", "8:1", "'age' is missing"),
        ("threshold_percent: 30, source_text: s", "threshold_percent: 30", "10:3", "'source_text' is"),
        ("timepoints:\n", "times:\n", "32:1", "times: unknown field"),
        ("  age: {at_most_days: 60, source_text: s, reading: r}", "  age: unknown", "16:8", "not stated"),
        ("[bone_marrow, peripheral_blood]", "[]", "17:25", "at least 1 item"),
        ("[bone_marrow, peripheral_blood]", "[marrow]", "17:26", "'bone_marrow'"),
        ("[bone_marrow, peripheral_blood]", "[unknown]", "17:26", "an unknown specimen is none"),
        ("[bone_marrow, peripheral_blood]", "[csf, csf]", "17:31", "csf stands here twice"),
        ("dim_at_most_percent_of_t_cells: 10", "dim_at_most_percent_of_t_cells: 40", "13:37",
         "40 is not below the lowest, 40"),
        ("over_percent: 5, specimens", "at_least_percent: 5, over_percent: 5, specimens", "22:7",
         "write one level"),
        ("over_percent: 5, specimens", "specimens", "22:7", "write one level"),
        ("person_from_percent: 0.01", "person_from_percent: 0.2", "25:28", "0.2 is over"),
        ("      at_least_percent: 0.1", "      at_least_percent: 9", "24:25", "9 lies over the level of"),
        ("at: day 33", "at: day 34", "27:11", "no time point is named 'day 34'; there are: day 33"),
        ("finding: new_extramedullary_lesions", "finding: new_lesions", "30:8", "unknown finding"),
        ("finding: new_extramedullary_lesions", SECOND, "30:17", "a second blasts_by_flow"),
        ("morphology_percent: 5, ", "", "31:1", "'morphology_percent' is missing"),
        ("morphology_percent: 5, ", "morphology_percent: 5, overt_percent: 5, ", "31:60",
         "the level of blasts_by_flow stands in disease alone"),
        ("to_day: 36", "to_day: 29", "33:60", "day 29 lies before from_day 30"),
        ("after: induction", "after: diagnosis", "33:27", "should be 'induction'"),
        ("meets: ihc", "meets: cd5", "40:5", "its own rule is ihc"),
        ('ihc: {operator: ">", threshold_percent: 30, source_text: s, reading: r}', "ihc: not stated",
         "40:5", "compares ihc_cd5_percent with ihc, which is not stated"),
    ],
)  # fmt: skip
def test_a_wrong_rule_of_format_2_is_named_with_its_place(
    whole: Path, old: str, new: str, place: str, fault: str
) -> None:
    path = edited(whole.parent, old, new, of=whole)
    lines = faults(path)
    assert any(line.startswith(f"{path}:{place}: ") and fault in line for line in lines), lines


def test_all_faults_are_told_at_once(tmp_path: Path, whole: Path) -> None:
    text = WHOLE.replace("at_most_days: 60", "at_most_days: x").replace("to_day: 36", "to_day: -1")
    path = tmp_path / "two.yaml"
    path.write_text(text.replace("after: induction", "after: x"), "utf-8")
    assert len(faults(path)) == 3


def test_a_limit_of_mrd_needs_mrd(tmp_path: Path) -> None:
    of = PROTOCOLS / "cd5-cart-90.yaml"
    old = "rule: {field: ecog, at_most: 2}"
    rule = "{field: morphology_blasts_percent, over: burden.mrd_percent_with_review}"
    path = edited(tmp_path, old, f"rule: {rule}", of=of)
    text = path.read_text("utf-8").replace("reads: [ecog]", "reads: [morphology_blasts_percent]")
    path.write_text(text, "utf-8")
    assert "yet disease has no mrd_by_flow" in faults(path)[0]


def test_what_is_not_stated_cannot_be_asked_of_flow(tmp_path: Path) -> None:
    of = PROTOCOLS / "cd5-cart-50.yaml"
    text = of.read_text("utf-8").replace("- {flow: cd5}", "- {flow: disease}")
    path = tmp_path / "asks.yaml"
    reads = "reads: [diagnosis, morphology_blasts_percent, ihc_cd5_percent]"
    path.write_text(text.replace("reads: [diagnosis, ihc_cd5_percent]", reads), "utf-8")
    assert "I1 asks for disease, which is not stated" in faults(path)[0]


def test_the_schema_describes_both_formats() -> None:
    schema = json.dumps(ProtocolFile.model_json_schema())
    assert "cd5flow.protocol/1" in schema
    assert "cd5flow.protocol/2" in schema
    assert set(ProtocolFormat2.model_fields) >= {"trials", "read_on", "disease", "timepoints"}
