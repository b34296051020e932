"""States of a stored result derived anew: an analysis agrees with itself, an edit does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cd5flow.analysis.derive import differences
from cd5flow.analysis.settings import make_settings
from cd5flow.analysis.stored import read_stored
from cd5flow.errors import ResultError
from cd5flow.model.result_file import parse_result
from cd5flow.pipeline import analyse_tube
from support.analysed import CLEAR, CLOGGED, FOUR_COLOUR, NO_CD5, analysis, tube
from support.report_factory import resealed

MRD = "p10-mrd-low"


def told(plain: dict[str, Any]) -> list[str]:
    """Return the fields of a changed result that do not follow, under the digest of its content."""
    return [one.path for one in differences(parse_result(resealed(plain)).result)]


def written(name: str = CLEAR) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(analysis(name).result.to_json())
    return plain


@pytest.mark.parametrize("name", [CLEAR, CLOGGED, FOUR_COLOUR, NO_CD5, MRD, "p11-no-disease"])
def test_an_analysis_agrees_with_itself_once_written(name: str) -> None:
    assert told(written(name)) == []


@pytest.mark.parametrize(
    "said",
    [
        {"clinical": {"diagnosis": "T-ALL", "ihc_cd5_percent": 20.0}},
        {"prior_therapy": ["cd7_car", "cd5_car"], "collected_at": "2026-01-31"},
        {"protocol": "cd5-carnk-80", "timepoint": "mrd"},
        {"protocol": "cd5-cart-50", "specimen": "csf"},
    ],
    ids=["clinic", "therapy", "80", "50"],
)
def test_so_does_one_with_whatever_is_said_of_the_tube(
    said: dict[str, Any], tmp_path: Path
) -> None:
    if "clinical" in said:
        file = tmp_path / "clinical.json"
        file.write_text(json.dumps(said["clinical"]), "utf-8")
        said = {"clinical": file}
    result = analyse_tube(tube(CLEAR), make_settings(**said)).result
    assert told(json.loads(result.to_json())) == []


def set_at(plain: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = path.split(".")
    part: Any = plain
    for step in steps:
        part = part[int(step)] if step.isdigit() else part[step]
    part[last] = value


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("cd5.state", "DOES_NOT_MEET", "cd5.state"),
        ("cd5.percent", 71.0, "cd5.percent"),
        ("cd5.ci95_percent", [90.0, 99.9], "cd5.ci95_percent"),
        ("cd5.band_percent", [60.0, 99.0], "cd5.state"),
        ("cd5.threshold_percent", 50.0, "cd5.threshold_percent"),
        ("cd5.pattern", "dim", None),
        ("cd5.basis.compensated", False, "cd5.state"),
        ("cd5.basis.reagent.by", None, "cd5.state"),
        ("burden.state", "MRD_POSITIVE", "burden.state"),
        ("burden.level", "1-5%", "burden.level"),
        ("burden.percent", 1.0, "burden.percent"),
        ("burden.blast_events", 12, "burden.blast_events"),
        ("burden.lod_percent", 1.0, "burden.lod_percent"),
        ("burden.basis.searched", False, None),
        ("criterion.state", "NOT_MET", "criterion.state"),
        ("criterion.flow_state", "REVIEW", "criterion.flow_state"),
        ("sample.specimen", "unknown", "criterion.state"),
        ("sample.timepoint", "diagnosis", "criterion.state"),
        ("quality.state", "FAIL", "quality.state"),
        ("protocol.rules.cd5.threshold_percent", 99.99, "cd5.state"),
        ("protocol.rules", None, "protocol.rules"),
        ("cd5.basis", None, "cd5.basis"),
        ("burden.basis", None, "burden.basis"),
        ("strategy.laip", None, None),
    ],
)
def test_an_edit_that_does_not_follow_is_named(path: str, value: Any, named: str | None) -> None:
    plain = written()
    set_at(plain, path, value)
    assert named in told(plain) if named else told(plain) == []


def test_a_check_is_held_against_its_limits() -> None:
    plain = written(CLOGGED)
    failing = next(i for i, c in enumerate(plain["quality"]["checks"]) if c["state"] == "WARN")
    plain["quality"]["checks"][failing]["state"] = "PASS"
    assert f"quality.checks.{failing}.state" in told(plain)


def test_clinical_facts_decide_again() -> None:
    plain = written()
    plain["provenance"]["settings"]["clinical"] = {"last_cd5_car_date": "2020-01-01"}
    assert "criterion.state" in told(plain)
    plain["provenance"]["settings"]["clinical"] = {"ecog": 9}
    assert told(plain) == ["protocol.rules or provenance.settings.clinical"]


def test_a_blast_count_below_the_limit_withholds_whatever_the_reasons_say() -> None:
    plain = written()
    plain["cd5"]["basis"]["limits"]["definite_blasts"] = 10**6
    assert {"cd5.state", "cd5.reasons"} <= set(told(plain))


def test_what_differs_is_named_with_what_was_found_and_what_follows(tmp_path: Path) -> None:
    plain = written()
    plain["cd5"]["state"] = "DOES_NOT_MEET"
    path = tmp_path / "result.json"
    path.write_text(resealed(plain), "utf-8")
    with pytest.raises(ResultError, match=r"cd5\.state: found DOES_NOT_MEET, derived MEETS"):
        read_stored(path)
    path.write_text(json.dumps(plain), "utf-8")
    with pytest.raises(
        ResultError, match=r"digest: found [0-9a-f]+, expected .*; cd5.state: found"
    ):
        read_stored(path)


def test_under_other_rules_the_digest_alone_is_checked_and_that_is_said(tmp_path: Path) -> None:
    plain = written()
    plain["cd5"]["state"] = "DOES_NOT_MEET"
    plain["provenance"]["rules"] = 99
    path = tmp_path / "result.json"
    path.write_text(resealed(plain), "utf-8")
    stored = read_stored(path)
    assert stored.notes[0].startswith(
        "provenance.rules: found 99, expected 1: its digest was checked"
    )
    path.write_text(json.dumps(plain), "utf-8")
    with pytest.raises(ResultError, match="digest: found"):
        read_stored(path)
