"""``cd5flow.yaml`` and `--config`: defaults of a laboratory, and what a result tells of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cd5flow.cli.defaults import load_defaults
from cd5flow.errors import OptionError
from support.analysed import CLEAR, tube

if TYPE_CHECKING:
    from support.command_line import Run

SAID = ("--timepoint", "relapse", "--no-report")


def result(folder: Path) -> dict[str, Any]:
    (path,) = folder.glob("*/result.json")
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return read


def test_the_working_folders_file_gives_what_the_command_line_leaves_open(
    cd5flow: Run, tmp_path: Path
) -> None:
    (tmp_path / "cd5flow.yaml").write_text("specimen: bone_marrow\nprotocol: cd5-cart-90\n")
    ran = cd5flow("analyze", tube(CLEAR), *SAID, "--protocol", "cd5-cart-50")
    assert (ran.code, ran.err) == (0, "cd5flow.yaml: gives specimen\n")
    found = result(tmp_path / "cd5flow-results")
    assert found["sample"]["specimen"] == "bone_marrow"
    assert found["protocol"]["name"] == "cd5-cart-50"
    assert found["provenance"]["origins"] == {
        "specimen": "cd5flow.yaml",
        "protocol": "command line",
        "strategy": "default",
        "language": "default",
        "lab": "default",
    }


def test_another_file_takes_its_place_and_names_files_beside_itself(
    cd5flow: Run, tmp_path: Path
) -> None:
    (tmp_path / "cd5flow.yaml").write_text("specimen: csf\n")
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "house.yaml").write_text("strategy: panel.yaml\n")
    panel = tmp_path / "ours" / "panel.yaml"
    panel.write_text(cd5flow("strategies", "show", "t-all-relapse").out, "utf-8")
    ran = cd5flow("analyze", tube(CLEAR), *SAID, "--config", "ours/house.yaml")
    assert ran.code == 0
    found = result(tmp_path / "cd5flow-results")
    assert found["sample"]["specimen"] == "unknown"
    assert found["provenance"]["settings"]["strategy"] == "panel.yaml"
    assert found["provenance"]["origins"]["strategy"] == "house.yaml"


def test_where_settings_came_from_makes_no_other_result(cd5flow: Run, tmp_path: Path) -> None:
    assert cd5flow("analyze", tube(CLEAR), *SAID, "--specimen", "bone_marrow").code == 0
    (tmp_path / "cd5flow.yaml").write_text("specimen: bone_marrow\n")
    assert "nothing changed" in cd5flow("analyze", tube(CLEAR), *SAID).err


def test_a_sheets_row_goes_before_the_defaults(cd5flow: Run, tmp_path: Path) -> None:
    shutil.copy(tube(CLEAR), tmp_path / "a.fcs")
    shutil.copy(tube(CLEAR), tmp_path / "b.fcs")
    (tmp_path / "samples.csv").write_text("file,specimen\na.fcs,csf\nb.fcs,\n")
    (tmp_path / "cd5flow.yaml").write_text("specimen: bone_marrow\n")
    assert cd5flow("batch", "samples.csv", *SAID, "--out", "out").code == 0
    told = {}
    for name in ("a", "b"):
        found = json.loads((tmp_path / "out" / name / "result.json").read_text("utf-8"))
        told[name] = found["sample"]["specimen"], found["provenance"]["origins"]["specimen"]
    assert told == {"a": ("csf", "sheet"), "b": ("bone_marrow", "cd5flow.yaml")}
    run = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert run["settings"]["origins"]["specimen"] == "cd5flow.yaml"


FAULTS = [
    ("specimen: marrow\n", "1:11: specimen: should be 'bone_marrow'"),
    ("colour: red\n", "1:1: colour: unknown field"),
    ("protocol: 5\n", "1:11: protocol: should be text, found 5"),
    ("strategy: nope\n", "1:11: strategy: no strategy is named 'nope'; there are: t-all-mrd"),
    ("strategy: gone.yaml\n", "1:11: strategy: gone.yaml: cannot be read"),
    ("protocol: nope\n", "1:11: protocol: no protocol is named 'nope'"),
    ("language: xx\n", "1:11: language: language: found 'xx', expected en, zh"),
    ("lab: gone.yaml\n", "1:6: lab: gone.yaml: cannot be read"),
    ("format: cd5flow.defaults/2\n", "1:9: format: should be 'cd5flow.defaults/1'"),
]


@pytest.mark.parametrize(("text", "fault"), FAULTS, ids=[text.strip() for text, _ in FAULTS])
def test_a_fault_is_told_with_its_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("cd5flow.yaml").write_text(text)
    with pytest.raises(OptionError) as refused:
        load_defaults(Path("cd5flow.yaml"))
    assert refused.value.message.startswith(f"cd5flow.yaml:{fault}")


@pytest.mark.parametrize("command", ["analyze", "batch", "review", "validate"])
def test_every_command_with_these_options_refuses_a_faulty_file(
    cd5flow: Run, tmp_path: Path, command: str
) -> None:
    (tmp_path / "cd5flow.yaml").write_text("specimen: marrow\n")
    ran = cd5flow(command, *([] if command == "validate" else ["."]))
    assert ran.code == 2
    assert ran.complaint.startswith("cd5flow: cd5flow.yaml:1:11: specimen: ")


def test_all_faults_are_told_at_once(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "cd5flow.yaml").write_text("lab: gone.yaml\nstrategy: nope\nlanguage: xx\n")
    assert len(cd5flow("analyze", "x.fcs").told) == 3


def test_a_file_that_is_named_must_be_there(cd5flow: Run) -> None:
    ran = cd5flow("analyze", "x.fcs", "--config", "gone.yaml")
    assert (ran.code, "gone.yaml: cannot be read" in ran.complaint) == (2, True)


def test_commands_without_these_options_read_no_defaults(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "cd5flow.yaml").write_text("colour: red\n")
    assert cd5flow("strategies", "list").code == 0
    assert cd5flow("analyze", "--help").code == 0
