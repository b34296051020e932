"""Groups of cells held against the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.gating.profiles import BothMarkers, Level, ProfileRow, Signs
from cd5flow.gating.references import References
from cd5flow.gating.row_matching import ClusterLevels, carried_together, first_fitting, signs_of
from support.gating_factory import shipped_profiles

Values = Sequence[float]
LEVELS = {
    "negative": Level(high=0.8),
    "positive": Level(low=1.0),
    "bright": Level(low=1.5),
    "as_t_cells": Level(low=0.7, low_of_t_cells=-1.0),
    "below_t_cells": Level(high=0.7, high_of_t_cells=-1.0, either=True),
}
SIGNS = Signs(
    strong={"TdT": 1.0},
    weak={"CD99": 1.3},
    both=BothMarkers(markers=("CD4", "CD8"), above=1.2),
    cd45_below=-0.45,
)


def array(values: Values) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def levels(
    above: Mapping[str, Values],
    *,
    of_t_cells: Mapping[str, Values] | None = None,
    cd45: Values | None = None,
) -> ClusterLevels:
    """Return levels of groups; by default all lie where lymphocytes do, and there are no T cells."""
    groups = len(next(iter(above.values())))
    there = np.zeros(groups)
    return ClusterLevels(
        groups=groups,
        above={m: array(v) for m, v in above.items()},
        of_t_cells={m: array(v) for m, v in (of_t_cells or {}).items()},
        of_lymphocytes={"CD45": there if cd45 is None else array(cd45), "FSC": there, "SSC": there},
    )


def row(name: str = "row", **settings: Any) -> ProfileRow:
    return ProfileRow(name=name, what="cells", **settings)


def fits(told: ClusterLevels, *rows: ProfileRow) -> list[str]:
    found = first_fitting(told, signs_of(told, SIGNS), rows, LEVELS)
    return ["" if one is None else one.name for one in found]


def fitting(told: ClusterLevels, **settings: Any) -> list[bool]:
    return [bool(name) for name in fits(told, row(**settings))]


def test_a_level_holds_its_low_end_and_not_its_high_one() -> None:
    told = levels({"CD7": [0.79, 0.8, 0.99, 1.0]})

    assert fitting(told, markers={"CD7": "negative"}) == [True, False, False, False]
    assert fitting(told, markers={"CD7": "positive"}) == [False, False, False, True]


def test_both_ends_of_a_level_are_asked_unless_either_is_enough() -> None:
    told = levels({"CD3": [0.6, 0.6, 2, 2]}, of_t_cells={"CD3": [-2, 0, -2, 0]})

    assert fitting(told, markers={"CD3": "as_t_cells"}) == [False, False, False, True]
    assert fitting(told, markers={"CD3": "below_t_cells"}) == [True, True, True, False]


def test_without_t_cells_a_level_is_told_from_negatives_alone() -> None:
    told = levels({"CD3": [0.6, 2]})

    assert fitting(told, markers={"CD3": "as_t_cells"}) == [False, True]
    assert fitting(told, markers={"CD3": "below_t_cells"}) == [True, False]


def test_of_alternatives_the_brightest_counts() -> None:
    told = levels({"CD16": [0, 2, 0], "CD56": [0, 0, 2]})

    assert fitting(told, markers={"CD16|CD56": "positive"}) == [False, True, True]
    assert fitting(told, markers={"CD16|CD56": "negative"}) == [True, False, False]


def test_a_marker_that_the_panel_lacks_speaks_neither_for_nor_against() -> None:
    told = levels({"CD7": [2.0]})

    assert fitting(told, markers={"CD7": "positive", "CD103": "positive"}) == [True]
    assert fitting(told, markers={"CD103|CD7": "positive"}) == [True]


def test_a_row_needs_one_of_each_of_its_alternatives() -> None:
    told = levels({"CD7": [2.0]})

    assert fitting(told, needs=["CD7|CD103"]) == [True]
    assert fitting(told, needs=["CD7", "CD103"]) == [False]
    assert fitting(told, needs=["CD45"]) == [True]


def test_a_row_says_nothing_beside_a_marker_that_excludes_it() -> None:
    told = levels({"CD7": [2.0]})

    assert fitting(told, unless=["CD103"]) == [True]
    assert fitting(told, unless=["CD7|CD103"]) == [False]


def test_the_first_row_that_fits_names_a_group() -> None:
    told = levels({"CD7": [0, 1.2, 2]})

    assert fits(
        told,
        row("bright", markers={"CD7": "bright"}),
        row("positive", markers={"CD7": "positive"}),
        row("bright again", markers={"CD7": "bright"}),
    ) == ["", "positive", "bright"]


def test_a_place_is_told_from_lymphocytes() -> None:
    told = levels({"CD7": [0, 0, 0]}, cd45=[-1.0, -0.5, 0])

    assert fitting(told, where={"CD45": {"low": -0.5, "high": 0}}) == [False, True, False]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, [True] * 5),
        ("none", [True, False, False, False, False]),
        ("some", [False, True, True, True, True]),
        ("enough", [False, False, True, True, True]),
    ],
)
def test_signs_of_immaturity_are_asked_by_weight(asked: str | None, expected: list[bool]) -> None:
    # no sign; a weak one; two weak ones; a strong one; CD4 with CD8, and CD99
    told = levels(
        {
            "TdT": [0, 0, 0, 2, 0],
            "CD99": [0, 2, 2, 0, 2],
            "CD4": [2, 0, 0, 0, 2],
            "CD8": [0, 2, 0, 0, 2],
        },
        cd45=[-1.0, 0, -1.0, 0, 0],
    )

    assert fitting(told, signs=asked) == expected


def test_dim_cd45_alone_is_no_sign() -> None:
    counted = signs_of(levels({"CD99": [0, 2]}, cd45=[-1, -1]), SIGNS)

    assert counted.weak.tolist() == [0, 2]
    assert counted.strong.tolist() == [0, 0]


def test_two_markers_are_a_sign_only_where_the_panel_has_both() -> None:
    assert signs_of(levels({"CD4": [2.0]}), SIGNS).weak.tolist() == [0]
    assert signs_of(levels({"CD4": [2.0], "CD8": [1.3]}), SIGNS).weak.tolist() == [1]
    assert signs_of(levels({"CD4": [2.0], "CD8": [1.2]}), SIGNS).weak.tolist() == [0]


def carried(cd4: Values, cd8: Values) -> float | None:
    """Return by how much cells of background 0.5 carry CD4 and CD8 together."""
    none = np.zeros(0, dtype=np.bool_)
    background = {"CD4": 0.5, "CD8": 0.5}
    references = References(
        t_cells=none,
        told_by=none,
        lymphocyte={"CD45": 3.3, "FSC": 4.8, "SSC": 4.2},
        told_from="normal T cells",
        low_background=background,
        high_background=background,
        granulocyte_scatter=4.9,
        least_scatter=0.3,
        t_level={},
    )
    places = {"CD4": array(cd4), "CD8": array(cd8), "SSC": np.full(len(cd4), 4.2)}
    found = carried_together(places, SIGNS.both, references)
    return None if found is None else float(found[0])


def test_cells_that_carry_one_of_two_markers_carry_none_together() -> None:
    """Their medians of both lie at 2.4, above 1.7; of no cell do both."""
    assert carried([2.5, 2.4, 2.6, 0.5, 0.4], [0.5, 2.4, 0.6, 2.5, 2.6]) == pytest.approx(-1.2)
    assert carried([2.5, 2.4, 2.6], [2.1, 2.4, 2.0]) == pytest.approx(2.1 - 0.5 - 1.2)
    assert carried_together({"CD4": array([2.0])}, SIGNS.both, cast("Any", None)) is None


def test_signs_of_cells_seen_one_by_one_stand_for_those_of_their_middle() -> None:
    both = levels({"CD4": [2.0], "CD8": [2.0]})

    assert signs_of(both, SIGNS).weak.tolist() == [1]
    assert signs_of(both, SIGNS, together=array([-0.1])).weak.tolist() == [0]
    assert signs_of(both, SIGNS, together=array([0.1])).weak.tolist() == [1]


def test_every_marker_is_asked_alike() -> None:
    every = {"level": "positive", "markers": 3}
    told = levels({"CD3": [2, 2], "CD7": [2, 0], "CD19": [2, 2]})

    assert fitting(told, every=every) == [True, False]
    assert fitting(levels({"CD3": [2.0], "CD7": [2.0]}), every=every) == [False]


@pytest.mark.parametrize(
    ("unlike", "dead"), [({}, True), ({"FSC": 0.0}, False), ({"CD10": 0.5}, False)]
)
def test_small_cells_with_every_marker_are_dead_ones(
    unlike: dict[str, float], *, dead: bool
) -> None:
    told = {"CD45": 0.1, "SSC": 0.1, "FSC": -0.2, "CD7": 2.2, "CD3": 1.7, "cyCD3": 1.6}
    told |= {"TdT": 1.4, "CD99": 1.4, "CD10": 1.7, **unlike}
    shipped = shipped_profiles()
    small = ClusterLevels(
        groups=1,
        above={m: array([v]) for m, v in told.items() if m not in {"CD45", "SSC", "FSC"}},
        of_t_cells={},
        of_lymphocytes={m: array([told[m]]) for m in ("CD45", "SSC", "FSC")},
    )
    found = first_fitting(small, signs_of(small, shipped.signs), shipped.rare, shipped.levels)

    assert ([row.name for row in found if row] == ["dead_cells"]) is dead
