"""The rules after cellular therapies at their limits themselves, on cells that are counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenState
from support.gating_factory import Entry, gate, lineage_path
from support.readout_factory import at, share_of
from support.small_tube import (
    MANY,
    Cells,
    above,
    analysed,
    below,
    blasts,
    granulocytes,
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


def edited(**rule: Any) -> Entry:
    """Return a strategy that asks what tells its blasts from edited T cells."""
    path = lineage_path(
        gate("cycd3_positive", above("cyCD3")),
        gate("blasts", below("CD3"), parent="cycd3_positive"),
        lacks=["CD3"],
    )
    told = {"carried": ["cyCD3"], "carried_percent": 50, "below": "CD45", "below_decades": 0.4}
    after = {"after": ["other_car"], "says": "edited", "edited_t_cells": {**told, **rule}}
    return strategy(paths=[path], prior_therapy=[after])


def after_car(folder: Path, *cells: Cells, by: Entry) -> set[str]:
    everyone = (granulocytes(600), t_cells(300), *cells)
    found = analysed(folder, *everyone, by=by, prior_therapy=["other_car"]).result
    assert found.burden.state is BurdenState.OVERT
    return codes(found.criterion.reasons)


@pytest.mark.parametrize(
    ("cd45", "asked"), [(MANY, True), (4000.0, True), (3980.0, False), (1500.0, False)]
)
def test_blasts_that_differ_from_t_cells_by_less_cd45_are_no_question(
    tmp_path: Path, cd45: float, *, asked: bool
) -> None:
    cells = blasts(share_of(400, 400), CD45=cd45)  # T cells have 10,000: 0.4 decades are 3,981
    assert ("EDITED_T_CELLS" in after_car(tmp_path, cells, by=edited())) is asked


@pytest.mark.parametrize(("carrying", "asked"), [(199, True), (200, False), (400, False)])
def test_blasts_that_carry_a_marker_of_immaturity_are_no_question(
    tmp_path: Path, carrying: int, *, asked: bool
) -> None:
    cells = [blasts(share_of(carrying, carrying), cyCD3=2 * MANY)]
    if carrying < 400:
        cells.append(blasts(share_of(400 - carrying, 400 - carrying)))
    assert ("EDITED_T_CELLS" in after_car(tmp_path, *cells, by=edited())) is asked


def test_too_few_blasts_to_measure_are_for_a_reviewer(tmp_path: Path) -> None:
    cells = (granulocytes(30), t_cells(300), blasts(share_of(49, 49), CD45=1500.0))
    found = analysed(tmp_path, *cells, by=edited(), prior_therapy=["other_car"]).result
    assert "EDITED_T_CELLS" in found.criterion.bounds


def test_without_a_therapy_that_a_rule_names_nothing_is_asked(tmp_path: Path) -> None:
    cells = (granulocytes(600), t_cells(300), blasts(share_of(400, 400)))
    found = analysed(tmp_path, *cells, by=edited(), prior_therapy=["allo_hsct"]).result
    assert "EDITED_T_CELLS" not in codes(found.criterion.reasons)
