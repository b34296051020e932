"""The dialect of YAML that files of rules are written in, read into a tree that knows its places.

It is YAML 1.2 without its surprises. Plain scalars follow the core schema: ``no`` is text, ``1e5`` a
number, ``2024-01-31`` text that a date field reads. Refused are anchors and aliases, tags, duplicate
keys, infinite numbers, a second document, files that are not UTF-8 and files over 1 MB. JSON is a
subset.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cd5flow.errors import MOST_FAULTS

MAX_BYTES = 1_000_000
"""Largest file that is read; gating files are a hundredth of it."""

MOST_NODES = 20_000
"""Most values that are read; the largest strategy has two thousand, and reading them takes a second."""

MAX_DEPTH = 40
"""Deepest nesting of lists and mappings that is read."""

Scalar = str | int | float | bool | None

# YAML 1.2.2, section 10.3.2 (core schema).
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_BASED = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; line and column count from 1."""

    line: int
    column: int


Fault = tuple[Mark, str]


@dataclass(frozen=True, slots=True)
class Node:
    """A value as written, and where.

    Attributes:
        mark: where the value begins.
        key: where its key begins; None for list items and the root.
        content: a scalar, the items of a list, or the values of a mapping by key.
    """

    mark: Mark
    key: Mark | None
    content: dict[str, Node] | list[Node] | Scalar

    def plain(self) -> Any:
        """Return the value as dictionaries, lists and scalars."""
        match self.content:
            case dict() as fields:
                return {key: child.plain() for key, child in fields.items()}
            case list() as items:
                return [child.plain() for child in items]
            case scalar:
                return scalar

    @property
    def heading(self) -> Mark:
        """Where to point for the value as a whole: a mapping's or list's key, else itself."""
        if self.key is not None and isinstance(self.content, dict | list):
            return self.key
        return self.mark


def read_nodes(content: bytes, faults: list[Fault]) -> Node:
    """Return the root of a file's one document, and add what the dialect refuses to `faults`.

    Raises:
        StopReading: it cannot be read past a fault, which is not among `faults`.
    """
    return _Reader(_decode(content), faults).document()


class StopReading(Exception):  # noqa: N818 - control flow of who reads a file
    """The text cannot be read past this fault."""

    def __init__(self, mark: Mark, what: str) -> None:
        super().__init__(what)
        self.mark = mark
        self.what = what


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise StopReading(Mark(1, 1), f"larger than {MAX_BYTES:,} bytes, the most that is read")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        before = content[: fault.start]
        line, start = before.count(b"\n") + 1, before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        what = f"byte 0x{content[fault.start]:02x} is not UTF-8; save the file as UTF-8"
        raise StopReading(Mark(line, column), what) from fault


class _Reader:
    """Builds the tree of nodes from ruamel's events, and notes what the dialect refuses."""

    def __init__(self, text: str, faults: list[Fault]) -> None:
        from ruamel.yaml import events  # noqa: PLC0415 - 25 ms that only readers of a file pay

        self.text = text
        self.faults = faults
        self.kinds = events
        self.nodes = 0
        self.events = self._parse()

    def _parse(self) -> Iterator[Any]:
        from ruamel.yaml import YAML  # noqa: PLC0415
        from ruamel.yaml.error import MarkedYAMLError  # noqa: PLC0415
        from ruamel.yaml.reader import ReaderError  # noqa: PLC0415

        try:
            yield from YAML(typ="safe", pure=True).parse(self.text)
        except MarkedYAMLError as fault:
            what = " ".join(str(part) for part in (fault.problem, fault.context) if part)
            raise StopReading(_mark(fault.problem_mark or fault.context_mark), what) from fault
        except ReaderError as fault:
            before = self.text[: fault.position]
            mark = Mark(before.count("\n") + 1, fault.position - before.rfind("\n"))
            raise StopReading(mark, f"character U+{ord(self.text[fault.position]):04X}") from fault

    def document(self) -> Node:
        """Return the root of the one document."""
        next(self.events)  # the start of the stream
        first = next(self.events)
        if isinstance(first, self.kinds.StreamEndEvent):
            raise StopReading(Mark(1, 1), "the file is empty")
        root = self._node(next(self.events), key=None, depth=0)
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, self.kinds.StreamEndEvent):
            raise StopReading(_mark(after.start_mark), "a second document; a file holds one")
        return root

    def _node(self, event: Any, *, key: Mark | None, depth: int) -> Node:
        mark = _mark(event.start_mark)
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise StopReading(mark, f"more than {MOST_NODES:,} values, the most that is read")
        if depth > MAX_DEPTH:
            raise StopReading(mark, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, self.kinds.AliasEvent):
            self._refuse(mark, f"alias *{event.anchor}: write the value out")
            return Node(mark, key, None)
        if event.anchor is not None:
            self._refuse(mark, f"anchor &{event.anchor}: write each value where it is used")
        if event.tag is not None:
            self._refuse(mark, f"tag {event.tag}: values have the type their field asks for")
        match event:
            case self.kinds.ScalarEvent():
                return Node(mark, key, self._scalar(event, mark))
            case self.kinds.SequenceStartEvent():
                return Node(mark, key, self._items(depth))
            case _:
                return Node(mark, key, self._fields(depth))

    def _scalar(self, event: Any, mark: Mark) -> Scalar:
        if event.style in {"'", '"', "|", ">"}:
            return self._quoted(event.value, mark)
        value = _resolve(event.value)
        if isinstance(value, float) and not math.isfinite(value):
            self._refuse(mark, f"{shorten(event.value)} is not a finite number")
            return None
        return value

    def _quoted(self, text: str, mark: Mark) -> str:
        # JSON escapes write characters beyond U+FFFF as two surrogates, which Python keeps apart.
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._refuse(mark, "half of a surrogate pair is not a character")
            return ""

    def _items(self, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self.events), self.kinds.SequenceEndEvent):
            items.append(self._node(event, key=None, depth=depth + 1))
        return items

    def _fields(self, depth: int) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        while not isinstance(event := next(self.events), self.kinds.MappingEndEvent):
            mark = _mark(event.start_mark)
            name = self._node(event, key=None, depth=depth + 1).content
            value = self._node(next(self.events), key=mark, depth=depth + 1)
            if not isinstance(event, self.kinds.ScalarEvent) or name is None:
                self._refuse(mark, "a key must be text")
                continue
            text = name if isinstance(name, str) else event.value
            if text in fields:
                earlier = (fields[text].key or mark).line
                self._refuse(mark, f"{text}: a second key of this name (see line {earlier})")
            else:
                fields[text] = value
        return fields

    def _refuse(self, mark: Mark, what: str) -> None:
        self.faults.append((mark, what))
        if len(self.faults) >= MOST_FAULTS:
            raise StopReading(mark, f"{MOST_FAULTS} faults before it; the rest is not read")


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _resolve(text: str) -> Scalar:
    """Read a plain scalar by the YAML 1.2 core schema."""
    value: Scalar = text
    if text in _NULL:
        value = None
    elif text in _BOOL:
        value = _BOOL[text]
    elif _INT.fullmatch(text):
        value = int(text)
    elif _BASED.fullmatch(text):
        value = int(text, 0)
    elif _FLOAT.fullmatch(text):
        value = float(text)
    elif _NOT_FINITE.fullmatch(text):
        value = math.nan
    return value


def shorten(text: str) -> str:
    """Return a text, or its beginning where it is long, for a message."""
    return text if len(text) <= 60 else text[:57] + "..."
