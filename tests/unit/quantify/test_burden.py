"""Burden states: each row of the table, and both sides of each limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cd5flow.model.limits import BurdenLimits, IntervalMethod
from cd5flow.model.populations import UNPROVEN
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenSection, BurdenState, Scope
from cd5flow.quantify.burden import BurdenCounts, OtherCount, judge_burden
from cd5flow.quantify.statistics import (
    clopper_pearson_interval,
    interval,
    upper_limit,
    wilson_interval,
)
from support.basis_factory import BURDEN_LIMITS as LIMITS
from support.lineage_factory import PROVEN, with_lineage


def judge(
    blasts: int,
    of: int | None,
    *,
    cluster: bool = True,
    limits: BurdenLimits = LIMITS,
    burden_limit_percent: float = 5.0,
    scope: Scope | None = Scope.SCD3_NEGATIVE,
    **panel: Any,
) -> BurdenSection:
    counts = BurdenCounts(
        blast_events=blasts,
        denominator_events=of,
        denominator_rule="viable CD45+ singlets",
        scope=scope,
        **with_lineage({"cluster": cluster, **panel}),
    )
    return judge_burden(counts, limits=limits, burden_limit_percent=burden_limit_percent)


def codes(burden: BurdenSection) -> list[str]:
    return [reason.code for reason in burden.reasons]


def limits_with(**changes: Any) -> BurdenLimits:
    return BurdenLimits.model_validate({**LIMITS.model_dump(), **changes})


@pytest.mark.parametrize(
    ("blasts", "of", "state", "level"),
    [
        (8_000, 100_000, BurdenState.OVERT, ">=5%"),
        (5_001, 100_000, BurdenState.OVERT, ">=5%"),
        (5_000, 100_000, BurdenState.MRD_POSITIVE, ">=5%"),  # exactly 5.00 % is not over 5 %
        (4_999, 100_000, BurdenState.MRD_POSITIVE, "1-5%"),
        (1_000, 100_000, BurdenState.MRD_POSITIVE, "1-5%"),
        (999, 100_000, BurdenState.MRD_POSITIVE, "0.1-1%"),
        (100, 100_000, BurdenState.MRD_POSITIVE, "0.1-1%"),
        (99, 100_000, BurdenState.MRD_POSITIVE, "0.01-0.1%"),
        (100, 1_000_000, BurdenState.MRD_POSITIVE, "0.01-0.1%"),
        (99, 1_000_000, BurdenState.MRD_POSITIVE, "<0.01%"),
        (50, 100_000, BurdenState.MRD_POSITIVE, "0.01-0.1%"),
        (49, 100_000, BurdenState.MRD_BELOW_LLOQ, None),
        (20, 100_000, BurdenState.MRD_BELOW_LLOQ, None),
        (19, 100_000, BurdenState.INDETERMINATE, None),
        (10, 100_000, BurdenState.INDETERMINATE, None),
        (9, 200_000, BurdenState.NOT_DETECTED, None),
        (0, 200_000, BurdenState.NOT_DETECTED, None),  # LOD exactly 0.01 %
        (0, 199_999, BurdenState.INCONCLUSIVE, None),
        (9, 100_000, BurdenState.INCONCLUSIVE, None),
        (50, 100, BurdenState.OVERT, ">=5%"),
        (49, 100, BurdenState.MRD_BELOW_LLOQ, None),  # 49 %, but too few to say OVERT
    ],
)
def test_state_and_level_follow_the_counts(
    blasts: int, of: int, state: BurdenState, level: str | None
) -> None:
    burden = judge(blasts, of)
    called = blasts if blasts >= LIMITS.cluster_events else 0
    assert burden.state is state
    assert burden.level == level
    assert burden.blast_events == called
    assert burden.look_alike_events == blasts - called
    assert burden.percent == 100 * called / of
    assert burden.reasons


@pytest.mark.parametrize(
    ("limit", "state"), [(1.0, BurdenState.OVERT), (2.0, BurdenState.MRD_POSITIVE)]
)
def test_the_protocol_sets_the_burden_limit(limit: float, state: BurdenState) -> None:
    assert judge(2_000, 100_000, burden_limit_percent=limit).state is state


def test_comparison_is_unrounded() -> None:
    assert judge(500_001, 10_000_000).state is BurdenState.OVERT
    assert judge(499_999, 10_000_000).level == "1-5%"


@pytest.mark.parametrize("alike", [1, 19, 5_000])
@pytest.mark.parametrize(
    ("of", "state"), [(1_000_000, BurdenState.NOT_DETECTED), (50_000, BurdenState.INCONCLUSIVE)]
)
def test_scattered_cells_are_told_and_are_no_part_of_the_share(
    alike: int, of: int, state: BurdenState
) -> None:
    burden = judge(0, of, cluster=False, look_alike_events=alike)
    assert burden.state is state
    assert (burden.blast_events, burden.look_alike_events) == (0, alike)
    assert burden.percent == 0
    assert burden.upper95_percent == upper_limit(0, of)
    assert codes(burden)[-1] == "LOOK_ALIKES"
    assert f"{alike:,} scattered cells" in str(burden.reasons[-1])


# Of which disease a clean tube speaks


@pytest.mark.parametrize("scope", Scope)
def test_not_detected_names_the_disease_it_speaks_of(scope: Scope) -> None:
    burden = judge(0, 200_000, scope=scope)
    assert burden.state is BurdenState.NOT_DETECTED
    assert burden.scope is scope
    assert scope.value in str(burden.reasons[0])


@pytest.mark.parametrize(
    ("said", "says"), [({}, "this tube"), ({"cd7_unused": True}, "after CD7 CAR-T")]
)
def test_a_tube_that_can_name_no_disease_is_inconclusive(said: dict[str, Any], says: str) -> None:
    burden = judge(0, 1_000_000, scope=None, **said)
    assert burden.state is BurdenState.INCONCLUSIVE
    assert codes(burden) == ["NO_SCOPE"]
    assert says in str(burden.reasons[0])
    assert burden.percent == 0


@pytest.mark.parametrize("blasts", [10, 50, 60_000])
def test_disease_that_is_called_needs_no_scope(blasts: int) -> None:
    burden = judge(blasts, 1_000_000, scope=None)
    assert burden.state not in {BurdenState.NOT_DETECTED, BurdenState.INCONCLUSIVE}
    assert burden.scope is None


UNDECIDED = (
    Reason("THYMUS_NOT_EXCLUDED"),
    Reason("OUTSIDE_PROFILES", events=400, what="T cells with a sign of immaturity"),
    Reason("LOOK_ALIKES_GATHER", events=31, what="CD7-positive blasts without surface CD3"),
    Reason("SCATTER_HIDES", events=20),
)


@pytest.mark.parametrize("why", UNDECIDED, ids=lambda why: why.code)
def test_cells_that_may_be_disease_forbid_a_clean_answer_and_a_share(why: Reason) -> None:
    burden = judge(0, 1_000_000, undecided=(why,))
    assert burden.state is BurdenState.INCONCLUSIVE
    assert burden.reasons == (why,)
    assert burden.percent is None
    assert burden.upper95_percent is None


@pytest.mark.parametrize("why", UNDECIDED, ids=lambda why: why.code)
@pytest.mark.parametrize(
    ("blasts", "state"),
    [
        (10, BurdenState.INDETERMINATE),
        (20, BurdenState.MRD_BELOW_LLOQ),
        (50, BurdenState.MRD_POSITIVE),
        (60_000, BurdenState.OVERT),
    ],
)
def test_they_never_displace_a_population_of_ten(
    why: Reason, blasts: int, state: BurdenState
) -> None:
    burden = judge(blasts, 1_000_000, undecided=(why,))
    assert burden.state is state
    assert burden.reasons[-1] == why
    assert burden.percent == blasts / 10_000


def test_a_cluster_is_not_hidden() -> None:
    assert judge(30, 1_000_000).state is BurdenState.MRD_BELOW_LLOQ


def test_a_clean_tube_says_nothing_of_scattered_events() -> None:
    assert codes(judge(0, 300_000)) == ["NO_CLUSTER_SEEN"]


@pytest.mark.parametrize("of", [None, 0])
def test_without_denominator_nothing_is_known(of: int | None) -> None:
    burden = judge(0, of)
    assert burden.state is BurdenState.NOT_EVALUABLE
    assert codes(burden) == ["NO_DENOMINATOR"]
    assert burden.denominator_events == 0
    for unknown in (
        burden.percent,
        burden.ci95_percent,
        burden.upper95_percent,
        burden.lod_percent,
        burden.lloq_percent,
        burden.level,
    ):
        assert unknown is None


def test_quality_fail_withholds_the_state_not_the_numbers() -> None:
    burden = judge(8_000, 100_000, quality_fail=True)
    assert burden.state is BurdenState.NOT_EVALUABLE
    assert codes(burden) == ["QUALITY_FAIL"]
    assert burden.percent == 8.0
    assert burden.ci95_percent == wilson_interval(8_000, 100_000)
    assert burden.level is None


def test_all_reasons_of_a_withheld_state_are_given() -> None:
    assert codes(judge(0, None, quality_fail=True)) == ["QUALITY_FAIL", "NO_DENOMINATOR"]


def test_a_panel_that_cannot_tell_blasts_gives_no_share() -> None:
    burden = judge(0, 500_000, searched=False)
    assert burden.state is BurdenState.INCONCLUSIVE
    assert codes(burden) == ["BLASTS_NOT_DISTINGUISHABLE"]
    assert burden.percent is None
    assert burden.ci95_percent is None
    assert burden.upper95_percent is None
    assert burden.lod_percent == pytest.approx(0.004)


@pytest.mark.parametrize("blasts", [0, 9])
def test_a_cluster_of_unproven_lineage_is_neither_disease_nor_clean(blasts: int) -> None:
    burden = judge(blasts, 500_000, unproven_cluster=True)
    assert burden.state is BurdenState.INCONCLUSIVE
    assert codes(burden)[0] == "LINEAGE_UNPROVEN"
    assert burden.percent is None


def test_a_cluster_of_unproven_lineage_does_not_displace_ten_proven_blasts() -> None:
    burden = judge(10, 500_000, unproven_cluster=True)
    assert burden.state is BurdenState.INDETERMINATE
    assert codes(burden) == ["BELOW_LOD", "LINEAGE_UNPROVEN"]


def test_blasts_of_unproven_lineage_are_not_claimed() -> None:
    burden = judge(30_000, 500_000, name=UNPROVEN)
    assert burden.state is BurdenState.INCONCLUSIVE
    assert codes(burden) == ["LINEAGE_UNPROVEN"]
    assert (burden.blast_events, burden.percent) == (0, None)


def test_without_a_cluster_an_unproven_lineage_does_not_matter() -> None:
    burden = judge(0, 500_000, cluster=False, name=UNPROVEN, look_alike_events=3)
    assert burden.state is BurdenState.NOT_DETECTED


def test_proven_blasts_stand_beside_an_unproven_cluster() -> None:
    burden = judge(30_000, 500_000, unproven_cluster=True)
    assert burden.state is BurdenState.OVERT
    assert codes(burden) == ["ABOVE_BURDEN_LIMIT", "LINEAGE_UNPROVEN"]


def test_lod_and_lloq_follow_the_denominator() -> None:
    burden = judge(0, 400_000)
    assert burden.lod_percent == 0.005
    assert burden.lloq_percent == 0.0125


@pytest.mark.parametrize(
    ("validated", "lod", "state"),
    [
        (None, 0.005, BurdenState.NOT_DETECTED),
        (0.001, 0.005, BurdenState.NOT_DETECTED),  # the count's is higher and holds
        (0.01, 0.01, BurdenState.NOT_DETECTED),
        (0.02, 0.02, BurdenState.INCONCLUSIVE),
    ],
)
def test_a_higher_validated_lod_wins(
    validated: float | None, lod: float, state: BurdenState
) -> None:
    burden = judge(0, 400_000, limits=limits_with(validated_lod_percent=validated))
    assert burden.lod_percent == lod
    assert burden.state is state


@pytest.mark.parametrize(
    ("blasts", "state"), [(79, BurdenState.INDETERMINATE), (80, BurdenState.MRD_POSITIVE)]
)
def test_a_cluster_below_the_validated_lod_is_indeterminate(
    blasts: int, state: BurdenState
) -> None:
    burden = judge(blasts, 400_000, limits=limits_with(validated_lod_percent=0.02))
    assert burden.state is state
    assert burden.lloq_percent == 0.02


def test_interval_and_upper_limit_are_given() -> None:
    burden = judge(50, 500_000, limits=limits_with(interval="clopper_pearson"))
    assert burden.ci95_percent == clopper_pearson_interval(50, 500_000)
    assert burden.upper95_percent == upper_limit(50, 500_000)


def test_upper_limit_of_a_clean_tube_is_the_rule_of_three() -> None:
    assert judge(0, 500_000).upper95_percent == pytest.approx(0.0006, rel=0.01)


@pytest.mark.parametrize(
    ("blasts", "alike", "of"), [(-1, 0, 10), (5, 0, -1), (11, 0, 10), (0, -1, 10), (6, 5, 10)]
)
def test_impossible_counts_are_refused(blasts: int, alike: int, of: int) -> None:
    with pytest.raises(ValueError, match=r"negative|within"):
        judge(blasts, of, look_alike_events=alike)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cluster_events", 21),
        ("lod_events", 51),
        ("lod_events", 0),
        ("required_lod_percent", 0),
        ("validated_lod_percent", 101),
        ("interval", "wald"),
        ("unknown", 1),
    ],
)
def test_impossible_limits_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        limits_with(**{field: value})


@given(
    st.integers(0, 2_000_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.fixed_dictionaries(
        {
            "cluster": st.booleans(),
            "name": st.sampled_from((PROVEN.name, UNPROVEN)),
            "searched": st.booleans(),
            "unproven_cluster": st.booleans(),
        }
    ),
)
def test_what_holds_for_every_tube(count: tuple[int, int], seen: dict[str, Any]) -> None:
    blasts, of = count
    burden = judge(blasts, of, **seen)
    proven = seen["cluster"] and seen["name"] != UNPROVEN and blasts >= 10
    decided = not seen["unproven_cluster"] and not (seen["cluster"] and seen["name"] == UNPROVEN)
    assert (burden.percent is not None) == (of > 0 and (proven or (seen["searched"] and decided)))
    assert (burden.level is not None) == (
        burden.state in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}
    )
    if burden.state in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}:
        assert seen["cluster"]
        assert seen["name"] != UNPROVEN
        assert blasts >= 50
    if burden.state is BurdenState.NOT_DETECTED:
        assert of >= 200_000
        assert decided
        assert burden.scope is not None
        assert burden.percent == 0
    assert all(": " in str(reason) for reason in burden.reasons)
    assert burden.reasons


def test_a_count_of_nothing_bounds_the_share_only_where_blasts_could_be_found() -> None:
    counts = BurdenCounts(
        blast_events=0,
        denominator_events=50_000,
        denominator_rule="nucleated",
        lineage=replace(PROVEN, cluster=False),
        searched=False,
        countable=True,
    )
    section = judge_burden(counts, limits=LIMITS, burden_limit_percent=5)
    assert (section.state, section.percent) == (BurdenState.INCONCLUSIVE, 0.0)
    assert section.ci95_percent is None
    assert section.upper95_percent is None


# What the limit of detection rests on


@pytest.mark.parametrize(
    ("validated", "lod", "by"),
    [
        ({}, 0.002, "count rule"),
        ({"validated_lod_percent": 0.001}, 0.002, "count rule"),
        ({"validated_lod_percent": 0.005}, 0.005, "validated"),
        ({"validated_lob_percent": 0.004}, 0.004, "validated"),
        ({"validated_lob_percent": 0.004, "validated_lod_percent": 0.005}, 0.005, "validated"),
        ({"validated_lob_percent": 0.006, "validated_lod_percent": 0.005}, 0.006, "validated"),
    ],
)
def test_the_laboratorys_limits_win_where_they_are_higher(
    validated: dict[str, float], lod: float, by: str
) -> None:
    found = judge(0, 1_000_000, limits=limits_with(**validated))

    assert found.lod_percent == pytest.approx(lod)
    assert found.lod_by == by


def test_a_cluster_at_or_below_the_blank_is_no_detected_disease() -> None:
    limits = limits_with(validated_lob_percent=0.01)

    assert judge(100, 1_000_000, limits=limits).state is BurdenState.INDETERMINATE
    assert judge(101, 1_000_000, limits=limits).state is BurdenState.MRD_POSITIVE


@pytest.mark.parametrize(
    ("validated", "state"),
    [
        ({"validated_lob_percent": 0.001}, BurdenState.NOT_DETECTED),  # the count's LOD is 0.002 %
        ({"validated_lob_percent": 0.002}, BurdenState.INCONCLUSIVE),
        ({"validated_lob_percent": 0.004}, BurdenState.INCONCLUSIVE),
        (
            {"validated_lob_percent": 0.004, "validated_lod_percent": 0.005},
            BurdenState.NOT_DETECTED,
        ),
    ],
)
def test_a_sensitivity_no_better_than_the_blank_is_none(
    validated: dict[str, float], state: BurdenState
) -> None:
    found = judge(0, 1_000_000, limits=limits_with(**validated))

    assert found.state is state
    assert ("NOT_ABOVE_BLANK" in codes(found)) is (state is BurdenState.INCONCLUSIVE)


@pytest.mark.parametrize(
    ("blasts", "state"),
    [(99, BurdenState.MRD_BELOW_LLOQ), (100, BurdenState.MRD_POSITIVE)],
)
def test_the_laboratorys_lloq_wins_where_it_is_higher(blasts: int, state: BurdenState) -> None:
    found = judge(blasts, 1_000_000, limits=limits_with(validated_lloq_percent=0.01))

    assert found.state is state
    assert found.lloq_percent == 0.01
    assert judge(50, 100_000, limits=limits_with(validated_lloq_percent=0.01)).lloq_percent == 0.05


def test_what_the_limit_rests_on_is_said_where_nothing_is_detected() -> None:
    by_count = judge(0, 1_000_000).reasons[0]
    validated = judge(0, 1_000_000, limits=limits_with(validated_lod_percent=0.008)).reasons[0]

    assert "0.002 % (count rule: 20 of 1,000,000 events)" in str(by_count)
    assert "0.008 % (validated by the laboratory)" in str(validated)
    assert all("upper 95 % limit 0.0003 %" in str(reason) for reason in (by_count, validated))


@pytest.mark.parametrize("k", [10, 20, 30])
def test_the_counts_of_the_rule_are_the_strategys(k: int) -> None:
    limits = limits_with(lod_events=k)

    assert judge(0, 1_000_000, limits=limits).lod_percent == pytest.approx(k / 10_000)
    assert judge(k, 1_000_000, limits=limits).state is BurdenState.MRD_BELOW_LLOQ
    if k > 10:
        assert judge(k - 1, 1_000_000, limits=limits).state is BurdenState.INDETERMINATE


@pytest.mark.parametrize("method", IntervalMethod)
def test_the_strategy_chooses_the_interval(method: IntervalMethod) -> None:
    found = judge(100, 10_000, limits=limits_with(interval=method))

    assert found.ci95_percent == interval(100, 10_000, method=method)
    assert found.ci_method is method


# Other denominators


def with_others(*others: OtherCount, blasts: int = 100, **panel: Any) -> BurdenSection:
    counts = BurdenCounts(
        blast_events=blasts,
        denominator_events=10_000,
        denominator_rule="nucleated",
        lineage=PROVEN,
        others=others,
        **panel,
    )
    return judge_burden(counts, limits=LIMITS, burden_limit_percent=5)


def test_another_denominator_is_shown_and_decides_nothing() -> None:
    found = with_others(OtherCount("mononuclear", 1_000))

    assert found.percent == 1
    assert found.state is BurdenState.MRD_POSITIVE
    assert found.level == "1-5%"
    (other,) = found.alternatives
    assert (other.denominator, other.events, other.percent) == ("mononuclear", 1_000, 10)


def test_a_denominator_that_the_tube_does_not_tell_is_unknown() -> None:
    (other,) = with_others(OtherCount("mononuclear", None)).alternatives

    assert (other.events, other.percent) == (None, None)


def test_an_uncounted_number_of_blasts_has_no_share_of_any_denominator() -> None:
    (other,) = with_others(OtherCount("mononuclear", 1_000), blasts=0, searched=False).alternatives

    assert (other.events, other.percent) == (1_000, None)
