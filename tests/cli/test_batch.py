"""`cd5flow batch` as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from analysed import CLEAR, FOUR_COLOUR, fmo_of, tube

if TYPE_CHECKING:
    from conftest import Run


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"), newline="")))


def test_a_sheet_is_worked_through_and_a_broken_tube_does_not_stop_it(
    cd5flow: Run, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for path in (tube(CLEAR), fmo_of(CLEAR), tube(FOUR_COLOUR)):
        shutil.copy(path, run)
    (run / "broken.fcs").write_bytes(tube(CLEAR).read_bytes()[:20_000])
    (run / "samples.csv").write_text(
        "file,sample_id,role,for_sample,timepoint,spillover,accession\n"
        f"{CLEAR}.fcs,S1,,,relapse,,A1\n"
        f"{CLEAR}_FMO-CD5.fcs,,fmo,S1,,,\n"
        f"{FOUR_COLOUR}.fcs,=S2,,,relapse,hardware,A2\n"
        "broken.fcs,S3,,,relapse,,A3\n",
        "utf-8",
    )
    ran = cd5flow("batch", "run", "--out", "out", "--no-report")
    assert ran.code == 3
    assert "Traceback" not in ran.err
    assert ran.err.splitlines()[0] == f"using the sheet {Path('run') / 'samples.csv'}"
    assert "[3/3] S3: FAILED FcsTruncatedError" in ran.err
    assert ran.out.startswith("2 of 3 samples done, 1 failed")
    first, second = table(tmp_path / "out" / "summary.csv")
    assert (first["sample"], first["accession"], first["controls"]) == ("S1", "A1", "fmo accepted")
    assert (second["sample"], second["folder"]) == ("'=S2", "_S2")
    (failure,) = table(tmp_path / "out" / "failures.csv")
    assert (failure["sample"], failure["file"]) == ("S3", "broken.fcs")
    assert failure["error"] == "FcsTruncatedError"
    assert json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["counts"]["failed"] == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "S1",
        "_S2",
        "failures.csv",
        "run.json",
        "summary.csv",
    ]


def test_a_folder_without_a_sheet_is_taken_by_its_names(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "run" / "day1").mkdir(parents=True)
    shutil.copy(tube(CLEAR), tmp_path / "run" / "day1" / "X.FCS")
    shutil.copy(fmo_of(CLEAR), tmp_path / "run" / "day1" / "X_FMO-CD5.fcs")
    ran = cd5flow("batch", "run", "--timepoint", "relapse", "--no-report")
    assert ran.code == 0, ran.err
    (row,) = table(tmp_path / "cd5flow-results" / "summary.csv")
    assert (row["sample"], row["timepoint"], row["cd5_cut_method"]) == ("X", "relapse", "fmo")


def test_a_faulty_sheet_is_exit_2_with_every_fault_and_nothing_done(
    cd5flow: Run, tmp_path: Path
) -> None:
    (tmp_path / "s.csv").write_text("file,timepoint\ngone.fcs,now\nlost.fcs,\n", "utf-8")
    ran = cd5flow("batch", "s.csv")
    assert (ran.code, ran.out) == (2, "")
    assert [line.partition(": expected")[0][:30] for line in ran.err.splitlines()] == [
        "cd5flow: s.csv: row 2: file: g",
        "cd5flow: s.csv: row 2: timepoi",
        "cd5flow: s.csv: row 3: file: l",
    ]
    assert not (tmp_path / "cd5flow-results").exists()


def test_nothing_to_do_is_exit_1(cd5flow: Run, tmp_path: Path) -> None:
    assert cd5flow("batch", "gone").code == 1
    (tmp_path / "empty").mkdir()
    assert "found no .fcs or .lmd" in cd5flow("batch", "empty").complaint
