"""`export --format fcs`: a population's events, read back by us and by FlowKit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cd5flow.fcs import read_fcs
from support.review_factory import CLEAR, LOW, Laboratory, laboratory

if TYPE_CHECKING:
    from support.command_line import Run


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    return laboratory(tmp_path_factory.mktemp("events"))


def counts(lab: Laboratory, sample: str) -> dict[str, int]:
    content = json.loads((lab.out / sample / "result.json").read_text("utf-8"))
    return {one["name"]: one["events"] for one in content["populations"]}


def test_blasts_are_written_and_other_readers_count_them_alike(
    cd5flow: Run, lab: Laboratory, tmp_path: Path
) -> None:
    flowkit: Any = pytest.importorskip("flowkit")
    ran = cd5flow(
        "export", lab.out / CLEAR, "--format", "fcs", "--input", lab.tubes, "--out", "b.fcs"
    )
    assert ran.code == 0, ran.err
    expected = counts(lab, CLEAR)["blasts"]
    ours = read_fcs(tmp_path / "b.fcs").events
    theirs = flowkit.Sample(str(tmp_path / "b.fcs")).get_events("raw")
    assert len(ours) == len(theirs) == expected
    assert np.array_equal(ours, theirs.astype(np.float32))


def test_several_results_go_into_a_folder(cd5flow: Run, lab: Laboratory, tmp_path: Path) -> None:
    ran = cd5flow(
        "export", lab.out, "--format", "fcs", "--population", "cd5_positive",
        "--input", lab.tubes, "--out", "cells",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    for sample in (CLEAR, LOW):
        written = read_fcs(tmp_path / "cells" / f"{sample}_cd5_positive.fcs")
        assert len(written.events) == counts(lab, sample)["cd5_positive"]
        assert written.keywords["CD5FLOW_POPULATION"].endswith("/cd5_positive")


def test_membership_beside_the_result_is_taken_where_it_agrees(
    cd5flow: Run, lab: Laboratory, tmp_path: Path
) -> None:
    stored = tmp_path / "results" / CLEAR
    stored.mkdir(parents=True)
    (stored / "result.json").write_bytes((lab.out / CLEAR / "result.json").read_bytes())
    total = json.loads((stored / "result.json").read_text("utf-8"))["sample"]["events"]
    first = np.arange(total) < counts(lab, CLEAR)["blasts"]
    np.savez_compressed(stored / "membership.npz", blasts=first)
    words = ("export", stored, "--format", "fcs", "--input", lab.tubes, "--out", "b.fcs")
    assert cd5flow(*words).code == 0
    assert len(read_fcs(tmp_path / "b.fcs").events) == first.sum()
    np.savez_compressed(stored / "membership.npz", blasts=~first)
    refused = cd5flow(*words)
    assert refused.code == 1
    assert "blasts: found" in refused.complaint


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--out", "b.fcs"), (1, "say where the tubes are with --input FOLDER")),
        (("--input", "tubes"), (2, "out: is absent")),
        (("--input", "tubes", "--out", "b.fcs", "--population", "cells"), (2, "found 'cells'")),
    ],
)
def test_what_is_missing_is_named(
    cd5flow: Run, lab: Laboratory, words: tuple[str, ...], said: tuple[int, str]
) -> None:
    told = [str(lab.tubes) if word == "tubes" else word for word in words]
    ran = cd5flow("export", lab.out / CLEAR, "--format", "fcs", *told)
    assert ran.code == said[0]
    assert said[1] in ran.complaint
