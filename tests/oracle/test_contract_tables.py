"""Every row of the published state tables, with the input that reaches it.

The tables are what other programs rely on: burden, CD5, criterion. One row here is one row there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cd5flow.config.shipped import list_strategies, protocol_file, strategy_file
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.protocol import load_protocol
from cd5flow.criteria.verdict import Context, judge_criterion
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.limits import BurdenLimits, Cd5Limits
from cd5flow.model.populations import UNPROVEN
from cd5flow.model.reasons import Reason
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    CriterionSection,
    CriterionState,
    CutMethod,
    PriorTherapy,
    QualityState,
    Scope,
    Specimen,
    Timepoint,
)
from cd5flow.quantify.burden import BurdenCounts, judge_burden
from cd5flow.quantify.cd5 import Circumstances, judge_cd5, measure
from cd5flow.quantify.cuts import ControlSignal, NegativeReference, Readout
from support.lineage_factory import PROVEN, with_lineage
from support.readout_factory import AXIS, BRIGHT, CENTRE, CUT, at, cd5_limits, readout, spread
from support.report_factory import make_cd5
from support.share_rules import at_least, over

PROTOCOL = load_protocol(protocol_file("cd5-cart-70")).value
SHIPPED = load_strategy(strategy_file("t-all-mrd")).value.burden


# Burden


def burden_of(
    blasts: int,
    cells: int | None,
    *,
    limits: BurdenLimits = SHIPPED,
    scope: Scope | None = Scope.SCD3_NEGATIVE,
    **said: Any,
) -> BurdenSection:
    counts = BurdenCounts(
        blast_events=blasts,
        denominator_events=cells,
        denominator_rule="viable single nucleated cells",
        scope=scope,
        **with_lineage(said),
    )
    return judge_burden(counts, limits=limits, burden_limit_percent=PROTOCOL.burden.overt_percent)


@pytest.mark.parametrize("name", list_strategies())
def test_the_shipped_limits_are_those_of_the_table(name: str) -> None:
    limits = load_strategy(strategy_file(name)).value.burden

    assert (limits.cluster_events, limits.lod_events, limits.lloq_events) == (10, 20, 50)
    assert limits.required_lod_percent == 0.01


ONE_SIGN = Reason("OUTSIDE_PROFILES", events=300, what="T cells with a sign of immaturity")


def lab(**validated: float) -> BurdenLimits:
    """Return the shipped limits with a laboratory's own."""
    return SHIPPED.model_copy(update=validated)


BURDEN: dict[str, tuple[BurdenSection, BurdenState]] = {
    "percent above the limit, n >= 50": (burden_of(5_001, 100_000), BurdenState.OVERT),
    "the fewest that are overt": (burden_of(50, 999), BurdenState.OVERT),
    "above the limit but n < 50": (burden_of(49, 500), BurdenState.MRD_BELOW_LLOQ),
    "5.00 % exactly is not overt": (burden_of(5_000, 100_000), BurdenState.MRD_POSITIVE),
    "n >= 50, not overt": (burden_of(50, 1_000_000), BurdenState.MRD_POSITIVE),
    "49": (burden_of(49, 1_000_000), BurdenState.MRD_BELOW_LLOQ),
    "20": (burden_of(20, 1_000_000), BurdenState.MRD_BELOW_LLOQ),
    "a cluster of 19": (burden_of(19, 1_000_000), BurdenState.INDETERMINATE),
    "a cluster of 10": (burden_of(10, 1_000_000), BurdenState.INDETERMINATE),
    "a cluster of 9 is none, LOD 0.002 %": (burden_of(9, 1_000_000), BurdenState.NOT_DETECTED),
    "nothing, LOD 0.01 % exactly": (burden_of(0, 200_000), BurdenState.NOT_DETECTED),
    "nothing, LOD above 0.01 %": (burden_of(0, 199_999), BurdenState.INCONCLUSIVE),
    "scattered cells are no cluster": (
        burden_of(0, 1_000_000, cluster=False, look_alike_events=5_000),
        BurdenState.NOT_DETECTED,
    ),
    "no scope holds": (burden_of(0, 1_000_000, scope=None), BurdenState.INCONCLUSIVE),
    "LOD at the laboratory's LOB": (
        burden_of(0, 1_000_000, limits=lab(validated_lob_percent=0.002)),
        BurdenState.INCONCLUSIVE,
    ),
    "LOD above the laboratory's LOB": (
        burden_of(
            0,
            1_000_000,
            limits=lab(validated_lob_percent=0.002, validated_lod_percent=0.003),
        ),
        BurdenState.NOT_DETECTED,
    ),
    "the laboratory's LOD above 0.01 %": (
        burden_of(0, 1_000_000, limits=lab(validated_lod_percent=0.02)),
        BurdenState.INCONCLUSIVE,
    ),
    "n >= 50 below the laboratory's LLOQ": (
        burden_of(199, 1_000_000, limits=lab(validated_lloq_percent=0.02)),
        BurdenState.MRD_BELOW_LLOQ,
    ),
    "thymus not excluded": (
        burden_of(0, 1_000_000, undecided=(Reason("THYMUS_NOT_EXCLUDED"),)),
        BurdenState.INCONCLUSIVE,
    ),
    "T cells with one sign of immaturity": (
        burden_of(0, 1_000_000, undecided=(ONE_SIGN,)),
        BurdenState.INCONCLUSIVE,
    ),
    "these do not displace ten accepted blasts": (
        burden_of(10, 1_000_000, undecided=(ONE_SIGN,)),
        BurdenState.INDETERMINATE,
    ),
    "a cluster of unproven lineage does not displace fifty": (
        burden_of(50, 1_000_000, unproven_cluster=True),
        BurdenState.MRD_POSITIVE,
    ),
    "blasts not told from normal cells": (
        burden_of(0, 1_000_000, searched=False),
        BurdenState.INCONCLUSIVE,
    ),
    "a CD45-dim cluster of unproven lineage": (
        burden_of(0, 1_000_000, cluster=False, unproven_cluster=True),
        BurdenState.INCONCLUSIVE,
    ),
    "no denominator": (burden_of(0, None), BurdenState.NOT_EVALUABLE),
    "an empty denominator": (burden_of(0, 0), BurdenState.NOT_EVALUABLE),
    "quality failed": (burden_of(5_001, 100_000, quality_fail=True), BurdenState.NOT_EVALUABLE),
}


@pytest.mark.parametrize("row", BURDEN)
def test_burden(row: str) -> None:
    section, state = BURDEN[row]

    assert section.state is state
    assert section.reasons
    assert (section.level is not None) == (state in {BurdenState.OVERT, BurdenState.MRD_POSITIVE})


@pytest.mark.parametrize("row", BURDEN)
def test_a_percentage_is_a_number_wherever_there_are_cells_to_count(row: str) -> None:
    section, _ = BURDEN[row]
    undecided = {"not told", "of unproven lineage", "thymus", "one sign"}
    unknown = section.denominator_events == 0 or (
        section.state is BurdenState.INCONCLUSIVE and any(word in row for word in undecided)
    )

    assert (section.percent is None) is unknown
    assert unknown or section.percent == pytest.approx(
        100 * section.blast_events / section.denominator_events
    )


def test_not_detected_always_has_its_scope_and_counts_no_look_alike() -> None:
    for section, state in BURDEN.values():
        if state is BurdenState.NOT_DETECTED:
            assert section.scope is not None
            assert section.percent == 0
    assert BURDEN["scattered cells are no cluster"][0].look_alike_events == 5_000


def test_every_burden_state_is_reached() -> None:
    assert {state for _, state in BURDEN.values()} == set(BurdenState)


@pytest.mark.parametrize(
    ("blasts", "level"),
    [
        (50_000, ">=5%"),
        (49_999, "1-5%"),
        (10_000, "1-5%"),
        (9_999, "0.1-1%"),
        (1_000, "0.1-1%"),
        (999, "0.01-0.1%"),
        (100, "0.01-0.1%"),
        (99, "<0.01%"),
    ],
)
def test_a_level_holds_its_lower_bound(blasts: int, level: str) -> None:
    assert burden_of(blasts, 1_000_000).level == level


def test_not_detected_is_never_said_without_sensitivity_upper_limit_and_count_rule() -> None:
    section, _ = BURDEN["a cluster of 9 is none, LOD 0.002 %"]
    (reason,) = (r for r in section.reasons if r.code == "NO_CLUSTER_SEEN")

    assert "count rule: 20 of 1,000,000 events" in str(reason)
    assert "0.002 %" in str(reason)
    assert f"upper 95 % limit {section.upper95_percent:.2g} %" in str(reason)
    assert section.lod_percent == pytest.approx(0.002)
    assert section.lod_by == "count rule"


# CD5

LIMITS = cd5_limits()
POSITIVE_80 = at((800, 1e4), (200, -100.0))
POSITIVE_20 = at((200, 1e4), (800, -100.0))
FINE = Circumstances(
    has_cd5=True,
    panel_gap=(),
    compensated=True,
    lineage=PROVEN,
    blast_events=1000,
    quality_fail=False,
)
DIM = spread(1000, 700.0, 0.2, decades=True)
BROAD = spread(1000, 700.0, 0.6, decades=True)
FMO = ControlSignal("fmo", spread(2000))


def cd5_of(
    tube: Readout | None, *, limits: Cd5Limits = LIMITS, asked: float = 70, **said: Any
) -> Cd5Section:
    """Return the CD5 section of a tube that is fine but for what is said."""
    measured = None if tube is None else measure(tube, axis=AXIS, limits=limits)
    blasts = 1000 if tube is None else int(tube.blasts.size)
    return judge_cd5(
        measured,
        threshold=at_least(asked),
        limits=limits,
        circumstances=replace(FINE, **with_lineage({"blast_events": blasts, **said})),
    )


def bright_share(positive: int, n: int) -> Readout:
    return readout(at((positive, 1e4), (n - positive, -100.0)))


NO_NEGATIVES: dict[str, Any] = {"references": ()}
DIM_T_CELLS = at((200, CENTRE))
"""T cells of a tube in which CD5 was forgotten."""

CD5: dict[str, tuple[Cd5Section, Cd5State, str | None]] = {
    "all on one side, by internal negatives": (
        cd5_of(readout(POSITIVE_80)),
        Cd5State.MEETS,
        None,
    ),
    "all on one side, by an FMO": (
        cd5_of(readout(POSITIVE_80, controls=[FMO])),
        Cd5State.MEETS,
        None,
    ),
    "all on one side, by a validated fixed cut": (
        cd5_of(
            readout(POSITIVE_80, **NO_NEGATIVES, controls=[ControlSignal("positive", at(), 100)]),
            limits=cd5_limits(fixed_cut_linear=500.0),
        ),
        Cd5State.MEETS,
        None,
    ),
    "all on the other side": (cd5_of(readout(POSITIVE_20)), Cd5State.DOES_NOT_MEET, None),
    "100 blasts are enough": (cd5_of(bright_share(95, 100)), Cd5State.MEETS, None),
    "proven by a bright mode of the blasts": (
        cd5_of(readout(POSITIVE_20, t_cells=at())),
        Cd5State.DOES_NOT_MEET,
        None,
    ),
    "proven by a positive control": (
        cd5_of(
            readout(spread(1000), t_cells=at(), controls=[ControlSignal("positive", at(), 100)])
        ),
        Cd5State.DOES_NOT_MEET,
        None,
    ),
    "50 to 99 blasts": (cd5_of(bright_share(95, 99)), Cd5State.BORDERLINE, "FEW_BLASTS"),
    "the interval spans": (cd5_of(bright_share(715, 1000)), Cd5State.BORDERLINE, "CI_SPANS"),
    "the band spans": (
        cd5_of(readout(at((6500, 1e4), (1500, CUT * 1.1), (2000, -100.0)))),
        Cd5State.BORDERLINE,
        "BAND_SPANS",
    ),
    "cuts disagree": (
        cd5_of(
            readout(
                at((5000, 1e4), (3000, 700.0), (2000, -100.0)),
                references=[NegativeReference("nk_cells", spread(1000, 10 * CENTRE))],
                controls=[FMO],
            )
        ),
        Cd5State.BORDERLINE,
        "CUTS_DISAGREE",
    ),
    "an isotype cut": (
        cd5_of(
            readout(POSITIVE_80, **NO_NEGATIVES, controls=[ControlSignal("isotype", spread(600))])
        ),
        Cd5State.BORDERLINE,
        "WEAK_CUT",
    ),
    "a valley cut": (
        cd5_of(
            readout(
                np.concatenate([spread(800, 8000.0, 0.1, decades=True), spread(200)]),
                **NO_NEGATIVES,
                controls=[ControlSignal("positive", at(), 100)],
            )
        ),
        Cd5State.BORDERLINE,
        "WEAK_CUT",
    ),
    "dim without FMO, every cut on one side": (
        cd5_of(readout(DIM), asked=30),
        Cd5State.MEETS,
        None,
    ),
    "heterogeneous without FMO, every cut on one side": (
        cd5_of(readout(BROAD), asked=30),
        Cd5State.MEETS,
        None,
    ),
    "dim without FMO, a cut on the other side": (
        cd5_of(readout(spread(2000, 350, 0.1, decades=True))),
        Cd5State.BORDERLINE,
        "DIM_WITHOUT_FMO",
    ),
    "dim with FMO": (cd5_of(readout(DIM, controls=[FMO]), asked=30), Cd5State.MEETS, None),
    "no CD5 in the panel": (cd5_of(None, has_cd5=False), Cd5State.NOT_EVALUABLE, "NO_CD5"),
    "fewer than 50 blasts": (
        cd5_of(bright_share(49, 49)),
        Cd5State.NOT_EVALUABLE,
        "FEW_BLASTS",
    ),
    "no cluster of blasts": (
        cd5_of(readout(at()), cluster=False, blast_events=200),
        Cd5State.NOT_EVALUABLE,
        "FEW_BLASTS",
    ),
    "no CD45 in the panel": (
        cd5_of(readout(POSITIVE_80), panel_gap=("CD45",)),
        Cd5State.NOT_EVALUABLE,
        "LINEAGE_UNPROVEN",
    ),
    "lineage unproven": (
        cd5_of(readout(POSITIVE_80), name=UNPROVEN),
        Cd5State.NOT_EVALUABLE,
        "LINEAGE_UNPROVEN",
    ),
    "CD5 was forgotten": (
        cd5_of(readout(spread(1000), t_cells=DIM_T_CELLS)),
        Cd5State.NOT_EVALUABLE,
        "CD5_REAGENT_UNPROVEN",
    ),
    "99 bright T cells": (
        cd5_of(readout(spread(1000), t_cells=at((99, BRIGHT), (500, CENTRE)))),
        Cd5State.NOT_EVALUABLE,
        "CD5_REAGENT_UNPROVEN",
    ),
    "compensation unknown": (
        cd5_of(readout(POSITIVE_80), compensated=False),
        Cd5State.NOT_EVALUABLE,
        "NOT_COMPENSATED",
    ),
    "no cut": (
        cd5_of(readout(spread(1000), **NO_NEGATIVES)),
        Cd5State.NOT_EVALUABLE,
        "NO_CUT",
    ),
    "quality failed": (
        cd5_of(readout(POSITIVE_80), quality_fail=True),
        Cd5State.NOT_EVALUABLE,
        "QUALITY_FAIL",
    ),
}


@pytest.mark.parametrize("row", CD5)
def test_cd5(row: str) -> None:
    section, state, code = CD5[row]
    codes = [reason.code for reason in section.reasons]

    assert section.state is state
    assert code in codes if code else not codes


def test_every_cd5_state_is_reached() -> None:
    assert {state for _, state, _ in CD5.values()} == set(Cd5State)


def test_every_kind_of_cut_is_used() -> None:
    used = {section.cut.method for section, _, _ in CD5.values() if section.cut is not None}

    assert used == set(CutMethod)


@pytest.mark.parametrize(
    "row", [row for row, (_, state, _) in CD5.items() if state is Cd5State.NOT_EVALUABLE]
)
def test_without_a_state_there_is_a_number_only_where_quality_alone_failed(row: str) -> None:
    assert (CD5[row][0].percent is not None) is (row == "quality failed")


def test_a_share_is_compared_unrounded() -> None:
    below = cd5_of(readout(at((69_960, 1e4), (30_040, -100.0))))

    assert below.percent is not None
    assert below.percent == pytest.approx(69.96)
    assert not at_least(70).holds(below.percent)
    assert at_least(70).holds(70.0)
    assert not over(70).holds(70.0)


# Criterion

MET, NOT_MET = CriterionState.MET, CriterionState.NOT_MET
REVIEW, NOT_EVALUABLE = CriterionState.REVIEW, CriterionState.NOT_EVALUABLE
MEETS, FAILS = Cd5State.MEETS, Cd5State.DOES_NOT_MEET

OVERT = burden_of(40_000, 100_000)
AT_0_1 = burden_of(1_000, 1_000_000)
BELOW_0_1 = burden_of(999, 1_000_000)
BELOW_0_01 = burden_of(99, 1_000_000)
NONE = burden_of(0, 1_000_000)
EXCLUDED = {
    "diagnosis": "T-ALL",
    "morphology_blasts_percent": 5,
    "mrd_positive_elsewhere": False,
    "new_extramedullary_lesions": False,
}
LESIONS = {"new_extramedullary_lesions": True}
LESS = {
    state.value: burden
    for burden, state in BURDEN.values()
    if state.value.startswith(("MRD_B", "IN"))
}


def criterion(
    cd5: Cd5State, burden: BurdenSection, clinical: dict[str, Any] | None = None, **said: Any
) -> CriterionSection:
    context = Context(
        **{
            "timepoint": Timepoint.RELAPSE,
            "specimen": Specimen.BONE_MARROW,
            "quality_state": QualityState.PASS,
            **with_lineage(said),
            "clinical": None if clinical is None else Clinical.model_validate(clinical),
        }
    )
    section = make_cd5(state=cd5, reasons=())
    return judge_criterion(section, burden=burden, protocol=PROTOCOL, context=context)


@pytest.mark.parametrize(
    ("cd5", "burden", "clinical", "state", "code"),
    [
        (MEETS, OVERT, None, MET, "DISEASE_OVERT"),
        (MEETS, AT_0_1, None, MET, "MRD_POSITIVE"),
        (MEETS, BELOW_0_1, None, REVIEW, "MRD_UNCONFIRMED"),
        (MEETS, BELOW_0_01, None, REVIEW, "EXTRAMEDULLARY_UNKNOWN"),
        (MEETS, BELOW_0_01, LESIONS, MET, "EXTRAMEDULLARY"),
        (MEETS, LESS["MRD_BELOW_LLOQ"], None, REVIEW, "EXTRAMEDULLARY_UNKNOWN"),
        (MEETS, LESS["MRD_BELOW_LLOQ"], LESIONS, MET, "EXTRAMEDULLARY"),
        (MEETS, LESS["INDETERMINATE"], None, REVIEW, "EXTRAMEDULLARY_UNKNOWN"),
        (MEETS, LESS["INDETERMINATE"], LESIONS, MET, "EXTRAMEDULLARY"),
        (MEETS, LESS["INCONCLUSIVE"], None, REVIEW, "EXTRAMEDULLARY_UNKNOWN"),
        (MEETS, LESS["INCONCLUSIVE"], LESIONS, MET, "EXTRAMEDULLARY"),
        (MEETS, NONE, None, REVIEW, "EXTRAMEDULLARY_UNKNOWN"),
        (MEETS, NONE, LESIONS, MET, "EXTRAMEDULLARY"),
        (MEETS, NONE, EXCLUDED, NOT_MET, "NOT_DETECTED"),
        (FAILS, OVERT, None, REVIEW, "IHC_NOT_ASSESSED"),
        (FAILS, NONE, {"ihc_cd5_percent": 69.96}, NOT_MET, "CD5_NOT_MET"),
        (FAILS, OVERT, {"ihc_cd5_percent": 70}, REVIEW, "DISCORDANT_FLOW_IHC"),
        (Cd5State.BORDERLINE, OVERT, None, REVIEW, "CD5_BORDERLINE"),
        (Cd5State.BORDERLINE, NONE, EXCLUDED, NOT_MET, "NOT_DETECTED"),
        (Cd5State.NOT_EVALUABLE, NONE, EXCLUDED, NOT_MET, "NOT_DETECTED"),
        (FAILS, NONE, EXCLUDED, NOT_MET, "NOT_DETECTED"),
        (FAILS, NONE, None, REVIEW, "IHC_NOT_ASSESSED"),
        (Cd5State.BORDERLINE, NONE, None, REVIEW, "CD5_BORDERLINE"),
        (Cd5State.NOT_EVALUABLE, OVERT, None, NOT_EVALUABLE, "CD5_NOT_EVALUABLE"),
        (Cd5State.NOT_EVALUABLE, OVERT, {"ihc_cd5_percent": 90}, REVIEW, "IHC_GIVEN"),
    ],
)
def test_criterion(
    cd5: Cd5State,
    burden: BurdenSection,
    clinical: dict[str, Any] | None,
    state: CriterionState,
    code: str,
) -> None:
    judged = criterion(cd5, burden, clinical)

    assert judged.state is state
    assert code in [reason.code for reason in judged.reasons]


def test_a_reviewer_lifts_low_mrd() -> None:
    assert criterion(MEETS, BELOW_0_1, reviewed=True).state is MET


AT_MOST_REVIEW: dict[str, tuple[dict[str, Any], str]] = {
    "time point unstated": ({"timepoint": Timepoint.UNSTATED}, "TIMEPOINT_UNSTATED"),
    "diagnosis": ({"timepoint": Timepoint.DIAGNOSIS}, "TIMEPOINT_DIAGNOSIS"),
    "a supplied FMO refused": ({"supplied_fmo_refused": True}, "FMO_REFUSED"),
    "blasts chosen by CD5": ({"blasts_use_cd5": True}, "BLASTS_USE_CD5"),
    "specimen unknown": ({"specimen": Specimen.UNKNOWN}, "SPECIMEN_UNSETTLED"),
    "tissue": ({"specimen": Specimen.TISSUE}, "SPECIMEN_UNSETTLED"),
    "fluid": ({"specimen": Specimen.FLUID}, "SPECIMEN_UNSETTLED"),
    "after cd5_car": ({"prior_therapy": (PriorTherapy.CD5_CAR,)}, "AFTER_CD5_CAR"),
}


@pytest.mark.parametrize("row", AT_MOST_REVIEW)
@pytest.mark.parametrize(
    ("cd5", "burden", "clinical"),
    [(MEETS, OVERT, None), (MEETS, NONE, EXCLUDED), (FAILS, OVERT, {"ihc_cd5_percent": 5})],
)
def test_always_at_most_review(
    row: str, cd5: Cd5State, burden: BurdenSection, clinical: dict[str, Any] | None
) -> None:
    said, code = AT_MOST_REVIEW[row]
    judged = criterion(cd5, burden, clinical, **said)

    assert criterion(cd5, burden, clinical).state in {MET, NOT_MET}
    assert judged.state is REVIEW
    assert code in [reason.code for reason in judged.reasons]


@pytest.mark.parametrize(
    ("bound", "code"),
    [({"cd7_alone": True}, "LINEAGE_BY_CD7_ALONE"), ({"edited_t_cells": True}, "EDITED_T_CELLS")],
)
def test_blasts_in_doubt_are_at_most_review(bound: dict[str, Any], code: str) -> None:
    for cd5, clinical in ((MEETS, None), (FAILS, {"ihc_cd5_percent": 5})):
        judged = criterion(cd5, OVERT, clinical, **bound)
        assert judged.state is REVIEW
        assert code in [reason.code for reason in judged.reasons]


def test_the_diagnosis_lifts_cd7_alone() -> None:
    known = {"diagnosis": "T-ALL"}

    assert criterion(MEETS, OVERT, known, cd7_alone=True).state is MET
    assert criterion(MEETS, OVERT, cd7_alone=True, at_diagnosis=True).state is MET


# What keeps "no disease" from denying the criterion: each part of the table's first row


@pytest.mark.parametrize("cd5", Cd5State)
@pytest.mark.parametrize(
    ("changed", "said", "code"),
    [
        ({"morphology_blasts_percent": None}, {}, "MORPHOLOGY_UNKNOWN"),
        ({"morphology_blasts_percent": 5.01}, {}, "DISCORDANT_FLOW_MORPHOLOGY"),
        ({"mrd_positive_elsewhere": None}, {}, "MRD_ELSEWHERE_UNKNOWN"),
        ({"mrd_positive_elsewhere": True}, {}, "MRD_ELSEWHERE"),
        ({"new_extramedullary_lesions": None}, {}, "EXTRAMEDULLARY_UNKNOWN"),
        ({"diagnosis": None}, {}, "SCOPE_SHORT"),
        ({"diagnosis": "AML"}, {}, "SCOPE_SHORT"),
        ({}, {"specimen": Specimen.PERIPHERAL_BLOOD}, "NOT_MARROW"),
        ({}, {"specimen": Specimen.CSF}, "NOT_MARROW"),
    ],
)
def test_without_each_part_of_it_no_disease_denies_nothing(
    cd5: Cd5State, changed: dict[str, Any], said: dict[str, Any], code: str
) -> None:
    judged = criterion(cd5, NONE, EXCLUDED | changed, **said)

    assert criterion(cd5, NONE, EXCLUDED).state is NOT_MET
    assert judged.state is not NOT_MET
    if cd5 is MEETS:
        assert code in [reason.code for reason in judged.reasons]


@pytest.mark.parametrize("code", ["HAEMODILUTION", "HAEMODILUTION_UNKNOWN"])
def test_a_marrow_in_doubt_denies_nothing(code: str) -> None:
    told: dict[str, Any] = {"immature": 0.1, "mature": 22.0} if code == "HAEMODILUTION" else {}
    diluted = NONE.model_copy(update={"notes": (Reason(code, **told),)})

    judged = criterion(MEETS, diluted, EXCLUDED)
    assert judged.state is REVIEW
    assert "MARROW_IN_DOUBT" in [reason.code for reason in judged.reasons]


@pytest.mark.parametrize(
    ("scope", "state"),
    [
        (Scope.SCD3_NEGATIVE, NOT_MET),
        (Scope.AT_DIAGNOSIS, NOT_MET),
        (Scope.CD7_POSITIVE, REVIEW),  # CD7 may be lost
    ],
)
def test_the_scope_must_hold_the_diagnosis(scope: Scope, state: CriterionState) -> None:
    assert criterion(MEETS, burden_of(0, 1_000_000, scope=scope), EXCLUDED).state is state


def test_the_phenotype_at_diagnosis_needs_no_word_of_the_clinic() -> None:
    known = {**EXCLUDED, "diagnosis": None}
    at_diagnosis = burden_of(0, 1_000_000, scope=Scope.AT_DIAGNOSIS)

    assert criterion(MEETS, at_diagnosis, known).state is NOT_MET


# 5 % and the levels of MRD are of marrow or blood


@pytest.mark.parametrize("burden", [OVERT, AT_0_1, BELOW_0_1])
@pytest.mark.parametrize("specimen", [Specimen.CSF, Specimen.FLUID, Specimen.TISSUE])
def test_other_specimens_show_disease_as_lesions_do(
    specimen: Specimen, burden: BurdenSection
) -> None:
    unsaid = criterion(MEETS, burden, specimen=specimen)
    lesions = criterion(MEETS, burden, LESIONS, specimen=specimen)

    assert unsaid.state is REVIEW
    assert "NOT_MARROW_OR_BLOOD" in [reason.code for reason in unsaid.reasons]
    assert lesions.state is (MET if specimen is Specimen.CSF else REVIEW)


@pytest.mark.parametrize("specimen", [Specimen.BONE_MARROW, Specimen.PERIPHERAL_BLOOD])
def test_marrow_and_blood_show_it_themselves(specimen: Specimen) -> None:
    assert criterion(MEETS, OVERT, specimen=specimen).state is MET
