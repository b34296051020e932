from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.errors import FcsCorruptError
from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.fcs.text import integer, number
from support.fcs_factory import fcs


def read(tmp_path: Path, content: bytes) -> FcsFile:
    path = tmp_path / "tube.fcs"
    path.write_bytes(content)
    return read_fcs(path)


def codes(file: FcsFile) -> set[str]:
    return {finding.code for finding in file.findings}


@pytest.mark.parametrize(
    "delimiter", ["/", "|", "\\", "\x0c", "\x1e", "*", "!", "\t", "~", ",", " "]
)
def test_any_character_delimits(tmp_path: Path, delimiter: str) -> None:
    keywords = {"$BYTEORD": "1"} if delimiter == "," else {}
    content = fcs(
        [[1.0, 2.0]],
        delimiter=delimiter,
        keywords={"$P1E": None, "$P2E": None, "$CYT": "C6", **keywords},
    )
    file = read(tmp_path, content)
    assert file.events.tolist() == [[1.0, 2.0]]
    assert file.cytometer == "C6"


@pytest.mark.parametrize("padding", [b" ", b" " * 40, b"\0\0", b"\r\n", b"\n  "])
def test_padding_before_the_first_keyword_is_skipped(tmp_path: Path, padding: bytes) -> None:
    assert read(tmp_path, fcs([[1.0, 2.0]], padding=padding)).events.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("tail", [" ", "   \r\n", "\0\0", "//", "  /"])
def test_what_follows_the_last_keyword_is_padding(tmp_path: Path, tail: str) -> None:
    file = read(tmp_path, fcs([[1.0, 2.0]], keywords={"LAST": "1"}, tail=tail))
    assert file.events.tolist() == [[1.0, 2.0]]
    assert file.keywords["LAST"].strip("/") == "1"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("488//10", "488/10"),
        ("561////10 nm", "561//10 nm"),
        ("a//b//c", "a/b/c"),
        ("//data//run", "/data/run"),
        ("run//", "run/"),
    ],
)
def test_a_doubled_delimiter_is_one_of_the_value(
    tmp_path: Path, written: str, expected: str
) -> None:
    file = read(tmp_path, fcs([[1.0]], keywords={"FILTER": written, "$CYT": "C6"}))
    assert file.keywords["FILTER"] == expected
    assert file.cytometer == "C6"


def test_an_empty_value_does_not_swallow_the_next_keyword(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[1.0]], keywords={"$INST": "", "$CYT": "C6", "NOTE": "", "N": "1"}))
    assert (file.keywords["$INST"], file.cytometer) == ("", "C6")
    assert (file.keywords["NOTE"], file.keywords["N"]) == ("", "1")


def test_an_empty_value_may_be_the_last(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[1.0]], keywords={"$CYT": "C6", "LAST": ""}))
    assert (file.keywords["LAST"], file.cytometer) == ("", "C6")


def test_an_unescaped_delimiter_is_caught_at_the_next_known_keyword(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[1.0]], keywords={"PATH": "a/b", "$CYT": "C6", "$DATE": "1"}))
    assert file.keywords["PATH"] == "a/b"
    assert file.cytometer == "C6"
    assert "TEXT_UNESCAPED" in codes(file)


def test_a_missing_value_is_caught_at_the_next_known_keyword(tmp_path: Path) -> None:
    text = b"/$INST/$BEGINDATA/@BEGIN@/$ENDDATA/@END@/$BYTEORD/1,2,3,4/$DATATYPE/F/$PAR/1/$TOT/1/"
    file = read(tmp_path, fcs([[1.0]], text=text + b"$P1B/32/$P1N/A/$P1R/1024/"))
    assert file.keywords["$INST"] == ""
    assert file.events.tolist() == [[1.0]]


def test_a_keyword_given_twice_with_two_values_is_said(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[1.0]], keywords={"OP": "a", "op": "b", "X": "1", "x": "1"}))
    assert file.keywords["OP"] == "b"
    assert [f.message for f in file.findings] == [
        "OP: given twice with different values; last taken"
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_text_may_be_utf_8_or_latin_1(tmp_path: Path, encoding: str) -> None:
    file = read(tmp_path, fcs([[1.0]], encoding=encoding, keywords={"$P1S": "CD5 µm ±"}))
    assert file.channels[0].label == "CD5 µm ±"
    assert codes(file) == ({"TEXT_ENCODING"} if encoding == "latin-1" else set())


def test_text_of_a_macintosh_is_mac_roman(tmp_path: Path) -> None:
    keywords = {"$SYS": "Macintosh System Software 9.0.4", "CREATOR": "CELLQuest™ 3.3"}
    file = read(tmp_path, fcs([[1.0]], encoding="mac_roman", keywords=keywords))
    assert file.keywords["CREATOR"] == "CELLQuest™ 3.3"
    assert [f.message for f in file.findings] == ["TEXT is not UTF-8; read as MacRoman"]


def with_supplement(supplement: bytes) -> bytes:
    plain = fcs([[1.0]], keywords={"$BEGINSTEXT": "00000000", "$ENDSTEXT": "00000000"})
    begin = len(plain)
    place = {"$BEGINSTEXT": f"{begin:08d}", "$ENDSTEXT": f"{begin + len(supplement) - 1:08d}"}
    return fcs([[1.0]], keywords=place, end=supplement)


def test_supplemental_text_adds_keywords_and_changes_none(tmp_path: Path) -> None:
    file = read(tmp_path, with_supplement(b"/$CYT/C6/$PAR/9/OP//"))
    assert file.cytometer == "C6"
    assert file.keywords["$PAR"] == "1"
    assert file.findings == ()


@pytest.mark.parametrize("supplement", [b"\x1f\x8b\x08\x00zip", b"no keywords", b"/a\x01\x02/b/"])
def test_supplemental_text_that_holds_none_is_left(tmp_path: Path, supplement: bytes) -> None:
    assert codes(read(tmp_path, with_supplement(supplement))) == {"SUPPLEMENTAL_TEXT"}


def test_supplemental_text_beyond_the_file_is_left(tmp_path: Path) -> None:
    assert codes(read(tmp_path, with_supplement(b"/$CYT/C6/")[:-2])) == {"SUPPLEMENTAL_TEXT"}


def test_supplemental_text_that_repeats_the_primary_is_nothing(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[1.0]], keywords={"$BEGINSTEXT": "58", "$ENDSTEXT": "100"}))
    assert file.findings == ()


def with_analysis(analysis: bytes, *, in_header: bool) -> bytes:
    plain = fcs([[1.0]], keywords={"$BEGINANALYSIS": "00000000", "$ENDANALYSIS": "00000000"})
    begin, last = len(plain), len(plain) + len(analysis) - 1
    if in_header:
        plain = plain[:42] + f"{begin:>8}{last:>8}".encode() + plain[58:]
        return plain + analysis
    place = {"$BEGINANALYSIS": f"{begin:08d}", "$ENDANALYSIS": f"{last:08d}"}
    return fcs([[1.0]], keywords=place, end=analysis)


@pytest.mark.parametrize("in_header", [True, False])
@pytest.mark.parametrize("delimiter", ["/", "|"])
def test_analysis_is_read_apart_from_text(
    tmp_path: Path, delimiter: str, *, in_header: bool
) -> None:
    written = "/Gate/R1/\nP$MODE/1/$CYT/other/".replace("/", delimiter).encode()
    file = read(tmp_path, with_analysis(written, in_header=in_header))
    assert file.analysis == {"GATE": "R1", "P$MODE": "1", "$CYT": "other"}
    assert file.cytometer is None
    assert file.findings == ()


@pytest.mark.parametrize("analysis", [b"\x1f\x8b\x08\x00zip", b"plain words", b"    "])
def test_analysis_that_holds_no_keywords_is_left(tmp_path: Path, analysis: bytes) -> None:
    file = read(tmp_path, with_analysis(analysis, in_header=True))
    assert file.analysis == {}
    assert codes(file) == {"ANALYSIS"}


def test_analysis_beyond_the_file_is_left(tmp_path: Path) -> None:
    content = with_analysis(b"/Gate/R1/", in_header=True)[:-2]
    assert codes(read(tmp_path, content)) == {"ANALYSIS"}


def test_a_file_without_analysis_has_none(tmp_path: Path) -> None:
    file = read(tmp_path, fcs([[1.0]]))
    assert file.analysis == {}
    assert file.findings == ()


@pytest.mark.parametrize("text", [b"", b"    ", b"//////", b"/", b"keywords without any"])
def test_text_without_keywords_is_corrupt(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(FcsCorruptError):
        read(tmp_path, fcs([[1.0]], text=text))


def test_text_of_delimiters_alone_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(FcsCorruptError, match="delimiters, expected at most"):
        read(tmp_path, fcs([[1.0]], text=b"/a" * 2_000_000))


# A value that is a keyword of the standard is read as one: that is what "$" is for.
words = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="$\x7f\x85\xa0\xad"),
    min_size=1,
    max_size=12,
)


@given(st.dictionaries(words.map(str.upper), words, max_size=6), st.sampled_from("/|\\\x0c#"))
def test_values_written_with_doubled_delimiters_read_back(
    tmp_path_factory: pytest.TempPathFactory, pairs: dict[str, str], delimiter: str
) -> None:
    # A keyword with the delimiter in it cannot be told from an empty value; prefixes keep the
    # generated ones apart from the standard's own.
    pairs = {f"X{key.replace(delimiter, '')}".upper(): value for key, value in pairs.items()}
    escaped = {key: value.replace(delimiter, delimiter * 2) for key, value in pairs.items()}
    base = tmp_path_factory.getbasetemp() / "written.fcs"
    base.write_bytes(fcs([[1.0]], delimiter=delimiter, keywords={**escaped, "$CYT": "end"}))
    keywords = read_fcs(base).keywords
    assert {key: keywords[key] for key in pairs} == pairs
    assert keywords["$CYT"] == "end"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12", 12),
        (" 0012 ", 12),
        ("0" * 40 + "12", 12),
        ("0", 0),
        ("000", 0),
        ("12.0", 12),
        ("+7", 7),
        ("12.5", None),
        ("-1", None),
    ],
)
def test_whole_numbers(value: str, expected: int | None) -> None:
    assert integer(value) == expected


@pytest.mark.parametrize("value", ["", None, "1e3", "٣", "9" * 19, "1 2", "0x10"])
def test_what_is_no_whole_number(value: str | None) -> None:
    assert integer(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.01", 0.01), ("0,01", 0.01), ("1e-3", 0.001), (".5", 0.5), (" -3 ", -3.0), ("5.", 5.0)],
)
def test_numbers(value: str, expected: float) -> None:
    assert number(value) == expected


@pytest.mark.parametrize("value", ["", None, "1,2,3", "nan", "inf", "1e999", "x", "."])
def test_what_is_no_number(value: str | None) -> None:
    assert number(value) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_that_python_writes_is_read(value: float) -> None:
    found = number(repr(value))
    assert found is not None
    assert math.isclose(found, value, rel_tol=0, abs_tol=0)
