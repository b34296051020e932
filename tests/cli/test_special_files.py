"""Pipes and devices in a file's place: refused at once by every option, never waited for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cd5flow.batch.eventlog import open_log
from cd5flow.batch.table_file import read_table
from cd5flow.config.atomic import open_atomically
from cd5flow.criteria.clinical import load_clinical
from cd5flow.criteria.protocol import load_protocol
from cd5flow.errors import Cd5FlowError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.privacy import load_rules
from cd5flow.gating.override import load_overrides
from cd5flow.gating.strategy import load_strategy
from cd5flow.interop.gates import read_gates
from cd5flow.model.result_file import load_result
from cd5flow.preprocess.compensation import read_spillover_csv
from cd5flow.report.lab import load_lab

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")

READERS = {
    "tube": read_fcs,
    "sheet": read_table,
    "clinical file": load_clinical,
    "protocol": load_protocol,
    "strategy": load_strategy,
    "override": load_overrides,
    "gates": lambda path: read_gates(path, {}),
    "result": load_result,
    "matrix": read_spillover_csv,
    "laboratory": load_lab,
    "list of keywords": load_rules,
    "log": lambda path: open_log(path).__enter__(),
    "output": lambda path: open_atomically(path).__enter__(),
}


@pytest.mark.parametrize("what", READERS)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_whatever_is_no_file_is_refused_at_once(tmp_path: Path, what: str, kind: str) -> None:
    place = tmp_path / "place.yaml"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/zero")
    with pytest.raises(Cd5FlowError, match=r"regular file"):
        READERS[what](place)  # type: ignore[operator]  # each takes a path
    assert place.exists()


def test_a_logo_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logo.png")
    file = tmp_path / "lab.yaml"
    file.write_text("format: cd5flow.laboratory/1\nname: A\nlogo: logo.png\n", "utf-8")
    with pytest.raises(Cd5FlowError, match="no regular file"):
        load_lab(file)


def test_a_command_ends_with_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lab.yaml")
    ran = subprocess.run(
        [sys.executable, "-m", "cd5flow", "analyze", "none.fcs", "--lab", "lab.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
