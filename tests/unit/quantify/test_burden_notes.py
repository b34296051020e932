"""What stands beside a burden, at the limits of each rule."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cd5flow.config.shipped import strategy_file
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.limits import RelapseReading
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BurdenState, Specimen
from cd5flow.quantify.burden_notes import burden_notes
from support.report_factory import make_burden

LIMITS = load_strategy(strategy_file("t-all-mrd")).value.burden


def notes(
    state: BurdenState = BurdenState.NOT_DETECTED,
    percent: float | None = 0.0,
    *,
    specimen: Specimen = Specimen.BONE_MARROW,
    **kinds: float,
) -> tuple[Reason, ...]:
    return burden_notes(
        make_burden(state=state, percent=percent, reasons=()),
        specimen=specimen,
        kinds=kinds or None,
        limits=LIMITS,
    )


def codes(said: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in said]


@pytest.mark.parametrize(
    ("immature", "t_cells", "code"),
    [
        (0.29, 10.0, "HAEMODILUTION"),
        (0.3, 10.0, "MARROW_LIKE"),  # enough immature cells
        (0.29, 9.9, "MARROW_LIKE"),  # fewer T cells than blood has
        (0.0, 25.0, "HAEMODILUTION"),
    ],
)
def test_blood_has_t_cells_and_hardly_an_immature_cell(
    immature: float, t_cells: float, code: str
) -> None:
    half = immature / 2
    assert codes(notes(t_cells=t_cells, progenitors=half, b_precursors=half)) == [code]


@pytest.mark.parametrize(("immature", "recovers"), [(7.9, False), (8.0, True), (30.0, True)])
def test_many_immature_cells_are_a_marrow_that_recovers(immature: float, *, recovers: bool) -> None:
    assert ("REGENERATION" in codes(notes(b_precursors=immature))) is recovers


def test_a_tube_that_tells_no_kinds_of_cells_says_so() -> None:
    assert codes(notes()) == ["HAEMODILUTION_UNKNOWN"]


@pytest.mark.parametrize("specimen", [s for s in Specimen if s is not Specimen.BONE_MARROW])
def test_other_specimens_have_no_such_notes(specimen: Specimen) -> None:
    assert notes(BurdenState.OVERT, 40.0, specimen=specimen, t_cells=20.0) == ()


@pytest.mark.parametrize(
    ("percent", "case", "others"),
    [
        (100.0, "suffices", None),
        (25.0, "suffices", None),
        (24.99, "another", 1),
        (5.0, "another", 1),
        (4.99, "others", 2),
        (1.0, "others", 2),
        (0.99, "below", None),
    ],
)
def test_the_consensus_reads_a_relapse_by_the_share_and_other_tests(
    percent: float, case: str, others: int | None
) -> None:
    said = notes(BurdenState.MRD_POSITIVE, percent, b_precursors=1.0)
    (reading,) = (one for one in said if one.code == "RELAPSE_READING")
    assert reading.case == case
    assert reading.values.get("others") == others
    if others:
        assert reading.values["least"] == 1


@pytest.mark.parametrize(
    "state",
    [s for s in BurdenState if s not in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}],
)
def test_what_is_not_quantified_has_no_such_reading(state: BurdenState) -> None:
    assert "RELAPSE_READING" not in codes(notes(state, 30.0, b_precursors=1.0))


def test_six_percent_is_a_relapse_by_the_trial_and_not_alone_by_the_consensus() -> None:
    said = notes(BurdenState.OVERT, 6.0, b_precursors=1.0)
    assert "a relapse needs 1 more test at 1 % or above" in str(said[-1])


def test_a_strategy_may_ask_for_neither() -> None:
    silent = LIMITS.model_copy(update={"marrow": None, "relapse_reading": None})
    burden = make_burden(state=BurdenState.OVERT, percent=40.0, reasons=())
    assert (
        burden_notes(burden, specimen=Specimen.BONE_MARROW, kinds={"t_cells": 30.0}, limits=silent)
        == ()
    )


@pytest.mark.parametrize("shares", [(5.0, 25.0), (5.0, 5.0)])
def test_steps_that_do_not_fall_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="fall"):
        RelapseReading.model_validate(
            {
                "source": "someone",
                "other_test_percent": 1,
                "steps": [{"at_least_percent": s, "other_tests": 0} for s in shares],
            }
        )
