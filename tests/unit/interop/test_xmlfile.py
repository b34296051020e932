"""Files that are no gates but an attack, or an accident."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cd5flow.errors import FileAccessError, GatesError
from cd5flow.interop import xmlfile
from cd5flow.interop.gates import MOST_BYTES, MOST_WORKSPACE_BYTES, read_gates
from cd5flow.interop.xmlfile import DEEPEST, parse, read_bytes
from support.gates_factory import axis, document, rectangle

LAUGHS = "".join(
    f'<!ENTITY l{i} "{"&l" + str(i - 1) + ";" if i else "ha"}{("&l" + str(i - 1) + ";") * 9 if i else ""}">'
    for i in range(10)
)


@pytest.mark.parametrize("suffix", [".xml", ".wsp"])
@pytest.mark.parametrize(
    "prologue",
    [
        f"<!DOCTYPE a [{LAUGHS}]><a>&l9;</a>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY % x SYSTEM "http://192.0.2.1/x.dtd">%x;]><a/>',
        '<!DOCTYPE a SYSTEM "http://192.0.2.1/x.dtd"><a/>',
        '<!DOCTYPE a PUBLIC "-//X//Y" "x.dtd"><a/>',
        "<!DOCTYPE a><a/>",
    ],
    ids=["laughs", "file", "parameter", "system", "public", "bare"],
)
def test_document_types_and_entities_are_refused(
    tmp_path: Path, prologue: str, suffix: str
) -> None:
    file = tmp_path / f"gates{suffix}"
    file.write_text(f'<?xml version="1.0"?>{prologue}', encoding="utf-8")
    with pytest.raises(GatesError, match=r"^gates\.\w+: found a document type, entity") as caught:
        read_gates(file, {})
    assert "\n" not in caught.value.message
    assert "root:" not in caught.value.message


@pytest.mark.parametrize("suffix", [".xml", ".wsp"])
def test_a_file_of_100_megabytes_is_refused_before_it_is_parsed(
    tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"gates{suffix}"
    with file.open("wb") as stream:
        stream.write(document()[:-20])
        stream.truncate(100 << 20)  # sparse: it takes no room
    most = MOST_BYTES if suffix == ".xml" else MOST_WORKSPACE_BYTES
    with pytest.raises(GatesError, match=f"larger than {most:,} bytes"):
        read_gates(file, {})


@pytest.mark.parametrize("depth", [DEEPEST + 1, 200_000])
def test_elements_within_elements_without_end_are_refused(depth: int) -> None:
    with pytest.raises(GatesError, match=f"nested deeper than {DEEPEST}"):
        parse(b"<a>" * depth + b"</a>" * depth, name="x")
    assert parse(b"<a>" * DEEPEST + b"</a>" * DEEPEST, name="x").tag == "a"


def test_elements_without_number_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmlfile, "MOST_ELEMENTS", 100)
    assert len(parse(b"<a>" + b"<b/>" * 99 + b"</a>", name="x")) == 99
    with pytest.raises(GatesError, match="more than 100 elements"):
        parse(b"<a>" + b"<b/>" * 100 + b"</a>", name="x")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"no xml",
        b"\x89PNG\r\n\x1a\n",
        b"FCS3.1         256    1545",
        b"<a>",
        b"<a></b>",
        b"<a>\xff\xfe</a>",
        b"<a b='1' b='2'/>",
        b"<a>&nobody;</a>",
        b'<?xml version="1.0" encoding="no-such"?><a/>',
        b"\xff\xfe<\x00a\x00",
        b"<a>\x00</a>",
        document()[:-5],
    ],
)
def test_what_is_no_xml_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "gates.xml"
    file.write_bytes(content)
    with pytest.raises(GatesError) as caught:
        read_gates(file, {})
    assert caught.value.message.startswith("gates.xml")
    assert "\n" not in caught.value.message


def test_other_encodings_are_read(tmp_path: Path) -> None:
    file = tmp_path / "gates.xml"
    text = document(rectangle("a", axis("µ", low=1))).decode().replace("UTF-8", "UTF-16")
    file.write_bytes(text.encode("utf-16"))
    (one,) = read_gates(file, {}).sets
    assert one.gates().detectors == {"µ"}


def test_a_file_that_is_not_there_is_refused_input(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.xml", tmp_path):
        with pytest.raises(FileAccessError, match="cannot be read"):
            read_bytes(path, most_bytes=10)


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "gates.xml"
    file.write_bytes(document())
    read = read_gates(file, {"blasts": "a"})
    assert (read.file, read.populations) == ("gates.xml", {"blasts": "a"})
    assert read.sha256 == hashlib.sha256(document()).hexdigest()
