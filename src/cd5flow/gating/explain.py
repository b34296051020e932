"""What a gate rests on, and whether its population lies where it usually does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cd5flow.gating.tube_view import Consulted, Resolved, Side, TubeView
from cd5flow.model.findings import Finding, warning
from cd5flow.model.geometry import Boolean, Dimension
from cd5flow.model.populations import Place
from cd5flow.model.reasons import Reason
from cd5flow.numerics.order_statistics import finite_values, median
from cd5flow.preprocess.transforms import inverse


def explain(found: Resolved, consulted: Consulted, tried: tuple[Reason, ...]) -> Resolved:
    """Return a gate with what it rests on.

    Args:
        found: the gate.
        consulted: what its method asked of other populations.
        tried: why each way that was tried before could not tell.
    """
    placed_by = dict.fromkeys(consulted.populations)
    if isinstance(found.region, Boolean):
        placed_by |= dict.fromkeys(operand.gate for operand in found.region.operands)
    evidence = replace(
        found.evidence,
        tried=tried,
        placed_by=tuple(placed_by),
        unplaced=tuple(consulted.unplaced),
    )
    return Resolved(found.region, evidence)


def usual_places(sides: Sequence[Side], view: TubeView) -> Iterator[tuple[Place, Dimension]]:
    """Yield where a population lies on the axes for which a strategy states a usual place.

    Args:
        sides: axes with the bounds of the usual place.
        view: the tube, the population being the parent. Axes that it lacks are left out.
    """
    for side in sides:
        if not any(view.panel.has(marker) for marker in side.axis.split("|")):
            continue
        axis = view.dimension(side.axis)
        values = finite_values(view.values(axis))
        if values.size:
            bounds = view.at(side.low, axis), view.at(side.high, axis)
            yield Place(view.marker(side.axis), median(values), *bounds), axis


def out_of_place(gate: str, place: Place, axis: Dimension) -> Finding:
    """Return where a population lies and where it usually does, in linear units."""

    def linear(there: float) -> float:
        return there if axis.scale is None else float(inverse(there, axis.scale))

    told: dict[str, object] = {
        "gate": gate,
        "axis": place.axis,
        "place": linear(place.median),
    }
    if place.low is not None:
        told |= {"low": linear(place.low), "case": "at_least"}
    if place.high is not None:
        case = "at_most" if place.low is None else "between"
        told |= {"high": linear(place.high), "case": case}
    return warning("GATE_POSITION", **told)
