"""The two answers of a tube whose cells are counted by hand: of which cells each is a share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cd5flow.model.result import Cd5State, Check, QualityState, Result
from support.gating_factory import Entry
from support.readout_factory import at, share_of
from support.small_tube import (
    Cells,
    analysed,
    blasts,
    granulocytes,
    limits_of,
    strategy,
    t_cells,
)

NORMAL = (granulocytes(1000), t_cells(300))
UNSTAINED = (granulocytes(1000), t_cells(300, cd5=100.0))
"""The same in an FMO."""
WITHOUT_CD45 = ("cyCD3",)


def population(result: Result, name: str) -> int:
    (found,) = (p for p in result.populations if p.name == name)
    return found.events


def check(result: Result, code: str) -> Check:
    (found,) = (c for c in result.quality.checks if c.code == code)
    return found


# Who is counted, and of whom it is a share


def test_only_blasts_within_the_denominator_are_part_of_the_burden(tmp_path: Path) -> None:
    outside = blasts(share_of(60, 100), carries=WITHOUT_CD45)
    found = analysed(tmp_path, *NORMAL, blasts(share_of(300, 400)), outside).result
    assert (found.burden.blast_events, found.burden.denominator_events) == (400, 1700)
    assert found.burden.percent == pytest.approx(100 * 400 / 1700)


def test_blasts_all_outside_the_denominator_are_no_burden(tmp_path: Path) -> None:
    outside = blasts(share_of(60, 100), carries=WITHOUT_CD45)
    found = analysed(tmp_path, *NORMAL, outside).result
    assert (found.burden.blast_events, found.burden.percent) == (0, 0.0)


def test_cd5_is_a_share_of_all_blasts_and_of_no_other_cells(tmp_path: Path) -> None:
    outside = blasts(share_of(60, 100), carries=WITHOUT_CD45)
    found = analysed(tmp_path, *NORMAL, blasts(share_of(300, 400)), outside).result
    assert (found.cd5.positive_events, found.cd5.blast_events) == (360, 500)
    assert found.cd5.percent == pytest.approx(72.0)
    # T cells are brighter than the cut too, and are not among those.
    assert population(found, "cd5_positive") == 360


def test_blasts_outside_the_denominator_count_towards_the_fewest_that_give_a_share(
    tmp_path: Path,
) -> None:
    outside = blasts(share_of(30, 40), carries=WITHOUT_CD45)
    found = analysed(tmp_path, *NORMAL, blasts(share_of(30, 40)), outside).result
    assert limits_of("cd5")["evaluable_blasts"] == 50
    assert (found.cd5.percent, found.cd5.blast_events) == (75.0, 80)


def test_a_blast_at_the_cut_itself_is_positive(tmp_path: Path) -> None:
    # Where all of an FMO's blasts are alike, the cut is the next number above them.
    dark = 500.0
    cut = float(np.nextafter(np.float32(dark), np.float32(np.inf)))
    fmo = (*UNSTAINED, blasts(at((600, dark))))
    cells = blasts(at((300, cut), (300, dark)))
    found = analysed(tmp_path, *NORMAL, cells, fmo=fmo).result
    assert found.cd5.cut is not None
    assert found.cd5.cut.linear == cut
    assert (found.cd5.positive_events, population(found, "cd5_positive")) == (300, 300)


def test_the_share_in_an_fmo_is_that_of_its_denominator_too(tmp_path: Path) -> None:
    outside = blasts(share_of(0, 200), carries=WITHOUT_CD45)
    fmo = (*UNSTAINED, blasts(share_of(0, 600)))
    sample = (*NORMAL, blasts(share_of(300, 400)))
    more = check(analysed(tmp_path, *sample, fmo=(*fmo, outside)).result, "CONTROL_SHARE")
    plain = check(analysed(tmp_path, *sample, fmo=fmo).result, "CONTROL_SHARE")
    assert more.value == plain.value is not None


def test_the_share_in_the_sample_is_that_of_its_denominator_too(tmp_path: Path) -> None:
    outside = blasts(share_of(100, 200), carries=WITHOUT_CD45)
    fmo = (*UNSTAINED, blasts(share_of(0, 600)))
    sample = (*NORMAL, blasts(share_of(300, 400)))
    more = check(analysed(tmp_path, *sample, outside, fmo=fmo).result, "CONTROL_SHARE")
    plain = check(analysed(tmp_path, *sample, fmo=fmo).result, "CONTROL_SHARE")
    assert more.value == plain.value is not None


# A definite state that a warning check takes back


MEETS = blasts(share_of(380, 400))
"""95 % CD5-positive."""
DOES_NOT_MEET = blasts(share_of(20, 400))
"""5 % CD5-positive."""
BETWEEN = blasts(share_of(280, 400))
"""70 %: the interval spans the threshold."""

bearing = pytest.mark.parametrize(
    ("cells", "plain"),
    [(MEETS, Cd5State.MEETS), (DOES_NOT_MEET, Cd5State.DOES_NOT_MEET)],
    ids=["meets", "does not meet"],
)


def watched(warn: float | None, *, bears: bool = True, fail: float | None = None) -> Entry:
    """Return a strategy with one check: fewer blasts than `warn`, or than `fail`."""
    limits = {"BLASTS": {"worse": "below", "warn": warn, "fail": fail}}
    named = ["BLASTS"] if bears else ["CARRY_OVER"]
    return strategy(quality=limits_of("quality", checks=limits, not_definite=named))


@bearing
def test_without_a_warning_a_state_is_definite(
    tmp_path: Path, cells: Cells, plain: Cd5State
) -> None:
    found = analysed(tmp_path, *NORMAL, cells, by=watched(400)).result
    assert check(found, "BLASTS").state is QualityState.PASS
    assert (found.cd5.state, found.cd5.reasons) == (plain, ())


@bearing
def test_a_warning_that_bears_on_it_takes_a_definite_state_back(
    tmp_path: Path, cells: Cells, plain: Cd5State
) -> None:
    found = analysed(tmp_path, *NORMAL, cells, by=watched(401)).result
    assert check(found, "BLASTS").state is QualityState.WARN
    assert found.cd5.state is Cd5State.BORDERLINE
    assert [r.code for r in found.cd5.reasons] == ["QUALITY_DOUBTFUL"]
    assert "BLASTS" in str(found.cd5.reasons[0])
    assert found.cd5.percent == analysed(tmp_path, *NORMAL, cells).result.cd5.percent


@bearing
def test_a_warning_that_does_not_bear_on_it_leaves_a_state(
    tmp_path: Path, cells: Cells, plain: Cd5State
) -> None:
    found = analysed(tmp_path, *NORMAL, cells, by=watched(401, bears=False)).result
    assert check(found, "BLASTS").state is QualityState.WARN
    assert (found.cd5.state, found.cd5.reasons) == (plain, ())


@bearing
def test_a_check_that_was_not_done_takes_nothing_back(
    tmp_path: Path, cells: Cells, plain: Cd5State
) -> None:
    limits = {"CONTROL_SHARE": {"worse": "above", "warn": 0, "fail": None}}
    by = strategy(quality=limits_of("quality", checks=limits, not_definite=["CONTROL_SHARE"]))
    found = analysed(tmp_path, *NORMAL, cells, by=by).result
    assert check(found, "CONTROL_SHARE").state is QualityState.NOT_DONE
    assert (found.cd5.state, found.cd5.reasons) == (plain, ())


@bearing
def test_a_failed_check_withholds_the_state_and_is_no_mere_doubt(
    tmp_path: Path, cells: Cells, plain: Cd5State
) -> None:
    found = analysed(tmp_path, *NORMAL, cells, by=watched(None, fail=401)).result
    assert check(found, "BLASTS").state is QualityState.FAIL
    assert found.cd5.state is Cd5State.NOT_EVALUABLE
    assert [r.code for r in found.cd5.reasons] == ["QUALITY_FAIL"]


def test_a_state_that_is_not_definite_needs_no_further_doubt(tmp_path: Path) -> None:
    plain = analysed(tmp_path, *NORMAL, BETWEEN).result.cd5
    found = analysed(tmp_path, *NORMAL, BETWEEN, by=watched(401)).result.cd5
    assert plain.state is Cd5State.BORDERLINE
    assert (found.state, found.reasons) == (plain.state, plain.reasons)


MATRIX = """\
CD45 detector,cyCD3 detector,CD3 detector,CD5 detector
1,0,0.2,0
0,1,0,0
0,0,1,0
0,0,0,1
"""
"""A fifth of CD45 is seen in the channel of CD3."""


@bearing
def test_compensation_that_warns_is_named_as_such(
    tmp_path: Path, cells: Cells, plain: Cd5State
) -> None:
    matrix = tmp_path / "matrix.csv"
    matrix.write_text(MATRIX, "utf-8")
    limits = {"SPILLOVER_COEFFICIENT": {"worse": "above", "warn": 0.1, "fail": None}}
    named = ["SPILLOVER_COEFFICIENT"]
    by = strategy(quality=limits_of("quality", checks=limits, not_definite=named))
    found = analysed(tmp_path, *NORMAL, cells, by=by, spillover=matrix).result
    assert found.cd5.state is Cd5State.BORDERLINE
    assert [r.code for r in found.cd5.reasons] == ["COMPENSATION_DOUBTFUL"]
