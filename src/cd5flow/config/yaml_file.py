"""YAML files that people edit, read into pydantic models with every fault of a file named at once.

Values are validated strictly, as JSON is: a quoted number is text, ``yes`` is no boolean, while a
list fits a tuple and a text an enum. A ``mode="before"`` validator on a whole model would lose the
latter, so models use ``after`` and ``wrap``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic import BaseModel, ValidationError

from cd5flow.config import kept_reading, yaml_nodes
from cd5flow.config.yaml_nodes import MAX_BYTES, Fault, Mark, Node, StopReading, read_nodes, shorten
from cd5flow.errors import UsageError, told_faults
from cd5flow.model.opening import open_regular

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MOST_LOOKED_AT = 1000
"""Of a model's faults; not all of these are told."""

M = TypeVar("M", bound=BaseModel)
Check = Callable[[M], Iterable[tuple[tuple[str | int, ...], str]]]
"""Yields where in a file something is wrong, and what."""
Loc = tuple[str | int, ...]

_SHAPES = dict.fromkeys(("model_type", "dataclass_type", "dict_type"), "a mapping of fields")
_SHAPES |= dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "a list")
_SHAPES |= {"string_type": "text"}


class Written:
    """A file without a fault of writing, whose places are looked up when they are asked for."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    @cached_property
    def root(self) -> Node:
        """The tree of marks."""
        return read_nodes(self._content, [])


@dataclass(frozen=True, slots=True)
class Loaded(Generic[M]):
    """A file's content with where it came from.

    Attributes:
        value: the validated model.
        sha256: of the file's bytes, hexadecimal.
        path: the file as it was named.
        written: the places behind `where`.
    """

    value: M
    sha256: str
    path: Path
    written: Written = field(repr=False, compare=False)

    def where(self, *loc: str | int) -> str:
        """Return ``file:line:column`` of a field, located as ``where("gates", 3, "parent")``.

        A location that the file does not write gives its nearest written ancestor.
        """
        mark = _follow(self.written.root, loc)[0].heading
        return f"{self.path}:{mark.line}:{mark.column}"


def load_yaml(
    path: Path,
    model: type[M],
    *,
    error: type[UsageError],
    also: Check[M] | None = None,
    rules: bool = False,
) -> Loaded[M]:
    """Read a YAML (or JSON) file into a model.

    Args:
        path: the file.
        model: what it holds.
        error: what is raised.
        also: finds faults that no single entry shows.
        rules: nothing in it is about a person, so that its reading may be kept between runs.

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
    kept: Loaded[M] = _kept(content, cast("Any", _Wanted(path, model, error, also, rules)))
    return kept


@dataclass(frozen=True, slots=True)
class _Wanted(Generic[M]):
    """What a file is to be read into; see `load_yaml`."""

    path: Path
    model: type[M]
    error: type[UsageError]
    also: Check[M] | None = None
    rules: bool = False


@lru_cache(maxsize=64)
def _kept(content: bytes, wanted: _Wanted[Any]) -> Loaded[Any]:
    """Load what was not loaded before: a batch reads the same few files for each tube."""
    loaded = _load(content, wanted)
    found = () if wanted.also is None else wanted.also(loaded.value)
    # What several parts share may be at fault for each of them: it is named once.
    faults = dict.fromkeys(f"{loaded.where(*where)}: {what}" for where, what in found)
    if faults:
        raise wanted.error(told_faults(list(faults)))
    return loaded


def loads_yaml(
    text: str, model: type[M], *, error: type[UsageError], name: str = "<text>"
) -> Loaded[M]:
    """Read YAML text into a model, as `load_yaml` does; `name` stands for the file in messages."""
    return _load(text.encode("utf-8", "surrogatepass"), _Wanted(Path(name), model, error))


def _load(content: bytes, wanted: _Wanted[M]) -> Loaded[M]:
    sha256 = hashlib.sha256(content).hexdigest()
    kept = kept_reading.recall(sha256, reader=_reader_sha256()) if wanted.rules else None
    if kept is not None:
        with contextlib.suppress(ValidationError):  # read below, for the places of the faults
            return _loaded(_validated(kept, wanted), sha256, content, wanted)
    faults: list[Fault] = []
    value: M | None = None
    root: Node | None = None
    plain = ""
    try:
        root = read_nodes(content, faults)
        plain = json.dumps(root.plain())
        value = _validated(plain, wanted)
    except StopReading as stop:
        faults.append((stop.mark, stop.what))
    except ValidationError as invalid:
        assert root is not None  # noqa: S101 - validation comes after reading
        refused = {mark for mark, _ in faults}
        faults += [fault for fault in model_faults(invalid, root) if fault[0] not in refused]
    if faults or value is None:
        lines = [
            f"{wanted.path}:{mark.line}:{mark.column}: {what}" for mark, what in sorted(faults)
        ]
        raise wanted.error(told_faults(lines))
    if wanted.rules:
        kept_reading.keep(sha256, plain, reader=_reader_sha256())
    return _loaded(value, sha256, content, wanted)


def _validated(plain: str, wanted: _Wanted[M]) -> M:
    # Strict JSON validation tells "5" from 5 and still takes a list for a tuple.
    return wanted.model.model_validate_json(plain, strict=True)


def _loaded(value: M, sha256: str, content: bytes, wanted: _Wanted[M]) -> Loaded[M]:
    return Loaded(value, sha256, wanted.path, Written(content))


@cache
def _reader_sha256() -> str:
    """Return the hash of what reads a file: another reader may read it otherwise."""
    return hashlib.sha256(Path(yaml_nodes.__file__).read_bytes()).hexdigest()


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
    return f", found {shorten(json.dumps(node.content, ensure_ascii=False))}"


def _dotted(path: Loc) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
