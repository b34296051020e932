"""What was read of a file of rules is kept between runs, and is trusted for nothing but the reading."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from cd5flow.config import kept_reading, yaml_file, yaml_nodes
from cd5flow.config.kept_reading import VARIABLE, keep, kept_folder, recall
from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import OptionError
from support.paths import ROOT

SHA = "ab" * 32
CONTENT = '{"limit": 5}'

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")


class Rules(BaseModel):
    model_config = ConfigDict(extra="forbid")
    limit: int


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache" / "cd5flow"
    monkeypatch.setenv(VARIABLE, str(folder))
    return folder


@pytest.fixture(autouse=True)
def nothing_in_memory() -> Iterator[None]:
    """Let every test read as a new process does."""
    yaml_file._kept.cache_clear()
    yield
    yaml_file._kept.cache_clear()


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every text that is parsed."""
    seen: list[str] = []
    parse = yaml_nodes._Reader._parse

    def noting(self: yaml_nodes._Reader) -> Iterator[object]:
        seen.append(self.text)
        return parse(self)

    monkeypatch.setattr(yaml_nodes._Reader, "_parse", noting)
    return seen


def load(path: Path, model: type[BaseModel] = Rules, *, rules: bool = True) -> Loaded[BaseModel]:
    yaml_file._kept.cache_clear()
    return load_yaml(path, model, error=OptionError, rules=rules)


def written(path: Path, text: str = "limit: 5\n") -> Path:
    path.write_text(text, "utf-8")
    return path


def entry(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_the_second_run_parses_nothing_and_reads_the_same(
    tmp_path: Path, parses: list[str]
) -> None:
    path = written(tmp_path / "rules.yaml")
    first = load(path)
    assert len(parses) == 1
    second = load(path)
    assert len(parses) == 1
    assert second == first


def test_every_file_that_comes_with_cd5flow_reads_the_same_from_what_was_kept(
    tmp_path: Path, parses: list[str]
) -> None:
    class Any(BaseModel):
        model_config = ConfigDict(extra="allow")

    files = sorted((ROOT / "gating").rglob("*.yaml"))
    assert len(files) >= 8
    first = [load(path, Any) for path in files]
    before = len(parses)
    assert [load(path, Any) for path in files] == first
    assert len(parses) == before


def test_places_are_looked_up_in_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "rules.yaml", "\n\n  limit: 5\n")
    assert load(path).where("limit") == load(path).where("limit") == f"{path}:3:10"


def test_what_is_kept_is_validated_anew_and_faults_have_their_places(tmp_path: Path) -> None:
    class Other(BaseModel):
        model_config = ConfigDict(extra="forbid")
        limit: str

    path = written(tmp_path / "rules.yaml")
    load(path)
    with pytest.raises(OptionError, match=r"rules\.yaml:1:8: limit: should be text, found 5"):
        load(path, Other)


def test_a_file_with_faults_is_not_kept(tmp_path: Path, folder: Path) -> None:
    path = written(tmp_path / "rules.yaml", "limit: five\n")
    for _ in range(2):
        with pytest.raises(OptionError, match='found "five"'):
            load(path)
    assert not folder.exists()


def test_what_may_be_about_a_person_is_not_kept(tmp_path: Path, folder: Path) -> None:
    load(written(tmp_path / "patient.yaml"), rules=False)
    assert not folder.exists()


def test_another_content_is_another_entry(tmp_path: Path, folder: Path) -> None:
    path = written(tmp_path / "rules.yaml")
    load(path)
    assert load(written(path, "limit: 6\n")).value == Rules(limit=6)
    assert load(written(path)).value == Rules(limit=5)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:0],
        lambda body: body[:-1],
        lambda body: body.replace(b"5", b"6"),
        lambda body: b"\xff" + body,
        lambda body: body.partition(b"\n")[2],
        lambda body: body + b" ",
    ],
)
def test_a_damaged_entry_is_ignored_and_written_anew(
    tmp_path: Path, folder: Path, parses: list[str], damage: object
) -> None:
    path = written(tmp_path / "rules.yaml")
    load(path)
    whole = entry(folder).read_bytes()
    assert callable(damage)
    entry(folder).write_bytes(damage(whole))
    assert load(path).value == Rules(limit=5)
    assert len(parses) == 2
    assert entry(folder).read_bytes() == whole


def test_an_entry_of_another_file_is_ignored(folder: Path) -> None:
    keep(SHA, CONTENT, reader="r")
    other = SHA[::-1]
    entry(folder).rename(folder / f"{other}.reading")
    assert recall(other, reader="r") is None


@pytest.mark.parametrize("named", ["__version__", "_parser"])
def test_an_entry_of_another_version_is_ignored(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    keep(SHA, CONTENT, reader="r")
    assert recall(SHA, reader="r") == CONTENT
    assert recall(SHA, reader="another") is None
    monkeypatch.setattr(kept_reading, named, "99" if named == "__version__" else lambda: "99")
    assert recall(SHA, reader="r") is None


@posix
def test_what_is_kept_is_its_owners_alone(folder: Path) -> None:
    keep(SHA, CONTENT, reader="r")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert entry(folder).stat().st_mode & 0o777 == 0o600


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_may_write_is_neither_read_nor_written(
    folder: Path, mode: int
) -> None:
    keep(SHA, CONTENT, reader="r")
    folder.chmod(mode)
    assert recall(SHA, reader="r") is None
    keep("cd" * 32, CONTENT, reader="r")
    assert len(list(folder.iterdir())) == 1


@posix
def test_an_entry_that_others_may_write_is_ignored(folder: Path) -> None:
    keep(SHA, CONTENT, reader="r")
    entry(folder).chmod(0o622)
    assert recall(SHA, reader="r") is None


@posix
def test_what_another_user_owns_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(SHA, CONTENT, reader="r")
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert recall(SHA, reader="r") is None


@posix
def test_a_link_is_ignored(tmp_path: Path, folder: Path) -> None:
    keep(SHA, CONTENT, reader="r")
    moved = entry(folder).rename(tmp_path / "elsewhere")
    (folder / f"{SHA}.reading").symlink_to(moved)
    assert recall(SHA, reader="r") is None


def test_where_nothing_can_be_kept_the_file_is_read(
    tmp_path: Path, folder: Path, parses: list[str]
) -> None:
    folder.parent.mkdir()
    folder.touch()
    path = written(tmp_path / "rules.yaml")
    for _ in range(2):
        assert load(path).value == Rules(limit=5)
    assert len(parses) == 2
    assert folder.read_bytes() == b""


def test_the_oldest_go_where_there_are_many(folder: Path) -> None:
    for number in range(70):
        keep(f"{number:064}", CONTENT, reader="r")
        os.utime(folder / f"{number:064}.reading", (number, number))
    assert recall(f"{0:064}", reader="r") is None
    assert recall(f"{69:064}", reader="r") == CONTENT
    assert len(list(folder.iterdir())) == 64


def test_an_empty_variable_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert kept_folder() is None
    keep(SHA, CONTENT, reader="r")
    assert recall(SHA, reader="r") is None


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {"HOME": "/home/a"}, "/home/a/.cache/cd5flow"),
        ("linux", {"HOME": "/home/a", "XDG_CACHE_HOME": "/fast"}, "/fast/cd5flow"),
        ("linux", {"HOME": "/home/a", "XDG_CACHE_HOME": "rel"}, "/home/a/.cache/cd5flow"),
        ("darwin", {"HOME": "/Users/a"}, "/Users/a/Library/Caches/cd5flow"),
        ("win32", {"HOME": "/u/a", "LOCALAPPDATA": "/u/a/Local"}, "/u/a/Local/cd5flow"),
        ("win32", {"HOME": "/u/a"}, "/u/a/AppData/Local/cd5flow"),
    ],
)
@posix
def test_it_lies_where_the_system_keeps_what_may_go(
    monkeypatch: pytest.MonkeyPatch, system: str, variables: dict[str, str], expected: str
) -> None:
    for name in (VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    assert kept_folder() == Path(expected)
