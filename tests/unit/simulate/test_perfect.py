"""What perfect gating reports, which every accuracy figure is measured against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cd5flow.model.result import Pattern
from cd5flow.simulate import (
    B_LINEAGE_8,
    BlastSpec,
    Cd5Reagent,
    Clog,
    SpilloverFault,
    SpilloverFaultKind,
    TubeSpec,
    fmo,
    perfect_gating,
    simulate_tube,
    with_cd5_percent,
)

TUBE = TubeSpec(name="tube", events=8_000, seed=21)


def with_pattern(pattern: Pattern, *, carriers_percent: float | None = None) -> TubeSpec:
    return replace(TUBE, blasts=BlastSpec(cd5=pattern, cd5_carriers_percent=carriers_percent))


@pytest.mark.parametrize(
    ("pattern", "at_least", "at_most"),
    [
        (Pattern.NEGATIVE, 0.3, 4.0),
        (Pattern.PARTIAL, 79.0, 82.0),
        (Pattern.DIM, 35.0, 85.0),
        (Pattern.HETEROGENEOUS, 50.0, 85.0),
        (Pattern.BRIGHT, 97.0, 99.0),
    ],
)
def test_each_cd5_pattern_gives_its_percentage(
    pattern: Pattern, at_least: float, at_most: float
) -> None:
    found = perfect_gating(simulate_tube(with_pattern(pattern))).cd5_percent

    assert found is not None
    assert at_least < found < at_most


def test_dim_carriers_are_partly_below_the_cut() -> None:
    numbers = perfect_gating(simulate_tube(with_pattern(Pattern.DIM)))

    assert numbers.cd5_carriers_percent == 100.0
    assert numbers.cd5_percent is not None
    assert numbers.cd5_percent < 90.0


def test_one_percent_of_the_fmo_blasts_lies_above_the_cut() -> None:
    tube, partner = simulate_tube(TUBE), simulate_tube(fmo(TUBE))
    cut = perfect_gating(tube, partner=partner).cd5_cut_linear

    assert cut is not None
    above = (partner.linear("CD5")[partner.truth.blasts] > cut).mean()
    assert above == pytest.approx(0.01, abs=0.0005)


def test_given_and_simulated_partner_agree() -> None:
    tube = simulate_tube(TUBE)
    given = perfect_gating(tube, partner=simulate_tube(fmo(TUBE))).cd5_percent
    simulated = perfect_gating(tube).cd5_percent

    assert given == pytest.approx(simulated, abs=0.5)


def test_numbers_fit_each_other() -> None:
    numbers = perfect_gating(simulate_tube(TUBE))

    assert numbers.blast_percent == 100 * numbers.blast_events / numbers.nucleated_events
    assert numbers.cd5_positive_events is not None
    assert numbers.cd5_percent == 100 * numbers.cd5_positive_events / numbers.blast_events


def test_without_blasts_burden_is_zero_and_cd5_unknown() -> None:
    numbers = perfect_gating(simulate_tube(replace(TUBE, blast_percent=0.0)))

    assert numbers.blast_percent == 0.0
    assert numbers.cd5_percent is None
    assert numbers.cd5_carriers_percent is None


@pytest.mark.parametrize(
    "unmeasured",
    [{"cd5_reagent": Cd5Reagent.FORGOTTEN}, {"panel": B_LINEAGE_8}],
    ids=["forgotten", "not in the panel"],
)
def test_cd5_that_was_not_measured_is_unknown_and_not_zero(unmeasured: dict[str, object]) -> None:
    numbers = perfect_gating(simulate_tube(replace(TUBE, **unmeasured)))  # type: ignore[arg-type]

    assert numbers.cd5_percent is None
    assert numbers.cd5_positive_events is None
    assert numbers.cd5_carriers_percent == pytest.approx(80.0, abs=0.05)


def test_events_of_a_clog_are_left_out() -> None:
    tube = simulate_tube(replace(TUBE, clog=Clog()))
    numbers = perfect_gating(tube)

    assert numbers.blast_events == (tube.truth.blasts & ~tube.truth.disturbed).sum()
    assert numbers.blast_events < tube.truth.blasts.sum()
    assert numbers.cd5_percent == pytest.approx(80.5, abs=1.5)


def test_truth_does_not_follow_a_faulty_matrix() -> None:
    fault = SpilloverFault(SpilloverFaultKind.TRANSPOSED)
    faulty = simulate_tube(replace(TUBE, spillover_fault=fault))

    assert perfect_gating(faulty) == perfect_gating(simulate_tube(TUBE))


@pytest.mark.parametrize("percent", [30.0, 69.0, 71.0])
def test_a_tube_can_be_made_to_a_percentage(percent: float) -> None:
    made = with_cd5_percent(TUBE, percent)

    assert perfect_gating(simulate_tube(made)).cd5_percent == pytest.approx(percent, abs=0.1)


def test_more_carriers_are_the_same_carriers_and_some_more() -> None:
    few, many = (
        simulate_tube(with_pattern(Pattern.PARTIAL, carriers_percent=share)).truth
        for share in (40.0, 60.0)
    )

    assert not (few.cd5_carriers & ~many.cd5_carriers).any()
    assert (many.cd5_carriers & ~few.cd5_carriers).sum() == round(0.2 * few.blasts.sum())


def test_no_percentage_can_be_made_without_blasts() -> None:
    with pytest.raises(ValueError, match="no CD5"):
        with_cd5_percent(replace(TUBE, blast_percent=0.0), 70.0)


def test_cut_is_on_the_blasts_own_background() -> None:
    partner = simulate_tube(fmo(TUBE))
    cut = perfect_gating(simulate_tube(TUBE), partner=partner).cd5_cut_linear
    lymphoid = partner.linear("CD5")[partner.truth.population("b_cells", "nk_cells")]

    assert cut is not None
    assert cut > np.percentile(lymphoid, 99)
