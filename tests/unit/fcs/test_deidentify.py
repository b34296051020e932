"""Copies without the patient: the same events, and nothing of a secret anywhere in the bytes."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.config.shipped import deidentify_file, markers_file
from cd5flow.errors import (
    Cd5FlowError,
    FcsCorruptError,
    FcsError,
    FcsTruncatedError,
    FcsUnsupportedError,
    FileAccessError,
    OptionError,
    OutputError,
    PrivacyError,
)
from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.fcs.deidentify import Deidentified, deidentify_fcs
from cd5flow.fcs.privacy import KeywordRules, load_rules
from cd5flow.preprocess.labels import load_aliases
from support.fcs_factory import fcs, packed
from support.properties import part_of_examples

PLAIN = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
PERSON = "Qzxwv"
RULES = load_rules(deidentify_file())
FLUORESCENCE = ["FL1-A", "FL2-A"]
BLAND = dict.fromkeys([*range(33), ord("/"), ord("$"), *range(0xD800, 0xE000)], "_")


def copy(
    tmp_path: Path, content: bytes, rules: KeywordRules = RULES, *, days: int | None = None
) -> Deidentified:
    source = tmp_path / "tube.fcs"
    source.write_bytes(content)
    return deidentify_fcs(source, tmp_path / "copy.fcs", rules, days=days, overwrite=True)


def keywords_of(written: Deidentified) -> Mapping[str, str]:
    return read_fcs(written.path, dataset=1).keywords


def leaks(path: Path, secret: str = PERSON) -> bool:
    return re.search(re.escape(secret).encode(), path.read_bytes(), re.IGNORECASE) is not None


# Events


@pytest.mark.parametrize("order", ["1,2,3,4", "4,3,2,1", "3,4,1,2"])
@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1", "3.2"])
def test_data_is_the_same_bit_for_bit(tmp_path: Path, version: str, order: str) -> None:
    data = random.Random(order).randbytes(8 * 500)  # noqa: S311 - any bits, NaN with payloads too
    content = fcs(
        [[0.0, 0.0]] * 500, data=data, order=order, version=version, keywords={"$OP": PERSON}
    )
    written = copy(tmp_path, content)
    assert data in written.path.read_bytes()
    assert not leaks(written.path)
    before, after = read_fcs(tmp_path / "tube.fcs"), read_fcs(written.path)
    np.testing.assert_array_equal(before.events.view("u4"), after.events.view("u4"))
    assert (after.version, after.channels) == (before.version, before.channels)


@pytest.mark.parametrize(
    "content",
    [
        fcs([[1, 2, 3]], datatype="I", bits=[8, 24, 32], ranges=[256, 1024, 2**20]),
        fcs([[0, 0], [0, 0]], datatype="I", bits=10, data=b"\1\2\3\4\5"),
        fcs([[0, 0], [0, 0]], datatype="I", bits=10, data=packed([[1, 1023]] * 2, datatype="I", bits=16)),
        fcs([[5]], datatype="I", keywords={"$P1E": "4,1", "$P1G": "2"}),
        fcs(PLAIN, keywords={"$PAR": "1"}),
        fcs(PLAIN, version="2.0", keywords={"$TOT": None}),
        fcs(PLAIN, data_end=1),
        fcs(PLAIN, data_end=100, end=b"\0" * 100),
        fcs(PLAIN, header_data=(100, 123), keywords={"$P1R": "0", "$P2G": "none"}),
        fcs(PLAIN, header_data="       0       0"),
        fcs([[40_000, 1], [40_001, 2]], datatype="I", bits=16, ranges=65_536, names=["TIME_MSW", "TIME_LSW"]),
        fcs([]),
        fcs(PLAIN, names=["A", "A"]),
        fcs(PLAIN, encoding="latin-1", keywords={"$P1S": "CD5 µm ±"}),
        fcs(PLAIN, names=FLUORESCENCE, keywords={"SPILL": "2,FL1-A,FL2-A,1,0.1,0,1"}),
        fcs(PLAIN, names=FLUORESCENCE, keywords={"$SPILLOVER": "2,FL1-A,nobody,1,0.1,0,1"}),
        fcs([[1, 2]], datatype="I", names=FLUORESCENCE, version="2.0", keywords={"$DFC1TO2": "5"}),
    ],
)  # fmt: skip
def test_every_kind_of_file_reads_the_same(tmp_path: Path, content: bytes) -> None:
    written = copy(tmp_path, content)
    before, after = read_fcs(tmp_path / "tube.fcs"), read_fcs(written.path)
    np.testing.assert_array_equal(before.events, after.events)
    assert after.channels == before.channels
    assert (after.spillover is None) == (before.spillover is None)


@part_of_examples(0.6)
@given(
    st.integers(1, 5).flatmap(
        lambda width: st.lists(
            st.lists(st.floats(width=32), min_size=width, max_size=width), min_size=1, max_size=20
        )
    ),
    st.dictionaries(st.text(max_size=12), st.text(max_size=20), max_size=8),
)
def test_any_events_survive_and_no_value_of_an_unlisted_keyword(
    tmp_path_factory: pytest.TempPathFactory, events: list[list[float]], more: dict[str, str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    unlisted = {
        f"X{key.translate(BLAND)}": f"{PERSON} {value.translate(BLAND)}"
        for key, value in more.items()
    }
    written = copy(folder, fcs(events, keywords={**unlisted, "$CYT": "C6"}))
    before, after = read_fcs(folder / "tube.fcs"), read_fcs(written.path)
    np.testing.assert_array_equal(before.events.view("u4"), after.events.view("u4"))
    assert not leaks(written.path)
    assert after.keywords["$CYT"] == "C6"


def test_a_copy_of_a_copy_is_the_same(tmp_path: Path) -> None:
    keywords = {"$FIL": f"{PERSON}.fcs", "$BTIM": "09:00:00", "$ETIM": "09:01:19.25", "$OP": "x"}
    content = copy(tmp_path, fcs(PLAIN, keywords=keywords)).path.read_bytes()
    assert copy(tmp_path, content).path.read_bytes() == content


def test_the_original_is_not_touched(tmp_path: Path) -> None:
    content = fcs(PLAIN, keywords={"$OP": PERSON})
    copy(tmp_path, content)
    assert (tmp_path / "tube.fcs").read_bytes() == content


# What goes


ANY_KEYWORD: Final = (
    *("$OP", "$INST", "$SRC", "$SMNO", "$COM", "$SYS", "$EXP", "$PROJ", "$FIL", "$CYTSN"),
    *("PATIENT ID", "SAMPLE ID", "TUBE NAME", "EXPERIMENT NAME", "CREATOR", "GUID", "$GATING"),
    *("UNHEARD OF", "cell line", "P1NOTE", "$P1X", "$UNICODE", "$ORIGINALITY"),
    # Kept only in their form.
    *("$P1V", "$P1G", "$TR", "$P1F", "$P1L", "$TIMESTEP", "SPILL", "$SPILLOVER", "P1DISPLAY"),
    *("$DATE", "$BTIM", "$ETIM", "$BEGINDATETIME", "THRESHOLD", "$DFC1TO2", "$P1E", "$P3B"),
)


@pytest.mark.parametrize("days", [None, 0, -400])
def test_a_name_under_any_keyword_goes(tmp_path: Path, days: int | None) -> None:
    for number, keyword in enumerate(ANY_KEYWORD):
        folder = tmp_path / str(number)
        folder.mkdir()
        written = copy(folder, fcs(PLAIN, keywords={keyword: f"{PERSON} J"}), days=days)
        assert not leaks(written.path), keyword
        (one,) = written.data_sets
        assert keyword.upper() in [name for change in one.changes for name in change.keywords]
        assert keyword.upper() not in one.kept, keyword


def test_a_name_that_is_a_keyword_goes(tmp_path: Path) -> None:
    written = copy(tmp_path, fcs(PLAIN, keywords={PERSON: "1", f"PATIENT {PERSON}": "2"}))
    assert not leaks(written.path)


def test_a_damaged_text_gives_no_name_away(tmp_path: Path) -> None:
    keywords = {"PATH": f"a/{PERSON}/b", "$CYT": "C6", "$COM": f"//{PERSON}//", "N": ""}
    assert not leaks(copy(tmp_path, fcs(PLAIN, keywords=keywords, tail=PERSON)).path)


def test_bytes_outside_the_segments_go(tmp_path: Path) -> None:
    secret = PERSON.encode()
    content = fcs(PLAIN, gap=b"before" + secret, end=secret, padding=b" " * 9)
    written = copy(tmp_path, content)
    assert not leaks(written.path)
    assert written.other_bytes == len(secret) * 2 + len(b"before")


def test_analysis_and_supplemental_text_go(tmp_path: Path) -> None:
    supplement = f"/$CYT/C6/NOTE/{PERSON}/$OP/{PERSON}/".encode()
    analysis = f"/Gate of {PERSON}/R1/".encode()
    names = ("$BEGINSTEXT", "$ENDSTEXT", "$BEGINANALYSIS", "$ENDANALYSIS")
    begin = len(fcs(PLAIN, keywords=dict.fromkeys(names, "00000000")))
    middle, last = begin + len(supplement), begin + len(supplement) + len(analysis)
    places = zip(names, (begin, middle - 1, middle, last - 1), strict=True)
    content = fcs(
        PLAIN, keywords={name: f"{at:08d}" for name, at in places}, end=supplement + analysis
    )
    written = copy(tmp_path, content)
    assert not leaks(written.path)
    assert keywords_of(written)["$CYT"] == "C6"
    assert written.data_sets[0].left_out == {
        "supplemental TEXT": len(supplement),
        "ANALYSIS": len(analysis),
    }
    assert written.other_bytes == 0


def test_file_names_become_a_name_made_from_data(tmp_path: Path) -> None:
    one = keywords_of(copy(tmp_path, fcs(PLAIN, keywords={"$FIL": PERSON})))["$FIL"]
    same = keywords_of(copy(tmp_path, fcs(PLAIN, keywords={"$FIL": "other"})))["$FIL"]
    other = keywords_of(copy(tmp_path, fcs(PLAIN[:2], keywords={"$FIL": PERSON})))["$FIL"]
    assert re.fullmatch(r"[0-9a-f]{16}\.fcs", one)
    assert one == same != other


def test_the_standard_has_a_word_for_a_copy_with_other_keywords(tmp_path: Path) -> None:
    written = copy(tmp_path, fcs(PLAIN, keywords={"$ORIGINALITY": "Original"}))
    assert keywords_of(written)["$ORIGINALITY"] == "NonDataModified"


# Dates

RUN = {"$DATE": "18-JUL-2014", "$BTIM": "23:59:50", "$ETIM": "00:01:10.5"}
STAMPS = {"$BEGINDATETIME": "2014-07-18T23:59:50", "$ENDDATETIME": "2014-07-19T00:01:10"}


def test_dates_go_and_the_length_of_the_run_stays(tmp_path: Path) -> None:
    found = keywords_of(copy(tmp_path, fcs(PLAIN, keywords=RUN | STAMPS)))
    assert not {"$DATE", "$BEGINDATETIME", "$ENDDATETIME"} & set(found)
    assert (found["$BTIM"], found["$ETIM"]) == ("00:00:00.00", "00:01:20.50")


def test_fcs_3_0_has_no_hundredths(tmp_path: Path) -> None:
    found = keywords_of(copy(tmp_path, fcs(PLAIN, version="3.0", keywords=RUN)))
    assert (found["$BTIM"], found["$ETIM"]) == ("00:00:00", "00:01:20")


def test_times_that_tell_no_length_go(tmp_path: Path) -> None:
    found = keywords_of(copy(tmp_path, fcs(PLAIN, keywords={"$BTIM": "09:00:00", "$ETIM": "late"})))
    assert not {"$BTIM", "$ETIM"} & set(found)


def test_dates_may_be_kept(tmp_path: Path) -> None:
    found = keywords_of(copy(tmp_path, fcs(PLAIN, keywords=RUN | STAMPS), days=0))
    assert {key: found[key] for key in STAMPS} == STAMPS
    assert (found["$DATE"], found["$BTIM"]) == ("18-JUL-2014", "23:59:50")


def test_dates_may_be_moved_together(tmp_path: Path) -> None:
    found = keywords_of(copy(tmp_path, fcs(PLAIN, keywords=RUN | STAMPS), days=-200))
    assert (found["$DATE"], found["$ETIM"]) == ("30-DEC-2013", "00:01:10.5")
    assert found["$BEGINDATETIME"] == "2013-12-30T23:59:50"
    assert found["$ENDDATETIME"] == "2013-12-31T00:01:10"


@pytest.mark.parametrize("day", ["0001-01-01", "04/05/2006", "last week"])
def test_a_date_that_cannot_be_moved_goes(tmp_path: Path, day: str) -> None:
    written = copy(tmp_path, fcs(PLAIN, keywords={"$DATE": day}), days=-1)
    assert "$DATE" not in keywords_of(written)


# What stays is looked at


def test_free_text_that_stays_is_named(tmp_path: Path) -> None:
    (one,) = copy(tmp_path, fcs(PLAIN, keywords={"$P1S": "CD5", "$CYT": "C6"})).data_sets
    assert set(one.free_text) == {"$P1N", "$P2N", "$P1S"}
    assert one.suspicions == ()


def test_a_removed_value_that_stands_in_a_label_is_noticed_and_not_repeated(tmp_path: Path) -> None:
    keywords = {"PATIENT ID": PERSON, "$P1S": f"CD5 {PERSON.lower()}", "$P2S": f"{PERSON}ov"}
    (one,) = copy(tmp_path, fcs(PLAIN, keywords=keywords)).data_sets
    assert one.suspicions == ("$P1S: the value of a keyword that was removed (the patient)",)


def test_words_that_no_table_knows_are_listed_and_refused_where_it_is_strict(
    tmp_path: Path,
) -> None:
    content = fcs(PLAIN, names=["FL1-A", "BV421-A"], keywords={"$P1S": "CD5 PE", "$P2S": PERSON})
    knowing = RULES.knowing(load_aliases(markers_file()).known_words)
    (one,) = copy(tmp_path, content, knowing).data_sets
    assert one.suspicions == ("$P2S: words that no table of markers, dyes and channels knows",)
    with pytest.raises(PrivacyError, match=r"\$P2S: words that no table"):
        deidentify_fcs(tmp_path / "tube.fcs", tmp_path / "other.fcs", knowing, strict=True)
    assert not (tmp_path / "other.fcs").exists()
    deidentify_fcs(
        tmp_path / "tube.fcs",
        tmp_path / "other.fcs",
        knowing.also_removing(["$P2S"]),
        strict=True,
    )


def test_strict_is_of_every_data_set(tmp_path: Path) -> None:
    content = _twice({"$P2S": "12345678"})
    (tmp_path / "tube.fcs").write_bytes(content)
    with pytest.raises(PrivacyError, match="six digits"):
        deidentify_fcs(tmp_path / "tube.fcs", tmp_path / "copy.fcs", RULES, strict=True)


def _twice(labels: dict[str, str]) -> bytes:
    """Put a second data set with these labels behind a first."""
    size = len(fcs(PLAIN, keywords={"$P1S": "CD5", "$NEXTDATA": "000000"}))
    both = fcs(PLAIN, keywords={"$P1S": "CD5", "$NEXTDATA": f"{size:06d}"})
    return both + fcs(PLAIN, keywords=dict(labels))


@pytest.mark.parametrize(
    ("keyword", "value", "kept"),
    [
        ("$P1ANALYTE", f"CD5 {PERSON}", "CD5"),
        ("$P1ANALYTE", f"{PERSON} cyCD3-PE", "cyCD3-PE"),
        ("$P1TAG", f"PerCP-Cy5-5 ({PERSON})", "PerCP-Cy5-5"),
        ("$P1TAG", f"BV421{PERSON}", None),
        ("$P1TAG", PERSON, None),
        ("$CYT", f"FACSCanto II {PERSON}", "FACSCanto II"),
        ("$P1CALIBRATION", "2.5,MESF", "2.5,MESF"),
        ("$P1CALIBRATION", f"2.5,{PERSON}", None),
        ("$P1CALIBRATION", "1,ZQSECRET", None),
    ],
)
def test_only_words_that_tables_know_stay(
    tmp_path: Path, keyword: str, value: str, kept: str | None
) -> None:
    knowing = RULES.knowing(load_aliases(markers_file()).known_words)
    written = copy(tmp_path, fcs(PLAIN, keywords={keyword: value}), knowing)
    assert keywords_of(written).get(keyword) == kept
    assert not leaks(written.path)


@pytest.mark.parametrize(
    "keyword", ["$P3S", "$P0S", "$P0N", "$P99N", "$P01S", "P7DISPLAY", "P0BS", "@P9ADDRESS"]
)
def test_keywords_of_channels_that_the_file_has_not_go(tmp_path: Path, keyword: str) -> None:
    written = copy(tmp_path, fcs(PLAIN, keywords={keyword: "12"}))
    assert keyword not in keywords_of(written)


def test_names_in_a_matrix_that_are_no_channels_go(tmp_path: Path) -> None:
    spill = f"3,A,{PERSON},B,1,0,0.1,0,1,0,0.2,0,1"
    written = copy(tmp_path, fcs(PLAIN, keywords={"SPILL": spill}))
    assert keywords_of(written)["SPILL"] == "2,A,B,1.0,0.1,0.2,1.0"
    assert not leaks(written.path)


def test_a_place_that_is_in_doubt_is_not_copied(tmp_path: Path) -> None:
    more = packed([[7.0, 8.0]])
    content = fcs(PLAIN, end=more)
    begin, last = int(content[26:34]) + 8, int(content[34:42]) + 8
    keywords = {"$BEGINDATA": f"{begin:08d}", "$ENDDATA": f"{last:08d}"}
    with pytest.raises(FcsCorruptError, match="nothing in the bytes tells"):
        copy(tmp_path, fcs(PLAIN, keywords=keywords, end=more))
    assert not (tmp_path / "copy.fcs").exists()


def test_many_suspicious_labels_are_counted(tmp_path: Path) -> None:
    labels = {f"$P{n}S": "12345678" for n in range(1, 10)}
    (one,) = copy(tmp_path, fcs([[1.0] * 9], keywords=labels)).data_sets
    shown = "$P1S, $P2S, $P3S, $P4S, $P5S, $P6S and 3 more"
    assert one.suspicions == (f"{shown}: a number of six digits or more",)


def test_a_label_may_be_removed_by_hand(tmp_path: Path) -> None:
    keywords = {"$P1S": PERSON, "$P2S": "CD5", "SPILL": "2,A,B,1,0.5,0,1"}
    written = copy(tmp_path, fcs(PLAIN, keywords=keywords), RULES.also_removing(["$p1s", "SPILL"]))
    assert not leaks(written.path)
    after = read_fcs(written.path)
    assert [channel.label for channel in after.channels] == [None, "CD5"]
    assert after.spillover is None


@pytest.mark.parametrize("keyword", ["$P1N", "$BYTEORD", "$P1R", "$TOT"])
def test_what_the_events_need_cannot_be_removed_by_hand(tmp_path: Path, keyword: str) -> None:
    content = fcs(PLAIN, order="4,3,2,1", ranges=2**20)
    if keyword == "$TOT":  # the bytes tell as much
        copy(tmp_path, content, RULES.also_removing([keyword]))
        return
    with pytest.raises(FcsError):
        copy(tmp_path, content, RULES.also_removing([keyword]))
    assert list(tmp_path.iterdir()) == [tmp_path / "tube.fcs"]


# Several data sets


def lmd() -> bytes:
    first = {"$NEXTDATA": "000000", "$OP": PERSON}
    size = len(fcs([[10, 20]], datatype="I", bits=16, version="2.0", keywords=first))
    first["$NEXTDATA"] = f"{size + 9:06d}"
    head = fcs([[10, 20]], datatype="I", bits=16, version="2.0", keywords=first)
    second = fcs(
        [[1000, 2000]], datatype="I", ranges=2**20, version="3.0", keywords={"NAME": PERSON}
    )
    return head + f"{PERSON}....".encode() + second


def test_every_data_set_is_cleaned(tmp_path: Path) -> None:
    written = copy(tmp_path, lmd())
    assert not leaks(written.path)
    assert [one.events for one in written.data_sets] == [1, 1]
    assert read_fcs(written.path, dataset=1).events.tolist() == [[10.0, 20.0]]
    assert read_fcs(written.path).events.tolist() == [[1000.0, 2000.0]]
    assert read_fcs(written.path).dataset == 2


def test_a_further_data_set_that_cannot_be_read_is_left_out_and_said(tmp_path: Path) -> None:
    plain = fcs(PLAIN, keywords={"$NEXTDATA": "000000"})
    first = fcs(PLAIN, keywords={"$NEXTDATA": f"{len(plain):06d}"})
    written = copy(tmp_path, first + fcs(PLAIN, keywords={"$OP": PERSON})[:200])
    assert written.unread
    assert len(written.data_sets) == 1
    assert not leaks(written.path)


def test_a_data_set_without_its_events_stops_the_copy(tmp_path: Path) -> None:
    with pytest.raises(FcsTruncatedError):
        copy(tmp_path, lmd()[:-1])
    assert not (tmp_path / "copy.fcs").exists()


# The file as others read it


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1"])
def test_the_checksum_of_fcs_3_is_none(tmp_path: Path, version: str) -> None:
    data = packed(PLAIN)
    content = copy(tmp_path, fcs(PLAIN, version=version)).path.read_bytes()
    assert content.endswith(data if version == "2.0" else data + b"00000000")


def test_offsets_beyond_eight_digits_stand_in_text_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cd5flow.fcs.compose._HEADER_LIMIT", 100)
    monkeypatch.setattr("cd5flow.fcs.write._HEADER_LIMIT", 100)
    for version in ("2.0", "3.1"):
        written = copy(tmp_path, fcs(PLAIN, version=version))
        assert written.path.read_bytes()[26:42] == b"       0       0"
        assert read_fcs(written.path).events.tolist() == PLAIN


def test_flowio_reads_the_copy(tmp_path: Path) -> None:
    import flowio  # noqa: PLC0415 - not needed by the other tests

    written = copy(tmp_path, fcs(PLAIN, keywords={"$OP": PERSON, "$P1S": "CD5"}))
    theirs = flowio.FlowData(str(written.path))
    assert theirs.as_array().tolist() == PLAIN
    assert theirs.text["p1s"] == "CD5"


def test_a_delimiter_is_found_that_no_keyword_holds(tmp_path: Path) -> None:
    label = "|/\\!~^#*;"
    content = fcs(PLAIN, delimiter="\x1e", keywords={"$P1S": label})
    written = copy(tmp_path, content)
    assert read_fcs(written.path).channels[0].label == label
    with pytest.raises(FcsUnsupportedError, match="every delimiter"):
        copy(
            tmp_path,
            fcs(PLAIN, delimiter="@", keywords={"$P1S": f"{label}\x0c\x1e\x1f\x1d\x1c\tx"}),
        )


# Refusals


def test_an_existing_file_is_replaced_only_when_told_to(tmp_path: Path) -> None:
    source, out = tmp_path / "tube.fcs", tmp_path / "copy.fcs"
    source.write_bytes(fcs(PLAIN))
    out.write_bytes(b"precious")
    with pytest.raises(OutputError, match="exists already"):
        deidentify_fcs(source, out, RULES)
    assert out.read_bytes() == b"precious"
    deidentify_fcs(source, out, RULES, overwrite=True)
    assert read_fcs(out).events.tolist() == PLAIN


@pytest.mark.parametrize("link", ["same", "symbolic", "hard"])
def test_the_original_is_never_replaced(tmp_path: Path, link: str) -> None:
    source = tmp_path / "tube.fcs"
    source.write_bytes(fcs(PLAIN))
    out = source
    if link == "symbolic":
        out = tmp_path / "link.fcs"
        out.symlink_to(source)
    elif link == "hard":
        out = tmp_path / "link.fcs"
        os.link(source, out)
    with pytest.raises(OptionError, match="is the original"):
        deidentify_fcs(source, out, RULES, overwrite=True)
    assert source.read_bytes() == fcs(PLAIN)


@pytest.mark.parametrize("place", [".", "absent/copy.fcs", "tube.fcs/copy.fcs"])
def test_a_place_that_cannot_hold_the_copy_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "tube.fcs").write_bytes(fcs(PLAIN))
    with pytest.raises(OutputError):
        deidentify_fcs(tmp_path / "tube.fcs", tmp_path / place, RULES)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError):
        deidentify_fcs(tmp_path / "none.fcs", tmp_path / "copy.fcs", RULES)


def test_a_copy_that_reads_differently_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / "tube.fcs", tmp_path / "copy.fcs"
    source.write_bytes(fcs(PLAIN))
    out.write_bytes(b"precious")
    monkeypatch.setattr("cd5flow.fcs.deidentify._differences", lambda *_: iter(["an event"]))
    with pytest.raises(FcsUnsupportedError, match="an event would read differently"):
        deidentify_fcs(source, out, RULES, overwrite=True)
    assert out.read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.fcs", "tube.fcs"]


def test_a_changed_event_is_a_difference(tmp_path: Path) -> None:
    from cd5flow.fcs.deidentify import _differences  # noqa: PLC0415

    def read(content: bytes) -> FcsFile:
        (tmp_path / "tube.fcs").write_bytes(content)
        return read_fcs(tmp_path / "tube.fcs")

    matrix = {"SPILL": "2,A,B,1,0.5,0,1", "$TIMESTEP": "0.01"}
    original = read(fcs(PLAIN, keywords=matrix))
    for content, differing in [
        (fcs(PLAIN, keywords=matrix, end=b"more"), []),
        (fcs(PLAIN, keywords=matrix, ranges=2048), ["a channel"]),
        (fcs([*PLAIN[:2], [5.0, 7.0]], keywords=matrix), ["an event"]),
        (fcs([*PLAIN, [5.0, 7.0]], keywords=matrix), ["an event"]),
        (fcs(PLAIN, keywords={**matrix, "$TIMESTEP": "0.02"}), ["the time step"]),
        (fcs(PLAIN, keywords={**matrix, "SPILL": "2,A,B,1,0.6,0,1"}), ["the spillover matrix"]),
        (fcs(PLAIN, keywords={"$TIMESTEP": "0.01"}), ["the spillover matrix"]),
    ]:
        assert list(_differences(original, read(content), set())) == differing


# Hostile files


@pytest.mark.parametrize("version", ["2.0", "3.1"])
def test_broken_files_are_copied_right_or_refused(tmp_path: Path, version: str) -> None:
    keywords = {"$OP": PERSON, "SPILL": "2,A,B,1,0.1,0,1", "$DATE": "18-JUL-2014", "ODD": PERSON}
    original = fcs(PLAIN * 5, version=version, keywords=keywords)
    chance = random.Random(version)  # noqa: S311 - a repeatable choice of faults
    copied = 0
    for _ in range(300):
        content = bytearray(original)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(10, len(content))
            match chance.randrange(3):
                case 0:
                    content[at] = chance.randrange(256)
                case 1:
                    content[at] = chance.choice(b"0123456789/,$PBNR ")
                case _:
                    del content[at : at + chance.randint(1, 9)]
        try:
            written = copy(tmp_path, bytes(content))
        except Cd5FlowError:
            continue
        copied += 1
        before, after = read_fcs(tmp_path / "tube.fcs"), read_fcs(written.path)
        np.testing.assert_array_equal(before.events.view("u4"), after.events.view("u4"))
        # Damage may put a name into a channel's; then it is among what a person is told to read.
        held = {key for key, value in after.keywords.items() if PERSON in value}
        assert held <= set(written.data_sets[0].free_text)
        assert bool(held) == leaks(written.path)
    assert copied > 30
    assert not list(tmp_path.glob(".*"))


def test_thousands_of_labels_and_names_are_not_all_compared(tmp_path: Path) -> None:
    names = [f"C{n}" for n in range(1500)]
    keywords = {f"PATIENT {n}": f"number {n}" for n in range(1500)}
    (one,) = copy(tmp_path, fcs([[1.0] * 1500], names=names, keywords=keywords)).data_sets
    assert one.suspicions == ("free text: too many to look for removed values in them",)
