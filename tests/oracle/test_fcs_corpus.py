"""Real files of many cytometers, against FlowIO where it is right and against the bytes elsewhere."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import flowio
import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.errors import FcsError, FcsTruncatedError, NotFcsError
from cd5flow.fcs import FcsFile, read_fcs
from support.paths import SHARED

CORPUS = SHARED / "fcs"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is absent")

REFUSED: dict[str, type[FcsError]] = {
    "node-fcs/AriaFile1.fcs": FcsTruncatedError,
    "node-fcs/AriaFile1_b.fcs": FcsTruncatedError,
    "fcsparser/sample_header.fcs": FcsTruncatedError,
    "flowcytometrytools/corrupted.fcs": NotFcsError,
    "fcsfiles/testFCS2.fcs": NotFcsError,
    "webduvet-fcsparser/wrongFile.fcs": NotFcsError,
}
# FlowIO refuses or mis-reads these; the tests below derive their values from the bytes.
BEYOND_FLOWIO = {
    "flowcal/sample001.fcs",
    "flowcal/sample001_b.fcs",
    "flowcal/sample002.fcs",
    "flowcal/sample004.fcs",
    "flowcal/sample006.fcs",
    "flowcytometrytools/fake_large_fcs.fcs",
    "fcsparser/ADM_09SEP2020_181310.VIA.FCS",
    "flowio/variable_int_example.fcs",
    "flowio/data_start_offset_discrepancy_example.fcs",
    "flowio/data_stop_offset_discrepancy_example.fcs",
}


def _names() -> list[str]:
    files = [path for path in CORPUS.glob("*/*") if path.suffix.lower() in {".fcs", ".lmd"}]
    return sorted(path.relative_to(CORPUS).as_posix() for path in files)


def _codes(file: FcsFile) -> set[str]:
    return {finding.code for finding in file.findings}


@pytest.mark.parametrize("name", [name for name in _names() if name not in REFUSED])
def test_every_file_that_holds_data_is_read(name: str) -> None:
    file = read_fcs(CORPUS / name)
    assert len(file.raw) > 0
    assert file.events.flags.f_contiguous
    assert np.isfinite(file.events).all()
    for channel in file.channels:
        assert channel.maximum > 0


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_holds_no_whole_data_is_refused(name: str) -> None:
    with pytest.raises(REFUSED[name], match=Path(name).name):
        read_fcs(CORPUS / name)


def test_truncated_files_say_how_many_whole_events_they_hold() -> None:
    for name in ("AriaFile1.fcs", "AriaFile1_b.fcs"):
        with pytest.raises(FcsTruncatedError, match="6,052 whole events of 10,000"):
            read_fcs(CORPUS / "node-fcs" / name)


@pytest.mark.parametrize(
    "name", [name for name in _names() if name not in REFUSED and name not in BEYOND_FLOWIO]
)
def test_values_are_those_of_flowio(name: str) -> None:
    file = read_fcs(CORPUS / name, dataset=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = flowio.FlowData(
            str(CORPUS / name),
            ignore_offset_error=True,
            ignore_offset_discrepancy=True,
            nextdata_offset=0,
        )
        expected = theirs.as_array(preprocess=True)
    if theirs.time_index is not None and "timestep" in theirs.text:
        expected[:, theirs.time_index] /= float(theirs.text["timestep"])
    assert [channel.detector for channel in file.channels] == [
        label.strip() for label in theirs.pnn_labels
    ]
    np.testing.assert_allclose(file.events, expected, rtol=1e-6, atol=1e-6)


def _bytes(name: str) -> npt.NDArray[np.uint8]:
    return np.fromfile(CORPUS / name, dtype=np.uint8)


@pytest.mark.parametrize("name", sorted(n for n in BEYOND_FLOWIO if n.startswith("flowcal")))
def test_24_bit_integers_are_what_their_three_bytes_say(name: str) -> None:
    file = read_fcs(CORPUS / name)
    raw = _bytes(name)[4096:].reshape(-1, 8, 3).astype(np.int64)
    stored = (raw[..., 0] << 16) | (raw[..., 1] << 8) | raw[..., 2]
    assert len(stored) == int(file.keywords["$TOT"])
    for channel in file.channels:
        decades, _ = channel.amplification
        expected = stored[:, channel.index].astype(np.float64)
        if decades:
            expected = 10 ** (decades * expected / 1024)
        np.testing.assert_allclose(file.events[:, channel.index], expected, rtol=1e-6)


def _amplified(file: FcsFile, stored: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Undo $PnE by the keywords alone."""
    columns = []
    for n, column in enumerate(stored.T, start=1):
        decades, at_zero = map(float, file.keywords[f"$P{n}E"].split(","))
        steps = float(file.keywords[f"$P{n}R"])
        columns.append(10 ** (decades * column / steps) * (at_zero or 1) if decades else column)
    return np.column_stack(columns)


@pytest.mark.parametrize(
    ("name", "begin", "dtype", "mask"),
    [
        ("fcsfiles/BD_Accuri_C6.fcs", 2481, ">u4", 2**24 - 1),  # DATA said to end a byte later
        ("flowio/B01_KC-A-W---91-US.fcs", 4418, ">u4", 2**24 - 1),
        ("webduvet-fcsparser/test1.fcs", 1203, "<u2", 2**12 - 1),  # CyAn: tags above the range
        ("node-fcs/Partec.fcs", 4779, "<u2", 2**12 - 1),  # behind ANALYSIS, a byte too long
    ],
)
def test_integers_are_what_their_bytes_say_where_the_offsets_are_odd(
    name: str, begin: int, dtype: str, mask: int
) -> None:
    file = read_fcs(CORPUS / name)
    count = int(file.keywords["$TOT"]) * int(file.keywords["$PAR"])
    stored = np.fromfile(CORPUS / name, dtype=dtype, count=count, offset=begin)
    stored = (stored & mask).reshape(-1, int(file.keywords["$PAR"])).astype(np.int64)
    np.testing.assert_allclose(file.events, _amplified(file, stored), rtol=1e-6)


def test_analysis_of_a_partec_is_read_apart_from_text() -> None:
    file = read_fcs(CORPUS / "node-fcs/Partec.fcs")
    assert file.analysis["P$GATE_NAME0"] == "R1"
    assert "P$GATE_NAME0" not in file.keywords


def test_coulter_percentages_of_logarithms_are_said_and_not_applied() -> None:
    file = read_fcs(CORPUS / "flowio/coulter.lmd", dataset=1)
    (finding,) = [finding for finding in file.findings if finding.code == "DFC_NOT_APPLIED"]
    assert "(1 to 3: 28.4 %)" in finding.message
    assert file.spillover is None


def test_a_blank_header_leaves_the_offsets_to_text() -> None:
    name = "flowcytometrytools/fake_large_fcs.fcs"
    file = read_fcs(CORPUS / name)
    expected = _bytes(name)[2462:512202].view(">f4").reshape(-1, 11)
    np.testing.assert_array_equal(file.events, expected)
    assert _codes(file) == {"HEADER_BLANK"}


def test_float_logarithms_are_not_undone_twice() -> None:
    name = "fcsparser/ADM_09SEP2020_181310.VIA.FCS"
    file = read_fcs(CORPUS / name, dataset=1)
    stored = _bytes(name)[3275:321675].view("<f4").reshape(-1, 10)
    gains = [2.95, 1, 18.22, 1, 2.48, 1, 1, 2.95, 18.22, 2.48]
    np.testing.assert_allclose(file.events, stored / np.array(gains), rtol=1e-6)
    assert read_fcs(CORPUS / name, dataset=2).events.shape == (20897, 10)
    assert "SEVERAL_DATA_SETS" in _codes(read_fcs(CORPUS / name))


@pytest.mark.parametrize("name", sorted(n for n in BEYOND_FLOWIO if n.startswith("flowio/")))
def test_mixed_widths_are_read_where_text_puts_them(name: str) -> None:
    file = read_fcs(CORPUS / name)
    row = np.dtype([("values", "<u2", 25), ("time", "<u4")])
    stored = _bytes(name)[6081:6189].view(row)
    mask = 2**24 - 1  # $P26R is 11,209,599
    np.testing.assert_array_equal(file.events[:, 25], (stored["time"] & mask).astype(np.float32))
    for channel in file.channels[:25]:
        expected = stored["values"][:, channel.index].astype(np.float64)
        expected = 10 ** (4 * expected / 65536) if channel.logarithmic else expected / 6.5536
        np.testing.assert_allclose(file.events[:, channel.index], expected, rtol=1e-6)
    assert ("OFFSETS_DISAGREE" in _codes(file)) == ("discrepancy" in name)
    assert file.raw.timestep_seconds is None


def test_of_a_coulter_file_the_20_bit_data_set_is_read_with_its_tags_masked() -> None:
    name = "flowio/coulter.lmd"
    file = read_fcs(CORPUS / name)
    begin = 363602 + 58
    stored = _bytes(name)[begin : begin + 18110 * 32].view("<u4").reshape(-1, 8)
    masks = np.array([0xFFFFF] * 7 + [0x3FF], dtype=np.uint32)
    np.testing.assert_array_equal(file.events, (stored & masks).astype(np.float32))
    assert (file.dataset, file.dataset_count, file.version) == (2, 2, "3.0")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("node-fcs/Partec.fcs", "DATA_END"),
        ("fcsfiles/BD_Accuri_C6.fcs", "DATA_END"),
        ("flowcytometrytools/EY_2013-07-19_PBS_FCS_3.1_Well_A1.001.fcs", "DATA_END"),
        ("flowcytometrytools/Sample_Well_A02.fcs", "TEXT_ENCODING"),
        ("fcsparser/cyflow_cube_8.fcs", "SUPPLEMENTAL_TEXT"),
        ("flowio/variable_int_example.fcs", "TIMESTEP_UNREADABLE"),
    ],
)
def test_tolerated_faults_are_said(name: str, code: str) -> None:
    assert code in _codes(read_fcs(CORPUS / name))


def test_the_masked_channels_of_a_cyan_lie_below_their_range() -> None:
    events = read_fcs(CORPUS / "webduvet-fcsparser/test1.fcs").events
    assert events[:, :3].max() == 4095
    assert events[:, 3:9].max() == pytest.approx(10 ** (4 * 4095 / 4096))
    assert (np.diff(events[:, 9]) >= 0).all()


@pytest.mark.parametrize(
    ("name", "source", "detectors"),
    [
        ("fcsfiles/BD_Accuri_C6.fcs", "$SPILLOVER", "FL1-A FL2-A FL3-A FL4-A FL1-H FL2-H"),
        ("real/clearllab10c_t_tube.fcs", "$SPILLOVER", "FL1-H FL2-H FL3-H FL4-H FL5-H FL6-H"),
        ("real/diva_b_all_tube.fcs", "SPILL", "FITC-A PE-A"),
    ],
)
def test_spillover_names_the_channels_of_the_file(name: str, source: str, detectors: str) -> None:
    spillover = read_fcs(CORPUS / name).spillover
    assert spillover is not None
    assert spillover.source == source
    assert " ".join(spillover.detectors).startswith(detectors)
    np.testing.assert_array_equal(np.diag(spillover.matrix), 1.0)


@pytest.mark.parametrize("path", sorted(SHARED.glob("cases/*.fcs")), ids=lambda path: path.stem)
def test_the_cases_are_read_without_a_fault(path: Path) -> None:
    file = read_fcs(path)
    assert file.findings == ()
    assert file.spillover is not None
    assert file.raw.timestep_seconds is not None
    assert file.raw.time is not None


@pytest.mark.parametrize("name", [name for name in _names() if name not in REFUSED])
def test_broken_copies_are_read_or_refused(name: str, tmp_path: Path) -> None:
    original = (CORPUS / name).read_bytes()[:400_000]
    chance = random.Random(name)  # noqa: S311 - a repeatable choice of faults
    text_end = int(original[18:26])
    path = tmp_path / "broken.fcs"
    for _ in range(25):
        content = bytearray(original)
        for _ in range(chance.randint(1, 8)):
            at = chance.randrange(10, min(text_end, len(content) - 1))
            match chance.randrange(3):
                case 0:
                    content[at] = chance.randrange(256)
                case 1:
                    content[at : at + 1] = chance.choice(
                        [b"0", b"9", b"/", b"\\", b",", b"$P", b""]
                    )
                case _:
                    del content[at : at + chance.randint(1, 400)]
        path.write_bytes(content[: chance.choice([len(content), chance.randrange(len(content))])])
        try:
            file = read_fcs(path)
        except FcsError:
            continue
        assert file.events.shape[1] == len(file.channels)
