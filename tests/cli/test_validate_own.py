"""`cd5flow validate --own` as a user runs it."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.paths import ROOT

if TYPE_CHECKING:
    from support.command_line import Run

SAMPLES = ROOT / "sample_fcs"
SHEET = """file,sample_id,timepoint,specimen,expected_cd5_percent,expected_blast_percent,reader,kind,spillover
{0}/p01-clear-positive.fcs,one,relapse,bone_marrow,98.031,65,A,sample,
{0}/p01-clear-positive.fcs,two,relapse,bone_marrow,96,65,B,sample,
{0}/p05-cd5-negative-four-colour.fcs,three,relapse,bone_marrow,1.935,45,,sample,hardware
{1},broken,relapse,bone_marrow,1,1,,sample,
"""


def test_a_sheet_becomes_a_record_and_a_report(cd5flow: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.fcs"
    broken.write_bytes(b"no FCS file at all")
    (tmp_path / "own.csv").write_text(SHEET.format(SAMPLES, broken), "utf-8")
    ran = cd5flow("validate", "--own", "own.csv", "--out", "out", "--jobs", "1")
    assert ran.code == 3
    assert "comparison of % CD5: " in ran.out
    out = tmp_path / "out"
    said = json.loads((out / "validation.json").read_text("utf-8"))
    assert said["tubes"] == 3
    assert [one["sample"] for one in said["failures"]] == ["broken"]
    assert said["comparison"]["cd5"]["n"] == 2  # one point a specimen, whoever reads it
    assert (
        "at least 40" in said["comparison"]["cd5"]["reason"]
        or not said["comparison"]["cd5"]["slope"]
    )
    assert said["detection"]["lob"] is None
    assert "60 establish a limit and 20 verify" in said["detection"]["reason"]
    assert said["readers"]["before"]["mean_range"] == pytest.approx(2.031)
    assert said["readers"]["after"]["mean_range"] == 0
    names = {path.name for path in out.iterdir()}
    assert names >= {"validation.pdf", "validation.html", "tubes.csv", "figures.csv", "results"}
    rows = list(csv.DictReader((out / "tubes.csv").read_text("utf-8").splitlines()))
    assert [row["sample"] for row in rows] == ["one", "two", "three"]
    result = json.loads((out / "results" / "one" / "result.json").read_text("utf-8"))
    assert float(rows[0]["cd5_percent"]) == pytest.approx(result["cd5"]["percent"])
    refused = cd5flow(
        "strategies", "limits", "t-all-relapse", "--from", "out/validation.json", "--out", "o.yaml"
    )
    assert refused.code == 2
    assert "establish none" in refused.complaint
    assert not (tmp_path / "o.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--own", "absent.csv"), "absent.csv: is not there"),
        (("--design", "tubes=0"), "found tubes=0, expected 1"),
        (("--design", "patients=4"), "found 'patients=4', expected tubes=N"),
    ],
)
def test_wrong_words_are_told(cd5flow: Run, arguments: tuple[str, str], complaint: str) -> None:
    ran = cd5flow("validate", *arguments)
    assert ran.code in {1, 2}
    assert complaint in ran.complaint


def test_a_design_says_what_it_can_show(cd5flow: Run) -> None:
    ran = cd5flow("validate", "--design", "tubes=40,blanks=60,replicates=3,runs=5")
    assert ran.code == 0
    assert "40 specimens: the bias is known to ± 0.32 SD" in ran.out
    assert "rank 57.5" in ran.out
