"""Where the gating files are found, installed and in a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

import cd5flow
from cd5flow.config import shipped as shipped_files
from cd5flow.config.shipped import (
    gating_folder,
    list_protocols,
    list_strategies,
    markers_file,
    protocol_file,
    strategy_file,
)
from cd5flow.errors import OptionError


def fill(folder: Path, *, strategy: str) -> Path:
    for kind in ("strategies", "protocols"):
        (folder / kind).mkdir(parents=True)
    (folder / "strategies" / f"{strategy}.yaml").touch()
    (folder / "strategies" / "notes.txt").touch()
    (folder / "protocols" / "p-1.yaml").touch()
    (folder / "markers.yaml").touch()
    return folder


def test_an_installed_package_reads_the_files_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "cd5flow"
    monkeypatch.setattr(shipped_files, "_PACKAGE", package)
    shipped = fill(package / "shipped", strategy="installed")
    assert gating_folder() == shipped
    assert list_strategies() == ("installed",)
    assert strategy_file("installed") == shipped / "strategies/installed.yaml"
    assert markers_file() == shipped / "markers.yaml"


def test_a_checkout_reads_its_own_gating_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "src" / "cd5flow"
    monkeypatch.setattr(shipped_files, "_PACKAGE", package)
    gating = fill(tmp_path / "gating", strategy="own")
    assert gating_folder() == gating
    assert list_protocols() == ("p-1",)
    assert protocol_file("p-1") == gating / "protocols/p-1.yaml"


def test_what_is_in_the_package_goes_before_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "src" / "cd5flow"
    monkeypatch.setattr(shipped_files, "_PACKAGE", package)
    fill(tmp_path / "gating", strategy="own")
    shipped = fill(package / "shipped", strategy="installed")
    assert gating_folder() == shipped


def test_a_broken_installation_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipped_files, "_PACKAGE", tmp_path / "site-packages" / "cd5flow")
    with pytest.raises(OptionError, match="shipped"):
        gating_folder()


def test_an_unknown_name_is_answered_with_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "src" / "cd5flow"
    monkeypatch.setattr(shipped_files, "_PACKAGE", package)
    fill(tmp_path / "gating", strategy="own")
    with pytest.raises(OptionError, match=r"no strategy is named 'other'; there are: own$"):
        strategy_file("other")
    with pytest.raises(OptionError, match=r"no protocol is named '\.\./markers'; there are: p-1$"):
        protocol_file("../markers")


def test_this_installation_has_its_files() -> None:
    folder = gating_folder()
    assert markers_file().is_file()
    assert set(list_strategies()) == {path.stem for path in (folder / "strategies").glob("*.yaml")}
    assert Path(cd5flow.__file__).parent in folder.parents or folder.name == "gating"
