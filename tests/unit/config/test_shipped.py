"""Where the gating files are found, installed and in a checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

import cd5flow
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


def test_an_installed_package_reads_the_files_in_it(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "cd5flow"
    shipped = fill(package / "shipped", strategy="installed")
    assert gating_folder(package) == shipped
    assert list_strategies(package=package) == ("installed",)
    assert strategy_file("installed", package=package) == shipped / "strategies/installed.yaml"
    assert markers_file(package=package) == shipped / "markers.yaml"


def test_a_checkout_reads_its_own_gating_folder(tmp_path: Path) -> None:
    package = tmp_path / "src" / "cd5flow"
    gating = fill(tmp_path / "gating", strategy="own")
    assert gating_folder(package) == gating
    assert list_protocols(package=package) == ("p-1",)
    assert protocol_file("p-1", package=package) == gating / "protocols/p-1.yaml"


def test_what_is_in_the_package_goes_before_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "src" / "cd5flow"
    fill(tmp_path / "gating", strategy="own")
    shipped = fill(package / "shipped", strategy="installed")
    assert gating_folder(package) == shipped


def test_a_broken_installation_says_where_it_looked(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="shipped"):
        gating_folder(tmp_path / "site-packages" / "cd5flow")


def test_an_unknown_name_is_answered_with_those_there_are(tmp_path: Path) -> None:
    package = tmp_path / "src" / "cd5flow"
    fill(tmp_path / "gating", strategy="own")
    with pytest.raises(OptionError, match=r"no strategy is named 'other'; there are: own$"):
        strategy_file("other", package=package)
    with pytest.raises(OptionError, match=r"no protocol is named '\.\./markers'; there are: p-1$"):
        protocol_file("../markers", package=package)


def test_this_installation_has_its_files() -> None:
    folder = gating_folder()
    assert markers_file().is_file()
    assert set(list_strategies()) == {path.stem for path in (folder / "strategies").glob("*.yaml")}
    assert Path(cd5flow.__file__).parent in folder.parents or folder.name == "gating"
