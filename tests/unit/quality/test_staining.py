"""Staining: what each observer counts, and when it has nothing to say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cd5flow.model.reasons import written
from cd5flow.model.result import CutMethod, PriorTherapy, QualityState
from cd5flow.quality.checks import Observation
from cd5flow.quality.ratio import BlastCount, least_ratio
from cd5flow.quality.staining import EMPTY, Stained, brightest_mode, observe_staining
from support.quality_factory import FAIL, NOT_DONE, PASS, WARN, judged, pick, rules, state_of
from support.readout_factory import AXIS, CENTRE, SPREAD, at, spread


def t_cells(*groups: tuple[int, float]) -> dict[str, Any]:
    """Return the CD5 of T cells: (how many, about which place), each with the negatives' SD."""
    parts = [spread(n, place, SPREAD) for n, place in groups if n]
    signal = np.concatenate(parts) if parts else EMPTY
    return {"t_cells": signal, "t_cells_scaled": AXIS.scaled(signal)}


TUBE = Stained(
    **t_cells((300, 20_000.0)),
    negatives=(CENTRE, SPREAD),
    cuts=((CutMethod.FMO, 200.0), (CutMethod.INTERNAL_NEGATIVE, 250.0)),
    reference=(written("nk_cells"), 800),
    reagent=rules().reagent,
    reagent_t_cells=200,
    controls=(("fmo", True),),
    counted=BlastCount(400, 1000),
    fmo_counted=(BlastCount(400, 1000),),
    confidence_percent=rules().control_share_confidence_percent,
    prior_therapy=(),
    collected_at="2026-01-10T09:30:00",
    acquired="2026-01-12T11:30:00",
    has_cd5=True,
)


def observe(code: str, tube: Stained = TUBE) -> Observation:
    return pick(code, observe_staining(tube))


def test_the_battery_comes_in_a_fixed_order() -> None:
    assert [o.code for o in observe_staining(TUBE)] == [
        "CD5_ON_T_CELLS",
        "CD5_POSITIVE_T_CELLS",
        "INTERNAL_NEGATIVE",
        "CUT_AGREEMENT",
        "CONTROL_MATCH",
        "CONTROL_SHARE",
        "SPECIMEN_AGE",
    ]


# The reagent


@pytest.mark.parametrize(
    ("index", "state"), [(0, FAIL), (1.9, FAIL), (2.1, WARN), (4.9, WARN), (5.1, PASS), (200, PASS)]
)
def test_the_stain_index_on_t_cells(index: float, state: QualityState) -> None:
    place = CENTRE + 2 * SPREAD * index
    found = observe("CD5_ON_T_CELLS", replace(TUBE, **t_cells((300, place))))

    assert found.value == pytest.approx(index, abs=0.02)
    assert found.unit == "stain index"
    assert state_of(found) is state


@pytest.mark.parametrize("without", [0, 300, 2700])
def test_t_cells_without_cd5_do_not_hide_those_with_it(without: int) -> None:
    """Gamma-delta T cells may lack CD5: a missing bright mode fails, not a percentage."""
    mixed = replace(TUBE, **t_cells((300, 20_000.0), (without, CENTRE)))
    found = observe("CD5_ON_T_CELLS", mixed)

    assert found.value == pytest.approx(199, abs=1)
    assert state_of(found) is PASS
    assert found.message.startswith(f"the brightest mode, 300 of {300 + without:,} T cells")


def test_a_few_bright_events_are_no_mode() -> None:
    strays = replace(TUBE, **t_cells((40, 20_000.0), (2000, CENTRE)))

    assert state_of(observe("CD5_ON_T_CELLS", strays)) is FAIL


def test_a_broad_mode_is_one_mode() -> None:
    broad = spread(2000, 3000.0, 0.35, decades=True)
    assert brightest_mode(AXIS.scaled(broad), rules().reagent).all()


@pytest.mark.parametrize("scaled", [EMPTY, np.ones(5), np.full(500, 0.3)])
def test_without_a_valley_every_cell_is_of_the_mode(scaled: np.ndarray) -> None:
    assert brightest_mode(scaled, rules().reagent).all()


REAGENT = ("CD5_ON_T_CELLS", "CD5_POSITIVE_T_CELLS")


@pytest.mark.parametrize("code", REAGENT)
@pytest.mark.parametrize(("n", "done"), [(0, False), (199, False), (200, True)])
def test_few_t_cells_do_not_judge_the_reagent(code: str, n: int, *, done: bool) -> None:
    found = observe(code, replace(TUBE, **t_cells((n, CENTRE))))

    assert (state_of(found) is not NOT_DONE) is done
    if not done:
        assert found.message == f"{n} normal T cells are too few to judge the reagent by"


@pytest.mark.parametrize("code", REAGENT)
def test_after_cd5_car_t_cells_the_patients_t_cells_prove_nothing(code: str) -> None:
    """A missing CD5-positive T population is then no staining failure, and the report says why."""
    bare = replace(TUBE, **t_cells((300, CENTRE)))
    assert state_of(observe(code, bare)) in {WARN, FAIL}

    treated = replace(bare, prior_therapy=(PriorTherapy.ALLO_HSCT, PriorTherapy.CD5_CAR))
    assert state_of(observe(code, treated)) is NOT_DONE
    assert "after CD5 CAR-T cells" in observe(code, treated).message
    others = replace(bare, prior_therapy=(PriorTherapy.CD7_CAR,))
    assert state_of(observe(code, others)) in {WARN, FAIL}


@pytest.mark.parametrize("code", REAGENT)
def test_a_tube_without_cd5_says_so(code: str) -> None:
    found = observe(code, replace(TUBE, has_cd5=False))

    assert found.message == "no CD5 in this tube"
    assert state_of(found) is NOT_DONE


@pytest.mark.parametrize("negatives", [None, (CENTRE, 0.0)])
def test_t_cells_without_negatives_beside_them_do_not_judge_it_either(
    negatives: tuple[float, float] | None,
) -> None:
    found = observe("CD5_ON_T_CELLS", replace(TUBE, negatives=negatives))

    assert "too few" not in found.message
    assert state_of(found) is NOT_DONE


@pytest.mark.parametrize(
    ("without", "state"), [(0, PASS), (50, PASS), (51, WARN), (600, WARN), (1000, WARN)]
)
def test_the_share_of_t_cells_with_cd5_warns_and_never_fails(
    without: int, state: QualityState
) -> None:
    signal = at((1000 - without, 20_000.0), (without, -100.0))
    tube = replace(TUBE, t_cells=signal, t_cells_scaled=AXIS.scaled(signal))
    found = observe("CD5_POSITIVE_T_CELLS", tube)

    assert found.value == pytest.approx(100 - without / 10)
    assert state_of(found) is state


def test_without_a_cut_nobody_is_positive_or_negative() -> None:
    assert state_of(observe("CD5_POSITIVE_T_CELLS", replace(TUBE, cuts=()))) is NOT_DONE


# Negatives, cuts, controls


@pytest.mark.parametrize(("n", "state"), [(500, PASS), (499, WARN), (200, WARN)])
def test_events_of_the_internal_negatives(n: int, state: QualityState) -> None:
    found = observe("INTERNAL_NEGATIVE", replace(TUBE, reference=(written("nk_cells"), n)))

    assert (found.value, found.message) == (n, "nk_cells")
    assert state_of(found) is state


def test_a_cut_that_rests_on_no_internal_negative_needs_none() -> None:
    assert state_of(observe("INTERNAL_NEGATIVE", replace(TUBE, reference=None))) is NOT_DONE


@pytest.mark.parametrize(
    ("other", "state"), [(150.0, PASS), (100.0, PASS), (63.5, PASS), (62.0, WARN), (1000.0, WARN)]
)
def test_decades_between_the_cut_used_and_the_next_strong_one(
    other: float, state: QualityState
) -> None:
    cuts = (
        (CutMethod.FMO, 100.0),
        (CutMethod.ISOTYPE, 9000.0),
        (CutMethod.FIXED, other),
    )
    found = observe("CUT_AGREEMENT", replace(TUBE, cuts=cuts))

    assert found.value == pytest.approx(abs(np.log10(other / 100)))
    assert found.message == "fmo against fixed"
    assert state_of(found) is state


@pytest.mark.parametrize(
    "cuts",
    [
        (),
        ((CutMethod.FMO, 100.0),),
        ((CutMethod.FMO, 100.0), (CutMethod.VALLEY, 900.0)),
        ((CutMethod.FMO, -3.0), (CutMethod.FIXED, 900.0)),
        ((CutMethod.FMO, 100.0), (CutMethod.FIXED, 0.0)),
    ],
)
def test_without_two_strong_cuts_above_zero_there_is_nothing_to_compare(
    cuts: tuple[tuple[CutMethod, float], ...],
) -> None:
    assert state_of(observe("CUT_AGREEMENT", replace(TUBE, cuts=cuts))) is NOT_DONE


@pytest.mark.parametrize(
    ("controls", "value", "state"),
    [
        ((), None, NOT_DONE),
        ((("fmo", True), ("positive", True)), 0, PASS),
        ((("fmo", False), ("positive", True)), 1, WARN),
        ((("fmo", False), ("isotype", False)), 2, WARN),
    ],
)
def test_controls_that_do_not_match_are_counted(
    controls: tuple[tuple[str, bool], ...], value: float | None, state: QualityState
) -> None:
    found = observe("CONTROL_MATCH", replace(TUBE, controls=controls))

    assert found.value == value
    assert state_of(found) is state
    if value:
        assert found.message.startswith("refused: fmo")


# Age


def age(collected: str | None, acquired: str | None) -> Observation:
    return observe("SPECIMEN_AGE", replace(TUBE, collected_at=collected, acquired=acquired))


@pytest.mark.parametrize(
    ("collected", "words", "state"),
    [
        ("2026-01-10T11:30", "50 h 00 min", PASS),
        ("2026-01-09T13:30:00", "72 h 00 min", PASS),
        ("2026-01-09T13:29:59", "72 h 01 min", WARN),
        ("2026-01-09T13:06", "72 h 24 min", WARN),
        ("2026-01-02T13:30", "240 h 00 min", WARN),
    ],
)
def test_more_than_72_hours_never_print_as_72(
    collected: str, words: str, state: QualityState
) -> None:
    found = age(collected, "2026-01-12T13:30:00")

    assert found.message == f"{words} from collection to acquisition"
    assert state_of(found) is state


@pytest.mark.parametrize(
    ("collected", "acquired", "state"),
    [
        ("2026-01-11", "2026-01-12T11:30", PASS),  # 11.5 to 35.5 h
        ("2026-01-12", "2026-01-12T11:30", PASS),  # at most 11.5 h
        ("2026-01-10", "2026-01-12", PASS),  # 24 to 72 h
        ("2026-01-09", "2026-01-12T11:30", NOT_DONE),  # 59.5 to 83.5 h
        ("2026-01-09T06:00", "2026-01-12", NOT_DONE),  # 66 to 90 h
        ("2026-01-08", "2026-01-12T11:30", WARN),  # 83.5 to 107.5 h
    ],
)
def test_a_date_without_a_time_decides_where_any_time_of_that_day_would(
    collected: str, acquired: str, state: QualityState
) -> None:
    check = judged(age(collected, acquired))

    assert check.state is state
    assert " to " in check.message
    if state is NOT_DONE:
        assert check.value is None


def test_hours_count_across_time_zones() -> None:
    found = age("2026-01-10T00:00+08:00", "2026-01-10T00:00+00:00")

    assert found.value == 8
    assert age("2026-01-10T00:00+08:00", "2026-01-10T06:00").value == 6


@pytest.mark.parametrize(
    ("collected", "acquired"),
    [
        (None, "2026-01-12"),
        ("", "2026-01-12"),
        ("yesterday", "2026-01-12"),
        ("2026-01-12", None),
        ("2026-01-13", "2026-01-12T11:30"),
    ],
)
def test_an_age_that_cannot_be_told_is_unknown(collected: str | None, acquired: str | None) -> None:
    found = age(collected, acquired)

    assert found.value is None
    assert state_of(found) is NOT_DONE


# Blasts here and in the FMO


@pytest.mark.parametrize(
    ("ours", "theirs", "state"),
    [
        ((400, 1000), (400, 1000), PASS),
        ((400, 1000), (200, 1000), PASS),  # twice as many, and fewer by chance
        ((400, 1000), (100, 1000), WARN),
        ((100, 1000), (400, 1000), WARN),
        ((4, 1000), (1, 1000), PASS),  # chance
        ((0, 1000), (400, 1000), WARN),
        ((4000, 10_000), (40, 100), PASS),
    ],
)
def test_blasts_are_as_common_in_the_fmo(
    ours: tuple[int, int], theirs: tuple[int, int], state: QualityState
) -> None:
    tube = replace(TUBE, counted=BlastCount(*ours), fmo_counted=(BlastCount(*theirs),))
    found = observe("CONTROL_SHARE", tube)

    assert state_of(found) is state
    assert found.message == (
        f"blasts: {ours[0]:,} of {ours[1]:,} cells here, {theirs[0]:,} of {theirs[1]:,} in the FMO"
    )


def test_of_several_fmos_the_one_that_differs_most_is_told() -> None:
    tube = replace(
        TUBE, fmo_counted=(BlastCount(400, 1000), BlastCount(10, 1000), BlastCount(300, 1000))
    )

    assert observe("CONTROL_SHARE", tube).message.endswith("10 of 1,000 in the FMO")


@pytest.mark.parametrize(
    "tube",
    [
        replace(TUBE, counted=None),
        replace(TUBE, counted=BlastCount(0, 0)),
        replace(TUBE, fmo_counted=()),
        replace(TUBE, fmo_counted=(BlastCount(0, 0),)),
    ],
)
def test_without_either_tubes_blasts_there_is_nothing_to_hold_together(tube: Stained) -> None:
    assert state_of(observe("CONTROL_SHARE", tube)) is NOT_DONE


def test_the_ratio_of_two_shares_is_a_lower_limit() -> None:
    # 10 of 10 blasts in one of two equal tubes: the share is over 0.01^(1/10) with 99 %.
    share = 0.01**0.1

    found = least_ratio(BlastCount(10, 500), BlastCount(0, 500), confidence_percent=99)

    assert found == pytest.approx(share / (1 - share))
    assert least_ratio(BlastCount(0, 500), BlastCount(10, 500), confidence_percent=99) == 0
