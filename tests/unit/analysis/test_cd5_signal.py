"""The CD5 of a gated tube whose cells are counted by hand: whose signals the cut and the share are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.model.result import BurdenState, Cd5State
from support.gating_factory import Entry, gate, lineage_path
from support.readout_factory import at, share_of, spread
from support.small_tube import (
    GATES,
    Cells,
    above,
    analysed,
    below,
    blasts,
    granulocytes,
    limits_of,
    strategy,
    t_cells,
)

CLUSTER: Entry = {
    "method": "candidate_cluster",
    "x": "CD45",
    "y": "SSC",
    "yardstick": ["t_cells"],
    "min_events": 5000,
}
"""More cells than any of these tubes holds: what comes to this gate is never a cluster."""


# References without the blasts


def without_cd3() -> Entry:
    """Return a strategy whose negatives are all cells without CD3, blasts among them."""
    gates = (*GATES, gate("cd3_negative", below("CD3")))
    return strategy(gates=gates, cd5=limits_of("cd5", references=["cd3_negative"]))


def test_blasts_are_no_part_of_the_negatives_that_they_are_held_against(tmp_path: Path) -> None:
    cells = (granulocytes(1000), t_cells())
    carriers = blasts(share_of(700, 700))
    cut = analysed(tmp_path, *cells, carriers, by=without_cd3()).result.cd5.cut
    plain = analysed(tmp_path, *cells, carriers).result.cd5.cut
    assert cut is not None
    assert plain is not None
    assert cut.reference_events == 1000
    assert cut.linear == plain.linear == pytest.approx(100 + 2.33 * 50, rel=0.01)


def test_negative_blasts_are_no_part_of_them_either(tmp_path: Path) -> None:
    """Blasts darker than the negatives would lower the cut, and be positive by it."""
    cells = (granulocytes(1000), t_cells())
    found = analysed(tmp_path, *cells, blasts(at((900, -50.0))), by=without_cd3()).result.cd5
    assert found.cut is not None
    assert (found.cut.reference_events, found.percent) == (1000, 0.0)
    assert found.median.negative_reference == pytest.approx(100, rel=0.01)


def test_too_few_negatives_are_not_filled_up_with_blasts(tmp_path: Path) -> None:
    cells = (granulocytes(199), t_cells(), blasts(at((500, -100.0))))
    found = analysed(tmp_path, *cells, by=without_cd3()).result.cd5
    assert found.cut is None
    assert found.percent is None


# Other cells that may prove the reagent


@pytest.mark.parametrize(
    ("cells", "others"),
    [((blasts(at((700, 10_000.0))), t_cells(700)), 0), ((blasts(at((700, 100.0))),), 500)],
    ids=["blasts and T cells", "bright cells of another kind"],
)
def test_neither_blasts_nor_t_cells_are_other_cells_that_prove_the_reagent(
    tmp_path: Path, cells: tuple[Cells, ...], others: int
) -> None:
    gates = (*GATES, gate("light", below("SSC")))
    by = strategy(gates=gates, cd5=limits_of("cd5", bright_others=["light"]))
    bright = Cells(at((others, 10_000.0)))  # with CD45 alone
    found = analysed(tmp_path, granulocytes(1000), *cells, bright, by=by).result.cd5
    assert found.basis is not None
    assert found.basis.reagent is not None
    assert found.basis.reagent.bright_others == others


# Look-alikes that form no cluster


def scattered() -> Entry:
    """Return a strategy under which the cells with cyCD3 and no CD3 form no cluster."""
    path = lineage_path(
        gate("cycd3_positive", above("cyCD3")),
        gate("scd3_negative", below("CD3"), parent="cycd3_positive"),
        gate("blasts", CLUSTER, parent="scd3_negative"),
    )
    return strategy(paths=[path])


LOOK_ALIKES = (granulocytes(1000), t_cells(), blasts(share_of(300, 400)))


def test_scattered_look_alikes_are_told_and_have_no_share(tmp_path: Path) -> None:
    found = analysed(tmp_path, *LOOK_ALIKES, by=scattered()).result
    assert found.cd5.state is Cd5State.NOT_EVALUABLE
    assert (found.cd5.blast_events, found.burden.look_alike_events) == (0, 400)
    assert (found.cd5.percent, found.cd5.positive_events) == (None, 0)
    assert found.burden.state is not BurdenState.OVERT


def test_scattered_look_alikes_have_no_median_and_no_cut_of_their_own(tmp_path: Path) -> None:
    found = analysed(tmp_path, *LOOK_ALIKES, by=scattered()).result.cd5
    assert found.median.blasts is None
    assert found.pattern is None
    # The cut of the tube's negatives stands; a valley among the look-alikes is none.
    assert found.cut is not None
    assert found.cut.method == "internal_negative"
    assert [other.percent for other in found.cut.alternatives] == []
    # T cells and negatives tell how CD5 stained all the same.
    assert found.median.t_cells == 20_000
    assert found.stain_index == pytest.approx(199, rel=0.01)


def test_the_same_cells_as_a_cluster_have_all_of_it(tmp_path: Path) -> None:
    found = analysed(tmp_path, *LOOK_ALIKES).result.cd5
    assert (found.percent, found.blast_events) == (75.0, 400)
    assert found.median.blasts == 10_000
    assert found.cut is not None
    assert [other.method for other in found.cut.alternatives] == ["valley"]


def test_negatives_stand_without_the_look_alikes(tmp_path: Path) -> None:
    """They may be blasts all the same."""
    by = {**without_cd3(), "paths": scattered()["paths"]}
    cells = (granulocytes(1000), t_cells(), blasts(spread(400, 5000, 100)))
    cut = analysed(tmp_path, *cells, by=by).result.cd5.cut
    assert cut is not None
    assert cut.reference_events == 1000
