"""What earlier therapies change in a strategy: markers that may no longer choose, cells in doubt."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from cd5flow.gating.methods.fixed import Fixed
from cd5flow.gating.strategy import AfterTherapy, GateSpec, LineagePath, Strategy
from cd5flow.model.reasons import Reason
from cd5flow.model.result import PriorTherapy


def therapy_changes(
    strategy: Strategy, therapies: Sequence[PriorTherapy]
) -> tuple[AfterTherapy, ...]:
    """Return the entries of a strategy that apply after these therapies, in its order."""
    return tuple(rule for rule in strategy.prior_therapy if set(rule.after) & set(therapies))


def adapt_strategy(
    strategy: Strategy, therapies: Sequence[PriorTherapy]
) -> tuple[Strategy, tuple[Reason, ...]]:
    """Return a strategy as it stands after earlier therapies, and what changed in it.

    A gate that bounds a window on several markers does without one that may no longer choose. A
    lineage rule that still looks at such a marker is not used: without it, it would be another rule.

    Returns:
        The strategy, and each change.
    """
    paths = strategy.paths
    said = []
    for rule in therapy_changes(strategy, therapies):
        fewer = tuple(_without(path, rule.ignores) for path in paths)
        lost = [path.lineage for path in fewer if _looks_at(path, rule.ignores)]
        paths = tuple(path for path in fewer if path.lineage not in lost)
        names = " and ".join(t.value for t in rule.after if t in therapies)
        told: dict[str, object] = {"therapy": names, "says": rule.says.strip()}
        said.append(
            Reason("AFTER_THERAPY", case="rules_lost", rules=lost, **told)
            if lost
            else Reason("AFTER_THERAPY", case="changed", **told)
        )
    ignored = ignored_markers(strategy, therapies)
    search, unproven = strategy.leukaemia, strategy.unproven
    changed: dict[str, object] = {
        "paths": paths,
        "leukaemia": None if search is None else search.without(ignored),
        "unproven": None if unproven is None else unproven.without(ignored),
    }
    return strategy.model_copy(update=changed), tuple(said)


def ignored_markers(strategy: Strategy, therapies: Sequence[PriorTherapy]) -> frozenset[str]:
    """Return the markers that neither select nor exclude blasts after these therapies."""
    rules = therapy_changes(strategy, therapies)
    return frozenset(marker for rule in rules for marker in rule.ignores)


def _without(path: LineagePath, markers: Sequence[str]) -> LineagePath:
    """Return a path whose gates on several markers leave these out."""
    gates = tuple(_gate_without(gate, markers) for gate in path.gates)
    return path if gates == path.gates else path.model_copy(update={"gates": gates})


def _gate_without(gate: GateSpec, markers: Sequence[str]) -> GateSpec:
    ways = tuple(_way_without(way, markers) for way in gate.methods)
    if ways == gate.methods:
        return gate
    return gate.model_copy(update={"find": ways[0], "otherwise": ways[1:]})


def _way_without(way: BaseModel, markers: Sequence[str]) -> BaseModel:
    if isinstance(way, Fixed):  # its axes are those of a shape, which is another one without them
        return way
    axes: tuple[str, ...] = getattr(way, "axes", ())
    kept = tuple(axis for axis in axes if not set(axis.split("|")) & set(markers))
    return way.model_copy(update={"axes": kept}) if kept and kept != axes else way


def _looks_at(path: LineagePath, markers: Sequence[str]) -> bool:
    return any(gate.markers & set(markers) for gate in path.gates)
