"""YAML files that people edit, read into pydantic models with every fault of a file named at once.

The dialect is YAML 1.2 without its surprises. Plain scalars follow the core schema: ``no`` is
text, ``1e5`` a number, ``2024-01-31`` text that a date field reads. Refused are anchors and
aliases, tags, duplicate keys, infinite numbers, a second document, files that are not UTF-8 and
files over 1 MB. JSON is a subset.

Values are validated strictly, as JSON is: a quoted number is text, ``yes`` is no boolean, while a
list fits a tuple and a text an enum. A ``mode="before"`` validator on a whole model would lose the
latter, so models use ``after`` and ``wrap``.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from cd5flow.errors import MOST_FAULTS, UsageError, told_faults
from cd5flow.model.opening import open_regular

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MAX_BYTES = 1_000_000
"""Largest file that is read; gating files are a hundredth of it."""

MOST_NODES = 20_000
"""Most values that are read; the largest strategy has two thousand, and reading them takes a second."""

MAX_DEPTH = 40
"""Deepest nesting of lists and mappings that is read."""

_MOST_LOOKED_AT = 1000
"""Of a model's faults; not all of these are told."""

M = TypeVar("M", bound=BaseModel)
Check = Callable[[M], Iterable[tuple[tuple[str | int, ...], str]]]
"""Yields where in a file something is wrong, and what."""
Scalar = str | int | float | bool | None
Loc = tuple[str | int, ...]

# YAML 1.2.2, section 10.3.2 (core schema).
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_BASED = re.compile(r"0o[0-7]{1,300}|0x[0-9a-fA-F]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_SHAPES = dict.fromkeys(("model_type", "dataclass_type", "dict_type"), "a mapping of fields")
_SHAPES |= dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "a list")
_SHAPES |= {"string_type": "text"}


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


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """A file's content with where it came from.

    Attributes:
        value: the validated model.
        sha256: of the file's bytes, hexadecimal.
        path: the file as it was named.
        root: the tree of marks behind `where`.
    """

    value: M
    sha256: str
    path: Path
    root: Node = field(repr=False, compare=False)

    def where(self, *loc: str | int) -> str:
        """Return ``file:line:column`` of a field, located as ``where("gates", 3, "parent")``.

        A location that the file does not write gives its nearest written ancestor.
        """
        mark = _follow(self.root, loc)[0].heading
        return f"{self.path}:{mark.line}:{mark.column}"


def load_yaml(
    path: Path, model: type[M], *, error: type[UsageError], also: Check[M] | None = None
) -> Loaded[M]:
    """Read a YAML (or JSON) file into a model.

    Args:
        path: the file.
        model: what it holds.
        error: what is raised.
        also: finds faults that no single entry shows.

    Raises:
        UsageError: as the class `error`: the file is absent, unreadable, no YAML of this dialect,
            or does not fit the model. The message has one line ``file:line:column: what`` a fault,
            in file order.
    """
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as fault:
        raise error(f"{path}: cannot be read: {fault.strerror or fault}") from fault
    kept: Loaded[M] = _kept(content, model, cast("Any", error), path, also)
    return kept


@lru_cache(maxsize=64)
def _kept(content: bytes, model: Any, error: Any, path: Path, also: Any) -> Loaded[Any]:
    """Load what was not loaded before: a batch reads the same few files for each tube."""
    loaded: Loaded[Any] = _load(content, model, error=error, path=path)
    found = () if also is None else also(loaded.value)
    # What several parts share may be at fault for each of them: it is named once.
    faults = dict.fromkeys(f"{loaded.where(*where)}: {what}" for where, what in found)
    if faults:
        raise error(told_faults(list(faults)))
    return loaded


def loads_yaml(
    text: str, model: type[M], *, error: type[UsageError], name: str = "<text>"
) -> Loaded[M]:
    """Read YAML text into a model, as `load_yaml` does; `name` stands for the file in messages."""
    return _load(text.encode("utf-8", "surrogatepass"), model, error=error, path=Path(name))


def _load(content: bytes, model: type[M], *, error: type[UsageError], path: Path) -> Loaded[M]:
    faults: list[Fault] = []
    value: M | None = None
    root: Node | None = None
    try:
        root = _Reader(_decode(content), faults).document()
        # Strict JSON validation tells "5" from 5 and still takes a list for a tuple.
        value = model.model_validate_json(json.dumps(root.plain()), strict=True)
    except _StopReading as stop:
        faults.append((stop.mark, stop.what))
    except ValidationError as invalid:
        assert root is not None  # noqa: S101 - validation comes after reading
        refused = {mark for mark, _ in faults}
        faults += [fault for fault in model_faults(invalid, root) if fault[0] not in refused]
    if faults or value is None or root is None:
        lines = [f"{path}:{mark.line}:{mark.column}: {what}" for mark, what in sorted(faults)]
        raise error(told_faults(lines))
    return Loaded(value, hashlib.sha256(content).hexdigest(), path, root)


class _StopReading(Exception):  # noqa: N818 - control flow within this module
    """The text cannot be read past this fault."""

    def __init__(self, mark: Mark, what: str) -> None:
        super().__init__(what)
        self.mark = mark
        self.what = what


def _decode(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _StopReading(Mark(1, 1), f"larger than {MAX_BYTES:,} bytes, the most that is read")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        before = content[: fault.start]
        line, start = before.count(b"\n") + 1, before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        what = f"byte 0x{content[fault.start]:02x} is not UTF-8; save the file as UTF-8"
        raise _StopReading(Mark(line, column), what) from fault


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
            raise _StopReading(_mark(fault.problem_mark or fault.context_mark), what) from fault
        except ReaderError as fault:
            before = self.text[: fault.position]
            mark = Mark(before.count("\n") + 1, fault.position - before.rfind("\n"))
            raise _StopReading(mark, f"character U+{ord(self.text[fault.position]):04X}") from fault

    def document(self) -> Node:
        """Return the root of the one document."""
        next(self.events)  # the start of the stream
        first = next(self.events)
        if isinstance(first, self.kinds.StreamEndEvent):
            raise _StopReading(Mark(1, 1), "the file is empty")
        root = self._node(next(self.events), key=None, depth=0)
        next(self.events)  # the end of the document
        after = next(self.events)
        if not isinstance(after, self.kinds.StreamEndEvent):
            raise _StopReading(_mark(after.start_mark), "a second document; a file holds one")
        return root

    def _node(self, event: Any, *, key: Mark | None, depth: int) -> Node:
        mark = _mark(event.start_mark)
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _StopReading(mark, f"more than {MOST_NODES:,} values, the most that is read")
        if depth > MAX_DEPTH:
            raise _StopReading(mark, f"nested deeper than {MAX_DEPTH} levels")
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
            self._refuse(mark, f"{_short(event.value)} is not a finite number")
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
            raise _StopReading(mark, f"{MOST_FAULTS} faults before it; the rest is not read")


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


def _follow(root: Node, loc: Sequence[str | int]) -> tuple[Node, Loc]:
    """Follow a pydantic location as far as the file writes it; returns the node and its path."""
    # Pydantic names union members and discriminator tags in a location; the file has neither.
    node, path = root, []
    for step in loc:
        match node.content, step:
            case dict() as fields, str() if step in fields:
                node = fields[step]
            case list() as items, int() if 0 <= step < len(items):
                node = items[step]
            case _:
                continue
        path.append(step)
    return node, tuple(path)


def model_faults(invalid: ValidationError, root: Node) -> list[Fault]:
    """Return a model's faults, each at the node it is about, in the model's order."""
    # A union tells what each of its members asks of one value; together that is one fault.
    alternatives: dict[tuple[Mark, str, str | int | None], list[str]] = {}
    found = invalid.errors(include_url=False)[:_MOST_LOOKED_AT]
    places = [fault["loc"] for fault in found]
    for fault in found:
        loc = fault["loc"]
        # What is refused in a list is not counted to it: that it is too short then follows from it.
        if fault["type"] == "too_short" and any(
            len(place) > len(loc) and place[: len(loc)] == loc for place in places
        ):
            continue
        node, path = _follow(root, loc)
        prefix = f"{_dotted(path)}: " if path else ""
        absent = fault["loc"][-1] if fault["type"] == "missing" else None
        one = alternatives.setdefault((_place(fault, node), prefix, absent), [])
        one.append(_words(fault, node))
    return [(mark, prefix + " or ".join(one)) for (mark, prefix, _), one in alternatives.items()]


def _place(fault: ErrorDetails, node: Node) -> Mark:
    """Where to point for a pydantic fault at this node."""
    match fault["type"]:
        case "extra_forbidden":
            return node.key or node.mark
        case "union_tag_invalid":
            return _tag_mark(node, fault["ctx"]["discriminator"])
        case "missing" | "union_tag_not_found" | "value_error" | "assertion_error":
            return node.heading
        case _ if "[key]" in fault["loc"]:
            return node.key or node.mark
        case _:
            return node.mark


def _words(fault: ErrorDetails, node: Node) -> str:
    """What a pydantic fault says, in words for the file's author."""
    context = fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            name = fault["loc"][-1]
            what = f"item {name + 1}" if isinstance(name, int) else f"field '{name}'"
            return f"{what} is missing"
        case "extra_forbidden":
            return "unknown field"
        case "union_tag_not_found":
            return f"field {context['discriminator']} is missing"
        case "union_tag_invalid":
            name = context["discriminator"].strip("'")
            return f"unknown {name} '{context['tag']}', expected {context['expected_tags']}"
        case "value_error" | "assertion_error":
            return str(context["error"])
        case _:
            return _misfit(fault, node)


def _misfit(fault: ErrorDetails, node: Node) -> str:
    message = fault["msg"].removeprefix("Input ")
    message = message[0].lower() + message[1:]
    if "[key]" in fault["loc"]:
        return f"as a key {message}"
    shape = _SHAPES.get(fault["type"])
    number_for_text = shape == "text" and isinstance(node.content, int | float)
    hint = "; write it in quotes" if number_for_text else ""
    return (f"should be {shape}" if shape else message) + _found(node) + hint


def _tag_mark(node: Node, discriminator: str) -> Mark:
    fields = node.content if isinstance(node.content, dict) else {}
    tag = fields.get(discriminator.strip("'"))
    return tag.key if tag is not None and tag.key is not None else node.heading


def _found(node: Node) -> str:
    if isinstance(node.content, dict | list):
        return ""
    return f", found {_short(json.dumps(node.content, ensure_ascii=False))}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _dotted(path: Loc) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
