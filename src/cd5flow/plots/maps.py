"""Overviews: all kinds of cells on scatter and lineage, the blasts on top."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cd5flow.model.names import ALL
from cd5flow.plots.axis import Axis
from cd5flow.plots.canvas import sheet
from cd5flow.plots.clouds import draw_cloud
from cd5flow.plots.drawing import Drawing, count_of, drawn_within
from cd5flow.plots.scene import Scene

_MAPS: Final = (
    ("map-cd45-ssc", "CD45", "SSC"),
    ("map-fsc-ssc", "FSC", "SSC"),
    ("map-cd3-cycd3", "CD3", "cyCD3"),
    ("map-cd3-cd7", "CD3", "CD7"),
    ("map-cd45-cd56", "CD45", "CD56|CD16+CD56|CD16"),
)
"""Names with the markers across and up; a map is drawn where the tube has both."""


def maps(scene: Scene) -> Iterator[Drawing]:
    """Yield every map that the tube has markers for."""
    for name, across, up in _MAPS:
        x, y = scene.marker_axis(across), scene.marker_axis(up)
        if x is not None and y is not None:
            yield _map(scene, name, x, y)


def background(scene: Scene) -> tuple[Axis, Axis] | None:
    """Return the axes on which populations without axes of their own are shown."""
    for _, across, up in _MAPS:
        x, y = scene.marker_axis(across), scene.marker_axis(up)
        if x is not None and y is not None:
            return x, y
    return None


def _map(scene: Scene, name: str, x: Axis, y: Axis) -> Drawing:
    gating, whole = scene.gating, scene.mapped
    figure, (axes,) = sheet()
    totals = draw_cloud(axes, scene, scene.events(whole), x=x, y=y)
    counted = count_of(gating, whole, ALL)
    return Drawing(
        name,
        "map",
        (x.label, y.label),
        counted,
        drawn_within(scene, totals, whole),
        figure,
        f"{whole}, {counted.events:,} events",
    )
