"""CD5 on the blasts: the share, how sure it is, and what may be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cd5flow.criteria.asked import ShareRule
from cd5flow.criteria.cd5_state import Circumstances, blockers, cd5_state
from cd5flow.model.basis_sections import Cd5Basis, CutBasis
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.reasons import codes
from cd5flow.model.result import Cd5Section, Cd5State, Pattern
from cd5flow.quantify.contamination import Neighbour, contamination, corrected_share
from cd5flow.quantify.described import (
    contamination_sections,
    cut_section,
    intensity,
    medians,
    reagent_section,
    t_cell_section,
)
from cd5flow.quantify.etp import etp_component, etp_notes
from cd5flow.quantify.measurement import Cd5Axis, Measurement, measure
from cd5flow.quantify.pattern import pattern_of
from cd5flow.quantify.reagent import prove_reagent
from cd5flow.quantify.statistics import interval
from cd5flow.quantify.weak_stain import weak_stain, weak_stain_place

__all__ = ["Cd5Axis", "Circumstances", "Measurement", "judge_cd5", "measure"]


@dataclass(frozen=True, slots=True)
class Share:
    """The share of blasts that carry CD5, and where it may lie.

    Attributes:
        positive: blasts at or above the cut.
        percent: of the blasts.
        corrected: the same without other cells that are known of; None where none are.
        ci: 95 % interval.
        band: lowest and highest over the defensible places and other cells.
    """

    positive: int
    percent: float
    corrected: float | None
    ci: tuple[float, float]
    band: tuple[float, float]


def judge_cd5(
    measured: Measurement | None,
    *,
    threshold: ShareRule,
    limits: Cd5Limits,
    circumstances: Circumstances,
    neighbours: Sequence[Neighbour] = (),
) -> Cd5Section:
    """Return the CD5 section of the result.

    Args:
        measured: the tube's signals and cuts; None where there is no CD5.
        threshold: the protocol's rule.
        limits: the strategy's.
        circumstances: what else bears on the state.
        neighbours: other cells that may lie in the blast gate.
    """
    basis = _basis(measured, limits, circumstances)
    blocked = blockers(basis, circumstances)
    if measured is None or codes(blocked) - {"QUALITY_FAIL"}:
        # A cut on a signal of unknown make-up is no cut.
        shown = measured if circumstances.compensated else None
        section = _section(shown, threshold, basis, n=circumstances.blast_events)
        told = {"reagent": basis.reagent if circumstances.compensated else None}
        section = section.model_copy(update=told)
    else:
        section = _measured(measured, threshold, basis, neighbours)
    state, reasons = cd5_state(section, section.basis or basis, threshold, circumstances)
    section = section.model_copy(update={"state": state, "reasons": reasons})
    if section.percent is None:
        return section
    return with_etp(section, threshold=threshold, limits=limits)


def _measured(
    measured: Measurement, threshold: ShareRule, basis: Cd5Basis, neighbours: Sequence[Neighbour]
) -> Cd5Section:
    """Return the section with the share, before anything is said of it."""
    limits = basis.limits
    pattern = _pattern(measured, limits)
    weak = weak_stain_place(measured, threshold, pattern=pattern, limits=limits)
    share = _share(measured, neighbours, weak=weak, limits=limits)
    size, cut = int(measured.readout.blasts.size), measured.cuts[0]
    stain = weak_stain(measured, weak, pattern=pattern, limits=limits)
    told = {
        "pattern": pattern,
        "reagent": basis.reagent,
        "contamination": contamination_sections(neighbours, size, place=cut.linear),
        "ci_method": limits.interval,
        "basis": basis.model_copy(update={"weak_stain": stain}),
    }
    return _section(measured, threshold, basis, n=size, share=share).model_copy(update=told)


def _basis(
    measured: Measurement | None, limits: Cd5Limits, circumstances: Circumstances
) -> Cd5Basis:
    """Return what the state follows from beside the share."""
    known: dict[str, Any] = {}
    if measured is not None:
        blasts = measured.readout.blasts
        known["signal_events"] = int(blasts.size)
        known["cuts"] = tuple(
            CutBasis(
                name=cut.name,
                method=cut.method,
                linear=cut.linear,
                reference_events=cut.reference_events,
                by_hand=cut.by_hand,
                percent=cut.percent(blasts),
            )
            for cut in measured.cuts
        )
        known["reagent"] = reagent_section(prove_reagent(measured, limits))
    return Cd5Basis(
        **{"signal_events": None} | known,
        gate_events=circumstances.blast_events,
        has_cd5=circumstances.has_cd5,
        panel_gap=circumstances.panel_gap,
        compensated=circumstances.compensated,
        unknown_labels=circumstances.unknown_labels,
        limits=limits,
    )


def with_etp(section: Cd5Section, *, threshold: ShareRule, limits: Cd5Limits) -> Cd5Section:
    """Return a section with what its share and medians say of early T precursors."""
    percent, seen = section.percent, section.intensity
    met = percent is not None and threshold.holds(percent)
    told = {
        "etp_component": etp_component(percent, seen, limits),
        "notes": etp_notes(percent, seen, rule=str(threshold) if met else None, limits=limits),
    }
    return section.model_copy(update=told)


def _pattern(measured: Measurement, limits: Cd5Limits) -> Pattern:
    blasts, cut = measured.readout.blasts, measured.cuts[0].linear
    return pattern_of(
        blasts,
        measured.t_cells,
        cut=cut,
        percent=100 * np.count_nonzero(blasts >= cut) / blasts.size,
        scaled=measured.axis.scaled,
        limits=limits.pattern,
    )


def _share(
    measured: Measurement,
    neighbours: Sequence[Neighbour],
    *,
    weak: float | None,
    limits: Cd5Limits,
) -> Share:
    """Return the share at the cut used, and where it may lie."""
    blasts, cut = measured.readout.blasts, measured.cuts[0].linear
    n = int(blasts.size)
    positive = int(np.count_nonzero(blasts >= cut))
    ci = interval(positive, n, method=limits.interval)
    assert ci is not None  # noqa: S101 - there are blasts
    places = measured.defensible if weak is None else (*measured.defensible, weak)
    shares = [np.count_nonzero(blasts >= place) / n for place in places]
    others = contamination(neighbours, n, place=cut)
    low, high = others.around(float(min(shares)), float(max(shares)))
    corrected = corrected_share(neighbours, positive, n, place=cut)
    return Share(
        positive=positive,
        percent=100 * positive / n,
        corrected=None if corrected is None else 100 * corrected,
        ci=ci,
        band=(100 * low, 100 * high),
    )


def _section(
    measured: Measurement | None,
    threshold: ShareRule,
    basis: Cd5Basis,
    *,
    n: int,
    share: Share | None = None,
) -> Cd5Section:
    """Return the numbers; what follows from them is not said yet."""
    limits = basis.limits
    return Cd5Section(
        state=Cd5State.NOT_EVALUABLE,
        reasons=(),
        percent=None if share is None else share.percent,
        percent_corrected=None if share is None else share.corrected,
        positive_events=0 if share is None else share.positive,
        blast_events=n,
        ci95_percent=None if share is None else share.ci,
        band_percent=None if share is None else share.band,
        threshold_percent=threshold.threshold_percent,
        operator=threshold.operator,
        cut=cut_section(measured, with_percent=share is not None),
        pattern=None,
        median=medians(measured),
        stain_index=None if measured is None else measured.stain_index,
        intensity=intensity(measured, limits),
        t_cells=t_cell_section(measured),
        internalisation_days=limits.internalisation_days,
        basis=basis,
    )
