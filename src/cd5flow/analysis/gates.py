"""The gates of a tube: imported ones where there are any, else those that the strategy finds."""

from __future__ import annotations

from cd5flow.analysis.control_tubes import control_events
from cd5flow.analysis.imported_gates import gate_as_drawn
from cd5flow.analysis.stages import GatedTube, Tube
from cd5flow.gating.by_hand import OverridePlan
from cd5flow.gating.resolve import resolve
from cd5flow.model.populations import Gating
from cd5flow.numerics.timing import Stage, untimed


def gate_tube(tube: Tube, stage: Stage = untimed) -> GatedTube:
    """Gate a tube.

    Raises:
        OptionError: imported gates are said to be a population that is none.
        GatesError: an imported gate is not there, is ambiguous, or does not fit the tube.
    """
    plan = OverridePlan(tube.strategy)
    return GatedTube(tube, gate_as_drawn(tube) or find_gates(tube, plan, stage), plan)


def find_gates(tube: Tube, plan: OverridePlan, stage: Stage = untimed) -> Gating:
    """Find every gate of the strategy that was not drawn by hand."""
    return resolve(
        plan.strategy,
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        seed=tube.settings.seed,
        drawn=plan.drawn,
        laip=tube.settings.laip,
        controls=control_events(tube),
        profiles=tube.profiles,
        stage=stage,
    )
