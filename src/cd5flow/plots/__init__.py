"""Pictures of an analysis: scenes, without a language, and how a scene becomes an SVG.

`drawings` gives every picture in the order of the report: the run over time, the front page's three
(CD45 x side scatter, what tells blasts from T cells, CD5), the other maps, and then each gate in
gating order. matplotlib is known to `cd5flow.plots.figure` alone, for what is drawn once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cd5flow.pipeline import Analysis
from cd5flow.plots.drawing import Count, Drawing
from cd5flow.plots.gates import gate_drawings, is_of_time
from cd5flow.plots.layout import HALF_PAGE, THIRD_PAGE, TWELFTH_PAGE, Size
from cd5flow.plots.maps import FRONT_MAPS, map_drawings
from cd5flow.plots.overlay import overlay_drawing
from cd5flow.plots.plotted_tube import PlottedTube
from cd5flow.plots.svg import draw_svg
from cd5flow.plots.text import Phrase, Text, Words

__all__ = [
    "HALF_PAGE",
    "THIRD_PAGE",
    "TWELFTH_PAGE",
    "Count",
    "Drawing",
    "Phrase",
    "Size",
    "Text",
    "Words",
    "draw_svg",
    "drawings",
]


def drawings(analysis: Analysis, *, gates: bool = True) -> Iterator[Drawing]:
    """Yield every picture in the order of the report.

    A gate of more than two axes has several: ``in_range``, ``in_range-2``.

    Args:
        analysis: the tube.
        gates: without them, the run over time, the maps and CD5 alone.
    """
    plotted = PlottedTube(analysis.tube, analysis.gating, analysis.automatic)
    yield from _overviews(plotted, analysis)
    for gate in analysis.gating.tree.gates if gates else ():
        if not is_of_time(plotted, gate):
            yield from gate_drawings(plotted, gate)


def _overviews(plotted: PlottedTube, analysis: Analysis) -> Iterator[Drawing]:
    for gate in analysis.gating.tree.gates:
        if is_of_time(plotted, gate):
            yield from (replace(one, kind="run") for one in gate_drawings(plotted, gate))
    overlay = overlay_drawing(analysis)
    # Page one has three pictures: without blasts another map stands for their CD5.
    yield from map_drawings(plotted, front=FRONT_MAPS + (overlay is None))
    if overlay is not None:
        yield overlay
