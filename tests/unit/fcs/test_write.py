from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cd5flow.errors import OutputError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.write import write_fcs
from cd5flow.model.events import Channel
from support.properties import part_of_examples

CHANNELS = (
    Channel(0, "FSC-A", None, 32, 262144, 262144, voltage=410),
    Channel(1, "FL1-A", "CD5 Größe", 32, 262144, 262144, gain=2.0),
    Channel(2, "Time", None, 32, 262144, 262144, gain=0.01),
)
VALUES = np.array([[1, 2.5, 0], [262143, -3, 7], [0.25, 1e6, 99]], dtype=np.float32)

Version = Literal["2.0", "3.0", "3.1"]


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1"])
@pytest.mark.parametrize("big_endian", [False, True])
def test_floats_read_back_as_they_were(
    tmp_path: Path, version: Version, *, big_endian: bool
) -> None:
    path = tmp_path / "out.fcs"
    keywords = {"$CYT": "Sim", "$TIMESTEP": "0.01", "$SPILLOVER": "1,FL1-A,1"}
    write_fcs(
        path,
        VALUES,
        channels=CHANNELS,
        keywords=keywords,
        version=version,
        big_endian=big_endian,
    )
    file = read_fcs(path)
    np.testing.assert_array_equal(file.events, VALUES)
    assert file.version == version
    assert [replace(c, maximum=262144) for c in file.channels] == list(CHANNELS)
    assert file.channels[1].maximum == 131072
    assert {key: file.keywords[key] for key in keywords} == keywords
    assert file.findings == ()


@pytest.mark.parametrize("bits", [8, 16, 32])
def test_logarithms_read_back_within_half_a_step(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "out.fcs"
    channel = Channel(0, "FL1", None, bits, 256, 10_000, amplification=(4.0, 1.0))
    values = np.geomspace(1, 9800, 50, dtype=np.float32)[:, None]
    write_fcs(path, values, channels=[channel], keywords={}, datatype="I")
    file = read_fcs(path)
    ratio = file.events / values
    assert np.abs(np.log10(ratio)).max() <= 0.5001 * 4 / 256
    assert file.channels == (channel,)


def test_integers_are_rounded_and_clipped_to_their_range(tmp_path: Path) -> None:
    path = tmp_path / "out.fcs"
    channels = [
        Channel(0, "FSC", None, 16, 1024, 1024),
        Channel(1, "FL1", None, 8, 256, 10_000, amplification=(4.0, 1.0)),
    ]
    values = np.array([[-5, 0], [1.6, 1], [5000, 1e9]], dtype=np.float32)
    write_fcs(path, values, channels=channels, keywords={}, datatype="I", big_endian=True)
    events = read_fcs(path).events
    assert events[:, 0].tolist() == [0, 2, 1023]
    np.testing.assert_allclose(events[:, 1], [1, 1, 10 ** (4 * 255 / 256)], rtol=1e-6)


def test_no_events_read_back_as_none(tmp_path: Path) -> None:
    path = tmp_path / "out.fcs"
    write_fcs(path, VALUES[:0], channels=CHANNELS, keywords={})
    assert read_fcs(path).events.shape == (0, 3)


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_fcs(tmp_path / name, VALUES, channels=CHANNELS, keywords={"$OP": "x"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_delimiter_that_no_value_holds_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "out.fcs"
    write_fcs(path, VALUES, channels=CHANNELS, keywords={"NOTE": "a|b/c", "PATH": "\\\\x"})
    assert read_fcs(path).keywords["NOTE"] == "a|b/c"
    assert read_fcs(path).keywords["PATH"] == "\\\\x"


@pytest.mark.parametrize(
    ("keywords", "fault"),
    [
        ({"$TOT": "9"}, r"\$TOT: written from the channels"),
        ({"$P1N": "X"}, r"\$P1N: written"),
        ({"$ENDDATA": "9"}, r"\$ENDDATA: written"),
        ({"note": "x"}, "upper-case"),
        ({"NOTE": ""}, "not empty"),
        ({"NOTE": "|/\\\x0c!\x1e~^"}, "every delimiter"),
    ],
)
def test_keywords_that_make_no_valid_file_are_refused(
    tmp_path: Path, keywords: dict[str, str], fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        write_fcs(tmp_path / "out.fcs", VALUES, channels=CHANNELS, keywords=keywords)


def test_values_that_do_not_fit_the_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 channels do not fit"):
        write_fcs(tmp_path / "out.fcs", VALUES, channels=CHANNELS[:2], keywords={})


@pytest.mark.parametrize(
    ("channel", "fault"),
    [
        (Channel(0, "A", None, 24, 1024, 1024), "24 bits are not written"),
        (Channel(0, "A", None, 8, 1024, 1024), "does not fit 8 bits"),
    ],
)
def test_integer_channels_that_cannot_be_written_are_refused(
    tmp_path: Path, channel: Channel, fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        write_fcs(
            tmp_path / "out.fcs", VALUES[:, :1], channels=[channel], keywords={}, datatype="I"
        )


def test_integers_cannot_hold_what_is_not_finite(tmp_path: Path) -> None:
    values = np.array([[np.nan]], dtype=np.float32)
    channel = Channel(0, "A", None, 16, 1024, 1024)
    with pytest.raises(ValueError, match="not finite"):
        write_fcs(tmp_path / "out.fcs", values, channels=[channel], keywords={}, datatype="I")


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        write_fcs(tmp_path / "none" / "out.fcs", VALUES, channels=CHANNELS, keywords={})


@part_of_examples(0.5)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.just(3)),
        elements=st.floats(-1e6, 1e6, width=32),
    ),
    st.booleans(),
)
def test_any_floats_survive_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory,
    values: npt.NDArray[np.float32],
    big_endian: bool,  # noqa: FBT001 - hypothesis passes by position
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.fcs"
    plain = [replace(channel, gain=1.0) for channel in CHANNELS]
    write_fcs(path, values, channels=plain, keywords={}, big_endian=big_endian)
    np.testing.assert_array_equal(read_fcs(path).events, values)
