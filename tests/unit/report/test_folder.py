from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cd5flow.report.folder as module
import cd5flow.report.pictures as pictures_module
from cd5flow.errors import OutputError
from cd5flow.model.names import folder_name
from cd5flow.pipeline import Analysis
from cd5flow.report import wording as wording_module
from cd5flow.report.folder import WantedOutputs, is_complete, write_sample
from cd5flow.report.lab import Lab
from support.analysed import CLEAR, NO_CD5, analysis
from support.report_factory import make_pictures


def changed(one: Analysis, *, seed: int) -> Analysis:
    """Return an analysis whose result names another seed."""
    provenance = one.result.provenance.model_copy(update={"seed": seed})
    return replace(one, result=one.result.model_copy(update={"provenance": provenance}))


def dated(one: Analysis, created: str) -> Analysis:
    provenance = one.result.provenance.model_copy(update={"created": created})
    return replace(one, result=one.result.model_copy(update={"provenance": provenance}))


def named(one: Analysis, sample_id: str) -> Analysis:
    sample = one.result.sample.model_copy(update={"id": sample_id})
    return replace(one, result=one.result.model_copy(update={"sample": sample}))


def listing(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the sample with all that can be asked for once; tests change copies of it."""
    outputs = WantedOutputs(membership=True)
    return write_sample(analysis(CLEAR), tmp_path_factory.mktemp("written"), outputs=outputs).folder


@pytest.fixture
def reported(written_once: Path, tmp_path: Path) -> Path:
    """Return the sample's folder with its report, in the test's own folder."""
    return Path(shutil.copytree(written_once, tmp_path / written_once.name))


@pytest.fixture
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put two small pictures into every report: drawing those of a tube takes longer than the rest."""
    monkeypatch.setattr(pictures_module, "report_pictures", lambda *_, **__: make_pictures())


@pytest.mark.parametrize(
    ("sample_id", "name"),
    [
        ("p01", "p01"),
        ("A b+c-d_e.f", "A b+c-d_e.f"),
        (".hidden", "_hidden"),
        ("..", "_."),
        ("a/b\\c", "a_b_c"),
        ("Müller: 1?", "Müller_ 1_"),
        ("样本", "样本"),
    ],
)
def test_the_folder_is_named_after_the_sample(sample_id: str, name: str) -> None:
    assert folder_name(sample_id) == name


@given(st.text(min_size=1))
def test_no_name_leaves_its_folder(sample_id: str) -> None:
    name = folder_name(sample_id)
    assert name
    assert not name.startswith(".")
    assert not set(name) & set('/\\:*?"<>|\0\n')


def test_a_sample_gets_its_files(tmp_path: Path) -> None:
    one = analysis(CLEAR)
    written = write_sample(one, tmp_path / "out", outputs=WantedOutputs(report=False))
    assert written.folder == tmp_path / "out" / CLEAR
    assert (written.changed, written.previous) == (True, None)
    assert sorted(listing(written.folder)) == ["gates.xml", "populations.csv", "result.json"]
    assert (written.folder / "result.json").read_text("utf-8") == one.result.to_json()
    assert names(tmp_path / "out") == [CLEAR]


def test_pictures_and_membership_are_written_when_asked_for(written_once: Path) -> None:
    files = listing(written_once)
    assert "membership.npz" in files
    assert "plots/blasts.png" in files
    assert "plots/cd5-overlay.png" in files
    assert files["plots/blasts.png"][1].startswith(b"\x89PNG")


def test_the_same_result_again_changes_nothing(tmp_path: Path) -> None:
    one = analysis(CLEAR)
    folder = write_sample(one, tmp_path, outputs=WantedOutputs(report=False)).folder
    before = listing(folder)
    written = write_sample(
        dated(one, "2099-01-01T00:00:00+00:00"), tmp_path, outputs=WantedOutputs(report=False)
    )
    assert not written.changed
    assert listing(folder) == before


@pytest.mark.usefixtures("small_pictures")
def test_the_same_result_with_more_files_keeps_those_that_are_there(tmp_path: Path) -> None:
    one = analysis(CLEAR)
    folder = write_sample(
        one, tmp_path, outputs=WantedOutputs(report=False, membership=True)
    ).folder
    first = (folder / "result.json").read_bytes()
    later = dated(one, "2099-01-01T00:00:00+00:00")
    written = write_sample(later, tmp_path, outputs=WantedOutputs())
    assert (written.changed, written.previous) == (True, None)
    assert (folder / "result.json").read_bytes() == first
    assert (folder / "membership.npz").is_file()
    assert (folder / "plots" / "blasts.png").is_file()
    assert not (folder / "previous").exists()


OTHER_WORDS = [
    WantedOutputs(extent="short"),
    WantedOutputs(language="zh"),
    WantedOutputs(lab=Lab("Ours")),
    WantedOutputs(lab=Lab("Ours", director="Somebody")),
]


@pytest.mark.usefixtures("small_pictures")
@pytest.mark.parametrize(
    "outputs", OTHER_WORDS, ids=["extent", "language", "laboratory", "director"]
)
def test_a_report_in_other_words_is_a_new_version(
    tmp_path: Path, reported: Path, outputs: WantedOutputs
) -> None:
    one, folder = analysis(CLEAR), reported
    assert is_complete(folder, WantedOutputs())
    assert not is_complete(folder, outputs)
    earlier = (folder / "report.pdf").read_bytes()

    written = write_sample(one, tmp_path, outputs=outputs)

    assert (written.changed, written.previous) == (True, folder / "previous" / "1")
    assert (folder / "previous/1/report.pdf").read_bytes() == earlier
    assert (folder / "report.pdf").read_bytes() != earlier
    assert is_complete(folder, outputs)
    assert not write_sample(one, tmp_path, outputs=outputs).changed


@pytest.mark.usefixtures("small_pictures")
def test_a_wording_file_that_changed_asks_for_a_new_report(tmp_path: Path) -> None:
    words = tmp_path / "ours.yaml"
    shipped = Path(wording_module.__file__).parent / "languages" / "en.yaml"
    words.write_bytes(shipped.read_bytes())
    outputs = WantedOutputs(language=str(words))
    folder = write_sample(analysis(CLEAR), tmp_path / "out", outputs=outputs).folder
    assert is_complete(folder, outputs)
    words.write_bytes(shipped.read_bytes() + b"# reviewed\n")
    assert not is_complete(folder, outputs)


def test_without_reports_nobody_asks_for_their_words(tmp_path: Path, reported: Path) -> None:
    outputs = WantedOutputs(report=False, language="zh")
    assert is_complete(reported, outputs)
    assert not write_sample(analysis(CLEAR), tmp_path, outputs=outputs).changed


def test_a_different_result_keeps_each_earlier_one(tmp_path: Path) -> None:
    one = analysis(CLEAR)
    folder = write_sample(
        one, tmp_path, outputs=WantedOutputs(report=False, membership=True)
    ).folder
    (folder / "notes.txt").write_text("seen", "utf-8")
    second = write_sample(changed(one, seed=1), tmp_path, outputs=WantedOutputs(report=False))
    third = write_sample(changed(one, seed=2), tmp_path, outputs=WantedOutputs(report=False))
    assert second.previous == folder / "previous" / "1"
    assert third.previous == folder / "previous" / "2"

    def seed(path: Path) -> Any:
        return json.loads((path / "result.json").read_text("utf-8"))["provenance"]["seed"]

    assert [seed(folder / "previous/1"), seed(folder / "previous/2"), seed(folder)] == [0, 1, 2]
    assert (folder / "previous/1/membership.npz").is_file()
    assert (folder / "previous/1/notes.txt").is_file()
    assert not (folder / "previous/2/previous").exists()
    assert names(folder) == ["gates.xml", "populations.csv", "previous", "result.json"]
    assert names(tmp_path) == [CLEAR]


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / CLEAR
    foreign.mkdir()
    (foreign / "thesis.docx").write_bytes(b"years of work")
    with pytest.raises(OutputError, match=r"holds no result\.json"):
        write_sample(analysis(CLEAR), tmp_path, outputs=WantedOutputs(report=False))
    assert names(tmp_path) == [CLEAR]
    assert names(foreign) == ["thesis.docx"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / CLEAR).mkdir()
    assert (
        write_sample(analysis(CLEAR), tmp_path, outputs=WantedOutputs(report=False)).previous
        is None
    )


def test_a_file_in_the_place_of_the_results_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", "utf-8")
    with pytest.raises(OutputError, match="out"):
        write_sample(analysis(CLEAR), tmp_path / "out", outputs=WantedOutputs(report=False))


def test_a_full_disk_leaves_neither_a_part_nor_a_loss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_sample(analysis(CLEAR), tmp_path, outputs=WantedOutputs(report=False)).folder
    before = listing(folder)

    def full(_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "populations_csv", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_sample(
            changed(analysis(CLEAR), seed=1), tmp_path, outputs=WantedOutputs(report=False)
        )
    with pytest.raises(OutputError, match="No space left on device"):
        write_sample(named(analysis(CLEAR), "other"), tmp_path, outputs=WantedOutputs(report=False))
    assert listing(folder) == before
    assert names(tmp_path) == [CLEAR]


def test_a_failed_exchange_puts_the_earlier_result_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_sample(analysis(CLEAR), tmp_path, outputs=WantedOutputs(report=False)).folder
    before = listing(folder)
    rename = Path.rename

    def refusing(self: Path, target: Path) -> Path:
        if self.name.startswith(".tmp-"):
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(OutputError, match="Permission denied"):
        write_sample(
            changed(analysis(CLEAR), seed=1), tmp_path, outputs=WantedOutputs(report=False)
        )
    assert listing(folder) == before
    assert names(tmp_path) == [CLEAR]


def test_a_result_lost_between_the_renames_comes_back(tmp_path: Path) -> None:
    one = analysis(CLEAR)
    folder = write_sample(one, tmp_path, outputs=WantedOutputs(report=False)).folder
    folder.rename(tmp_path / f".old-0123abcd-{CLEAR}")
    written = write_sample(changed(one, seed=1), tmp_path, outputs=WantedOutputs(report=False))
    assert written.previous == folder / "previous" / "1"
    assert names(tmp_path) == [CLEAR]


def test_without_hard_links_the_earlier_result_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    folder = write_sample(analysis(CLEAR), tmp_path, outputs=WantedOutputs(report=False)).folder
    first = (folder / "result.json").read_bytes()
    write_sample(changed(analysis(CLEAR), seed=1), tmp_path, outputs=WantedOutputs(report=False))
    assert (folder / "previous/1/result.json").read_bytes() == first


def test_gates_that_cannot_be_written_as_gatingml_are_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impossible(*_: Any, **__: Any) -> str:
        raise ValueError("channel '\\x01' cannot be written in XML")

    monkeypatch.setattr(module, "to_gatingml", impossible)
    with pytest.raises(OutputError, match="cannot be written in XML"):
        write_sample(analysis(NO_CD5), tmp_path, outputs=WantedOutputs(report=False))
    assert names(tmp_path) == []
