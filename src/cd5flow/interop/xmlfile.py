"""XML that others wrote, read without trusting it.

Refused are document types, entities and external references (a gates file needs none of them), files
larger than a limit before they are parsed, and elements nested deeper or more numerous than any
gates file has.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from cd5flow.errors import FileAccessError, GatesError
from cd5flow.model.opening import open_regular

DEEPEST: Final = 256
"""Elements within elements. FlowJo nests two a gate, Gating-ML five at all."""
MOST_ELEMENTS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class XmlFile:
    """A file of gates as read from the disk.

    Attributes:
        name: its name, without the folder.
        content: its bytes.
        sha256: of the bytes.
    """

    name: str
    content: bytes
    sha256: str


def read_bytes(path: Path, *, most_bytes: int) -> XmlFile:
    """Read a file, unless it is larger than a limit.

    Raises:
        FileAccessError: the file is absent or unreadable.
        GatesError: it is too large, or empty.
    """
    try:
        with open_regular(path) as stream:
            content = stream.read(most_bytes + 1)
    except OSError as fault:
        raise FileAccessError(f"{path}: cannot be read: {fault.strerror or fault}") from fault
    if len(content) > most_bytes:
        raise GatesError(
            f"{path.name}: larger than {most_bytes:,} bytes, the most that is read of such a file"
        )
    if not content:
        raise GatesError(f"{path.name}: found an empty file, expected gates")
    return XmlFile(path.name, content, hashlib.sha256(content).hexdigest())


def parse(content: bytes, *, name: str) -> ET.Element:
    """Return the root element of a document.

    Args:
        content: the document.
        name: what errors call it.

    Raises:
        GatesError: it is not well formed, declares a document type or an entity, refers to another
            file, or is nested too deeply.
    """
    # Heavy enough to wait for the first gates file.
    from defusedxml import DefusedXmlException  # noqa: PLC0415
    from defusedxml.ElementTree import DefusedXMLParser  # noqa: PLC0415

    parser: Any = DefusedXMLParser(
        target=_Bounded(name),
        forbid_dtd=True,
        forbid_entities=True,
        forbid_external=True,
    )
    try:
        parser.feed(content)
        root: ET.Element = parser.close()
    except DefusedXmlException as refused:
        what = type(refused).__name__
        raise GatesError(
            f"{name}: found a document type, entity or external reference ({what}), which a file of "
            "gates does not need and which is not read"
        ) from None
    except SyntaxError as fault:  # some versions of defusedxml have a ParseError of their own
        line, column = getattr(fault, "position", (1, 0))
        raise GatesError(f"{name}:{line}:{column + 1}: not well-formed XML: {fault.msg}") from None
    except (LookupError, ValueError) as fault:
        raise GatesError(f"{name}: not readable as XML: {fault}") from None
    return root


class _Bounded(ET.TreeBuilder):
    """A tree builder that gives up on documents of absurd depth or number of elements."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._depth = 0
        self._elements = 0

    def start(self, tag: Any, attrs: Any, /) -> ET.Element:
        """Open an element."""
        self._depth += 1
        self._elements += 1
        if self._depth > DEEPEST:
            raise GatesError(f"{self._name}: elements nested deeper than {DEEPEST}")
        if self._elements > MOST_ELEMENTS:
            raise GatesError(f"{self._name}: more than {MOST_ELEMENTS:,} elements")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        """Close an element."""
        self._depth -= 1
        return super().end(tag)
