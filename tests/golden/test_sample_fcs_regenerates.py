"""``cd5flow simulate`` still makes the repository's ``sample_fcs``: same TEXT, same values."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.simulate import CLINICAL_FILE, SHEET_FILE, TRUTH_FILE, simulate_samples
from support.paths import SAMPLES

KEPT = SAMPLES
RELATIVE_TOLERANCE = 1e-5
ABSOLUTE_TOLERANCE = 1e-3
"""Compensated values near zero are differences of large ones; units of the instrument."""


def segments(path: Path) -> tuple[bytes, npt.NDArray[np.float64]]:
    """Return HEADER with TEXT, and DATA, of a file that `write_fcs` wrote."""
    content = path.read_bytes()
    begin, end = int(content[26:34]), int(content[34:42])
    text = content[:begin]
    order = ">" if b"4,3,2,1" in text else "<"
    kind = "f4" if re.search(rb"\$DATATYPE.F", text) else "u2"
    return text, np.frombuffer(content[begin : end + 1], dtype=f"{order}{kind}").astype(np.float64)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("regenerated")
    simulate_samples(out)
    return out


def test_the_same_files_are_made(made: Path) -> None:
    kept = {path.name for path in KEPT.iterdir() if path.suffix != ".md"}

    assert kept == {path.name for path in made.iterdir()}


@pytest.mark.parametrize("name", sorted(path.name for path in KEPT.glob("*.fcs")))
def test_text_is_the_same_and_values_agree(made: Path, name: str) -> None:
    text, values = segments(KEPT / name)
    text_again, values_again = segments(made / name)

    assert text_again == text
    np.testing.assert_allclose(
        values_again, values, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE
    )


@pytest.mark.parametrize("name", [SHEET_FILE, CLINICAL_FILE])
def test_the_sheets_are_the_same(made: Path, name: str) -> None:
    assert (made / name).read_text("utf-8") == (KEPT / name).read_text("utf-8")


def test_the_truth_agrees(made: Path) -> None:
    tables = []
    for folder in (KEPT, made):
        with (folder / TRUTH_FILE).open(encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))

    for kept, again in zip(*tables, strict=True):
        assert kept.keys() == again.keys()
        for column, value in kept.items():
            if column == "cd5_cut_linear" and value:
                assert float(again[column]) == pytest.approx(float(value), rel=1e-5)
            else:
                assert again[column] == value, f"{kept['file']}: {column}"
