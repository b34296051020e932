from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.fcs.spillover import written_spillover
from support.fcs_factory import fcs

NAMES = ["FSC-A", "FITC-A", "PE-A", "Time"]


def read(tmp_path: Path, **keywords: str) -> FcsFile:
    path = tmp_path / "tube.fcs"
    named = {key.replace("S_", "$"): value for key, value in keywords.items()}
    path.write_bytes(fcs([[1.0, 2.0, 3.0, 4.0]], names=NAMES, keywords=named))
    return read_fcs(path)


def unusable(file: FcsFile) -> list[str]:
    return [f.message for f in file.findings if f.code == "SPILLOVER_UNUSABLE"]


@pytest.mark.parametrize("keyword", ["S_SPILLOVER", "SPILL", "S_SPILL", "SPILLOVER"])
def test_every_spelling_of_the_keyword_is_read(tmp_path: Path, keyword: str) -> None:
    file = read(tmp_path, **{keyword: "2,FITC-A,PE-A,1,0.1,0.02,1"})
    assert file.spillover is not None
    assert file.spillover.detectors == ("FITC-A", "PE-A")
    assert file.spillover.matrix.tolist() == [[1.0, 0.1], [0.02, 1.0]]
    assert file.spillover.source == keyword.replace("S_", "$")


def test_the_first_usable_matrix_is_taken(tmp_path: Path) -> None:
    file = read(tmp_path, S_SPILLOVER="2,A,B", SPILL="2,FITC-A,PE-A,1,0,0,1", S_SPILL="0")
    assert file.spillover is not None
    assert file.spillover.source == "SPILL"
    assert unusable(file) == [
        "$SPILLOVER is not usable: 2 entries follow 2, expected 2 names and 4 values"
    ]


def test_names_may_be_numbers_of_channels(tmp_path: Path) -> None:
    file = read(tmp_path, S_SPILLOVER="2,2,3,1,0.1,0,1")
    assert file.spillover is not None
    assert file.spillover.detectors == ("FITC-A", "PE-A")


@pytest.mark.parametrize("names", ["fitc-a,pe-a", " FITC-A , PE-A ", "CD5,PE-A"])
def test_names_may_differ_in_case_or_be_labels(tmp_path: Path, names: str) -> None:
    file = read(tmp_path, S_SPILLOVER=f"2,{names},1,0.1,0,1", S_P2S="CD5")
    assert file.spillover is not None
    assert file.spillover.detectors == ("FITC-A", "PE-A")


def test_a_name_may_hold_a_comma(tmp_path: Path) -> None:
    file = read(tmp_path, S_SPILLOVER="2,V450,A,PE-A,1,0.1,0,1", S_P2N="V450,A")
    assert file.spillover is not None
    assert file.spillover.detectors == ("V450,A", "PE-A")


def test_percent_become_shares(tmp_path: Path) -> None:
    file = read(tmp_path, S_SPILLOVER="2,FITC-A,PE-A,100,10,2,100")
    assert file.spillover is not None
    np.testing.assert_allclose(file.spillover.matrix, [[1.0, 0.1], [0.02, 1.0]])


def test_a_matrix_without_names_is_of_all_channels(tmp_path: Path) -> None:
    identity = ",".join(f"{value:g}" for value in np.eye(4).ravel())
    file = read(tmp_path, S_COMP=f"4,{identity}")
    assert file.spillover is not None
    assert file.spillover.detectors == tuple(NAMES)
    assert file.spillover.is_identity


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("2,FITC-A,PE-A,1,0,0", "5 entries follow 2"),
        ("2,FITC-A,PE-A,1,x,0,1", "'x' stands where a coefficient is expected"),
        ("2,FITC-A,APC-A,1,0.1,0,1", "it names APC-A, which is no $PnN"),
        ("2,FITC-A,APC-A,1,0,0.1,1", "it names APC-A, which is no $PnN"),
        ("3,FSC-A,FITC-A,PE-A,1,0,0,5,0,0,1,0,0,0,1", "its coefficients have decimal commas"),
        ("2,XYZ-A,APC-A,1,0,0,1", "it names XYZ-A, APC-A, which is no $PnN"),
        ("2,PE-A,PE-A,1,0,0,1", "it names a channel twice"),
        ("2,FITC-A,PE-A,1,0,0,0", "its diagonal is not positive"),
        ("2,FITC-A,PE-A,Time,1,0,0,1", "3 names follow 2"),
        ("99,FITC-A", "1 entries follow 99, expected 99 names"),
        ("999,FITC-A", "it begins with '999', expected 1 to 512 channels"),
        ("many", "it begins with 'many'"),
    ],
)
def test_a_matrix_that_cannot_be_used_says_why(tmp_path: Path, value: str, fault: str) -> None:
    file = read(tmp_path, S_SPILLOVER=value)
    assert file.spillover is None
    (message,) = unusable(file)
    assert message.startswith(f"$SPILLOVER is not usable: {fault}")


def test_what_is_wrong_with_a_matrix_is_data(tmp_path: Path) -> None:
    absent = [f"B{n}" for n in range(1, 21)]
    identity = ",".join(f"{value:g}" for value in np.eye(20).ravel())
    (finding,) = read(tmp_path, S_SPILLOVER=f"20,{','.join(absent)},{identity}").findings[:1]
    assert finding.reason.case == "absent_more"
    named, more = finding.reason.values["absent"], finding.reason.values["more"]
    assert isinstance(named, tuple)
    assert [*named, more] == [*absent[: len(named)], 20 - len(named)]
    (short,) = read(tmp_path, S_SPILLOVER="2,FITC-A,PE-A,1,0,0").findings[:1]
    told = {"case": "too_few", "entries": 5, "channels": 2, "values": 4, "keyword": "$SPILLOVER"}
    assert short.reason.values == told


TENTH = [[1.0, 0.1], [0.05, 1.0]]


@pytest.mark.parametrize(
    "value",
    [
        "2,FITC-A,PE-A,1,000,0,100,0,050,1,000",  # all with decimals
        "2,2,3,1,000,0,100,0,050,1,000",  # channels by number
        "2,FITC-A,PE-A,1,0,1,0,05,1",  # as %g writes them
        "2;FITC-A;PE-A;1,0;0,1;0,05;1,0",
    ],
)
def test_decimal_commas_are_put_together_again(tmp_path: Path, value: str) -> None:
    file = read(tmp_path, S_SPILLOVER=value)
    assert file.spillover is not None
    assert file.spillover.detectors == ("FITC-A", "PE-A")
    assert file.spillover.matrix.tolist() == TENTH


def test_decimal_commas_are_said(tmp_path: Path) -> None:
    file = read(tmp_path, S_SPILLOVER="2,FITC-A,PE-A,1,000,0,100,0,050,1,000")
    assert [f.code for f in file.findings] == ["SPILLOVER_COMMAS"]


@pytest.mark.parametrize(
    "value",
    [
        "3,FITC-A,PMT 9,PE-A,1,0,0.1,0,1,0,0.05,0,1",
        "5,FITC-A,PE-A,A1,A2,A3,1,0.1,0,0,0,0.05,1,0,0,0,0,0,1,0,0,0,0,0,1,0,0,0,0,0,1",
    ],
)
def test_absent_channels_that_change_nothing_are_left_out(tmp_path: Path, value: str) -> None:
    file = read(tmp_path, SPILL=value)
    assert file.spillover is not None
    assert file.spillover.detectors == ("FITC-A", "PE-A")
    assert file.spillover.matrix.tolist() == TENTH
    assert [f.code for f in file.findings] == ["SPILLOVER_REDUCED"]


def test_a_written_matrix_reads_the_same(tmp_path: Path) -> None:
    file = read(tmp_path, SPILL="2,FITC-A,PE-A,1,0.1234567891234,0,1")
    assert file.spillover is not None
    again = read(tmp_path, SPILL=written_spillover(file.spillover))
    assert again.spillover is not None
    assert again.spillover.matrix.tolist() == file.spillover.matrix.tolist()


def test_a_comp_of_other_than_all_channels_says_why(tmp_path: Path) -> None:
    assert unusable(read(tmp_path, S_COMP="2,1,0,0,1")) == [
        "$COMP is not usable: 2 channels without names, the file has 4"
    ]


@pytest.mark.parametrize("value", ["0", "NA", "None", " "])
def test_a_blank_matrix_is_none(tmp_path: Path, value: str) -> None:
    file = read(tmp_path, S_SPILLOVER=value)
    assert file.spillover is None
    assert file.findings == ()
