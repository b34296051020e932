"""The sample set holds what its sheet and truth say."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from cd5flow.errors import OutputError
from cd5flow.simulate import CLINICAL_FILE, SHEET_FILE, TRUTH_FILE, simulate_samples

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, heard: list[str]) -> Path:
    out = tmp_path_factory.mktemp("simulated") / "samples"
    simulate_samples(out, seed=3, progress=heard.append)
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_sheet_names_every_file_once(folder: Path) -> None:
    files = [row["file"] for row in table(folder / SHEET_FILE)]

    assert sorted(files) == sorted(path.name for path in folder.glob("*.fcs"))


def test_controls_are_named_after_their_samples(folder: Path) -> None:
    rows = table(folder / SHEET_FILE)
    samples = {row["sample_id"]: row for row in rows if row["role"] == "sample"}
    controls = [row for row in rows if row["role"] == "fmo"]

    assert len(samples) == 12
    assert len(controls) == 7
    for row in controls:
        assert row["file"] == f"{row['for_sample']}_FMO-CD5.fcs"
        assert samples[row["for_sample"]]["specimen_id"] == row["specimen_id"]


def test_set_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) < 25 * MEGABYTE


def test_truth_covers_the_questions(folder: Path) -> None:
    truth = {row["file"].removesuffix(".fcs"): row for row in table(folder / TRUTH_FILE)}

    assert float(truth["p01-clear-positive"]["cd5_percent"]) > 95
    assert float(truth["p02-borderline-69"]["cd5_percent"]) == pytest.approx(69, abs=0.5)
    assert float(truth["p03-borderline-71"]["cd5_percent"]) == pytest.approx(71, abs=0.5)
    assert float(truth["p05-cd5-negative-four-colour"]["cd5_percent"]) < 5
    assert int(truth["p09-blood-clogged"]["disturbed_events"]) > 500
    assert 0.2 < float(truth["p10-mrd-low"]["blast_percent"]) < 0.4
    assert int(truth["p11-no-disease"]["blast_events"]) == 0
    assert truth["p11-no-disease"]["cd5_percent"] == ""
    assert truth["p12-no-cd5"]["cd5_percent"] == ""


def test_progress_hears_every_file_as_it_is_written(folder: Path, heard: list[str]) -> None:
    assert sorted(heard) == sorted(path.name for path in folder.iterdir())
    assert heard[-3:] == [SHEET_FILE, TRUTH_FILE, CLINICAL_FILE]


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")

    with pytest.raises(OutputError, match="taken"):
        simulate_samples(tmp_path / "taken")
