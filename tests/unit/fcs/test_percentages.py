"""Compensation as FCS 2.0 writes it: a percentage a pair of channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cd5flow.fcs import FcsFile, read_fcs
from support.fcs_factory import fcs

BD = ["FSC-H", "SSC-H", "FL1-H", "FL2-H", "Time"]
COULTER = ["FS Lin", "FL2 Log", "FL1 Log", "FL2 Lin", "FL1 Lin"]


def read(tmp_path: Path, names: list[str], shares: dict[str, str], **keywords: str) -> FcsFile:
    path = tmp_path / "tube.fcs"
    given = {f"$DFC{pair}": value for pair, value in shares.items()}
    given |= {key.replace("S_", "$"): value for key, value in keywords.items()}
    path.write_bytes(
        fcs([[1] * len(names)], datatype="I", names=names, version="2.0", keywords=given)
    )
    return read_fcs(path)


def codes(file: FcsFile) -> set[str]:
    return {finding.code for finding in file.findings}


def test_percentages_by_the_number_of_the_channel_are_a_matrix(tmp_path: Path) -> None:
    file = read(tmp_path, BD, {"3TO4": "28.4", "4TO3": "1,5", "3TO3": "100"})
    assert file.spillover is not None
    assert file.spillover.detectors == ("FL1-H", "FL2-H")
    np.testing.assert_allclose(file.spillover.matrix, [[1.0, 0.284], [0.015, 1.0]])
    assert file.spillover.source == "$DFCiTOj"
    assert codes(file) == {"DFC_APPLIED"}


def test_percentages_by_the_number_of_the_fluorescence(tmp_path: Path) -> None:
    # Channel 1 is scatter, so that 1 and 2 can only be FL1 and FL2, for each kind of pulse.
    file = read(tmp_path, COULTER, {"1TO2": "20"})
    assert file.spillover is not None
    assert file.spillover.detectors == ("FL1 Log", "FL2 Log", "FL1 Lin", "FL2 Lin")
    expected = np.eye(4)
    expected[0, 1] = expected[2, 3] = 0.2
    np.testing.assert_allclose(file.spillover.matrix, expected)


def test_logarithms_were_compensated_by_the_instrument(tmp_path: Path) -> None:
    file = read(tmp_path, BD, {"3TO4": "28.4"}, S_P3E="4,1")
    assert file.spillover is None
    (finding,) = file.findings
    assert finding.code == "DFC_NOT_APPLIED"
    assert "3 to 4: 28.4 %" in finding.message
    assert "before which such instruments subtract" in finding.message


@pytest.mark.parametrize(
    ("shares", "case", "why"),
    [
        ({"1TO2": "20"}, "no_channels", "fit neither"),  # scatter, and FL1 to FL2 is not named so
        ({"8TO9": "20"}, "no_channels", "fit neither"),
        ({"3TO4": "2000"}, "too_much", "at most 1000 %"),
    ],
)
def test_percentages_that_cannot_be_a_matrix_say_why(
    tmp_path: Path, shares: dict[str, str], case: str, why: str
) -> None:
    file = read(tmp_path, ["FSC-H", "SSC-H", "A", "B", "Time"], shares)
    assert file.spillover is None
    (finding,) = file.findings
    assert (finding.code, finding.reason.case) == ("DFC_NOT_APPLIED", case)
    assert why in finding.message


@pytest.mark.parametrize("shares", [{"3TO4": "0.00", "4TO3": "0"}, {"3TO4": "none"}, {"3TO": "5"}])
def test_percentages_of_nothing_are_nothing(tmp_path: Path, shares: dict[str, str]) -> None:
    file = read(tmp_path, BD, shares)
    assert file.spillover is None
    assert file.findings == ()


def test_a_matrix_goes_before_percentages(tmp_path: Path) -> None:
    file = read(tmp_path, BD, {"3TO4": "28.4"}, SPILL="2,FL1-H,FL2-H,1,0.5,0,1")
    assert file.spillover is not None
    assert file.spillover.source == "SPILL"


def test_more_channels_than_a_matrix_may_have_are_not_multiplied_out(tmp_path: Path) -> None:
    shares = {f"{n}TO{n + 1}": "1" for n in range(1, 700)}
    file = read(tmp_path, [f"C{n}" for n in range(700)], shares)
    assert codes(file) == {"DFC_NOT_APPLIED"}
