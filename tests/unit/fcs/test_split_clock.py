"""A clock that is stored as two words, as MoFlo and S3 sorters write it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cd5flow.fcs import FcsFile, read_fcs
from support.fcs_factory import fcs, packed

TICKS = [65_530, 65_534, 65_537, 70_000, 131_080]
WORDS = [(tick // 65_536, tick % 65_536) for tick in TICKS]


def read(tmp_path: Path, content: bytes) -> FcsFile:
    path = tmp_path / "tube.fcs"
    path.write_bytes(content)
    return read_fcs(path)


def codes(file: FcsFile) -> set[str]:
    return {finding.code for finding in file.findings}


def sorted_file(**named: str) -> bytes:
    """Write 16-bit words: the high one first, then a signal, then the low one."""
    events = [[high, 7, low] for high, low in WORDS]
    keywords: dict[str, str | None] = {key.replace("S_", "$"): v for key, v in named.items()}
    return fcs(
        events,
        datatype="I",
        bits=16,
        ranges=65_536,
        names=["TIME_MSW", "FL1", "TIME_LSW"],
        keywords={"$TIMESTEP": "0.001", **keywords},
    )


def test_two_words_become_the_ticks_of_one_time_channel(tmp_path: Path) -> None:
    file = read(tmp_path, sorted_file())
    time = file.raw.time
    assert time is not None
    assert (time.detector, time.index, time.label) == ("Time", 3, None)
    assert file.events[:, time.index].tolist() == [float(tick) for tick in TICKS]
    assert file.raw.timestep_seconds == 0.001
    assert codes(file) == {"TIME_JOINED"}


def test_the_words_stay_where_the_file_has_them(tmp_path: Path) -> None:
    file = read(tmp_path, sorted_file())
    assert [c.detector for c in file.channels] == ["TIME_MSW", "FL1", "TIME_LSW", "Time"]
    assert [c.word_of_time for c in file.channels] == [True, False, True, False]
    assert file.events[:, :3].tolist() == [[float(h), 7.0, float(low)] for h, low in WORDS]


def test_words_may_be_told_by_their_labels_alone(tmp_path: Path) -> None:
    named = {"S_P1N": "TIME", "S_P1S": "Time MSW", "S_P3N": "TIME", "S_P3S": "Time LSW"}
    file = read(tmp_path, sorted_file(**named))
    assert file.raw.time is not None
    assert file.events[:, file.raw.time.index].tolist() == [float(tick) for tick in TICKS]
    assert codes(file) == {"TIME_JOINED", "DUPLICATE_CHANNEL"}
    (joined,) = [f.message for f in file.findings if f.code == "TIME_JOINED"]
    assert joined.endswith("Time MSW x 65,536 + Time LSW")


def test_a_gain_of_a_word_is_not_undone(tmp_path: Path) -> None:
    file = read(tmp_path, sorted_file(S_P1G="2", S_P3G="4", S_P3E="4,1"))
    assert file.events[:, 3].tolist() == [float(tick) for tick in TICKS]
    assert file.events[:, 2].tolist() == [float(low) for _, low in WORDS]


@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1"])
def test_words_of_32_bits_whose_range_is_one_short(tmp_path: Path, order: str) -> None:
    ticks = [4_294_967_290, 4_294_967_300, 8_589_934_600]
    events = [[tick >> 32, tick & 0xFFFF_FFFF] for tick in ticks]
    content = fcs(
        events,
        datatype="I",
        order=order,
        ranges=4_294_967_295,
        names=["TIME_MSW", "TIME_LSW"],
    )
    file = read(tmp_path, content)
    np.testing.assert_allclose(file.events[:, 2], ticks, rtol=1e-7)


def test_words_of_other_widths_than_the_signals(tmp_path: Path) -> None:
    data = b"".join(
        packed([[high]], datatype="I", bits=8) + packed([[low, 9]], datatype="I", bits=[16, 32])
        for high, low in WORDS
    )
    content = fcs(
        [[0, 0, 0]] * len(WORDS),
        datatype="I",
        bits=[8, 16, 32],
        ranges=[256, 65_536, 1024],
        names=["Time MSW", "Time LSW", "FL1"],
        data=data,
    )
    assert read(tmp_path, content).events[:, 3].tolist() == [float(tick) for tick in TICKS]


@pytest.mark.parametrize("ranges", [65_536, 1e30])  # the latter tells nothing: 16 bits are usual
def test_words_may_be_floating_point_numbers(tmp_path: Path, ranges: float) -> None:
    events = [[float(high), float(low)] for high, low in WORDS]
    names = ["TIME MSW", "TIME LSW"]
    file = read(tmp_path, fcs(events, names=names, ranges=ranges))
    assert file.events[:, 2].tolist() == [float(tick) for tick in TICKS]


def test_the_steps_are_those_of_the_low_words_range(tmp_path: Path) -> None:
    events = [[1, 5], [2, 0x400 + 6]]  # a bit above the range is a tag
    content = fcs(
        events, datatype="I", bits=16, ranges=[65_536, 1024], names=["TIME_MSW", "TIME_LSW"]
    )
    assert read(tmp_path, content).events[:, 2].tolist() == [5.0, 1024.0 + 6.0]


def test_a_clock_that_ran_for_days_is_counted_from_the_first_high_word(tmp_path: Path) -> None:
    events = [[40_000, 10], [40_000, 11], [40_001, 12]]
    content = fcs(events, datatype="I", bits=16, ranges=65_536, names=["TIME_MSW", "TIME_LSW"])
    assert read(tmp_path, content).events[:, 2].tolist() == [10.0, 11.0, 65_536.0 + 12.0]


@pytest.mark.parametrize(
    "names", [["TIME_MSW", "B"], ["TIME_MSW", "TIME_MSW"], ["A_MSW", "A_LSW"], ["MSW", "TIMELESS"]]
)
def test_without_one_word_of_each_kind_nothing_is_joined(tmp_path: Path, names: list[str]) -> None:
    file = read(tmp_path, fcs([[1.0, 2.0]], names=names))
    assert file.events.shape == (1, 2)
    assert file.raw.time is None


def test_a_time_channel_of_the_file_goes_before_its_words(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[1.0, 2.0, 3.0]], names=["TIME_MSW", "TIME_LSW", "Time"]))
    assert file.events.shape == (1, 3)
    assert file.raw.time is not None
    assert file.raw.time.index == 2


def test_no_events_have_no_time(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([], names=["TIME_MSW", "TIME_LSW"]))
    assert file.events.shape == (0, 3)
