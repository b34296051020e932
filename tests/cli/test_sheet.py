"""`cd5flow sheet`: a sheet that a batch takes as it is."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from support.analysed import CLEAR, NO_CD5, fmo_of, tube

if TYPE_CHECKING:
    from support.command_line import Run


def filled(folder: Path) -> Path:
    folder.mkdir()
    shutil.copy(tube(CLEAR), folder / "P1 BM.fcs")
    shutil.copy(fmo_of(CLEAR), folder / "P1 minus CD5.fcs")
    shutil.copy(tube(NO_CD5), folder / "P2.fcs")
    return folder


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_sheet_says_roles_and_reasons_and_batch_takes_it(cd5flow: Run, tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    ran = cd5flow("sheet", folder.name)
    assert ran.code == 0
    assert [(row["file"], row["role"], row["for_sample"]) for row in rows(ran.out)] == [
        ("run/P1 BM.fcs", "sample", ""),
        ("run/P1 minus CD5.fcs", "fmo", "P1 BM"),
        ("run/P2.fcs", "sample", ""),
    ]
    assert all(row["notes"] for row in rows(ran.out))
    (tmp_path / "samples.csv").write_text(ran.out, "utf-8")
    done = cd5flow("batch", "samples.csv", "--no-report", "--out", "out")
    assert (done.code, "2 of 2 samples done" in done.out) == (0, True)


def test_a_file_that_cannot_be_read_is_named_and_costs_the_exit_code(
    cd5flow: Run, tmp_path: Path
) -> None:
    folder = filled(tmp_path / "run")
    (folder / "bad.fcs").write_bytes(b"no")
    ran = cd5flow("sheet", folder)
    assert (ran.code, len(rows(ran.out))) == (1, 4)
    assert "cd5flow: bad.fcs: " in ran.err


def test_no_folder_is_refused(cd5flow: Run, tmp_path: Path) -> None:
    assert "expected a folder" in cd5flow("sheet", tmp_path / "absent").complaint


def test_a_batch_names_likely_controls_and_how_to_go_on(cd5flow: Run, tmp_path: Path) -> None:
    folder = filled(tmp_path / "run")
    ran = cd5flow("batch", folder, "--no-report", "--out", tmp_path / "out")
    assert ran.code == 0
    assert "likely a control: 'minus cd5' in its name: P1 minus CD5.fcs" in ran.err
    assert f"cd5flow sheet {folder} > samples.csv" in ran.err
    assert "P1 minus CD5" not in (tmp_path / "out" / "summary.csv").read_text("utf-8")
