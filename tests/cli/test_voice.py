"""`--quiet` and `--verbose`: the same for every command."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.analysed import CLEAR, fmo_of, tube
from support.typer_tree import commands

if TYPE_CHECKING:
    from support.command_line import Run

SAID = ("--timepoint", "relapse", "--specimen", "bone_marrow", "--no-report")


@pytest.mark.parametrize("words", commands())
def test_every_command_can_be_quiet_and_verbose(words: str) -> None:
    names = {param.name for param in commands()[words].params}
    assert {"quiet", "verbose"} <= names


def test_quiet_leaves_results_and_no_messages(cd5flow: Run) -> None:
    first = cd5flow("analyze", tube(CLEAR), *SAID)
    again = cd5flow("analyze", tube(CLEAR), *SAID)
    quiet = cd5flow("analyze", tube(CLEAR), *SAID, "--quiet")
    assert "nothing changed" in again.err
    assert (quiet.code, quiet.err) == (0, "")
    assert quiet.out == first.out


def test_quiet_tells_why_a_command_is_refused(cd5flow: Run) -> None:
    ran = cd5flow("inspect", "gone.fcs", "--quiet")
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "gone.fcs" in ran.err


def test_quiet_tells_what_failed_now_and_what_needs_a_look(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "A.fcs").write_bytes(b"no FCS file")
    shutil.copy(tube(CLEAR), tmp_path / "run" / "B.fcs")
    shutil.copy(fmo_of(CLEAR), tmp_path / "run" / "Y_FMO-CD5.fcs")
    ran = cd5flow("batch", "run", *SAID, "--quiet")
    assert ran.code == 3
    told = ran.err.splitlines()
    assert [line.partition(":")[0].partition(",")[0] for line in told] == [
        "not taken",
        "to go on",
        "[1/2] A" if "[1/2] A" in ran.err else "[2/2] A",
    ]


def test_verbose_tells_options_their_origins_and_the_seconds(cd5flow: Run) -> None:
    ran = cd5flow("analyze", tube(CLEAR), *SAID, "--verbose", "--json")
    assert ran.code == 0
    assert ran.out.startswith("{")
    assert "  timepoint: relapse (command line)" in ran.err
    assert "  strategy: auto (default)" in ran.err
    assert "strategy: t-all-relapse " in ran.err
    assert ran.err.splitlines()[-1].startswith("cd5flow analyze: ")


def test_verbose_tells_every_sample_of_a_batch(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    shutil.copy(tube(CLEAR), tmp_path / "run" / "B.fcs")
    ran = cd5flow("batch", "run", *SAID, "--verbose")
    assert any(line.startswith("[1/1] B: ") for line in ran.err.splitlines())


def test_verbose_tells_why_a_file_cannot_be_read(cd5flow: Run) -> None:
    ran = cd5flow("strategies", "check", "gone.yaml", "--verbose")
    assert ran.code == 2
    assert "because FileNotFoundError: " in ran.err


def test_quiet_and_verbose_together_are_wrong_usage(cd5flow: Run) -> None:
    assert cd5flow("schema", "result", "--quiet", "--verbose").code == 2
