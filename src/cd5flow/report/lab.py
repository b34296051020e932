"""Whose report it is: name, address, logo, director and disclaimer of a laboratory, from a file."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias
from xml.etree.ElementTree import Element

from pydantic import Field, StringConstraints

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import OptionError
from cd5flow.model.file_part import FilePart
from cd5flow.model.opening import open_regular

LOGO_BYTES: Final = 1_000_000
LOGO_PIXELS: Final = 4_000_000
"""Largest logo that is taken; a letterhead needs a hundredth of it."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
LogoType: TypeAlias = Literal["png", "jpeg", "svg"]


class LabFile(FilePart):
    """A laboratory's file."""

    format: Literal["cd5flow.laboratory/1"]
    name: Line = Field(description="the laboratory, as it stands at the head of each page")
    address: tuple[Line, ...] = Field(default=(), max_length=6, description="its lines")
    director: Line | None = Field(default=None, description="who directs it")
    contact: Line | None = Field(default=None, description="telephone or mail for questions")
    accreditation: Line | None = Field(
        default=None, description="by whom it is accredited, with the number"
    )
    ordering_physician: Line | None = Field(
        default=None, description="who orders, where a sample sheet names nobody else"
    )
    panel_lot: Line | None = Field(
        default=None, description="lot in use, where a sample sheet names no other"
    )
    logo: Line | None = Field(
        default=None, description="a PNG, JPEG or SVG file, relative to this file"
    )
    disclaimer: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
        | None
    ) = Field(default=None, description="what stands at the foot of page 1, after cd5flow's own")


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that was looked at: its bytes are of this type, small enough and show."""

    content: bytes
    type: LogoType

    @property
    def media_type(self) -> str:
        """Its type as web pages name it."""
        return "image/svg+xml" if self.type == "svg" else f"image/{self.type}"


@dataclass(frozen=True, slots=True)
class Lab:
    """A laboratory."""

    name: str
    address: tuple[str, ...] = ()
    director: str | None = None
    logo: Logo | None = None
    disclaimer: str | None = None
    contact: str | None = None
    accreditation: str | None = None
    ordering_physician: str | None = None
    panel_lot: str | None = None


def load_lab(path: Path) -> Lab:
    """Read a laboratory's file and its logo.

    Raises:
        OptionError: it is absent or has faults, each named as ``file:line:column: what``.
    """
    loaded = load_yaml(path, LabFile, error=OptionError)
    lab = loaded.value
    return Lab(
        lab.name,
        lab.address,
        lab.director,
        _logo(loaded),
        lab.disclaimer,
        contact=lab.contact,
        accreditation=lab.accreditation,
        ordering_physician=lab.ordering_physician,
        panel_lot=lab.panel_lot,
    )


def _logo(loaded: Loaded[LabFile]) -> Logo | None:
    name = loaded.value.logo
    if name is None:
        return None
    path = loaded.path.parent / name
    try:
        with open_regular(path) as file:
            content = file.read(LOGO_BYTES + 1)
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or fault
        raise OptionError(f"{loaded.where('logo')}: logo: {path}: cannot be read: {why}") from fault
    try:
        return read_logo(content)
    except ValueError as fault:
        raise OptionError(f"{loaded.where('logo')}: logo: {path}: {fault}") from fault


def read_logo(content: bytes) -> Logo:
    """Return a logo from a file's bytes.

    Raises:
        ValueError: it is none of the three types, too large, damaged, or an SVG that asks for
            other files or runs anything.
    """
    if len(content) > LOGO_BYTES:
        raise ValueError(f"larger than {LOGO_BYTES:,} bytes, the most that is taken")
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        logo = Logo(content, "png")
        _few_pixels(_png_size(content))
    elif content.startswith(b"\xff\xd8\xff"):
        logo = Logo(content, "jpeg")
        _few_pixels(_jpeg_size(content))
    else:
        logo = Logo(content, "svg")
        _harmless(content)
    # Only who has a logo waits for the typesetter.
    from cd5flow.report.typesetting import TypstFaultError, typeset  # noqa: PLC0415

    try:
        # What the report's typesetter cannot show is refused now, not after the analysis.
        typeset(
            '#image("logo", format: "{}", height: 1cm, alt: "logo")'.format(
                "jpg" if logo.type == "jpeg" else logo.type
            ),
            files={"logo": content},
        )
    except TypstFaultError as fault:
        raise ValueError(f"cannot be shown: {fault}") from fault
    return logo


def _few_pixels(size: tuple[int, int]) -> None:
    width, height = size
    if not 0 < width * height <= LOGO_PIXELS:
        raise ValueError(
            f"{width:,} x {height:,} pixels, expected at most {LOGO_PIXELS:,} altogether"
        )


def _png_size(content: bytes) -> tuple[int, int]:
    """Return width and height from IHDR, which stands first (ISO/IEC 15948, 11.2.2)."""
    if len(content) < 24 or content[12:16] != b"IHDR":
        raise ValueError("a damaged PNG: it does not begin with its size")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Return width and height from the frame header (ITU-T T.81, B.2.2)."""
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        # Frame headers are C0 to CF but for the tables DHT, JPG and DAC.
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        (length,) = struct.unpack(">H", content[place + 2 : place + 4])
        place += 2 + length
    raise ValueError("a damaged JPEG: no frame says its size")


_SVG: Final = "{http://www.w3.org/2000/svg}"
_SHAPES: Final = frozenset(
    {"svg", "g", "defs", "symbol", "use", "title", "desc", "metadata", "style", "switch"}
    | {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"}
    | {"text", "tspan", "textpath", "image", "clippath", "mask", "pattern", "marker"}
    | {"lineargradient", "radialgradient", "stop", "filter"}
    | {"feblend", "fecolormatrix", "fecomposite", "feflood", "fegaussianblur", "femerge"}
    | {"femergenode", "feoffset", "fedropshadow"}
)
"""What a drawing is made of. Others run, animate, or show what stands elsewhere."""
_PAGE: Final = "{http://www.w3.org/1999/xhtml}"
_ACTIVE: Final = frozenset(
    {"script", "handler", "listener", "iframe", "object", "embed", "audio", "video", "set"}
)
"""Whatever names them: drawing programs write elements of their own, which show nothing."""
_PLACES_OF_OTHERS: Final = frozenset({"href", "src", "base", "action", "formaction", "data"})
_PICTURES: Final = ("data:image/png;", "data:image/jpeg;", "data:image/gif;")
_URL: Final = re.compile(r"url\(\s*['\"]?\s*(.?)", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\([0-9a-f]{1,6})\s?|\\(.)|/\*.*?\*/", re.IGNORECASE | re.DOTALL)
"""A letter that a style writes by its number, or a comment between letters (CSS Syntax 3, 4.3.7)."""


def _harmless(content: bytes) -> None:
    """Refuse what is no SVG, or one that reaches outside itself."""
    from defusedxml.common import DefusedXmlException  # noqa: PLC0415 - only logos need it
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    try:
        root = fromstring(content, forbid_dtd=False)
    except (SyntaxError, DefusedXmlException, LookupError, ValueError) as fault:
        raise ValueError("neither PNG, JPEG nor a plain SVG") from fault
    if _local(root.tag) != "svg":
        raise ValueError(f"an XML file of <{_local(root.tag)}>, expected PNG, JPEG or SVG")
    faults = sorted({fault for part in root.iter() for fault in _reach(part)})
    if b"<?xml-stylesheet" in content:
        faults.append("a style from another file")
    if faults:
        raise ValueError(f"an SVG that holds {', '.join(faults)}; expected shapes and text alone")


def _reach(part: Element) -> Iterator[str]:
    """Yield what an element asks of the world outside."""
    tag = _local(part.tag)
    drawn = str(part.tag).startswith(_SVG) or "}" not in str(part.tag)
    if (tag not in _SHAPES) if drawn else (tag in _ACTIVE or str(part.tag).startswith(_PAGE)):
        yield f"<{tag}>"
    for name, value in part.attrib.items():
        short, text = _local(name), _plain_style(value)
        if short.startswith("on"):
            yield f"{short}="
        if short in _PLACES_OF_OTHERS and not _stays_within(text):
            yield f"{short} to another file"
        yield from _style_faults(text)
    if drawn and tag == "style":
        yield from _style_faults(_plain_style("".join(part.itertext())))


def _stays_within(text: str) -> bool:
    place = "".join(text.split())  # readers leave blanks out of addresses
    return place.startswith(("#", *_PICTURES)) or not place


def _style_faults(text: str) -> Iterator[str]:
    if any(first != "#" for first in _URL.findall(text)):
        yield "url() of another file"
    if "@import" in text or "@font-face" in text or "image-set(" in text or "expression(" in text:
        yield "a style from another file"
    if "script:" in "".join(text.split()):
        yield "a script"


def _plain_style(text: str) -> str:
    """Return a value in small letters, without comments, escapes read."""

    def letter(found: re.Match[str]) -> str:
        if found[1]:
            number = int(found[1], 16)
            return chr(number) if 0 < number < 0x110000 else " "
        return found[2] or ""

    return _ESCAPED.sub(letter, text).strip().lower()


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2].lower()
