"""Overviews of a tube: whole populations on two markers, with the blasts on top."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cd5flow.model.geometry import Dimension
from cd5flow.model.names import ALL, T_CELLS
from cd5flow.plots.density import draw_cloud
from cd5flow.plots.drawing import Drawing, count_of, drawn_within
from cd5flow.plots.palette import Family, is_suspect
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.scene import Scene

SCATTER_MAP: Final = "map-cd45-ssc"

MAPS: Final = (
    (SCATTER_MAP, "CD45", "SSC"),
    ("map-fsc-ssc", "FSC", "SSC"),
    ("map-cd3-cycd3", "CD3", "cyCD3"),
    ("map-cd3-cd7", "CD3", "CD7"),
    ("map-cd45-cd56", "CD45", "CD56|CD16+CD56|CD16"),
)
"""Names with the markers across and up; a map is drawn where the tube has both."""

FRONT_MAPS: Final = 2
"""Of the front page, where the third picture is CD5 of the blasts; one more where there are none."""

LINEAGE_MAPS: Final = ("map-cd3-cycd3", "map-cd3-cd7")
"""What tells blasts from T cells: the first that a tube has is a picture of the front page."""


def maps_of(plotted: PlottedTube) -> Iterator[tuple[str, Dimension, Dimension]]:
    """Yield the maps that a tube has markers for."""
    for name, across, up in MAPS:
        x, y = plotted.marker_dimension(across), plotted.marker_dimension(up)
        if x is not None and y is not None:
            yield name, x, y


def map_drawings(plotted: PlottedTube, *, front: int = FRONT_MAPS) -> Iterator[Drawing]:
    """Yield every map of a tube, those of the front page first.

    These are CD45 x side scatter with all families, and what tells blasts from T cells, with these two
    and cells of no normal profile over all others in grey; then whichever come first, until there are
    `front`.
    """
    there = {name: (x, y) for name, x, y in maps_of(plotted)}
    lineage = next((name for name in LINEAGE_MAPS if name in there), None)
    first = [name for name in (SCATTER_MAP, lineage) if name in there]
    order = [*first, *(name for name in there if name not in first)]
    for place, name in enumerate(order):
        told = _suspects_and_t_cells(plotted) if name == lineage else None
        yield _map(plotted, *there[name], name=name, is_front=place < front, told=told)


def _suspects_and_t_cells(plotted: PlottedTube) -> tuple[Family, ...]:
    return tuple(f for f in plotted.families if is_suspect(f) or f.population == T_CELLS)


def _map(
    plotted: PlottedTube,
    x: Dimension,
    y: Dimension,
    *,
    name: str,
    is_front: bool,
    told: tuple[Family, ...] | None = None,
) -> Drawing:
    whole = plotted.mapped
    drawn = draw_cloud(plotted, whole, x, y, shown=told)
    return Drawing(
        name,
        "map",
        tuple(axis.label for axis in drawn.axes),
        count_of(plotted.gating, whole, ALL),
        drawn_within(plotted, drawn.totals, whole),
        Scene((drawn.panel,), drawn.legend),
        is_front=is_front,
    )
