"""What proves that CD5 was in the tube."""

from __future__ import annotations

import numpy as np
import pytest

from cd5flow.model.result import Cd5State
from cd5flow.quantify.cuts import ControlSignal
from support.cd5_judging import assert_withheld, codes, judge
from support.readout_factory import (
    BRIGHT,
    CENTRE,
    SPREAD,
    at,
    fmo_signal,
    readout,
    share_of,
    spread,
)

# The reagent


def dim_blasts(n: int = 1000) -> np.ndarray:
    """Return blasts that all lie above the cut and none of which is CD5-bright."""
    return at((n, CENTRE + 9 * SPREAD))


def test_a_tube_whose_cd5_was_never_pipetted_is_not_read_as_negative() -> None:
    tube = readout(spread(1000), t_cells=spread(500))

    assert_withheld(judge(tube), "CD5_REAGENT_UNPROVEN")


@pytest.mark.parametrize(("bright", "proven"), [(99, False), (100, True)])
def test_a_hundred_bright_t_cells_prove_the_reagent(bright: int, *, proven: bool) -> None:
    tube = readout(spread(1000), t_cells=at((bright, BRIGHT), (100, 0.0)))

    assert (codes(judge(tube)) == ["CD5_REAGENT_UNPROVEN"]) is not proven


@pytest.mark.parametrize(("units", "proven"), [(4.95, False), (5.05, True)])
def test_bright_stands_five_stain_index_units_above_the_negatives(
    units: float, *, proven: bool
) -> None:
    tube = readout(spread(1000), t_cells=at((200, CENTRE + 2 * units * SPREAD)))

    assert (codes(judge(tube)) == ["CD5_REAGENT_UNPROVEN"]) is not proven


@pytest.mark.parametrize(("bright", "proven"), [(99, False), (100, True)])
@pytest.mark.parametrize("n", [1000, 2001])
def test_a_hundred_blasts_in_a_bright_mode_prove_it_too(
    bright: int, n: int, *, proven: bool
) -> None:
    tube = readout(share_of(bright, n), t_cells=at())

    assert (codes(judge(tube)) == ["CD5_REAGENT_UNPROVEN"]) is not proven


@pytest.mark.parametrize("cells", ["blasts", "others"])
def test_the_tail_of_negative_cells_proves_nothing(cells: str) -> None:
    ramp = np.geomspace(CENTRE + 10 * SPREAD, BRIGHT, 1000).astype(np.float32)
    tail = np.concatenate([spread(9000), np.geomspace(200, 600, 2000).astype(np.float32), ramp])
    tube = readout(spread(1000), t_cells=at(), others=tail)
    if cells == "blasts":
        tube = readout(tail, t_cells=at())

    assert_withheld(judge(tube), "CD5_REAGENT_UNPROVEN")


def test_a_tail_of_t_cells_without_cd5_proves_nothing() -> None:
    unstained = np.concatenate([spread(9000), np.geomspace(200, BRIGHT, 400).astype(np.float32)])

    assert_withheld(judge(readout(spread(1000), t_cells=unstained)), "CD5_REAGENT_UNPROVEN")


# The negatives' centre is 100 and their SD 50: a decade above is 1,000.
@pytest.mark.parametrize(("centre", "proven"), [(980, False), (1020, True)])
def test_a_mode_of_the_blasts_lies_a_decade_above_the_negatives(
    centre: float, *, proven: bool
) -> None:
    cd5 = judge(readout(spread(1000, centre, 0.03, decades=True), t_cells=at()))

    assert ("CD5_REAGENT_UNPROVEN" in codes(cd5)) is not proven
    assert cd5.reagent is not None
    assert cd5.reagent.by == ("blasts" if proven else None)


@pytest.mark.parametrize(("bright", "proven"), [(99, False), (100, True)])
def test_other_lymphocytes_prove_it_by_a_mode_of_their_own(bright: int, *, proven: bool) -> None:
    tube = readout(spread(1000), t_cells=at(), others=share_of(bright, 1000))

    cd5 = judge(tube)

    assert (codes(cd5) == ["CD5_REAGENT_UNPROVEN"]) is not proven
    assert cd5.reagent is not None
    assert cd5.reagent.by == ("other_cells" if proven else None)


def test_after_cd5_car_t_cells_without_t_cells_bright_blasts_are_definite() -> None:
    cd5 = judge(readout(spread(1000, 8000, 0.15, decades=True), t_cells=at()))

    assert cd5.state is Cd5State.MEETS
    assert cd5.reagent is not None
    assert (cd5.reagent.by, cd5.reagent.bright_t_cells) == ("blasts", 0)


def test_t_cells_left_without_cd5_are_no_yardstick() -> None:
    cd5 = judge(readout(share_of(900, 1000), t_cells=spread(500)))

    assert cd5.state is Cd5State.MEETS
    assert cd5.intensity is not None
    assert cd5.intensity.percent_of_t_cells is None
    assert cd5.intensity.far_below_t_cells is None


@pytest.mark.parametrize(("bright", "proven"), [(99, False), (100, True)])
def test_a_positive_control_proves_it_too(bright: int, *, proven: bool) -> None:
    tube = readout(
        dim_blasts(), t_cells=at(), controls=[ControlSignal("positive", at(), bright), fmo_signal()]
    )

    assert (codes(judge(tube)) == ["CD5_REAGENT_UNPROVEN"]) is not proven


def test_another_control_proves_nothing() -> None:
    tube = readout(dim_blasts(), t_cells=at(), controls=[fmo_signal()])

    assert_withheld(judge(tube), "CD5_REAGENT_UNPROVEN")
