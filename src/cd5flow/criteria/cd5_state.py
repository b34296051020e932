"""From the numbers of CD5 to what may be said of it; a stored result's state is derived here too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cd5flow.criteria.asked import ShareRule
from cd5flow.criteria.clinical import T_ALL
from cd5flow.criteria.doubts import disagreement, doubts, low_populations, spans, undecided
from cd5flow.model.basis_sections import Cd5Basis, CountedByGate
from cd5flow.model.populations import Lineage
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import Cd5Section, Cd5State, QualitySection, QualityState, Result

DEFINITE: Final = frozenset({Cd5State.MEETS, Cd5State.DOES_NOT_MEET})
COMPENSATION: Final = frozenset(
    {
        "COMPENSATION",
        "SPILLOVER_DIAGONAL",
        "SPILLOVER_COEFFICIENT",
        "SPILLOVER_NEGATIVE",
        "DOUBLE_COMPENSATION",
        "RESIDUAL_CD5",
        "RESIDUAL_SPILLOVER",
        "CD5_BELOW_ZERO",
    }
)
"""Checks that tell whether the compensation holds."""
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
    known_t_all: bool = False
    unknown_labels: tuple[str, ...] = ()

    @property
    def by_cd7_alone(self) -> bool:
        """Whether CD7 is all that speaks for the T lineage, on the tube and beside it."""
        return self.lineage.cd7_alone and not self.known_t_all


def cd5_state(
    cd5: Cd5Section, basis: Cd5Basis, threshold: ShareRule, circumstances: Circumstances
) -> tuple[Cd5State, tuple[Reason, ...]]:
    """Return the state that follows from the numbers, and why; a stored result's comes out the same.

    Args:
        cd5: its numbers; state and reasons are not looked at.
        basis: what else was measured.
        threshold: the protocol's.
        circumstances: what else bears on the state.
    """
    blocked = blockers(basis, circumstances)
    if cd5.percent is None or codes(blocked) - {"QUALITY_FAIL"}:
        return Cd5State.NOT_EVALUABLE, tuple(blocked)
    reasons = list(doubts(cd5, basis, threshold))
    if circumstances.by_cd7_alone:
        name = circumstances.lineage.name
        reasons.append(Reason("LINEAGE_BY_CD7_ALONE", lineage=name, diagnosis=T_ALL))
    meets = threshold.holds(cd5.percent)
    state = Cd5State.MEETS if meets else Cd5State.DOES_NOT_MEET
    if reasons:
        state = Cd5State.BORDERLINE
    reasons += disagreement(basis, threshold)
    if blocked:  # quality alone: whatever else blocks has no number to show
        state = Cd5State.NOT_EVALUABLE
        reasons = [Reason("QUALITY_FAIL", case="numbers_shown"), *reasons]
    return state, tuple(reasons)


def withdrawn_if_doubtful(
    state: Cd5State, reasons: tuple[Reason, ...], quality: QualitySection
) -> tuple[Cd5State, tuple[Reason, ...]]:
    """Return the state, a definite one taken back where a check that bears on it warns.

    Compensation that is stated and does not hold is no known compensation; blasts that may be other
    cells have no known share.
    """
    warned = [
        check.code
        for check in quality.checks
        if check.code in quality.not_definite and check.state is QualityState.WARN
    ]
    if not warned or state not in DEFINITE:
        return state, reasons
    doubtful = (
        Reason("COMPENSATION_DOUBTFUL" if code in COMPENSATION else "QUALITY_DOUBTFUL", check=code)
        for code in warned
    )
    return Cd5State.BORDERLINE, (*doubtful, *reasons)


def open_where_undecided(
    state: Cd5State,
    reasons: tuple[Reason, ...],
    cd5: Cd5Section,
    basis: Cd5Basis,
    threshold: ShareRule,
) -> tuple[Cd5State, tuple[Reason, ...]]:
    """Return the state, BORDERLINE where cells that are not decided would move a definite one.

    Args:
        state: of the blasts by themselves.
        reasons: for that state.
        cd5: the numbers.
        basis: with the cells that are not decided.
        threshold: the protocol's.
    """
    moved = undecided(cd5, basis, threshold)
    if state not in DEFINITE or moved is None:
        return state, reasons
    return Cd5State.BORDERLINE, (moved, *reasons)


def state_by_gate(
    state: Cd5State,
    reasons: tuple[Reason, ...],
    counted: Cd5Section,
    by: CountedByGate,
    threshold: ShareRule,
) -> tuple[Cd5State, tuple[Reason, ...]]:
    """Return the state of a count by a gate that is no cut, and why: never a definite one.

    Args:
        state: that our own cuts allow.
        reasons: for that state.
        counted: the numbers by the gate.
        by: the gate.
        threshold: the protocol's.
    """
    found = [Reason("NO_LINEAR_CUT", gate=by.gate, file=by.file), *_kept_of_any_cut(reasons)]
    found += spans(counted, threshold)
    blocked = state is Cd5State.NOT_EVALUABLE
    return Cd5State.NOT_EVALUABLE if blocked else Cd5State.BORDERLINE, tuple(found)


def _kept_of_any_cut(reasons: tuple[Reason, ...]) -> list[Reason]:
    """Return the reasons that hold whichever cut is used."""
    kept = [
        reason
        for reason in reasons
        if reason.code
        in {"FEW_BLASTS", "QUALITY_FAIL", "CD5_REAGENT_UNPROVEN", "LINEAGE_BY_CD7_ALONE"}
    ]
    if "NO_CUT" in codes(reasons):
        kept.append(Reason("CD5_REAGENT_UNPROVEN", case="no_negatives"))
    return kept


def derived_cd5_state(
    result: Result, threshold: ShareRule, *, known_t_all: bool
) -> tuple[Cd5State, tuple[Reason, ...]]:
    """Return the state of a stored result's CD5 and its reasons, by what the result keeps.

    An analysis followed the same rules; another protocol's threshold is asked in the same way. What a
    result does not keep leaves the state BORDERLINE, by name: it asks for an analysis by that protocol.

    Args:
        result: measured, and judged by any protocol.
        threshold: the protocol's that is asked.
        known_t_all: see `Circumstances`.
    """
    cd5, basis, counted = result.cd5, result.cd5.basis, result.burden.basis
    if basis is None or counted is None:
        return Cd5State.BORDERLINE, (Reason("NOT_KEPT", rule=str(threshold)),)
    circumstances = Circumstances(
        has_cd5=basis.has_cd5,
        panel_gap=basis.panel_gap,
        compensated=basis.compensated,
        lineage=counted.lineage.lineage,
        blast_events=basis.gate_events,
        quality_fail=result.quality.state is QualityState.FAIL,
        known_t_all=known_t_all,
        unknown_labels=basis.unknown_labels,
    )
    state, reasons = cd5_state(cd5, basis, threshold, circumstances)
    state, reasons = withdrawn_if_doubtful(state, reasons, result.quality)
    if basis.counted_by is not None:
        state, reasons = state_by_gate(state, reasons, cd5, basis.counted_by, threshold)
    reasons = (*low_populations(cd5, result.blasts, threshold, basis.limits), *reasons)
    return open_where_undecided(state, reasons, cd5, basis, threshold)


def blockers(basis: Cd5Basis, circumstances: Circumstances) -> list[Reason]:
    """Return why no state can be given, whatever the share is."""
    n, limits = circumstances.blast_events, basis.limits
    found = []
    if not circumstances.has_cd5:
        # Whatever else is missing, no panel without CD5 answers the question: this is the answer.
        return [_naming(Reason("NO_CD5"), circumstances.unknown_labels)]
    if circumstances.panel_gap:
        missing = circumstances.panel_gap
        gap = Reason("LINEAGE_UNPROVEN", case="panel", missing=missing)
        found.append(_naming(gap, circumstances.unknown_labels))
    elif not circumstances.lineage.is_proven:
        found.append(Reason("LINEAGE_UNPROVEN", case="no_proof"))
    if not circumstances.compensated:
        found.append(Reason("NOT_COMPENSATED"))
    if not circumstances.lineage.cluster:
        found.append(Reason("FEW_BLASTS", case="no_cluster", blasts=n))
    elif n < limits.evaluable_blasts:
        least = limits.evaluable_blasts
        found.append(Reason("FEW_BLASTS", case="evaluable", blasts=n, least=least))
    if circumstances.quality_fail:
        found.append(Reason("QUALITY_FAIL", case="no_state"))
    if basis.signal_events is not None:
        few = _without_signal(basis, n) if circumstances.lineage.cluster else []
        found += few or _unproven(basis)
    return found


def _naming(reason: Reason, unknown: tuple[str, ...]) -> Reason:
    """Return a reason that names the labels among which the missing marker may be."""
    if not unknown:
        return reason
    more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
    return reason.remarked(f"labels that no table knows: {', '.join(unknown[:_NAMED])}{more}")


def _without_signal(basis: Cd5Basis, blasts: int) -> list[Reason]:
    """Return that too few of the blasts have a CD5 value that is a number; mostly they all have."""
    usable, fewest = basis.signal_events or 0, basis.limits.evaluable_blasts
    if usable >= fewest or blasts < fewest or not usable < blasts:
        return []
    return [Reason("FEW_BLASTS", case="with_signal", blasts=usable, least=fewest)]


def _unproven(basis: Cd5Basis) -> list[Reason]:
    """Return why there is no cut, or why CD5 is not shown to have been in the tube."""
    proof = basis.reagent
    if not basis.cuts:
        return [Reason("NO_CUT")]
    if proof is None:
        return [Reason("CD5_REAGENT_UNPROVEN", case="no_negatives")]
    if proof.by is not None:
        return []
    reason = Reason(
        "CD5_REAGENT_UNPROVEN",
        case="few_bright",
        t_cells=proof.bright_t_cells,
        blasts=proof.bright_blasts,
        others=proof.bright_others,
        least=basis.limits.bright_events,
    )
    return [reason]
