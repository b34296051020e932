from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.members import Members
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.model.scale import Log
from cd5flow.pipeline import Analysis
from cd5flow.plots.palette import FAMILIES, colour_of, families, named, rgb, word_of
from cd5flow.plots.scene import BINS, UNDEFINED, Scene
from support.analysed import CLEAR, CLOGGED, NO_CD5, analysis

CD45 = "V500-A"
MRD = "p10-mrd-low"


def scene(name: str = CLEAR) -> Scene:
    one = analysis(name)
    return Scene(one.tube, one.gating)


def cd45() -> Dimension:
    return Dimension(CD45, analysis(CLEAR).tube.scales[CD45])


def with_bounds(one: Analysis, low: float, high: float) -> Scene:
    gate = Gate("picked", "all", Interval(cd45(), low, high), Evidence("test", 0))
    tree = GateTree((*one.gating.tree.gates, gate))
    return Scene(one.tube, replace(one.gating, tree=tree))


def test_the_window_holds_nearly_all_events() -> None:
    window = scene().axis(cd45())
    values = analysis(CLEAR).tube.columns.column(cd45())
    assert np.mean((values >= window.low) & (values < window.high)) > 0.998


def test_a_window_holds_near_bounds_and_leaves_out_far_ones() -> None:
    plain = scene().axis(cd45())
    near = plain.high + 0.05
    window = with_bounds(analysis(CLEAR), -5.0, near).axis(cd45())
    assert window.high > near
    assert window.low == pytest.approx(plain.low, abs=0.02)


def test_an_axis_has_one_window_in_every_picture() -> None:
    one = scene()
    assert one.axis(cd45()) is one.axis(cd45())
    assert one.marker_axis("CD45") is one.axis(cd45())


def test_bins_run_from_the_lower_end_to_the_upper() -> None:
    one = scene()
    axis = one.axis(cd45())
    values = analysis(CLEAR).tube.columns.column(cd45())
    expected = np.floor((values - axis.low) / (axis.high - axis.low) * BINS).clip(0, BINS - 1)
    assert np.mean(one.bins(axis) == expected) > 0.999


def test_what_a_scale_does_not_define_has_no_bin() -> None:
    dimension = Dimension(CD45, Log(t=262144, m=4.5))
    one = scene()
    values = analysis(CLEAR).tube.columns.column(dimension)
    undefined = one.bins(one.axis(dimension)) == UNDEFINED
    assert np.array_equal(undefined, np.isnan(values))
    assert undefined.any()


def test_time_is_shown_from_its_first_event_to_its_last() -> None:
    one = scene(CLOGGED)
    dimension = Dimension("Time")
    window, values = one.axis(dimension), one.tube.columns.column(dimension)
    assert (window.low, window.high) == (values.min(), values.max())


def test_blasts_lie_on_top_of_every_family() -> None:
    one = scene()
    blasts = analysis(CLEAR).gating.members["blasts"]
    (kind,) = np.unique(one.kinds[blasts])
    assert one.families[kind - 1].population == "blasts"
    assert kind == len(one.families)


def test_kinds_are_counted() -> None:
    one = scene()
    counts = one.count_kinds(one.events("blasts"))
    assert counts[-1] == analysis(CLEAR).gating.count("blasts")
    assert counts[:-1].sum() == 0


def test_maps_show_cleaned_cells_of_every_kind() -> None:
    assert scene().mapped == "singlets"
    one = analysis(CLEAR)
    bare = replace(
        one.gating, members=Members({"all": one.gating.members["all"]}), tree=GateTree(())
    )
    assert Scene(one.tube, bare).mapped == "all"


@pytest.mark.parametrize(("markers", "there"), [("CD56|CD45", True), ("CD56", False)])
def test_the_first_marker_that_the_tube_has_is_shown(markers: str, *, there: bool) -> None:
    assert (scene().marker_axis(markers) is not None) == there


def test_an_event_without_a_gate_is_of_no_family() -> None:
    one = scene(NO_CD5)
    assert "blasts" not in {family.population for family in one.families}
    assert one.count_kinds(one.events("all"))[0] > 0


def test_cd3_negative_lymphocytes_are_b_cells_once_nk_cells_are_told() -> None:
    told = {f.population: f for f in families(analysis(MRD).gating.members)}
    untold = {f.population: f for f in families(analysis(CLEAR).gating.members)}
    assert told["cd3_negative_lymphocytes"].word == "B"
    assert untold["cd3_negative_lymphocytes"].word == "B + NK"
    # What is left of them is not all of them, and is not called so.
    assert named(told["cd3_negative_lymphocytes"]) == "B"
    assert named(untold["cd3_negative_lymphocytes"]) == "cd3_negative_lymphocytes"


def test_colours_are_of_the_palette_of_okabe_and_ito() -> None:
    palette = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    assert {family.colour for family in FAMILIES} <= palette
    told = {f.colour for f in families(analysis(MRD).gating.members)}
    assert len(told) == 5
    assert colour_of("blasts") == "#D55E00"
    assert colour_of("cells") is None
    assert (word_of("t_cells"), word_of("cells")) == ("T", "cells")
    np.testing.assert_allclose(rgb("#FF0080"), [1, 0, 128 / 255])
