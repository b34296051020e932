from __future__ import annotations

import numpy as np
import pytest

from cd5flow.plots.density import BINS, FEW_EVENTS, SHADES, Drawn, draw_cloud, paint
from cd5flow.plots.histogram import draw_histogram, root_ticks
from cd5flow.plots.palette import family_of, rgb
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.scene import Density, Line, Marks, Rgb, Scene
from support.analysed import CLEAR, analysis
from support.drawn import layers, legend

MRD = "p10-mrd-low"


def plotted(name: str = CLEAR) -> PlottedTube:
    one = analysis(name)
    return PlottedTube(one.tube, one.gating)


def cloud(one: PlottedTube, population: str, *, members: str | None = None) -> Drawn:
    x, y = one.marker_dimension("CD45"), one.marker_dimension("SSC")
    assert x is not None
    assert y is not None
    chosen = None if members is None else one.gating.members[members]
    return draw_cloud(one, population, x, y, members=chosen)


def colours(drawn: Drawn) -> set[Rgb]:
    (density,) = layers(drawn.panel, Density)
    return {density.palette[number] for number in np.unique(density.pixels)}


def marks_of(drawn: Drawn, population: str) -> int:
    """Return how many small marks have a population's colour and shape."""
    family = family_of(population)
    assert family is not None
    return sum(
        len(one.x)
        for one in layers(drawn.panel, Marks)
        if (one.colour, one.shape, one.halo) == (family.colour, family.shape, False)
    )


def kind_of(one: PlottedTube, population: str) -> int:
    return 1 + [family.population for family in one.families].index(population)


def blast_colour() -> Rgb:
    family = family_of("blasts")
    assert family is not None
    return rgb(family.colour)


def test_many_events_are_a_density_with_a_colour_a_family() -> None:
    drawn = cloud(plotted(), "singlets")
    (density,) = layers(drawn.panel, Density)
    assert density.pixels.shape == (BINS, BINS)
    assert blast_colour() in colours(drawn)
    assert marks_of(drawn, "blasts") == 0


def test_the_middle_of_a_family_has_its_mark() -> None:
    one = plotted()
    drawn = cloud(one, "singlets")
    family = family_of("blasts")
    assert family is not None
    (middle,) = [m for m in layers(drawn.panel, Marks) if m.halo and m.shape is family.shape]
    x = drawn.axes[0]
    values = one.values(x.dimension, "blasts")
    assert middle.x[0] == pytest.approx(np.median(values), abs=0.02)


def test_a_bin_is_clear_where_there_is_no_event() -> None:
    one = plotted()
    drawn = cloud(one, "singlets")
    (density,) = layers(drawn.panel, Density)
    x, y = drawn.axes
    across, up = one.values(x.dimension, "singlets"), one.values(y.dimension, "singlets")
    edges = [np.linspace(axis.low, axis.high, BINS + 1) for axis in (y, x)]
    counts, _, _ = np.histogram2d(y.place(up), x.place(across), bins=edges)
    filled = counts > 0
    seen = density.pixels > 0
    # Few B cells are marks, so that a bin of theirs alone is clear.
    assert seen.sum() > 0.95 * filled.sum()
    assert np.mean(filled[seen]) > 0.99


def test_few_blasts_are_marks_over_the_density_of_the_others() -> None:
    count = analysis(MRD).gating.count("blasts")
    assert count is not None
    assert count <= FEW_EVENTS
    drawn = cloud(plotted(MRD), "singlets")
    assert marks_of(drawn, "blasts") == count
    assert layers(drawn.panel, Density)


def test_a_few_events_in_all_are_marks() -> None:
    drawn = cloud(plotted(MRD), "blasts")
    assert not layers(drawn.panel, Density)
    assert marks_of(drawn, "blasts") == analysis(MRD).gating.count("blasts")


def test_a_rare_family_is_not_hidden_by_many_others() -> None:
    one = plotted()
    counts = np.zeros((len(one.families) + 1, BINS, BINS), dtype=np.intp)
    counts[0] = 4
    counts[kind_of(one, "blasts"), 3, 7] = 1
    pixels, palette = paint(counts, one.families)
    assert palette[pixels[3, 7]] == blast_colour()
    assert len(np.unique(pixels[0])) == 1


def test_more_events_are_deeper_and_each_colour_has_few_shades() -> None:
    one = plotted()
    counts = np.zeros((len(one.families) + 1, BINS, BINS), dtype=np.intp)
    counts[kind_of(one, "t_cells"), 0] = np.arange(BINS)
    pixels, palette = paint(counts, one.families)
    reds = [palette[number][0] for number in pixels[0, 1:]]
    assert reds == sorted(reds, reverse=True)
    assert 5 < len(set(reds)) <= SHADES
    assert pixels[0, 0] == 0
    assert palette[0] == (255, 255, 255)


def test_who_is_left_out_is_paler_than_any_colour() -> None:
    drawn = cloud(plotted(), "singlets", members="granulocytes")
    greys = [colour for colour in colours(drawn) if len(set(colour)) == 1]
    assert min(min(grey) for grey in greys) > 190


def test_families_that_are_not_shown_are_as_the_others() -> None:
    one = plotted()
    x, y = one.marker_dimension("CD3"), one.marker_dimension("CD7")
    assert x is not None
    assert y is not None
    shown = tuple(family for family in one.families if family.population == "blasts")
    drawn = draw_cloud(one, "singlets", x, y, shown=shown)
    assert {plotted_key.colour for plotted_key in drawn.legend} == {shown[0].colour}


def test_the_legend_counts_each_family() -> None:
    drawn = cloud(plotted(), "singlets")
    told = legend(Scene((drawn.panel,), drawn.legend))
    for population, code in (("blasts", "family.blasts"), ("t_cells", "family.t")):
        assert told[code] == f"{analysis(CLEAR).gating.count(population):,}"


def test_a_histogram_has_roots_of_counts_of_all_and_of_each_family() -> None:
    one = plotted()
    x = one.marker_dimension("CD45")
    assert x is not None
    drawn = draw_histogram(one, "singlets", x)
    counts = [_events(line) for line in layers(drawn.panel, Line)]
    assert counts[0] == analysis(CLEAR).gating.count("singlets")
    assert analysis(CLEAR).gating.count("blasts") in counts[1:]
    assert drawn.panel.y.high > max(line.corners[:, 1].max() for line in layers(drawn.panel, Line))


def _events(line: Line) -> int:
    """Return how many events a histogram of roots shows: each bin has two corners."""
    return round(float(np.sum(np.square(line.corners[1:-1, 1]))) / 2)


@pytest.mark.parametrize("top", [1, 7, 480, 250_000])
def test_ticks_of_a_histogram_stand_at_round_counts(top: int) -> None:
    words = root_ticks(float(top)).words
    assert words[0] == "0"
    if top > 5:
        assert len(words) > 3
