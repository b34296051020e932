"""What perfect gating would report of a synthetic tube, and tubes made to report a given number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cd5flow.simulate.simulation import simulate_tube
from cd5flow.simulate.tube import Cd5Reagent, SimulatedTube, TubeSpec, fmo

_REFERENCE_BLASTS = 20_000
_FMO_QUANTILE = 0.99


@dataclass(frozen=True, slots=True)
class TrueNumbers:
    """A tube as perfect gating gives it; events of a clog are left out of every count.

    Attributes:
        nucleated_events: the denominator.
        blast_events: single living blasts.
        blast_percent: of the denominator; None where that is empty.
        cd5_cut_linear: 99th percentile of CD5 on the true blasts of the FMO tube, linear units
            compensated by the true matrix.
        cd5_positive_events: true blasts above the cut; None where there is no blast, no CD5 in
            the panel, or none was pipetted.
        cd5_percent: of the blasts; None likewise.
        cd5_carriers_percent: blasts that carry CD5 at all, measurable or not; None without blasts.
    """

    nucleated_events: int
    blast_events: int
    blast_percent: float | None
    cd5_cut_linear: float | None
    cd5_positive_events: int | None
    cd5_percent: float | None
    cd5_carriers_percent: float | None


def perfect_gating(tube: SimulatedTube, *, partner: SimulatedTube | None = None) -> TrueNumbers:
    """Count a tube by its truth.

    Args:
        tube: the tube.
        partner: its FMO tube, whose true blasts give the cut; None simulates one with 20,000
            blasts and nothing else, so that the cut is hardly uncertain.
    """
    truth = tube.truth
    kept = ~truth.disturbed
    blasts = truth.blasts & kept
    n, total = int(blasts.sum()), int((truth.nucleated & kept).sum())
    cut = positive = None
    if n and tube.spec.cd5_reagent is Cd5Reagent.ANTIBODY and "CD5" in tube.spec.panel.markers:
        cut = _fmo_cut(partner if partner is not None else simulate_tube(_blasts_only(tube.spec)))
        positive = int((tube.linear("CD5")[blasts] > cut).sum())
    return TrueNumbers(
        nucleated_events=total,
        blast_events=n,
        blast_percent=100.0 * n / total if total else None,
        cd5_cut_linear=cut,
        cd5_positive_events=positive,
        cd5_percent=None if positive is None else 100.0 * positive / n,
        cd5_carriers_percent=100.0 * float(truth.cd5_carriers[blasts].mean()) if n else None,
    )


def with_cd5_percent(spec: TubeSpec, percent: float) -> TubeSpec:
    """Return the tube with the share of CD5 carriers at which perfect gating gives `percent`.

    More carriers are the same carriers and some more, so that the percentage grows with the share;
    the result is as near as whole blasts allow where the pattern reaches it at all, and at the end
    of the range otherwise.

    Args:
        spec: the tube; its pattern stays.
        percent: what perfect gating shall give.
    """
    reference = simulate_tube(_blasts_only(spec))
    low, high = 0.0, 100.0
    for _ in range(18):
        share = (low + high) / 2
        trial = replace(spec, blasts=replace(spec.blasts, cd5_carriers_percent=share))
        found = perfect_gating(simulate_tube(trial), partner=reference).cd5_percent
        if found is None:
            raise ValueError(f"{spec.name}: no CD5 to be measured on blasts")
        low, high = (share, high) if found < percent else (low, share)
    return replace(spec, blasts=replace(spec.blasts, cd5_carriers_percent=round(high, 3)))


def _blasts_only(spec: TubeSpec) -> TubeSpec:
    return replace(
        fmo(spec, events=_REFERENCE_BLASTS),
        blast_percent=100.0,
        debris_percent=0.0,
        erythroid_percent=0.0,
        dead_percent=0.0,
        doublet_percent=0.0,
    )


def _fmo_cut(partner: SimulatedTube) -> float:
    background = partner.linear("CD5")[partner.truth.blasts].astype(np.float64)
    return float(np.quantile(background, _FMO_QUANTILE))
