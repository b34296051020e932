from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.batch import chart
from cd5flow.batch.chart import Chart, chart_of
from cd5flow.batch.trend import trends, visit_of
from cd5flow.model.result import BurdenState, Cd5State, Result
from support.overview_factory import NOT_DETECTED, UNKNOWN_BURDEN, visit
from support.report_factory import make_burden, make_cd5, unknown_cd5


def drawn(*results: Result) -> Chart:
    visits = [visit_of(result, result.sample.id) for result in results]
    (one,) = trends(v for v in visits if v is not None)
    return chart_of(one)


def mrd(percent: float, lod: float = 0.01) -> object:
    return make_burden(
        state=BurdenState.MRD_POSITIVE,
        percent=percent,
        lod_percent=lod,
        lloq_percent=2.5 * lod,
        ci95_percent=(0.9 * percent, min(1.1 * percent, 100)),
        level=None,
    )


def test_a_tenth_of_the_burden_lies_a_decade_lower() -> None:
    of = drawn(
        visit("a", "2026-01-01", burden=mrd(10.0)),
        visit("b", "2026-02-01", burden=mrd(1.0)),
        visit("c", "2026-03-01", burden=mrd(0.1)),
    )
    burdens = [point.y for point in of.points[:3]]
    assert burdens[1] - burdens[0] == pytest.approx(burdens[2] - burdens[1])
    assert {tick.words: tick.place for tick in of.decades}["1"] == pytest.approx(burdens[1])


def test_the_axis_holds_every_value_limit_and_interval() -> None:
    of = drawn(
        visit("a", "2026-01-01", burden=mrd(60.0)), visit("b", "2026-02-01", burden=NOT_DETECTED)
    )
    assert [tick.words for tick in of.decades] == ["0.001", "0.01", "0.1", "1", "10", "100"]
    top, bottom = chart.BURDEN
    places = [line.y1 for line in of.lines if line.kind == "lod"]
    assert all(top <= place <= bottom for place in places)
    assert len(places) == 2


def test_time_is_drawn_to_scale() -> None:
    of = drawn(*(visit(day, day) for day in ("2026-01-01", "2026-01-11", "2026-01-31")))
    x = [point.x for point in of.points[:3]]
    assert (x[1] - x[0]) / (x[2] - x[0]) == pytest.approx(1 / 3)


def test_what_was_not_detected_points_down_from_its_limit() -> None:
    of = drawn(visit("a", "2026-01-01"), visit("b", "2026-02-01", burden=NOT_DETECTED))
    point = of.points[1]
    (limit,) = (line.y1 for line in of.lines if line.kind == "lod" and line.x1 < point.x < line.x2)
    assert (point.kind, point.y, point.low) == ("below-lod", limit, None)
    assert point.says == "b, 2026-02-01: NOT_DETECTED, below the LOD of 0.00800 %"
    assert [line.kind for line in of.lines if line.kind in {"joined", "under"}] == [
        "under",
        "joined",
    ]


def test_the_unknown_lies_under_the_axis_and_breaks_the_line() -> None:
    of = drawn(
        visit("a", "2026-01-01"),
        visit("b", "2026-02-01", burden=UNKNOWN_BURDEN, cd5=unknown_cd5()),
        visit("c", "2026-03-01"),
    )
    assert [point.kind for point in of.points] == [
        "measured",
        "unknown",
        "measured",
        "borderline",
        "unknown",
        "borderline",
    ]
    assert of.points[1].y > chart.BURDEN[1]
    assert of.points[4].y > chart.CD5[1]
    assert not [line for line in of.lines if line.kind in {"joined", "under"}]


def test_a_number_whose_state_is_withheld_is_crossed_and_not_joined() -> None:
    withheld = make_burden(state=BurdenState.NOT_EVALUABLE)
    of = drawn(
        visit("a", "2026-01-01"),
        visit("b", "2026-02-01", burden=withheld, cd5=make_cd5(state=Cd5State.NOT_EVALUABLE)),
    )
    assert [of.points[1].kind, of.points[3].kind] == ["withheld", "withheld"]
    assert not [line for line in of.lines if line.kind == "joined"]


def test_cd5_lies_on_its_axis_with_its_interval_and_the_threshold() -> None:
    of = drawn(visit("a", "2026-01-01"), visit("b", "2026-02-01"))
    ticks = {tick.words: tick.place for tick in of.shares}
    assert (ticks["100"], ticks["0"]) == chart.CD5
    point = of.points[2]
    assert point.low is not None
    assert point.high is not None
    assert point.high < point.y < point.low
    (threshold,) = (line for line in of.lines if line.kind == "threshold")
    assert (threshold.x1, threshold.x2) == (chart.LEFT, chart.RIGHT)
    assert threshold.y1 == pytest.approx(ticks["0"] + 0.7 * (ticks["100"] - ticks["0"]))


def test_thresholds_that_differ_stand_at_their_tubes() -> None:
    other = make_cd5(threshold_percent=50.0)
    of = drawn(visit("a", "2026-01-01"), visit("b", "2026-02-01", cd5=other))
    bars = [line for line in of.lines if line.kind == "threshold"]
    assert len(bars) == 2
    assert bars[0].y1 < bars[1].y1


def test_tubes_of_one_moment_stand_side_by_side() -> None:
    of = drawn(visit("a", "2026-01-01"), visit("b", "2026-01-01"), visit("c", "2026-02-01"))
    assert of.points[0].x < of.points[1].x
    assert [tick.words for tick in of.dates] == ["2026-01-01", "2026-02-01"]


def test_dates_do_not_run_into_each_other() -> None:
    days = [f"2026-01-{day:02d}" for day in range(1, 30)]
    of = drawn(*(visit(day, day) for day in days))
    written = [tick.place for tick in of.dates if tick.words]
    assert all(b - a >= 60 for a, b in pairwise(written))
    assert (of.dates[0].words, of.dates[-1].words) == (days[0], days[-1])


def test_without_any_number_the_axes_stand_alone() -> None:
    burden = UNKNOWN_BURDEN.model_copy(update={"lod_percent": None, "lloq_percent": None})
    of = drawn(visit("a", "2026-01-01", burden=burden), visit("b", "2026-02-01", burden=burden))
    assert [float(tick.words) for tick in of.decades] == [0.01, 0.1, 1, 10, 100]
    assert not [line for line in of.lines if line.kind.startswith("lod")]


@given(
    st.lists(st.floats(1e-5, 100), min_size=2, max_size=8),
    st.lists(st.floats(1e-4, 20), min_size=2, max_size=8),
)
def test_nothing_is_drawn_outside_its_panel(burdens: list[float], lods: list[float]) -> None:
    results = [
        visit(f"v{i}", f"2026-0{i + 1}-01", burden=mrd(percent, lod))
        for i, (percent, lod) in enumerate(zip(burdens, lods, strict=False))
    ]
    of = drawn(*results)
    top, bottom = chart.BURDEN
    for point in of.points[: len(results)]:
        assert top <= point.y <= bottom
        assert chart.LEFT <= point.x <= chart.RIGHT
    assert all(top <= tick.place <= bottom for tick in of.decades)
    assert len(of.decades) >= 4
