"""Which cells are blasts: the lineage rules that a panel allows, tried in turn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cd5flow.gating.cell_types import CellTypes
from cd5flow.gating.find_gate import apply_gate, find_gates
from cd5flow.gating.state import GatingState
from cd5flow.gating.strategy import LineagePath, Strategy
from cd5flow.gating.tube_view import TubeView
from cd5flow.model.events import Mask
from cd5flow.model.findings import Severity
from cd5flow.model.geometry import Boolean, Operand
from cd5flow.model.names import BLASTS, DENOMINATOR, LOOK_ALIKES
from cd5flow.model.populations import Evidence, Gate
from cd5flow.model.reasons import Reason
from cd5flow.numerics.order_statistics import median

MOST_LOOKED_AT = 2_000
"""Of more cells than this an even part is held against the groups."""


def choose_path(strategy: Strategy, state: GatingState) -> tuple[GatingState, LineagePath | None]:
    """Try the paths that the panel allows; return what was gated, and the path that found blasts.

    The first path with a cluster is taken, unless a later one has `outweighs` times as many cells in
    its own: a few stray cells of one path must not hide the disease that another shows.
    """
    best: tuple[GatingState, LineagePath] | None = None
    most = 0
    others: list[tuple[str, Mask]] = []
    for path in strategy.paths:
        if not state.applies(path.needs, path.unless):
            continue
        trial = state.branch()
        said = len(trial.findings)  # by earlier rules, which is said beside what this one finds
        find_gates(path.gates, trial)
        fresh = trial.findings[said:]
        if BLASTS in trial.members:
            found = trial.members.count(BLASTS) or 0
            if best is None or found >= strategy.outweighs * most:
                best, most = (trial, path), found
            others.append((path.lineage, trial.members[BLASTS]))
            continue
        reasons = [f.message for f in fresh if f.code == "GATE_UNRESOLVED"]
        last = reasons[-1] if reasons else "no blasts"
        state.note("PATH_WITHOUT_CLUSTER", Severity.INFO, lineage=path.lineage, why=last)
        candidates = trial.population_for(path.gates[-1].parent)
        if path.cd7_alone and candidates in trial.gates and candidates not in state.gates:
            state.passed.append(trial.members[candidates])
        if path.normal_nk_look_alike and trial.look_alike:
            state.look_alike = True
    if best is None:
        return state, None
    taken, by = best[0].members[BLASTS], best[1].lineage
    for lineage, cells in others:
        events, apart = np.count_nonzero(cells), np.count_nonzero(cells & ~taken)
        if 2 * apart > events:  # other cells, not the same ones by another rule
            best[0].note(
                "PATH_OUTWEIGHED",
                Severity.WARN,
                lineage=lineage,
                events=events,
                taken=by,
                most=most,
            )
    return best


def gate_candidates(strategy: Strategy, state: GatingState) -> LineagePath | None:
    """Gate the candidates of the first path that gets so far, so that their number can be told.

    They are no cluster, and bear the name of what they are.
    """
    for path in strategy.paths:
        if not state.applies(path.needs, path.unless):
            continue
        trial = state.branch()
        find_gates(path.gates[:-1], trial)
        candidates = trial.population_for(path.gates[-1].parent)
        if candidates is None or candidates not in trial.gates or candidates in state.gates:
            continue
        region = Boolean("and", (Operand(candidates),))
        note = Reason("FOUND", case="no_cluster")
        evidence = Evidence("combine", trial.members.count(candidates) or 0, {}, note)
        gate = Gate(LOOK_ALIKES, candidates, region, evidence, path.gates[-1].why)
        trial.add(LOOK_ALIKES, apply_gate(gate, trial))
        state.gates, state.members = trial.gates, trial.members
        state.substitutes = trial.substitutes
        return path
    return None


def is_unproven(
    strategy: Strategy,
    state: GatingState,
    found: LineagePath | None,
    *,
    cells: CellTypes | None = None,
) -> bool:
    """Whether cells in the blast window, of no proven lineage, are too many to be called normal.

    Args:
        strategy: says how many.
        state: what has been gated.
        found: the rule that found a cluster of blasts; None where none did.
        cells: the kinds of cells of the tube; those of a known other lineage do not count.
    """
    rule = strategy.unproven
    if rule is None or rule.population not in state.members or DENOMINATOR not in state.members:
        return False
    # What a diagnostic result shows is proven.
    if state.inputs.laip is not None or not state.applies((), rule.unless):
        return False
    limit = rule.percent if found is None else found.most_beside_percent
    if limit is None:
        return False
    denominator = state.members[DENOMINATOR]
    others = state.members[rule.population] & denominator
    least = (state.members.count(DENOMINATOR) or 0) * limit / 100
    if found is not None:
        others &= ~state.members[BLASTS]
        least = max(least, state.members.count(BLASTS) or 0)
    events = int(np.count_nonzero(others))
    if not events or events < least:
        return False
    if cells is None:
        return True
    rows = np.flatnonzero(others)
    named = _names_of(rows[:: max(1, len(rows) // MOST_LOOKED_AT)], state, cells)
    other_lineage = np.zeros(len(named), dtype=np.bool_)
    if any(map(state.inputs.panel.has, rule.known_by)):
        other_lineage = np.isin(named, rule.known)
    left = events * float(np.mean(~other_lineage))
    if found is None and rule.named_percent is not None and state.inputs.profiles is not None:
        normal = [row.name for row in state.inputs.profiles.normal]
        whole = state.members.count(DENOMINATOR) or 0
        if left < whole * rule.named_percent / 100:
            left = events * float(np.mean(~np.isin(named, normal)))
    return left > 0 and left >= least


def _names_of(
    rows: npt.NDArray[np.intp], state: GatingState, cells: CellTypes
) -> npt.NDArray[np.str_]:
    inputs = state.inputs
    return cells.names_of(rows, columns=inputs.columns, panel=inputs.panel, scales=inputs.scales)


def path_name(path: LineagePath, state: GatingState) -> str:
    """Return the rule's name, or its other one where the blasts carry the marker dimly."""
    rule = path.renamed
    if rule is None or BLASTS not in state.members or not state.applies((rule.axis,), ()):
        return path.lineage
    view = TubeView(
        columns=state.inputs.columns,
        panel=state.inputs.panel,
        scales=state.inputs.scales,
        members=state.members,
        inside=state.members[BLASTS],
        rng=np.random.default_rng(state.inputs.seed),
    )
    dimension = view.dimension(rule.axis)
    values = view.values(dimension)
    place = view.at(rule.above, dimension)
    if values.size and place is not None and median(values) > place:
        return rule.lineage
    return path.lineage
