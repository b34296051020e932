"""Tubes of candidates beside normal T cells, on CD45 and side scatter, for methods that find clusters."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cd5flow.gating.tube_view import Outcome, TubeView
from cd5flow.model.geometry import Ellipse
from support.gating_factory import Floats, resolved, tube_view

SPREAD = 0.03
"""Robust SD of the normal T cells on either axis, by which width is told."""
T_EVENTS = 800


def cloud(x: float, y: float, events: int, *, spread: float = SPREAD, seed: int = 1) -> Floats:
    """Return a round normal population."""
    return np.random.default_rng(seed).normal((x, y), spread, (events, 2))


def scatter(events: int, *, seed: int = 1) -> Floats:
    """Return events spread evenly over a wide box."""
    return np.random.default_rng(seed).uniform((0.2, 0.1), (0.9, 0.6), (events, 2))


T_CELLS = cloud(0.8, 0.3, T_EVENTS, seed=7)


def tube(
    *parts: Floats,
    candidates: npt.ArrayLike | None = None,
    populations: Mapping[str, npt.ArrayLike] | None = None,
    cd3: npt.ArrayLike | None = None,
    factor: float = 1.0,
    shift: float = 0.0,
) -> TubeView:
    """Return what a gate sees of parts beside the normal T cells.

    Args:
        parts: (n, 2) each, CD45 and SSC.
        candidates: mask over all parts, one after the other; None is all of them.
        populations: further ones, as masks over all parts.
        cd3: a third channel of all parts; the T cells have 0.5 there.
        factor, shift: both axes' units against these.
    """
    points = np.concatenate([T_CELLS, *parts]) * factor + shift
    is_t = np.arange(len(points)) < T_EVENTS
    others = len(points) - T_EVENTS
    third = np.full(others, 0.5) if cd3 is None else np.asarray(cd3)
    mask = np.ones(others) if candidates is None else np.asarray(candidates)
    none = np.zeros(T_EVENTS, dtype=np.bool_)
    more = {
        name: np.concatenate([none, np.asarray(them, dtype=np.bool_)])
        for name, them in (populations or {}).items()
    }
    return tube_view(
        {
            "CD45": points[:, 0],
            "SSC": points[:, 1],
            "CD3": np.concatenate([np.full(T_EVENTS, 0.5), third]),
        },
        populations={"t": is_t, "nobody": np.zeros(len(points)), **more},
        parent=np.concatenate([none, mask.astype(np.bool_)]),
    )


def ellipse(outcome: Outcome) -> Ellipse:
    """Return the ellipse that an answer places; anything else fails the test."""
    region = resolved(outcome).region
    assert isinstance(region, Ellipse)
    return region
