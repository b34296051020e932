"""`inputs.json`: where the files of a results folder's samples lie, found again by their SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cd5flow.errors import FileAccessError, OutputError
from cd5flow.report.input_files import INPUTS, InputFile, InputFiles, record_inputs

posix = pytest.mark.skipif(os.name == "nt", reason="permissions and names are POSIX's")


def tube(place: Path, content: bytes = b"events") -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


def said(path: Path, sample: str = "a", role: str = "tube") -> InputFile:
    return InputFile(sample, role, path, hashlib.sha256(path.read_bytes()).hexdigest())


def content(out: Path) -> Any:
    return json.loads((out / INPUTS).read_text("utf-8"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def test_a_path_is_relative_to_the_results_folder(tmp_path: Path, out: Path) -> None:
    one = said(tube(tmp_path / "run" / "a.fcs"))

    record_inputs(out, [one])

    assert content(out) == [
        {"sample": "a", "role": "tube", "path": "../run/a.fcs", "sha256": one.sha256}
    ]


def test_what_is_recorded_is_found_when_both_folders_move(tmp_path: Path) -> None:
    file = tube(tmp_path / "disk" / "run" / "a.fcs")
    (tmp_path / "disk" / "results").mkdir()
    record_inputs(tmp_path / "disk" / "results", [said(file)])

    (tmp_path / "disk").rename(tmp_path / "archive")

    found = InputFiles(tmp_path / "archive" / "results", []).find("a.fcs", said_sha(b"events"))
    assert found is not None
    assert found.samefile(tmp_path / "archive" / "run" / "a.fcs")


def said_sha(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def test_a_sample_replaces_its_own_records_and_no_others(tmp_path: Path, out: Path) -> None:
    first, second = tube(tmp_path / "a.fcs"), tube(tmp_path / "b.fcs", b"others")
    fmo = tube(tmp_path / "f.fcs", b"control")
    record_inputs(out, [said(first), said(fmo, role="fmo"), said(second, "b")])

    record_inputs(out, [said(second, "a")])

    assert [(one["sample"], one["role"], one["path"]) for one in content(out)] == [
        ("a", "tube", "../b.fcs"),
        ("b", "tube", "../b.fcs"),
    ]


def test_records_of_an_archive_stay(tmp_path: Path, out: Path) -> None:
    theirs = {"path": "../tubes/x.fcs", "sha256": "0" * 64}
    (out / INPUTS).write_text(json.dumps([theirs]), "utf-8")

    record_inputs(out, [said(tube(tmp_path / "a.fcs"))])

    assert theirs in content(out)
    assert len(content(out)) == 2


def test_the_same_again_writes_nothing(tmp_path: Path, out: Path) -> None:
    files = [said(tube(tmp_path / "a.fcs"))]
    record_inputs(out, files)
    before = (out / INPUTS).stat()

    record_inputs(out, files)
    record_inputs(out, [])

    after = (out / INPUTS).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [path.name for path in out.iterdir()] == [INPUTS]


@posix
def test_its_owner_alone_may_read_it(tmp_path: Path, out: Path) -> None:
    (out / INPUTS).write_text("[]", "utf-8")
    (out / INPUTS).chmod(0o666)

    record_inputs(out, [said(tube(tmp_path / "a.fcs"))])

    assert stat.S_IMODE((out / INPUTS).stat().st_mode) == 0o600


@posix
@pytest.mark.parametrize("name", ["張三.fcs", "a\nb.fcs", os.fsdecode(b"M\xfcller.fcs")])
def test_any_name_is_found_again(tmp_path: Path, out: Path, name: str) -> None:
    file = tube(tmp_path / name)

    record_inputs(out, [said(file)])

    assert InputFiles(out, []).find(name, said(file).sha256) == out / ".." / name


@posix
def test_a_results_folder_behind_a_link_is_followed_as_the_system_does(tmp_path: Path) -> None:
    far = tmp_path / "far" / "away" / "results"
    far.mkdir(parents=True)
    link = tmp_path / "results"
    link.symlink_to(far)
    file = tube(tmp_path / "a.fcs")

    record_inputs(link, [said(file)])

    found = InputFiles(link, []).find("a.fcs", said(file).sha256)
    assert found is not None
    assert found.samefile(file)


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff\xfe", b'"text"', b"[" * 100_000])
def test_a_damaged_file_names_nothing_and_is_written_anew(
    tmp_path: Path, out: Path, damaged: bytes
) -> None:
    (out / INPUTS).write_bytes(damaged)
    one = said(tube(tmp_path / "a.fcs"))

    assert InputFiles(out, []).find("a.fcs", one.sha256) is None
    record_inputs(out, [one])

    assert InputFiles(out, []).find("a.fcs", one.sha256) is not None


def test_an_exchanged_tube_is_not_taken_for_the_recorded_one(tmp_path: Path, out: Path) -> None:
    file = tube(tmp_path / "a.fcs")
    one = said(file)
    record_inputs(out, [one])
    file.write_bytes(b"others")

    files = InputFiles(out, [])

    assert files.find("a.fcs", one.sha256) is None
    place = files.place_of(one.sha256)
    assert place is not None
    assert place.samefile(file)


def test_two_runs_at_once_lose_no_record(tmp_path: Path, out: Path) -> None:
    files = [said(tube(tmp_path / f"{n}.fcs", b"%d" % n), sample=f"s{n}") for n in range(4)]
    threads = [Thread(target=record_inputs, args=(out, [one])) for one in files]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {one["sample"] for one in content(out)} == {one.sample for one in files}


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    out = tube(tmp_path / "results")  # a file

    with pytest.raises(OutputError, match="results"):
        record_inputs(out, [said(tube(tmp_path / "a.fcs"))])


def test_a_folder_to_look_in_must_be_one(tmp_path: Path, out: Path) -> None:
    with pytest.raises(FileAccessError, match="no folder"):
        InputFiles(out, [tmp_path / "absent"])
