"""Normal thymocytes told from a clone, on cells placed by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.gating.maturation import is_smear, reached_from
from cd5flow.gating.profiles import Smear

Values = npt.NDArray[np.float32]

RULE = Smear(
    axis="CD3", decades=0.7, middle_percent=15, rises=("CD45",), falls=("TdT",), correlation=0.2
)


def cells(young: float, old: float, events: int = 200) -> dict[str, Values]:
    """Return cells spread evenly from one age to another: CD45 rises with CD3, TdT falls."""
    age = np.linspace(young, old, events, dtype=np.float32)
    return {"CD3": age, "CD45": age + 1, "TdT": 2 - age}


def test_cells_of_every_age_up_to_the_t_cells_are_a_smear() -> None:
    assert is_smear(cells(0.5, 2.2), cells(2.0, 2.6), RULE)


def test_a_gap_before_the_t_cells_makes_it_a_clone() -> None:
    assert not is_smear(cells(0.5, 1.15), cells(2.2, 2.6), RULE)


LEVEL = {"CD3": 2.3, "CD45": 3.3, "TdT": 0.0}
ENDING = RULE.model_copy(update={"ends": {"CD3": 0.5, "CD45": 0.5}})


def test_cells_that_no_t_cells_touch_are_a_smear_only_if_they_end_near_them() -> None:
    none = cells(2.0, 2.6, events=0)

    assert is_smear(cells(0.5, 2.0), none, ENDING, t_level=LEVEL)
    assert not is_smear(cells(0.5, 1.7), none, ENDING, t_level=LEVEL)


def test_together_with_the_t_cells_markers_must_go_with_age_more_closely() -> None:
    rng = np.random.default_rng(5)
    loose = cells(0.5, 1.9)
    loose["TdT"] = rng.normal(size=200).astype(np.float32)
    loose["CD45"] = loose["CD45"] + rng.normal(scale=0.8, size=200).astype(np.float32)
    far = LEVEL | {"CD3": 4.0}

    for asked, smear in ((0.2, True), (0.9, False)):
        rule = ENDING.model_copy(update={"correlation_to_t_cells": asked})
        assert is_smear(loose, cells(1.9, 2.6), rule, t_level=far) is smear


def test_a_clone_at_the_place_of_the_t_cells_is_no_smear() -> None:
    assert not is_smear(cells(2.0, 2.6), cells(2.0, 2.6), RULE)


def test_without_t_cells_the_shape_of_the_cells_tells() -> None:
    assert is_smear(cells(0.5, 2.2), None, RULE)
    assert not is_smear(cells(0.5, 1.1), None, RULE)


def test_markers_that_do_not_change_with_age_are_no_maturation() -> None:
    rng = np.random.default_rng(3)
    still = cells(0.5, 2.2) | {m: rng.normal(size=200).astype(np.float32) for m in ("CD45", "TdT")}

    assert not is_smear(still, None, RULE)


@pytest.mark.parametrize(("events", "told"), [(19, False), (20, True)])
def test_few_cells_have_no_shape(events: int, *, told: bool) -> None:
    assert is_smear(cells(0.5, 2.2, events), None, RULE) is told


def test_without_the_axis_of_age_nothing_is_a_smear() -> None:
    assert not is_smear({"CD45": np.zeros(50, np.float32)}, None, RULE)


def test_groups_are_reached_by_others_between_and_not_across_a_gap() -> None:
    others = np.array([[0.5, 0.0], [1.0, 0.0], [2.0, 0.0], [0.5, 0.9]])

    assert reached_from(np.array([[0.0, 0.0]]), others, 0.6).tolist() == [0, 1]
    assert reached_from(np.array([[0.0, 0.0]]), others, 1.0).tolist() == [0, 1, 2, 3]
    assert reached_from(np.empty((0, 2)), others, 1.0).tolist() == []
