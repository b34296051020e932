from __future__ import annotations

from typing import Any

import pytest

from cd5flow.model.geometry import (
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.model.region_file import write_region
from cd5flow.model.result import GateSection, Result, Timepoint
from cd5flow.model.scale import Asinh
from cd5flow.plots.axis import Axis
from cd5flow.preprocess.transforms import inverse
from cd5flow.review.earlier import earlier_results, overlays
from cd5flow.review.views import View
from support.report_factory import make_population, make_result, make_sample

WIDE, NARROW = Asinh(t=262144.0, m=4.5, a=0.0), Asinh(t=262144.0, m=4.0, a=1.0)


def axis(detector: str, scale: Asinh = WIDE) -> Axis:
    return Axis(Dimension(detector, scale), detector, 0.0, 1.0)


def histogram(gate: str = "cd5_positive") -> View:
    return View(gate, "blasts", axis("CD5-A"), None)


def plane(gate: str = "blasts") -> View:
    return View(gate, "singlets", axis("CD45-A"), axis("SSC-A"))


def dimension(detector: str, scale: Asinh | None = WIDE) -> Dimension:
    return Dimension(detector, scale)


def of_patient(
    name: str,
    region: Region | dict[str, Any] | None = None,
    *,
    gate: str = "cd5_positive",
    **said: Any,
) -> Result:
    written = region if isinstance(region, dict) else region and write_region(region)
    section = GateSection(
        method="interval",
        region=written or {},
        events_seen=100,
        evidence={},
        note="",
        why="",
        expected_percent=None,
    )
    sample = {"patient_id": "P1", "collected_at": "2026-01-02", "timepoint": "mrd", **said}
    return make_result(
        sample=make_sample(id=name, sha256=name.encode().hex().ljust(64, "0"), **sample),
        populations=(make_population(gate, 100, gate=section),) if region is not None else (),
    )


def labels(result: Result, *others: Result) -> list[str]:
    return [one.label for one in earlier_results(result, others)]


def test_the_diagnosis_comes_first_and_then_the_newest() -> None:
    now = of_patient("now", collected_at="2026-05-01")
    others = [
        of_patient("old", collected_at="2026-02-01"),
        of_patient("new", collected_at="2026-04-01"),
        of_patient("dx", collected_at="2026-01-01", timepoint=Timepoint.DIAGNOSIS),
        of_patient("older", collected_at="2026-01-15"),
    ]
    assert labels(now, *others) == [
        "dx (diagnosis, 2026-01-01)",
        "new (mrd, 2026-04-01)",
        "old (mrd, 2026-02-01)",
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"patient_id": "P2", "collected_at": "2026-01-01"},
        {"patient_id": None, "collected_at": "2026-01-01"},
        {"collected_at": "2026-01-02"},
        {"collected_at": "2026-01-03"},
        {"collected_at": None},
    ],
)
def test_other_patients_and_later_or_undated_tubes_are_not_shown(said: dict[str, Any]) -> None:
    assert labels(of_patient("now"), of_patient("other", **said)) == []


def test_nobody_without_an_id_has_earlier_results() -> None:
    now = of_patient("now", patient_id=None)
    assert labels(now, of_patient("other", patient_id=None, collected_at="2025-01-01")) == []


def overlay(region: Region, view: View, *, gate: str = "cd5_positive") -> list[dict[str, Any]]:
    earlier = earlier_results(
        of_patient("now", collected_at="2026-05-01"), [of_patient("dx", region, gate=gate)]
    )
    return [shape for one in overlays(earlier, view) for shape in one["shapes"]]


def test_an_edge_on_the_same_scale_stays_to_the_last_bit() -> None:
    (shape,) = overlay(Interval(dimension("CD5-A"), 0.4, None), histogram())
    assert [(edge["key"], edge["at"]) for edge in shape["edges"]] == [("low", 0.4)]


def test_an_edge_on_another_scale_lies_at_the_same_linear_value() -> None:
    (shape,) = overlay(Interval(dimension("CD5-A", NARROW), 0.4, None), histogram())
    shown = float(inverse(shape["edges"][0]["at"], WIDE))
    assert shown == pytest.approx(float(inverse(0.4, NARROW)), rel=1e-6)
    (shape,) = overlay(Interval(dimension("CD5-A", None), 1000.0, None), histogram())
    assert float(inverse(shape["edges"][0]["at"], WIDE)) == pytest.approx(1000.0, rel=1e-6)


def test_several_spans_and_sides_of_a_box_are_drawn_each() -> None:
    spans = Intervals(dimension("CD5-A"), ((0.1, 0.2), (0.3, 0.4)))
    assert [len(shape["edges"]) for shape in overlay(spans, histogram())] == [2, 2]
    sides = (Interval(dimension("CD5-A"), 0.1, 0.2), Interval(dimension("X-A"), 0.3, 0.4))
    assert [len(shape["edges"]) for shape in overlay(Rectangle(sides), histogram())] == [2]


def test_outlines_lie_on_the_plane_of_both_their_detectors_alone() -> None:
    x, y = dimension("CD45-A"), dimension("SSC-A")
    triangle = Polygon(x, y, ((0.1, 0.1), (0.5, 0.1), (0.1, 0.5)))
    (shape,) = overlay(triangle, plane("blasts"), gate="blasts_1")
    assert shape["outline"] == [[0.1, 0.1], [0.5, 0.1], [0.1, 0.5]]
    round_one = Ellipse(x, y, (0.5, 0.5), (0.01, 0.0, 0.01), 4.0)
    (shape,) = overlay(round_one, plane("blasts_2"), gate="blasts")
    assert len(shape["outline"]) == 72
    other = Polygon(dimension("CD3-A"), y, ((0.1, 0.1), (0.5, 0.1), (0.1, 0.5)))
    assert overlay(other, plane("blasts"), gate="blasts") == []
    assert overlay(triangle, plane("t_cells"), gate="blasts") == []
    assert overlay(triangle, histogram()) == []


def test_a_region_of_another_version_is_drawn_nowhere() -> None:
    now = of_patient("now", collected_at="2026-05-01")
    for region in ({"shape": "star"}, {"shape": "interval", "dimension": 7}):
        earlier = earlier_results(now, [of_patient("dx", region)])
        assert overlays(earlier, histogram()) == []
