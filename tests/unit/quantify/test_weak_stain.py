"""What a stain weaker than the laboratory's own may hide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.model.result import Cd5State, Pattern
from support.cd5_judging import codes, judge
from support.readout_factory import (
    BRIGHT,
    CENTRE,
    SPREAD,
    at,
    cd5_limits,
    fmo_signal,
    readout,
    spread,
)

OWN_STAIN = cd5_limits(stain={"expected_index": 40, "margin": 2})


def t_cells_of_index(index: float) -> np.ndarray:
    return at((200, CENTRE + 2 * index * SPREAD))


Z = 0.5244005127080407
"""Normal quantile of 70 %: blasts that just meet the threshold lie so many SD above the cut."""


LOWEST = ((CENTRE + 2.3263 * SPREAD) * 10**-0.1 - CENTRE) / SPREAD
"""The lowest place that can be defended beside an FMO's cut, a tenth of a decade below it, in SD."""


@pytest.mark.parametrize(
    ("shift", "hidden"),
    # A quarter of the light of blasts that meet the threshold, and a little less.
    [((LOWEST + Z) * 0.25 + 0.02, True), ((LOWEST + Z) * 0.25 - 0.04, False)],
)
def test_a_weak_stain_hides_dim_cd5(shift: float, hidden: bool) -> None:  # noqa: FBT001
    # Half of the index expected, and the margin of 2: a quarter of the light.
    blasts = spread(4000, CENTRE + shift * SPREAD)
    tube = readout(blasts, t_cells=t_cells_of_index(20), controls=[fmo_signal(n=20_000)])

    found = judge(tube, limits=OWN_STAIN)

    assert found.pattern is Pattern.NEGATIVE
    assert codes(found) == (["BAND_SPANS", "STAIN_MAY_HIDE_CD5"] if hidden else [])
    assert found.state is (Cd5State.BORDERLINE if hidden else Cd5State.DOES_NOT_MEET)


def test_a_weak_stain_widens_the_band_by_its_shift_and_no_more() -> None:
    # A quarter of the light: so much less above the centre, less what the background keeps.
    own = cd5_limits(stain={"expected_index": 40, "margin": 1})
    blasts = np.linspace(-100, 300, 4001, dtype=np.float32)
    full = judge(readout(blasts, t_cells=t_cells_of_index(40)), limits=own)
    weak = judge(readout(blasts, t_cells=t_cells_of_index(10)), limits=own)
    assert full.band_percent is not None
    assert weak.band_percent is not None
    assert full.cut is not None

    # Where the cut lies lower than the negatives say, these shine more than the blasts: by as much.
    lowest, centre = full.cut.linear * 10**-0.2, CENTRE * 10**-0.2
    place = centre + 0.25 * (lowest - centre) - 0.75 * Z * SPREAD * 10**-0.2
    assert weak.band_percent[0] == full.band_percent[0]
    assert weak.band_percent[1] == pytest.approx(100 * float(np.mean(blasts >= place)), abs=0.5)


def test_negative_blasts_are_definite_though_the_stain_is_a_little_weak() -> None:
    own = cd5_limits(stain={"expected_index": 40, "margin": 1})
    tube = readout(spread(1000), t_cells=t_cells_of_index(22))

    assert judge(tube, limits=own).state is Cd5State.DOES_NOT_MEET
    assert judge(tube).state is Cd5State.DOES_NOT_MEET


@pytest.mark.parametrize(
    ("index", "state"), [(41, Cd5State.DOES_NOT_MEET), (1.5, Cd5State.BORDERLINE)]
)
def test_blasts_in_two_modes_are_believed_unless_the_stain_nearly_failed(
    index: float, state: Cd5State
) -> None:
    # Beside 55 % bright ones: what lies at the background is background, or dim beyond telling.
    blasts = np.concatenate([spread(900), at((1100, BRIGHT))])

    tube = readout(blasts, t_cells=t_cells_of_index(index))
    assert judge(tube, limits=OWN_STAIN).state is state


def test_a_laboratory_states_what_its_own_reagent_shows() -> None:
    blasts = spread(4000, CENTRE + 1.2 * SPREAD)
    tube = readout(blasts, t_cells=t_cells_of_index(30), controls=[fmo_signal()])
    own = cd5_limits(stain={"expected_index": 30, "margin": 1})

    assert "STAIN_MAY_HIDE_CD5" in codes(judge(tube, limits=OWN_STAIN))
    assert judge(tube, limits=own).state is Cd5State.DOES_NOT_MEET


@given(index=st.floats(0.1, 500), shift=st.floats(-1, 3), positive=st.floats(0, 1))
def test_a_share_that_meets_the_threshold_is_never_held_against_the_stain(
    index: float, shift: float, positive: float
) -> None:
    n = round(1000 * positive)
    blasts = np.concatenate([spread(1000 - n, CENTRE + shift * SPREAD), at((n, BRIGHT))])
    tube = readout(blasts, t_cells=t_cells_of_index(index), controls=[fmo_signal()])
    found = judge(tube, limits=OWN_STAIN)

    if found.percent is not None and found.percent >= 70:
        assert "STAIN_MAY_HIDE_CD5" not in codes(found)
    if "STAIN_MAY_HIDE_CD5" in codes(found):
        assert found.state is Cd5State.BORDERLINE
