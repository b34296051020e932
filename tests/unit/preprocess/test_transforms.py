"""Display scales against the reference library, and the choice of their parameters."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from flowutils import transforms as reference
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.events import Channel, CompensatedEvents, RawEvents, Spillover
from cd5flow.model.geometry import Dimension
from cd5flow.model.scale import Asinh, Linear, Log, Logicle, Scale
from cd5flow.preprocess.scale_choice import channel_scales, decades_for, logicle_for, scatter_scale
from cd5flow.preprocess.transforms import Columns, inverse, scale, scale_exact

Doubles = npt.NDArray[np.float64]

tops = st.floats(0.0, 9.0).map(lambda e: 10.0**e)


def in_units_of_top(top: float) -> st.SearchStrategy[Doubles]:
    """Values inside the range, far beyond it, and close to zero, all float32."""
    inside = st.floats(-1.0, 1.0)
    beyond = st.floats(-1000.0, 1000.0)
    small = st.floats(-12.0, 0.0).map(lambda e: 10.0**e)
    return st.lists(inside | beyond | small | small.map(lambda v: -v), min_size=1, max_size=40).map(
        lambda parts: (np.asarray(parts) * top).astype(np.float32).astype(np.float64)
    )


@st.composite
def logicles(draw: st.DrawFn, least_width: float = 0.0) -> Logicle:
    """Any logicle scale; `least_width` as a share of the widest."""
    m = draw(st.floats(1.0, 10.0))
    w = draw(st.just(least_width) | st.floats(least_width, 1.0)) * m / 2.0
    most = max(m - 2.0 * w, -w)
    a = draw(st.sampled_from([0.0, -w, most]) | st.floats(-w, most))
    return Logicle(t=draw(tops), w=w, m=m, a=min(max(a, -w), most))


@st.composite
def logicles_and_values(draw: st.DrawFn, least_width: float = 0.0) -> tuple[Logicle, Doubles]:
    chosen = draw(logicles(least_width=least_width))
    return chosen, draw(in_units_of_top(chosen.t))


@st.composite
def asinhs_and_values(draw: st.DrawFn) -> tuple[Asinh, Doubles]:
    top = draw(tops)
    m = draw(st.floats(0.5, 10.0))
    return Asinh(t=top, m=m, a=draw(st.floats(0.0, 1.0)) * m), draw(in_units_of_top(top))


@given(logicles_and_values(least_width=0.01))
def test_logicle_equals_the_reference_to_a_millionth(case: tuple[Logicle, Doubles]) -> None:
    s, values = case
    expected = np.asarray(reference.logicle(values, None, t=s.t, m=s.m, w=s.w, a=s.a))
    converged = expected != -1.0  # what the reference answers when its search for a root fails
    fast = scale(values, s)
    assert fast.dtype == np.float32
    np.testing.assert_allclose(fast[converged], expected[converged], rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        scale_exact(values, s)[converged], expected[converged], rtol=0, atol=1e-9
    )


def test_the_reference_converges_on_the_scales_in_use() -> None:
    """Without it the comparison above would compare nothing."""
    values = np.linspace(-262144.0, 262144.0, 1001)
    for w in (0.2, 0.5, 1.0, 2.0):
        assert not np.any(reference.logicle(values, None, t=262144.0, m=4.5, w=w, a=0.0) == -1.0)


@given(asinhs_and_values())
def test_logicle_without_a_linear_part_is_the_asinh_scale(case: tuple[Asinh, Doubles]) -> None:
    s, values = case
    expected = reference.asinh(values, None, s.t, s.m, s.a)
    logicle = Logicle(t=s.t, w=0.0, m=s.m, a=s.a)
    np.testing.assert_allclose(scale_exact(values, logicle), expected, rtol=0, atol=1e-11)
    np.testing.assert_allclose(scale(values, logicle), expected, rtol=0, atol=1e-6)


@given(logicles_and_values())
def test_fast_logicle_equals_the_exact_one_and_inverts_everywhere(
    case: tuple[Logicle, Doubles],
) -> None:
    transform, values = case
    exact = scale_exact(values, transform)
    np.testing.assert_allclose(scale(values, transform), exact, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        inverse(exact, transform), values, rtol=1e-9, atol=1e-13 * transform.t
    )


@given(logicles(), st.lists(st.floats(-1.0, 1.5), min_size=1, max_size=20))
def test_logicle_inverse_equals_the_reference(s: Logicle, places: list[float]) -> None:
    y = np.asarray(places)
    expected = reference.logicle_inverse(y, None, t=s.t, m=s.m, w=s.w, a=s.a)
    np.testing.assert_allclose(inverse(y, s), expected, rtol=1e-8, atol=1e-10 * s.t)


@given(asinhs_and_values())
def test_asinh_equals_the_reference(case: tuple[Asinh, Doubles]) -> None:
    s, values = case
    expected = reference.asinh(values, None, s.t, s.m, s.a)
    np.testing.assert_allclose(scale_exact(values, s), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scale(values, s), expected, rtol=0, atol=1e-6)
    back = inverse(scale_exact(values, s), s)
    np.testing.assert_allclose(back, values, rtol=1e-9, atol=1e-12 * s.t)


@given(tops, st.floats(0.5, 10.0), st.lists(st.floats(-9.0, 1.0), min_size=1, max_size=20))
def test_log_equals_the_reference(top: float, m: float, exponents: list[float]) -> None:
    values = (top * 10.0 ** np.asarray(exponents)).astype(np.float32).astype(np.float64)
    expected = reference.log(values, None, top, m)
    s = Log(t=top, m=m)
    np.testing.assert_allclose(scale_exact(values, s), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(scale(values, s), expected, rtol=2e-7, atol=1e-6)
    np.testing.assert_allclose(inverse(scale_exact(values, s), s), values, rtol=1e-9)


def test_log_is_undefined_at_zero_and_below() -> None:
    for places in (
        scale([-1.0, 0.0, 10.0], Log(100.0, 2.0)),
        scale_exact([-1.0, 0.0, 10.0], Log(100.0, 2.0)),
    ):
        assert np.isnan(places).tolist() == [True, True, False]
        assert places[2] == pytest.approx(0.5)


def test_linear_scale_runs_from_minus_a_to_t() -> None:
    s = Linear(t=1000.0, a=100.0)
    assert scale([-100.0, 450.0, 1000.0], s) == pytest.approx([0.0, 0.5, 1.0])
    assert scale_exact([-100.0, 450.0, 1000.0], s) == pytest.approx([0.0, 0.5, 1.0])
    assert inverse([0.0, 0.5, 1.0], s) == pytest.approx([-100.0, 450.0, 1000.0])


@pytest.mark.parametrize(
    ("value", "place"),
    [  # worked values of the Gating-ML 2.0 specification: T = 1000, W = 1, M = 4, A = 0
        (-10.0, 0.067574),
        (-5.0, 0.147986),
        (-1.0, 0.228752),
        (0.0, 0.25),
        (0.3, 0.256384),
        (1.0, 0.271248),
        (3.0, 0.312897),
        (10.0, 0.432426),
        (100.0, 0.739548),
        (1000.0, 1.0),
    ],
)
def test_logicle_gives_the_published_places(value: float, place: float) -> None:
    s = Logicle(t=1000.0, w=1.0, m=4.0, a=0.0)
    assert float(scale_exact(value, s)) == pytest.approx(place, abs=1e-6)
    assert float(scale(value, s)) == pytest.approx(place, abs=2e-6)


@pytest.mark.parametrize(
    "transform", [Logicle(1000.0), Asinh(1000.0, 4.5), Asinh(1000.0, 40.0), Linear(1000.0)]
)
def test_nan_stays_nan_and_infinity_stays_infinite(transform: Scale) -> None:
    values = np.array([np.nan, np.inf, -np.inf, 1000.0])
    for places in (scale(values, transform), scale_exact(values, transform)):
        assert np.isnan(places[0])
        assert places[1] == np.inf
        assert places[2] == -np.inf
        assert places[3] == pytest.approx(1.0, abs=1e-6)


def test_fast_logicle_rises_across_the_end_of_its_table() -> None:
    s = Logicle(t=1000.0)
    values = np.linspace(3990.0, 4010.0, 501)
    places = scale(np.concatenate([-values[::-1], values]), s)
    assert np.all(np.diff(places) >= 0)
    assert places[-1] > places[501]


def test_scaling_keeps_the_shape_and_many_blocks_agree_with_one() -> None:
    s = Logicle(t=262144.0)
    values = np.linspace(-3e3, 3e5, 80_000, dtype=np.float32)
    assert np.array_equal(scale(values, s)[70_000:], scale(values[70_000:], s))
    assert scale(values.reshape(400, 200), s).shape == (400, 200)
    assert scale(5.0, s).shape == ()
    assert scale(np.empty(0), s).shape == (0,)


def test_scaling_a_strided_view_equals_its_copy() -> None:
    s = Logicle(t=262144.0)
    table = np.arange(20.0, dtype=np.float32).reshape(10, 2)
    assert np.array_equal(scale(table[:, 1], s), scale(table[:, 1].copy(), s))


def channel(index: int, detector: str, maximum: float = 262144.0, **more: object) -> Channel:
    return Channel(
        index=index,
        detector=detector,
        label=None,
        bits=32,
        range=maximum,
        maximum=maximum,
        **more,  # type: ignore[arg-type]
    )


def small_tube(timestep: float | None = 0.01) -> CompensatedEvents:
    values = np.asfortranarray([[10.0, 100.0, 5.0], [20.0, 200.0, 7.0]], dtype=np.float32)
    values.setflags(write=False)
    raw = RawEvents(
        values=values,
        channels=(channel(0, "FSC-A"), channel(1, "PE-A"), channel(2, "Time")),
        timestep_seconds=timestep,
    )
    matrix = Spillover(detectors=("PE-A",), matrix=np.eye(1), source="test")
    compensated = {"PE-A": np.array([90.0, 180.0], dtype=np.float32)}
    return CompensatedEvents(raw=raw, compensated=compensated, spillover=matrix)


def test_a_column_is_linear_without_a_scale_and_compensated_where_the_matrix_names_it() -> None:
    columns = Columns(small_tube())
    assert columns.column(Dimension("PE-A")).tolist() == [90.0, 180.0]
    assert columns.column(Dimension("PE-A", compensated=False)).tolist() == [100.0, 200.0]
    assert columns.column(Dimension("FSC-A")).tolist() == [10.0, 20.0]
    assert len(columns) == 2


def test_a_column_is_scaled_once_and_kept() -> None:
    columns = Columns(small_tube())
    dimension = Dimension("PE-A", Logicle(262144.0))
    first = columns.column(dimension)
    assert columns.column(Dimension("PE-A", Logicle(262144.0))) is first
    np.testing.assert_array_equal(first, scale([90.0, 180.0], Logicle(262144.0)))


def test_a_channel_outside_the_matrix_is_one_column_compensated_or_not() -> None:
    columns = Columns(small_tube())
    s = Asinh(262144.0, 4.5)
    assert columns.column(Dimension("FSC-A", s)) is columns.column(
        Dimension("FSC-A", s, compensated=False)
    )


def test_columns_are_read_only_and_leave_the_events_as_they_were() -> None:
    tube = small_tube()
    columns = Columns(tube)
    for dimension in (Dimension("PE-A"), Dimension("FSC-A", Linear(10.0)), Dimension("Time")):
        with pytest.raises(ValueError, match="read-only"):
            columns.column(dimension)[0] = 1.0
    assert tube.compensated["PE-A"].flags.writeable


def test_time_is_in_seconds_in_double_precision() -> None:
    time = Columns(small_tube(timestep=0.01)).column(Dimension("Time"))
    assert time.dtype == np.float64
    assert time.tolist() == pytest.approx([0.05, 0.07])


def test_time_of_unknown_step_is_in_ticks() -> None:
    assert Columns(small_tube(timestep=None)).column(Dimension("Time")).tolist() == [5.0, 7.0]


def test_an_unknown_channel_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        Columns(small_tube()).column(Dimension("APC-A"))


@pytest.mark.parametrize(
    ("top", "decades"),
    [(262144.0, 4.5), (1048576.0, 5.1), (16777215.0, 6.0), (1024.0, 4.0), (1e9, 6.0)],
)
def test_decades_grow_with_the_range_within_limits(top: float, decades: float) -> None:
    assert decades_for(top) == decades


def test_logicle_width_follows_the_negative_events() -> None:
    values = np.concatenate([np.full(1000, -262.144), np.full(1000, 5000.0)])
    chosen = logicle_for(values, top=262144.0)
    assert chosen == Logicle(t=262144.0, w=0.75, m=4.5, a=0.0)  # (4.5 - 3) / 2


def test_logicle_width_is_the_default_with_few_negative_events() -> None:
    values = np.concatenate([np.full(20, -5000.0), np.full(1000, 5000.0)])
    assert logicle_for(values, top=262144.0).w == 0.5
    assert logicle_for(np.empty(0), top=262144.0).w == 0.5


def test_logicle_width_stays_within_what_the_scale_allows() -> None:
    assert logicle_for(np.full(1000, -1e-3), top=262144.0).w == 0.2
    assert logicle_for(np.full(1000, -1e9), top=262144.0).w == pytest.approx(2.15)


def test_a_few_overcompensated_events_do_not_widen_the_linear_part() -> None:
    normal = -np.abs(np.random.default_rng(2).normal(0.0, 100.0, 1000))
    plain = logicle_for(normal, top=262144.0).w
    tailed = logicle_for(np.concatenate([normal, np.full(80, -80_000.0)]), top=262144.0).w
    assert plain == pytest.approx((4.5 - np.log10(262144.0 / 196.0)) / 2.0, abs=0.03)
    assert plain < tailed < plain + 0.3


def test_undefined_values_do_not_choose_the_width() -> None:
    values = np.concatenate([np.full(1000, -262.144), np.full(300, np.nan), np.full(300, -np.inf)])
    assert logicle_for(values, top=262144.0).w == pytest.approx(0.75)


def test_thinning_a_large_column_keeps_the_width() -> None:
    values = np.random.default_rng(1).normal(0.0, 100.0, 400_000)
    whole = logicle_for(values, top=262144.0, most_values=400_000)
    assert logicle_for(values, top=262144.0, most_values=20_000).w == pytest.approx(
        whole.w, abs=0.02
    )


def test_every_channel_but_time_has_a_scale_of_its_own_range() -> None:
    values = np.asfortranarray(np.ones((3, 4), dtype=np.float32))
    raw = RawEvents(
        values=values,
        channels=(
            channel(0, "FSC-A", 16777215.0),
            channel(1, "FL1-A", 1048576.0),
            channel(2, "FL2-H", 10000.0, amplification=(4.0, 1.0)),
            channel(3, "Time", 1e9),
        ),
        timestep_seconds=None,
    )
    scales = channel_scales(
        CompensatedEvents(raw=raw, compensated={}, spillover=None), scatter=frozenset({"FSC-A"})
    )
    assert scales == {
        "FSC-A": Asinh(t=16777215.0, m=6.0, a=0.0),
        "FL1-A": Logicle(t=1048576.0, w=0.5, m=5.1, a=0.0),
        "FL2-H": Logicle(t=10000.0, w=0.2, m=4.5, a=0.0),
    }


def test_scales_are_chosen_from_the_compensated_values() -> None:
    raw = RawEvents(
        values=np.asfortranarray(np.full((500, 1), 50.0, dtype=np.float32)),
        channels=(channel(0, "PE-A"),),
        timestep_seconds=None,
    )
    events = CompensatedEvents(
        raw=raw,
        compensated={"PE-A": np.full(500, -262.144, dtype=np.float32)},
        spillover=None,
    )
    chosen = channel_scales(events, scatter=frozenset())["PE-A"]
    assert isinstance(chosen, Logicle)
    assert chosen.w == pytest.approx(0.75)


def test_scatter_scale_is_defined_below_zero_and_logarithmic_above() -> None:
    s = scatter_scale(channel(0, "SSC-A"))
    low, decade, top = scale_exact([-10.0, 26214.4, 262144.0], s)
    assert low < 0
    assert top == pytest.approx(1.0)
    assert decade == pytest.approx(1.0 - 1.0 / 4.5, abs=1e-6)
    assert math.isfinite(low)
