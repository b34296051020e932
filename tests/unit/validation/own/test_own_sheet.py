"""What a sheet of own tubes may say, and every fault of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.batch.sample_sheet import read_rows
from cd5flow.errors import StrategyError
from cd5flow.model.states import BurdenState, Cd5State
from cd5flow.validation.own.rules import load_own_rules
from cd5flow.validation.own.sheet import OWN_COLUMNS, Kind, OwnFacts, facts_of
from cd5flow.validation.own.tubes import tube_of
from support.analysed import analysis
from support.paths import ROOT


def read(folder: Path, text: str) -> tuple[list[OwnFacts], list[str]]:
    (folder / "a.fcs").touch()
    (folder / "own.csv").write_text(text, "utf-8")
    rows, faults = read_rows(folder / "own.csv", further=OWN_COLUMNS)
    facts = [] if faults else [facts_of(row.further) for row in rows]
    return facts, [str(fault) for fault in faults]


def test_a_row_says_what_is_expected(tmp_path: Path) -> None:
    (facts,), faults = read(
        tmp_path,
        "file,expected_cd5_percent,expected_blast_percent,expected_cd5_state,kind,level,replicate,"
        "reader,sequence,hours,run\na.fcs,70.5,0.2 %,meets,Low,L1,2,AB,3,24,r1\n",
    )
    assert faults == []
    assert facts == OwnFacts(
        expected_cd5_percent=70.5,
        expected_blast_percent=0.2,
        expected_cd5_state=Cd5State.MEETS,
        kind=Kind.LOW,
        level="L1",
        replicate="2",
        reader="AB",
        sequence=3,
        hours=24,
        run="r1",
    )


def test_a_row_that_says_nothing_more_is_a_sample(tmp_path: Path) -> None:
    (facts,), _ = read(tmp_path, "file,kind\na.fcs,\n")
    assert facts == OwnFacts()
    assert facts.kind is Kind.SAMPLE


@pytest.mark.parametrize(
    ("column", "cell", "complaint"),
    [
        ("expected_cd5_percent", "101", "found '101', expected a number from 0 to 100"),
        ("expected_cd5_percent", "nan", "found 'nan', expected a number from 0 to 100"),
        ("expected_blast_percent", "-1", "found '-1'"),
        ("expected_cd5_state", "POSITIVE", "found 'POSITIVE', expected MEETS"),
        ("expected_burden_state", "MRD", "found 'MRD', expected OVERT"),
        ("kind", "control", "found 'control', expected sample, blank, low, dilution"),
        ("sequence", "0", "found '0', expected a place in the run"),
        ("hours", "a day", "found 'a day', expected a number of 0 or more"),
        ("expected", "1", "column 'expected' is unknown"),
    ],
)
def test_what_is_wrong_is_told_with_its_row(
    tmp_path: Path, column: str, cell: str, complaint: str
) -> None:
    _, (fault,) = read(tmp_path, f"file,{column}\na.fcs,{cell}\n")
    assert complaint in fault
    assert fault.startswith("row ")


def test_faults_come_all_at_once(tmp_path: Path) -> None:
    _, faults = read(
        tmp_path, "file,kind,hours\na.fcs,none,x\nabsent.fcs,blank,1\na.fcs,blank,-2\n"
    )
    assert len(faults) == 4


@pytest.mark.parametrize(
    ("kind", "percent", "complaint"),
    [("blank", "0.1", "of a blank, expected 0"), ("dilution", "0", "found 0 of kind dilution")],
)
def test_a_kind_that_contradicts_its_burden_is_a_fault(
    tmp_path: Path, kind: str, percent: str, complaint: str
) -> None:
    _, (fault,) = read(tmp_path, f"file,kind,expected_blast_percent\na.fcs,{kind},{percent}\n")
    assert complaint in fault


@pytest.mark.parametrize(
    ("percent", "state"),
    [(70.0, Cd5State.MEETS), (69.99, Cd5State.DOES_NOT_MEET), (None, None)],
)
def test_an_absent_cd5_state_follows_from_percent_and_threshold(
    percent: float | None, state: Cd5State | None
) -> None:
    row = tube_of(analysis().result, OwnFacts(expected_cd5_percent=percent), overt_percent=5)
    assert row.expected_cd5_state is state


@pytest.mark.parametrize(
    ("percent", "state"),
    [
        (0.0, BurdenState.NOT_DETECTED),
        (5.0, BurdenState.MRD_POSITIVE),
        (5.01, BurdenState.OVERT),
        (0.1, BurdenState.INDETERMINATE),
        (0.4, BurdenState.MRD_BELOW_LLOQ),
        (None, None),
    ],
)
def test_an_absent_burden_state_follows_from_percent_and_the_tubes_limits(
    percent: float | None, state: BurdenState | None
) -> None:
    result = analysis().result
    assert result.burden.lod_percent is not None
    assert 0.1 < result.burden.lod_percent < 0.4
    row = tube_of(result, OwnFacts(expected_blast_percent=percent), overt_percent=5)
    assert row.expected_burden_state is state


def test_a_state_that_is_said_goes_before_and_a_blank_expects_nothing() -> None:
    said = OwnFacts(expected_cd5_percent=80, expected_cd5_state=Cd5State.BORDERLINE)
    row = tube_of(analysis().result, said, overt_percent=5)
    assert row.expected_cd5_state is Cd5State.BORDERLINE
    blank = tube_of(analysis().result, OwnFacts(kind=Kind.BLANK), overt_percent=5)
    assert blank.expected_blast_percent == 0
    assert blank.expected_burden_state is BurdenState.NOT_DETECTED


def test_rules_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    text = (ROOT / "gating" / "own_validation.yaml").read_text("utf-8")
    path = tmp_path / "rules.yaml"
    path.write_text(text.replace("verify: 20", "verify: 80"), "utf-8")
    with pytest.raises(StrategyError, match="verify must not exceed establish"):
        load_own_rules(path)
