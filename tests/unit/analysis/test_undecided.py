"""CD5 of the blasts where a population beside them is not decided."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cd5flow.analysis.undecided import with_undecided
from cd5flow.model.members import Members, Population
from cd5flow.model.populations import Gating, LeukaemicPopulation
from cd5flow.model.reasons import codes
from cd5flow.model.result import Cd5State
from cd5flow.pipeline import Analysis
from support.readout_factory import share_of
from support.share_rules import at_least
from support.small_tube import analysed, blasts, granulocytes, t_cells

THRESHOLD = at_least(70)
NORMAL = 1300


def tube_of(folder: Path, beside: int) -> Analysis:
    """Return a tube of 1,000 blasts of which 900 carry CD5, and cells like them without any."""
    cd5 = np.concatenate([share_of(900, 1000), share_of(0, beside)])
    return analysed(folder, granulocytes(1000), t_cells(300), blasts(cd5))


def told(one: Analysis, *outside: tuple[int, int]) -> Gating:
    """Return its gating with the first 1,000 as blasts, and stretches of the rest as undecided."""
    rows = np.arange(one.result.sample.events)
    members = Members(dict(one.gating.members))
    members.add("blasts", Population((rows >= NORMAL) & (rows < NORMAL + 1000)))
    names = [f"outside_{i}" for i, _ in enumerate(outside, 1)]
    for name, (first, last) in zip(names, outside, strict=True):
        members.add(name, Population((rows >= NORMAL + first) & (rows < NORMAL + last)))
    return replace(
        one.gating,
        members=members,
        outside=tuple(LeukaemicPopulation(name, "unproven", "cells") for name in names),
    )


@pytest.mark.parametrize(("beside", "state"), [(285, Cd5State.MEETS), (286, Cd5State.BORDERLINE)])
def test_cells_that_would_move_the_share_past_the_threshold_leave_it_open(
    tmp_path: Path, beside: int, state: Cd5State
) -> None:
    one = tube_of(tmp_path, beside)
    cd5 = one.result.cd5.model_copy(
        update={"state": Cd5State.MEETS, "percent": 90.0, "positive_events": 900}
        | {"blast_events": 1000, "reasons": ()}
    )
    seen = with_undecided(cd5, told(one, (1000, 1000 + beside)), tube=one.tube, threshold=THRESHOLD)

    assert seen.state is state
    assert codes(seen.reasons) == (
        {"CD5_WITH_UNDECIDED"} if state is Cd5State.BORDERLINE else set()
    )
    assert seen.percent == 90.0


def test_several_count_together(tmp_path: Path) -> None:
    one = tube_of(tmp_path, 300)
    cd5 = one.result.cd5.model_copy(
        update={"state": Cd5State.MEETS, "percent": 90.0, "positive_events": 900}
        | {"blast_events": 1000, "reasons": ()}
    )
    gating = told(one, (1000, 1150), (1150, 1300))
    (reason,) = with_undecided(cd5, gating, tube=one.tube, threshold=THRESHOLD).reasons

    assert reason.values["population"] == "outside_1, outside_2"
    assert reason.values["events"] == 300


def test_cells_among_the_blasts_are_not_counted_twice(tmp_path: Path) -> None:
    one = tube_of(tmp_path, 0)
    gating = told(one, (800, 1000))

    seen = with_undecided(one.result.cd5, gating, tube=one.tube, threshold=THRESHOLD)
    assert seen.state is one.result.cd5.state
    assert seen.basis is not None
    assert {cells.events for cells in seen.basis.undecided} == {0}


@pytest.mark.parametrize("state", [Cd5State.BORDERLINE, Cd5State.NOT_EVALUABLE])
def test_what_is_open_stays_as_it_is(tmp_path: Path, state: Cd5State) -> None:
    one = tube_of(tmp_path, 500)
    cd5 = one.result.cd5.model_copy(update={"state": state})

    seen = with_undecided(cd5, told(one, (1000, 1500)), tube=one.tube, threshold=THRESHOLD)
    assert (seen.state, seen.reasons) == (state, cd5.reasons)
    assert seen.basis is not None
    assert [(c.events, c.positive_events) for c in seen.basis.undecided] == [(500, 0)]
