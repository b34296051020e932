"""`cd5flow validate` as a user runs it: alike whatever the processes, and gone on with."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.processes import PATIENCE_SECONDS, until
from support.validation_factory import small_series

if TYPE_CHECKING:
    from support.command_line import Run

TUBES = "accuracy=1,level=1,blank=1,resamples=1"


def record(out: Path) -> dict[str, Any]:
    said = json.loads((out / "validation.json").read_text("utf-8"))
    assert isinstance(said, dict)
    return said


def test_a_small_validation_is_the_same_with_one_process_and_with_two(
    cd5flow: Run, tmp_path: Path
) -> None:
    series = small_series(tmp_path)
    arguments = ("validate", "--series", series, "--tubes", TUBES, "--seed", "5")
    ran = cd5flow(*arguments, "--jobs", "1", "--out", "one")
    assert ran.code == 0
    assert "SOFTWARE, SYNTHETIC" in ran.out.splitlines()[0]
    assert "jobs" in ran.err
    other = cd5flow(*arguments, "--jobs", "2", "--out", "two", "--json", fresh=True)
    first, second = record(tmp_path / "one"), record(tmp_path / "two")
    assert json.loads(other.out) == second
    for said in (first, second):
        del said["provenance"]["created"]
    assert first == second
    tables = [(tmp_path / out / "tubes.csv").read_bytes() for out in ("one", "two")]
    assert tables[0] == tables[1]
    rows = list(csv.DictReader(tables[0].decode().splitlines()))
    assert {row["kind"] for row in rows} == {
        "accuracy",
        "dilution",
        "blank",
        "precision_cd5",
        "precision_burden",
    }
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["tubes.csv", "validation.html", "validation.json", "validation.pdf"]


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
def test_an_interrupted_validation_goes_on_where_it_was(cd5flow: Run, tmp_path: Path) -> None:
    series = small_series(tmp_path)
    arguments = ["validate", "--series", str(series), "--tubes", TUBES, "--jobs", "1"]
    command = [sys.executable, "-m", "cd5flow", *arguments, "--out", "out"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        kept = tmp_path / "out" / ".cd5flow" / "tubes"
        until(lambda: len(list(kept.glob("*.json"))) >= 2, what="two tubes")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "run again to go on" in said
    assert not (tmp_path / "out" / "validation.json").exists()
    ran = cd5flow(*arguments, "--out", "out")
    assert ran.code == 0
    assert "by an interrupted run" in ran.err
    assert not (tmp_path / "out" / ".cd5flow").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--tubes", "some"), "tubes: found 'some'"),
        (("--jobs", "0"), "jobs: found 0"),
        (("--seed", "-1"), "seed: found -1"),
        (("--strategy", "none-such"), "no strategy is named"),
        (("--series", "absent.yaml"), "absent.yaml: cannot be read"),
    ],
)
def test_wrong_options_are_exit_2_before_anything_is_written(
    cd5flow: Run, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    ran = cd5flow("validate", *arguments, "--out", "out")
    assert ran.code == 2
    assert complaint in ran.complaint
    assert not (tmp_path / "out").exists()
