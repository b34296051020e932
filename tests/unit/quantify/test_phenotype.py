"""How blasts look beside the normal T cells of the same tube."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.quantify.phenotype import phenotype
from support.gating_factory import tube_view

IS_T = np.arange(300) < 100
IS_BLAST = (np.arange(300) >= 100) & (np.arange(300) < 200)


def arrays(t_cells: float, blasts: float) -> np.ndarray:
    return np.concatenate([np.full(100, t_cells), np.full(100, blasts), np.zeros(100)])


def entries(min_events: int = 50, **markers: np.ndarray):  # type: ignore[no-untyped-def]
    view = tube_view(markers)
    members = {"blasts": IS_BLAST, "t_cells": IS_T}
    found = phenotype(members, columns=view.columns, panel=view.panel, min_events=min_events)
    return {entry.marker: entry for entry in found}


def test_decades_are_from_the_t_cells_median() -> None:
    seen = entries(CD45=arrays(10_000, 1_000))["CD45"]
    assert seen.median == pytest.approx(1_000)
    assert seen.t_cells_median == pytest.approx(10_000)
    assert seen.median_decades == pytest.approx(-1)


def test_blasts_without_signal_have_no_decades() -> None:
    seen = entries(CD3=arrays(5_000, -20))["CD3"]
    assert seen.median == pytest.approx(-20)
    assert seen.median_decades is None
    assert seen.low_decades is None


def test_t_cells_that_lack_the_marker_are_no_yardstick() -> None:
    seen = entries(CD34=arrays(-5, 4_000))["CD34"]
    assert seen.median_decades is None
    assert seen.above_t_cells_percent == pytest.approx(100)


def test_cd5_and_scatter_have_no_entry() -> None:
    found = entries(CD5=arrays(5_000, 10), FSC=arrays(5_000, 10), CD7=arrays(900, 2_000))
    assert set(found) == {"CD7"}


def test_too_few_blasts_have_no_phenotype() -> None:
    assert entries(101, CD7=arrays(900, 2_000)) == {}
