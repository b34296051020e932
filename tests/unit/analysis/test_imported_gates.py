"""One tube by gates of another program: the same numbers, states and report come out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow import analyze
from cd5flow.analysis.settings import make_settings
from cd5flow.errors import GatesError, OptionError
from cd5flow.fcs import read_fcs
from cd5flow.interop.gatingml import to_gatingml
from cd5flow.model.reasons import Reason, sentence
from cd5flow.model.result import Cd5State, CriterionState, CutMethod, QualityState
from cd5flow.pipeline import Analysis, analyse_tube
from support.analysed import CLEAR, CLOGGED, analysis, fmo_of, tube
from support.gates_factory import axis, document, matrix, polygon, rectangle

BOTH = {"blasts": "blasts", "cd5_positive": "cd5_positive"}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gates")


def own_gates(folder: Path, name: str) -> Path:
    """Return the gates.xml of a sample tube."""
    file, found = folder / f"{name}.xml", analysis(name)
    raw = found.tube.fcs.raw
    clock = raw.time
    ticks = {}
    if clock is not None and raw.timestep_seconds is not None:
        ticks = {clock.detector: raw.timestep_seconds}
    text = to_gatingml(
        found.gating.tree, spillover=found.tube.compensation.spillover, tick_seconds=ticks
    )
    file.write_text(text, encoding="utf-8")
    return file


def with_gates(
    gates: Path, *, name: str = CLEAR, named: Mapping[str, str] = BOTH, **words: Any
) -> Analysis:
    if "controls" not in words and fmo_of(name).is_file():
        words["controls"] = {"fmo": fmo_of(name)}
    return analyse_tube(
        tube(name),
        make_settings(timepoint="relapse", specimen="bone_marrow", gates=gates, map=named, **words),
    )


def codes(reasons: tuple[Reason, ...]) -> set[str]:
    return {reason.code for reason in reasons}


@pytest.mark.parametrize("name", [CLEAR, CLOGGED, "p04-cd5-dim"])
def test_our_own_gates_come_back_with_the_same_counts_and_shares(name: str, folder: Path) -> None:
    first = analysis(name)
    again = with_gates(own_gates(folder, name), name=name)
    assert [g.name for g in again.gating.tree.gates] == [g.name for g in first.gating.tree.gates]
    for one, mask in first.gating.members.items():
        assert np.array_equal(again.gating.members[one], mask), one
    ours, theirs = first.result, again.result
    assert theirs.cd5.percent == ours.cd5.percent
    assert theirs.cd5.ci95_percent == ours.cd5.ci95_percent
    assert theirs.cd5.positive_events == ours.cd5.positive_events
    assert theirs.burden.percent == ours.burden.percent
    assert theirs.burden.state is ours.burden.state
    assert theirs.cd5.state is ours.cd5.state
    assert theirs.criterion.state is ours.criterion.state
    assert theirs.controls == ours.controls
    shares = [(p.name, p.events, p.percent_of_parent) for p in theirs.populations]
    assert shares == [(p.name, p.events, p.percent_of_parent) for p in ours.populations]


def test_the_result_says_whose_gates_these_are(folder: Path) -> None:
    gates = own_gates(folder, CLEAR)
    result = with_gates(gates).result
    imported = result.strategy.imported
    assert imported is not None
    assert (imported.file, imported.populations) == (gates.name, BOTH)
    assert imported.sha256 in sentence(result.strategy.choice)
    assert result.strategy.lineage == "as drawn in imported gates, by cyCD3, CD3"
    assert {p.gate.method for p in result.populations if p.gate is not None} == {"drawn"}
    assert {p.gate.confidence for p in result.populations if p.gate is not None} == {"by_hand"}
    assert result.provenance.settings["gates"] == gates.name
    assert result.provenance.settings["map"] == BOTH
    assert result.provenance.redo is None  # they are drawn anew where they were drawn
    assert {"GATES_IMPORTED", "GATES_BY_NAME"} <= codes(result.findings)
    assert analysis(CLEAR).result.strategy.imported is None


def test_two_runs_are_alike_and_another_file_is_another_input(folder: Path) -> None:
    gates = own_gates(folder, CLEAR)
    one, two = (with_gates(gates).result for _ in range(2))
    assert one.provenance.inputs_sha256 == two.provenance.inputs_sha256
    other = folder / gates.name.replace("p01", "p00")
    other.write_bytes(gates.read_bytes() + b"\n")
    changed = with_gates(other).result.provenance.inputs_sha256
    assert changed not in {one.provenance.inputs_sha256, None}


@cache
def channels() -> dict[str, str]:
    return dict(analysis(CLEAR).tube.panel.markers)


def human(*more: str, cd5: str = "") -> bytes:
    """Return gates as a person draws them on the sample tube, with a matrix of their own."""
    own = read_fcs(tube(CLEAR)).spillover
    assert own is not None
    of = channels()

    def side(marker: str, **bounds: float) -> str:
        return axis(of[marker], matrix="m", **bounds)  # type: ignore[arg-type]

    return document(
        matrix("m", own.detectors, own.detectors, own.matrix.tolist()),
        rectangle("Cells", axis(of["FSC"], low=30_000)),
        rectangle("Leukocytes", side("CD45", low=300), parent="Cells"),
        rectangle("T", side("CD45", low=5000), side("CD3", low=2000), parent="Cells"),
        rectangle("Others", side("CD45", low=9000), side("CD3", high=900), parent="Cells"),
        rectangle("Immature", side("CD45", low=200, high=9000), parent="Cells"),
        rectangle("Blasts", side("cyCD3", low=1000), side("CD3", high=900), parent="Immature"),
        cd5 or rectangle("Positive", side("CD5", low=560), parent="Blasts"),
        *more,
    )


NAMED = {
    "blasts": "Blasts",
    "cd5_positive": "Positive",
    "nucleated": "Leukocytes",
    "t_cells": "T",
}


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    file = tmp_path / "gates.xml"
    file.write_bytes(human())
    return file


def test_a_persons_gates_give_numbers_states_and_a_cut(drawn: Path) -> None:
    found = with_gates(drawn, named=NAMED)
    signal = found.tube.events.linear(channels()["CD5"])
    blasts = found.gating.members["blasts"]
    cd5 = found.result.cd5
    assert cd5.blast_events == int(blasts.sum()) > 1000
    assert cd5.positive_events == int((blasts & (signal >= 560)).sum())
    assert cd5.percent == pytest.approx(100 * cd5.positive_events / cd5.blast_events)
    assert cd5.cut is not None
    assert (cd5.cut.method, cd5.cut.by_hand) == (CutMethod.FIXED, True)
    assert cd5.cut.linear == pytest.approx(560)
    assert sentence(cd5.cut.reference) == "lower edge of gate 'Positive' of gates.xml"
    assert cd5.cut.alternatives[0].method == "fmo"
    assert cd5.state is Cd5State.MEETS
    assert found.result.burden.denominator == "gate 'Leukocytes' of gates.xml"
    assert found.result.burden.denominator_events == found.gating.count("nucleated")
    assert found.result.criterion.state is CriterionState.MET


def test_without_an_fmo_a_cut_by_hand_is_for_a_reviewer(drawn: Path) -> None:
    result = with_gates(drawn, named={**NAMED, "nk_cells": "Others"}, controls={}).result
    assert result.cd5.percent is not None
    assert result.cd5.state is Cd5State.BORDERLINE
    assert "CUT_BY_HAND" in codes(result.cd5.reasons)
    assert result.criterion.state is CriterionState.REVIEW


def test_without_negatives_the_share_is_given_and_the_state_withheld(drawn: Path) -> None:
    few = {name: NAMED[name] for name in ("blasts", "cd5_positive")}
    result = with_gates(drawn, named=few, controls={}).result
    assert result.cd5.percent is not None
    assert result.cd5.state is Cd5State.NOT_EVALUABLE
    assert codes(result.cd5.reasons) == {"CD5_REAGENT_UNPROVEN"}
    assert (result.burden.state.value, result.burden.percent) == ("NOT_EVALUABLE", None)
    assert codes(result.burden.reasons) == {"NO_DENOMINATOR"}
    assert result.quality.state is not QualityState.FAIL
    assert "NO_DENOMINATOR" in codes(result.findings)


def test_without_a_gate_for_cd5_our_own_cut_is_placed(drawn: Path) -> None:
    named = {name: gate for name, gate in NAMED.items() if name != "cd5_positive"}
    cd5 = with_gates(drawn, named=named).result.cd5
    assert cd5.cut is not None
    assert (cd5.cut.method, cd5.cut.by_hand) == (CutMethod.FMO, False)
    assert cd5.state is Cd5State.MEETS


def test_a_polygon_of_cd5_counts_and_is_no_cut(tmp_path: Path) -> None:
    file, of = tmp_path / "gates.xml", channels()
    axes = axis(of["CD5"], matrix="m"), axis(of["SSC"])
    corners = ((300, 0), (300_000, 0), (300_000, 300_000), (30_000, 300_000))
    slanted = polygon("Positive", *axes, points=corners)
    file.write_bytes(human(cd5=slanted))
    found = with_gates(file, named=NAMED)
    cd5, positive = found.result.cd5, found.gating.members["cd5_positive"]
    assert not (positive & ~found.gating.members["blasts"]).any()
    assert cd5.positive_events == int(positive.sum()) > 100
    assert cd5.percent == pytest.approx(100 * cd5.positive_events / cd5.blast_events)
    assert (cd5.cut, cd5.pattern, cd5.state) == (None, None, Cd5State.BORDERLINE)
    assert "NO_LINEAR_CUT" in codes(cd5.reasons)
    assert cd5.band_percent is not None
    assert cd5.percent is not None
    assert cd5.band_percent[0] <= cd5.percent <= cd5.band_percent[1]
    assert found.result.criterion.state is CriterionState.REVIEW


def test_blasts_chosen_by_cd5_are_for_a_reviewer(tmp_path: Path) -> None:
    file = tmp_path / "gates.xml"
    bright = axis(channels()["CD5"], matrix="m", low=100)
    file.write_bytes(human(rectangle("Chosen", bright, parent="Blasts")))
    named = {**NAMED, "blasts": "Chosen"}
    result = with_gates(file, named=named).result
    assert result.cd5.state is Cd5State.MEETS
    assert result.criterion.state is CriterionState.REVIEW
    assert "BLASTS_USE_CD5" in codes(result.criterion.reasons) & codes(result.findings)
    assert result.criterion.bounds == ("NK_UNRESOLVED", "BLASTS_USE_CD5")


def test_blasts_of_no_lineage_marker_are_for_a_reviewer(drawn: Path) -> None:
    result = with_gates(drawn, named={**NAMED, "blasts": "Immature"}).result
    assert result.cd5.percent is not None
    assert result.criterion.state is CriterionState.REVIEW
    assert "LINEAGE_AS_DRAWN" in codes(result.criterion.reasons)


def test_the_matrix_of_the_gates_is_the_tubes(tmp_path: Path) -> None:
    file = tmp_path / "gates.xml"
    text = human().decode()
    own = read_fcs(tube(CLEAR)).spillover
    assert own is not None
    file.write_text(text, "utf-8")
    assert with_gates(file, named=NAMED).tube.compensation.spillover is not None
    assert "$SPILLOVER" in with_gates(file, named=NAMED).tube.compensation.spillover.source  # type: ignore[union-attr]
    other = own.matrix.copy()
    other[0, 1] += 0.05
    changed = text.replace(repr(float(own.matrix[0, 1])), repr(float(other[0, 1])), 1)
    assert changed != text
    file.write_text(changed, "utf-8")
    spillover = with_gates(file, named=NAMED, controls={}).tube.compensation.spillover
    assert spillover is not None
    assert spillover.source == "gates.xml (m)"
    assert spillover.matrix[0, 1] == other[0, 1]
    for stated in ("hardware", str(_csv(tmp_path, own.detectors, own.matrix))):
        with pytest.raises(OptionError, match=r"matrix of their own, gates\.xml \(m\)"):
            with_gates(file, named=NAMED, spillover=stated)
    same = _csv(tmp_path, own.detectors, other)
    assert with_gates(file, named=NAMED, spillover=str(same), controls={}).result.cd5.percent


def _csv(folder: Path, detectors: tuple[str, ...], values: np.ndarray[Any, Any]) -> Path:
    file = folder / "matrix.csv"
    rows = [",".join(detectors), *(",".join(repr(float(v)) for v in row) for row in values)]
    file.write_text("\n".join(rows), "utf-8")
    return file


def test_the_python_function_takes_gates_too(drawn: Path) -> None:
    result = analyze(tube(CLEAR), timepoint="relapse", gates=drawn, map={"blasts": "Blasts"})
    assert result.strategy.imported is not None
    assert result.strategy.imported.populations == {"blasts": "Blasts"}


def test_a_channel_without_a_marker_is_compensated_where_a_gate_reads_it(tmp_path: Path) -> None:
    file, of = tmp_path / "gates.xml", channels()
    spare = rectangle("Spare", axis(of["CD99"], matrix="m", low=300), parent="Cells")
    file.write_bytes(human(spare))
    strategy = analyse_tube(tube(CLEAR), make_settings(gates=file, map=NAMED, markers={}))
    events, detector = strategy.tube.events, of["CD99"]
    assert detector in events.compensated
    expected = strategy.gating.members["Cells"] & (events.linear(detector) >= 300)
    assert np.array_equal(strategy.gating.members["Spare"], expected)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"map": {"blasts": "x"}}, "map: found no file of gates"),
        ({"gates": "gates.xml", "override": "mine.yaml"}, "override: found a file of gates too"),
    ],
)
def test_words_that_do_not_go_together_are_refused(words: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        make_settings(**words)


def test_a_gate_that_does_not_fit_the_tube_is_named(tmp_path: Path) -> None:
    file = tmp_path / "gates.xml"
    file.write_bytes(document(rectangle("blasts", axis("BV999-A", low=1))))
    with pytest.raises(
        GatesError, match=r"gate 'blasts' of gates\.xml: it reads channel 'BV999-A'"
    ):
        with_gates(file, named={})
