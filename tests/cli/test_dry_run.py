"""`cd5flow batch --dry-run`: what would be run, and nothing is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.analysed import CLEAR, fmo_of, tube

if TYPE_CHECKING:
    from support.command_line import Ran, Run

SAID = ("--timepoint", "relapse", "--no-report", "--out", "out")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(tube(CLEAR), folder / "A.fcs")
    shutil.copy(fmo_of(CLEAR), folder / "A_FMO-CD5.fcs")
    (folder / "B.fcs").write_bytes(b"no FCS file")
    shutil.copy(fmo_of(CLEAR), folder / "Y_FMO-CD5.fcs")
    (folder / "notes.txt").write_text("-")
    return folder


def line(ran: Ran, sample: str) -> str:
    """Return the line of a sample, single blanks between its words."""
    assert ran.code == 0
    (found,) = (one for one in ran.out.splitlines() if one.startswith(f"{sample} "))
    return " ".join(found.split())


def test_every_sample_is_told_with_what_it_would_be_analysed_by(cd5flow: Run, run: Path) -> None:
    ran = cd5flow("batch", "run", *SAID, "--dry-run")
    assert line(ran, "A") == (
        "A A.fcs fmo=A_FMO-CD5.fcs relapse unknown auto: t-all-relapse 2.0.0 cd5-cart-70 2.0 out/A "
        "analysed"
    )
    assert "not taken: Y_FMO-CD5.fcs: a control by its name" in ran.out
    assert "not taken: notes.txt: neither .fcs nor .lmd" in ran.out
    assert "2 samples: 2 analysed; 2 files or folders not taken" in ran.out


def test_nothing_is_written(cd5flow: Run, run: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert cd5flow("batch", "run", *SAID, "--dry-run", "--log", "log.jsonl").code == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_what_an_earlier_run_has_done_is_told(cd5flow: Run, run: Path, tmp_path: Path) -> None:
    assert cd5flow("batch", "run", *SAID).code == 3
    again = cd5flow("batch", "run", *SAID, "--dry-run")
    assert line(again, "A").endswith("left as it is: done already")
    assert (
        "left out: failed before, unchanged since; --retry-failed tries again (NotFcs" in again.out
    )
    retried = cd5flow("batch", "run", *SAID, "--dry-run", "--retry-failed")
    assert line(retried, "B").endswith("out/B analysed")
    other = cd5flow("batch", "run", *SAID, "--dry-run", "--protocol", "cd5-cart-90")
    assert line(other, "A").endswith("analysed; the earlier result is kept under previous/")
    (tmp_path / "out" / "A" / "result.json").unlink()
    lost = cd5flow("batch", "run", *SAID, "--dry-run")
    assert line(lost, "A").endswith("refused: its folder is there and holds no result.json")


def test_a_faulty_sheet_is_refused_as_ever(cd5flow: Run, run: Path) -> None:
    (run / "samples.csv").write_text("file,specimen\nA.fcs,marrow\ngone.fcs,csf\n")
    ran = cd5flow("batch", "run", *SAID, "--dry-run")
    assert (ran.code, ran.out, len(ran.told)) == (2, "", 2)
