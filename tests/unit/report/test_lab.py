from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from cd5flow.errors import OptionError
from cd5flow.report.lab import LOGO_BYTES, load_lab, read_logo
from support.report_factory import SVG, png

WHOLE = """\
format: cd5flow.laboratory/1
name: Example Laboratory
address:
  - Street 1
  - 1000 Town
director: to be named
logo: logo.png
disclaimer: Not validated.
"""


def lab_file(folder: Path, text: str = WHOLE, logo: bytes | None = None) -> Path:
    (folder / "logo.png").write_bytes(png() if logo is None else logo)
    path = folder / "lab.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def jpeg() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 6), "white").save(content, format="JPEG")
    return content.getvalue()


def test_a_laboratory_is_read_with_its_logo(tmp_path: Path) -> None:
    lab = load_lab(lab_file(tmp_path))
    assert lab.name == "Example Laboratory"
    assert lab.address == ("Street 1", "1000 Town")
    assert lab.director == "to be named"
    assert lab.disclaimer == "Not validated."
    assert lab.logo is not None
    assert lab.logo.media_type == "image/png"


def test_a_name_is_enough(tmp_path: Path) -> None:
    lab = load_lab(lab_file(tmp_path, "format: cd5flow.laboratory/1\nname: L\n"))
    assert (lab.address, lab.director, lab.logo, lab.disclaimer) == ((), None, None, None)


def test_every_fault_is_named_with_its_place(tmp_path: Path) -> None:
    path = lab_file(tmp_path, "format: cd5flow.laboratory/1\naddress: 5\ncolour: red\n")
    with pytest.raises(OptionError) as caught:
        load_lab(path)
    faults = caught.value.message.splitlines()
    assert [fault.split(": ")[0] for fault in faults] == [
        f"{path}:1:1",
        f"{path}:2:10",
        f"{path}:3:1",
    ]
    assert "field 'name' is missing" in faults[0]


def test_an_absent_file_is_a_fault_of_the_option(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        load_lab(tmp_path / "none.yaml")


def test_an_absent_logo_is_named_with_the_line_that_asks_for_it(tmp_path: Path) -> None:
    path = lab_file(tmp_path, WHOLE.replace("logo.png", "none.png"))
    with pytest.raises(OptionError, match=r"lab\.yaml:7:7: logo: .*none\.png: cannot be read"):
        load_lab(path)


def test_jpeg_and_svg_are_taken() -> None:
    assert read_logo(jpeg()).media_type == "image/jpeg"
    assert read_logo(SVG.encode()).media_type == "image/svg+xml"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"GIF89a", "neither PNG, JPEG nor"),
        (b"", "neither PNG, JPEG nor"),
        (b"<html/>", "expected PNG, JPEG or SVG"),
        (b"x" * (LOGO_BYTES + 1), "larger than"),
        (png()[:20], "does not begin with its size"),
        (png()[:40], "cannot be shown"),
        (b"\xff\xd8\xff\xe0\x00\x04ab", "no frame says its size"),
        (png(4000, 1001), "4,000 x 1,001 pixels"),
        (jpeg()[:-300], "cannot be shown|no frame"),
    ],
)
def test_what_is_no_fit_logo_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        read_logo(content)


def test_a_png_that_claims_a_huge_size_is_refused_unread() -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    claim = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header
    claim += struct.pack(">I", zlib.crc32(b"IHDR" + header))
    with pytest.raises(ValueError, match="pixels"):
        read_logo(claim)


@pytest.mark.parametrize(
    "inner",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<image href="http://example.com/x.png"/>',
        '<image xmlns:x="http://www.w3.org/1999/xlink" x:href="file:///etc/passwd"/>',
        '<use href="other.svg#a"/>',
        '<rect style="fill:url(#a) url(http://127.0.0.1/x)"/>',
        '<rect style="fill:u\\72l(http://127.0.0.1/x)"/>',
        '<rect style="fill:u/**/rl(http://127.0.0.1/x)"/>',
        "<style>rect{fill:url( 'http://127.0.0.1/x' )}</style>",
        '<set attributeName="onclick" to="alert(1)"/>',
        '<animate attributeName="href" to="http://127.0.0.1/x"/>',
        '<a href="#b"><rect/></a>',
        '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>',
        '<image href=" java\tscript:alert(1)"/>',
        '<g xml:base="http://127.0.0.1/"/>',
        '<h:script xmlns:h="http://www.w3.org/1999/xhtml">1</h:script>',
        '<handler type="text/ecmascript">1</handler>',
        '<?xml-stylesheet href="http://127.0.0.1/x.css"?><rect/>',
        '<rect style="fill: url(http://example.com/x)"/>',
        "<style>@import 'http://example.com/x.css';</style>",
        "<foreignObject><p/></foreignObject>",
    ],
)
def test_an_svg_that_reaches_outside_is_refused(inner: str) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4">{inner}</svg>'
    with pytest.raises(ValueError, match="shapes and text alone"):
        read_logo(svg.encode())


def test_an_svg_that_swells_is_refused() -> None:
    swell = (
        '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
        '<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>'
    )
    with pytest.raises(ValueError, match="neither PNG, JPEG nor a plain SVG"):
        read_logo(swell.encode())
