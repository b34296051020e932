"""The CD5 part of the early-T-precursor definition, and how the blasts stand to T cells."""

from __future__ import annotations

import pytest

from cd5flow.quantify.cuts import ControlSignal
from support.cd5_judging import judge, judge_share
from support.readout_factory import (
    BRIGHT,
    at,
    cd5_limits,
    readout,
)
from support.share_rules import over

# The CD5 part of the early-T-precursor definition, beside the state for every value


@pytest.mark.parametrize(
    ("positive", "held"),
    [(300, True), (6_999, True), (7_000, True), (7_499, True), (7_500, False), (9_000, False)],
)
def test_fewer_than_three_quarters_is_the_etp_part(positive: int, *, held: bool) -> None:
    cd5 = judge_share(positive, 10_000)

    assert cd5.etp_component is held
    assert ("ETP_CD5_PART" in [note.code for note in cd5.notes]) is held
    assert all("ETP" not in str(reason) for reason in cd5.reasons)


@pytest.mark.parametrize(("place", "held"), [(BRIGHT / 10, True), (BRIGHT / 10 + 1, False)])
def test_a_median_ten_fold_below_t_cells_is_the_etp_part_too(place: float, *, held: bool) -> None:
    cd5 = judge(readout(at((1000, place))))

    assert cd5.percent == 100
    assert cd5.intensity is not None
    assert cd5.intensity.far_below_t_cells is held
    assert cd5.etp_component is held
    assert len(cd5.notes) == held
    assert all("at least 10 times below" in str(note) for note in cd5.notes)
    assert all("without a diagnosis" in str(note) for note in cd5.notes)


@pytest.mark.parametrize(("t_cells", "known"), [(49, False), (50, True)])
def test_the_ratio_asks_for_fifty_t_cells(t_cells: int, *, known: bool) -> None:
    cd5 = judge(
        readout(
            at((1000, BRIGHT / 2)),
            t_cells=at((t_cells, BRIGHT)),
            controls=[ControlSignal("positive", at(), 100)],
        )
    )

    assert cd5.intensity is not None
    assert cd5.intensity.percent_of_t_cells == (50 if known else None)
    assert cd5.etp_component is (False if known else None)


def test_blasts_about_zero_lie_far_below_t_cells_though_no_ratio_says_so() -> None:
    cd5 = judge(readout(at((1000, -5.0))))

    assert cd5.intensity is not None
    assert cd5.intensity.percent_of_t_cells is None
    assert cd5.intensity.far_below_t_cells is True


def test_both_parts_are_told() -> None:
    notes = [str(note) for note in judge_share(100, 1000).notes]

    assert len(notes) == 2
    assert "below 75 %" in notes[0]
    assert "at least 10 times below" in notes[1]


def test_the_note_claims_no_diagnosis() -> None:
    (note,) = judge_share(7_250, 10_000).notes

    assert "meets the trial's rule (>= 70 %)" in str(note)
    assert "below 75 %, the CD5 part of the early-T-precursor definition" in str(note)
    assert "without a diagnosis" in str(note)


def test_a_share_that_misses_the_trials_rule_does_not_claim_to_meet_it() -> None:
    (note,) = judge_share(6_000, 10_000).notes

    assert "trial's rule" not in str(note)
    assert "below 75 %" in str(note)


def test_a_share_just_below_the_limit_is_not_printed_as_the_limit() -> None:
    (note,) = judge_share(749_996, 1_000_000).notes

    assert "74.9996 %" in str(note)


def test_a_protocol_that_asks_for_more_has_no_note() -> None:
    assert judge_share(9_500, 10_000, threshold=over(90)).notes == ()
    assert judge_share(6_000, 10_000, threshold=over(50)).notes != ()
    off = judge_share(7_250, 10_000, limits=cd5_limits(etp_percent=None))
    assert off.notes == ()
    assert off.etp_component is None


def test_there_is_no_note_without_a_number() -> None:
    assert judge_share(725, 1000, compensated=False).notes == ()
