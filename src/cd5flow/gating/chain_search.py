"""The search for blasts by the lineage rules: what it found, and what speaks against a clean answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cd5flow.gating.leukaemia import GroupReading
from cd5flow.gating.lineage import choose_path, gate_candidates
from cd5flow.gating.look_alikes import find_gatherings, find_immature_t_cells
from cd5flow.gating.state import GatingState
from cd5flow.gating.strategy import LineagePath, Strategy
from cd5flow.model.events import Mask
from cd5flow.model.names import BLASTS, DENOMINATOR
from cd5flow.model.reasons import Reason


@dataclass(frozen=True)
class ChainSearch:
    """What the lineage rules found.

    Attributes:
        state: the gates found.
        path: the rule by which blasts, or else candidates, were gated; None where none got so far.
        cluster: whether blasts were found.
        undecided: cells that may be disease and that nothing decides.
    """

    state: GatingState
    path: LineagePath | None
    cluster: bool
    undecided: tuple[Reason, ...] = ()


def search_by_rules(strategy: Strategy, state: GatingState, reading: GroupReading) -> ChainSearch:
    """Search for blasts by the lineage rules, guided by the phenotype at diagnosis where it is known.

    A cluster that lies among groups of normal cells is none; its cells are looked at with the other
    look-alikes. What a diagnosis drops and the search without it finds is told, never passed over.
    """
    plain = state.branch()  # as it is before a search
    found = _search(strategy, state, reading)
    told = _told_by(found, strategy, reading)
    if state.inputs.laip is None:
        return replace(found.search, undecided=told)
    plain.inputs = replace(state.inputs, laip=None)
    without = _search(strategy, plain, reading)
    if not found.search.cluster:
        told = tuple(dict.fromkeys((*told, *_told_by(without, strategy, reading))))
    return replace(found.search, undecided=(*told, *_dropped(found, without, strategy)))


@dataclass(frozen=True)
class _Found:
    search: ChainSearch
    doubtful: Mask | None


def _search(strategy: Strategy, state: GatingState, reading: GroupReading) -> _Found:
    trial, path = choose_path(strategy, state)
    doubtful = None
    if path is not None and (against := reading.contradiction(strategy, trial)) is not None:
        state.findings.append(against)
        doubtful, path = trial.members[BLASTS], None
    if path is not None:
        return _Found(ChainSearch(trial, path, cluster=True), None)
    path = gate_candidates(strategy, state)
    return _Found(ChainSearch(state, path, cluster=False), doubtful)


def _told_by(found: _Found, strategy: Strategy, reading: GroupReading) -> tuple[Reason, ...]:
    """Return what may be disease beside what the rules found; of a tube with blasts nothing is asked."""
    if found.search.cluster:
        return ()
    state, cells = found.search.state, reading.cells
    return (
        *find_gatherings(strategy, state, cells, doubtful=found.doubtful),
        *find_immature_t_cells(strategy, state, cells),
    )


def _dropped(guided: _Found, plain: _Found, strategy: Strategy) -> tuple[Reason, ...]:
    """Return the cluster that the search without the diagnosis finds and the guided one does not."""
    if not plain.search.cluster or plain.search.path is None:
        return ()
    cells = plain.search.state.members[BLASTS]
    denominator = plain.search.state.members.get(DENOMINATOR)
    if denominator is not None:
        cells = cells & denominator
    taken = guided.search.state.members[BLASTS] if guided.search.cluster else None
    apart = cells if taken is None else cells & ~taken
    events = int(np.count_nonzero(apart))
    if events < strategy.burden.cluster_events or 2 * events <= int(np.count_nonzero(cells)):
        return ()
    return (Reason("LAIP_DROPS", events=events, lineage=plain.search.path.lineage),)
