"""Which tubes a validation is made of."""

from __future__ import annotations

from collections import Counter

import pytest

from cd5flow import simulate as sim
from cd5flow.model.result import Pattern, Timepoint
from cd5flow.validation.synthetic.plan import Series, Size, load_series, size_of
from cd5flow.validation.synthetic.rows import Arm, SeriesKind
from cd5flow.validation.synthetic.series import (
    TubeJob,
    blank_jobs,
    jobs_of,
    levels_down_to,
    lloq_percent,
)
from support.validation_factory import SHIPPED

LLOQ_EVENTS = 50


def series() -> Series:
    return load_series(SHIPPED).value


def size(words: str = "quick") -> Size:
    return size_of(words, series())


def jobs(words: str = "quick", *, seed: int = 0) -> tuple[TubeJob, ...]:
    return jobs_of(series(), size(words), lloq_events=LLOQ_EVENTS, seed=seed)


def of(kind: SeriesKind, words: str = "quick") -> list[TubeJob]:
    return [job for job in jobs(words) if job.kind is kind]


def test_levels_go_down_to_the_limit_of_quantification_and_end_there() -> None:
    assert levels_down_to(0.02, (10, 1, 0.1, 0.01)) == (10, 1, 0.1, 0.02)


def test_a_level_at_the_limit_is_not_simulated_twice() -> None:
    assert levels_down_to(0.095, (10, 1, 0.1)) == (10, 1, 0.095)


def test_the_limit_counts_only_cells_of_the_denominator() -> None:
    spec = sim.TubeSpec(
        name="t",
        events=100_000,
        debris_percent=30.0,
        erythroid_percent=10.0,
        dead_percent=5.0,
        doublet_percent=5.0,
    )
    assert lloq_percent(spec, 50) == pytest.approx(0.1)


def test_a_dilution_begins_at_ten_percent_and_ends_where_fifty_blasts_are_left() -> None:
    levels = sorted({job.level or 0 for job in of(SeriesKind.DILUTION)})
    assert levels[-1] == 10
    lowest = next(job for job in of(SeriesKind.DILUTION) if job.level == levels[0])
    truth = sim.perfect_gating(sim.simulate_tube(lowest.spec))
    assert truth.blast_events == LLOQ_EVENTS


def test_tubes_of_a_dilution_share_donor_and_day_and_nothing_else() -> None:
    by_group: dict[str, set[int | None]] = {}
    for job in of(SeriesKind.DILUTION):
        by_group.setdefault(job.group, set()).add(job.spec.donor_seed)
    assert [len(donors) for donors in by_group.values()] == [1, 1]
    seeds = Counter(job.spec.seed for job in of(SeriesKind.DILUTION))
    assert max(seeds.values()) == 1


def test_every_pattern_has_as_many_tubes() -> None:
    counted = Counter(job.group for job in of(SeriesKind.ACCURACY, "accuracy=50"))
    assert counted == {pattern.value: 10 for pattern in Pattern}


def test_relapse_tubes_are_analysed_with_an_fmo_and_without() -> None:
    assert {job.arms for job in of(SeriesKind.ACCURACY)} == {(Arm.FMO, Arm.NONE)}


def test_blanks_hold_no_blast_whatever_they_are_rich_in() -> None:
    blanks = list(blank_jobs(size("blank=40"), seed=0))
    assert {job.spec.blast_percent for job in blanks} == {0.0}
    assert len({job.group for job in blanks}) > 20
    assert {job.timepoint for job in blanks} == {Timepoint.MRD}


def test_a_tube_is_drawn_anew_as_often_as_asked() -> None:
    counted: Counter[str] = Counter()
    for job in jobs("resamples=12"):
        if job.draws is not None:
            counted[job.spec.name] += len(job.draws)
    assert set(counted.values()) == {12}
    assert len(counted) == 7  # three of CD5, three of burden and the limit of quantification


def test_every_tube_has_a_name_of_its_own() -> None:
    assert max(Counter(job.name for job in jobs()).values()) == 1


def test_equal_seeds_give_equal_tubes_and_others_give_others() -> None:
    assert repr(jobs(seed=4)) == repr(jobs(seed=4))
    seeds = [{job.spec.seed for job in jobs(seed=seed)} for seed in (4, 5)]
    assert not seeds[0] & seeds[1]


def test_a_series_of_nothing_has_no_tubes() -> None:
    assert jobs("accuracy=0,level=0,blank=0,resamples=0") == ()
