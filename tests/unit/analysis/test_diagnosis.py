"""From a patient's earlier result to what guides the search for what is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.analysis.diagnosis import laip_of, laip_section, read_laip, unused_laip
from cd5flow.errors import OptionError, ResultError
from cd5flow.model.members import Members
from cd5flow.model.populations import GateTree, Gating, Lineage
from cd5flow.model.result import BurdenState, PhenotypeEntry, Result
from support.report_factory import make_result

NO_GATES = Gating(
    tree=GateTree(()),
    members=Members(),
    findings=(),
    lineage=Lineage(),
    denominator_rule="",
)


def with_blasts(result: Result, state: BurdenState = BurdenState.OVERT) -> Result:
    entry = PhenotypeEntry(
        marker="CD45",
        channel="V500-A",
        low=300,
        median=1_000,
        high=3_000,
        t_cells_median=10_000,
        low_decades=-1.5,
        median_decades=-1.0,
        high_decades=-0.5,
        above_t_cells_percent=0.0,
    )
    burden = result.burden.model_copy(update={"state": state})
    return result.model_copy(update={"phenotype": (entry,), "burden": burden})


def test_a_result_with_blasts_guides_by_its_markers() -> None:
    result = with_blasts(make_result())
    found = laip_of(result, patient_id=result.sample.patient_id, name="dx.json")
    assert found.sample == result.sample.id
    assert found.markers["CD45"].high_decades == -0.5
    section = laip_section(found)
    assert section is not None
    assert section.markers == ("CD45",)


def test_a_result_of_another_patient_is_refused() -> None:
    result = with_blasts(make_result())
    other = result.model_copy(
        update={"sample": result.sample.model_copy(update={"patient_id": "P1"})}
    )
    with pytest.raises(OptionError, match=r"'P1'.*'P2'"):
        laip_of(other, patient_id="P2", name="dx.json")


@pytest.mark.parametrize("state", [BurdenState.NOT_DETECTED, BurdenState.INCONCLUSIVE])
def test_a_result_without_sure_blasts_is_refused(state: BurdenState) -> None:
    with pytest.raises(OptionError, match="no blasts to guide by"):
        laip_of(with_blasts(make_result(), state), patient_id=None, name="dx.json")


def test_a_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "dx.json"
    file.write_text("{}")
    with pytest.raises(ResultError):
        read_laip(file, patient_id=None)


def test_nothing_given_is_nothing_unused() -> None:
    assert laip_section(None) is None
    assert unused_laip(None, NO_GATES) == ()
