"""The rules after cellular therapies at their limits themselves, on cells that are counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenState, Result
from support.gating_factory import Entry, gate, lineage_path
from support.readout_factory import at, share_of
from support.small_tube import (
    Cells,
    above,
    analysed,
    below,
    blasts,
    granulocytes,
    limits_of,
    strategy,
    t_cells,
)

# Cells with surface CD3 that lack CD5


def surface_clone(**rule: Any) -> Entry:
    """Return a strategy whose blasts carry dim surface CD3, with one rule after CD5 CAR-T cells."""
    path = lineage_path(
        gate("cycd3_positive", above("cyCD3")),
        gate("blasts", below("CD3"), parent="cycd3_positive"),
        lineage="cyCD3+ sCD3 dim",
    )
    after = {"after": ["cd5_car"], "says": "T cells lack CD5", **rule}
    return strategy(paths=[path], prior_therapy=[after])


def clone(positive: int, n: int = 400) -> tuple[Cells, ...]:
    return granulocytes(1000), t_cells(), blasts(share_of(positive, n))


def codes(said: tuple[Reason, ...]) -> set[str]:
    return {reason.code for reason in said}


@pytest.mark.parametrize(
    ("positive", "spared"),
    [(200, True), (201, False), (0, True), (400, False)],
    ids=["half lack CD5", "one fewer than half", "all", "none"],
)
def test_from_the_stated_share_without_cd5_a_clone_with_scd3_is_not_claimed(
    tmp_path: Path, positive: int, *, spared: bool
) -> None:
    by = surface_clone(spared_t_cells_percent=50)
    found = analysed(tmp_path, *clone(positive), by=by, prior_therapy=["cd5_car"]).result
    assert ("SPARED_T_CELLS" in codes(found.findings)) is spared
    assert (found.strategy.lineage == "unproven") is spared
    assert (found.burden.percent is None) is spared


def test_of_two_limits_the_lower_one_decides(tmp_path: Path) -> None:
    by = surface_clone(spared_t_cells_percent=75)
    stricter = {**by["prior_therapy"][0], "spared_t_cells_percent": 50}
    by["prior_therapy"].append(stricter)
    said = analysed(tmp_path, *clone(200), by=by, prior_therapy=["cd5_car"]).result.findings
    assert "SPARED_T_CELLS" in codes(said)


def test_a_cell_at_the_cut_itself_carries_cd5(tmp_path: Path) -> None:
    """The cut is an FMO's whose blasts are alike; half of the blasts lie on it."""
    cut = float(np.nextafter(np.float32(500), np.float32(np.inf)))
    fmo = (granulocytes(1000), t_cells(cd5=100.0), blasts(at((600, 500.0))))
    cells = (granulocytes(1000), t_cells(), blasts(at((201, cut), (199, 500.0))))
    by = surface_clone(spared_t_cells_percent=50)
    found = analysed(tmp_path, *cells, by=by, fmo=fmo, prior_therapy=["cd5_car"]).result
    assert found.cd5.cut is not None
    assert found.cd5.cut.linear == cut
    assert "SPARED_T_CELLS" not in codes(found.findings)


# Cells without surface CD3, as edited T cells are


def edited(*, events: int = 20, below_percent: float = 5.0) -> Entry:
    """Return a strategy that looks for edited T cells among blasts of low CD45."""
    path = lineage_path(
        gate("cycd3_positive", above("cyCD3")),
        gate("scd3_negative", below("CD3"), parent="cycd3_positive"),
        gate("blasts", below("CD45", 9000.0), parent="scd3_negative"),
        lacks=["CD3"],
    )
    rule = {"events": events, "below_percent": below_percent}
    after = {"after": ["other_car"], "says": "edited", "edited_t_cells": rule}
    neighbours = {**limits_of("cd5")["neighbours"], "mature": ["t_cells"]}
    cd5 = limits_of("cd5", neighbours=neighbours)
    return strategy(paths=[path], prior_therapy=[after], cd5=cd5)


def dim_blasts(n: int) -> Cells:
    return blasts(share_of(n, n), carries=("cyCD3",), CD45=3000.0)


def mature_look_alikes(n: int) -> Cells:
    """Return cells that only the CD45 of T cells tells from those blasts."""
    return blasts(share_of(n, n), CD45=20_000.0)


def after_car(folder: Path, *cells: Cells, by: Entry) -> Result:
    everyone = (granulocytes(600), t_cells(300), *cells)
    return analysed(folder, *everyone, by=by, prior_therapy=["other_car"]).result


@pytest.mark.parametrize(("look_alikes", "asked"), [(19, False), (20, True), (21, True)])
def test_from_the_stated_number_of_look_alikes_on_a_reviewer_decides(
    tmp_path: Path, look_alikes: int, *, asked: bool
) -> None:
    cells = (dim_blasts(900), mature_look_alikes(look_alikes))
    found = after_car(tmp_path, *cells, by=edited(events=20))
    assert found.burden.state is BurdenState.OVERT
    assert ("EDITED_T_CELLS" in codes(found.criterion.reasons)) is asked


@pytest.mark.parametrize(("blast_events", "asked"), [(99, True), (100, False), (101, False)])
def test_blasts_at_the_stated_share_are_not_few(
    tmp_path: Path, blast_events: int, *, asked: bool
) -> None:
    filling = blasts(share_of(0, 101 - blast_events), carries=("CD45",))  # no blasts: no cyCD3
    by = edited(below_percent=100 * 100 / 1001)
    found = after_car(tmp_path, dim_blasts(blast_events), filling, by=by)
    assert found.burden.denominator_events == 1001
    assert ("EDITED_T_CELLS" in codes(found.criterion.reasons)) is asked


def test_without_a_therapy_that_a_rule_names_nothing_is_asked(tmp_path: Path) -> None:
    cells = (granulocytes(600), t_cells(300), dim_blasts(900), mature_look_alikes(300))
    found = analysed(tmp_path, *cells, by=edited(), prior_therapy=["allo_hsct"]).result
    assert "EDITED_T_CELLS" not in codes(found.criterion.reasons)
