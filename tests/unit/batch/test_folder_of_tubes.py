from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.batch.folder import find_tubes


def made(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_every_fcs_and_lmd_below_is_a_sample_in_any_case(tmp_path: Path) -> None:
    made(tmp_path, "b.FCS", "a.fcs", "run/c.Lmd", "run/notes.txt", "d.fcs.bak")
    rows, orphans = find_tubes(tmp_path)
    assert [(row.place, row.sample_id, row.role) for row in rows] == [
        ("a.fcs", "a", "sample"),
        ("b.FCS", "b", "sample"),
        ("run/c.Lmd", "c", "sample"),
    ]
    assert orphans == []


def test_controls_belong_to_the_sample_beside_them(tmp_path: Path) -> None:
    made(tmp_path, "x.fcs", "x_FMO-CD5.fcs", "x_iso-cd5.FCS", "x_FMO-CD7.fcs")
    rows, _ = find_tubes(tmp_path)
    assert {row.place: (row.role, row.for_sample) for row in rows} == {
        "x.fcs": ("sample", ""),
        "x_FMO-CD5.fcs": ("fmo", "x"),
        "x_iso-cd5.FCS": ("isotype", "x"),
        "x_FMO-CD7.fcs": ("sample", ""),
    }


def test_a_control_in_another_folder_is_nobodys(tmp_path: Path) -> None:
    made(tmp_path, "one/x.fcs", "two/x_FMO-CD5.fcs")
    rows, orphans = find_tubes(tmp_path)
    assert [row.place for row in rows] == ["one/x.fcs"]
    assert orphans == [tmp_path / "two" / "x_FMO-CD5.fcs"]


@pytest.mark.parametrize("name", ["._a.fcs", ".trash/a.fcs", ".hidden.fcs"])
def test_hidden_files_are_left_out(tmp_path: Path, name: str) -> None:
    made(tmp_path, name)
    assert find_tubes(tmp_path) == ([], [])
