"""CD5 on the blasts: the share, how sure it is, and what may be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from cd5flow.criteria.clinical import T_ALL
from cd5flow.model.limits import Cd5Limits
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason, codes
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
from cd5flow.quantify.doubts import Share, disagreement, doubts, weak_stain_place
from cd5flow.quantify.etp import etp_component, etp_notes
from cd5flow.quantify.measurement import Cd5Axis, Measurement, measure
from cd5flow.quantify.pattern import pattern_of
from cd5flow.quantify.reagent import Proof, prove_reagent
from cd5flow.quantify.statistics import interval
from cd5flow.quantify.threshold import Threshold

__all__ = ["Cd5Axis", "Circumstances", "Measurement", "Threshold", "judge_cd5", "measure"]


_NAMED: Final = 8
"""Labels that a reason names."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else bears on the state.

    Attributes:
        has_cd5: whether the panel holds CD5.
        panel_gap: markers without which no blasts can be told ("CD45"); empty where none is
            missing.
        compensated: whether compensation is known.
        lineage: what the blasts are, and what that rests on.
        blast_events: events in the blast gate.
        quality_fail: whether states are withheld.
        neighbours: other cells that may lie in the blast gate.
        known_t_all: whether the patient's diagnosis is T-ALL, or an earlier result shows the phenotype,
            so that CD7 need not prove the lineage alone.
        unknown_labels: labels of the tube that the table of markers does not know.
    """

    has_cd5: bool
    panel_gap: tuple[str, ...]
    compensated: bool
    lineage: Lineage
    blast_events: int
    quality_fail: bool
    neighbours: tuple[Neighbour, ...] = ()
    known_t_all: bool = False
    unknown_labels: tuple[str, ...] = ()

    @property
    def by_cd7_alone(self) -> bool:
        """Whether CD7 is all that speaks for the T lineage, on the tube and beside it."""
        return self.lineage.cd7_alone and not self.known_t_all


def judge_cd5(
    measured: Measurement | None,
    *,
    threshold: Threshold,
    limits: Cd5Limits,
    circumstances: Circumstances,
) -> Cd5Section:
    """Return the CD5 section of the result.

    Args:
        measured: the tube's signals and cuts; None where there is no CD5.
        threshold: the protocol's rule.
        limits: the strategy's.
        circumstances: what else bears on the state.
    """
    blockers = _blockers(limits, circumstances)
    n = circumstances.blast_events
    if measured is None:
        return _section(
            None, threshold, limits, state=Cd5State.NOT_EVALUABLE, reasons=blockers, n=n
        )
    few = _without_signal(measured, limits, n) if circumstances.lineage.cluster else []
    proof = prove_reagent(measured, limits)
    blockers += few or _unproven(measured, proof, limits)
    if codes(blockers) - {"QUALITY_FAIL"}:
        # A cut on a signal of unknown make-up is no cut.
        shown = measured if circumstances.compensated else None
        not_evaluable = Cd5State.NOT_EVALUABLE
        section = _section(shown, threshold, limits, state=not_evaluable, reasons=blockers, n=n)
        told = reagent_section(proof) if circumstances.compensated else None
        return section.model_copy(update={"reagent": told})
    pattern = _pattern(measured, limits)
    share = _share(measured, circumstances, threshold=threshold, pattern=pattern, limits=limits)
    reasons = doubts(share, measured, threshold=threshold, pattern=pattern, limits=limits)
    if circumstances.by_cd7_alone:
        name = circumstances.lineage.name
        reasons.append(Reason("LINEAGE_BY_CD7_ALONE", lineage=name, diagnosis=T_ALL))
    meets = threshold.met_by(share.percent)
    state = Cd5State.MEETS if meets else Cd5State.DOES_NOT_MEET
    if reasons:
        state = Cd5State.BORDERLINE
    reasons += disagreement(measured, threshold, limits)
    if blockers:  # quality alone: whatever else blocks has no number to show
        state = Cd5State.NOT_EVALUABLE
        reasons = [Reason("QUALITY_FAIL", case="numbers_shown"), *reasons]
    size, cut = int(measured.readout.blasts.size), measured.cuts[0]
    section = _section(
        measured, threshold, limits, state=state, reasons=reasons, n=size, share=share
    )
    neighbours = circumstances.neighbours
    told_beside = {
        "pattern": pattern,
        "reagent": reagent_section(proof),
        "contamination": contamination_sections(neighbours, size, place=cut.linear),
        "ci_method": limits.interval,
    }
    return with_etp(section.model_copy(update=told_beside), threshold=threshold, limits=limits)


def with_etp(section: Cd5Section, *, threshold: Threshold, limits: Cd5Limits) -> Cd5Section:
    """Return a section with what its share and medians say of early T precursors."""
    percent, seen = section.percent, section.intensity
    met = percent is not None and threshold.met_by(percent)
    told = {
        "etp_component": etp_component(percent, seen, limits),
        "notes": etp_notes(percent, seen, rule=threshold.rule if met else None, limits=limits),
    }
    return section.model_copy(update=told)


def _naming(reason: Reason, unknown: tuple[str, ...]) -> Reason:
    """Return a reason that names the labels among which the missing marker may be."""
    if not unknown:
        return reason
    more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
    return reason.remarked(f"labels that no table knows: {', '.join(unknown[:_NAMED])}{more}")


def _blockers(limits: Cd5Limits, circumstances: Circumstances) -> list[Reason]:
    """Return why no state can be given, as far as it does not depend on a cut."""
    n = circumstances.blast_events
    blockers = []
    if not circumstances.has_cd5:
        # Whatever else is missing, no panel without CD5 answers the question: this is the answer.
        return [_naming(Reason("NO_CD5"), circumstances.unknown_labels)]
    if circumstances.panel_gap:
        missing = circumstances.panel_gap
        gap = Reason("LINEAGE_UNPROVEN", case="panel", missing=missing)
        blockers.append(_naming(gap, circumstances.unknown_labels))
    elif not circumstances.lineage.is_proven:
        blockers.append(Reason("LINEAGE_UNPROVEN", case="no_proof"))
    if not circumstances.compensated:
        blockers.append(Reason("NOT_COMPENSATED"))
    if not circumstances.lineage.cluster:
        blockers.append(Reason("FEW_BLASTS", case="no_cluster", blasts=n))
    elif n < limits.evaluable_blasts:
        least = limits.evaluable_blasts
        blockers.append(Reason("FEW_BLASTS", case="evaluable", blasts=n, least=least))
    if circumstances.quality_fail:
        blockers.append(Reason("QUALITY_FAIL", case="no_state"))
    return blockers


def _without_signal(measured: Measurement, limits: Cd5Limits, blasts: int) -> list[Reason]:
    """Return that too few of the blasts have a CD5 value that is a number; mostly they all have."""
    usable = int(measured.readout.blasts.size)
    if usable >= limits.evaluable_blasts or blasts < limits.evaluable_blasts or not usable < blasts:
        return []
    fewest = limits.evaluable_blasts
    return [Reason("FEW_BLASTS", case="with_signal", blasts=usable, least=fewest)]


def _unproven(measured: Measurement, proof: Proof | None, limits: Cd5Limits) -> list[Reason]:
    """Return why there is no cut, or why CD5 is not shown to have been in the tube."""
    if not measured.cuts:
        return [Reason("NO_CUT")]
    if proof is None:
        return [Reason("CD5_REAGENT_UNPROVEN", case="no_negatives")]
    if proof.by is not None:
        return []
    reason = Reason(
        "CD5_REAGENT_UNPROVEN",
        case="few_bright",
        t_cells=proof.t_cells,
        blasts=proof.blasts,
        others=proof.other_cells,
        least=limits.bright_events,
    )
    return [reason]


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
    circumstances: Circumstances,
    *,
    threshold: Threshold,
    pattern: Pattern,
    limits: Cd5Limits,
) -> Share:
    """Return the share at the cut used, and where it may lie."""
    blasts, cut = measured.readout.blasts, measured.cuts[0].linear
    neighbours, n = circumstances.neighbours, int(blasts.size)
    positive = int(np.count_nonzero(blasts >= cut))
    ci = interval(positive, n, method=limits.interval)
    assert ci is not None  # noqa: S101 - there are blasts
    weak = weak_stain_place(measured, threshold, pattern=pattern, limits=limits)
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
    threshold: Threshold,
    limits: Cd5Limits,
    *,
    state: Cd5State,
    reasons: list[Reason],
    n: int,
    share: Share | None = None,
) -> Cd5Section:
    return Cd5Section(
        state=state,
        reasons=tuple(reasons),
        percent=None if share is None else share.percent,
        percent_corrected=None if share is None else share.corrected,
        positive_events=0 if share is None else share.positive,
        blast_events=n,
        ci95_percent=None if share is None else share.ci,
        band_percent=None if share is None else share.band,
        threshold_percent=threshold.percent,
        operator=">=" if threshold.operator == ">=" else ">",
        cut=cut_section(measured, with_percent=share is not None),
        pattern=None,
        median=medians(measured),
        stain_index=None if measured is None else measured.stain_index,
        intensity=intensity(measured, limits),
        t_cells=t_cell_section(measured),
        internalisation_days=limits.internalisation_days,
    )
