"""Files and folders appear whole or not at all, and nothing is left behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cd5flow.config.atomic import (
    as_private_as,
    clear_temporary_files,
    exchange_folder,
    open_atomically,
    place_folder,
    recover_folder,
    recover_folders,
    spare_folder,
    write_atomically,
)
from cd5flow.errors import OutputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def filled(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "file").write_text(content, "ascii")
    return folder


def test_a_file_is_written_with_the_folders_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file"
    assert write_atomically(path, b"first") == path
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert names(path.parent) == ["file"]


def test_nobody_sees_half_a_file(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "file", b"whole")
    with open_atomically(path) as file:
        file.write(b"half")
        file.flush()
        assert path.read_bytes() == b"whole"
    assert path.read_bytes() == b"half"


def test_after_an_error_the_earlier_file_is_as_it_was(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "file", b"earlier")

    def write_half() -> None:
        with open_atomically(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"earlier"
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_an_earlier_files_permissions_are_kept(tmp_path: Path) -> None:
    path = write_atomically(tmp_path / "file", b"")
    path.chmod(0o640)
    write_atomically(path, b"")
    assert path.stat().st_mode & 0o777 == 0o640


def test_nothing_is_left_behind_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "index.html").mkdir()
    with pytest.raises(OutputError, match=r"index\.html: cannot be written"):
        write_atomically(tmp_path / "index.html", b"x")
    assert names(tmp_path) == ["index.html"]
    with pytest.raises(OutputError, match="below: cannot be written"):
        write_atomically(write_atomically(tmp_path / "file", b"") / "below", b"x")


def test_a_spare_folder_that_is_not_placed_is_gone(tmp_path: Path) -> None:
    with spare_folder(tmp_path / "a", tmp_path) as spare:
        filled(spare, "x")
    assert names(tmp_path) == []


def test_a_folder_is_placed_where_nothing_is(tmp_path: Path) -> None:
    with spare_folder(tmp_path / "a", tmp_path) as spare:
        place_folder(filled(spare, "x"), tmp_path / "a")
    assert names(tmp_path) == ["a"]
    with spare_folder(tmp_path / "a", tmp_path) as spare, pytest.raises(OSError, match="a"):
        place_folder(filled(spare, "y"), tmp_path / "a")
    assert (tmp_path / "a" / "file").read_text("ascii") == "x"


def test_a_folder_takes_anothers_place(tmp_path: Path) -> None:
    filled(tmp_path / "a", "earlier")
    with spare_folder(tmp_path / "a", tmp_path) as spare:
        exchange_folder(filled(spare, "later"), tmp_path / "a")
    assert (tmp_path / "a" / "file").read_text("ascii") == "later"
    assert names(tmp_path) == ["a"]


def test_an_exchange_that_fails_leaves_the_earlier_folder(tmp_path: Path) -> None:
    filled(tmp_path / "a", "earlier")
    with pytest.raises(FileNotFoundError):
        exchange_folder(tmp_path / "absent", tmp_path / "a")
    assert (tmp_path / "a" / "file").read_text("ascii") == "earlier"
    assert names(tmp_path) == ["a"]


def test_an_interrupted_exchange_is_undone_or_finished(tmp_path: Path) -> None:
    filled(tmp_path / ".old-0123abcd-a", "earlier")
    recover_folder(tmp_path / "a")
    assert names(tmp_path) == ["a"]
    filled(tmp_path / ".old-0123abcd-a", "earlier still")
    filled(tmp_path / ".old-89abcdef-b", "b")
    recover_folders(tmp_path)
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / "a" / "file").read_text("ascii") == "earlier"


def test_temporary_files_of_known_names_are_cleared(tmp_path: Path) -> None:
    for name in (".tmp-0123abcd-known", ".tmp-0123abcd-other", "known"):
        (tmp_path / name).touch()
    clear_temporary_files(tmp_path, {"known"})
    assert names(tmp_path) == [".tmp-0123abcd-other", "known"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps other permissions")
@pytest.mark.parametrize(
    ("modes", "expected"),
    [([0o600], 0o600), ([0o644, 0o640], 0o640), ([0o444], 0o644), ([0o400], 0o600), ([], 0o666)],
)
def test_what_is_made_from_files_is_as_private_as_the_strictest(
    tmp_path: Path, modes: list[int], expected: int
) -> None:
    inputs = []
    for number, mode in enumerate(modes):
        one = tmp_path / str(number)
        one.touch()
        one.chmod(mode)
        inputs.append(one)
    assert as_private_as(inputs) == expected
    made = write_atomically(tmp_path / "out.json", b"1", mode=as_private_as(inputs))
    umask = os.umask(0o077)
    os.umask(umask)
    assert made.stat().st_mode & 0o777 == expected & ~umask


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps other permissions")
def test_a_file_that_was_open_to_all_becomes_private_with_its_input(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.touch(0o644)
    write_atomically(out, b"1", mode=0o600)
    assert out.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_looked_at_makes_private(tmp_path: Path) -> None:
    assert as_private_as([tmp_path / "gone"]) == 0o600
