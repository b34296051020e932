from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cd5flow.plots import drawings
from cd5flow.plots.overlay import OVERLAY, overlay_drawing
from cd5flow.preprocess.transforms import scale_exact
from support.analysed import CLEAR, NO_CD5, analysis

MRD = "p10-mrd-low"


def overlay(name: str = CLEAR) -> Axes:
    drawing = overlay_drawing(analysis(name))
    assert drawing is not None
    return drawing.figure.axes[0]


def legend(axes: Axes) -> list[str]:
    box = axes.get_legend()
    assert box is not None
    return [text.get_text() for text in box.get_texts()]


def test_blasts_t_cells_references_and_fmo_each_have_a_curve_with_their_count() -> None:
    words = legend(overlay())
    gating = analysis(CLEAR).gating
    assert f"blasts {gating.count('blasts'):,}" in words
    assert f"T {gating.count('t_cells'):,}" in words
    assert any(word.startswith("granulocytes ") for word in words)
    assert any(word.startswith("fmo tube ") for word in words)


def test_the_cut_stands_where_the_result_says() -> None:
    one = analysis(CLEAR)
    cut = one.result.cd5.cut
    assert cut is not None
    (line,) = [line for line in overlay().lines if line.get_label() == f"cut: {cut.method}"]
    place = float(np.asarray(line.get_xdata())[0])
    assert place == pytest.approx(cut.scaled, abs=1e-5)
    scale = one.tube.scales[cut.channel]
    assert place == pytest.approx(float(scale_exact(cut.linear, scale)))


def test_each_other_cut_is_drawn_and_each_method_named_once() -> None:
    one = analysis(MRD)
    assert one.measured is not None
    methods = [cut.method.value.replace("_", " ") for cut in one.measured.cuts]
    assert methods == ["internal negative", "internal negative", "internal negative", "valley"]
    axes = overlay(MRD)
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert len(dotted) == len(methods) - 1
    words = legend(axes)
    assert words.count("or internal negative") == 1
    assert words.count("or valley") == 1


def test_the_band_is_shaded_from_the_lowest_to_the_highest_cut() -> None:
    one = analysis(CLEAR)
    assert one.measured is not None
    low, high = min(one.measured.defensible), max(one.measured.defensible)
    (shade,) = [patch for patch in overlay().patches if type(patch) is Rectangle]
    scale = one.tube.scales[one.measured.axis.channel]
    assert shade.get_x() == pytest.approx(float(scale_exact(low, scale)))
    assert shade.get_x() + shade.get_width() == pytest.approx(float(scale_exact(high, scale)))
    assert str(shade.get_label()).startswith("other cuts: ")


def test_every_curve_reaches_the_same_height() -> None:
    curves = [line for line in overlay().lines if len(np.asarray(line.get_xdata())) > 100]
    assert len(curves) > 3
    assert all(np.max(np.asarray(line.get_ydata())) == pytest.approx(1) for line in curves)


def test_a_refused_control_is_named_so() -> None:
    one = analysis(CLEAR)
    controls = tuple(
        replace(control, section=control.section.model_copy(update={"accepted": False}))
        for control in one.controls
    )
    drawing = overlay_drawing(replace(one, controls=controls))
    assert drawing is not None
    words = legend(drawing.figure.axes[0])
    assert any(word.startswith("fmo tube (refused) ") for word in words)


def test_the_title_says_the_share_and_the_state() -> None:
    cd5 = analysis(CLEAR).result.cd5
    drawing = overlay_drawing(analysis(CLEAR))
    assert drawing is not None
    assert drawing.title == (
        f"CD5 on {cd5.percent:.3g} % of {cd5.blast_events:,} blasts: {cd5.state}"
    )


def test_without_cd5_there_is_none() -> None:
    assert overlay_drawing(analysis(NO_CD5)) is None
    assert OVERLAY not in {drawing.name for drawing in drawings(analysis(NO_CD5))}
