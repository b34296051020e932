"""`inspect`, `analyze` and `batch` on several files at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from support.small_tube import blasts, granulocytes, strategy, t_cells, write_tube

if TYPE_CHECKING:
    from support.command_line import Run

BATCH = ("--timepoint", "relapse", "--no-report")
TOLD = (*BATCH, "--spillover", "hardware")


@pytest.fixture
def tubes(tmp_path: Path) -> Path:
    """Two tubes in folders of their own, and a strategy that gates them."""
    for number, name in enumerate(("a", "b")):
        cd5 = np.full(200 + 50 * number, 5000.0, dtype=np.float32)
        (tmp_path / name).mkdir()
        write_tube(tmp_path / name / f"tube-{name}.fcs", blasts(cd5), t_cells(), granulocytes())
    (tmp_path / "small.yaml").write_text(json.dumps(strategy()), "utf-8")
    (tmp_path / "broken.fcs").write_bytes(b"no FCS file")
    return tmp_path


def test_inspect_shows_each_and_tells_what_it_cannot_read(cd5flow: Run, tubes: Path) -> None:
    assert tubes.is_dir()
    ran = cd5flow("inspect", "a/tube-a.fcs", "broken.fcs", "b/tube-b.fcs")
    assert ran.code == 1
    assert [line.split(":")[0] for line in ran.out.splitlines() if ".fcs: FCS" in line] == [
        "tube-a.fcs",
        "tube-b.fcs",
    ]
    assert "broken.fcs" in ran.err


def test_inspect_gives_an_object_of_one_file_and_an_array_of_several(
    cd5flow: Run, tubes: Path
) -> None:
    assert tubes.is_dir()
    one = json.loads(cd5flow("inspect", "a/tube-a.fcs", "--json").out)
    two = json.loads(cd5flow("inspect", "a/tube-a.fcs", "b/tube-b.fcs", "--json").out)
    assert two[0] == one
    assert [each["file"] for each in two] == ["tube-a.fcs", "tube-b.fcs"]


def test_analyze_takes_several_and_goes_on_after_one_that_is_refused(
    cd5flow: Run, tubes: Path
) -> None:
    ran = cd5flow(
        "analyze", "a/tube-a.fcs", "broken.fcs", "b/tube-b.fcs", *TOLD,
        "--strategy", "small.yaml", "--out", "results", "--json",
    )  # fmt: skip
    assert ran.code == 1
    found = json.loads(ran.out)
    assert [(each["sample"]["id"], each["cd5"]["blast_events"]) for each in found] == [
        ("tube-a", 200),
        ("tube-b", 250),
    ]
    assert sorted(p.name for p in (tubes / "results").iterdir()) == [
        "inputs.json",
        "tube-a",
        "tube-b",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--sample-id", "x"), "sample-id: is of one tube, found 2"),
        (("--control", "fmo=broken.fcs"), "control: is of one tube, found 2"),
    ],
)
def test_what_is_of_one_tube_is_refused_for_several(
    cd5flow: Run, tubes: Path, words: tuple[str, ...], said: str
) -> None:
    ran = cd5flow("analyze", "a/tube-a.fcs", "b/tube-b.fcs", *TOLD, *words)
    assert ran.code == 2
    assert said in ran.complaint
    assert not (tubes / "cd5flow-results").exists()


def test_a_batch_of_named_tubes_is_those_tubes(cd5flow: Run, tubes: Path) -> None:
    ran = cd5flow(
        "batch", "a/tube-a.fcs", "b", "a/tube-a.fcs", *BATCH,
        "--strategy", "small.yaml", "--out", "results", "--jobs", "1",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "2 of 2 samples done" in ran.out
    for name in ("tube-a", "tube-b"):
        assert (tubes / "results" / name / "result.json").is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("a/tube-a.fcs", "none.fcs"), 1, "none.fcs: is not there, expected an FCS file"),
        (("a/tube-a.fcs", "small.yaml"), 2, "small.yaml: found a sheet among several sources"),
    ],
)
def test_a_batch_of_what_is_no_tube_is_refused(
    cd5flow: Run, tubes: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    assert tubes.is_dir()
    ran = cd5flow("batch", *words, *BATCH)
    assert (ran.code, said in ran.complaint) == (code, True)
