"""Events inside every channel's scale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.gating.methods.in_range import InRange
from cd5flow.gating.tube_view import TubeView
from cd5flow.model.events import CompensatedEvents
from cd5flow.model.geometry import Interval, Rectangle
from cd5flow.preprocess.transforms import Columns
from support.gating_factory import TOP, Arrays, axis, inside, reason, resolved, scales_of, tube_view


def in_range(*axes: str, positive: tuple[str, ...] = ()) -> InRange:
    return InRange(method="in_range", axes=axes, positive=positive)


def kept(view: TubeView, *axes: str, positive: tuple[str, ...] = ()) -> list[bool]:
    region = resolved(in_range(*axes, positive=positive).find(view)).region
    return [bool(v) for v in inside(region, view)]


def with_channel(arrays: Arrays, **changes: Any) -> TubeView:
    """Return a tube whose channels have other properties."""
    view = tube_view(arrays)
    raw = view.columns.events.raw
    raw = replace(raw, channels=tuple(replace(c, **changes) for c in raw.channels))
    columns = Columns(CompensatedEvents(raw=raw, compensated={}, spillover=None))
    return replace(view, columns=columns, scales=scales_of(raw))


def test_with_low_ends_alone_the_upper_end_of_a_scale_is_in() -> None:
    view = tube_view({"FSC": [-1, 0, 1, TOP], "X": [TOP, TOP, TOP, 5]})
    method = InRange(method="in_range", axes=("X",), positive=("FSC",), ends="low")
    outcome = method.find(view)
    assert inside(resolved(outcome).region, view).tolist() == [False, False, True, True]
    assert outcome.evidence.values == {"FSC at_end_events": 2}


def test_with_low_ends_alone_a_tube_at_the_upper_end_needs_no_gate() -> None:
    method = InRange(method="in_range", axes=("X",), positive=("FSC",), ends="low")
    reason(method.find(tube_view({"FSC": [1, TOP], "X": [TOP, TOP]})))


def test_the_last_step_of_a_scale_is_out_and_the_one_before_it_in() -> None:
    view = tube_view({"X": [0, 100, TOP - 2, TOP - 1, TOP, np.inf]})
    assert kept(view, "X") == [True, True, True, False, False, False]


def test_a_channel_that_never_reaches_its_end_gets_no_bound() -> None:
    view = tube_view({"X": [1, TOP], "Y": [1, 2]})
    region = resolved(in_range("X", "Y").find(view)).region
    assert isinstance(region, Interval)
    assert region.dimension == replace(axis("X", None), compensated=False)
    outcome = in_range("Y", positive=("Y",)).find(view)
    assert reason(outcome) == "no channel reaches the end of its scale"


def test_scatter_at_or_below_zero_is_out_and_fluorescence_there_is_in() -> None:
    view = tube_view({"FSC": [-1, 0, 1, 2], "X": [-5, -5, -5, TOP]})
    assert kept(view, "X", positive=("FSC",)) == [False, False, True, False]
    outcome = in_range("X", positive=("FSC",)).find(view)
    assert outcome.evidence.values == {"FSC at_end_events": 2, "X at_end_events": 1}


def test_several_channels_are_a_rectangle() -> None:
    view = tube_view({"X": [1, TOP, 1], "Y": [1, 1, TOP]})
    assert isinstance(resolved(in_range("X", "Y").find(view)).region, Rectangle)
    assert kept(view, "X", "Y") == [True, False, False]


def test_values_are_judged_as_acquired() -> None:
    view = tube_view({"X": [TOP, 10]}, compensated={"X": [5, TOP]})
    assert kept(view, "X") == [False, True]


def test_only_the_parents_events_are_counted() -> None:
    view = tube_view({"X": [TOP, 10]}, parent=[False, True])
    reason(in_range("X").find(view))


def test_markers_that_the_tube_lacks_are_left_out() -> None:
    assert kept(tube_view({"X": [TOP, 10]}), "CD7", "CD56|CD16", "X", positive=("SSC",)) == [
        False,
        True,
    ]


def test_one_channel_is_looked_at_once_however_it_is_named() -> None:
    assert kept(tube_view({"CD16": [TOP, 10]}), "CD56|CD16", "CD16") == [False, True]


def test_nan_reaches_no_end() -> None:
    reason(in_range("X", positive=("X",)).find(tube_view({"X": [np.nan, 5]})))


@pytest.mark.parametrize(
    ("changes", "last_step"),
    [
        ({"range": 1024.0, "maximum": 1024.0}, 1023.0),
        ({"range": 1024.0, "maximum": 512.0, "gain": 2.0}, 511.5),
        ({"range": 1024.0, "maximum": 1e4, "amplification": (4.0, 1.0)}, 10 ** (4 * 1023 / 1024)),
        (
            {"range": 256.0, "maximum": 10.0, "amplification": (3.0, 0.01)},
            0.01 * 10 ** (3 * 255 / 256),
        ),
    ],
    ids=["10 bits", "gain", "log", "log from 0.01"],
)
def test_the_last_step_is_in_linear_units(changes: dict[str, Any], last_step: float) -> None:
    values: npt.ArrayLike = [last_step * 0.99, last_step]
    assert kept(with_channel({"X": values}, **changes), "X") == [True, False]


@pytest.mark.parametrize("steps", [1.0, 0.5])
def test_a_range_of_no_steps_tells_of_no_end(steps: float) -> None:
    view = with_channel({"X": [0.1, 0.5, 5.0]}, range=steps, maximum=steps)
    reason(in_range("X").find(view))
