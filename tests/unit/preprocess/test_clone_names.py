"""Names from before there were CD numbers, and clones, as laboratories still write them."""

from __future__ import annotations

import pytest

from cd5flow.config.shipped import markers_file
from cd5flow.preprocess.labels import load_aliases

ALIASES = load_aliases(markers_file())


@pytest.mark.parametrize(
    ("label", "marker"),
    [
        ("Leu-9", "CD7"),
        ("Leu1 FITC", "CD5"),
        ("L17F12", "CD5"),
        ("UCHT2-PE", "CD5"),
        ("UCHT1", "CD3"),
        ("OKT3 PE", "CD3"),
        ("anti-Leu-4", "CD3"),
        ("T11", "CD2"),
        ("Leu-3a", "CD4"),
        ("Leu 2a", "CD8"),
        ("LCA", "CD45"),
        ("HLe-1", "CD45"),
        ("CALLA", "CD10"),
        ("MIC2 PE", "CD99"),
        ("12E7", "CD99"),
        ("My9", "CD33"),
        ("NKH-1", "CD56"),
        ("CD7 (Leu-9)", "CD7"),
        ("cyUCHT1", "cyCD3"),
        ("cCD3 UCHT1", "cyCD3"),
        ("cy CD3 UCHT1", "cyCD3"),
    ],
)
def test_a_name_of_before_or_a_clone_is_its_marker(label: str, marker: str) -> None:
    assert ALIASES.read(label).markers == (marker,)


def test_two_numbers_are_two_markers() -> None:
    assert ALIASES.read("cyCD3 CD3").markers == ("cyCD3", "CD3")
    assert ALIASES.read("sCD3 cyCD3").markers == ("CD3", "cyCD3")


@pytest.mark.parametrize("detector", ["B4-A", "T4-A", "V1-A", "R2-A"])
def test_detectors_that_are_called_like_a_clone_are_no_markers(detector: str) -> None:
    assert ALIASES.read(detector, is_detector=True).markers == ()


@pytest.mark.parametrize("name", ["CD5", "sCD3", "cyCD3", "FSC-A", "CD16+CD56", "TCRab", "CD62L"])
def test_known_markers(name: str) -> None:
    assert ALIASES.knows(name)


@pytest.mark.parametrize("name", ["CD5x", "foo", "CD999", "CD5 CD7", "", "PE-A"])
def test_unknown_markers(name: str) -> None:
    assert not ALIASES.knows(name)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("CD5 PerCP-Cy5-5", "CD5 PerCP Cy5 5"),
        ("CD5 Smith", "CD5"),
        ("BV421", "BV421"),
        ("BVSMITH", ""),
        ("PETERSON", ""),
        ("", ""),
    ],
)
def test_words_that_stand_in_no_table_are_left_out(text: str, known: str) -> None:
    assert ALIASES.known_words(text) == known
