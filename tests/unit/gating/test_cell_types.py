"""What kinds of cells a tube holds, on tubes of piles in decades."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from cd5flow.gating.cell_types import find_cell_types
from support.gating_factory import shipped_profiles, tube_of
from support.kinds_of_cells import (
    B_CELLS,
    BLASTS,
    GRANULOCYTES,
    LACKING,
    NK_CELLS,
    NORMAL,
    SIZES,
    T_HELPERS,
    T_PLACES,
    Pile,
    arrays_of,
    large,
    names_of,
    told,
    tube_of_piles,
)

CYTOPLASMIC: Final = "cyCD3+ sCD3-"
SURFACE: Final = "cyCD3+ sCD3+ apart from normal T cells"
NORMAL_NAMES: Final = ["t_cells", "t_cells", "b_cells", "nk_cells", "granulocytes"]

IMMATURE: Final = {**T_PLACES, "CD4": 2.5, "CD8": 2.5, "CD45": 2.5, "CD3": 0.5}
THYMUS: Final = Pile(
    2500,
    {**IMMATURE, "TdT": 2.1, "CD99": 2.6},
    smeared={"CD45": 3.2, "CD3": 2.5, "TdT": 0.7, "CD99": 1.2},
)
"""Thymocytes: from no surface CD3 to that of T cells, CD45 rising and TdT falling with it."""


def test_normal_cells_have_their_names_and_none_is_a_suspect() -> None:
    found = told(*NORMAL)

    assert names_of(found, NORMAL) == NORMAL_NAMES
    assert large(found) == ()
    assert found.reference == "normal T cells"
    assert "CD5" not in found.markers


def test_blasts_are_one_suspect_that_a_profile_accepts() -> None:
    piles = (*NORMAL, BLASTS)
    found = told(*piles)
    (one,) = large(found)

    assert names_of(found, piles) == [*NORMAL_NAMES, CYTOPLASMIC]
    assert one.accepted
    assert one.lacks == ("CD3",)
    assert not one.smear
    assert one.levels["TdT"] > 1
    assert one.levels["CD45"] == pytest.approx(-0.7, abs=0.1)


def test_a_clone_in_part_cd34_positive_is_one_population() -> None:
    clone = Pile(1500, {**BLASTS.at, "CD34": 2.4}, shared=("CD34",))
    (one,) = large(told(*NORMAL, clone))

    assert one.accepted
    assert len(one.rows) > 0.98 * clone.events


def test_two_clones_of_different_surface_cd3_are_two() -> None:
    piles = (*NORMAL, BLASTS, BLASTS.with_(1200, CD3=2.4))
    found = told(*piles)

    assert names_of(found, piles)[-2:] == [CYTOPLASMIC, SURFACE]
    assert [one.name for one in large(found)] == [CYTOPLASMIC, SURFACE], "largest first"
    assert all(one.accepted for one in large(found))


def test_surface_cd3_with_one_weak_sign_proves_nothing() -> None:
    clone = Pile(1500, {**T_PLACES, "CD8": 2.6, "CD99": 2.4, "CD45": 3.2})
    (one,) = large(told(*NORMAL, clone))

    assert one.name == "sCD3+ with one sign of immaturity"
    assert not one.accepted


def test_thymocytes_are_a_smear_and_are_not_accepted() -> None:
    found = large(told(*NORMAL, THYMUS))

    assert found
    assert any(one.smear for one in found)
    assert not any(one.accepted for one in found)


def test_a_clone_of_thymocytes_is_no_smear() -> None:
    clone = Pile(2500, {**THYMUS.at, "CD3": 1.0})

    assert [(one.smear, one.accepted) for one in large(told(*NORMAL, clone))] == [(False, True)]


def test_a_clone_that_varies_but_stands_apart_from_the_t_cells_is_no_smear() -> None:
    varied = Pile(
        2500,
        {**IMMATURE, "CD45": 1.9, "CD3": 0.5, "TdT": 2.1, "CD99": 2.6},
        smeared={"CD45": 2.2, "CD3": 1.7, "TdT": 1.5, "CD99": 2.0},
    )

    assert [(one.smear, one.accepted) for one in large(told(*NORMAL, varied))] == [(False, True)]


@pytest.mark.parametrize("without", [("TdT", "CD4", "CD8"), ("TdT", "CD4", "CD8", "CD2")])
def test_thymocytes_are_not_claimed_where_the_panel_shows_few_signs_of_age(
    without: tuple[str, ...],
) -> None:
    found = large(told(*NORMAL, THYMUS, without=without))

    assert found
    assert not any(one.accepted for one in found)


def test_the_young_cells_beside_a_smear_are_no_clone() -> None:
    young = Pile(600, {**IMMATURE, "TdT": 2.1, "CD99": 2.6})
    older = Pile(
        1200,
        {**IMMATURE, "CD3": 1.3, "CD45": 2.75, "TdT": 1.7, "CD99": 2.2},
        smeared={"CD45": 3.2, "CD3": 2.5, "TdT": 0.7, "CD99": 1.2},
    )
    found = large(told(*NORMAL, young, older))

    assert len(found) > 1
    assert all(one.smear for one in found)
    assert not any(one.accepted for one in found)


NK_TAIL: Final = NK_CELLS.with_(events=1500, cyCD3=0.75)
"""NK cells whose weak cyCD3 reaches over the limit of a profile, in part."""
_SMEARED: Final = Pile(1500, dict(NK_TAIL.at), smeared={"cyCD3": 1.9})


def test_the_tail_of_nk_cells_on_cycd3_is_no_clone() -> None:
    t_cells = [pile.with_(cyCD3=1.9) for pile in NORMAL[:2]]
    others = (*t_cells, *NORMAL[2:], _SMEARED)
    found = [one for one in told(*others, without=("CD56",)).suspects if one.name]

    assert found
    assert {one.tail_of for one in found} == {"nk_like"}
    assert not any(one.accepted for one in found)


def test_a_clone_that_a_valley_parts_from_nk_cells_is_accepted() -> None:
    clone = NK_CELLS.with_(events=1500, cyCD3=2.3)
    (one,) = large(told(*NORMAL, clone, without=("CD56",)))

    assert (one.tail_of, one.accepted) == ("", True)


SURFACE_TUBE: Final = ("cyCD3", "TdT", "CD2")
"""Markers that it lacks: blasts are known there by CD7, a decade above T cells at the most."""


def test_nk_cells_with_brighter_cd7_than_the_others_are_a_part_of_these() -> None:
    piles = (*NORMAL[:3], GRANULOCYTES, Pile(1500, dict(NK_CELLS.at), smeared={"CD7": 3.4}))
    found = told(*piles, without=SURFACE_TUBE)

    assert large(found) == ()
    assert names_of(found, piles)[-1] == "nk_cells"


@pytest.mark.parametrize(
    "unlike", [{}, {"CD56": LACKING}, {"CD45": 2.75}, {"CD99": 2.2}, {"CD4": 2.2}]
)
def test_what_a_valley_or_another_marker_tells_from_nk_cells_is_no_part(
    unlike: dict[str, float],
) -> None:
    clone = NK_CELLS.with_(events=500, **{"CD7": 3.15, **unlike})
    (one,) = large(told(*NORMAL, NK_CELLS.with_(CD7=2.7), clone, without=SURFACE_TUBE))

    assert (one.name, one.accepted, one.tail_of) == ("CD7+ sCD3-", True, "")


def test_cells_that_outnumber_the_nk_cells_of_which_they_may_be_a_part_are_told() -> None:
    many = Pile(1500, {**NK_CELLS.at, "CD7": 2.5}, smeared={"CD7": 3.6})
    (one,) = large(told(*NORMAL[:3], GRANULOCYTES, many, without=SURFACE_TUBE))

    assert (one.accepted, one.tail_of) == (False, "nk_cells")


@pytest.mark.parametrize(("events", "name"), [(700, "NK cells not excluded"), (3000, CYTOPLASMIC)])
def test_cells_with_weak_cycd3_that_are_most_of_a_tube_are_no_nk_cells(
    events: int, name: str
) -> None:
    """Without a marker of NK cells few such cells may be these."""
    weak = Pile(events, {"CD45": 3.2, "cyCD3": 1.75, "CD7": 2.6, "CD2": 1.9})
    (one,) = large(told(*NORMAL[:3], GRANULOCYTES, weak, without=("CD56",)))

    assert name in one.name
    assert one.accepted is (events == 3000)


@pytest.mark.parametrize(
    ("unlike", "lacking", "accepted"),
    [
        ({"SSC": 4.35}, "CD2", True),
        ({"SSC": 4.45}, "CD2", False),
        ({"SSC": 4.45, "CD8": 2.4}, "CD2", True),
        ({"SSC": 4.45, "CD99": 2.4}, "CD2", True),
        ({"SSC": 4.35, "CD34": 2.4}, "CD2", False),
        ({"SSC": 4.35, "CD2": 1.3}, "CD99", True),
        ({"SSC": 4.45, "CD2": 1.3}, "CD99", False),
        ({"SSC": 4.45, "CD2": 1.7}, "CD99", True),
        ({"SSC": 4.35, "CD2": 0.9}, "CD99", False),
    ],
)
def test_bright_cd7_proves_no_lineage_where_the_cells_may_be_myeloid(
    unlike: dict[str, float], lacking: str, *, accepted: bool
) -> None:
    """A myeloid leukaemia has CD7 in one of four, more side scatter, CD34 often, and no CD2."""
    clone = Pile(1500, {"CD45": 2.4, "CD7": 2.5, "FSC": 4.9, **unlike})
    (one,) = large(told(*NORMAL, clone, without=("cyCD3", "TdT", lacking)))

    assert one.accepted is accepted


@pytest.mark.parametrize(
    ("unlike", "accepted"),
    [
        ({"FSC": 4.6}, False),
        ({"FSC": 4.8}, True),
        ({"FSC": 4.6, "CD8": LACKING}, True),
    ],
    ids=["small, every marker", "of a blast's size", "small, one marker lacking"],
)
def test_small_cells_that_carry_every_marker_may_be_dying_ones(
    unlike: dict[str, float], *, accepted: bool
) -> None:
    """Without a dye, antibodies of every lineage on cells that have shrunk prove none of them."""
    sticky = {"CD3": 1.2, "CD4": 1.2, "CD8": 1.2, "CD34": 1.4, "CD56": 1.2}
    (one,) = large(told(*NORMAL, BLASTS.with_(None, **{**sticky, **unlike}), without=("CD19",)))

    assert one.accepted is accepted
    assert ("dying cells" in one.name) is not accepted


def test_the_dim_part_of_a_clone_is_its_own_where_nothing_but_a_lack_names_it() -> None:
    dim = Pile(1500, {**BLASTS.at, "cyCD3": 0.9}, smeared={"cyCD3": 2.4})
    piles = (*NORMAL, dim)
    (one,) = large(told(*piles, without=("CD2", "CD34", "TdT", "CD99")))

    assert one.accepted
    assert len(one.rows) == pytest.approx(1500, abs=15)


def test_without_a_rule_for_what_stands_apart_no_tail_is_told() -> None:
    without = shipped_profiles().model_copy(update={"apart": None})

    assert not any(
        one.tail_of for one in told(*NORMAL, _SMEARED, by=without, without=("CD56",)).suspects
    )


def test_dim_surface_cd3_with_a_strong_sign_is_leukaemia_without_cycd3() -> None:
    dim = BLASTS.with_(CD3=1.57, CD34=2.2)
    (one,) = large(told(*NORMAL, dim, without=("cyCD3", "TdT", "CD99")))

    assert (one.name, one.accepted) == ("sCD3 dim apart from normal T cells", True)


@pytest.mark.parametrize(("cd8", "accepted"), [(2.4, True), (LACKING, False)])
def test_cd7_without_cd2_proves_nothing_unless_cd8_stands_beside_it(
    cd8: float, *, accepted: bool
) -> None:
    without_cd2 = BLASTS.with_(CD2=LACKING, CD8=cd8)
    (one,) = large(told(*NORMAL, without_cd2, without=("cyCD3", "TdT")))

    assert one.accepted is accepted
    assert one.cd7_alone is accepted


def test_profiles_without_a_smear_tell_none() -> None:
    without = shipped_profiles().model_copy(update={"smear": None})

    assert not any(one.smear for one in told(*NORMAL, THYMUS, by=without).suspects)


def test_where_no_t_cells_are_blasts_are_told_from_other_lymphocytes() -> None:
    piles = (B_CELLS, NK_CELLS, GRANULOCYTES, BLASTS)
    found = told(*piles)

    assert found.reference == "other lymphocytes"
    assert names_of(found, piles) == ["b_cells", "nk_cells", "granulocytes", CYTOPLASMIC]


def test_a_tube_of_blasts_alone_is_leukaemia() -> None:
    found = told(BLASTS)
    (one,) = large(found)

    assert found.reference == "the main population"
    assert one.accepted
    assert found.of(["t_cells"]).size == 0


def test_without_cycd3_cd7_is_all_that_speaks_for_the_lineage() -> None:
    (one,) = large(told(*NORMAL, BLASTS, without=("cyCD3",)))

    assert one.name == "CD7+ sCD3-"
    assert one.cd7_alone
    assert one.accepted


def test_after_a_therapy_that_hides_cd7_it_proves_no_lineage() -> None:
    left = shipped_profiles().without(frozenset({"CD7"}))
    found = told(*NORMAL, BLASTS, by=left, without=("cyCD3",))

    assert not any(one.accepted for one in found.suspects)


def test_cd5_changes_nothing() -> None:
    bright = tuple(pile.with_(CD5=4.5) for pile in (*NORMAL, BLASTS))
    first, second = told(*NORMAL, BLASTS), told(*bright)

    assert first.names.tolist() == second.names.tolist()


def test_the_same_tube_is_told_the_same() -> None:
    first, second = told(*NORMAL, BLASTS), told(*NORMAL, BLASTS)

    assert first.names.tolist() == second.names.tolist()
    assert [one.groups for one in first.suspects] == [one.groups for one in second.suspects]
    assert np.array_equal(first.rows, second.rows)


@pytest.mark.parametrize("seed", range(1, 5))
def test_populations_do_not_hang_on_the_start_of_the_grouping(seed: int) -> None:
    piles = (*NORMAL, BLASTS)

    assert names_of(told(*piles, seed=seed), piles) == [*NORMAL_NAMES, CYTOPLASMIC]


def test_a_large_tube_is_sampled_evenly() -> None:
    piles = (T_HELPERS.with_(20_000), GRANULOCYTES.with_(20_000))
    found = told(*piles)

    asked = shipped_profiles().grouping.cells
    assert asked <= len(found.rows) < 2 * asked
    share = np.count_nonzero(found.rows < 20_000) / len(found.rows)
    assert share == pytest.approx(0.5, abs=0.01)
    assert np.array_equal(found.rows, np.unique(found.rows))


def test_only_the_parents_events_are_told() -> None:
    tube = tube_of_piles(*NORMAL)
    parent = np.arange(len(tube.columns)) < 1_500
    found = find_cell_types(
        parent,
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        profiles=shipped_profiles(),
        rng=np.random.default_rng(0),
    )

    assert found is not None
    assert found.rows.max() < 1_500
    assert np.count_nonzero(found.names == "t_cells") > 0.98 * len(found.rows)


@pytest.mark.parametrize("lacking", ["CD45", "FSC", "SSC"])
def test_without_cd45_or_scatter_nothing_is_told(lacking: str) -> None:
    tube = tube_of_piles(*NORMAL).without([lacking])

    assert (
        find_cell_types(
            np.ones(len(tube.columns), dtype=np.bool_),
            columns=tube.columns,
            panel=tube.panel,
            scales=tube.scales,
            profiles=shipped_profiles(),
            rng=np.random.default_rng(0),
        )
        is None
    )


@pytest.mark.parametrize("events", [0, 49])
def test_of_too_few_events_nothing_is_told(events: int) -> None:
    tube = tube_of_piles(T_HELPERS)

    assert (
        find_cell_types(
            np.arange(len(tube.columns)) < events,
            columns=tube.columns,
            panel=tube.panel,
            scales=tube.scales,
            profiles=shipped_profiles(),
            rng=np.random.default_rng(0),
        )
        is None
    )


def test_doublets_by_their_pulse_are_not_sampled() -> None:
    arrays = arrays_of(*NORMAL)
    events = arrays["FSC"].size
    doublets = np.arange(events) % 10 == 0
    height = arrays["FSC"] * np.where(doublets, 0.5, 0.8)
    noise = 1 + 0.01 * np.random.default_rng(1).standard_normal(events)
    tube = tube_of({**arrays, "FSC-H": height * noise})
    found = find_cell_types(
        np.ones(events, dtype=np.bool_),
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        profiles=shipped_profiles(),
        rng=np.random.default_rng(0),
    )

    assert found is not None
    assert not doublets[found.rows].any()
    assert len(found.rows) > 0.98 * np.count_nonzero(~doublets)


@pytest.mark.parametrize(("cd56", "accepted"), [((), True), (("CD56",), False)])
def test_weak_cycd3_without_a_sign_may_be_nk_cells_where_no_marker_of_theirs_is_there(
    cd56: tuple[str, ...], *, accepted: bool
) -> None:
    weak = NK_CELLS.with_(1500, CD56=LACKING, cyCD3=1.7)
    (one,) = large(told(*(pile for pile in NORMAL if pile is not NK_CELLS), weak, without=cd56))

    assert one.accepted is accepted


@pytest.mark.parametrize(("signs", "accepted"), [({"TdT": 2.0}, True), ({}, False)])
def test_cycd3_near_that_of_t_cells_proves_the_lineage_beside_signs_of_immaturity(
    signs: dict[str, float], *, accepted: bool
) -> None:
    faint = Pile(1500, {"CD45": 2.6, "cyCD3": 1.35, "CD7": 2.6, "CD2": 1.8} | signs)
    t_cells = [pile.with_(cyCD3=2.2) for pile in NORMAL[:2]]
    found = large(told(*t_cells, *NORMAL[2:], faint))

    assert [one.accepted for one in found] == [accepted]


@pytest.mark.parametrize(
    ("more", "cd45", "name"),
    [
        (0.45, 2.9, "monocytes"),
        (0.45, 2.2, "myeloid_cells"),
        (0.56, 2.9, "granulocytes"),
        (0.56, 2.2, "granulocytes"),
    ],
)
def test_myeloid_cells_with_less_side_scatter_are_no_landmark_of_granulocytes(
    more: float, cd45: float, name: str
) -> None:
    """A real myeloid leukaemia lay 0.3 to 0.5 decades above lymphocytes and became the granulocytes."""
    piles = (*NORMAL, Pile(1500, {"CD45": cd45, "SSC": SIZES["SSC"] + more, "FSC": 4.95}))

    assert names_of(told(*piles), piles)[-1] == name
