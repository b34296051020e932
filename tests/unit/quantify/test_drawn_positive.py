"""CD5-positive blasts that a person's gate counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.reasons import Reason, sentence
from cd5flow.model.result import (
    Cd5Section,
    Cd5State,
    CutMethod,
    CutSection,
    MedianSection,
    Pattern,
)
from cd5flow.quantify.drawn import DrawnPositive, counted
from support.readout_factory import cd5_limits
from support.share_rules import at_least

AT_LEAST_70 = at_least(70)
GATE = "gate 'CD5+' of study.wsp"


def drawn(blasts: list[float], inside: list[bool], edge: float | None = None) -> DrawnPositive:
    return DrawnPositive(
        "CD5+", "study.wsp", np.array(blasts, dtype=np.float32), np.array(inside), edge
    )


def share(positive: int, of: int, edge: float | None = None) -> DrawnPositive:
    """Return blasts of which the brightest lie in the gate, but one that CD5 does not tell."""
    inside = np.arange(of) >= of - positive
    values = np.arange(of, dtype=np.float32)
    values[[0, -1]] = values[[-1, 0]]
    return DrawnPositive("CD5+", "study.wsp", values, inside, edge)


def cut_section(*, by_hand: bool) -> CutSection:
    method = CutMethod.FIXED if by_hand else CutMethod.INTERNAL_NEGATIVE
    return CutSection(
        method=method,
        channel="PE-A",
        linear=5,
        scaled=0.5,
        reference="nk_cells",
        reference_events=900,
        alternatives=(),
        by_hand=by_hand,
    )


def section(**changes: Any) -> Cd5Section:
    """Return a section judged by a cut of ours."""
    base = Cd5Section(
        state=Cd5State.MEETS,
        reasons=(),
        percent=90.0,
        positive_events=180,
        blast_events=200,
        ci95_percent=(85.0, 93.0),
        band_percent=(88.0, 92.0),
        threshold_percent=70,
        operator=">=",
        cut=cut_section(by_hand=False),
        pattern=Pattern.BRIGHT,
        median=MedianSection(blasts=1, negative_reference=0, t_cells=2),
        stain_index=3.0,
    )
    return base.model_copy(update=changes)


def codes(found: Cd5Section) -> list[str]:
    return [reason.code for reason in found.reasons]


def test_the_edge_of_the_gate_is_the_cut() -> None:
    cut = drawn([1, 2, 8, 9], [False, False, True, True], edge=5).cut
    assert cut is not None
    assert (cut.method, cut.linear, cut.by_hand) == (CutMethod.FIXED, 5, True)
    assert sentence(cut.reference) == f"lower edge of {GATE}"


@pytest.mark.parametrize(
    ("edge", "linear"),
    [(2.0, float(np.nextafter(np.float32(2), np.float32(3)))), (1.0, None), (9.0, 8.0), (8.0, 8.0)],
)
def test_an_edge_beside_the_gap_is_moved_into_it(edge: float, linear: float | None) -> None:
    one = drawn([1, 2, 8, 9], [False, False, True, True], edge=edge)
    assert one.cut is not None
    assert one.cut.linear == (linear or float(np.nextafter(np.float32(2), np.float32(3))))


def test_a_gate_without_an_edge_has_no_cut() -> None:
    assert drawn([1, 9], [False, True]).cut is None


def test_a_gate_whose_other_bounds_leave_blasts_out_has_no_cut() -> None:
    assert drawn([1, 8, 9, 10], [False, True, True, False], edge=5).cut is None
    assert drawn([8, 8], [False, True], edge=5).cut is None


def test_a_gate_that_holds_all_blasts_or_none_has_a_cut() -> None:
    every, none = drawn([1, 2], [True, True], edge=0.5), drawn([1, 2], [False, False], edge=5)
    assert every.cut is not None
    assert none.cut is not None
    assert (every.cut.linear, none.cut.linear) == (0.5, 5)
    assert drawn([], [], edge=5).cut is None


@given(
    st.lists(st.floats(-1e4, 1e6, width=32), min_size=1, max_size=50),
    st.floats(-1e4, 1e6),
    st.floats(-1, 1),
)
def test_the_cut_counts_the_events_of_the_gate(
    values: list[float], edge: float, off: float
) -> None:
    blasts = np.array(values, dtype=np.float32)
    one = DrawnPositive("CD5+", "study.wsp", blasts, blasts >= edge, edge + off)
    assert one.cut is not None
    assert np.array_equal(blasts >= one.cut.linear, one.inside)


def test_a_section_judged_by_the_gates_own_edge_stays() -> None:
    mine = section(cut=cut_section(by_hand=True))
    assert (
        counted(mine, share(150, 200, edge=5), threshold=AT_LEAST_70, limits=cd5_limits()) is mine
    )


def test_a_gate_that_is_no_cut_counts_and_gives_no_definite_state() -> None:
    found = counted(section(), share(180, 200), threshold=AT_LEAST_70, limits=cd5_limits())
    assert (found.state, found.percent, found.positive_events) == (Cd5State.BORDERLINE, 90, 180)
    assert found.ci95_percent == pytest.approx((85.06, 93.43), abs=0.02)
    assert found.band_percent == (88, 92)
    assert (found.cut, found.pattern) == (None, None)
    assert tuple(map(str, found.reasons)) == (
        f"NO_LINEAR_CUT: the positive blasts are those in {GATE}; no value of CD5 parts them",
    )


def test_the_band_takes_in_the_count() -> None:
    found = counted(section(), share(100, 200), threshold=AT_LEAST_70, limits=cd5_limits())
    assert found.band_percent == (50, 92)
    assert codes(found) == ["NO_LINEAR_CUT", "BAND_SPANS"]
    found = counted(section(), share(140, 200), threshold=AT_LEAST_70, limits=cd5_limits())
    assert codes(found) == ["NO_LINEAR_CUT", "CI_SPANS"]


def test_what_holds_for_any_cut_stays_and_what_our_cut_alone_said_goes() -> None:
    reasons = (
        Reason("FEW_BLASTS", case="evaluable", blasts=30, least=50),
        Reason("WEAK_CUT", method="valley"),
        Reason("CUTS_DISAGREE", text="far"),
    )
    found = counted(
        section(reasons=reasons), share(180, 200), threshold=AT_LEAST_70, limits=cd5_limits()
    )
    assert codes(found) == ["NO_LINEAR_CUT", "FEW_BLASTS"]


NOT_EVALUABLE = {"state": Cd5State.NOT_EVALUABLE, "percent": None, "positive_events": 0}
NO_NUMBERS = {"ci95_percent": None, "band_percent": None, "pattern": None}


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason("NO_CUT"), "CD5_REAGENT_UNPROVEN"),
        (Reason("CD5_REAGENT_UNPROVEN", case="no_negatives"), "CD5_REAGENT_UNPROVEN"),
        (Reason("QUALITY_FAIL", case="no_state"), "QUALITY_FAIL"),
    ],
)
def test_a_state_that_is_withheld_withholds_no_count(reason: Reason, code: str) -> None:
    bare = section(**NOT_EVALUABLE, **NO_NUMBERS, cut=None, reasons=(reason,))
    found = counted(bare, share(180, 200), threshold=AT_LEAST_70, limits=cd5_limits())
    assert (found.state, found.percent, found.band_percent) == (Cd5State.NOT_EVALUABLE, 90, None)
    assert codes(found) == ["NO_LINEAR_CUT", code]
    mine = bare.model_copy(update={"cut": cut_section(by_hand=True)})
    found = counted(mine, share(180, 200, edge=5), threshold=AT_LEAST_70, limits=cd5_limits())
    assert (found.percent, found.positive_events, found.reasons) == (
        90,
        180,
        (reason,),
    )
    assert found.cut == mine.cut


@pytest.mark.parametrize("code", ["NOT_COMPENSATED", "FEW_BLASTS", "LINEAGE_UNPROVEN", "NO_CD5"])
def test_what_makes_the_count_worthless_withholds_it(code: str) -> None:
    bare = section(
        **NOT_EVALUABLE, **NO_NUMBERS, reasons=(Reason(code, text="so"), Reason("NO_CUT"))
    )
    assert counted(bare, share(180, 200), threshold=AT_LEAST_70, limits=cd5_limits()) is bare


def test_without_blasts_there_is_no_count() -> None:
    bare = section(**NOT_EVALUABLE, **NO_NUMBERS, reasons=(Reason("NO_CUT"),))
    assert counted(bare, drawn([], []), threshold=AT_LEAST_70, limits=cd5_limits()) is bare
