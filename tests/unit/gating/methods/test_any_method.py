"""Every method answers on whatever events a file may hold; none fails."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from cd5flow.gating.cell_types import CellTypes
from cd5flow.gating.methods import Method
from cd5flow.gating.tube_view import Control, TubeView, Unresolved
from cd5flow.model.geometry import Boolean
from cd5flow.model.laip import Laip, MarkerRange
from cd5flow.model.scale import Asinh, Log, Logicle, Scale
from support.gating_factory import DISPLAY, Arrays, check_answer, tube_view
from support.kinds_of_cells import NORMAL, told
from support.properties import part_of_examples

NEAR = {"population": "some", "spreads": 1, "min_events": 2}
FAR = {"population": "all", "quantile_percent": 90, "decades": 0.5, "min_events": 2}
RULES: dict[str, dict[str, Any]] = {
    "as_at_diagnosis": {"method": "as_at_diagnosis", "axes": ["X", "gone"], "yardstick": "some"},
    "valley": {"method": "valley", "axis": "X", "keep": "above", "min_events": 2},
    "valley in a window": {
        "method": "valley", "axis": "X", "keep": "below", "prefer": "lowest",
        "low": NEAR, "high": [{"population": "gone"}, FAR], "negative_below": FAR,
        "include": ["some", "gone"],
    },
    "negative_tail": {"method": "negative_tail", "axis": "X", "keep": "above", "min_events": 2},
    "negative_tail of others": {
        "method": "negative_tail", "axis": "X", "keep": "below", "of": "some",
        "high": FAR, "at_most": FAR, "min_events": 2,
    },
    "relative": {
        "method": "relative",
        "sides": [{"axis": "X", "low": NEAR}, {"axis": "Y|X2", "low": NEAR, "high": FAR}],
    },
    "density_cluster": {
        "method": "density_cluster", "x": "X", "y": "Y", "role": {"X": 1, "Y": -1},
        "min_events": 5,
    },
    "density_cluster in a window": {
        "method": "density_cluster", "x": "X", "y": "Y", "role": {"X": 1}, "min_events": 5,
        "x_window": {"low": NEAR}, "y_window": {"high": FAR}, "min_share_percent": 5,
    },
    "candidate_cluster": {
        "method": "candidate_cluster", "x": "X", "y": "Y", "yardstick": ["gone", "some"],
        "min_events": 3,
    },
    "candidate_cluster apart": {
        "method": "candidate_cluster", "x": "X", "y": "Y", "yardstick": ["some"],
        "min_events": 3, "apart_from": ["some"], "apart_whole": "gone",
        "centre_within": [{"axis": "X", "low": NEAR, "high": FAR}],
    },
    "candidate_cluster among": {
        "method": "candidate_cluster", "x": "X", "y": "Y", "yardstick": ["some"],
        "min_events": 3, "among": "all",
    },
    "island": {
        "method": "island", "x": "X", "y": "Y", "yardstick": ["gone", "some"], "min_events": 3,
    },
    "island among others": {
        "method": "island", "x": "X", "y": "Y", "yardstick": ["some"], "min_events": 3,
        "among": "some", "clear_z": 0.1, "max_shell_share": 1, "min_own_percent": 0,
    },
    "island apart": {
        "method": "island", "x": "X", "y": "Y", "yardstick": ["some"], "min_events": 3,
        "among": "all", "apart_from": ["some"], "apart_whole": "gone", "clear_z": 0.1,
        "max_shell_share": 1, "centre_within": [{"axis": "X", "low": NEAR, "high": FAR}],
    },
    "mixture": {
        "method": "mixture", "x": "X", "y": "Y", "role": {"X": 1, "Y": -1}, "min_events": 20,
        "max_overlap_percent": 100, "max_components": 3, "max_events": 200,
    },
    "mixture in a window": {
        "method": "mixture", "x": "X", "y": "Y", "role": {"X": 1}, "min_events": 20,
        "x_window": {"low": NEAR}, "y_window": {"high": FAR}, "max_components": 2,
        "max_events": 200, "trim_percent": 0,
    },
    "quantile": {
        "method": "quantile", "axis": "X", "keep": "above", "of": "some",
        "quantile_percent": 90, "min_events": 2, "confidence_percent": 60,
    },
    "quantile in a window": {
        "method": "quantile", "axis": "X", "keep": "below", "of": "all", "quantile_percent": 50,
        "spreads": -2, "min_events": 2, "low": NEAR, "high": FAR,
    },
    "quantile of a control": {
        "method": "quantile", "axis": "X", "keep": "above", "of": "some", "control": "fmo",
        "quantile_percent": 99,
    },
    "singlet_band": {"method": "singlet_band", "area": "X", "height": "Y", "min_events": 10},
    "stable_time": {"method": "stable_time", "axes": ["X", "Y", "gone"]},
    "in_range": {"method": "in_range", "axes": ["X", "gone"], "positive": ["Y"]},
    "fixed": {"method": "fixed", "sides": [{"axis": "X", "low": 0.2, "high": 0.7}]},
    "fixed ellipse": {
        "method": "fixed", "units": "display", "axes": ["X", "Y"], "centre": [0.5, 0.5],
        "covariance": [0.1, 0.02, 0.2],
    },
    "pulse_width": {"method": "pulse_width", "axis": "X", "min_events": 10},
    "cell_type": {"method": "cell_type", "kinds": ["b_cells"], "x": "X", "y": "Y"},
    "cell_type with a stand-in": {
        "method": "cell_type", "kinds": ["t_cells", "nobody"], "x": "X", "y": "Y",
        "stand_in": True, "min_events": 5,
    },
    "combine": {"method": "combine", "operator": "or", "of": ["some", "not gone"]},
}  # fmt: skip
METHODS: TypeAdapter[Method] = TypeAdapter(Method)
SCALES: tuple[Scale, ...] = (
    Logicle(t=262144.0, w=0.5, m=4.5),
    Asinh(t=262144.0, m=4.5),
    Log(t=262144.0, m=4.5),
)
FLOATS = (math.nan, math.inf, -math.inf, 3e38, -3e38, 1e-45, 0.0, -0.0, -1.0, 262144.0)


@st.composite
def columns(draw: st.DrawFn, events: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Draw one column: constant, few values, spread over all magnitudes, or one or two peaks."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    match draw(st.sampled_from(("constant", "few", "wild", "peak", "peaks", "ramp"))):
        case "constant":
            values = np.full(events, draw(st.sampled_from((*FLOATS, 0.3, 1e9))))
        case "few":
            values = rng.integers(-1, 4, events) * draw(st.sampled_from((1e-6, 0.2, 1e4)))
        case "wild":
            values = rng.choice([-1, 1], events) * 10 ** rng.uniform(-38, 38, events)
        case "peak":
            values = rng.normal(0.4, 0.05, events) * draw(st.sampled_from((1, 1e5)))
        case "peaks":
            values = rng.normal(rng.choice([0.2, 0.7], events), 0.04)
            values *= draw(st.sampled_from((1, 1e5)))
        case _:
            values = np.arange(events) * draw(st.sampled_from((1e-5, 0.5)))
    odd = draw(st.lists(st.sampled_from(FLOATS), max_size=4))
    if events:
        values = values.astype(np.float64)
        values[rng.integers(0, events, len(odd))] = odd
    return values.astype(np.float32)


@st.composite
def tubes(draw: st.DrawFn, *, scales: tuple[Scale, ...] = SCALES) -> TubeView:
    events = draw(st.sampled_from((0, 1, 2, 3, 12, 150, 1_200)))
    arrays: Arrays = {name: draw(columns(events)) for name in ("X", "Y", "Time")}
    rng = np.random.default_rng(draw(st.integers(0, 1_000)))
    view = tube_view(
        arrays,
        populations={"some": rng.random(events) < draw(st.sampled_from((0.0, 0.1, 0.9)))},
        parent=rng.random(events) < draw(st.sampled_from((0.0, 0.5, 1.0))),
        scale=draw(st.sampled_from(scales)),
        timestep=draw(st.sampled_from((None, 0.01))),
    )
    diagnosed = {
        "X": MarkerRange(
            draw(st.sampled_from((None, -1.0))), draw(st.sampled_from((None, 0.5))), 96
        ),
    }
    known = Laip("at diagnosis", "0" * 64, "cyCD3+ sCD3-", 1_000, diagnosed)
    control = Control(view.columns, lambda: view.members)
    kinds = draw(st.sampled_from((None, kinds_of(events, rng))))
    return replace(
        view,
        laip=draw(st.sampled_from((None, known))),
        controls={"fmo": control},
        cell_types=lambda: kinds,
    )


@cache
def _told() -> CellTypes:
    return told(*NORMAL)


def kinds_of(events: int, rng: np.random.Generator) -> CellTypes:
    """Return half of the events as B cells, T cells and cells without a name, at random."""
    rows = np.flatnonzero(rng.random(events) < 0.5)
    return replace(
        _told(),
        rows=rows,
        names=rng.choice(["b_cells", "t_cells", ""], rows.size),
        values=np.zeros((rows.size, 0), dtype=np.float32),
        markers=(),
        suspects=(),
        centres=np.zeros((1, 0), dtype=np.float32),
        centre_names=np.array([""]),
        floors=np.zeros(0),
        reference_rows=rows[::2],
    )


def test_every_method_is_tried_here() -> None:
    (union, *_) = get_args(Method)
    every = {get_args(m.model_fields["method"].annotation)[0] for m in get_args(union)}
    assert {rule["method"] for rule in RULES.values()} == every


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@part_of_examples(0.4)
@given(view=tubes())
def test_any_events_are_answered_with_a_region_or_a_reason(
    rule: dict[str, Any], view: TubeView
) -> None:
    outcome = METHODS.validate_python(rule).find(view)
    if isinstance(outcome, Unresolved) or not isinstance(outcome.region, Boolean):
        check_answer(outcome, view)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@part_of_examples(0.1)
@given(view=tubes(scales=(DISPLAY,)))
def test_the_same_events_are_answered_the_same(rule: dict[str, Any], view: TubeView) -> None:
    method = METHODS.validate_python(rule)
    with np.errstate(all="ignore"):  # values of all magnitudes without a scale that holds them
        assert method.find(view) == method.find(view)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_events_are_no_gate_but_where_it_is_written_down(rule: dict[str, Any]) -> None:
    view = tube_view({"X": [], "Y": [], "Time": []}, populations={"some": []})
    outcome = METHODS.validate_python(rule).find(view)
    assert isinstance(outcome, Unresolved) == (rule["method"] not in {"fixed", "combine"})
