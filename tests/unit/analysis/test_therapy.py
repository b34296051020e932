"""T cells after cellular therapies, on simulated tubes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cd5flow import simulate as sim
from cd5flow.analysis.options import AUTO
from cd5flow.model.reasons import Reason
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    CriterionState,
    Pattern,
    PriorTherapy,
    QualityState,
    Result,
    Timepoint,
)
from cd5flow.pipeline import Settings, analyse_tube
from support.chain import chain_strategy

RELAPSE = sim.TubeSpec(name="relapse", events=20_000, seed=5)
SURFACE = replace(RELAPSE, panel=sim.SURFACE_10)
AFTER_CD5 = replace(RELAPSE, composition=sim.AFTER_CD5_CAR)

Analysed = Callable[..., Result]


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Analysed:
    folder: Path = tmp_path_factory.mktemp("tubes")
    written: list[tuple[sim.TubeSpec, Path]] = []

    def analyse(spec: sim.TubeSpec, *therapies: str, chain: bool = False) -> Result:
        path = next((p for known, p in written if known == spec), None)
        if path is None:
            path = folder / f"{len(written)}.fcs"
            sim.write_tube(sim.simulate_tube(spec), path)
            written.append((spec, path))
        settings = Settings(
            timepoint=Timepoint.RELAPSE,
            specimen=spec.specimen,
            prior_therapy=tuple(PriorTherapy(word) for word in therapies),
            strategy=str(chain_strategy()) if chain else AUTO,
        )
        return analyse_tube(path, settings).result

    return analyse


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


def test_after_cd7_car_cells_are_not_called_blasts_by_their_cd7(analysed: Analysed) -> None:
    before, after = analysed(SURFACE), analysed(SURFACE, "cd7_car")

    assert before.strategy.lineage == "CD7+ sCD3-"
    assert before.burden.state is BurdenState.OVERT
    assert after.burden.state is BurdenState.INCONCLUSIVE
    assert after.burden.percent is None
    assert after.burden.scope is None
    assert after.cd5.state is Cd5State.NOT_EVALUABLE
    assert "LINEAGE_UNPROVEN" in codes(after.cd5.reasons)


def test_after_cd7_car_cytoplasmic_cd3_tells_as_before(analysed: Analysed) -> None:
    before, after = analysed(RELAPSE), analysed(RELAPSE, "cd7_car")

    # Cells are grouped without CD7: other groups place the same gates, a few events apart.
    assert after.cd5.state is before.cd5.state
    assert after.cd5.percent == pytest.approx(before.cd5.percent, abs=0.2)
    assert after.burden.state is before.burden.state
    assert after.burden.percent == pytest.approx(before.burden.percent, rel=0.005)
    assert after.strategy.lineage == before.strategy.lineage
    assert after.criterion.state is CriterionState.MET


def test_the_result_says_which_rules_changed(analysed: Analysed) -> None:
    assert analysed(SURFACE).strategy.rules_changed == ()
    changed = analysed(SURFACE, "cd7_car").strategy.rules_changed

    assert "CD7 neither selects nor excludes" in str(changed[0])
    assert "lineage rules not used: CD7+ sCD3-" in str(changed[0])


def test_after_cd5_car_t_cells_without_cd5_are_no_staining_failure(analysed: Analysed) -> None:
    unsaid, said = analysed(AFTER_CD5), analysed(AFTER_CD5, "cd5_car")

    assert unsaid.quality.state is QualityState.FAIL
    assert said.quality.state is not QualityState.FAIL
    assert said.cd5.state is Cd5State.MEETS  # proven by the blasts' own bright mode
    assert said.cd5.t_cells is not None
    assert said.cd5.t_cells.percent is not None
    assert said.cd5.t_cells.percent < 10
    assert said.criterion.state is CriterionState.REVIEW
    assert "AFTER_CD5_CAR" in codes(said.criterion.reasons)


def test_after_cd5_car_a_missing_reagent_is_still_not_read_as_negative(analysed: Analysed) -> None:
    forgotten = replace(AFTER_CD5, cd5_reagent=sim.Cd5Reagent.FORGOTTEN)
    result = analysed(forgotten, "cd5_car")

    assert result.cd5.state is Cd5State.NOT_EVALUABLE
    assert result.cd5.percent is None
    assert "CD5_REAGENT_UNPROVEN" in codes(result.cd5.reasons)


def test_after_cd5_car_cells_with_scd3_and_without_cd5_are_no_leukaemia(
    analysed: Analysed,
) -> None:
    bare = replace(AFTER_CD5.blasts, scd3_level=sim.SCD3_DIM_LEVEL, cd5=Pattern.NEGATIVE)
    result = analysed(replace(AFTER_CD5, blasts=bare), "cd5_car")

    assert "SPARED_T_CELLS" in codes(result.findings)
    assert result.strategy.lineage == "unproven"
    assert result.burden.state is BurdenState.INCONCLUSIVE
    assert result.burden.percent is None
    assert result.criterion.state is not CriterionState.MET


def test_with_cd5_they_are_looked_at_as_before(analysed: Analysed) -> None:
    carrying = replace(AFTER_CD5.blasts, scd3_level=sim.SCD3_DIM_LEVEL)
    result = analysed(replace(AFTER_CD5, blasts=carrying), "cd5_car")

    assert "SPARED_T_CELLS" not in codes(result.findings)
    assert result.burden.state is BurdenState.OVERT


@pytest.mark.parametrize("therapy", ["cd7_car", "other_car"])
def test_blasts_without_scd3_that_nothing_tells_from_edited_t_cells_are_for_review(
    analysed: Analysed, therapy: str
) -> None:
    mature = replace(RELAPSE.blasts, cd45_level=sim.T_CELL_CD45_LEVEL - 0.3, tdt_level=None)
    like = replace(RELAPSE, blasts=mature)
    before, after = analysed(like), analysed(like, therapy)

    assert before.criterion.state is CriterionState.MET
    assert "EDITED_T_CELLS" in codes(after.criterion.reasons)
    assert "EDITED_T_CELLS" in after.criterion.bounds
    assert after.criterion.state is CriterionState.REVIEW


def test_few_blasts_with_less_cd45_are_told(analysed: Analysed) -> None:
    few = replace(RELAPSE, blast_percent=4.0, panel=sim.MRD_CY_10)

    assert "EDITED_T_CELLS" not in codes(analysed(few, "other_car", chain=True).criterion.reasons)


def test_where_blasts_have_scd3_edited_cells_are_no_question(analysed: Analysed) -> None:
    dim = replace(RELAPSE.blasts, scd3_level=sim.SCD3_DIM_LEVEL)
    result = analysed(replace(RELAPSE, blasts=dim), "cd7_car")

    assert result.strategy.lineage == "cyCD3+ sCD3+ apart from normal T cells"
    assert "EDITED_T_CELLS" not in codes(result.criterion.reasons)


def test_other_therapies_change_nothing(analysed: Analysed) -> None:
    plain = analysed(RELAPSE)

    for therapy in ("allo_hsct", "anti_cd38"):
        result = analysed(RELAPSE, therapy)
        assert (result.cd5, result.burden, result.criterion) == (
            plain.cd5,
            plain.burden,
            plain.criterion,
        )
