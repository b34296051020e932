"""One tube, simulated, written, read back, analysed, and counted by its truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cd5flow import simulate as sim
from cd5flow.model.result import BurdenState, Pattern, Timepoint
from cd5flow.validation.synthetic.measure import drawn_anew, measure
from cd5flow.validation.synthetic.rows import Arm, SeriesKind
from cd5flow.validation.synthetic.series import TubeJob, drawn_tube, with_pattern

SPEC = sim.TubeSpec(name="t", events=5_000, seed=11)
RULES = {"strategy": "auto", "protocol": "cd5-cart-70"}


def job(**changes: object) -> TubeJob:
    said = {"kind": SeriesKind.ACCURACY, "group": "g", "spec": SPEC, "timepoint": Timepoint.RELAPSE}
    return TubeJob(**{**said, **changes})  # type: ignore[arg-type]


def test_a_row_holds_both_truths_and_what_was_found() -> None:
    with_fmo, without = measure(job(arms=(Arm.FMO, Arm.NONE)), **RULES)
    truth = sim.perfect_gating(sim.simulate_tube(SPEC))
    assert with_fmo.true_cd5_percent == truth.cd5_percent
    assert with_fmo.label_cd5_percent == truth.cd5_carriers_percent
    assert with_fmo.true_blast_percent == truth.blast_percent == pytest.approx(60, abs=0.1)
    assert with_fmo.cd5_percent == pytest.approx(truth.cd5_percent, abs=5)
    assert with_fmo.burden_percent == pytest.approx(60, abs=4)
    assert with_fmo.burden_state is BurdenState.OVERT
    assert (with_fmo.found_of_blasts_percent or 0) > 95
    assert (with_fmo.arm, without.arm) == (Arm.FMO, Arm.NONE)
    assert without.cd5_cut == "internal_negative"


def test_equal_jobs_give_equal_rows() -> None:
    again = job(draws=(0, 1))
    assert measure(again, **RULES) == measure(again, **RULES)


def test_draws_differ_from_each_other_and_not_in_their_truth() -> None:
    first, second = measure(job(draws=(0, 1)), **RULES)
    assert (first.draw, second.draw) == (0, 1)
    assert first.true_cd5_percent == second.true_cd5_percent
    assert first.blast_events != second.blast_events


def test_a_draw_is_the_same_in_whichever_job_it_is_made() -> None:
    assert measure(job(draws=(0, 1)), **RULES)[1] == measure(job(draws=(1,)), **RULES)[0]


def test_events_drawn_anew_are_as_many_in_order_and_of_the_same_tube() -> None:
    tube = sim.simulate_tube(SPEC)
    drawn = drawn_anew(tube, np.random.default_rng(0))
    time = drawn.raw.values[:, -1]
    assert len(drawn.raw) == len(tube.raw)
    assert np.all(np.diff(time) >= 0)
    events = {event.tobytes() for event in np.ascontiguousarray(tube.raw.values)}
    ours = [event.tobytes() for event in np.ascontiguousarray(drawn.raw.values)]
    assert set(ours) <= events
    # With replacement 1/e of the events are left out.
    assert len(set(ours)) / len(events) == pytest.approx(1 - np.exp(-1), abs=0.03)


def test_the_truth_is_drawn_with_its_events() -> None:
    tube = sim.simulate_tube(SPEC)
    drawn = drawn_anew(tube, np.random.default_rng(0))
    place = {event.tobytes(): i for i, event in enumerate(np.ascontiguousarray(tube.raw.values))}
    of = [place[event.tobytes()] for event in np.ascontiguousarray(drawn.raw.values)]
    assert np.array_equal(drawn.truth.codes, tube.truth.codes[of])
    assert np.array_equal(drawn.truth.cd5_carriers, tube.truth.cd5_carriers[of])


def test_a_tube_without_disease_has_no_true_cd5() -> None:
    spec = replace(SPEC, panel=sim.MRD_10, blast_percent=0.0)
    (row,) = measure(job(kind=SeriesKind.BLANK, spec=spec, timepoint=Timepoint.MRD), **RULES)
    assert (row.true_cd5_percent, row.label_cd5_percent) == (None, None)
    assert (row.true_blast_percent, row.found_of_blasts_percent) == (0.0, None)
    assert not row.called


def test_equal_generators_draw_equal_tubes() -> None:
    tubes = [drawn_tube("t", np.random.default_rng(3), events=5_000, seed=1) for _ in range(2)]
    assert repr(tubes[0]) == repr(tubes[1])


@pytest.mark.parametrize("pattern", list(Pattern))
def test_more_cd5_is_asked_for_and_found(pattern: Pattern) -> None:
    found = []
    for percent in (10.0, 90.0):
        rng = np.random.default_rng(5)
        spec = with_pattern(drawn_tube("t", rng, events=5_000, seed=1), pattern, percent, rng)
        assert spec.blasts.cd5 is pattern
        found.append(sim.perfect_gating(sim.simulate_tube(spec)).cd5_percent or 0.0)
    if pattern is Pattern.NEGATIVE:
        assert max(found) < 5
    else:
        assert found[1] - found[0] > 30
