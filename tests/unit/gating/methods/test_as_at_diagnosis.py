"""A window where the patient's blasts lay at diagnosis, against this tube's own T cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cd5flow.gating.methods.as_at_diagnosis import AsAtDiagnosis
from cd5flow.gating.tube_view import TubeView
from cd5flow.model.geometry import Interval, Rectangle
from cd5flow.model.laip import Laip, MarkerRange
from support.gating_factory import reason, resolved, tube_view

T_CELLS = np.full(200, 1000.0)
IS_T = np.arange(400) < 200
CELLS = np.concatenate([T_CELLS, np.geomspace(1, 10_000, 200)])


def ranged(low: float | None, high: float | None, above: float | None = None) -> MarkerRange:
    return MarkerRange(low_decades=low, high_decades=high, above_t_cells_percent=above)


def laip(**markers: MarkerRange) -> Laip:
    return Laip("dx", "0" * 64, "cyCD3+ sCD3-", 5_000, markers)


def method(**said: Any) -> AsAtDiagnosis:
    return AsAtDiagnosis(method="as_at_diagnosis", **said)


def seen(known: Laip | None, axes: Mapping[str, Any] | None = None) -> TubeView:
    view = tube_view(axes or {"CD45": CELLS}, populations={"t_cells": IS_T})
    return replace(view, laip=known)


def test_the_window_is_the_range_widened_by_the_margin() -> None:
    known = laip(CD45=ranged(-1.0, -0.5))
    region = resolved(method(axes=("CD45",), margin_decades=0.2).find(seen(known))).region
    assert isinstance(region, Interval)
    assert region.low == pytest.approx(1000 * 10**-1.2)
    assert region.high == pytest.approx(1000 * 10**-0.3)


def test_without_a_diagnostic_result_there_is_no_window() -> None:
    assert "no diagnostic result" in reason(method(axes=("CD45",)).find(seen(None)))


def test_a_result_without_a_common_marker_gives_no_window() -> None:
    outcome = method(axes=("CD45", "CD2")).find(seen(laip(CD2=ranged(-1.0, 0.0))))
    assert reason(outcome) == "the diagnostic result of dx shares no marker to place a window by"


def test_an_end_without_signal_bounds_nothing() -> None:
    region = resolved(method(axes=("CD45",)).find(seen(laip(CD45=ranged(None, -0.5))))).region
    assert isinstance(region, Interval)
    assert region.low is None
    assert region.high is not None


def test_two_markers_are_a_rectangle() -> None:
    known = laip(CD45=ranged(-1.0, -0.5), CD7=ranged(-0.2, 0.4))
    view = seen(known, {"CD45": CELLS, "CD7": CELLS})
    assert isinstance(resolved(method(axes=("CD45", "CD7")).find(view)).region, Rectangle)


@pytest.mark.parametrize(("share", "bounded"), [(96.0, True), (60.0, False)])
def test_a_marker_bounds_from_below_only_if_nearly_all_blasts_carried_it(
    share: float, *, bounded: bool
) -> None:
    known = laip(CD45=ranged(-1.0, -0.5), CD56=ranged(None, None, share))
    view = seen(known, {"CD45": CELLS, "CD56": CELLS})
    region = resolved(method(axes=("CD45",), carried_axes=("CD56",)).find(view)).region
    assert isinstance(region, Rectangle) is bounded


def test_too_few_t_cells_measure_nothing() -> None:
    view = tube_view({"CD45": CELLS}, populations={"t_cells": np.arange(400) < 10})
    known = replace(view, laip=laip(CD45=ranged(-1.0, -0.5)))
    assert "shares no marker" in reason(method(axes=("CD45",)).find(known))


def test_one_channel_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="CD56"):
        method(axes=("CD56",), carried_axes=("CD16+CD56|CD56",))
