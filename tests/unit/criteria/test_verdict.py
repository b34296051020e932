"""The criterion: each row of the table, each bound, and what holds for every combination."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest

from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.criteria.verdict import Context, judge_criterion
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    CriterionSection,
    CriterionState,
    MedianSection,
    PriorTherapy,
    QualityState,
    Scope,
    Specimen,
    Timepoint,
)
from support.lineage_factory import with_lineage
from support.paths import PROTOCOLS

C70 = load_protocol(PROTOCOLS / "cd5-cart-70.yaml").value
C90 = load_protocol(PROTOCOLS / "cd5-cart-90.yaml").value

MET, NOT_MET = CriterionState.MET, CriterionState.NOT_MET
REVIEW, NOT_EVALUABLE = CriterionState.REVIEW, CriterionState.NOT_EVALUABLE

NO_DISEASE = {
    "diagnosis": "T-ALL",
    "morphology_blasts_percent": 5,
    "mrd_positive_elsewhere": False,
    "new_extramedullary_lesions": False,
}
EXTRAMEDULLARY = {"new_extramedullary_lesions": True}


def cd5(state: Cd5State) -> Cd5Section:
    return Cd5Section(
        state=state,
        reasons=(),
        percent=None,
        positive_events=0,
        blast_events=0,
        ci95_percent=None,
        band_percent=None,
        threshold_percent=70,
        operator=">=",
        cut=None,
        pattern=None,
        median=MedianSection(blasts=None, negative_reference=None, t_cells=None),
        stain_index=None,
    )


def burden(
    state: BurdenState,
    percent: float | None = None,
    *,
    high: float | None = None,
    scope: Scope = Scope.SCD3_NEGATIVE,
) -> BurdenSection:
    return BurdenSection(
        state=state,
        reasons=(),
        percent=percent,
        blast_events=0,
        denominator="nucleated",
        denominator_events=0,
        ci95_percent=None if high is None else (0.0, high),
        upper95_percent=None,
        lod_percent=None,
        lloq_percent=None,
        level=None,
        scope=scope if state is BurdenState.NOT_DETECTED else None,
    )


OVERT = burden(BurdenState.OVERT, 40)
NONE_SEEN = burden(BurdenState.NOT_DETECTED, 0)


def judge(
    cd5_state: Cd5State,
    disease: BurdenSection,
    clinical: dict[str, Any] | None = None,
    *,
    protocol: Protocol = C70,
    **context: Any,
) -> CriterionSection:
    settings: dict[str, Any] = {
        "timepoint": Timepoint.RELAPSE,
        "specimen": Specimen.BONE_MARROW,
        "quality_state": QualityState.PASS,
        "clinical": None if clinical is None else Clinical.model_validate(clinical),
    }
    return judge_criterion(
        cd5(cd5_state),
        burden=disease,
        protocol=protocol,
        context=Context(**settings | with_lineage(context)),
    )


def codes(criterion: CriterionSection) -> list[str]:
    return [reason.code for reason in criterion.reasons]


def without(field: str) -> dict[str, Any]:
    return {key: value for key, value in NO_DISEASE.items() if key != field}


MEETS, FAILS = Cd5State.MEETS, Cd5State.DOES_NOT_MEET


@pytest.mark.parametrize(
    ("disease", "clinical", "state", "code"),
    [
        (OVERT, None, MET, "DISEASE_OVERT"),
        (OVERT, NO_DISEASE, MET, "DISEASE_OVERT"),
        (burden(BurdenState.MRD_POSITIVE, 5.0), None, MET, "MRD_POSITIVE"),
        (burden(BurdenState.MRD_POSITIVE, 0.1), None, MET, "MRD_POSITIVE"),
        (burden(BurdenState.MRD_POSITIVE, 0.0999999), None, REVIEW, "MRD_UNCONFIRMED"),
        (burden(BurdenState.MRD_POSITIVE, 0.01), None, REVIEW, "MRD_UNCONFIRMED"),
        (burden(BurdenState.MRD_POSITIVE, 0.01), NO_DISEASE, REVIEW, "MRD_UNCONFIRMED"),
        (burden(BurdenState.MRD_POSITIVE, 0.00999), None, REVIEW, "MRD_TOO_LOW"),
        (burden(BurdenState.MRD_POSITIVE, 0.00999), EXTRAMEDULLARY, MET, "EXTRAMEDULLARY"),
        (burden(BurdenState.MRD_BELOW_LLOQ, 0.02), None, REVIEW, "BURDEN_MRD_BELOW_LLOQ"),
        (burden(BurdenState.MRD_BELOW_LLOQ, 0.02), NO_DISEASE, REVIEW, "BURDEN_MRD_BELOW_LLOQ"),
        (burden(BurdenState.MRD_BELOW_LLOQ, 0.02), EXTRAMEDULLARY, MET, "EXTRAMEDULLARY"),
        (burden(BurdenState.INDETERMINATE, 0.003), NO_DISEASE, REVIEW, "BURDEN_INDETERMINATE"),
        (burden(BurdenState.INDETERMINATE, 0.003), EXTRAMEDULLARY, MET, "EXTRAMEDULLARY"),
        (burden(BurdenState.INCONCLUSIVE), NO_DISEASE, REVIEW, "BURDEN_INCONCLUSIVE"),
        (burden(BurdenState.INCONCLUSIVE), EXTRAMEDULLARY, MET, "EXTRAMEDULLARY"),
        (burden(BurdenState.NOT_EVALUABLE), NO_DISEASE, REVIEW, "BURDEN_NOT_EVALUABLE"),
        (burden(BurdenState.NOT_EVALUABLE), EXTRAMEDULLARY, MET, "EXTRAMEDULLARY"),
        (NONE_SEEN, None, REVIEW, "EXTRAMEDULLARY_UNKNOWN"),
        (NONE_SEEN, {}, REVIEW, "EXTRAMEDULLARY_UNKNOWN"),
        (NONE_SEEN, EXTRAMEDULLARY, MET, "EXTRAMEDULLARY"),
        (NONE_SEEN, NO_DISEASE, NOT_MET, "NOT_DETECTED"),
        (NONE_SEEN, without("morphology_blasts_percent"), REVIEW, "MORPHOLOGY_UNKNOWN"),
        (NONE_SEEN, without("mrd_positive_elsewhere"), REVIEW, "MRD_ELSEWHERE_UNKNOWN"),
        (NONE_SEEN, without("new_extramedullary_lesions"), REVIEW, "EXTRAMEDULLARY_UNKNOWN"),
        (
            NONE_SEEN,
            {**NO_DISEASE, "morphology_blasts_percent": 5.01},
            REVIEW,
            "DISCORDANT_FLOW_MORPHOLOGY",
        ),
        (NONE_SEEN, {**NO_DISEASE, "mrd_positive_elsewhere": True}, REVIEW, "MRD_ELSEWHERE"),
    ],
)
def test_where_cd5_meets_disease_decides(
    disease: BurdenSection,
    clinical: dict[str, Any] | None,
    state: CriterionState,
    code: str,
) -> None:
    criterion = judge(MEETS, disease, clinical)
    assert criterion.state is state
    assert code in codes(criterion)


@pytest.mark.parametrize("specimen", [s for s in Specimen if s is not Specimen.BONE_MARROW])
def test_only_marrow_excludes_disease(specimen: Specimen) -> None:
    criterion = judge(MEETS, NONE_SEEN, NO_DISEASE, specimen=specimen)
    assert criterion.state is REVIEW
    assert codes(criterion)[0] == "NOT_MARROW"


@pytest.mark.parametrize(("percent", "state"), [(0.0999999, MET), (0.01, MET), (0.00999, REVIEW)])
def test_a_reviewer_confirms_low_mrd(percent: float, state: CriterionState) -> None:
    disease = burden(BurdenState.MRD_POSITIVE, percent)
    assert judge(MEETS, disease, reviewed=True).state is state


@pytest.mark.parametrize("disease", [burden(state, 1) for state in BurdenState])
@pytest.mark.parametrize(
    ("clinical", "state", "code"),
    [
        (None, REVIEW, "IHC_NOT_ASSESSED"),
        ({}, REVIEW, "IHC_NOT_ASSESSED"),
        ({"ihc_cd5_percent": 69.9}, NOT_MET, "CD5_NOT_MET"),
        ({"ihc_cd5_percent": 0}, NOT_MET, "CD5_NOT_MET"),
        ({"ihc_cd5_percent": 70}, REVIEW, "DISCORDANT_FLOW_IHC"),
    ],
)
def test_where_cd5_fails_ihc_decides(
    disease: BurdenSection, clinical: dict[str, Any] | None, state: CriterionState, code: str
) -> None:
    criterion = judge(FAILS, disease, clinical)
    assert criterion.state is state
    assert codes(criterion) == [code]


def test_ihc_is_compared_as_the_protocol_says() -> None:
    assert judge(FAILS, OVERT, {"ihc_cd5_percent": 90}, protocol=C90).state is NOT_MET
    assert judge(FAILS, OVERT, {"ihc_cd5_percent": 90.1}, protocol=C90).state is REVIEW


def test_where_a_protocol_closes_ihc_flow_alone_decides() -> None:
    routes = C70.routes.model_copy(update={"ihc": False})
    closed = C70.model_copy(update={"routes": routes})
    assert judge(FAILS, OVERT, protocol=closed).state is NOT_MET
    given = {"ihc_cd5_percent": 90}
    assert judge(FAILS, OVERT, given, protocol=closed).state is NOT_MET
    assert judge(Cd5State.NOT_EVALUABLE, OVERT, given, protocol=closed).state is NOT_EVALUABLE


@pytest.mark.parametrize("disease", [burden(state, 1) for state in BurdenState])
@pytest.mark.parametrize("ihc", [None, 0, 100])
def test_borderline_cd5_is_for_review(disease: BurdenSection, ihc: float | None) -> None:
    clinical = {**EXTRAMEDULLARY, "ihc_cd5_percent": ihc}
    assert judge(Cd5State.BORDERLINE, disease, clinical).state is REVIEW


@pytest.mark.parametrize("disease", [burden(state, 1) for state in BurdenState])
@pytest.mark.parametrize(
    ("clinical", "state"),
    [
        (None, NOT_EVALUABLE),
        (EXTRAMEDULLARY, NOT_EVALUABLE),
        ({"ihc_cd5_percent": 95}, REVIEW),
        ({"ihc_cd5_percent": 0}, REVIEW),
    ],
)
def test_without_cd5_there_is_no_verdict_unless_ihc_is_given(
    disease: BurdenSection, clinical: dict[str, Any] | None, state: CriterionState
) -> None:
    assert judge(Cd5State.NOT_EVALUABLE, disease, clinical).state is state


@pytest.mark.parametrize("cd5_state", list(Cd5State))
def test_failed_quality_withholds_the_verdict(cd5_state: Cd5State) -> None:
    criterion = judge(cd5_state, OVERT, quality_state=QualityState.FAIL)
    assert criterion.state is NOT_EVALUABLE
    assert codes(criterion) == ["QUALITY_FAIL"]


CAPS: list[tuple[dict[str, Any], str]] = [
    ({"timepoint": Timepoint.UNSTATED}, "TIMEPOINT_UNSTATED"),
    ({"timepoint": Timepoint.DIAGNOSIS}, "TIMEPOINT_DIAGNOSIS"),
    ({"supplied_fmo_refused": True}, "FMO_REFUSED"),
    ({"blasts_use_cd5": True}, "BLASTS_USE_CD5"),
    ({"specimen": Specimen.UNKNOWN}, "SPECIMEN_UNSETTLED"),
    ({"prior_therapy": (PriorTherapy.ALLO_HSCT, PriorTherapy.CD5_CAR)}, "AFTER_CD5_CAR"),
]


@pytest.mark.parametrize(("context", "code"), CAPS)
@pytest.mark.parametrize(
    ("numbers", "uncapped"),
    [
        ((MEETS, OVERT, None), MET),
        ((MEETS, NONE_SEEN, EXTRAMEDULLARY), MET),
        ((MEETS, NONE_SEEN, NO_DISEASE), NOT_MET),
        ((FAILS, OVERT, {"ihc_cd5_percent": 3}), NOT_MET),
        ((Cd5State.BORDERLINE, OVERT, None), REVIEW),
    ],
)
def test_at_most_review(
    numbers: tuple[Cd5State, BurdenSection, dict[str, Any] | None],
    uncapped: CriterionState,
    context: dict[str, Any],
    code: str,
) -> None:
    assert judge(*numbers).state is uncapped
    criterion = judge(*numbers, **context)
    assert criterion.state is REVIEW
    assert code in codes(criterion)


@pytest.mark.parametrize(("context", "code"), CAPS)
def test_no_bound_makes_a_verdict_where_there_is_none(context: dict[str, Any], code: str) -> None:
    assert judge(Cd5State.NOT_EVALUABLE, OVERT, **context).state is NOT_EVALUABLE


def test_all_bounds_are_named() -> None:
    context: dict[str, Any] = {}
    for cap, _ in CAPS[1:]:
        context |= cap
    assert set(codes(judge(MEETS, OVERT, **context))) == {
        "NOT_MARROW_OR_BLOOD",
        "MORPHOLOGY_UNKNOWN",
        "MRD_ELSEWHERE_UNKNOWN",
        "EXTRAMEDULLARY_UNKNOWN",
        *(code for _, code in CAPS[1:]),
    }


@pytest.mark.parametrize(("diagnosis", "state"), [("T-ALL", MET), ("AML", REVIEW), (None, REVIEW)])
def test_the_diagnosis_proves_what_cd7_alone_does_not(
    diagnosis: str | None, state: CriterionState
) -> None:
    clinical = {"diagnosis": diagnosis}
    assert judge(MEETS, OVERT, clinical, cd7_alone=True).state is state
    assert judge(FAILS, OVERT, {"ihc_cd5_percent": 3}, cd7_alone=True).state is REVIEW
    assert judge(MEETS, NONE_SEEN, NO_DISEASE, cd7_alone=True).state is NOT_MET  # of no blasts


def test_a_phenotype_at_diagnosis_proves_it_too() -> None:
    assert judge(MEETS, OVERT, cd7_alone=True, at_diagnosis=True).state is MET


# After CD5 CAR-T cells blasts take CD5 in for a while

SAMPLED = date(2026, 3, 31)


def after_cells(given_on: str | None, **context: Any) -> CriterionSection:
    clinical: dict[str, Any] = {"ihc_cd5_percent": 3, "last_cd5_car_date": given_on}
    settings: dict[str, Any] = {
        "low_cd5": True,
        "sampled_on": SAMPLED,
        "internalisation_days": 30,
    } | context
    return judge(FAILS, OVERT, clinical, **settings)


@pytest.mark.parametrize(
    ("given_on", "told"),
    [
        ("2026-03-31", ["AFTER_CD5_CAR", "CD5_INTERNALISED"]),
        ("2026-03-01", ["AFTER_CD5_CAR", "CD5_INTERNALISED"]),  # the thirtieth day
        ("2026-02-28", ["AFTER_CD5_CAR"]),
        ("2026-04-01", []),  # after the specimen
    ],
)
def test_a_low_share_within_thirty_days_is_for_review(given_on: str, told: list[str]) -> None:
    criterion = after_cells(given_on)

    assert codes(criterion) == ["CD5_NOT_MET", *told]
    assert criterion.state is (REVIEW if told else NOT_MET)


def test_how_long_ago_is_said_to_be_unknown() -> None:
    by_option = {"prior_therapy": (PriorTherapy.CD5_CAR,)}
    no_date = after_cells(None, **by_option)
    no_day = after_cells("2026-03-20", sampled_on=None)
    later_ones = after_cells("2026-04-01", **by_option)

    for criterion in (no_date, no_day, later_ones):
        assert criterion.state is REVIEW
        assert codes(criterion) == ["CD5_NOT_MET", "AFTER_CD5_CAR", "CD5_INTERNALISED"]
        assert "unknown" in str(criterion.reasons[-1])


def test_a_share_that_meets_is_not_held_against_internalisation() -> None:
    clinical = {"last_cd5_car_date": "2026-03-20"}
    criterion = judge(
        MEETS, OVERT, clinical, sampled_on=SAMPLED, internalisation_days=30, low_cd5=False
    )

    assert codes(criterion) == ["DISEASE_OVERT", "AFTER_CD5_CAR"]


@pytest.mark.parametrize("therapy", [t for t in PriorTherapy if t is not PriorTherapy.CD5_CAR])
def test_other_therapies_leave_the_verdict(therapy: PriorTherapy) -> None:
    assert judge(MEETS, OVERT, prior_therapy=(therapy,)).state is MET


@pytest.mark.parametrize("timepoint", [Timepoint.RELAPSE, Timepoint.MRD])
def test_the_verdict_does_not_depend_on_relapse_or_mrd(timepoint: Timepoint) -> None:
    assert judge(MEETS, OVERT, timepoint=timepoint).state is MET


@pytest.mark.parametrize(("percent", "state"), [(5.0, MET), (4.999, REVIEW), (0.2, REVIEW)])
def test_without_an_nk_marker_low_burden_is_for_review(
    percent: float, state: CriterionState
) -> None:
    disease = burden(BurdenState.MRD_POSITIVE, percent)
    assert judge(MEETS, disease).state is MET
    assert judge(MEETS, disease, nk_unresolved=True).state is state


def test_flow_alone_does_not_know_the_clinic() -> None:
    criterion = judge(MEETS, NONE_SEEN, EXTRAMEDULLARY)
    assert (criterion.state, criterion.flow_state) == (MET, REVIEW)
    criterion = judge(FAILS, OVERT, {"ihc_cd5_percent": 3})
    assert (criterion.state, criterion.flow_state) == (NOT_MET, REVIEW)
    criterion = judge(Cd5State.NOT_EVALUABLE, OVERT, {"ihc_cd5_percent": 90})
    assert (criterion.state, criterion.flow_state) == (REVIEW, NOT_EVALUABLE)
    criterion = judge(MEETS, OVERT, {"diagnosis": "T-ALL"}, cd7_alone=True)
    assert (criterion.state, criterion.flow_state) == (MET, REVIEW)


BELOW_ONE = burden(BurdenState.MRD_POSITIVE, 0.4, high=0.5)
AROUND_ONE = burden(BurdenState.MRD_POSITIVE, 0.9, high=1.1)


@pytest.mark.parametrize(
    ("disease", "clinical", "state"),
    [
        (burden(BurdenState.OVERT, 1.2), None, MET),
        (BELOW_ONE, None, REVIEW),
        (BELOW_ONE, {"morphology_blasts_percent": 5.1}, MET),
        (BELOW_ONE, {"morphology_blasts_percent": 5}, NOT_MET),
        (AROUND_ONE, {"morphology_blasts_percent": 5}, REVIEW),
        (burden(BurdenState.MRD_POSITIVE, 0.4), {"morphology_blasts_percent": 5}, REVIEW),
        (burden(BurdenState.MRD_BELOW_LLOQ, 0.4), {"morphology_blasts_percent": 5}, REVIEW),
        (NONE_SEEN, {"morphology_blasts_percent": 5}, REVIEW),  # the scope is not shown to hold it
        (NONE_SEEN, {"morphology_blasts_percent": 5, "diagnosis": "T-ALL"}, NOT_MET),
        (NONE_SEEN, NO_DISEASE, NOT_MET),
        (NONE_SEEN, EXTRAMEDULLARY, REVIEW),
    ],
)
def test_a_protocol_without_mrd_and_extramedullary_routes(
    disease: BurdenSection, clinical: dict[str, Any] | None, state: CriterionState
) -> None:
    assert judge(MEETS, disease, clinical, protocol=C90).state is state


def test_low_burden_outside_marrow_excludes_nothing() -> None:
    clinical = {"morphology_blasts_percent": 1}
    criterion = judge(MEETS, BELOW_ONE, clinical, protocol=C90, specimen=Specimen.PERIPHERAL_BLOOD)
    assert criterion.state is REVIEW


def test_every_combination_has_a_state_and_a_reason_and_met_needs_cd5() -> None:
    clinicals: list[dict[str, Any] | None] = [
        None,
        NO_DISEASE,
        EXTRAMEDULLARY,
        {"ihc_cd5_percent": 3},
        {"ihc_cd5_percent": 80, "morphology_blasts_percent": 60},
    ]
    for cd5_state, burden_state, clinical, protocol in product(
        Cd5State, BurdenState, clinicals, (C70, C90)
    ):
        criterion = judge(cd5_state, burden(burden_state, 0.5), clinical, protocol=protocol)
        assert criterion.reasons
        assert all(": " in str(reason) for reason in criterion.reasons)
        if criterion.state is MET or criterion.flow_state is MET:
            assert cd5_state is MEETS
        if criterion.state is NOT_MET:
            assert cd5_state in {MEETS, FAILS} or burden_state is BurdenState.NOT_DETECTED
            assert clinical is not None


def test_a_burden_that_hangs_on_the_start_of_grouping_is_for_a_person() -> None:
    sure = burden(BurdenState.OVERT, percent=20)
    moved = sure.model_copy(update={"second_start_percent": 15.0})

    assert judge(Cd5State.MEETS, sure).state is CriterionState.MET
    found = judge(Cd5State.MEETS, moved)
    assert found.state is CriterionState.REVIEW
    (why,) = (one for one in found.reasons if one.code == "SECOND_START")
    assert why.values == {"percent": 20, "again": 15.0}
