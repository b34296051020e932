"""Regions of a file put on the channels of a tube."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.errors import GatesError
from cd5flow.gating.fitting import fitted, renamed
from cd5flow.model.events import Channel, RawEvents
from cd5flow.model.geometry import (
    Boolean,
    Dimension,
    Ellipse,
    Interval,
    Intervals,
    Operand,
    Polygon,
    Rectangle,
    Region,
)
from cd5flow.model.scale import Linear, Logicle

TICK = 0.01
X = Dimension("X", Logicle(1000))
CLOCK = Dimension("HDR-T")
"""A Time channel that programs do not scale by themselves."""


def raw(time: str = "HDR-T", tick: float | None = TICK) -> RawEvents:
    names = ("X", "Y", time)
    channels = tuple(Channel(i, n, None, 32, 1, 1) for i, n in enumerate(names))
    return RawEvents(np.zeros((1, 3), dtype=np.float32, order="F"), channels, tick)


def test_a_channel_that_the_tube_lacks_is_named_with_those_it_has() -> None:
    region = Rectangle((Interval(X, low=0), Interval(Dimension("Z"), low=0)))
    with pytest.raises(
        GatesError, match=r"^gate 'g': it reads channel 'Z', which the tube lacks; "
    ):
        fitted(region, raw(), "gate 'g'")


@pytest.mark.parametrize(
    "region",
    [Interval(X, low=0), Boolean("and", (Operand("a"),)), Interval(Dimension("Time"), 1, 2)],
)
def test_what_fits_stays(region: Region) -> None:
    assert fitted(region, raw("Time"), "g") == region


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        (Interval(CLOCK, 100, 500), Interval(CLOCK, 1, 5)),
        (Intervals(CLOCK, ((100, 200), (300, 500))), Intervals(CLOCK, ((1, 2), (3, 5)))),
        (
            Rectangle((Interval(X, low=0.5), Interval(CLOCK, low=200))),
            Rectangle((Interval(X, low=0.5), Interval(CLOCK, low=2))),
        ),
        (
            Polygon(CLOCK, X, ((100, 0), (300, 0), (200, 1))),
            Polygon(CLOCK, X, ((1, 0), (3, 0), (2, 1))),
        ),
        (
            Polygon(X, CLOCK, ((0, 100), (0, 300), (1, 200))),
            Polygon(X, CLOCK, ((0, 1), (0, 3), (1, 2))),
        ),
    ],
)
def test_ticks_become_seconds(region: Region, expected: Region) -> None:
    assert fitted(region, raw(), "g") == expected


def test_our_own_scale_of_seconds_is_taken_off_to_the_last_bit() -> None:
    tick = 0.1 + 0.2  # its inverse is rounded
    scaled = Dimension("HDR-T", Linear(t=1 / tick))
    spans = ((0.1, 0.7), (1.1, 2 / 3 + 9))
    assert fitted(Intervals(scaled, spans), raw(tick=tick), "g") == Intervals(CLOCK, spans)


def test_a_linear_scale_of_time_is_undone() -> None:
    scaled = Dimension("Time", Linear(t=90, a=10))
    assert fitted(Interval(scaled, 0.1, 0.5), raw("Time"), "g") == Interval(
        Dimension("Time"), 0, 40
    )


def test_without_a_time_step_ticks_stay_ticks() -> None:
    assert fitted(Interval(CLOCK, 1, 5), raw(tick=None), "g") == Interval(CLOCK, 1, 5)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        (Interval(Dimension("HDR-T", Logicle(1000)), 0.1, 0.5), "Time on a scale (logicle)"),
        (Ellipse(CLOCK, X, (1, 1), (1, 0, 1), 1), "an ellipse on Time"),
    ],
)
def test_time_that_cannot_be_told_in_seconds_is_refused(region: Region, said: str) -> None:
    with pytest.raises(GatesError) as caught:
        fitted(region, raw(), "gate 'g'")
    assert caught.value.message.startswith(f"gate 'g': {said}")


def test_both_axes_are_renamed() -> None:
    region = Ellipse(X, CLOCK, (1, 1), (1, 0, 1), 1)
    found = renamed(region, {"X": "A", "HDR-T": "T"})
    assert isinstance(found, Ellipse)
    assert (found.x.detector, found.y.detector) == ("A", "T")
