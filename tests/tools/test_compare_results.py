"""The tool that holds the results of two states of the program against each other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.paths import ROOT
from support.processes import PATIENCE_SECONDS

RESULT: dict[str, Any] = {
    "cd5": {"percent": 98.0408, "reasons": ["CI_SPANS: 69.1 to 71.2 %"]},
    "panel": [{"channel": "A"}, {"channel": "B"}],
    "provenance": {"created": "2026-01-01", "seed": 0},
}
GATES = '<gates xmlns="x"><gate id="blasts" low="0.25"/></gates>'
TABLE = "name,events\nblasts,12\n"
PAGE = "<html><style>p {}</style><p>98.0 %</p><p>Computed 2026-01-01 09:00:00 UTC</p></html>"


def written(folder: Path, **changes: Any) -> Path:
    """Write the results of one sample; `changes` replace parts of its result or whole files."""
    sample = folder / "sample_fcs" / "p01"
    sample.mkdir(parents=True)
    result = {**RESULT, **{k: v for k, v in changes.items() if k in {*RESULT, "more"}}}
    (sample / "result.json").write_text(json.dumps(result), "utf-8")
    (sample / "gates.xml").write_text(changes.get("gates", GATES), "utf-8")
    (sample / "populations.csv").write_text(changes.get("table", TABLE), "utf-8")
    (sample / "report.html").write_text(changes.get("page", PAGE), "utf-8")
    return folder


def compared(tmp_path: Path, **changes: Any) -> tuple[int, list[str]]:
    before, after = written(tmp_path / "a"), written(tmp_path / "b", **changes)
    tool = ROOT / "tools" / "compare_results.py"
    done = subprocess.run(
        [sys.executable, tool, "compare", before, after],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"provenance": {"created": "2026-02-02", "seed": 0}},
        {"cd5": {**RESULT["cd5"], "percent": 98.0408 * (1 + 5e-7)}},
        {"gates": GATES.replace("0.25", "0.2500000001")},
        {"page": PAGE.replace("09:00:00", "10:11:12").replace("p {}", "p {a: b}")},
    ],
    ids=["nothing", "time", "rounding", "rounding of a gate", "time and style of a page"],
)
def test_what_is_the_same_is_no_difference(tmp_path: Path, changes: dict[str, Any]) -> None:
    code, lines = compared(tmp_path, **changes)
    assert (code, lines) == (0, ["1 samples before, 1 after, 0 differences"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"cd5": {**RESULT["cd5"], "percent": 98.05}},
            "result.json cd5.percent: 98.0408, now 98.05",
        ),
        ({"cd5": {"percent": 98.0408}}, "result.json cd5.reasons: gone"),
        ({"panel": [{"channel": "A"}, {"channel": "C"}]}, "result.json panel[1].channel: B, now C"),
        ({"panel": [{"channel": "A"}]}, "result.json panel: 2 entries, now 1"),
        ({"provenance": {"created": "x", "seed": 1}}, "result.json provenance.seed: 0, now 1"),
        ({"gates": GATES.replace("0.25", "0.26")}, "gates.xml in[0].is.low: 0.25, now 0.26"),
        ({"table": TABLE.replace("12", "13")}, "populations.csv [0].events: 12, now 13"),
        ({"page": PAGE.replace("98.0 %", "98.1 %")}, "report.html piece 0: 98.0 %, now 98.1 %"),
    ],
)
def test_a_difference_is_told_with_its_path(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    code, lines = compared(tmp_path, **changes)
    assert code == 1
    assert lines[0].startswith(f"sample_fcs/p01: {said}")


def test_a_field_that_came_to_be_is_listed_once_and_is_no_difference(tmp_path: Path) -> None:
    panel = [{**channel, "unit": "V"} for channel in RESULT["panel"]]
    code, lines = compared(tmp_path, panel=panel, more={})
    assert code == 0
    assert sorted(lines[:-1]) == ["new: more", "new: panel[].unit"]
