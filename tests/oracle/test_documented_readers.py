"""The lines that the documentation gives for other programs count what cd5flow counted."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from cd5flow.analysis.settings import make_settings
from cd5flow.pipeline import analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from support.paths import SAMPLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "export.md"
BLOCK = re.compile(r"```python\n(import flowkit\n.*?)```", re.DOTALL)


@pytest.mark.parametrize("name", ["p01-clear-positive", "p07-cd56-positive", "p09-blood-clogged"])
def test_flowkit_counts_alike_by_the_documented_lines(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("flowkit")
    found = analyse_tube(SAMPLES / f"{name}.fcs", make_settings(timepoint="relapse"))
    written = write_sample(found, tmp_path / "made", outputs=WantedOutputs(report=False))
    (tmp_path / "results").mkdir()
    shutil.copytree(written.folder, tmp_path / "results" / "tube")
    shutil.copy(SAMPLES / f"{name}.fcs", tmp_path / "tube.fcs")
    monkeypatch.chdir(tmp_path)
    (lines,) = BLOCK.findall(PAGE.read_text("utf-8"))
    exec(compile(lines, str(PAGE), "exec"), {})  # noqa: S102 - the page's own lines
    theirs = dict(line.rsplit(" ", 1) for line in capsys.readouterr().out.splitlines())
    with (written.folder / "populations.csv").open(encoding="utf-8-sig", newline="") as table:
        ours = {row["name"]: row["events"] for row in csv.DictReader(table)}
    assert {"singlets", "nucleated", "blasts"} <= theirs.keys()
    assert {name: theirs[name] for name in ours if name in theirs} == {
        name: events for name, events in ours.items() if name in theirs
    }
    assert ("stable" in theirs) == (found.gating.count("stable") != found.gating.count("all"))
