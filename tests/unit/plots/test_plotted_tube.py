from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.members import Members
from cd5flow.model.populations import Evidence, Gate, GateTree
from cd5flow.pipeline import Analysis
from cd5flow.plots.axis import Axis
from cd5flow.plots.palette import FAMILIES, families, family_of, is_left_of, rgb
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.preprocess.transforms import scale_exact
from support.analysed import CLEAR, CLOGGED, NO_CD5, analysis

CD45 = "V500-A"
MRD = "p10-mrd-low"


def plotted(name: str = CLEAR) -> PlottedTube:
    one = analysis(name)
    return PlottedTube(one.tube, one.gating)


def cd45() -> Dimension:
    return Dimension(CD45, analysis(CLEAR).tube.scales[CD45])


def with_bounds(one: Analysis, low: float, high: float) -> PlottedTube:
    gate = Gate("picked", "all", Interval(cd45(), low, high), Evidence("test", 0))
    tree = GateTree((*one.gating.tree.gates, gate))
    return PlottedTube(one.tube, replace(one.gating, tree=tree))


def plain(one: Analysis) -> PlottedTube:
    """Return a tube with no gate at all."""
    members = Members({"all": one.gating.members["all"]})
    return PlottedTube(one.tube, replace(one.gating, members=members, tree=GateTree(())))


def test_a_window_goes_from_the_lowest_to_the_highest_thousandth_of_what_is_drawn() -> None:
    window = plain(analysis(CLEAR)).axis(cd45(), "all")
    values = analysis(CLEAR).tube.columns.column(cd45())
    low, high = np.percentile(values, (0.1, 99.9))
    margin = 0.03 * (high - low)
    assert window.low == pytest.approx(low - margin, abs=0.01)
    assert window.high == pytest.approx(high + margin, abs=0.01)


def test_a_picture_of_fewer_cells_has_a_window_of_its_own() -> None:
    one = plotted()
    whole, blasts = one.axis(cd45(), "all"), one.axis(cd45(), "blasts")
    assert blasts.high - blasts.low < 0.7 * (whole.high - whole.low)
    assert one.axis(cd45(), "blasts") is blasts


def test_rare_cells_lie_inside_however_many_others_there_are() -> None:
    one = analysis(CLEAR)
    column = one.tube.columns.column(cd45())
    # The brightest few of all, which the tails alone would lose.
    few = np.zeros(len(column), dtype=np.bool_)
    few[np.argsort(column)[-4:]] = True
    gating = replace(one.gating, members=one.gating.members | {"blasts": few})
    window = PlottedTube(one.tube, gating).axis(cd45(), "all")
    assert window.high > np.sort(column)[-2]


def test_a_window_holds_near_bounds_of_gates_in_it_and_leaves_out_far_ones() -> None:
    plain = plotted().axis(cd45(), "all")
    near = plain.high + 0.03
    window = with_bounds(analysis(CLEAR), -5.0, near).axis(cd45(), "all")
    assert window.high > near
    assert window.low == pytest.approx(plain.low, abs=0.02)


@pytest.mark.parametrize("scaled", [True, False])
def test_scatter_is_shown_little_below_zero(*, scaled: bool) -> None:
    one = analysis(CLEAR)
    detector = one.tube.panel.detector("SSC")
    scale = one.tube.scales[detector] if scaled else None
    dimension = Dimension(detector, scale)
    tube = plotted()
    values = tube.values(dimension, "all").copy()
    values[:200] = -3.0 if scaled else -1e6
    tube.tube.columns._kept[tube.tube.columns._key(dimension)] = values
    try:
        window = PlottedTube(one.tube, one.gating).axis(dimension, "all")
    finally:
        tube.tube.columns._kept.pop(tube.tube.columns._key(dimension))
    zero = 0.0 if scale is None else float(scale_exact(0.0, scale))
    assert zero - 0.07 * (window.high - zero) <= window.low <= zero


def test_what_piles_up_at_an_edge_is_told() -> None:
    one = plotted()
    axis = Axis(cd45(), "CD45", 0.0, 1.06)
    values = np.concatenate((np.full(20, 2.0), np.full(30, 1.03), np.linspace(0.1, 0.9, 950)))
    (found,) = one.beyond(axis, values, up=True)
    assert (found.up, found.high, found.percent) == (True, True, 5.0)
    assert not list(one.beyond(axis, values[50:], up=True))
    assert not list(one.beyond(axis, values[:0], up=True))


def test_a_handful_of_events_at_an_edge_is_not_told() -> None:
    values = np.concatenate((np.full(9, 2.0), np.linspace(0.1, 0.9, 91)))
    assert not list(plotted().beyond(Axis(cd45(), "CD45", 0.0, 1.06), values, up=False))


def test_time_is_shown_from_its_first_event_to_its_last() -> None:
    one = plotted(CLOGGED)
    dimension = Dimension("Time")
    window, values = one.axis(dimension, "all"), one.tube.columns.column(dimension)
    assert (window.low, window.high) == (values.min(), values.max())


def test_blasts_lie_on_top_of_every_family() -> None:
    one = plotted()
    blasts = analysis(CLEAR).gating.members["blasts"]
    (kind,) = np.unique(one.kinds[blasts])
    assert one.families[kind - 1].population == "blasts"
    assert kind == len(one.families)


def test_kinds_are_counted() -> None:
    counts = plotted().count_kinds("blasts")
    assert counts[-1] == analysis(CLEAR).gating.count("blasts")
    assert counts[:-1].sum() == 0


def test_maps_show_cleaned_cells_of_every_kind() -> None:
    assert plotted().mapped == "singlets"
    assert plain(analysis(CLEAR)).mapped == "all"


@pytest.mark.parametrize(("markers", "there"), [("CD56|CD45", True), ("CD56", False)])
def test_the_first_marker_that_the_tube_has_is_shown(markers: str, *, there: bool) -> None:
    assert (plotted().marker_dimension(markers) is not None) == there


def test_an_event_without_a_gate_is_of_no_family() -> None:
    one = plotted(NO_CD5)
    assert "blasts" not in {family.population for family in one.families}
    assert one.count_kinds("all")[0] > 0


def test_cd3_negative_lymphocytes_are_b_cells_once_nk_cells_are_told() -> None:
    members = analysis(MRD).gating.members
    assert {"nk_cells", "b_cells"} <= set(members)
    without_b = {name: mask for name, mask in members.items() if name != "b_cells"}
    told = {f.population: f for f in families(without_b)}
    untold = {f.population: f for f in families(analysis(CLEAR).gating.members)}
    assert told["cd3_negative_lymphocytes"].code == "b"
    assert [f.population for f in families(members) if f.code == "b"] == ["b_cells"]
    assert untold["cd3_negative_lymphocytes"].code == "b_and_nk"
    # What is left of them is not all of them, and is not called so.
    assert is_left_of(told["cd3_negative_lymphocytes"])
    assert not is_left_of(untold["cd3_negative_lymphocytes"])


def lightness(colour: str) -> float:
    """Return L* of CIE 1976."""
    return float(116 * luminance(colour) ** (1 / 3) - 16)


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.1."""
    parts = [part / 255 for part in rgb(colour)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.code)
def test_colours_stand_out_from_paper(family: object) -> None:
    (one,) = [each for each in FAMILIES if each is family]
    assert 1.05 / (luminance(one.colour) + 0.05) >= 3


def test_families_differ_in_shape_dash_and_lightness() -> None:
    told = families(analysis(MRD).gating.members)
    assert len(told) == 5
    for of in ("colour", "shape", "dash"):
        assert len({getattr(family, of) for family in told}) == len(told)
    grey = sorted(lightness(family.colour) for family in told)
    assert min(b - a for a, b in itertools.pairwise(grey)) > 3
    assert grey[0] == lightness(told[-1].colour)


def test_a_population_without_colour_is_of_no_family() -> None:
    assert family_of("cells") is None
    assert rgb("#FF0080") == (255, 0, 128)
