from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from cd5flow.batch.trend import BurdenDisplay, Trend, Visit, trends, visit_of
from cd5flow.model.result import BurdenState, CutMethod, Result, Specimen
from support.overview_factory import NOT_DETECTED, UNKNOWN_BURDEN, visit
from support.report_factory import (
    make_burden,
    make_cd5,
    make_cut,
    make_result,
    make_sample,
    unknown_cd5,
)


def seen(result: Result) -> Visit:
    found = visit_of(result, result.sample.id)
    assert found is not None
    return found


def trend(*results: Result) -> Trend:
    (one,) = trends(seen(result) for result in results)
    return one


@pytest.mark.parametrize("changes", [{"patient_id": None}, {"collected_at": None}])
def test_without_patient_or_date_a_tube_is_no_time_point(changes: dict[str, Any]) -> None:
    assert visit_of(make_result(sample=make_sample(**changes)), "x") is None


def test_a_date_that_is_none_is_no_time_point() -> None:
    assert visit_of(make_result(sample=make_sample(collected_at="in May")), "x") is None


def test_tubes_of_a_patient_stand_in_the_order_of_time() -> None:
    one = trend(visit("b", "2026-03-01"), visit("a", "2026-01-01"), visit("c", "2026-02-01"))
    assert [v.sample.id for v in one.visits] == ["a", "c", "b"]
    assert one.patient == "P1"


def test_several_tubes_of_one_moment_are_no_trend() -> None:
    assert trends([seen(visit("a", "2026-01-01")), seen(visit("b", "2026-01-01"))]) == ()


def test_patients_are_kept_apart() -> None:
    results = [visit("a", "2026-01-01"), visit("b", "2026-02-01", patient="P2")]
    assert trends(seen(result) for result in results) == ()


def test_moments_with_a_zone_are_compared_in_one() -> None:
    early, late = visit("a", "2026-01-01T01:00+03:00"), visit("b", "2025-12-31T23:30")
    assert [v.sample.id for v in trend(late, early).visits] == ["a", "b"]
    assert seen(early).moment == datetime(2025, 12, 31, 22)  # noqa: DTZ001 - in UTC, without saying so


@pytest.mark.parametrize(
    ("burden", "shown", "place"),
    [
        (make_burden(), BurdenDisplay.MEASURED, 59.5287),
        (make_burden(state=BurdenState.MRD_POSITIVE, percent=0.5), BurdenDisplay.MEASURED, 0.5),
        (make_burden(state=BurdenState.MRD_BELOW_LLOQ, percent=0.3), BurdenDisplay.BELOW_LLOQ, 0.3),
        (
            make_burden(state=BurdenState.INDETERMINATE, percent=0.1),
            BurdenDisplay.BELOW_LOD,
            0.1785,
        ),
        (NOT_DETECTED, BurdenDisplay.BELOW_LOD, 0.008),
        # Scattered events in the gate are counted, but they are not detected disease.
        (NOT_DETECTED.model_copy(update={"percent": 0.02}), BurdenDisplay.BELOW_LOD, 0.008),
        (
            make_burden(
                state=BurdenState.INCONCLUSIVE,
                percent=0.01,
                reasons=("SENSITIVITY_TOO_LOW: no cluster of 10 blasts, but",),
            ),
            BurdenDisplay.BELOW_LOD,
            0.1785,
        ),
        (
            make_burden(
                state=BurdenState.INCONCLUSIVE,
                percent=0.0,
                reasons=("LINEAGE_UNPROVEN: a cluster",),
            ),
            BurdenDisplay.UNKNOWN,
            None,
        ),
        (UNKNOWN_BURDEN, BurdenDisplay.UNKNOWN, None),
        (make_burden(state=BurdenState.NOT_EVALUABLE, percent=3.0), BurdenDisplay.WITHHELD, 3.0),
        (make_burden(state=BurdenState.NOT_EVALUABLE, percent=None), BurdenDisplay.UNKNOWN, None),
        (NOT_DETECTED.model_copy(update={"lod_percent": None}), BurdenDisplay.UNKNOWN, None),
    ],
)
def test_a_burden_is_drawn_as_its_state_says(
    burden: Any, shown: BurdenDisplay, place: float | None
) -> None:
    one = seen(visit("a", "2026-01-01", burden=burden))
    assert one.shown is shown
    assert one.burden_place == place


def test_tubes_that_are_alike_have_no_differences() -> None:
    assert trend(visit("a", "2026-01-01"), visit("b", "2026-02-01")).differences == ()


def test_every_difference_is_named_with_its_tubes() -> None:
    first = visit("a", "2026-01-01")
    other = make_result(
        sample=make_sample(
            id="b",
            patient_id="P1",
            collected_at="2026-02-01",
            specimen=Specimen.PERIPHERAL_BLOOD,
            cytometer=None,
        ),
        strategy=first.strategy.model_copy(update={"name": "t-all-mrd", "lineage": "CD7+ sCD3-"}),
        protocol=first.protocol.model_copy(update={"version": "2.0"}),
        burden=make_burden(denominator="all cells"),
        cd5=make_cd5(cut=make_cut(method=CutMethod.VALLEY)),
    )
    assert trend(first, other).differences == (
        "gating strategies differ: t-all-relapse 1.0.0 in a; t-all-mrd 1.0.0 in b",
        "protocols differ: cd5-cart-70 1.0 in a; cd5-cart-70 2.0 in b",
        "denominators differ: viable single cells that carry CD45 in a; all cells in b",
        "lineage rules differ: cyCD3+ sCD3- in a; CD7+ sCD3- in b",
        "specimens differ: bone marrow in a; peripheral blood in b",
        "cytometers differ: FACSCanto II in a; not stated in b",
        "CD5 cuts are of different kinds: fmo in a; valley in b",
    )


def test_a_strategy_edited_without_a_new_version_is_another() -> None:
    first = visit("a", "2026-01-01")
    edited = first.strategy.model_copy(update={"sha256": "f" * 64})
    (difference,) = trend(first, visit("b", "2026-02-01", strategy=edited)).differences
    assert difference == (
        "gating strategies differ: t-all-relapse 1.0.0 (41f032f3) in a; "
        "t-all-relapse 1.0.0 (ffffffff) in b"
    )


def test_a_tube_without_a_cut_has_none_that_could_differ() -> None:
    assert (
        trend(visit("a", "2026-01-01"), visit("b", "2026-02-01", cd5=unknown_cd5())).differences
        == ()
    )


def test_specimens_that_nobody_stated_are_said_to_be_unknown() -> None:
    results = [
        make_result(sample=make_sample(id=day, collected_at=day, specimen=Specimen.UNKNOWN))
        for day in ("2026-01-01", "2026-02-01")
    ]
    assert trend(*results).differences == ("specimens are not stated",)
