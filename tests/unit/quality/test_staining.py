"""Staining and gating: what each observer counts, and when it has nothing to say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cd5flow.model.findings import Finding, Severity
from cd5flow.model.result import CutMethod, PriorTherapy, QualityState
from cd5flow.quality.checks import Observation
from cd5flow.quality.staining import Stained, staining
from readout_factory import gating_of, given_gate, members_of

GATING = gating_of(
    members_of(1000, nucleated=range(900), blasts=range(120), t_cells=range(200, 500)),
    given_gate("nucleated"),
    given_gate("blasts"),
    given_gate("t_cells"),
)
TUBE = Stained(
    gating=GATING,
    stain_index=42.0,
    cuts=((CutMethod.FMO, 100.0), (CutMethod.INTERNAL_NEGATIVE, 200.0)),
    reference=("nk_cells", 300),
    reagent_t_cells=200,
    compensation="KNOWN from $SPILLOVER",
    compensated=True,
    condition_number=2.5,
    prior_therapy=(),
    collected_at="2026-01-10T09:30:00",
    acquired="2026-01-12T11:30:00",
    has_cd5=True,
)


def observe(code: str, tube: Stained = TUBE) -> Observation:
    (found,) = (observation for observation in staining(tube) if observation.code == code)
    return found


def test_the_battery_comes_in_a_fixed_order() -> None:
    assert [o.code for o in staining(TUBE)] == [
        "COMPENSATION",
        "DENOMINATOR",
        "BLASTS",
        "CD5_ON_T_CELLS",
        "INTERNAL_NEGATIVE",
        "CUT_AGREEMENT",
        "GATE_SHARES",
        "SPECIMEN_AGE",
    ]


def test_the_condition_number_of_the_matrix_used() -> None:
    found = observe("COMPENSATION")

    assert found.value == 2.5
    assert found.message == "KNOWN from $SPILLOVER"


def test_unknown_compensation_has_no_number() -> None:
    assert observe("COMPENSATION", replace(TUBE, compensated=False)).value is None
    assert observe("COMPENSATION", replace(TUBE, condition_number=None)).value is None


def test_events_of_denominator_and_blasts() -> None:
    assert observe("DENOMINATOR").value == 900
    assert observe("BLASTS").value == 120


def test_no_denominator_is_unknown_and_not_zero() -> None:
    assert observe("DENOMINATOR", replace(TUBE, gating=gating_of(members_of(9)))).value is None


def test_scattered_events_are_no_blasts_to_count() -> None:
    scattered = replace(GATING, cluster=False)

    assert observe("BLASTS", replace(TUBE, gating=scattered)).value is None


def test_the_stain_index_on_t_cells() -> None:
    found = observe("CD5_ON_T_CELLS")

    assert found.value == 42
    assert found.unit == "stain index"


@pytest.mark.parametrize(("t_cells", "value"), [(199, None), (200, 42.0)])
def test_few_t_cells_do_not_judge_the_reagent(t_cells: int, value: float | None) -> None:
    gating = gating_of(members_of(1000, t_cells=range(t_cells)), given_gate("t_cells"))

    assert observe("CD5_ON_T_CELLS", replace(TUBE, gating=gating)).value == value


def test_t_cells_without_negatives_beside_them_do_not_either() -> None:
    found = observe("CD5_ON_T_CELLS", replace(TUBE, stain_index=None))

    assert found.value is None
    assert "too few" not in found.message


def test_after_cd5_car_t_cells_the_patients_t_cells_prove_nothing() -> None:
    treated = replace(TUBE, prior_therapy=(PriorTherapy.ALLO_HSCT, PriorTherapy.CD5_CAR))

    assert observe("CD5_ON_T_CELLS", treated).value is None
    others = replace(TUBE, prior_therapy=(PriorTherapy.CD7_CAR,))
    assert observe("CD5_ON_T_CELLS", others).value == 42


def test_a_tube_without_cd5_says_so() -> None:
    found = observe("CD5_ON_T_CELLS", replace(TUBE, has_cd5=False))

    assert found.value is None
    assert found.message == "no CD5 in this tube"


def test_events_of_the_internal_negatives() -> None:
    found = observe("INTERNAL_NEGATIVE")

    assert (found.value, found.message) == (300, "nk_cells")
    assert observe("INTERNAL_NEGATIVE", replace(TUBE, reference=None)).value is None


def test_decades_between_the_cut_used_and_the_next_strong_one() -> None:
    cuts = (
        (CutMethod.FMO, 100.0),
        (CutMethod.ISOTYPE, 9000.0),
        (CutMethod.FIXED, 1000.0),
    )

    found = observe("CUT_AGREEMENT", replace(TUBE, cuts=cuts))

    assert found.value == pytest.approx(1)
    assert found.message == "fmo against fixed"
    below = (cuts[0], (CutMethod.FIXED, 10.0))
    assert observe("CUT_AGREEMENT", replace(TUBE, cuts=below)).value == pytest.approx(1)


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
    assert observe("CUT_AGREEMENT", replace(TUBE, cuts=cuts)).value is None


def test_gates_outside_their_usual_share_are_counted_and_named() -> None:
    findings = (
        Finding("GATE_SHARE", Severity.WARN, "cells holds 3 % of all"),
        Finding("GATE_UNRESOLVED", Severity.INFO, "viable: no valley"),
        Finding("GATE_SHARE", Severity.WARN, "singlets holds 2 % of cells"),
    )

    found = observe("GATE_SHARES", replace(TUBE, gating=replace(GATING, findings=findings)))

    assert found.value == 2
    assert found.message == "cells holds 3 % of all; singlets holds 2 % of cells"
    assert observe("GATE_SHARES").value == 0


def test_hours_from_collection_to_acquisition() -> None:
    found = observe("SPECIMEN_AGE")

    assert (found.value, found.unit) == (50, "hours")
    assert observe("SPECIMEN_AGE", replace(TUBE, collected_at="2026-01-12")).value == 11.5


@pytest.mark.parametrize("collected", [None, "", "yesterday", "2026-01-13"])
def test_an_age_that_cannot_be_told_is_unknown(collected: str | None) -> None:
    assert observe("SPECIMEN_AGE", replace(TUBE, collected_at=collected)).value is None


def test_an_age_without_an_acquisition_time_is_unknown() -> None:
    assert observe("SPECIMEN_AGE", replace(TUBE, acquired=None)).value is None


def test_what_a_verdict_rests_on_matters_where_it_is_missing() -> None:
    bare = gating_of(members_of(10))
    assert observe("DENOMINATOR", replace(TUBE, gating=bare)).unmeasured is QualityState.FAIL
    unknown = replace(TUBE, compensated=False, compensation="MISSING")
    assert observe("COMPENSATION", unknown).unmeasured is QualityState.WARN
