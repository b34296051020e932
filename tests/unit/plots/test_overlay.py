from __future__ import annotations

from dataclasses import replace

import pytest

from cd5flow.plots import drawings
from cd5flow.plots.overlay import OVERLAY, overlay_drawing
from cd5flow.plots.scene import Bound, Dash, Line, Scene, Span
from cd5flow.preprocess.transforms import scale_exact
from support.analysed import CLEAR, NO_CD5, analysis
from support.drawn import layers, legend, notes, plain

MRD = "p10-mrd-low"


def overlay(name: str = CLEAR) -> Scene:
    drawing = overlay_drawing(analysis(name))
    assert drawing is not None
    return drawing.scene


def keys(scene: Scene) -> list[str]:
    return [plain(key.text) for key in scene.legend]


def curves(scene: Scene) -> list[Line]:
    return [line for line in layers(scene, Line) if not line.closed]


def test_blasts_t_cells_references_and_fmo_each_have_a_curve_with_their_count() -> None:
    gating = analysis(CLEAR).gating
    told = legend(overlay())
    assert told["family.blasts"] == f"{gating.count('blasts'):,}"
    assert told["family.t"] == f"{gating.count('t_cells'):,}"
    assert {"family.granulocytes", "control(role=role.fmo)"} <= set(told)
    assert len(curves(overlay())) == len(told)


def test_curves_differ_in_dash_as_well_as_in_colour() -> None:
    strokes = [line.stroke for line in curves(overlay()) if line.stroke is not None]
    assert len({stroke.colour for stroke in strokes}) == len(strokes)
    assert len({stroke.dash for stroke in strokes}) >= len(strokes) - 1


def test_the_cut_stands_where_the_result_says() -> None:
    one = analysis(CLEAR)
    cut = one.result.cd5.cut
    assert cut is not None
    assert f"cut_used(method=cut.{cut.method})" in keys(overlay())
    (place,) = [b.place for b in layers(overlay(), Bound) if b.stroke.dash is Dash.SOLID]
    assert place == pytest.approx(cut.scaled, abs=1e-5)
    scale = one.tube.scales[cut.channel]
    assert place == pytest.approx(float(scale_exact(cut.linear, scale)))


def test_each_other_cut_is_drawn_and_named_once() -> None:
    one = analysis(MRD)
    assert one.measured is not None
    assert len(one.measured.cuts) == 4
    dotted = [b for b in layers(overlay(MRD), Bound) if b.stroke.dash is Dash.DOTTED]
    assert len(dotted) == 3
    assert keys(overlay(MRD)).count("other_cuts") == 1


def test_the_band_is_shaded_from_the_lowest_to_the_highest_cut() -> None:
    one = analysis(CLEAR)
    assert one.measured is not None
    low, high = min(one.measured.defensible), max(one.measured.defensible)
    (shade,) = layers(overlay(), Span)
    scale = one.tube.scales[one.measured.axis.channel]
    assert shade.low == pytest.approx(float(scale_exact(low, scale)))
    assert shade.high == pytest.approx(float(scale_exact(high, scale)))
    assert any(key.startswith("band(low=") for key in keys(overlay()))


def test_every_curve_reaches_the_same_height() -> None:
    assert len(curves(overlay())) > 3
    assert all(line.corners[:, 1].max() == pytest.approx(1) for line in curves(overlay()))


def test_the_share_stands_in_the_picture() -> None:
    cd5 = analysis(CLEAR).result.cd5
    assert notes(overlay()) == [
        f"share(percent={cd5.percent:.3g})",
        f"of(events={cd5.positive_events:,} parent={cd5.blast_events:,})",
    ]


def test_a_refused_control_is_named_so() -> None:
    one = analysis(CLEAR)
    controls = tuple(
        replace(control, section=control.section.model_copy(update={"accepted": False}))
        for control in one.controls
    )
    drawing = overlay_drawing(replace(one, controls=controls))
    assert drawing is not None
    assert "control_refused(role=role.fmo)" in legend(drawing.scene)


def test_without_cd5_there_is_none() -> None:
    assert overlay_drawing(analysis(NO_CD5)) is None
    assert OVERLAY not in {drawing.name for drawing in drawings(analysis(NO_CD5))}
