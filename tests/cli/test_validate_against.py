"""`cd5flow validate --against` as a user runs it: the same set, an edited strategy, a tube that is gone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.paths import ROOT

if TYPE_CHECKING:
    from support.command_line import Run

SAMPLES = ROOT / "sample_fcs"
TUBE = "p01-clear-positive.fcs"


@pytest.fixture
def frozen(cd5flow: Run, tmp_path: Path) -> Path:
    (tmp_path / "tubes").mkdir()
    shutil.copy(SAMPLES / TUBE, tmp_path / "tubes" / TUBE)
    ran = cd5flow(
        "analyze", f"tubes/{TUBE}", "--timepoint", "relapse", "--no-report", "--out", "frozen"
    )
    assert ran.code == 0
    return tmp_path / "frozen"


def test_the_same_set_is_the_same(cd5flow: Run, frozen: Path, tmp_path: Path) -> None:
    arguments = ("validate", "--against", "frozen", "--input", "tubes", "--jobs", "1")
    ran = cd5flow(*arguments, "--write", "again")
    assert ran.code == 0
    assert "1 tubes: 1 the same, 0 differ, 0 of them in a state, 0 not repeated" in ran.out
    found = json.loads((tmp_path / "again" / "differences.json").read_text("utf-8"))
    assert (found["tubes"], found["same"], found["tubes_that_differ"]) == (1, 1, [])
    assert (tmp_path / "again" / frozen.name).exists() is False
    assert len(list((tmp_path / "again").glob("*/result.json"))) == 1


def test_another_protocol_is_named_as_the_cause_and_a_changed_state_is_exit_1(
    cd5flow: Run, frozen: Path
) -> None:
    arguments = ("validate", "--against", "frozen", "--input", "tubes", "--jobs", "1")
    text = (SAMPLES.parent / "gating" / "protocols" / "cd5-cart-70.yaml").read_text("utf-8")
    strict = frozen.parent / "strict.yaml"
    strict.write_text(text.replace("threshold_percent: 70", "threshold_percent: 99.9"), "utf-8")
    ran = cd5flow(*arguments, "--protocol", "strict.yaml", "--json")
    assert ran.code == 1
    found: dict[str, Any] = json.loads(ran.out)
    (tube,) = found["tubes_that_differ"]
    assert tube["causes"] == ["protocol"]
    assert found["by_cause"] == {"protocol": 1}
    states = {one["field"]: one["after"] for one in tube["differences"] if one["kind"] == "state"}
    assert states["cd5.state"] != "MEETS"
    told = cd5flow(*arguments, "--protocol", "strict.yaml")
    assert told.code == 1
    assert "STATE cd5.state: MEETS -> " in told.out
    assert told.out.startswith("protocol: 1 tubes differ")


def test_the_tubes_are_found_where_the_results_say_that_they_were(
    cd5flow: Run, frozen: Path
) -> None:
    ran = cd5flow("validate", "--against", "frozen", "--jobs", "1")
    assert ran.code == 0
    assert "1 tubes: 1 the same" in ran.out


def test_a_tube_that_is_gone_is_not_repeated(cd5flow: Run, frozen: Path) -> None:
    (frozen.parent / "tubes").rename(frozen.parent / "moved")
    ran = cd5flow("validate", "--against", "frozen", "--jobs", "1")
    assert ran.code == 3
    assert "say where the tubes are with --input FOLDER" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("--against", "absent"), 1, "found no SAMPLE/result.json"),
        (("--against", "frozen", "--write", "frozen"), 2, "is the frozen set itself"),
    ],
)
def test_wrong_folders_are_told(
    cd5flow: Run, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    ran = cd5flow("validate", *arguments)
    assert ran.code == code
    assert complaint in ran.complaint
