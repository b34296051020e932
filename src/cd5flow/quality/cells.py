"""What the cells were like: debris, doublets, the living, enough of them, none of another tube."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cd5flow.model.events import Mask
from cd5flow.model.names import ALL, SINGLETS
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
    words = (
        "debris was not told from cells" if lost is None else f"{lost:.3g} % of events are debris"
    )
    return Observation("DEBRIS", lost, "% of events", words)


def doublets(tube: QualityInput) -> Observation:
    """Share of cells left out as doublets, both steps together."""
    if SINGLETS not in tube.gating.tree:
        why = (
            "area or height of forward scatter is missing: doublets are not told from single cells"
        )
        return Observation("DOUBLETS", None, "% of cells", why)
    # What the first singlet gate saw; gates before it left out other things than doublets.
    gate = tube.gating.tree[SINGLETS]
    while gate.parent != ALL and tube.gating.tree[gate.parent].evidence.method == "singlet_band":
        gate = tube.gating.tree[gate.parent]
    whole = tube.gating.count(gate.parent)
    kept = tube.gating.count(SINGLETS)
    if not whole or kept is None:
        return Observation("DOUBLETS", None, "% of cells", "no cells")
    lost = 100 * (whole - kept) / whole
    return Observation("DOUBLETS", lost, "% of cells", f"{lost:.3g} % of cells are doublets")


def viability(tube: QualityInput) -> Observation:
    """Share of living cells where a dye tells."""
    if "viable" not in tube.gating.tree:
        return Observation(
            "VIABILITY", None, "% of singlets", "viability was not assessed in this tube"
        )
    lost = tube.lost_percent("viable")
    kept = None if lost is None else 100 - lost
    return Observation("VIABILITY", kept, "% of singlets", "living cells by the viability dye")


def denominator(tube: QualityInput) -> Observation:
    """Events of the denominator; without any there is nothing to judge."""
    n = tube.gating.count(tube.denominator_name)
    if tube.gating.denominator_unnamed:
        return Observation("DENOMINATOR", None, "events", "no gate is named as the denominator")
    if not n:
        return Observation("DENOMINATOR", None, "events", "no denominator", QualityState.FAIL)
    return Observation("DENOMINATOR", float(n), "events", f"{n:,} events in the denominator")


def sensitivity(tube: QualityInput) -> Observation:
    """Least share of blasts that the number of cells can show: the LOD of the count rule."""
    n = tube.gating.count(tube.denominator_name)
    if not n:
        return Observation("SENSITIVITY", None, "% of the denominator", "no denominator")
    lod = 100 * tube.lod_events / n
    return Observation(
        "SENSITIVITY",
        lod,
        "% of the denominator",
        f"{tube.lod_events} blasts among {n:,} cells are the least that counts as detected",
    )


def blasts(tube: QualityInput) -> Observation:
    """Events among the blasts, where there is a cluster of them."""
    n = tube.gating.count(tube.blasts_name) or 0
    if not tube.gating.lineage.cluster:
        return Observation("BLASTS", None, "events", "no cluster of blasts")
    return Observation("BLASTS", float(n), "events", f"{n:,} blasts")


def outside_blasts(tube: QualityInput) -> Observation:
    """Share of the cells that pass every lineage gate and lie outside the cluster called blasts.

    Where they are many there is a second cluster, and it is open which one is the leukaemia, or
    whether both are.
    """
    code, unit = "OUTSIDE_BLASTS", "% of the denominator"
    gating = tube.gating
    whole = gating.members.get(tube.denominator_name)
    found = gating.members.get(tube.blasts_name)
    told = gating.lineage.cluster and tube.blasts_name in gating.tree
    if not told or whole is None or found is None or not whole.any():
        return Observation(code, None, unit, "no cluster of blasts")
    gate = gating.tree[tube.blasts_name]
    if gate.evidence.method != _CLUSTER_METHOD:
        why = f"blasts by {gate.evidence.method} are not all that pass the lineage gates"
        return Observation(code, None, unit, why)
    others = int(np.count_nonzero(gating.members[gate.parent] & whole & ~found))
    share = 100 * others / int(np.count_nonzero(whole))
    words = f"{others:,} cells of {gate.parent} lie outside the blasts"
    return Observation(code, share, unit, words)


def carry_over(tube: QualityInput) -> Observation:
    """How much commoner blasts are at the start of the run than later: a tube before may be in it.

    The value is the lower limit of the ratio of the two shares (see `least_ratio`).
    """
    code, unit, rule = "CARRY_OVER", "times the rest", tube.rules.carry_over
    members = tube.gating.members
    if tube.blasts_name not in members or tube.denominator_name not in members:
        return Observation(code, None, unit, "no population of blasts to look for")
    early = _first(tube, rule.first_percent)
    if early is None:
        return Observation(code, None, unit, "no clock tells which events came first")
    whole = members[tube.denominator_name]
    found = members[tube.blasts_name] & whole
    n1, n2 = (int(np.count_nonzero(whole & part)) for part in (early, ~early))
    k1, k2 = (int(np.count_nonzero(found & part)) for part in (early, ~early))
    first, rest = BlastCount(k1, n1), BlastCount(k2, n2)
    if n1 < rule.cells or not n2:
        return Observation(
            code, None, unit, f"{n1} cells at the start of the run are too few to tell"
        )
    return Observation(
        code,
        least_ratio(first, rest, confidence_percent=rule.confidence_percent),
        unit,
        f"in the blast gate: {k1:,} of the first {n1:,} cells, {k2:,} of the other {n2:,}",
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
    odd = [f.message for f in tube.gating.findings if f.code == "GATE_SHARE"]
    return Observation(
        "GATE_SHARES", float(len(odd)), "gates", "; ".join(odd) or "every gate has its usual share"
    )


def gate_positions(tube: QualityInput) -> Observation:
    """Number of populations that do not lie where they usually do."""
    odd = [f.message for f in tube.gating.findings if f.code == "GATE_POSITION"]
    words = "; ".join(odd) or "no population lies where it usually does not"
    return Observation("GATE_POSITIONS", float(len(odd)), "gates", words)


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
