"""`--gates` and `--map` as a user runs them: Gating-ML, FlowJo workspaces, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cd5flow.fcs import read_fcs
from support.analysed import CLEAR, SAMPLES, fmo_of, tube
from support.workspace_factory import BIEX, LINEAR, box, outline, population, spillover, workspace
from support.workspace_factory import tube as drawn_tube

if TYPE_CHECKING:
    from support.command_line import Run

RELAPSE = (
    *("--timepoint", "relapse", "--specimen", "bone_marrow"),
    *("--control", f"fmo={fmo_of(CLEAR)}"),
)


def result(out: Path, sample: str = CLEAR) -> Any:
    return json.loads((out / sample / "result.json").read_text("utf-8"))


def study(*names: str) -> bytes:
    """Return a workspace with the same gates drawn on several tubes."""
    fcs = read_fcs(tube(CLEAR))
    of = {(c.label or c.detector).split()[0]: c.detector for c in fcs.channels}
    mark = {marker: f"Comp-{detector}" for marker, detector in of.items()}
    scales = {d: LINEAR if d[:3] in {"FSC", "SSC", "Tim"} else BIEX for d in of.values()}
    scales |= {f"Comp-{d}": BIEX for d in of.values()}
    assert fcs.spillover is not None
    matrix = spillover(fcs.spillover.detectors, fcs.spillover.matrix.tolist())
    blasts = outline(
        mark["cyCD3"], mark["CD3"], ((1e3, -1e3), (2.6e5, -1e3), (2.6e5, 900), (1e3, 900))
    )
    gates = population(
        "Cells",
        box(("FSC-A", 30_000.0, 262_144.0), ("SSC-A", None, 250_000.0)),
        population("CD45+", box((mark["CD45"], 300.0, 262_144.0))),
        population("CD3+", box((mark["CD45"], 5000.0, None), (mark["CD3"], 2000.0, None))),
        population("CD3-", box((mark["CD45"], 9000.0, None), (mark["CD3"], None, 900.0))),
        population(
            "Immature",
            outline(mark["CD45"], "SSC-A", ((200, 0), (9000, 0), (9000, 6e4), (200, 6e4))),
            population("Blasts", blasts, population("CD5+", box((mark["CD5"], 560.0, 262_144.0)))),
            population("CD5+", box((mark["CD5"], 560.0, 262_144.0))),
        ),
    )
    tubes = [
        drawn_tube(name, gates, uri=name, events=12_000, scales=scales, matrix=matrix)
        for name in names
    ]
    return workspace(*tubes)


NAMED = (
    *("--map", "blasts=Blasts", "--map", "cd5_positive=Blasts/CD5+", "--map", "nucleated=CD45+"),
    *("--map", "t_cells=CD3+"),
)


def test_our_own_gates_give_the_same_numbers_states_and_report(
    cd5flow: Run, tmp_path: Path
) -> None:
    first = cd5flow("analyze", tube(CLEAR), *RELAPSE, "--no-report", "--out", "first")
    assert first.code == 0, first.err
    gates = Path("first") / CLEAR / "gates.xml"
    named = ("--map", "blasts=blasts", "--map", "cd5_positive=cd5_positive")
    again = cd5flow(
        "analyze", tube(CLEAR), *RELAPSE, "--gates", gates, *named, "--out", "again", fresh=True
    )
    assert (again.code, again.err) == (0, "")
    one, two = result(tmp_path / "first"), result(tmp_path / "again")
    for part in ("cd5", "burden", "criterion"):
        assert two[part]["state"] == one[part]["state"]
    for part in ("cd5", "burden"):
        assert two[part]["percent"] == one[part]["percent"]
    events, again_events = ({p["name"]: p["events"] for p in r["populations"]} for r in (one, two))
    lost = [p for p in one["populations"] if p["name"] not in again_events]
    # What holds every event of its parent has no gate in the file.
    assert [p["events"] for p in lost] == [{"all": 12_000, **events}[p["parent"]] for p in lost]
    assert again_events == {name: n for name, n in events.items() if name in again_events}
    folder = tmp_path / "again" / CLEAR
    assert {p.name for p in folder.iterdir()} == {
        *("result.json", "populations.csv", "gates.xml", "plots", "report.pdf", "report.html")
    }
    html = (folder / "report.html").read_text("utf-8")
    assert "gates.xml" in html
    assert two["strategy"]["imported"]["sha256"] in html


def test_a_flowjo_workspace_is_analysed(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "study.wsp").write_bytes(study("other.fcs", f"{CLEAR}.fcs"))
    ran = cd5flow("analyze", tube(CLEAR), *RELAPSE, "--gates", "study.wsp", *NAMED, "--no-report")
    assert (ran.code, ran.err) == (0, "")
    found = result(tmp_path / "cd5flow-results")
    assert (found["cd5"]["state"], found["criterion"]["state"]) == ("MEETS", "MET")
    assert found["cd5"]["cut"]["method"] == "fixed"
    assert found["cd5"]["cut"]["linear"] == pytest.approx(560, rel=1e-3)
    assert found["strategy"]["imported"]["populations"]["cd5_positive"] == "Blasts/CD5+"
    paths = {p["name"]: p["path"] for p in found["populations"]}
    assert paths["cd5_positive"] == "all/Cells/Immature/blasts/cd5_positive"
    assert paths["CD5_pos"] == "all/Cells/Immature/CD5_pos"


def test_many_tubes_are_analysed_by_one_workspace(cd5flow: Run, tmp_path: Path) -> None:
    tubes = tmp_path / "tubes"
    tubes.mkdir()
    for name in (CLEAR, "p04-cd5-dim"):
        (tubes / f"{name}.fcs").write_bytes((SAMPLES / f"{name}.fcs").read_bytes())
    (tmp_path / "study.wsp").write_bytes(study(f"{CLEAR}.fcs"))
    wanted = ("--out", "out", "--no-report", "--jobs", "1")
    ran = cd5flow("batch", "tubes", "--gates", "study.wsp", *NAMED, *wanted)
    assert ran.code == 3
    assert result(tmp_path / "out")["strategy"]["imported"]["file"] == "study.wsp"
    failures = (tmp_path / "out" / "failures.csv").read_text("utf-8")
    assert "GatesError" in failures
    assert "its tubes are 'p01-clear-positive.fcs (12,000 events)'" in failures


def refused(cd5flow: Run, *words: str | Path) -> str:
    ran = cd5flow("analyze", tube(CLEAR), *words)
    assert ran.code == 2
    return ran.complaint


def test_what_is_wrong_with_the_gates_is_wrong_usage(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "study.wsp").write_bytes(study(f"{CLEAR}.fcs"))
    said = refused(cd5flow, "--gates", "study.wsp", "--map", "blasts=CD5+")
    assert "gate 'CD5+' is ambiguous" in said
    assert "'/Cells/Immature/Blasts/CD5+', '/Cells/Immature/CD5+'" in said
    assert "found population 'blast'" in refused(
        cd5flow, "--gates", "study.wsp", "--map", "blast=Blasts"
    )
    (tmp_path / "laughs.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "utf-8")
    assert "document type, entity" in refused(cd5flow, "--gates", "laughs.xml")


def test_gates_that_are_not_there_are_refused_input(cd5flow: Run) -> None:
    ran = cd5flow("analyze", tube(CLEAR), "--gates", "nowhere.xml")
    assert ran.code == 1
    assert "nowhere.xml: cannot be read" in ran.complaint
