"""Compositions, expressions and panels that can be built, and those that cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.simulate import (
    B_LINEAGE_8,
    BLOOD,
    FOUR_COLOUR,
    MARROW,
    MRD_10,
    MRD_CY_10,
    POPULATIONS,
    RELAPSE_8,
    SURFACE_10,
    T_CELLS,
    Composition,
    Expression,
    Instrument,
    PanelSpec,
    Stain,
    TubeSpec,
    simulate_tube,
)


@given(share=st.floats(0, 100), other=st.floats(0, 100))
def test_shares_are_as_asked_and_add_up(share: float, other: float) -> None:
    if share + other > 100:
        with pytest.raises(ValueError, match="no room"):
            MARROW.with_percent(t_cells=share, nk_cells=other)
        return
    weights = MARROW.with_percent(t_cells=share, nk_cells=other).weights

    assert sum(weights.values()) == pytest.approx(100)
    assert sum(weights[name] for name in T_CELLS) == pytest.approx(share)
    assert weights["nk_cells"] == pytest.approx(other)


def test_the_rest_keeps_its_proportions() -> None:
    weights = BLOOD.with_percent(t_cells=60.0).weights

    assert weights["monocytes"] / weights["b_cells"] == pytest.approx(7 / 4)
    assert weights["t_cells_cd4"] / weights["t_cells_cd8"] == pytest.approx(14 / 9)


def test_t_cells_may_fill_the_marrow_as_asked() -> None:
    spec = TubeSpec(
        name="t-rich", events=5_000, blast_percent=10, composition=MARROW.with_percent(t_cells=60)
    )
    truth = simulate_tube(spec).truth

    normal = truth.nucleated.sum() - truth.blasts.sum()
    assert truth.population(*T_CELLS).sum() / normal == pytest.approx(0.6, abs=0.001)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"no_such_cells": 1.0}, "no nucleated population"),
        ({"debris": 1.0}, "no nucleated population"),
        ({"b_cells": -1.0}, "a weight of"),
        ({"b_cells": 0.0}, "composition of nothing"),
    ],
)
def test_an_impossible_composition_is_refused(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Composition(weights)


@pytest.mark.parametrize("values", [(3.0, -0.1, 50.0), (3.0, 0.1, 101.0)])
def test_an_impossible_expression_is_refused(values: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="no such expression"):
        Expression(*values)


def test_only_t_cells_carry_surface_cd3() -> None:
    carriers = {name for name, cell in POPULATIONS.items() if "CD3" in cell.antigens}

    assert carriers == {*T_CELLS, "t_cells_cd5_negative"}


@pytest.mark.parametrize(
    "panel",
    [RELAPSE_8, MRD_10, MRD_CY_10, SURFACE_10, B_LINEAGE_8, FOUR_COLOUR],
    ids=lambda panel: panel.name,
)
def test_every_panel_can_be_compensated(panel: PanelSpec) -> None:
    matrix = panel.usual_spillover()

    assert np.array_equal(np.diag(matrix), np.ones(len(panel)))
    assert (matrix >= 0).all()
    assert (matrix - np.eye(len(panel))).max() < 0.6
    assert np.linalg.cond(matrix) < 4


def test_a_stain_may_bind_two_antigens() -> None:
    assert Stain("FITC", "CD16+CD56").antigens == ("CD16", "CD56")


def test_a_panel_refuses_a_dye_twice_and_a_dye_that_is_none() -> None:
    with pytest.raises(ValueError, match="dye PE twice"):
        RELAPSE_8.plus("PE", "CD2")
    with pytest.raises(ValueError, match="marker CD5 twice"):
        RELAPSE_8.plus("BV605", "CD5")
    with pytest.raises(ValueError, match="no dye 'Crayon'"):
        RELAPSE_8.plus("Crayon", "CD2")


def test_a_logarithmic_amplifier_stores_integers() -> None:
    with pytest.raises(ValueError, match="stores integers"):
        Instrument(
            name="impossible",
            version="2.0",
            steps=1_024,
            scatter=("FSC-H",),
            fluorescence=("H",),
            log_decades=4.0,
        )
    with pytest.raises(ValueError, match="reads nothing"):
        Instrument(name="blind", version="2.0", steps=1_024, scatter=(), fluorescence=("H",))
