from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.batch.sample_sheet import SheetRow, beside, marker_channels, read_rows
from cd5flow.errors import OptionError


def rows_of(
    folder: Path, text: str, *, files: tuple[str, ...] = ("a.fcs", "b.fcs")
) -> list[SheetRow]:
    rows, faults = read(folder, text, files=files)
    assert faults == []
    return rows


def read(
    folder: Path, text: str, *, files: tuple[str, ...] = ("a.fcs", "b.fcs")
) -> tuple[list[SheetRow], list[str]]:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "samples.csv").write_text(text, "utf-8")
    rows, faults = read_rows(folder / "samples.csv")
    return rows, [str(fault) for fault in faults]


def test_a_file_is_enough(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "file\na.fcs\n")
    assert row == SheetRow("row 2", tmp_path / "a.fcs", "a")


def test_every_column_is_read(tmp_path: Path) -> None:
    (tmp_path / "comp.csv").touch()
    (tmp_path / "mine.yaml").touch()
    (row,) = rows_of(
        tmp_path,
        "file,sample_id,patient_id,role,timepoint,specimen,prior_therapy,collected_at,specimen_id,"
        "tube,panel_lot,spillover,strategy,protocol,accession,visit,markers\n"
        "a.fcs,S1,P1,sample,relapse,bone_marrow,cd7_car;allo_hsct,2026-01-31,SP1,T,L1,comp.csv,"
        "mine.yaml,cd5-cart-50,AC1,day 33,CD5: PE-A; CD7: FL3-A\n",
    )
    assert row.sample_id == "S1"
    assert row.words == {
        "patient_id": "P1",
        "timepoint": "relapse",
        "specimen": "bone_marrow",
        "prior_therapy": ("cd7_car", "allo_hsct"),
        "collected_at": "2026-01-31",
        "spillover": str(tmp_path / "comp.csv"),
        "strategy": str(tmp_path / "mine.yaml"),
        "protocol": "cd5-cart-50",
        "markers": {"CD5": "PE-A", "CD7": "FL3-A"},
    }
    assert row.identifiers == {
        "specimen_id": "SP1",
        "tube": "T",
        "panel_lot": "L1",
        "accession": "AC1",
        "visit": "day 33",
    }


def test_what_is_empty_was_not_said(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "file,sample_id,timepoint,tube\na.fcs,,,\n")
    assert (row.sample_id, row.words, row.identifiers) == ("a", {}, {})


def test_words_may_begin_with_a_capital(tmp_path: Path) -> None:
    (row,) = rows_of(
        tmp_path, "File,Role,Timepoint,For_Sample\na.fcs,FMO,Relapse,b\n", files=("a.fcs",)
    )
    assert (row.role, row.for_sample, row.words["timepoint"]) == ("fmo", "b", "relapse")


def test_paths_are_relative_to_the_sheet(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path, "file\nrun\\a.fcs\n", files=("run/a.fcs",))
    assert row.file.samefile(tmp_path / "run" / "a.fcs")
    assert beside(tmp_path / "sheets", "../a.fcs") == tmp_path / "sheets" / ".." / "a.fcs"


def test_every_fault_is_told_with_its_row(tmp_path: Path) -> None:
    _, faults = read(
        tmp_path,
        "file,role,for_sample,timepoint,specimen,prior_therapy,collected_at,spillover,markers\n"
        "gone.fcs,boss,,yesterday,blood,cd9_car,31.1.26,gone.csv,CD5\n"
        ",,,,,,,,\n"
        "a.fcs,sample,b,,,,,,\n"
        ",fmo,,,,,,,\n"
        "b.fcs,,,,,,,,,surplus\n",
    )
    assert faults == [
        "row 2: file: gone.fcs is not there",
        "row 2: role: found 'boss', expected sample, fmo, isotype, positive",
        "row 2: timepoint: found 'yesterday', expected diagnosis, relapse, mrd, unstated",
        (
            "row 2: specimen: found 'blood', expected bone_marrow, peripheral_blood, csf, fluid, "
            "tissue, unknown"
        ),
        (
            "row 2: prior_therapy: found 'cd9_car', expected cd5_car, cd7_car, other_car, allo_hsct, "
            "anti_cd38"
        ),
        (
            "row 2: collected_at: found '31.1.26', expected a date such as 2026-01-31 or "
            "2026-01-31T09:30"
        ),
        "row 2: markers: found 'CD5', expected 'marker: channel; ...'",
        "row 2: spillover: found gone.csv, expected 'hardware' or a file beside the sheet",
        "row 4: for_sample: b is named, but the role is sample",
        "row 5: file: is empty",
        "row 5: for_sample: is empty, expected the sample that this fmo belongs to",
        "row 6: 10 cells, the first row names 9 columns",
    ]


def test_faults_of_the_first_row_are_told_together(tmp_path: Path) -> None:
    _, faults = read(tmp_path, "fille,tube,tube,\na.fcs,1,2,\n")
    assert len(faults) == 3
    assert faults[0].startswith("row 1: no column 'file'; found fille, tube, tube")
    assert "row 1: column 'fille' is unknown" in faults[1]
    assert faults[2] == "row 1: column 'tube' stands 2 times"


def test_a_sheet_without_tubes_is_a_fault(tmp_path: Path) -> None:
    assert read(tmp_path, "file\n")[1] == ["row 2: no tube is named"]


@pytest.mark.parametrize("text", ["CD5", "CD5:", ": PE-A", "CD5: PE-A; CD5: FL2-A"])
def test_markers_are_written_with_their_channel(text: str) -> None:
    with pytest.raises(OptionError, match="markers"):
        marker_channels(text)


def test_a_channel_may_hold_a_colon() -> None:
    assert marker_channels("CD5: Comp-PE-A :: CD5;") == {"CD5": "Comp-PE-A :: CD5"}
