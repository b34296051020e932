"""What labels say, in the spellings met in files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.config.shipped import markers_file
from cd5flow.errors import StrategyError
from cd5flow.preprocess.labels import MarkerAliases, load_aliases

ALIASES = load_aliases(markers_file())


def markers(label: str) -> tuple[str, ...]:
    return ALIASES.read(label).markers


LABELS: Final = (
    ("CD5 PC7-A", "CD5"),
    ("CD5 PerCP-Cy5-5", "CD5"),
    ("CD5", "CD5"),
    ("cd5 pe", "CD5"),
    ("CD 5 PE", "CD5"),
    ("PE-CD5", "CD5"),
    ("CD5_PE", "CD5"),
    ("CD5:PE-Cy7", "CD5"),
    ("CD5 (UCHT2) APC", "CD5"),
    ("CD5PE", "CD5"),
    ("CD5PC5.5", "CD5"),
    ("CD5-BV421", "CD5"),
    ("hCD5 APC", "CD5"),
    ("anti-CD5 APC", "CD5"),
    ("Comp-CD5 PE-A", "CD5"),
    ("CD56 PC5.5", "CD56"),
    ("CD57", "CD57"),
    ("CD58 FITC", "CD58"),
    ("CD45 V500-C", "CD45"),
    ("CD45 KO525-A", "CD45"),
    ("CD45KrO", "CD45"),
    ("CD45RA PE-Cy7", "CD45RA"),
    ("CD45 RA PE-Cy7", "CD45RA"),
    ("CD45-RO", "CD45RO"),
    ("cyCD3 Pacific Blue", "cyCD3"),
    ("CyCD3", "cyCD3"),
    ("cCD3 PacB", "cyCD3"),
    ("icCD3", "cyCD3"),
    ("cyt CD3", "cyCD3"),
    ("cytoplasmic CD3 PB", "cyCD3"),
    ("CD3 cyt APC", "cyCD3"),
    ("CD3 intracellular", "cyCD3"),
    ("sCD3 APC-H7", "CD3"),
    ("SmCD3", "CD3"),
    ("surface CD3", "CD3"),
    ("CD3 epsilon", "CD3"),
    ("CD3ε PE", "CD3"),
    ("CD3 PB450-A", "CD3"),
    ("CD8 APC-A750-A", "CD8"),
    ("CD8 B PE", "CD8b"),
    ("CD7 APC-A700-A", "CD7"),
    ("CD1a", "CD1a"),
    ("CD1a-A", "CD1a"),
    ("CD1 a PE", "CD1a"),
    ("CD4 PE-H", "CD4"),
    ("CD19;APC-H7;780/60@640/A", "CD19"),
    ("CD34 785/60", "CD34"),
    ("CD62L FITC", "CD62L"),
    ("CD11b APC", "CD11b"),
    ("TdT FITC", "TdT"),
    ("cyTdT", "TdT"),
    ("HLA-DR V450", "HLA-DR"),
    ("HLADR", "HLA-DR"),
    ("cyMPO FITC", "cyMPO"),
    ("MPO PE", "cyMPO"),
    ("CD79a PE", "cyCD79a"),
    ("cyCD79a", "cyCD79a"),
    ("cy CD79a PE", "cyCD79a"),
    ("cCD22 APC", "cyCD22"),
    ("TCRgd FITC-A", "TCRgd"),
    ("TCR-γδ", "TCRgd"),
    ("TCR gamma/delta", "TCRgd"),
    ("TCRab PE", "TCRab"),
    ("TCR α/β", "TCRab"),
    ("cyTCRb APC", "cyTCRb"),
    ("CD16+CD56 FITC", "CD16+CD56"),
    ("CD16+56", "CD16+CD56"),
    ("CD16/56 PE", "CD16+CD56"),
    ("CD56/CD16", "CD16+CD56"),
    ("CD16 FITC + CD56 FITC", "CD16+CD56"),
    ("CD16CD56", "CD16+CD56"),
    ("CD20+CD4 V450", "CD4+CD20"),
    ("Live/Dead Aqua", "viability"),
    ("LIVE_DEAD", "viability"),
    ("Live Dead", "viability"),
    ("7-AAD", "viability"),
    ("7AAD-A", "viability"),
    ("viability;7-AAD;695/40@488/A", "viability"),
    ("DAPI", "viability"),
    ("Zombie NIR", "viability"),
    ("ZombieAqua", "viability"),
    ("FVS780", "viability"),
    ("eFluor506 viability", "viability"),
    ("Fixable Viability Dye eFluor 780", "viability"),
    ("SYTOX Blue", "viability"),
    ("SYTO 41", "nuclear"),
    ("Syto41", "nuclear"),
    ("SYTO16 FITC", "nuclear"),
    ("DRAQ5", "nuclear"),
    ("FS Lin", "FSC"),
    ("Forward Scatter (FSC-HLin)", "FSC"),
    ("FSC 488/10-A", "FSC"),
    ("SS INT", "SSC"),
    ("Pulse Width", "FSC"),
)


def test_a_label_names_its_marker() -> None:
    found = {label: markers(label) for label, _ in LABELS}
    assert found == {label: (marker,) for label, marker in LABELS}


@pytest.mark.parametrize(
    "label",
    [
        "PerCP-Cy5-5-A",
        "PC5.5",
        "PE-Cy5",
        "V450-A",
        "Pacific Blue-A",
        "FL1-Height",
        "B515-A",
        "GFP/FITC-A",
        "Red Fluorescence Width (RED-W)",
        "xxxxxxxxxxx",
        "AF-A",
        "IgG1 PE",
        "CD",
        "",
        " ",
    ],
)
def test_a_label_without_a_marker_names_none(label: str) -> None:
    assert markers(label) == ()


@pytest.mark.parametrize(
    ("label", "named"),
    [
        ("CD8 CD4", ("CD8", "CD4")),
        ("CD5/CD7 PE", ("CD5", "CD7")),
        ("CD3/CD16+56", ("CD3", "CD16+CD56")),
        ("CD5 7-AAD", ("CD5", "viability")),
    ],
)
def test_two_antibodies_in_a_label_are_both_named(label: str, named: tuple[str, ...]) -> None:
    assert markers(label) == named


@pytest.mark.parametrize(
    ("label", "measure", "amplified"),
    [
        ("FSC-A", "A", ""),
        ("FSCA", "A", ""),
        ("FSC-Height", "H", ""),
        ("FSC-Width", "W", ""),
        ("FS-Peak-Lin", "H", "lin"),
        ("FSC LogA", "A", "log"),
        ("FSC-HLin", "H", "lin"),
        ("FL3 Log", "", "log"),
        ("CD5 PC7-H", "H", ""),
        ("CD5", "", ""),
        ("FS TOF", "W", ""),
    ],
)
def test_the_measure_of_the_pulse_is_read_from_the_end(
    label: str, measure: str, amplified: str
) -> None:
    reading = ALIASES.read(label)
    assert (reading.measure, reading.amplified) == (measure, amplified)


def test_a_detector_called_after_a_dye_does_not_say_that_the_dye_is_there() -> None:
    reading = ALIASES.read("DAPI-A", is_detector=True)
    assert reading.markers == ()
    assert reading.withheld == ("viability",)
    assert ALIASES.read("Live Dead-A", is_detector=True).markers == ("viability",)


@pytest.mark.parametrize(
    ("label", "plain"), [("SSC-A", True), ("SSC 488/10-A", True), ("SSC-B-A", False)]
)
def test_another_word_beside_scatter_is_noticed(label: str, plain: bool) -> None:  # noqa: FBT001
    assert ALIASES.read(label).plain is plain


@pytest.mark.parametrize(
    ("name", "canonical"),
    [("sCD3", "CD3"), ("CD5", "CD5"), ("FSC-H", "FSC-H"), ("FSC-A", "FSC"), ("dump", "dump")],
)
def test_names_in_a_strategy_are_made_canonical(name: str, canonical: str) -> None:
    assert ALIASES.canonical(name) == canonical


@given(st.integers(1, 371), st.sampled_from(["FITC", "PE-Cy7", "BV421", "V500-C", "APC-H7"]))
def test_any_cd_number_is_itself_whatever_dye_stands_with_it(number: int, dye: str) -> None:
    for label in (f"CD{number} {dye}", f"{dye}-CD{number}-A", f"{dye}/CD{number}"):
        assert markers(label) == (f"CD{number}",)


@given(st.text(max_size=30))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    ALIASES.read(text)
    ALIASES.read(text, is_detector=True)


TABLE = """
format: cd5flow.markers/1
version: 1.0.0
markers:
  CD5: {used: true}
  Leu: {aliases: ["CD-5"]}
combinations: {}
intracellular: []
surface: []
species: []
label_only: []
fluorochromes: []
"""


def load(tmp_path: Path, text: str) -> MarkerAliases:
    path = tmp_path / "markers.yaml"
    path.write_text(text, encoding="utf-8")
    return load_aliases(path)


def test_a_spelling_of_two_markers_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match=r"markers\.yaml:6:3: 'CD-5' means CD5 already"):
        load(tmp_path, TABLE)


def test_a_spelling_without_letters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match="holds no letter or digit"):
        load(tmp_path, TABLE.replace("CD-5", "--"))


def test_a_laboratory_may_add_its_own_spelling(tmp_path: Path) -> None:
    aliases = load(tmp_path, TABLE.replace("CD-5", "T101"))
    assert aliases.read("T101 PE").markers == ("Leu",)
    assert aliases.used == {"CD5"}
    assert len(aliases.sha256) == 64


def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StrategyError, match="unknown field"):
        load(tmp_path, TABLE.replace("used: true", "use: true"))
