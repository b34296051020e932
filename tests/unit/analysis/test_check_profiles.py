"""Reference profiles whose markers no table knows."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.analysis.rule_files import check_profiles
from cd5flow.config.shipped import profiles_file, strategy_file
from cd5flow.errors import StrategyError

SHIPPED = profiles_file("t-all", beside=strategy_file("t-all-relapse"))


def test_the_shipped_profiles_read_markers_alone() -> None:
    assert check_profiles(SHIPPED).value.name == "t-all"


@pytest.mark.parametrize(
    ("written", "instead", "part"),
    [
        ("needs: [cyCD3, CD3]", "needs: [cyCD3, CDx3]", "CDx3"),
        ("apart_by: cyCD3", "apart_by: cyCDx3", "cyCDx3"),
        ("proven_by: [cyCD3]", "proven_by: [cyCDx3]", "cyCDx3"),
        ("axis: CD3\n", "axis: CDx3\n", "CDx3"),
        ("{CD45: 0.7, SSC: 0.3,", "{CDx45: 0.7, SSC: 0.3,", "CDx45"),
        ("strong: {TdT: 1.0,", "strong: {TdTx: 1.0,", "TdTx"),
    ],
)
def test_what_is_no_marker_is_a_fault_with_its_place(
    tmp_path: Path, written: str, instead: str, part: str
) -> None:
    text = SHIPPED.read_text("utf-8")
    assert written in text
    file = tmp_path / "own.yaml"
    file.write_text(text.replace(written, instead, 1), "utf-8")

    with pytest.raises(StrategyError) as caught:
        check_profiles(file)
    (line,) = caught.value.message.splitlines()
    assert line.startswith(f"{file}:")
    assert line.endswith(f"{part!r} is no marker that markers.yaml knows")
