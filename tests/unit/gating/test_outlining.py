"""From a population among groups to ordinary gates around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.apply import contains
from cd5flow.gating.outlining import Outline, outline
from cd5flow.model.geometry import Boolean, Ellipse, Interval
from support.gating_factory import GatedInput, normal, shipped_profiles, tube_of

Floats = npt.NDArray[np.float64]
Picked = npt.NDArray[np.bool_]

LIMITS: Final = shipped_profiles().outlining
EVENTS: Final = 2_000
INSIDE: Final = np.arange(2 * EVENTS) < EVENTS
"""The first pile of two."""


def two_piles(**apart: float) -> dict[str, Floats]:
    """Return two equal piles of spread 0.03 that lie apart by so much on some of five axes."""
    found = {}
    for seed, marker in enumerate(("CD45", "SSC", "CD3", "CD7", "TdT")):
        first, second = np.split(normal(0.5, 0.03, 2 * EVENTS, seed=seed), 2)
        found[marker] = np.concatenate([first, second + apart.get(marker, 0.0)])
    return found


def outlined(
    arrays: Mapping[str, Floats],
    inside: Picked = INSIDE,
    *,
    maps: tuple[tuple[str, str], ...] = (("CD45", "SSC"), ("CD3", "CD7")),
    bounds: tuple[str, ...] = ("CD45", "CD3", "CD7", "TdT"),
    others: Picked | None = None,
) -> Outline | None:
    tube = tube_of(arrays)
    return outline(
        inside,
        np.arange(inside.size),
        others=~inside if others is None else others,
        maps=maps,
        bounds=bounds,
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        limits=LIMITS,
    )


def drawn(arrays: Mapping[str, Floats], inside: Picked = INSIDE) -> Outline:
    found = outlined(arrays, inside)
    assert found is not None
    return found


def held(found: Outline, tube: GatedInput) -> Picked:
    """Return who is in all the regions, as gates apply them."""
    inside = np.ones(len(tube.columns), dtype=np.bool_)
    for _, region in found.regions:
        assert not isinstance(region, Boolean)
        inside = contains(region, tube.columns, inside)
    return np.asarray(inside)


def test_piles_that_only_a_third_marker_tells_apart_are_told_apart_by_a_bound() -> None:
    found = drawn(two_piles(CD45=0.02, CD3=0.03, TdT=0.25))

    assert found.f1 >= 0.98
    assert [on for on, _ in found.regions] == ["CD45_SSC", "CD3_CD7", "TdT"]
    _, bound = found.regions[-1]
    assert isinstance(bound, Interval)
    assert bound.low is None
    assert 0.55 < (bound.high or 0) < 0.67


def test_the_f1_is_that_of_the_gates_as_they_are_applied() -> None:
    arrays = two_piles(CD3=0.1, TdT=0.1)
    found = drawn(arrays)

    picked = held(found, tube_of(arrays))
    both = np.count_nonzero(picked & INSIDE)
    assert found.f1 == 2 * both / (np.count_nonzero(picked) + EVENTS)
    assert found.seen == EVENTS


def test_a_pile_that_lies_alone_needs_no_bound() -> None:
    found = drawn(two_piles(CD45=0.4, CD3=0.4, TdT=0.4))

    assert [type(region) for _, region in found.regions] == [Ellipse, Ellipse]
    assert found.f1 > LIMITS.held_percent[0] / 100 - 0.01


def test_a_few_stragglers_do_not_stretch_the_ellipse() -> None:
    arrays = two_piles(CD45=0.3)
    far = np.concatenate([np.arange(20), np.full(0, 0)])
    arrays["CD45"][far] = 0.8
    picked = held(drawn(arrays), tube_of(arrays))

    assert np.count_nonzero(picked & ~INSIDE) < 0.01 * EVENTS


def test_a_long_tail_is_held() -> None:
    arrays = two_piles(CD45=0.5, CD3=0.4)
    rng = np.random.default_rng(5)
    arrays["CD45"][INSIDE] = 0.3 + 0.015 * rng.standard_t(4, EVENTS)

    picked = held(drawn(arrays), tube_of(arrays))

    assert np.count_nonzero(picked & INSIDE) > 0.99 * EVENTS


def test_cells_of_no_population_are_not_kept_out() -> None:
    arrays = two_piles(TdT=0.25)
    nobody = np.zeros(2 * EVENTS, dtype=np.bool_)

    found = outlined(arrays, others=nobody)

    assert found is not None
    assert [on for on, _ in found.regions] == ["CD45_SSC", "CD3_CD7"]


def test_piles_that_nothing_tells_apart_have_a_low_f1() -> None:
    assert drawn(two_piles()).f1 < 0.75


def test_bounds_are_few() -> None:
    found = drawn(two_piles(CD45=0.08, SSC=0.08, CD3=0.08, CD7=0.08, TdT=0.08))

    assert len(found.regions) <= 2 + 4


def test_a_population_without_width_is_not_outlined() -> None:
    arrays = two_piles(TdT=0.3)
    arrays["CD3"][INSIDE] = 0.5

    assert outlined(arrays) is None


def test_two_cells_are_not_outlined() -> None:
    assert outlined(two_piles(), np.arange(2 * EVENTS) < 2) is None
    assert outlined(two_piles(), np.zeros(2 * EVENTS, dtype=np.bool_)) is None


def test_a_population_on_a_line_is_not_outlined() -> None:
    arrays = two_piles(TdT=0.3)
    arrays["SSC"] = arrays["CD45"]

    assert outlined(arrays) is None


def test_the_ellipses_are_drawn_one_within_the_other() -> None:
    first = normal(0.5, 0.03, EVENTS, seed=9)
    arrays = two_piles(CD45=0.2)
    arrays["CD7"] = np.concatenate([first, first])

    found = drawn(arrays)

    (_, one), (_, two), *_ = found.regions
    assert isinstance(one, Ellipse)
    assert isinstance(two, Ellipse)
    assert (one.x.detector, two.x.detector) == ("CD45 detector", "CD3 detector")
