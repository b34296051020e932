from __future__ import annotations

import os
from pathlib import Path

import pytest

from cd5flow.batch.tube_folder import (
    DEAD_LINK,
    HIDDEN,
    LINKED_FOLDER,
    NO_SAMPLE,
    OTHER_KIND,
    NotTaken,
    find_tubes,
)


def made(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_every_fcs_and_lmd_below_is_a_sample_in_any_case(tmp_path: Path) -> None:
    made(tmp_path, "b.FCS", "a.fcs", "run/c.Lmd", "run/notes.txt", "d.fcs.bak")
    found = find_tubes(tmp_path)
    assert [(row.place, row.sample_id, row.role) for row in found.rows] == [
        ("a.fcs", "a", "sample"),
        ("b.FCS", "b", "sample"),
        ("run/c.Lmd", "c", "sample"),
    ]
    assert found.not_taken == [
        NotTaken("d.fcs.bak", OTHER_KIND),
        NotTaken("run/notes.txt", OTHER_KIND),
    ]


def test_controls_belong_to_the_sample_beside_them(tmp_path: Path) -> None:
    made(tmp_path, "x.fcs", "x_FMO-CD5.fcs", "x_iso-cd5.FCS")
    assert {row.place: (row.role, row.for_sample) for row in find_tubes(tmp_path).rows} == {
        "x.fcs": ("sample", ""),
        "x_FMO-CD5.fcs": ("fmo", "x"),
        "x_iso-cd5.FCS": ("isotype", "x"),
    }


def test_tubes_that_differ_by_case_have_their_own_controls(tmp_path: Path) -> None:
    made(tmp_path, "x.fcs", "X.fcs", "x_FMO-CD5.fcs", "X_FMO-CD5.fcs", "y.fcs", "Y_FMO-CD5.fcs")
    controls = {row.place: row.for_sample for row in find_tubes(tmp_path).rows if row.role == "fmo"}
    assert controls == {"x_FMO-CD5.fcs": "x", "X_FMO-CD5.fcs": "X", "Y_FMO-CD5.fcs": "y"}


def test_a_name_of_several_lines_has_its_control_too(tmp_path: Path) -> None:
    made(tmp_path, "x\ny.fcs", "x\ny_FMO-CD5.fcs")
    assert [row.role for row in find_tubes(tmp_path).rows] == ["sample", "fmo"]


def test_a_control_of_another_marker_is_no_patients_tube(tmp_path: Path) -> None:
    made(tmp_path, "x.fcs", "x_FMO-CD7.fcs")
    found = find_tubes(tmp_path)
    assert [row.place for row in found.rows] == ["x.fcs"]
    (left,) = found.not_taken
    assert (left.place, left.is_control) == ("x_FMO-CD7.fcs", True)
    assert "'fmo' in its name" in left.reason


def test_a_control_in_another_folder_is_nobodys(tmp_path: Path) -> None:
    made(tmp_path, "one/x.fcs", "two/x_FMO-CD5.fcs")
    found = find_tubes(tmp_path)
    assert [row.place for row in found.rows] == ["one/x.fcs"]
    assert found.not_taken == [NotTaken("two/x_FMO-CD5.fcs", NO_SAMPLE)]


@pytest.mark.parametrize(
    ("name", "left"),
    [("._a.fcs", "._a.fcs"), (".trash/a.fcs", ".trash"), (".hidden.fcs", ".hidden.fcs")],
)
def test_hidden_files_are_left_out(tmp_path: Path, name: str, left: str) -> None:
    made(tmp_path, name)
    found = find_tubes(tmp_path)
    assert (found.rows, found.not_taken) == ([], [NotTaken(left, HIDDEN)])


def linked(link: Path, target: Path) -> None:
    try:
        link.symlink_to(target)
    except OSError:  # Windows asks for a right
        pytest.skip("links cannot be made here")


def test_links_to_files_are_tubes_and_dead_ones_are_listed(tmp_path: Path) -> None:
    made(tmp_path, "store/a.fcs", "run/b.fcs")
    linked(tmp_path / "run" / "a.fcs", tmp_path / "store" / "a.fcs")
    linked(tmp_path / "run" / "c.fcs", tmp_path / "store" / "c.fcs")
    found = find_tubes(tmp_path / "run")
    assert [row.place for row in found.rows] == ["a.fcs", "b.fcs"]
    assert found.not_taken == [NotTaken("c.fcs", DEAD_LINK)]


def test_a_folder_linked_into_itself_is_searched_once(tmp_path: Path) -> None:
    made(tmp_path, "run/a.fcs")
    linked(tmp_path / "run" / "again", tmp_path)
    found = find_tubes(tmp_path)
    assert [row.place for row in found.rows] == ["run/a.fcs"]
    assert found.not_taken == [NotTaken("run/again", LINKED_FOLDER)]


def test_a_folder_that_may_not_be_read_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "a.fcs", "closed/b.fcs")
    right = os.scandir

    def scandir(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return right(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find_tubes(tmp_path)
    assert [row.place for row in found.rows] == ["a.fcs"]
    assert found.not_taken == [NotTaken("closed", "cannot be read (Permission denied)")]
