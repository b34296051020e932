"""The table of codes: whole, verified before it goes out, and a site's own where it has one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cd5flow.config.shipped import codes_file
from cd5flow.errors import OptionError
from cd5flow.interop.codes import KEYS, Concept, load_codes
from cd5flow.model.result import BurdenState, Cd5State, Specimen

SHIPPED = codes_file().read_text(encoding="utf-8")


def edited(tmp_path: Path, old: str, new: str) -> Path:
    assert old in SHIPPED
    path = tmp_path / "codes.yaml"
    path.write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    return path


def systems(concept: dict[str, list[dict[str, str]]]) -> list[str]:
    return [coding["system"] for coding in concept["coding"]]


def test_everything_that_goes_out_has_a_name() -> None:
    assert set(load_codes().value.codes) == set(KEYS)
    assert {"MEETS", "NOT_DETECTED", "REVIEW", "WARN", "bone_marrow", "report"} <= set(KEYS)


def test_states_that_say_unknown_have_none() -> None:
    assert not {"NOT_EVALUABLE", "NOT_DONE", "unknown"} & set(KEYS)


def test_an_unverified_code_stays_here() -> None:
    table = load_codes().value
    assert [c.verified for c in table.codes["report"].codes] == [False, False]
    assert systems(table.concept(Concept.REPORT)) == ["urn:cd5flow:codes"]
    assert "45270-6" not in str(table.concept(Concept.REPORT))


def test_a_verified_code_goes_out_before_the_local_one() -> None:
    concept = load_codes().value.concept(Specimen.BONE_MARROW)
    assert systems(concept) == ["http://snomed.info/sct", "urn:cd5flow:codes"]
    assert concept["coding"][0]["code"] == "119359002"
    assert concept["text"] == "Bone marrow"


def test_a_code_goes_out_once_a_site_has_verified_it(tmp_path: Path) -> None:
    path = edited(tmp_path, "verified: false", "verified: true")
    concept = load_codes(path).value.concept(Concept.REPORT)
    assert concept["coding"][0] == {
        "system": "http://loinc.org",
        "code": "45270-6",
        "display": "Acute leukemia panel - Specimen by Flow cytometry",
    }


def test_a_code_for_one_specimen_goes_out_with_that_alone(tmp_path: Path) -> None:
    path = edited(tmp_path, "verified: false", "verified: true\n        specimens: [bone_marrow]")
    table = load_codes(path).value
    assert len(table.concept(Concept.REPORT, Specimen.BONE_MARROW)["coding"]) == 2
    assert len(table.concept(Concept.REPORT, Specimen.PERIPHERAL_BLOOD)["coding"]) == 1
    assert len(table.concept(Concept.REPORT, Specimen.UNKNOWN)["coding"]) == 1


def test_every_verified_code_names_its_source() -> None:
    for key, entry in load_codes().value.codes.items():
        for code in entry.codes:
            assert code.source, key
            if code.verified:
                assert code.system != "http://loinc.org", "no LOINC code has been verified yet"


def test_no_text_speaks_of_who_may_take_part() -> None:
    assert not re.search("eligib", SHIPPED, re.IGNORECASE)


def test_a_concept_is_recognised_by_its_local_code() -> None:
    table = load_codes().value
    assert table.key_of(table.concept(Cd5State.MEETS)) == "MEETS"
    assert table.key_of(table.concept(BurdenState.NOT_DETECTED)) == "NOT_DETECTED"
    assert table.key_of({"coding": [{"system": "http://loinc.org", "code": "report"}]}) is None
    assert table.key_of({"text": "report"}) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  cd5-state:", "  cd5-states:", "codes: unknown cd5-states; known are report"),
        ("  lod: {text: Limit of detection reached}\n", "", "codes: lod missing"),
        ("verified: false", "verified: maybe", "codes.report.codes[0].verified"),
        ("local: urn:cd5flow:codes", "local: our codes", "systems.local"),
        ("code: 45270-6", "code: 45270", "codes.report.codes[0].code: should be text, found 45270"),
        ("{text: Limit of detection reached}", "{text: ' padded '}", "codes.lod.text"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = edited(tmp_path, old, new)
    with pytest.raises(OptionError) as refused:
        load_codes(path)
    assert re.match(rf"{re.escape(str(path))}:\d+:\d+: ", refused.value.message)
    assert said in refused.value.message


def test_an_absent_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        load_codes(tmp_path / "none.yaml")
