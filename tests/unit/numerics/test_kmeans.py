"""k-means with a stated start."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.numerics.kmeans import group_medians, k_means, split_spanning
from support.properties import part_of_examples

Points = npt.NDArray[np.float32]


def piles(*centres: tuple[float, float], events: int = 200, seed: int = 1) -> Points:
    """Return round piles, one after the other, of spread 0.1."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(c, 0.1, (events, 2)) for c in centres]).astype(np.float32)


def labels_of(points: Points, groups: int, *, seed: int = 0, rounds: int = 8) -> list[int]:
    found = k_means(points, groups, rng=np.random.default_rng(seed), rounds=rounds)
    return [int(label) for label in found]


@pytest.mark.parametrize("seed", range(5))
def test_piles_that_lie_apart_are_a_group_each(seed: int) -> None:
    points = piles((0, 0), (5, 0), (0, 5))

    labels = np.array(labels_of(points, 3, seed=seed)).reshape(3, 200)

    assert all(len(set(pile)) == 1 for pile in labels.tolist())
    assert len({pile[0] for pile in labels.tolist()}) == 3


def test_the_same_seed_gives_the_same_labels() -> None:
    points = np.random.default_rng(3).normal(size=(5_000, 6)).astype(np.float32)

    assert labels_of(points, 40, seed=7) == labels_of(points, 40, seed=7)
    assert labels_of(points, 40, seed=7) != labels_of(points, 40, seed=8)


def test_of_equal_points_every_further_group_stays_empty() -> None:
    assert labels_of(np.ones((9, 2), dtype=np.float32), 4) == [0] * 9


def test_fewer_points_than_groups_have_one_each() -> None:
    points = np.array([[0, 0], [1, 0], [0, 1]], dtype=np.float32)

    assert sorted(labels_of(points, 48)) == [0, 1, 2]


def test_one_point_is_one_group() -> None:
    assert labels_of(np.array([[4.0]], dtype=np.float32), 3) == [0]


def test_a_group_that_loses_its_points_keeps_its_centre_and_harms_none() -> None:
    # Two groups' centres are drawn in one pile; labels stay within the groups asked for.
    points = piles((0, 0), (9, 9), events=30)

    labels = labels_of(points, 20)

    assert set(labels) <= set(range(20))
    assert not set(labels[:30]) & set(labels[30:])


@part_of_examples(0.3)
@given(
    events=st.integers(1, 60),
    groups=st.integers(1, 12),
    width=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_every_point_belongs_to_the_nearest_mean_once_that_settles(
    events: int, groups: int, width: int, seed: int
) -> None:
    points = np.random.default_rng(seed).normal(size=(events, width)).astype(np.float32)

    labels = np.array(labels_of(points, groups, seed=seed, rounds=100))

    means = {g: points[labels == g].mean(axis=0) for g in set(labels.tolist())}
    for point, label in zip(points, labels.tolist(), strict=True):
        away = {g: float(np.linalg.norm(point - mean)) for g, mean in means.items()}
        assert away[label] <= min(away.values()) + 1e-4


@pytest.mark.parametrize("events", [1, 2, 7, 8])
def test_the_middle_of_a_group_is_its_median_on_every_axis(events: int) -> None:
    points = np.random.default_rng(events).normal(size=(3 * events, 4)).astype(np.float32)
    labels = np.arange(3 * events) % 3

    found = group_medians(points, labels, np.array([2, 0]))

    for place, group in zip(found, (2, 0), strict=True):
        assert place == pytest.approx(np.median(points[labels == group], axis=0), abs=1e-6)


def test_a_group_without_points_has_no_middle() -> None:
    found = group_medians(
        np.ones((3, 2), dtype=np.float32), np.zeros(3, dtype=np.intp), np.array([1])
    )

    assert np.isnan(found).all()
    assert found.shape == (1, 2)


def split(points: Points, *, apart: float = 1.0, clear: float = 5, part: float = 0.1) -> list[int]:
    """Return the groups of points that were one."""
    one = np.zeros(len(points), dtype=np.intp)
    return [int(n) for n in split_spanning(points, one, apart=apart, clear=clear, part=part)]


def test_a_group_that_spans_two_piles_is_split_into_them() -> None:
    found = split(piles((0, 2), (2, 0)))

    assert len(set(found[:200])) == len(set(found[200:])) == 1
    assert found[0] != found[-1]


def test_a_group_that_spans_three_piles_is_split_until_none_spans_two() -> None:
    found = split(piles((0, 0), (3, 0), (0, 3)))

    assert [len(set(found[i : i + 200])) for i in (0, 200, 400)] == [1, 1, 1]
    assert len(set(found)) == 3


def test_one_wide_pile_is_no_two() -> None:
    wide = np.random.default_rng(1).normal(0, 2, (400, 2)).astype(np.float32)

    assert set(split(wide)) == {0}
    assert set(split(np.random.default_rng(1).uniform(-3, 3, (400, 2)).astype(np.float32))) == {0}


def test_piles_closer_than_asked_stay_together() -> None:
    assert set(split(piles((0, 0), (0.9, 0)))) == {0}
    assert len(set(split(piles((0, 0), (1.2, 0))))) == 2


def test_a_part_smaller_than_asked_is_not_split_off() -> None:
    points = piles((0, 0), (3, 0))

    assert set(split(points[:215])) == {0}
    assert len(set(split(points[:230]))) == 2


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.zeros((1, 2)), np.ones((30, 2))])
def test_points_without_spread_are_not_split(points: npt.NDArray[np.float64]) -> None:
    assert set(split(points.astype(np.float32))) <= {0}
