from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from cd5flow.errors import (
    Cd5FlowError,
    FcsCorruptError,
    FcsError,
    FcsTruncatedError,
    FcsUnsupportedError,
    FileAccessError,
    NotFcsError,
    OptionError,
)
from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.model.findings import Severity
from support.fcs_factory import fcs, packed

if TYPE_CHECKING:
    from typing_extensions import Buffer

PLAIN = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


def read(tmp_path: Path, content: bytes, *, dataset: int | None = None) -> FcsFile:
    path = tmp_path / "tube.fcs"
    path.write_bytes(content)
    return read_fcs(path, dataset=dataset)


def codes(file: FcsFile) -> set[str]:
    return {finding.code for finding in file.findings}


# Values


def test_values_of_a_plain_float_file_are_as_written(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN))
    assert file.events.tolist() == PLAIN
    assert file.findings == ()
    assert (file.version, file.dataset, file.dataset_count) == ("3.1", 1, 1)


def test_events_are_float32_by_channel_and_read_only(tmp_path: Path) -> None:
    events = read(tmp_path, fcs(PLAIN)).events
    assert events.dtype == np.float32
    assert events.flags.f_contiguous
    with pytest.raises(ValueError, match="read-only"):
        events[0, 0] = 7


@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1", "3,4,1,2", "2,1,4,3", "1, 2, 3, 4"])
@pytest.mark.parametrize("datatype", ["F", "I"])
def test_every_byte_order_gives_the_same_values(tmp_path: Path, order: str, datatype: str) -> None:
    events = [[1.0, 70000.0], [65537.0, 4.0]]
    content = fcs(events, order=order, datatype=datatype, ranges=2**20)
    assert read(tmp_path, content).events.tolist() == events


@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1", "1,2", "2,1"])
@pytest.mark.parametrize("bits", [8, 16, 24, 32, 40, 64])
def test_integers_of_any_whole_width_are_read(tmp_path: Path, bits: int, order: str) -> None:
    top = float(2 ** min(bits, 24) - 1)
    events = [[1.0, 2.0], [top, 4.0]]
    content = fcs(events, datatype="I", bits=bits, order=order, ranges=2.0**bits)
    assert read(tmp_path, content).events.tolist() == events


@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1"])
def test_widths_may_be_mixed(tmp_path: Path, order: str) -> None:
    events = [[7.0, 700.0, 70000.0, 7.0e6], [1.0, 2.0, 3.0, 4.0]]
    bits = [8, 16, 24, 32]
    content = fcs(events, datatype="I", bits=bits, order=order, ranges=[256, 1024, 2**24, 2**32])
    assert read(tmp_path, content).events.tolist() == events


def test_words_that_are_swapped_swap_in_shorter_values_too(tmp_path: Path) -> None:
    data = b"".join(
        bytes([a]) + packed([[b]], datatype="I", bits=16, order=word) + packed([[c]], order=order)
        for a, b, c, word, order in [
            (7, 700, 0.5, "1,2", "3,4,1,2"),
            (8, 800, 2.5, "1,2", "3,4,1,2"),
        ]
    )
    kinds: dict[str, str | None] = {"$P1DATATYPE": "I", "$P2DATATYPE": "I"}
    content = fcs([[0, 0, 0]] * 2, data=data, bits=[8, 16, 32], order="3,4,1,2", keywords=kinds)
    assert read(tmp_path, content).events.tolist() == [[7.0, 700.0, 0.5], [8.0, 800.0, 2.5]]


def test_swapped_words_leave_other_widths_untold(tmp_path: Path) -> None:
    content = fcs([[1]], datatype="I", bits=24, data=b"abc", keywords={"$BYTEORD": "3,4,1,2"})
    with pytest.raises(FcsUnsupportedError, match="for 3 bytes, expected"):
        read(tmp_path, content)
    content = fcs([[1]], datatype="I", bits=10, data=b"ab", keywords={"$BYTEORD": "3,4,1,2"})
    with pytest.raises(FcsUnsupportedError, match="not whole bytes"):
        read(tmp_path, content)


def test_doubles_are_read(tmp_path: Path) -> None:
    content = fcs(PLAIN, datatype="D", bits=64, order="4,3,2,1")
    assert read(tmp_path, content).events.tolist() == PLAIN


def test_doubles_beyond_float32_become_infinite(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[1e300, 1.0]], datatype="D", bits=64))
    assert file.events.tolist() == [[np.inf, 1.0]]


def test_kinds_may_differ_by_channel_in_fcs_3_2(tmp_path: Path) -> None:
    data = b"".join(
        packed([[a]], datatype="I", bits=16) + packed([[b]]) for a, b in [(5, 0.5), (6, 0.25)]
    )
    content = fcs(
        [[0, 0], [0, 0]],
        version="3.2",
        data=data,
        bits=[16, 32],
        keywords={"$P1DATATYPE": "I"},
    )
    assert read(tmp_path, content).events.tolist() == [[5.0, 0.5], [6.0, 0.25]]


def test_more_events_than_a_block_come_in_order(tmp_path: Path) -> None:
    count = 300_000
    data = np.arange(2 * count, dtype="<u4").tobytes()
    content = fcs([[0, 0]], datatype="I", ranges=2**32, data=data, keywords={"$TOT": str(count)})
    expected = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    np.testing.assert_array_equal(read(tmp_path, content).events, expected)


@pytest.mark.parametrize("datatype", ["I", "F"])
def test_blocks_that_share_a_buffer_give_the_values_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, datatype: str
) -> None:
    monkeypatch.setattr("cd5flow.fcs.data._BLOCK_BYTES", 1 << 12)
    expected = np.arange(60_000, dtype=np.float32).reshape(-1, 3)
    if datatype == "F":
        expected[700, 1] = expected[9_999, 2] = np.nan
    data = expected.astype("<u4" if datatype == "I" else "<f4").tobytes()
    content = fcs(
        [[0, 0, 0]], datatype=datatype, ranges=2**20, data=data, keywords={"$TOT": "20000"}
    )
    file = read(tmp_path, content)
    np.testing.assert_array_equal(file.events, expected)
    assert ("2 values" in "".join(f.message for f in file.findings)) == (datatype == "F")


def test_ten_bits_are_read_packed_where_the_bytes_say_so(tmp_path: Path) -> None:
    bits = "".join(f"{value:010b}" for value in (1, 1023, 512, 5))
    data = int(bits, 2).to_bytes(5, "big")
    content = fcs([[0, 0], [0, 0]], datatype="I", bits=10, order="4,3,2,1", data=data)
    assert read(tmp_path, content).events.tolist() == [[1.0, 1023.0], [512.0, 5.0]]


def test_packed_bits_may_begin_with_the_lowest(tmp_path: Path) -> None:
    number = sum(value << (10 * i) for i, value in enumerate((1, 1023, 512, 5)))
    data = number.to_bytes(5, "little")
    content = fcs([[0, 0], [0, 0]], datatype="I", bits=10, data=data)
    assert read(tmp_path, content).events.tolist() == [[1.0, 1023.0], [512.0, 5.0]]


def test_ten_bits_stored_in_sixteen_are_found_by_the_bytes(tmp_path: Path) -> None:
    data = packed([[1, 1023], [512, 5]], datatype="I", bits=16)
    file = read(tmp_path, fcs([[0, 0], [0, 0]], datatype="I", bits=10, data=data))
    assert file.events.tolist() == [[1.0, 1023.0], [512.0, 5.0]]
    assert codes(file) == {"WIDTH"}


# Range, amplification, gain


def test_bits_above_the_range_are_masked(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[0x1005, 0x2FFF]], datatype="I", bits=16, ranges=4096))
    assert file.events.tolist() == [[5.0, 4095.0]]


def test_a_range_that_is_no_power_of_two_masks_at_the_next(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[0x43FF, 1001]], datatype="I", bits=16, ranges=1000))
    assert file.events.tolist() == [[1023.0, 1001.0]]


def test_float_values_beyond_the_range_are_kept(tmp_path: Path) -> None:
    assert read(tmp_path, fcs([[5000.5, -3.0]])).events.tolist() == [[5000.5, -3.0]]


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_logarithms_of_integers_are_undone(tmp_path: Path, bits: int) -> None:
    content = fcs(
        [[0, 64], [128, 255]],
        datatype="I",
        bits=bits,
        ranges=256,
        keywords={"$P1E": "4,1", "$P2E": "4.0,0.1"},
    )
    file = read(tmp_path, content)
    expected = [[1.0, 0.1 * 10], [100.0, 0.1 * 10 ** (4 * 255 / 256)]]
    np.testing.assert_allclose(file.events, expected, rtol=1e-6)
    assert file.channels[0].amplification == (4.0, 1.0)
    assert file.channels[0].maximum == pytest.approx(10_000)


def test_logarithms_over_a_range_too_wide_for_a_table_are_undone(tmp_path: Path) -> None:
    content = fcs([[2**23], [2**22]], datatype="I", ranges=2**24, keywords={"$P1E": "6,1"})
    np.testing.assert_allclose(
        read(tmp_path, content).events[:, 0], [10.0**3, 10.0**1.5], rtol=1e-6
    )


def test_a_logarithm_that_begins_at_0_begins_at_1(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[0], [256]], datatype="I", ranges=1024, keywords={"$P1E": "4,0"}))
    np.testing.assert_allclose(file.events[:, 0], [1.0, 10.0])
    assert file.channels[0].amplification == (4.0, 1.0)


def test_floats_that_keep_a_logarithmic_amplification_stay_as_they_are(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[100.0, 2.0]], keywords={"$P1E": "4,1"}))
    assert file.events.tolist() == [[100.0, 2.0]]
    assert not file.channels[0].logarithmic
    assert file.channels[0].maximum == 1024
    assert codes(file) == {"FLOAT_AMPLIFICATION"}


@pytest.mark.parametrize("amplification", ["4", "x,1", "4,1,1", "-4,1", "300,1", "4,-1"])
def test_an_unreadable_amplification_is_linear_and_said(tmp_path: Path, amplification: str) -> None:
    file = read(tmp_path, fcs([[7]], datatype="I", keywords={"$P1E": amplification}))
    assert file.events.tolist() == [[7.0]]
    assert codes(file) == {"AMPLIFICATION_UNREADABLE"}


@pytest.mark.parametrize("datatype", ["F", "I"])
def test_gain_is_undone(tmp_path: Path, datatype: str) -> None:
    file = read(tmp_path, fcs([[8, 3]], datatype=datatype, keywords={"$P1G": "4"}))
    assert file.events.tolist() == [[2.0, 3.0]]
    assert (file.channels[0].gain, file.channels[0].maximum) == (4.0, 256.0)


def test_gain_and_amplification_are_both_undone(tmp_path: Path) -> None:
    keywords = {"$P1E": "4,1", "$P1G": "2"}
    file = read(tmp_path, fcs([[256]], datatype="I", keywords=keywords))
    assert file.events.tolist() == [[5.0]]
    assert file.channels[0].maximum == pytest.approx(5000)


def test_time_keeps_its_ticks(tmp_path: Path) -> None:
    keywords = {"$P1G": "0.01", "$TIMESTEP": "0.01"}
    file = read(tmp_path, fcs([[250.0, 1.0]], names=["Time", "B"], keywords=keywords))
    assert file.events.tolist() == [[250.0, 1.0]]
    assert file.raw.timestep_seconds == 0.01
    assert file.raw.time is not None
    assert file.raw.time.maximum == 1024


@pytest.mark.parametrize(
    ("gain", "expected"),
    [("0", set()), ("0.0", set()), ("", {"GAIN_UNREADABLE"}), ("high", {"GAIN_UNREADABLE"})],
)
def test_a_gain_that_cannot_divide_is_1(tmp_path: Path, gain: str, expected: set[str]) -> None:
    file = read(tmp_path, fcs([[8.0]], keywords={"$P1G": gain}))
    assert file.events.tolist() == [[8.0]]
    assert codes(file) == expected


@pytest.mark.parametrize(
    "value", ["1e308", "1e-308", "1e300", "1e999", "nan", "inf", "-inf", "-1", "-1e-9"]
)
@pytest.mark.parametrize(
    ("keyword", "expected"),
    [
        ("$P1G", "a gain from 1e-06 to 1e+09"),
        ("$P1R", "a number of steps from 1e-06 to 3.5e+38"),
        ("$TIMESTEP", "seconds per tick from 1e-12 to 3600"),
    ],
)
@pytest.mark.parametrize("datatype", ["F", "I"])
def test_a_number_that_no_instrument_writes_is_refused(
    tmp_path: Path, keyword: str, expected: str, value: str, datatype: str
) -> None:
    content = fcs([[8, 1]], datatype=datatype, keywords={keyword: value})
    with pytest.raises(FcsCorruptError) as refused:
        read(tmp_path, content)
    assert refused.value.message == f"tube.fcs: {keyword} is '{value}', expected {expected}"


@pytest.mark.parametrize("steps", ["1073741824", "1e12", "3.4028235e38"])
def test_a_range_far_above_every_value_ends_where_the_values_do(tmp_path: Path, steps: str) -> None:
    keywords = {"$P1R": steps, "$P2R": "1024"}
    file = read(tmp_path, fcs([[3000.0, 70000.0]], keywords=keywords))
    assert [channel.maximum for channel in file.channels] == [131072.0, 1024.0]
    assert codes(file) == {"RANGE_FAR"}


def test_a_large_range_that_values_come_near_stays(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[5e5, 2e5]], ranges=2**24))
    assert [channel.maximum for channel in file.channels] == [2.0**24] * 2
    assert codes(file) == set()


def test_an_analyte_is_the_label_of_a_channel_that_has_none(tmp_path: Path) -> None:
    keywords = {
        "$P1ANALYTE": "CD5",
        "$P2ANALYTE": "CD7",
        "$P2S": "CD7 APC",
        "$P3ANALYTE": "CD3",
        "$P3S": "C",
    }
    file = read(tmp_path, fcs([[1.0, 2.0, 3.0]], keywords=keywords, version="3.2"))
    assert [channel.label for channel in file.channels] == ["CD5", "CD7 APC", "CD3"]


def test_values_that_are_not_finite_are_kept_and_counted(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[np.nan, 1.0], [np.inf, 2.0]]))
    assert np.isnan(file.events[0, 0])
    assert [f.message for f in file.findings] == ["DATA holds 2 values that are NaN or infinite"]


def test_signalling_nan_is_nan(tmp_path: Path) -> None:
    content = fcs([[0.0, 1.0]], data=bytes.fromhex("010080ff0000803f"), keywords={"$P1G": "2"})
    file = read(tmp_path, content)
    assert np.isnan(file.events[0, 0])
    assert file.events[0, 1] == 1


# Channels


def test_channels_carry_what_the_file_says_of_them(tmp_path: Path) -> None:
    keywords = {"$P1S": " CD5 PC7 ", "$P1V": "450,5", "$P2S": " "}
    first, second = read(tmp_path, fcs(PLAIN, names=["FL1-A", "FL2-A"], keywords=keywords)).channels
    assert (first.detector, first.label, first.voltage) == ("FL1-A", "CD5 PC7", 450.5)
    assert (second.index, second.label, second.voltage) == (1, None, None)
    assert (first.bits, first.range, first.gain) == (32, 1024.0, 1.0)


def test_two_channels_of_one_name_are_kept_and_said(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, names=["A", "A"]))
    assert [channel.detector for channel in file.channels] == ["A", "A"]
    assert codes(file) == {"DUPLICATE_CHANNEL"}


def test_a_channel_without_a_name_gets_its_number(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, keywords={"$P2N": None}))
    assert file.channels[1].detector == "P2"
    assert codes(file) == {"CHANNEL_UNNAMED"}


def test_a_float_channel_without_a_range_gets_one_from_its_values(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[3000.0, 1.0]], keywords={"$P1R": "0", "$P2R": None}))
    assert [channel.maximum for channel in file.channels] == [4096.0, 1024.0]
    assert codes(file) == {"RANGE_UNKNOWN"}


def test_a_timestep_that_is_no_number_is_unknown(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, keywords={"$TIMESTEP": "xxxx"}))
    assert file.raw.timestep_seconds is None
    assert codes(file) == {"TIMESTEP_UNREADABLE"}


def test_more_channels_than_par_are_read_where_the_bytes_say_so(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, keywords={"$PAR": "1"}))
    assert file.events.tolist() == PLAIN
    assert codes(file) == {"PAR_TOO_LOW"}


def test_keywords_above_par_are_ignored_where_the_bytes_say_so(tmp_path: Path) -> None:
    keywords = {"$P3B": "32", "$P3N": "C", "$P3R": "1024", "$P9G": "3"}
    file = read(tmp_path, fcs(PLAIN, keywords=keywords))
    assert file.events.tolist() == PLAIN
    assert file.findings == ()


# Where DATA is


@pytest.mark.parametrize("extra", [1, -1])
def test_data_may_end_one_byte_off(tmp_path: Path, extra: int) -> None:
    file = read(tmp_path, fcs(PLAIN, data_end=extra))
    assert file.events.tolist() == PLAIN
    assert [f.severity for f in file.findings if f.code == "DATA_END"] == [Severity.INFO]


def test_a_byte_too_many_is_an_event_too_many_where_events_are_bytes(tmp_path: Path) -> None:
    with pytest.raises(FcsCorruptError, match=r"\$TOT says 2 events"):
        read(tmp_path, fcs([[1], [2]], datatype="I", bits=8, ranges=256, data_end=1, end=b"x"))


def test_blank_bytes_behind_the_events_are_padding(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, data_end=100, end=b"\0" * 100))
    assert file.events.tolist() == PLAIN
    assert codes(file) == {"DATA_PADDED"}


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1"])
@pytest.mark.parametrize("where", [(100, 123), (58, 900), (1, 24)])
def test_offsets_that_hold_the_events_win_over_those_that_do_not(
    tmp_path: Path, version: str, where: tuple[int, int]
) -> None:
    keywords = {"$BEGINDATA": "@BEGIN@", "$ENDDATA": "@END@"}
    content = fcs(PLAIN, version=version, header_data=where, keywords=keywords)
    file = read(tmp_path, content)
    assert file.events.tolist() == PLAIN
    assert codes(file) == {"OFFSETS_DISAGREE"}


def test_header_wins_where_text_is_wrong(tmp_path: Path) -> None:
    keywords = {"$BEGINDATA": "00000300", "$ENDDATA": "00000301"}
    assert read(tmp_path, fcs(PLAIN, keywords=keywords)).events.tolist() == PLAIN


def _rows(count: int) -> list[list[float]]:
    """Return rows as a cytometer has them: scatter, two dim dyes, a clock."""
    chance = np.random.default_rng(3)
    columns = [chance.normal(30000, 5000, count), chance.normal(25000, 4000, count)]
    columns += [chance.lognormal(4, 1, count), chance.lognormal(5, 1, count)]
    rows = np.clip(np.rint(np.column_stack([*columns, np.arange(count)])), 0, 65535)
    return [list(map(float, row)) for row in rows]


@pytest.mark.parametrize("right", ["HEADER", "TEXT"])
@pytest.mark.parametrize("shift", [-46, -10, -2, 1, 2, 4, 10, 20, 46])
@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1"])
def test_the_place_whose_bytes_are_events_wins(
    tmp_path: Path, right: str, shift: int, order: str
) -> None:
    chance = np.random.default_rng(5)
    events = _rows(200)
    steps: dict[str, object] = {"datatype": "I", "bits": 16, "ranges": 65536, "order": order}
    steps["names"] = [*"ABCD", "Time"]
    end = chance.integers(0, 256, 200).astype(np.uint8).tobytes()
    plain = fcs(events, end=end, **steps)  # type: ignore[arg-type]  # each has its own type
    begin, last = int(plain[26:34]) + shift, int(plain[34:42]) + shift
    wrong: dict[str, object] = {"header_data": (begin, last)}
    if right == "HEADER":
        wrong = {"keywords": {"$BEGINDATA": f"{begin:08d}", "$ENDDATA": f"{last:08d}"}}
    file = read(tmp_path, fcs(events, end=end, **steps, **wrong))  # type: ignore[arg-type]
    assert file.events.tolist() == events
    assert codes(file) == {"OFFSETS_DISAGREE"}


@pytest.mark.parametrize(
    "end", [b" " * 100, b"\0" * 100, b"00000000", b"", b"|GATE|R1|AREA|5|" * 9]
)
def test_blanks_text_and_the_end_of_the_file_are_no_events(tmp_path: Path, end: bytes) -> None:
    events = _rows(40)
    plain = fcs(events, end=end)
    begin, last = int(plain[26:34]), int(plain[34:42])
    keywords = {"$BEGINDATA": f"{begin + 20:08d}", "$ENDDATA": f"{last + 20:08d}"}
    assert read(tmp_path, fcs(events, end=end, keywords=keywords)).events.tolist() == events


def test_where_nothing_tells_the_place_it_is_refused(tmp_path: Path) -> None:
    # The rows behind are like those within: one event more or less at either end.
    events = _rows(60)
    more = packed(_rows(61)[60:])
    begin, last = (int(fcs(events, end=more)[at : at + 8]) for at in (26, 34))
    keywords = {"$BEGINDATA": f"{begin + 20:08d}", "$ENDDATA": f"{last + 20:08d}"}
    with pytest.raises(
        FcsCorruptError, match=r"DATA is given twice, .* nothing in the bytes tells"
    ):
        read(tmp_path, fcs(events, end=more, keywords=keywords))


@pytest.mark.parametrize("shift", [-3, -2, -1, 1, 2])
def test_of_two_places_of_one_length_the_one_with_sensible_values_wins(
    tmp_path: Path, shift: int
) -> None:
    events = [[float(i), 1000.0 - i] for i in range(1, 50)]
    plain = fcs(events, gap=b"    ", end=b"        ")
    begin, last = int(plain[26:34]), int(plain[34:42])
    content = fcs(
        events,
        gap=b"    ",
        end=b"        ",
        keywords={"$BEGINDATA": f"{begin + shift:08d}", "$ENDDATA": f"{last + shift:08d}"},
    )
    file = read(tmp_path, content)
    assert file.events.tolist() == events
    assert codes(file) == {"OFFSETS_DISAGREE"}


@pytest.mark.parametrize("shift", [-1, 1])
def test_tagged_integers_tell_the_place_of_data_too(tmp_path: Path, shift: int) -> None:
    events = [[i, 0x1000 + 3 * i] for i in range(1, 50)]
    plain = fcs(events, datatype="I", bits=16, ranges=4096, gap=b"ab", end=b"cd")
    place = [int(plain[at : at + 8]) + shift for at in (26, 34)]
    content = fcs(
        events,
        datatype="I",
        bits=16,
        ranges=4096,
        gap=b"ab",
        end=b"cd",
        keywords={"$BEGINDATA": f"{place[0]:08d}", "$ENDDATA": f"{place[1]:08d}"},
    )
    expected = [[i, 3 * i] for i in range(1, 50)]
    assert read(tmp_path, content).events.tolist() == expected


def test_of_two_places_without_an_event_the_first_is_reported(tmp_path: Path) -> None:
    keywords = {"$BEGINDATA": "00009000", "$ENDDATA": "00009023"}
    with pytest.raises(FcsTruncatedError, match="0 whole events of 3"):
        read(tmp_path, fcs(PLAIN, header_data=(8000, 8023), keywords=keywords))


@pytest.mark.parametrize("blank", [" " * 16, "       0       0", "*" * 16, "\0" * 16])
def test_a_header_without_offsets_leaves_it_to_text(tmp_path: Path, blank: str) -> None:
    file = read(tmp_path, fcs(PLAIN, header_data=blank))
    assert file.events.tolist() == PLAIN
    assert codes(file) == {"HEADER_BLANK"}


def test_data_beyond_the_eight_digits_of_header_is_found_by_text(tmp_path: Path) -> None:
    begin, data = 100_000_100, packed(PLAIN)
    keywords = {"$BEGINDATA": f"{begin:020d}", "$ENDDATA": f"{begin + len(data) - 1:020d}"}
    path = tmp_path / "tube.fcs"
    with path.open("wb") as file:  # a hole in the file: no bytes of it are on the disk
        file.write(fcs(PLAIN, data=b"", header_data="       0       0", keywords=keywords))
        file.seek(begin)
        file.write(data)
    read_back = read_fcs(path)
    assert read_back.events.tolist() == PLAIN
    assert read_back.findings == ()


def test_without_tot_the_bytes_tell_the_events(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, version="2.0", keywords={"$TOT": None}))
    assert file.events.tolist() == PLAIN
    assert [(f.code, f.severity) for f in file.findings] == [("TOT_ABSENT", Severity.INFO)]


def test_float_widths_go_by_the_bytes_where_keywords_disagree(tmp_path: Path) -> None:
    data = packed(PLAIN, datatype="D", bits=64)
    file = read(tmp_path, fcs(PLAIN, datatype="F", bits=64, data=data))
    assert file.events.tolist() == PLAIN
    assert codes(file) == {"WIDTH"}
    file = read(tmp_path, fcs(PLAIN, datatype="F", keywords={"$P1B": "64", "$P2B": "64"}))
    assert file.events.tolist() == PLAIN
    assert file.findings == ()


@pytest.mark.parametrize("place", [None, "       0       0"])
def test_no_events_is_an_empty_result_that_says_so(tmp_path: Path, place: str | None) -> None:
    file = read(tmp_path, fcs([], header_data=place))
    assert file.events.shape == (0, 2)
    assert codes(file) == {"NO_EVENTS"}


# Several data sets


def lmd() -> bytes:
    first = fcs([[10, 20]], datatype="I", bits=16, version="2.0")
    second = fcs([[1000, 2000]], datatype="I", ranges=2**20, version="3.0")
    step = f"{len(first) + 6:06d}"  # six digits in place of one
    first = fcs([[10, 20]], datatype="I", bits=16, version="2.0", keywords={"$NEXTDATA": step})
    return first + b"\0" * (int(step) - len(first)) + second


def test_of_several_data_sets_the_finest_is_read(tmp_path: Path) -> None:
    file = read(tmp_path, lmd())
    assert file.events.tolist() == [[1000.0, 2000.0]]
    assert (file.dataset, file.dataset_count, file.version) == (2, 2, "3.0")
    assert codes(file) == {"SEVERAL_DATA_SETS"}


def test_a_data_set_can_be_asked_for(tmp_path: Path) -> None:
    file = read(tmp_path, lmd(), dataset=1)
    assert file.events.tolist() == [[10.0, 20.0]]
    assert file.findings == ()


@pytest.mark.parametrize("dataset", [0, 3, -1])
def test_a_data_set_that_is_not_there_is_a_wrong_option(tmp_path: Path, dataset: int) -> None:
    with pytest.raises(OptionError, match=f"no data set {dataset}, expected 1 to 2"):
        read(tmp_path, lmd(), dataset=dataset)


def test_a_finer_data_set_without_labels_is_read_with_a_warning(tmp_path: Path) -> None:
    label = {"$P1S": "CD5"}
    plain = fcs(PLAIN, keywords={"$NEXTDATA": "000000", **label})
    first = fcs(PLAIN, keywords={"$NEXTDATA": f"{len(plain):06d}", **label})
    file = read(tmp_path, first + fcs([[9.0, 9.0]], ranges=2**20))
    assert file.dataset == 2
    (finding,) = file.findings
    assert finding.severity is Severity.WARN
    assert finding.message.endswith("the channels of 1 have labels, its own have none")


@pytest.mark.parametrize(
    ("later", "case"),
    [
        (fcs(PLAIN)[:100], "truncated"),
        (fcs(PLAIN).replace(b"$PAR", b"$RAP"), "corrupt"),
        (fcs(PLAIN).replace(b"FCS3", b"FCS9", 1), "unsupported"),
    ],
)
def test_a_later_data_set_that_cannot_be_read_is_left(
    tmp_path: Path, later: bytes, case: str
) -> None:
    plain = fcs(PLAIN, keywords={"$NEXTDATA": "000000"})
    first = fcs(PLAIN, keywords={"$NEXTDATA": f"{len(plain):06d}"})
    file = read(tmp_path, first + later)
    assert file.events.tolist() == PLAIN
    (finding,) = file.findings
    assert finding.code == "DATA_SET_UNREADABLE"
    assert finding.reason.values == {"number": 2, "offset": len(first), "case": case}


def test_the_first_of_equal_data_sets_is_read_with_a_warning(tmp_path: Path) -> None:
    plain = fcs(PLAIN, keywords={"$NEXTDATA": "000000"})
    first = fcs(PLAIN, keywords={"$NEXTDATA": f"{len(plain):06d}"})
    file = read(tmp_path, first + fcs([[9.0, 9.0]]))
    assert file.dataset == 1
    assert [f.severity for f in file.findings] == [Severity.WARN]


def test_a_next_data_set_that_is_not_there_is_ignored(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, keywords={"$NEXTDATA": "100"}))
    assert file.dataset_count == 1
    assert codes(file) == {"NEXTDATA"}


def test_data_sets_that_point_at_themselves_end(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, keywords={"$NEXTDATA": "1"}))
    assert file.dataset_count == 1


def test_a_next_data_set_within_text_is_none(tmp_path: Path) -> None:
    content = fcs(PLAIN, keywords={"$NEXTDATA": "000060", "NOTE": "FCS3.1 " * 40})
    at = content.index(b"FCS3.1 ", 58)
    file = read(tmp_path, content.replace(b"000060", b"%06d" % at))
    assert file.dataset_count == 1
    assert codes(file) == {"NEXTDATA"}


def test_offsets_of_a_second_data_set_may_count_from_the_start_of_the_file(tmp_path: Path) -> None:
    plain = fcs(PLAIN, keywords={"$NEXTDATA": "000000"})
    first = fcs(PLAIN, keywords={"$NEXTDATA": f"{len(plain):06d}"})
    second = fcs([[7.0, 8.0]], ranges=2048)
    begin, last = len(first) + int(second[26:34]), len(first) + int(second[34:42])
    second = fcs(
        [[7.0, 8.0]],
        ranges=2048,
        header_data=(begin, last),
        keywords={"$BEGINDATA": f"{begin:08d}", "$ENDDATA": f"{last:08d}"},
    )
    file = read(tmp_path, first + second)
    assert file.events.tolist() == [[7.0, 8.0]]
    assert "OFFSETS_FROM_FILE" in codes(file)


# Refusals: file, found, expected


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"none\.fcs: no such file"):
        read_fcs(tmp_path / "none.fcs")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="is a folder, expected an FCS file"):
        read_fcs(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.fcs")
    with pytest.raises(FileAccessError, match="is not a regular file"):
        read_fcs(tmp_path / "pipe.fcs")


def test_a_file_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "tube.fcs").write_bytes(fcs(PLAIN))
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileAccessError, match=r"tube\.fcs: may not be read"):
        read_fcs(tmp_path / "tube.fcs")


class Faulty(io.FileIO):
    """A file whose medium fails, or ends early, once DATA is reached."""

    fault: OSError | None = None

    def readinto(self, buffer: Buffer) -> int:
        if self.tell() < 58 + 100:
            return super().readinto(buffer)
        if self.fault is not None:
            raise self.fault
        return 0


@pytest.mark.parametrize(
    ("fault", "error"),
    [(None, FcsTruncatedError), (OSError(5, "Input/output error"), FileAccessError)],
)
def test_a_file_that_fails_while_being_read_is_an_error_of_ours(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: OSError | None,
    error: type[Cd5FlowError],
) -> None:
    (tmp_path / "tube.fcs").write_bytes(fcs(PLAIN))
    monkeypatch.setattr(Path, "open", lambda path, *_, **__: Faulty(path))
    monkeypatch.setattr(Faulty, "fault", fault)
    with pytest.raises(error, match=r"tube\.fcs: "):
        read_fcs(tmp_path / "tube.fcs")


def test_a_path_that_cannot_be_is_refused() -> None:
    with pytest.raises(FileAccessError):
        read_fcs("a\0b.fcs")


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"<html>", b"FCSx.y    ", b" FCS3.1"])
def test_what_is_not_fcs_is_said(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotFcsError, match=r"tube\.fcs: .*expected"):
        read(tmp_path, content)


def test_a_version_of_the_future_is_unsupported(tmp_path: Path) -> None:
    with pytest.raises(FcsUnsupportedError, match=r"is FCS 4\.0, expected"):
        read(tmp_path, fcs(PLAIN, version="4.0"))


def test_a_truncated_file_says_how_many_whole_events_it_holds(tmp_path: Path) -> None:
    content = fcs(PLAIN)
    with pytest.raises(FcsTruncatedError, match="2 whole events of 3 are there"):
        read(tmp_path, content[:-3])


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    content = fcs(PLAIN)
    for length in range(len(content)):
        with pytest.raises(FcsError):
            read(tmp_path, content[:length])


@pytest.mark.parametrize("total", ["2", "4", "100000000000000000"])
def test_tot_against_data_is_corrupt(tmp_path: Path, total: str) -> None:
    with pytest.raises(FcsCorruptError, match=r"\$TOT says .* events of 8 bytes.*DATA holds 3"):
        read(tmp_path, fcs(PLAIN, keywords={"$TOT": total}))


def test_a_file_cut_that_contradicts_itself_too_is_truncated(tmp_path: Path) -> None:
    content = fcs([[1.0, 2.0]] * 9, keywords={"$TOT": "8"})
    with pytest.raises(FcsTruncatedError, match="6 whole events of 8 are there; and"):
        read(tmp_path, content[:-20])


def test_without_tot_data_must_be_whole_events(tmp_path: Path) -> None:
    with pytest.raises(FcsCorruptError, match=r"\$TOT is absent and DATA is no whole number"):
        read(tmp_path, fcs(PLAIN, keywords={"$TOT": None}, data_end=3, end=b"abc"))


def test_a_tot_of_0_against_data_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(FcsCorruptError, match=r"\$TOT says 0 events, DATA holds 3"):
        read(tmp_path, fcs(PLAIN, keywords={"$TOT": "0"}))


def test_an_enormous_declared_size_is_refused_without_being_allocated(tmp_path: Path) -> None:
    events = 10**15
    keywords = {
        "$TOT": str(events),
        "$ENDDATA": str(10**6 + 8 * events - 1),
        "$BEGINDATA": "1000000",
    }
    with pytest.raises(FcsTruncatedError, match="0 whole events"):
        read(tmp_path, fcs(PLAIN, keywords=keywords))


@pytest.mark.parametrize(
    ("keyword", "value", "error", "message"),
    [
        ("$MODE", "C", FcsUnsupportedError, r"\$MODE is 'C', expected L"),
        ("$DATATYPE", "A", FcsUnsupportedError, r"\$DATATYPE is A"),
        ("$DATATYPE", "Q", FcsCorruptError, r"\$DATATYPE is 'Q', expected I, F or D"),
        ("$DATATYPE", None, FcsCorruptError, r"\$DATATYPE is ''"),
        ("$BYTEORD", None, FcsCorruptError, r"\$BYTEORD is ''"),
        ("$BYTEORD", "1,1,2,3", FcsCorruptError, r"\$BYTEORD is '1,1,2,3'"),
        ("$BYTEORD", "little", FcsCorruptError, r"\$BYTEORD is 'little'"),
        ("$PAR", None, FcsCorruptError, r"without \$PAR"),
        ("$PAR", "two", FcsCorruptError, r"\$PAR is 'two'"),
        ("$PAR", "0", FcsCorruptError, r"\$PAR is '0'"),
        ("$PAR", "999999999", FcsCorruptError, "TEXT describes 2"),
        ("$PAR", "9" * 5000, FcsCorruptError, r"\$PAR is"),
        ("$TOT", "three", FcsCorruptError, r"\$TOT is 'three'"),
    ],
)
def test_a_wrong_keyword_is_named_with_what_was_expected(
    tmp_path: Path, keyword: str, value: str | None, error: type[FcsError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        read(tmp_path, fcs(PLAIN, keywords={keyword: value}))
    assert str(caught.value).startswith("tube.fcs: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bits", ["*", "4", "65", "0", "x"])
def test_integer_widths_that_are_not_read_are_refused(tmp_path: Path, bits: str) -> None:
    with pytest.raises(FcsUnsupportedError, match=r"\$P1B is .*expected integers of 8 to 64 bits"):
        read(tmp_path, fcs([[1]], datatype="I", keywords={"$P1B": bits}))


def test_no_place_for_data_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(FcsCorruptError, match="neither HEADER nor"):
        read(tmp_path, fcs(PLAIN, version="2.0", header_data=" " * 16))


def test_text_of_impossible_size_is_refused(tmp_path: Path) -> None:
    content = fcs(PLAIN)
    text_end = f"{17 << 20:>8}".encode()
    with pytest.raises(FcsError):
        read(tmp_path, content[:18] + text_end + content[26:])


def test_the_fault_of_a_data_set_names_it(tmp_path: Path) -> None:
    content = lmd()
    with pytest.raises(FcsTruncatedError, match=r"\(data set 2 of 2\)"):
        read(tmp_path, content[:-1])


# The file as a whole


def test_the_hash_is_of_the_whole_file(tmp_path: Path) -> None:
    content = fcs(PLAIN, end=b"trailing")
    file = read(tmp_path, content)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    (tmp_path / "tube.fcs").unlink()
    assert file.sha256 == hashlib.sha256(content).hexdigest()


def test_the_hash_of_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN))
    (tmp_path / "tube.fcs").unlink()
    with pytest.raises(FileAccessError):
        _ = file.sha256


def test_keywords_are_upper_case_with_their_dollar(tmp_path: Path) -> None:
    file = read(tmp_path, fcs(PLAIN, keywords={"$cyt": " DxFLEX ", "Tube Name": "T"}))
    assert file.keywords["$CYT"] == file.cytometer == "DxFLEX"
    assert file.keywords["TUBE NAME"] == "T"


def test_every_error_is_one_of_ours() -> None:
    assert issubclass(FcsError, Cd5FlowError)
