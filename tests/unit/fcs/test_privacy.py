"""Which keywords may stay: the list that comes with cd5flow, and lists of a laboratory's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.config.shipped import deidentify_file
from cd5flow.errors import OptionError
from cd5flow.fcs.privacy import Action, KeywordRules, load_rules
from cd5flow.model.events import Channel

CHANNELS = tuple(Channel(i, name, None, 32, 1024, 1024) for i, name in enumerate(["FSC-A", "PE-A"]))
LIST = """
format: cd5flow.deidentify/1
version: 1.0.0
forms: {digit: "[0-9]"}
keep: [{keywords: ["$P{n}V", NOTE], as: digit, why: k}]
dates: [{keywords: [$DATE], as: date, why: d}]
replace: [{keywords: [$FIL], by: data_hash, why: r}]
remove: [{keywords: [$OP], why: o}]
look: [{form: "[0-9]{6}", what: a number}]
"""


@pytest.fixture(scope="module")
def shipped() -> KeywordRules:
    return load_rules(deidentify_file())


def own(tmp_path: Path, text: str) -> KeywordRules:
    (tmp_path / "list.yaml").write_text(text, "utf-8")
    return load_rules(tmp_path / "list.yaml")


@pytest.mark.parametrize(
    "keyword",
    [
        *("$OP", "$INST", "$SRC", "$SMNO", "$COM", "$SYS", "$EXP", "$PROJ", "$CELLS", "$CYTSN"),
        *("$LAST_MODIFIED", "$LAST_MODIFIER", "$PLATEID", "$PLATENAME", "$WELLID", "$CARRIERID"),
        *("PATIENT ID", "&12PATIENT ID", "PATIENT NAME", "SAMPLE ID", "@SAMPLEID1", "TUBE NAME"),
        *("EXPERIMENT NAME", "EXPORT USER NAME", "EXPORT TIME", "CREATOR", "GUID", "FILE GUID"),
        *("CASE NUMBER", "LOGIN NAME", "WORKSTATION", "HOSTID", "CYTNUM", "GTI$FULLUSERNAME"),
        *("CST SETUP DATE", "CYTOMETER CONFIG NAME", "DATE OF BIRTH", "DOB", "GTI$SAMPLEID"),
    ],
)
def test_what_tells_a_person_is_listed_with_a_reason(shipped: KeywordRules, keyword: str) -> None:
    rule = shipped.rule(keyword)
    assert rule.action is Action.REMOVE
    assert rule.entry
    assert rule.why


@pytest.mark.parametrize(
    "keyword", ["CD AGE", "ANYTHING", "P1", "$P1SX", "$PS", "SMITH", "", "PATIENT" * 999]
)
def test_what_no_entry_names_goes(shipped: KeywordRules, keyword: str) -> None:
    assert shipped.rule(keyword).action is Action.REMOVE


@pytest.mark.parametrize(
    "keyword",
    [
        *("$PAR", "$TOT", "$BYTEORD", "$DATATYPE", "$MODE", "$TIMESTEP", "$SPILLOVER", "SPILL"),
        *("$P1B", "$P12E", "$P3N", "$P4S", "$P5R", "$P6G", "$P7V", "$P8DATATYPE", "P9DISPLAY"),
        *("$COMP", "$DFC1TO2", "$CYT", "TIMETICKS"),
    ],
)
def test_what_an_analysis_needs_may_stay(shipped: KeywordRules, keyword: str) -> None:
    assert shipped.rule(keyword).action is Action.KEEP


@pytest.mark.parametrize(
    ("keyword", "value", "fits"),
    [
        ("$PAR", "12", True),
        ("$PAR", "12 Smith", False),
        ("$P1V", "450,5", True),
        ("$P1V", "Smith", False),
        ("$P1E", "4.0,0.1", True),
        ("$P1E", "4,Smith", False),
        ("$BYTEORD", "4, 3, 2, 1", True),
        ("$MODE", "L", True),
        ("$MODE", "List of J", False),
        ("$P1F", "561/10 nm", True),
        ("$P1F", "for Smith", False),
        ("P1DISPLAY", "LOG", True),
        ("$TR", "FSC-A,200", True),
        ("THRESHOLD", "FSC,200", True),
        ("$TR", "Smith,200", False),
        ("$SPILLOVER", "2,FSC-A,PE-A,1,0,0,1", True),
        ("$SPILLOVER", "2,FSC-A,Smith,1,0.1,0,1", False),
        ("$SPILLOVER", "2,FSC-A,PE-A,1,0,0,1,Smith", False),
        ("$P1V", "9" * 5000, False),
    ],
)
def test_a_value_stays_only_in_its_form(
    shipped: KeywordRules, keyword: str, value: str, *, fits: bool
) -> None:
    form = shipped.rule(keyword).form
    assert shipped.fits(form, value, keyword=keyword, channels=CHANNELS) is fits


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("CD5 PE-Cy7", 0),
        ("CD45 V500", 0),
        ("BV605-A", 0),
        ("CD5 12345678", 1),
        ("CD5 2024-01-31", 1),
        ("tube of Mr X", 1),
        ("a.b@c.org", 1),
    ],
)
def test_labels_that_may_name_somebody_are_noticed(
    shipped: KeywordRules, label: str, found: int
) -> None:
    assert len(shipped.look_at(label)) == found


def test_what_is_written_out_goes_before_patterns(tmp_path: Path) -> None:
    text = LIST.replace(
        "remove: [{keywords: [$OP], why: o}]",
        'remove: [{keywords: ["$P*"], why: star}, {keywords: ["$P2V"], why: exact}]',
    )
    rules = own(tmp_path, text)
    assert rules.rule("$P1V").action is Action.KEEP
    assert rules.rule("$P2V").why == "exact"
    assert rules.rule("$P1S").why == "star"
    assert rules.rule("NOTE").action is Action.KEEP


def test_among_equals_removal_wins(tmp_path: Path) -> None:
    rules = own(tmp_path, LIST.replace("[$OP]", "[note, $FIL, $DATE, '$P{n}V']"))
    assert {rules.rule(k).action for k in ("NOTE", "$FIL", "$DATE", "$P1V")} == {Action.REMOVE}


def test_more_keywords_may_be_removed_than_the_list_has(tmp_path: Path) -> None:
    rules = own(tmp_path, LIST).also_removing([" note "])
    assert rules.rule("NOTE").asked
    assert not rules.rule("$P1V").asked


@pytest.mark.parametrize(
    ("change", "into", "fault"),
    [
        ("as: digit", "as: digits", "digits is no form"),
        ("digit:", "count:", "count is a form already"),
        ('"[0-9]"', '"[0-9"', "is no regular expression"),
        ("by: data_hash", "by: text", "text is given with `by: text`"),
        ("remove: [{", "remove: [{surprise: 1, ", "unknown field"),
        ("version: 1.0.0", "", "field 'version' is missing"),
    ],
)
def test_faults_of_a_list_are_said_with_their_place(
    tmp_path: Path, change: str, into: str, fault: str
) -> None:
    assert change in LIST
    with pytest.raises(OptionError, match=r"list\.yaml:[0-9]+:[0-9]+: ") as caught:
        own(tmp_path, LIST.replace(change, into))
    assert fault in str(caught.value)
