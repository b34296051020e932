"""Quality of whole tubes: what fails withholds states, and what is removed is missing everywhere."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from cd5flow.analysis.settings import make_settings
from cd5flow.fcs import read_fcs
from cd5flow.fcs.write import write_fcs
from cd5flow.model.events import Values
from cd5flow.model.geometry import Intervals
from cd5flow.model.quality_limits import CheckCode
from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import BurdenState, Cd5State, Check, QualityState, Result
from cd5flow.pipeline import Analysis, analyse_tube
from support.analysed import CLEAR, CLOGGED, SAMPLES, analysis, cut_tube, tube

ODD = {QualityState.WARN, QualityState.FAIL}
RESIDUAL = ("RESIDUAL_CD5", "RESIDUAL_SPILLOVER", "CD5_BELOW_ZERO")


def check(result: Result, code: str) -> Check:
    (found,) = (c for c in result.quality.checks if c.code == code)
    return found


def values_of(name: str = CLEAR) -> Values:
    return np.array(read_fcs(tube(name)).events)


def column(marker: str, name: str = CLEAR) -> int:
    found = analysis(name).tube
    return found.fcs.raw.channel(found.panel.detector(marker)).index


def analysed(path: Path, **words: str) -> Analysis:
    return analyse_tube(path, make_settings(timepoint="relapse", **words))  # type: ignore[arg-type]


@cache
def plain(name: str = CLEAR) -> Analysis:
    """Return a sample tube's analysis without a control."""
    return analysed(tube(name))


def test_every_check_is_made_in_the_order_of_the_report() -> None:
    assert [c.code for c in analysis().result.quality.checks] == [code.value for code in CheckCode]


def test_what_a_clear_tube_lacks_is_told_as_not_done() -> None:
    result = plain().result
    undone = {c.code for c in result.quality.checks if c.state is QualityState.NOT_DONE}

    assert {"VIABILITY", "CONTROL_MATCH", "SPECIMEN_AGE"} <= undone
    assert undone <= {
        "VIABILITY",
        "CONTROL_MATCH",
        "CONTROL_SHARE",
        "SPECIMEN_AGE",
        "CUT_AGREEMENT",
        "OUTSIDE_BLASTS",  # told of a cluster at the end of a chain of gates, not of groups
    }
    assert all(c.value is None for c in result.quality.checks if c.code in undone)


# What is removed


def test_a_clog_is_cut_out_as_stretches_of_time_and_is_in_no_denominator() -> None:
    found = analysis(CLOGGED)
    members, burden = found.gating.members, found.result.burden
    gate = found.gating.tree["stable"]

    assert isinstance(gate.region, Intervals)
    assert check(found.result, "REMOVED_BY_TIME").value == pytest.approx(6.7, abs=0.5)
    assert not (members["nucleated"] & ~members["stable"]).any()
    assert burden.denominator_events == int((members["nucleated"] & members["stable"]).sum())
    assert burden.lod_percent == pytest.approx(100 * 20 / burden.denominator_events)
    assert check(found.result, "SENSITIVITY").value == pytest.approx(burden.lod_percent)


def test_fewer_events_mean_a_higher_limit_of_detection(tmp_path: Path) -> None:
    """The same tube without a clock keeps its clog, and with it cells that count."""
    values = values_of(CLOGGED)
    clock = read_fcs(tube(CLOGGED)).raw.time
    assert clock is not None
    values[:, clock.index] = 7
    unwatched = analysed(cut_tube(tmp_path / "still.fcs", source=CLOGGED, values=values)).result
    watched = plain(CLOGGED).result

    assert check(unwatched, "REMOVED_BY_TIME").state is QualityState.NOT_DONE
    assert watched.burden.denominator_events < unwatched.burden.denominator_events
    assert watched.burden.lod_percent is not None
    assert unwatched.burden.lod_percent is not None
    assert watched.burden.lod_percent > unwatched.burden.lod_percent


def test_blasts_brighter_than_any_scale_are_counted_and_told(tmp_path: Path) -> None:
    """No event goes for being unusual: rare blasts are unusual."""
    before = plain()
    blasts = np.flatnonzero(before.gating.members["blasts"])
    bright = blasts[:: blasts.size // 200]
    values = values_of()
    values[bright, column("CD7")] = 262_143
    after = analysed(cut_tube(tmp_path / "bright.fcs", values=values))

    assert after.gating.members["singlets"][bright].mean() > 0.98
    assert after.gating.members["blasts"][bright].mean() > 0.95
    told = check(after.result, "BLASTS_OFF_SCALE")
    assert told.value == pytest.approx(100 * bright.size / blasts.size, rel=0.05)
    assert told.state is QualityState.WARN
    assert "CD7" in told.message


def test_values_that_are_no_numbers_are_told(tmp_path: Path) -> None:
    values = values_of()
    values[::100, column("CD45")] = np.nan
    found = analysed(cut_tube(tmp_path / "nan.fcs", values=values)).result

    told = check(found, "NOT_FINITE")
    assert told.state is QualityState.WARN
    assert told.value == pytest.approx(1)
    assert found.cd5.percent == pytest.approx(plain().result.cd5.percent, abs=0.5)


# What fails


def off_scatter() -> Values:
    """Return the clear tube's events, one in eight too large for area and height of its scatter."""
    values = values_of()
    for marker in ("FSC", "FSC-H"):
        values[::8, column(marker)] = 262_143
    return values


@cache
def failed() -> Result:
    """Return the clear tube with one cell in eight off the forward scatter's scale."""
    values = off_scatter()
    with TemporaryDirectory() as folder:
        return analysed(cut_tube(Path(folder) / "off.fcs", values=values)).result


def test_a_failed_check_withholds_states_and_shows_the_numbers() -> None:
    result, before = failed(), plain().result

    assert check(result, "OFF_SCALE").state is QualityState.FAIL
    assert result.quality.state is QualityState.FAIL
    assert (result.cd5.state, result.burden.state) == (
        Cd5State.NOT_EVALUABLE,
        BurdenState.NOT_EVALUABLE,
    )
    assert result.cd5.percent == pytest.approx(before.cd5.percent, abs=1)
    assert result.burden.percent == pytest.approx(before.burden.percent, abs=3)
    assert result.cd5.ci95_percent is not None
    assert result.burden.ci95_percent is not None
    assert "QUALITY_FAIL" in codes(result.cd5.reasons)
    assert "QUALITY_FAIL" in codes(result.burden.reasons)


def test_a_reason_says_that_numbers_are_shown_only_where_they_are(tmp_path: Path) -> None:
    assert "QUALITY_FAIL" in codes(failed().cd5.reasons)
    assert failed().cd5.percent is not None
    path = cut_tube(tmp_path / "off.fcs", values=off_scatter(), without=("$SPILLOVER", "SPILL"))
    result = analysed(path).result  # and nothing is known of its spillover

    assert result.cd5.percent is None
    assert "numbers are shown" not in "".join(map(str, result.cd5.reasons))


# Compensation that is not what it is said to be


def test_data_stated_as_compensated_that_are_not_are_noticed_or_tell_no_cells() -> None:
    result = analysed(tube(CLEAR), spillover="hardware").result

    if not {check(result, code).state for code in RESIDUAL} & ODD:
        # Spillover is told from T cells: where they cannot be told either, nothing is claimed.
        assert "t_cells" not in {row.name for row in result.populations}
        assert result.cd5.state is Cd5State.NOT_EVALUABLE
        assert result.burden.state is BurdenState.INCONCLUSIVE
    assert not {check(plain().result, code).state for code in RESIDUAL} & ODD


@pytest.mark.parametrize("factor", [0.3, 2.0])
def test_a_matrix_scaled_wrongly_is_noticed(tmp_path: Path, factor: float) -> None:
    right = read_fcs(tube(CLEAR)).spillover
    assert right is not None
    wrong = np.where(np.eye(len(right.detectors)) == 1, 1.0, factor * right.matrix)
    table = tmp_path / "wrong.csv"
    rows = [",".join(right.detectors), *(",".join(map(str, row)) for row in wrong)]
    table.write_text("\n".join(rows), encoding="utf-8")
    result = analysed(tube(CLEAR), spillover=str(table)).result

    assert {check(result, code).state for code in RESIDUAL} & ODD


def test_a_matrix_applied_to_a_channel_named_as_compensated_fails(tmp_path: Path) -> None:
    """One channel of the matrix was compensated by the program that exported the file."""
    found = read_fcs(tube(CLEAR))
    named = "Comp-PerCP-Cy5-5-A"
    layout = tuple(
        c if c.detector != "PerCP-Cy5-5-A" else replace(c, detector=named) for c in found.channels
    )
    assert any(c.detector == named for c in layout)
    keywords = {
        key: value.replace("PerCP-Cy5-5-A", named)
        for key, value in found.keywords.items()
        if key in {"$CYT", "$TIMESTEP", "$SPILLOVER", "SPILL"}
    }
    path = tmp_path / "twice.fcs"
    write_fcs(path, found.events, channels=layout, keywords=keywords)
    result = analysed(path).result

    assert check(result, "DOUBLE_COMPENSATION").state is QualityState.FAIL
    assert result.cd5.state is Cd5State.NOT_EVALUABLE


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("p??-*.fcs")), ids=lambda p: p.stem)
def test_the_sample_tubes_raise_no_alarm_over_compensation_or_the_run(path: Path) -> None:
    hardware = path.stem.startswith("p05")
    words = {"spillover": "hardware"} if hardware else {}
    result = analysed(path, **words).result
    quiet = {*RESIDUAL, "DOUBLE_COMPENSATION", "SIGNAL_DRIFT", "FLOW_GAP", "CARRY_OVER", "TIME"}

    assert {c.code for c in result.quality.checks if c.state in ODD} & quiet == set()


# What the control shows


def fmo_with_fewer_blasts(folder: Path) -> Path:
    """Return the sample's FMO without most of its blasts."""
    (control,) = analysis().controls
    blasts = np.flatnonzero(control.members["blasts"])
    values = np.delete(np.array(control.tube.fcs.events), blasts[: int(0.8 * blasts.size)], axis=0)
    return cut_tube(folder / "fmo.fcs", source=f"{CLEAR}_FMO-CD5", values=values)


def test_blasts_that_the_fmo_hardly_holds_have_no_definite_share(tmp_path: Path) -> None:
    whole = analysis().result
    fmo = fmo_with_fewer_blasts(tmp_path)
    found = analyse_tube(
        tube(CLEAR), make_settings(timepoint="relapse", controls={"fmo": fmo})
    ).result

    assert check(whole, "CONTROL_SHARE").state is QualityState.PASS
    assert check(found, "CONTROL_SHARE").state is QualityState.WARN
    assert whole.cd5.state is Cd5State.MEETS
    assert found.cd5.state is Cd5State.BORDERLINE
    assert found.cd5.reasons[0] == Reason("QUALITY_DOUBTFUL", check="CONTROL_SHARE")


def test_an_fmo_of_another_specimen_says_nothing_of_these_blasts(tmp_path: Path) -> None:
    fmo = fmo_with_fewer_blasts(tmp_path)
    asked = replace(
        make_settings(timepoint="relapse", controls={"fmo": fmo}),
        identifiers={"specimen_id": "A"},
        control_identifiers={"fmo": {"specimen_id": "B"}},
    )
    found = analyse_tube(tube(CLEAR), asked).result

    assert check(found, "CONTROL_SHARE").state is QualityState.NOT_DONE
    assert found.cd5.state is Cd5State.MEETS
