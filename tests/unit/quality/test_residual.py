"""Spillover left behind, put there by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.events import CompensatedEvents
from cd5flow.model.populations import Gating
from cd5flow.model.result import QualityState
from cd5flow.preprocess.transforms import Columns
from cd5flow.quality.checks import Observation
from cd5flow.quality.quality_input import QualityInput
from cd5flow.quality.residual import (
    Negatives,
    negatives_of,
    negatives_of_fmo,
    observe_residuals,
    slopes,
)
from support.lineage_factory import PROVEN
from support.quality_factory import (
    FAIL,
    NOT_DONE,
    PASS,
    WARN,
    Floats,
    pick,
    rules,
    run_of,
    state_of,
)
from support.readout_factory import gating_of, given_gate, members_of, raw_events, spread

N = 1000
NOISE = 50.0
MARKERS = {"CD5": "PE-A", "CD7": "APC-A", "CD45": "V500-A", "CD3": "H7-A"}


def dye(n: int = N, *, seed: int = 1) -> Floats:
    """Return a bright dye that varies from cell to cell: 10,000 with 0.15 decades."""
    return 10_000 * 10 ** np.random.default_rng(seed).normal(0, 0.15, n)


def noise(n: int = N, *, seed: int = 2, sd: float = NOISE) -> Floats:
    return np.random.default_rng(seed).normal(0, sd, n)


def cells(target: str, y: Floats, **sources: Floats) -> Negatives:
    return Negatives("nk_cells", {target: y}, {target: y, **sources})


def told(*negatives: Negatives) -> Observation:
    """Return the check of what is left in CD5."""
    columns, run = _tube(noise(), cd7=noise())
    return pick("RESIDUAL_CD5", observe_residuals(run, columns, fmo=negatives, reference=()))


def _tube(
    cd5: Floats,
    *,
    cd7: Floats | None = None,
    cd3: Floats | None = None,
    gating: Gating | None = None,
    **columns: Any,
) -> tuple[Columns, QualityInput]:
    n = cd5.size
    raw = raw_events(
        PE_A=cd5,
        APC_A=dye(n) if cd7 is None else cd7,
        V500_A=noise(n, seed=3),
        H7_A=noise(n, seed=4) if cd3 is None else cd3,
    )
    return columns_of(raw), run_of(raw, gating=gating, markers=MARKERS)


def columns_of(raw: Any) -> Columns:
    return Columns(CompensatedEvents(raw=raw, compensated={}, spillover=None))


@pytest.mark.parametrize(
    ("left", "state"),
    [
        (0.0, PASS),
        (0.02, PASS),
        (0.05, WARN),
        (0.08, WARN),
        (0.15, FAIL),
        (-0.02, PASS),
        (-0.05, WARN),
        (-0.15, FAIL),
    ],
)
def test_what_is_left_in_cd5(left: float, state: QualityState) -> None:
    x = dye()
    found = told(cells("CD5", noise() + left * x, CD7=x))

    assert found.value == pytest.approx(abs(100 * left), abs=0.5)
    assert state_of(found) is state
    if left:
        assert ("left in CD5" if left > 0 else "too much taken off CD5") in found.message


@given(st.floats(-0.3, 0.3), st.integers(0, 1000))
def test_the_slope_is_within_its_errors(left: float, seed: int) -> None:
    x = dye(seed=seed)
    (found,) = slopes([cells("CD5", noise(seed=seed + 1) + left * x, CD7=x)], rules().residual)

    assert found.percent == pytest.approx(100 * left, abs=6 * found.error_percent)


def test_a_background_that_grows_with_size_is_no_spillover() -> None:
    # Autofluorescence and stain follow the cell's size; the background is 100 of 10,000.
    x = dye()
    y = 100 * (x / 10_000) + noise()

    assert state_of(told(cells("CD5", y, CD7=x))) is PASS


def test_a_dye_that_hardly_outshines_the_noise_is_not_asked() -> None:
    x = dye() / 20  # reaches over 10 SD of the channel: autofluorescence would look like spillover
    assert state_of(told(cells("CD5", noise() + 0.3 * x, CD7=x))) is NOT_DONE


def test_a_slope_that_is_not_sure_is_not_told() -> None:
    x = np.sort(dye(300))
    bent = noise(300) + 1500 * np.sin(np.arange(300) / 15)  # no line

    assert slopes([cells("CD5", bent, CD7=x)], rules().residual) == ()


def test_a_few_cells_of_another_kind_are_no_spillover() -> None:
    x, y = noise(seed=5), noise()
    x[:80] += 10_000  # eight in a hundred carry the dye, and shine more in every channel
    y[:80] += 600

    assert slopes([cells("CD5", y, CD4=x)], rules().residual) == ()


def test_a_low_quantile_follows_the_cells_that_lack_the_marker() -> None:
    x = dye()
    mixed = noise() + 0.05 * x
    mixed[::2] += dye(N // 2, seed=7)  # half of them are NK cells, in no order
    followed = replace(cells("CD7", mixed, CD45=x), quantile_percent=20)

    assert slopes([cells("CD7", mixed, CD45=x)], rules().residual) == ()
    (found,) = slopes([followed], rules().residual)
    assert found.percent == pytest.approx(5, abs=1)


@pytest.mark.parametrize("n", [0, 10, 99])
def test_few_cells_tell_nothing(n: int) -> None:
    x = dye(n)
    assert state_of(told(cells("CD5", noise(n) + 0.2 * x, CD7=x))) is NOT_DONE


def test_cells_that_carry_the_marker_after_all_do_not_hide_it() -> None:
    x = dye()
    y = noise() + np.where(np.arange(N) % 8 == 0, 2000, 0)  # one B cell in eight has CD5

    assert state_of(told(cells("CD5", y, CD7=x))) is PASS
    assert state_of(told(cells("CD5", y + 0.05 * x, CD7=x))) is WARN


def test_values_that_are_no_numbers_are_passed_over() -> None:
    x, y = dye(), noise()
    y[::10], x[5::10] = np.nan, np.inf

    assert state_of(told(cells("CD5", y, CD7=x))) is PASS


def test_another_marker_that_the_cells_lack_is_no_source() -> None:
    both = Negatives("nk_cells", {"CD5": noise(), "CD3": dye()}, {"CD5": noise(), "CD3": dye()})

    assert slopes([both], rules().residual) == ()


def test_where_cells_shine_by_themselves_only_a_fall_counts() -> None:
    x = dye()
    rising = cells("CD5", noise() + 0.05 * x, CD7=x)
    falling = cells("CD5", noise() - 0.05 * x, CD7=x)

    assert slopes([replace(rising, falling_only=True)], rules().residual) == ()
    (found,) = slopes([replace(falling, falling_only=True)], rules().residual)
    assert found.percent == pytest.approx(-5, abs=0.5)


def test_a_whole_number_scale_is_as_good() -> None:
    x = dye()
    y = np.rint(noise(sd=5) + 0.05 * x)

    assert told(cells("CD5", y, CD7=x)).value == pytest.approx(5, abs=0.3)


def test_a_channel_piled_up_at_one_value_tells_nothing() -> None:
    assert state_of(told(cells("CD5", np.ones(N), CD7=dye()))) is NOT_DONE


# Which cells are asked


def tube_with_nk(
    left_in_cd5: float = 0.0, left_in_cd3: float = 0.0
) -> tuple[Columns, QualityInput]:
    """Return NK cells with a bright CD7, and blasts that carry CD5."""
    x = dye(2 * N)
    cd5 = noise(2 * N) + left_in_cd5 * x
    cd5[N:] += dye(N, seed=9)
    gating = gating_of(
        members_of(2 * N, nk_cells=range(2 * N), blasts=range(N, 2 * N)),
        given_gate("nk_cells"),
        given_gate("blasts"),
    )
    return _tube(cd5, cd7=x, cd3=noise(2 * N, seed=4) + left_in_cd3 * x, gating=gating)


def checks_of(
    tube: tuple[Columns, QualityInput], reference: tuple[str, ...] = ("nk_cells",)
) -> tuple[Observation, ...]:
    columns, run = tube
    return observe_residuals(run, columns, fmo=(), reference=reference)


def test_the_battery_comes_in_a_fixed_order() -> None:
    assert [o.code for o in checks_of(tube_with_nk())] == [
        "RESIDUAL_CD5",
        "RESIDUAL_SPILLOVER",
        "CD5_BELOW_ZERO",
    ]


@pytest.mark.parametrize(("left", "state"), [(0, PASS), (0.05, WARN), (-0.05, WARN), (0.2, FAIL)])
def test_nk_cells_of_the_tube_are_asked_without_the_blasts(
    left: float, state: QualityState
) -> None:
    found = pick("RESIDUAL_CD5", checks_of(tube_with_nk(left_in_cd5=left)))

    assert state_of(found) is state
    assert "of nk_cells" in found.message


@pytest.mark.parametrize(("left", "state"), [(0, PASS), (0.05, WARN), (-0.05, WARN), (0.2, WARN)])
def test_other_channels_warn(left: float, state: QualityState) -> None:
    found = pick("RESIDUAL_SPILLOVER", checks_of(tube_with_nk(left_in_cd3=left)))

    assert state_of(found) is state


def test_the_blasts_are_asked_for_what_the_lineage_says_they_lack() -> None:
    columns, run = tube_with_nk()
    lacking = replace(run, gating=replace(run.gating, lineage=replace(PROVEN, lacks=("CD3",))))
    names = {(n.name, *n.targets) for n in negatives_of(lacking, columns)}

    assert ("blasts", "CD3") in names
    assert "blasts" not in {n.name for n in negatives_of(run, columns)}
    scattered = replace(
        lacking,
        gating=replace(lacking.gating, lineage=replace(PROVEN, cluster=False, lacks=("CD3",))),
    )
    assert "blasts" not in {n.name for n in negatives_of(scattered, columns)}


def test_in_an_fmo_t_cells_and_blasts_lack_cd5() -> None:
    columns, run = tube_with_nk(left_in_cd5=0.05)
    members = members_of(2 * N, t_cells=range(N), nk_cells=range(N))
    (t_cells,) = negatives_of_fmo(run, columns, members)

    assert t_cells.name == "t_cells of the FMO"
    assert tuple(t_cells.targets) == ("CD5",)
    (found,) = (s for s in slopes([t_cells], run.rules.residual) if s.source == "CD7")
    assert found.percent == pytest.approx(5, abs=0.5)


def test_no_negative_cells_are_no_pass() -> None:
    tube = _tube(noise(), gating=gating_of(members_of(N)))

    for observation in checks_of(tube):
        assert state_of(observation) is NOT_DONE


def test_a_tube_without_cd5_says_so() -> None:
    raw = raw_events(APC_A=dye())
    found = observe_residuals(
        run_of(raw, markers={"CD7": "APC-A"}), columns_of(raw), fmo=(), reference=("nk_cells",)
    )

    assert [o.message for o in found if o.code != "RESIDUAL_SPILLOVER"] == [
        "no CD5 in this tube"
    ] * 2


# Below zero


def negatives(below: int, *, n: int = 200) -> tuple[Columns, QualityInput]:
    """Return NK cells, so many of which lie far below zero."""
    cd5 = spread(n, 30.0, 50.0).astype(np.float64)
    cd5[:below] = -1000
    gating = gating_of(members_of(n, nk_cells=range(n)), given_gate("nk_cells"))
    return _tube(cd5, cd7=noise(n), gating=gating)


@pytest.mark.parametrize(
    ("below", "state"), [(0, PASS), (6, PASS), (7, WARN), (10, WARN), (11, FAIL), (60, FAIL)]
)
def test_cells_without_cd5_far_below_zero(below: int, state: QualityState) -> None:
    found = pick("CD5_BELOW_ZERO", checks_of(negatives(below)))

    assert found.value == pytest.approx(below / 2)
    assert state_of(found) is state


def test_a_population_that_lies_below_zero_as_a_whole_is_seen_too() -> None:
    n = 200
    gating = gating_of(members_of(n, nk_cells=range(n)), given_gate("nk_cells"))
    tube = _tube(spread(n, -500.0, 50.0).astype(np.float64), cd7=noise(n), gating=gating)

    assert pick("CD5_BELOW_ZERO", checks_of(tube)).value == 100


def test_cd5_positive_cells_among_the_negatives_do_not_widen_them() -> None:
    columns, run = negatives(20)
    raw = columns.events.raw
    values = np.array(raw.values)
    values[100:140, 0] = 3000  # 20 % carry CD5
    values = np.asfortranarray(values)
    changed = replace(raw, values=values)
    found = pick("CD5_BELOW_ZERO", checks_of((columns_of(changed), replace(run, raw=changed))))

    assert found.value == pytest.approx(10)


def test_the_first_reference_with_enough_events_is_taken() -> None:
    n = 400
    cd5 = np.full(n, -1000.0)
    cd5[:300] = spread(300, 30.0, 50.0)
    gating = gating_of(
        members_of(n, nk_cells=range(300, 399), granulocytes=range(300), empty=range(0)),
        given_gate("nk_cells"),
        given_gate("granulocytes"),
    )
    columns, run = _tube(cd5, cd7=noise(n), gating=gating)
    found = pick(
        "CD5_BELOW_ZERO", checks_of((columns, run), ("absent", "nk_cells", "granulocytes"))
    )

    assert found.value == pytest.approx(0, abs=0.4)
    assert "granulocytes" in found.message


@pytest.mark.parametrize(
    ("cd5", "reference", "why"),
    [
        (np.abs(noise(200)) + 1, ("nk_cells",), "nothing below zero"),
        (noise(200), (), "no population without CD5"),
        (np.full(200, -5.0), ("nk_cells",), "no population without CD5"),
    ],
    ids=["a scale that ends at zero", "no reference", "one value"],
)
def test_what_cannot_lie_below_zero_is_not_done(
    cd5: Floats, reference: tuple[str, ...], why: str
) -> None:
    gating = gating_of(members_of(200, nk_cells=range(200)), given_gate("nk_cells"))
    tube = _tube(cd5, cd7=noise(200), gating=gating)
    found = pick("CD5_BELOW_ZERO", checks_of(tube, reference))

    assert why in found.message
    assert state_of(found) is NOT_DONE
