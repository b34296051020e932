"""Pictures of an analysis. The only place that knows matplotlib; never pyplot, which holds state.

`drawings` gives every picture in the order of the report: the run over time, the maps with the
blasts on top, CD5, and then each gate in gating order. `as_svg` and `as_png` make files of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.pipeline import Analysis
from cd5flow.plots.canvas import as_png, as_svg
from cd5flow.plots.drawing import Count, Drawing
from cd5flow.plots.gates import gate_drawings, is_of_time, map_drawings
from cd5flow.plots.overlay import overlay_drawing
from cd5flow.plots.scene import Scene

__all__ = ["Count", "Drawing", "as_png", "as_svg", "drawings"]


def drawings(analysis: Analysis) -> Iterator[Drawing]:
    """Yield every picture in the order of the report.

    A gate of more than two axes has several: ``in_range``, ``in_range-2``.
    """
    scene = Scene(analysis.tube, analysis.gating, analysis.automatic)
    gates = analysis.gating.tree.gates
    for gate in gates:
        if is_of_time(scene, gate):
            yield from gate_drawings(scene, gate)
    yield from map_drawings(scene)
    overlay = overlay_drawing(analysis)
    if overlay is not None:
        yield overlay
    for gate in gates:
        if not is_of_time(scene, gate):
            yield from gate_drawings(scene, gate)
