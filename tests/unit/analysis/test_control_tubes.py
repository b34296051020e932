"""Gates that a control tube places, and those that it may not place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow.analysis import control_tubes
from cd5flow.analysis.control_tubes import control_events, read_controls
from cd5flow.analysis.rule_files import load_rule_files
from cd5flow.analysis.tube import read_tube
from cd5flow.config.shipped import strategy_file
from cd5flow.gating.resolve import transfer
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.names import READOUT
from cd5flow.model.result import Timepoint
from cd5flow.pipeline import Analysis, Settings, analyse_tube
from cd5flow.simulate import RELAPSE_8, BlastSpec, TubeSpec, fmo, simulate_tube, write_tube
from support.override_factory import drawn, written

SPEC = TubeSpec(
    name="stained", panel=RELAPSE_8, events=8_000, blast_percent=40, seed=21,
    blasts=BlastSpec(cd5_carriers_percent=85),
)  # fmt: skip
AGAIN = replace(SPEC, name="again", seed=22, donor_seed=21)
ENTRY = """after:
  - gate: over_fmo
    parent: blasts
    find:
      method: quantile
      axis: CD5
      keep: above
      of: granulocytes
      control: fmo
      quantile_percent: 99
    why: blasts brighter than nearly all granulocytes without CD5
"""
Placed = Callable[..., Analysis]


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Placed:
    """Return an analysis by a strategy one gate of which a control places."""
    folder = tmp_path_factory.mktemp("controls")
    strategy = folder / "own.yaml"
    shipped = strategy_file("t-all-relapse").read_text(encoding="utf-8")
    assert shipped.count("\nafter:\n") == 1
    strategy.write_text(shipped.replace("after:\n", ENTRY, 1), encoding="utf-8")

    done: dict[str | None, Analysis] = {}

    def analysed(control: TubeSpec | None = None) -> Analysis:
        name = None if control is None else control.name
        if name in done:
            return done[name]
        for spec in (SPEC, control):
            if spec is not None and not (folder / f"{spec.name}.fcs").exists():
                write_tube(simulate_tube(spec), folder / f"{spec.name}.fcs")
        controls: Any = {} if control is None else {"fmo": folder / f"{control.name}.fcs"}
        settings = Settings(strategy=str(strategy), timepoint=Timepoint.RELAPSE, controls=controls)
        done[name] = analyse_tube(folder / f"{SPEC.name}.fcs", settings)
        return done[name]

    return analysed


def said(analysis: Analysis, code: str) -> list[str]:
    return [str(found) for found in analysis.result.findings if found.code == code]


def test_the_controls_population_through_the_same_gates_places_the_gate(placed: Placed) -> None:
    one = placed(fmo(SPEC))
    gate = one.gating.tree["over_fmo"]
    assert (gate.parent, gate.evidence.method) == ("blasts", "quantile")
    assert gate.evidence.placed_by == ("fmo:granulocytes",)

    (control,) = one.controls
    strategy = load_rule_files(Settings(timepoint=Timepoint.RELAPSE)).strategy.value
    tube = one.tube
    members = transfer(
        one.gating,
        strategy,
        columns=control.tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        seed=0,
    )
    dimension = Dimension(tube.panel.detector(READOUT), tube.scales[tube.panel.detector(READOUT)])
    theirs = control.tube.columns.column(dimension)[members["granulocytes"]]
    assert isinstance(gate.region, Interval)
    assert gate.region.low == pytest.approx(np.percentile(theirs, 99), abs=1e-3)
    assert gate.evidence.events == theirs.size
    assert not said(one, "GATE_BY_REFUSED_CONTROL")


def test_the_gate_is_written_with_what_placed_it(placed: Placed) -> None:
    (section,) = (p for p in placed(fmo(SPEC)).result.populations if p.name == "over_fmo")
    assert section.gate is not None
    assert section.gate.placed_by == ("fmo:granulocytes",)
    assert {"cut", "cut_low", "cut_high", "open_percent"} <= set(section.gate.evidence)


def test_without_the_control_the_gate_is_left_out_and_the_rest_is_as_ever(placed: Placed) -> None:
    bare, full = placed(), placed(fmo(SPEC))
    assert "over_fmo" not in bare.gating.tree
    (why,) = (text for text in said(bare, "GATE_UNRESOLVED") if "over_fmo" in text)
    assert "no control of role fmo was given" in why
    assert bare.result.burden == full.result.burden


def test_a_control_that_does_not_match_the_sample_places_nothing(placed: Placed) -> None:
    later = replace(fmo(SPEC), name="of-a-later-day", acquired=SPEC.acquired.replace(day=25))
    analysis = placed(later)
    assert "over_fmo" not in analysis.gating.tree
    (why,) = (text for text in said(analysis, "GATE_UNRESOLVED") if "over_fmo" in text)
    assert "the fmo control may not be used: OTHER_DAY: acquired 2026-01-25" in why


def test_a_gate_by_a_control_that_the_gates_show_to_be_none_is_told_of(placed: Placed) -> None:
    # A second tube with CD5 in it: only its T cells show that.
    analysis = placed(AGAIN)
    assert not analysis.result.controls[0].accepted
    (told,) = said(analysis, "GATE_BY_REFUSED_CONTROL")
    assert (
        "over_fmo was placed by fmo:granulocytes, and that control is refused: NOT_AN_FMO" in told
    )


def test_strategies_that_no_control_places_a_gate_of_are_gated_without_them(
    placed: Placed,
) -> None:
    tube = placed(fmo(SPEC)).tube
    settings = replace(tube.settings, strategy="auto")
    rules = load_rule_files(settings)
    plain = read_controls(read_tube(tube.path, settings, rules))
    assert [control.role for control in plain.controls] == ["fmo"]
    assert control_events(plain) == {}


def test_a_control_is_read_and_compensated_once_even_where_gates_are_drawn_by_hand(
    placed: Placed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tube = placed(fmo(SPEC)).tube
    (row,) = (p for p in placed(fmo(SPEC)).result.populations if p.name == "blasts")
    assert row.gate is not None
    override = written(tmp_path, drawn("blasts", row.gate.region), sample={"id": SPEC.name})
    done: list[str] = []

    def noted(name: str) -> None:
        function = getattr(control_tubes, name)

        def instead(*given: Any, **more: Any) -> Any:
            done.append(name)
            return function(*given, **more)

        monkeypatch.setattr(control_tubes, name, instead)

    noted("read_fcs")
    noted("compensate")
    analysis = analyse_tube(tube.path, replace(tube.settings, override=override))
    assert analysis.result.overrides
    assert done == ["read_fcs", "compensate"]
