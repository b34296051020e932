"""From which cells of a tube its marker levels are told."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from cd5flow.gating.profiles import Landmark, LeastOfTube
from cd5flow.gating.references import References, find_references
from support.gating_factory import shipped_profiles

MARKERS: Final = ("FSC", "SSC", "CD45", "CD3", "cyCD3", "CD2", "CD4", "CD8", "CD19", "TdT", "CD7")
LANDMARK: Final = shipped_profiles().landmark.model_copy(
    update={"absent": {"CD19": 1.3, "TdT": 1.2}}
)

Group = tuple[int, dict[str, float]]
"""Events of a group, and where it lies in decades; zero signal at 0, cells without a marker at 0.5."""


def group(events: int, **at: float) -> Group:
    return events, {**dict.fromkeys(MARKERS, 0.5), "FSC": 4.8, "SSC": 4.2, "CD45": 3.3, **at}


T: Final = group(1_000, CD3=2.6, cyCD3=2.6, CD2=2.2, CD4=2.5, CD7=2.0)
B: Final = group(500, CD19=2.4)
GRANULOCYTES: Final = group(3_000, SSC=4.9, CD45=2.9, CD7=1.1)
BLASTS: Final = group(2_000, CD45=2.6, cyCD3=2.2, CD2=1.8, TdT=2.0, CD7=2.6)


def found(*groups: Group, landmark: Landmark = LANDMARK) -> References:
    places = {m: np.array([at[m] for _, at in groups]) for m in MARKERS}
    events = np.array([n for n, _ in groups])
    return find_references(
        places,
        events,
        zero=dict.fromkeys(MARKERS, 0.0),
        landmark=landmark,
        limits=shipped_profiles().references,
    )


def test_t_cells_are_the_landmark_and_all_is_told_from_them() -> None:
    told = found(B, T, GRANULOCYTES)

    assert told.t_cells.tolist() == [False, True, False]
    assert told.told_by.tolist() == told.t_cells.tolist()
    assert told.told_from == "normal T cells"
    assert told.lymphocyte == {"CD45": 3.3, "FSC": 4.8, "SSC": 4.2}
    assert told.t_level["CD3"] == 2.6


def test_twenty_aggregates_brighter_for_everything_are_no_landmark() -> None:
    aggregates = group(20, CD3=4.0, cyCD3=4.0, CD2=4.0, CD4=3.9, CD45=4.2, SSC=4.5)

    told = found(aggregates, T, GRANULOCYTES, group(8_000, CD45=2.9, SSC=4.9))

    assert told.t_cells.tolist() == [False, True, False, False]


def test_a_clone_with_tdt_is_never_the_landmark() -> None:
    clone = group(6_000, CD3=2.9, cyCD3=2.9, CD2=2.5, CD4=2.6, TdT=1.9)

    assert found(clone, T, B).t_cells.tolist() == [False, True, False]
    assert not found(clone, B).t_cells.any()


def test_cells_with_cd4_and_cd8_together_are_not_the_landmark() -> None:
    both = group(6_000, CD3=2.9, cyCD3=2.9, CD2=2.5, CD4=2.6, CD8=2.6)

    assert found(both, T, B).t_cells.tolist() == [False, True, False]


def test_where_every_cell_is_stained_brightly_with_a_marker_t_cells_may_be_so() -> None:
    """T cells 2.4 decades above zero signal, past 2.2, where the least of the tube has 1.9."""
    rule = {
        "absent": {"TdT": 2.2},
        "absent_of_least": LeastOfTube(percent=10, above={"TdT": 0.6}, at_most=2.5),
    }
    mark = LANDMARK.model_copy(update=rule)
    others = group(3_000, SSC=4.9, CD45=2.9, TdT=1.9)

    assert found(group(1_000, **(T[1] | {"TdT": 2.4})), others, landmark=mark).t_cells.any()
    assert not found(group(1_000, **(T[1] | {"TdT": 2.55})), others, landmark=mark).t_cells.any()
    dark = group(3_000, SSC=4.9, CD45=2.9, TdT=1.5)
    assert not found(group(1_000, **(T[1] | {"TdT": 2.4})), dark, landmark=mark).t_cells.any()


def test_t_cells_of_two_kinds_are_one_landmark() -> None:
    helpers, killers = T, group(400, CD3=2.5, cyCD3=2.6, CD2=2.3, CD8=2.7)

    assert found(helpers, B, killers).t_cells.tolist() == [True, False, True]


def test_fewer_events_than_a_landmark_asks_are_none() -> None:
    few = (11, T[1])

    assert not found(few, B, GRANULOCYTES).t_cells.any()
    assert found((12, T[1]), B, GRANULOCYTES).t_cells.any()
    assert not found(
        (12, T[1]), B, GRANULOCYTES, landmark=LANDMARK.model_copy(update={"percent": 1.0})
    ).t_cells.any()


def test_without_t_cells_other_lymphocytes_stand_in() -> None:
    told = found(B, GRANULOCYTES, BLASTS)

    assert told.told_from == "other lymphocytes"
    assert told.told_by.tolist() == [True, False, False]
    assert told.t_level == {}


@pytest.mark.parametrize(("more", "told"), [(0.49, True), (0.51, False)])
def test_cells_with_the_side_scatter_of_granulocytes_are_no_t_cells(
    more: float, *, told: bool
) -> None:
    """Their own light shows on every channel, surface CD3 too."""
    seeming = group(400, **(T[1] | {"SSC": 4.2 + more}))

    assert bool(found(seeming, BLASTS, GRANULOCYTES).t_cells.any()) is told


@pytest.mark.parametrize(("less", "told"), [(1.45, "other"), (1.55, "the main population")])
def test_lymphocytes_have_no_less_cd45_than_most_leukocytes(less: float, told: str) -> None:
    """Dead cells are small, lack T markers in part and have little CD45."""
    seeming = group(80, CD45=BLASTS[1]["CD45"] - less)

    assert found(seeming, BLASTS).told_from.startswith(told)


def test_without_any_lymphocytes_the_main_population_stands_in() -> None:
    told = found(BLASTS, group(30, CD45=0.4, FSC=4.3))

    assert told.told_from == "the main population"
    assert told.told_by.tolist() == [True, False]


def test_without_the_bright_marker_no_t_cells_are_told() -> None:
    mark = LANDMARK.model_copy(update={"bright": "CD103"})

    assert not found(T, B, landmark=mark).t_cells.any()


def test_background_rises_with_side_scatter_up_to_that_of_granulocytes() -> None:
    told = found(B, T, GRANULOCYTES)
    lymphocytes, halfway, granulocytes, beyond = told.background(
        "CD7", np.array([4.2, 4.55, 4.9, 6.0])
    )

    assert lymphocytes == pytest.approx(0.5, abs=0.05)
    assert granulocytes == pytest.approx(1.1)
    assert halfway == pytest.approx((lymphocytes + granulocytes) / 2)
    assert beyond == granulocytes
    assert told.background("CD7", np.array([3.0])) == pytest.approx(lymphocytes)


def test_without_granulocytes_background_is_the_same_at_any_scatter() -> None:
    low, high = found(B, T).background("CD7", np.array([4.2, 5.0]))

    assert low == high


def test_a_marker_that_every_cell_carries_has_its_background_by_zero_signal() -> None:
    carried = [(n, {**at, "CD7": 2.5}) for n, at in (B, T)]

    assert found(*carried).low_background["CD7"] == pytest.approx(0.7)
