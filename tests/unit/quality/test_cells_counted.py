"""Debris, doublets, the living, and enough of them, counted one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.findings import Finding, Severity
from cd5flow.model.populations import Gating
from cd5flow.model.reasons import Reason
from cd5flow.model.result import QualityState
from cd5flow.quality.cells import observe_cells
from cd5flow.quality.checks import Observation
from cd5flow.quality.quality_input import OutsideBlasts
from support.quality_factory import (
    FAIL,
    NOT_DONE,
    PASS,
    WARN,
    pick,
    run_of,
    state_of,
    steady,
    timed,
)
from support.readout_factory import gating_of, given_gate, members_of, raw_events


def observe(
    code: str, gating: Gating, *, lod_events: int = 20, outside: OutsideBlasts | None = None
) -> Observation:
    raw = timed(steady(gating.members["all"].size))
    tube = replace(run_of(raw, gating=gating, lod_events=lod_events), outside=outside)
    return pick(code, observe_cells(tube))


def nested(whole: str, inside: str, kept: int, *, of: int = 100) -> Gating:
    """Return a gate of 100 events and one within it that keeps so many."""
    return gating_of(
        members_of(200, **{whole: range(of), inside: range(kept)}),
        given_gate(whole),
        given_gate(inside, whole),
    )


def test_the_battery_comes_in_a_fixed_order() -> None:
    raw = timed(steady(4))
    assert [o.code for o in observe_cells(run_of(raw))] == [
        "DEBRIS",
        "DOUBLETS",
        "VIABILITY",
        "DENOMINATOR",
        "SENSITIVITY",
        "BLASTS",
        "OUTSIDE_BLASTS",
        "CARRY_OVER",
        "GATE_SHARES",
        "GATE_POSITIONS",
    ]


@pytest.mark.parametrize(("kept", "state"), [(100, PASS), (40, PASS), (39, WARN), (0, WARN)])
def test_debris_is_counted_of_its_gates_parent(kept: int, state: QualityState) -> None:
    found = observe("DEBRIS", nested("stable", "cells", kept))

    assert found.value == 100 - kept
    assert state_of(found) is state


def test_debris_that_was_not_told_is_not_zero() -> None:
    assert state_of(observe("DEBRIS", gating_of(members_of(10)))) is NOT_DONE
    assert state_of(observe("DEBRIS", nested("stable", "cells", 0, of=0))) is NOT_DONE


def singlets(kept: int) -> Gating:
    """Return 100 cells, the two singlet gates of which keep so many."""
    return gating_of(
        members_of(
            200, cells=range(100), fsc_singlets=range(100 - (100 - kept) // 2), singlets=range(kept)
        ),
        given_gate("cells"),
        given_gate("fsc_singlets", "cells", method="singlet_band"),
        given_gate("singlets", "fsc_singlets", method="singlet_band"),
    )


@pytest.mark.parametrize(
    ("kept", "state"), [(100, PASS), (85, PASS), (84, WARN), (60, WARN), (59, FAIL)]
)
def test_doublets_of_both_steps_are_counted_together(kept: int, state: QualityState) -> None:
    found = observe("DOUBLETS", singlets(kept))

    assert found.value == 100 - kept
    assert state_of(found) is state


def test_events_lost_to_a_clog_are_no_doublets() -> None:
    gating = gating_of(  # debris was not told from cells
        members_of(20, stable=range(10), singlets=range(9)),
        given_gate("stable"),
        given_gate("singlets", "stable", method="singlet_band"),
    )

    assert observe("DOUBLETS", gating).value == 10


def test_doublets_that_could_not_be_told_are_not_zero() -> None:
    found = observe("DOUBLETS", gating_of(members_of(4)))

    assert "doublets are not told" in found.message
    assert state_of(found) is NOT_DONE
    nobody = gating_of(members_of(4, singlets=range(0), cells=range(0)), given_gate("cells"),
                       given_gate("singlets", "cells", method="singlet_band"))  # fmt: skip
    assert state_of(observe("DOUBLETS", nobody)) is NOT_DONE


@pytest.mark.parametrize(
    ("kept", "state"), [(100, PASS), (80, PASS), (79, WARN), (50, WARN), (49, FAIL)]
)
def test_living_cells_by_the_dye(kept: int, state: QualityState) -> None:
    found = observe("VIABILITY", nested("singlets", "viable", kept))

    assert found.value == kept
    assert state_of(found) is state


def test_viability_without_a_dye_is_not_assessed() -> None:
    assert state_of(observe("VIABILITY", gating_of(members_of(4)))) is NOT_DONE


# Enough cells


def counted(nucleated: int, blasts: int = 0, *, cluster: bool = True) -> Gating:
    return gating_of(
        members_of(600_000, nucleated=range(nucleated), blasts=range(blasts)),
        given_gate("nucleated"),
        given_gate("blasts"),
        cluster=cluster,
    )


@pytest.mark.parametrize(
    ("n", "strategy", "state"),
    [
        (10_000, "t-all-relapse", PASS),
        (9_999, "t-all-relapse", WARN),
        (500_000, "t-all-mrd", PASS),
        (499_999, "t-all-mrd", WARN),
        (0, "t-all-relapse", FAIL),
    ],
)
def test_events_of_the_denominator(n: int, strategy: str, state: QualityState) -> None:
    found = observe("DENOMINATOR", counted(n))

    assert found.value == (n or None)
    assert state_of(found, strategy) is state


@pytest.mark.parametrize(
    ("n", "strategy", "state"),
    [
        (2_000, "t-all-relapse", PASS),
        (1_999, "t-all-relapse", WARN),
        (200_000, "t-all-mrd", PASS),
        (199_999, "t-all-mrd", WARN),
        (0, "t-all-mrd", NOT_DONE),
    ],
)
def test_the_least_share_that_so_many_cells_can_show(
    n: int, strategy: str, state: QualityState
) -> None:
    found = observe("SENSITIVITY", counted(n), lod_events=20)

    assert found.value == (pytest.approx(100 * 20 / n) if n else None)
    assert state_of(found, strategy) is state


@pytest.mark.parametrize(("n", "state"), [(100, PASS), (99, WARN), (0, WARN)])
def test_blasts_of_a_cluster(n: int, state: QualityState) -> None:
    found = observe("BLASTS", counted(9_000, n))

    assert found.value == n
    assert state_of(found) is state


def test_scattered_events_are_no_blasts_to_count() -> None:
    assert state_of(observe("BLASTS", counted(9_000, 50, cluster=False))) is NOT_DONE


# Carry-over


def carried(early: int, late: int, *, n: int = 20_000) -> Gating:
    """Return nucleated cells, so many blasts among the first hundredth and among the rest."""
    first = n // 100
    rows = [*range(early), *range(first, first + late)]
    return gating_of(
        members_of(n, nucleated=range(n), blasts=rows),
        given_gate("nucleated"),
        given_gate("blasts"),
    )


@pytest.mark.parametrize(
    ("early", "late", "state"),
    [
        (0, 0, PASS),
        (0, 200, PASS),
        (2, 198, PASS),  # as common as later
        (120, 11_880, PASS),
        (1, 0, PASS),  # chance
        (6, 169, PASS),  # by chance once in a hundred tubes
        (10, 0, WARN),
        (20, 180, WARN),
        (150, 1_000, WARN),
    ],
)
def test_blasts_that_come_first(early: int, late: int, state: QualityState) -> None:
    found = observe("CARRY_OVER", carried(early, late))

    assert found.message.startswith(f"in the blast gate: {early} of the first 200 cells")
    assert state_of(found) is state


def test_the_ratio_is_a_lower_limit() -> None:
    # 10 of 10 blasts among the first 200 of 20,000: the share is over 0.01^(1/10) with 99 %.
    share = 0.01**0.1

    found = observe("CARRY_OVER", carried(10, 0))

    assert found.value == pytest.approx(share / (1 - share) * 19_800 / 200)


CLUSTER = ("cycd3_positive", "candidate_cluster")


@pytest.mark.parametrize(
    ("outside", "value", "state"),
    [
        (OutsideBlasts(0, 1000, *CLUSTER), 0, PASS),
        (OutsideBlasts(100, 1000, *CLUSTER), 10, PASS),
        (OutsideBlasts(101, 1000, *CLUSTER), 10.1, WARN),
        (OutsideBlasts(800, 8000), 10, PASS),
        (OutsideBlasts(801, 8000), 10.0125, WARN),
    ],
)
def test_like_cells_outside_the_blasts_are_counted(
    outside: OutsideBlasts, value: float, state: QualityState
) -> None:
    found = observe("OUTSIDE_BLASTS", gating_of(members_of(10)), outside=outside)

    assert found.value == pytest.approx(value)
    assert state_of(found) is state


@pytest.mark.parametrize(
    "outside",
    [OutsideBlasts(500, 1000, "cycd3_positive", "island"), None, OutsideBlasts(0, 0)],
    ids=["by another method", "no cluster", "no cells"],
)
def test_where_blasts_are_no_cluster_nothing_lies_outside_it(outside: OutsideBlasts | None) -> None:
    found = observe("OUTSIDE_BLASTS", gating_of(members_of(10)), outside=outside)

    assert state_of(found) is NOT_DONE


@given(k=st.integers(0, 300), seed=st.integers(0, 2**32 - 1))
def test_blasts_spread_over_the_run_are_no_carry_over(k: int, seed: int) -> None:
    n = 20_000
    rows = np.random.default_rng(seed).permutation(n)[:k].tolist()
    gating = gating_of(members_of(n, nucleated=range(n), blasts=rows), given_gate("nucleated"))

    found = observe("CARRY_OVER", gating)

    assert found.value is not None
    # 99 of 100 lie below 1; 3 is out of reach of chance in so few examples.
    assert found.value <= 3


@pytest.mark.parametrize(
    ("gating", "why"),
    [
        (gating_of(members_of(20_000, nucleated=range(20_000))), "no population of blasts"),
        (gating_of(members_of(20_000, blasts=range(9))), "no population of blasts"),
        (carried(5, 50, n=4_900), "49 cells at the start"),
        (
            gating_of(members_of(20_000, nucleated=range(500, 20_000), blasts=range(500, 600))),
            "0 cells at the start",
        ),
        (
            gating_of(members_of(20_000, nucleated=range(200), blasts=range(9))),
            "200 cells at the start",
        ),
    ],
    ids=["no blasts", "no denominator", "few", "start left out", "nothing else"],
)
def test_carry_over_that_cannot_be_told_is_not_done(gating: Gating, why: str) -> None:
    found = observe("CARRY_OVER", gating)

    assert why in found.message
    assert state_of(found) is NOT_DONE


@pytest.mark.parametrize(
    "columns",
    [
        {"FSC_A": np.ones(20_000)},
        {"Time": np.ones(20_000)},
        {"Time": np.tile(np.arange(10_000), 2)},
        {"Time": np.full(20_000, np.nan)},
    ],
    ids=["none", "still", "folded", "nan"],
)
def test_without_a_clock_nobody_knows_who_came_first(columns: dict[str, np.ndarray]) -> None:
    run = run_of(raw_events(0.01, **columns), gating=carried(10, 0))
    found = pick("CARRY_OVER", observe_cells(run))

    assert found.message == "no clock tells which events came first"
    assert state_of(found) is NOT_DONE


def test_the_first_events_are_first_in_time_and_not_in_the_file() -> None:
    raw = raw_events(Time=np.arange(20_000)[::-1])
    found = pick("CARRY_OVER", observe_cells(run_of(raw, gating=carried(10, 0))))

    assert found.message.startswith("in the blast gate: 0 of the first 200")


# Gates


def noted(code: str, *messages: str) -> Gating:
    findings = [Finding(Severity.WARN, Reason(code, text=message)) for message in messages]
    other = Finding(Severity.INFO, Reason("GATE_UNRESOLVED", text="viable: no valley"))
    return gating_of(members_of(4), findings=[other, *findings])


@pytest.mark.parametrize(
    ("check", "code"), [("GATE_SHARES", "GATE_SHARE"), ("GATE_POSITIONS", "GATE_POSITION")]
)
def test_odd_gates_are_counted_and_named(check: str, code: str) -> None:
    found = observe(check, noted(code, "cells holds 3 % of all", "singlets holds 2 % of cells"))

    assert found.value == 2
    assert found.message == "cells holds 3 % of all; singlets holds 2 % of cells"
    assert state_of(found) is WARN
    assert state_of(observe(check, noted(code))) is PASS
