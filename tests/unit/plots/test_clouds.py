from __future__ import annotations

import numpy as np
import pytest
from cd5flow.plots.canvas import sheet
from cd5flow.plots.clouds import FEW_EVENTS, draw_cloud, draw_histogram, paint
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import StepPatch

from cd5flow.plots.palette import colour_of, rgb
from cd5flow.plots.scene import BINS, Places, Scene
from support.analysed import CLEAR, analysis

MRD = "p10-mrd-low"


def scene(name: str = CLEAR) -> Scene:
    one = analysis(name)
    return Scene(one.tube, one.gating)


def cloud(one: Scene, events: Places, *, members: str | None = None) -> Axes:
    _, (axes,) = sheet()
    x, y = one.marker_axis("CD45"), one.marker_axis("SSC")
    assert x is not None
    assert y is not None
    chosen = None if members is None else one.gating.members[members]
    draw_cloud(axes, one, events, x=x, y=y, members=chosen)
    return axes


def picture(axes: Axes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    (image,) = axes.images
    return np.asarray(image.get_array())


def dots_of(axes: Axes, population: str) -> int:
    """Return how many dots have a population's colour."""
    colour = colour_of(population)
    assert colour is not None
    return sum(
        len(np.asarray(line.get_xdata()))
        for line in axes.lines
        if line.get_marker() == "o" and to_rgba(line.get_color()) == to_rgba(colour)
    )


def kind_of(one: Scene, population: str) -> int:
    return 1 + [family.population for family in one.families].index(population)


def test_many_events_are_a_density_with_a_colour_a_family() -> None:
    one = scene()
    axes = cloud(one, one.events("singlets"))
    seen = picture(axes)
    blasts = np.rint(255 * rgb("#D55E00"))
    assert seen.shape == (BINS, BINS, 4)
    assert (seen[..., :3] == blasts).all(axis=2).any()
    assert dots_of(axes, "blasts") == 0


def test_a_bin_is_clear_where_there_is_no_event() -> None:
    one = scene()
    events = one.events("singlets")
    x, y = one.marker_axis("CD45"), one.marker_axis("SSC")
    assert x is not None
    assert y is not None
    filled = np.zeros((BINS, BINS), dtype=np.bool_)
    filled[one.bins(y)[events], one.bins(x)[events]] = True
    drawn = picture(cloud(one, events))[..., 3] > 0
    # Few B cells are dots, so that a bin of theirs alone is clear.
    assert np.all(filled[drawn])
    assert drawn.sum() > 0.95 * filled.sum()


def test_few_blasts_are_dots_over_the_density_of_the_others() -> None:
    one = scene(MRD)
    axes = cloud(one, one.events("singlets"))
    count = analysis(MRD).gating.count("blasts")
    assert count is not None
    assert count <= FEW_EVENTS
    assert dots_of(axes, "blasts") == count
    assert axes.images


def test_a_few_events_in_all_are_dots() -> None:
    one = scene()
    axes = cloud(one, one.events("blasts")[:FEW_EVENTS])
    assert not axes.images
    assert dots_of(axes, "blasts") == FEW_EVENTS


def test_nobody_is_an_empty_picture() -> None:
    one = scene()
    axes = cloud(one, one.events("all")[:0])
    assert not axes.images
    assert all(line.get_marker() != "o" for line in axes.lines)


def test_a_rare_family_is_not_hidden_by_many_others() -> None:
    one = scene()
    counts = np.zeros((len(one.families) + 1, BINS, BINS), dtype=np.intp)
    counts[0] = 4
    blasts = kind_of(one, "blasts")
    counts[blasts, 3, 7] = 1
    seen = paint(counts, one)
    assert tuple(seen[3, 7, :3]) == tuple(np.rint(255 * rgb("#D55E00")).astype(int))
    assert len(np.unique(seen[0, :, :3])) == 1


def test_more_events_are_deeper() -> None:
    one = scene()
    counts = np.zeros((len(one.families) + 1, BINS, BINS), dtype=np.intp)
    counts[kind_of(one, "t_cells"), 0, :3] = (1, 10, 100)
    red = paint(counts, one)[0, :3, 0].astype(int)
    assert red[0] > red[1] > red[2]


def test_who_is_left_out_is_paler_than_any_colour() -> None:
    one = scene()
    seen = picture(cloud(one, one.events("singlets"), members="granulocytes"))
    colours = seen[seen[..., 3] > 0][:, :3]
    grey = (colours == colours[:, :1]).all(axis=1)
    assert grey.any()
    assert colours[grey].min() > 190


def test_the_legend_counts_each_family() -> None:
    one = scene()
    axes = cloud(one, one.events("singlets"))
    words = {text.get_text() for text in axes.texts}
    for population, word in (("blasts", "blasts"), ("t_cells", "T")):
        assert f"■ {word} {analysis(CLEAR).gating.count(population):,}" in words


def test_a_histogram_has_roots_of_counts_of_all_and_of_each_family() -> None:
    one = scene()
    _, (axes,) = sheet()
    x = one.marker_axis("CD45")
    assert x is not None
    draw_histogram(axes, one, one.events("singlets"), x=x)
    heights = [patch.get_data()[0] for patch in axes.patches if isinstance(patch, StepPatch)]
    counts = [round(float(np.sum(np.square(one)))) for one in heights]
    assert counts[0] == analysis(CLEAR).gating.count("singlets")
    assert analysis(CLEAR).gating.count("blasts") in counts[1:]
    assert axes.get_ylim()[1] > np.max(heights[0])


@pytest.mark.parametrize("top", [0, 1, 7, 480, 250_000])
def test_ticks_of_a_histogram_stand_at_round_counts(top: int) -> None:
    one = scene()
    _, (axes,) = sheet()
    x = one.marker_axis("CD45")
    assert x is not None
    events = np.repeat(one.events("blasts")[:1], top)
    draw_histogram(axes, one, events, x=x)
    words = [text.get_text() for text in axes.texts if text.get_position()[0] == 0]
    assert "0" in words
    if top > 5:
        assert len(words) > 3
