from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cd5flow.batch.guessed_sheet import GuessedSheet, guess_sheet
from cd5flow.batch.plan import BatchPlan, make_plan
from cd5flow.errors import FileAccessError, SheetError
from support.fcs_factory import fcs

DETECTORS = ("FSC-A", "SSC-A", "FITC-A", "PE-A", "APC-A")
LABELS = ("", "", "CD7", "CD5", "CD45")


def tube(
    path: Path,
    *,
    labels: tuple[str, ...] = LABELS,
    day: str = "31-JAN-2026",
    keywords: dict[str, str] | None = None,
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    said: dict[str, str | None] = {"$DATE": day, "$CYT": "A cytometer"} if day else {}
    said |= {f"$P{n}S": label for n, label in enumerate(labels, start=1) if label}
    said |= keywords or {}
    events = [[float(n + 1)] * len(DETECTORS) for n in range(3)]
    path.write_bytes(fcs(events, names=DETECTORS, keywords=said))


NO_CD5 = ("", "", "CD7", "", "CD45")


def guessed(folder: Path) -> dict[str, dict[str, str]]:
    return {row["file"]: row for row in sheet_of(folder).rows}


def sheet_of(folder: Path) -> GuessedSheet:
    return guess_sheet(folder, beside=folder)


def role(row: dict[str, str]) -> tuple[str, str]:
    return row["role"], row["for_sample"]


def planned(folder: Path, **words: Any) -> BatchPlan:
    """Take the sheet as it is."""
    (folder / "s.csv").write_text(sheet_of(folder).csv(), "utf-8")
    return make_plan(folder / "s.csv", words=words)


def test_a_control_by_name_belongs_to_the_tube_of_that_name(tmp_path: Path) -> None:
    for name in ("P01 BM", "P01 PB", "P02 BM", "P01 BM minus CD5", "P02 BM iso"):
        tube(tmp_path / f"{name}.fcs")
    rows = guessed(tmp_path)
    assert role(rows["P01 BM minus CD5.fcs"]) == ("fmo", "P01 BM")
    assert role(rows["P02 BM iso.fcs"]) == ("isotype", "P02 BM")
    assert "'minus cd5' in its name" in rows["P01 BM minus CD5.fcs"]["notes"]
    assert role(rows["P01 PB.fcs"]) == ("sample", "")


def test_a_control_whose_name_fits_several_is_left_open_and_names_them(tmp_path: Path) -> None:
    for name in ("P01 BM", "P01 PB", "P01 FMO"):
        tube(tmp_path / f"{name}.fcs")
    sheet = sheet_of(tmp_path)
    row = next(row for row in sheet.rows if row["file"] == "P01 FMO.fcs")
    assert role(row) == ("", "")
    assert "it may belong to P01 BM.fcs, P01 PB.fcs" in row["notes"]
    assert sheet.open_roles == ("P01 FMO.fcs",)


def test_a_control_of_a_patient_who_is_not_there_is_nobody_elses(tmp_path: Path) -> None:
    for name in ("P01 BM", "P03 BM FMO"):
        tube(tmp_path / f"{name}.fcs")
    row = guessed(tmp_path)["P03 BM FMO.fcs"]
    assert role(row) == ("", "")
    assert "the names differ" in row["notes"]


def test_a_panel_without_the_label_of_cd5_is_an_fmo_of_the_same_day(tmp_path: Path) -> None:
    tube(tmp_path / "alpha.fcs")
    tube(tmp_path / "beta.fcs", labels=NO_CD5)
    tube(tmp_path / "gamma.fcs", day="01-FEB-2026")
    row = guessed(tmp_path)["beta.fcs"]
    assert role(row) == ("fmo", "alpha")
    assert "the panel of alpha.fcs without a label for CD5" in row["notes"]


def test_a_panel_of_another_day_is_left_open(tmp_path: Path) -> None:
    tube(tmp_path / "alpha.fcs")
    tube(tmp_path / "beta.fcs", labels=NO_CD5, day="01-FEB-2026")
    assert role(guessed(tmp_path)["beta.fcs"]) == ("", "")


def test_a_panel_with_an_isotype_in_the_place_of_cd5_is_an_isotype_control(tmp_path: Path) -> None:
    tube(tmp_path / "alpha.fcs")
    tube(tmp_path / "beta.fcs", labels=("", "", "CD7", "IgG2a", "CD45"))
    assert role(guessed(tmp_path)["beta.fcs"]) == ("isotype", "alpha")


@pytest.mark.parametrize(
    "labels", [("", "", "CD19", "", "CD45"), ("", "", "", "", ""), ("", "", "CD7", "CD2", "CD45")]
)
def test_another_panel_without_cd5_is_a_sample(tmp_path: Path, labels: tuple[str, ...]) -> None:
    tube(tmp_path / "alpha.fcs")
    tube(tmp_path / "beta.fcs", labels=labels)
    assert role(guessed(tmp_path)["beta.fcs"]) == ("sample", "")


def test_tubes_of_the_same_matrix_belong_together(tmp_path: Path) -> None:
    for name, value in (("one", "0.1"), ("two", "0.2")):
        matrix = f"2,PE-A,APC-A,1,{value},0,1"
        tube(tmp_path / f"{name}.fcs", keywords={"$SPILLOVER": matrix})
        tube(tmp_path / f"x{name}.fcs", labels=NO_CD5, keywords={"$SPILLOVER": matrix})
    rows = guessed(tmp_path)
    assert [role(rows[f"x{name}.fcs"]) for name in ("one", "two")] == [
        ("fmo", "one"),
        ("fmo", "two"),
    ]


def test_an_fmo_of_another_marker_or_dye_is_left_open(tmp_path: Path) -> None:
    for name in ("P1", "P1 FMO CD7", "P1 FMO APC"):
        tube(tmp_path / f"{name}.fcs")
    tube(tmp_path / "P2.fcs")
    tube(tmp_path / "P2 FMO.fcs", labels=("", "", "", "CD5", "CD45"))
    tube(tmp_path / "P3.fcs")
    tube(tmp_path / "P3 FMO PE.fcs")
    rows = guessed(tmp_path)
    assert "an FMO of CD7, not of CD5" in rows["P1 FMO CD7.fcs"]["notes"]
    assert "an FMO of apc, and CD5 is on PE-A" in rows["P1 FMO APC.fcs"]["notes"]
    assert "its labels lack CD7" in rows["P2 FMO.fcs"]["notes"]
    assert {rows[f"{n}.fcs"]["role"] for n in ("P1 FMO CD7", "P1 FMO APC", "P2 FMO")} == {""}
    assert role(rows["P3 FMO PE.fcs"]) == ("fmo", "P3")


def test_two_fmo_of_one_tube_are_both_left_open(tmp_path: Path) -> None:
    for name in ("P1", "P1 FMO_001", "P1 FMO_002"):
        tube(tmp_path / f"{name}.fcs")
    rows = guessed(tmp_path)
    assert {role(row) for name, row in rows.items() if "FMO" in name} == {("", "")}
    assert "would be the same control" in rows["P1 FMO_001.fcs"]["notes"]


def test_keywords_tell_where_the_name_does_not(tmp_path: Path) -> None:
    tube(tmp_path / "a.fcs", keywords={"$SRC": "Case 7"})
    tube(tmp_path / "b.fcs", keywords={"TUBE NAME": "FMO CD5", "$SRC": "Case 7"})
    tube(tmp_path / "c.fcs", keywords={"$SRC": "Case 8"})
    row = guessed(tmp_path)["b.fcs"]
    assert role(row) == ("fmo", "a")
    assert "'fmo' in its keyword TUBE NAME" in row["notes"]


def test_a_tube_named_without_cd5_needs_its_namesake(tmp_path: Path) -> None:
    for name in ("P1", "P1 no CD5", "P2 no CD5"):
        tube(tmp_path / f"{name}.fcs")
    rows = guessed(tmp_path)
    assert role(rows["P1 no CD5.fcs"]) == ("fmo", "P1")
    assert role(rows["P2 no CD5.fcs"]) == ("sample", "")


def test_what_cannot_be_read_stays_in_the_sheet_open(tmp_path: Path) -> None:
    tube(tmp_path / "a.fcs")
    (tmp_path / "bad.fcs").write_bytes(b"no")
    sheet = sheet_of(tmp_path)
    assert sheet.open_roles == ("bad.fcs",)
    assert sheet.unreadable[0].startswith("bad.fcs: ")
    assert [job.sample_id for job in planned(tmp_path).jobs] == ["a", "bad"]


def test_ids_of_files_of_one_name_are_told_by_their_folders(tmp_path: Path) -> None:
    for name in ("one/x", "two/x", "two/x FMO", "three/y"):
        tube(tmp_path / f"{name}.fcs")
    rows = guessed(tmp_path)
    assert [rows[f"{n}.fcs"]["sample_id"] for n in ("one/x", "two/x", "three/y")] == [
        "one x",
        "two x",
        "y",
    ]
    assert role(rows["two/x FMO.fcs"]) == ("fmo", "two x")
    jobs = {job.sample_id: set(job.settings.controls) for job in planned(tmp_path).jobs}
    assert jobs == {"one x": set(), "two x": {"fmo"}, "y": set()}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_the_sheet_is_taken_as_it_is_whatever_names_files_have(tmp_path: Path) -> None:
    names = [
        "張三",
        "Mül\u0308ler",
        "a\nb",
        "c\rd",
        "=1+1",
        " blank ",
        "x;y",
        "😀",
        "\u202eabc",
        "P1.",
    ]
    for name in names:
        tube(tmp_path / f"{name}.fcs")
        tube(tmp_path / f"{name} FMO.fcs")
    latin = os.fsdecode(b"M\xfcller 2")
    tube(tmp_path / f"{latin}.fcs")
    tube(tmp_path / f"{latin} FMO.fcs")
    plan = planned(tmp_path)
    assert plan.not_taken == ()
    assert {job.file.name for job in plan.jobs} == {f"{name}.fcs" for name in [*names, latin]}
    assert {tuple(job.settings.controls) for job in plan.jobs} == {("fmo",)}
    for job in plan.jobs:
        assert job.settings.controls["fmo"].name == f"{job.file.stem} FMO.fcs"


def test_open_rows_are_not_taken_for_patients(tmp_path: Path) -> None:
    for name in ("P1 BM", "P1 PB", "P1 FMO", "Unstained"):
        tube(tmp_path / f"{name}.fcs")
    plan = planned(tmp_path)
    assert [job.sample_id for job in plan.jobs] == ["P1 BM", "P1 PB"]
    assert {one.is_control for one in plan.not_taken} == {True}
    (tmp_path / "s.csv").write_text("file,role\nP1 FMO.fcs,sample\n", "utf-8")
    assert [job.sample_id for job in make_plan(tmp_path / "s.csv", words={}).jobs] == ["P1 FMO"]


def test_a_sheet_of_likely_controls_alone_is_refused(tmp_path: Path) -> None:
    tube(tmp_path / "FMO.fcs")
    (tmp_path / "s.csv").write_text("file\nFMO.fcs\n", "utf-8")
    with pytest.raises(SheetError, match="every row is likely a control"):
        make_plan(tmp_path / "s.csv", words={})


def test_a_folder_run_leaves_likely_controls_out(tmp_path: Path) -> None:
    tube(tmp_path / "a.fcs")
    tube(tmp_path / "b.fcs", labels=NO_CD5)
    tube(tmp_path / "P2 minus CD5.fcs")
    plan = make_plan(tmp_path, words={})
    assert [job.sample_id for job in plan.jobs] == ["a"]
    assert [(one.place, one.is_control) for one in plan.not_taken] == [
        ("P2 minus CD5.fcs", True),
        ("b.fcs", True),
    ]


def test_wells_of_a_file_are_rows_of_their_own(tmp_path: Path) -> None:
    step = len(fcs(keywords={"$NEXTDATA": "000000"}))
    wells = [fcs(keywords={"$NEXTDATA": f"{size:06d}"}) for size in (step, 0)]
    (tmp_path / "plate.fcs").write_bytes(b"".join(wells))
    rows = sheet_of(tmp_path).rows
    assert [(row["dataset"], row["sample_id"]) for row in rows] == [
        ("1", "plate-1"),
        ("2", "plate-2"),
    ]
    assert [job.settings.dataset for job in planned(tmp_path).jobs] == [1, 2]


@pytest.mark.parametrize("make", ["absent", "empty", "file"])
def test_a_folder_without_tubes_is_refused(tmp_path: Path, make: str) -> None:
    folder = tmp_path / "run"
    if make == "empty":
        folder.mkdir()
    elif make == "file":
        folder.touch()
    with pytest.raises(FileAccessError):
        guess_sheet(folder)
