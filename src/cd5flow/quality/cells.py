"""What the cells were like: debris, doublets, the living, enough of them, none of another tube."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cd5flow.model.events import Mask
from cd5flow.model.names import ALL, SINGLETS
from cd5flow.model.reasons import Reason
from cd5flow.model.result import QualityState
from cd5flow.numerics.clock import in_order, is_folded
from cd5flow.quality.checks import Observation
from cd5flow.quality.quality_input import QualityInput
from cd5flow.quality.ratio import BlastCount, least_ratio

_CLUSTER_METHOD = "candidate_cluster"
"""The method by which blasts are the one cluster of all that pass the lineage gates."""


def observe_cells(tube: QualityInput) -> tuple[Observation, ...]:
    """Return every observation about the cells, in a fixed order."""
    return tuple(observe(tube) for observe in OBSERVERS)


def debris(tube: QualityInput) -> Observation:
    """Share of events too small to be cells."""
    lost = tube.lost_percent("cells")
    words = Reason("DEBRIS", case="not_told")
    if lost is not None:
        words = Reason("DEBRIS", case="seen", percent=lost)
    return Observation("DEBRIS", lost, "% of events", words)


def doublets(tube: QualityInput) -> Observation:
    """Share of cells left out as doublets, both steps together."""
    if SINGLETS not in tube.gating.tree:
        return Observation("DOUBLETS", None, "% of cells", Reason("DOUBLETS", case="not_told"))
    # What the first singlet gate saw; gates before it left out other things than doublets.
    gate = tube.gating.tree[SINGLETS]
    while gate.parent != ALL and tube.gating.tree[gate.parent].evidence.method == "singlet_band":
        gate = tube.gating.tree[gate.parent]
    whole = tube.gating.count(gate.parent)
    kept = tube.gating.count(SINGLETS)
    if not whole or kept is None:
        return Observation("DOUBLETS", None, "% of cells", Reason("DOUBLETS", case="no_cells"))
    lost = 100 * (whole - kept) / whole
    return Observation(
        "DOUBLETS", lost, "% of cells", Reason("DOUBLETS", case="seen", percent=lost)
    )


def viability(tube: QualityInput) -> Observation:
    """Share of living cells where a dye tells."""
    if "viable" not in tube.gating.tree:
        return Observation(
            "VIABILITY", None, "% of singlets", Reason("VIABILITY", case="not_assessed")
        )
    lost = tube.lost_percent("viable")
    kept = None if lost is None else 100 - lost
    return Observation("VIABILITY", kept, "% of singlets", Reason("VIABILITY", case="seen"))


def denominator(tube: QualityInput) -> Observation:
    """Events of the denominator; without any there is nothing to judge."""
    n = tube.gating.count(tube.denominator_name)
    if tube.gating.denominator_unnamed:
        return Observation("DENOMINATOR", None, "events", Reason("DENOMINATOR", case="unnamed"))
    if not n:
        return Observation(
            "DENOMINATOR",
            None,
            "events",
            Reason("NOT_SEEN", case="no_denominator"),
            QualityState.FAIL,
        )
    return Observation(
        "DENOMINATOR", float(n), "events", Reason("DENOMINATOR", case="seen", events=n)
    )


def sensitivity(tube: QualityInput) -> Observation:
    """Least share of blasts that the number of cells can show: the LOD of the count rule."""
    n = tube.gating.count(tube.denominator_name)
    if not n:
        return Observation(
            "SENSITIVITY", None, "% of the denominator", Reason("NOT_SEEN", case="no_denominator")
        )
    lod = 100 * tube.lod_events / n
    return Observation(
        "SENSITIVITY",
        lod,
        "% of the denominator",
        Reason("SENSITIVITY", blasts=tube.lod_events, cells=n),
    )


def blasts(tube: QualityInput) -> Observation:
    """Events among the blasts, where there is a cluster of them."""
    n = tube.gating.count(tube.blasts_name) or 0
    if not tube.gating.lineage.cluster:
        return Observation("BLASTS", None, "events", Reason("NOT_SEEN", case="no_cluster"))
    return Observation("BLASTS", float(n), "events", Reason("BLASTS", events=n))


def outside_blasts(tube: QualityInput) -> Observation:
    """Share of cells that one gate alone keeps out of the blasts and that are no normal ones.

    Where they are many there is a second cluster, and it is open which one is the leukaemia, or
    whether both are.
    """
    code, unit = "OUTSIDE_BLASTS", "% of the denominator"
    seen = tube.outside
    if seen is None or not seen.cells:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_cluster"))
    if seen.population is None:
        words = Reason(code, case="sampled", events=seen.events, cells=seen.cells)
    elif seen.method == _CLUSTER_METHOD:
        words = Reason(code, case="seen", events=seen.events, population=seen.population)
    else:
        why = Reason(code, case="other_method", method=seen.method)
        return Observation(code, None, unit, why)
    return Observation(code, 100 * seen.events / seen.cells, unit, words)


def carry_over(tube: QualityInput) -> Observation:
    """How much commoner blasts are at the start of the run than later: a tube before may be in it.

    The value is the lower limit of the ratio of the two shares (see `least_ratio`).
    """
    code, unit, rule = "CARRY_OVER", "times the rest", tube.rules.carry_over
    members = tube.gating.members
    if tube.blasts_name not in members or tube.denominator_name not in members:
        return Observation(code, None, unit, Reason(code, case="no_blasts"))
    early = _first(tube, rule.first_percent)
    if early is None:
        return Observation(code, None, unit, Reason(code, case="no_clock"))
    whole = members[tube.denominator_name]
    found = members[tube.blasts_name] & whole
    n1, n2 = (int(np.count_nonzero(whole & part)) for part in (early, ~early))
    k1, k2 = (int(np.count_nonzero(found & part)) for part in (early, ~early))
    first, rest = BlastCount(k1, n1), BlastCount(k2, n2)
    if n1 < rule.cells or not n2:
        return Observation(code, None, unit, Reason(code, case="few", cells=n1))
    return Observation(
        code,
        least_ratio(first, rest, confidence_percent=rule.confidence_percent),
        unit,
        Reason(code, case="seen", early=k1, first=n1, late=k2, rest=n2),
    )


def _first(tube: QualityInput, percent: float) -> Mask | None:
    """Return the events of the first part of the run; None where no clock tells."""
    time = tube.seconds()
    if time is None or not np.isfinite(time).all() or is_folded(time):
        return None
    if not time.size or not time.max() > time.min():
        return None
    early: Mask = np.zeros(time.size, dtype=np.bool_)
    events = int(np.ceil(percent / 100 * time.size))
    first = slice(events) if in_order(time) else np.argsort(time, kind="stable")[:events]
    early[first] = True
    return early


def gate_shares(tube: QualityInput) -> Observation:
    """Number of gates outside their usual share of the parent."""
    odd = tuple(f.reason for f in tube.gating.findings if f.code == "GATE_SHARE")
    return Observation("GATE_SHARES", float(len(odd)), "gates", odd or Reason("GATE_SHARES"))


def gate_positions(tube: QualityInput) -> Observation:
    """Number of populations that do not lie where they usually do."""
    odd = tuple(f.reason for f in tube.gating.findings if f.code == "GATE_POSITION")
    return Observation("GATE_POSITIONS", float(len(odd)), "gates", odd or Reason("GATE_POSITIONS"))


OBSERVERS: tuple[Callable[[QualityInput], Observation], ...] = (
    debris,
    doublets,
    viability,
    denominator,
    sensitivity,
    blasts,
    outside_blasts,
    carry_over,
    gate_shares,
    gate_positions,
)
"""The battery; another observer is one function and one line."""
