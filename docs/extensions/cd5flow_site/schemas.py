"""Pages of files that cd5flow reads and writes, made of their JSON Schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cd5flow_site.markdown import anchor, code, heading, plain, table

Schema = Mapping[str, Any]

_ATTRIBUTES: Final = re.compile(r"^Attributes:\n(?P<body>(?:[ \t]+.*\n?|\n)*)", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(
    r"^    (?P<names>\w[\w, ]*): (?P<said>.*(?:\n {8,}.*)*)", re.MULTILINE
)
_BOUNDS: Final = {
    "minimum": "≥",
    "exclusiveMinimum": ">",
    "maximum": "≤",
    "exclusiveMaximum": "<",
}


def schema_page(schema: Schema, name: str, *, level: int = 2) -> str:
    """Return the parts of a file, each with a table of its fields, in the order of their use.

    Args:
        schema: as `cd5flow schema` prints it.
        name: of the file, by which its labels begin.
        level: of the headings.
    """
    parts = schema.get("$defs", {})
    first = "The file" if schema.get("properties") else "Forms"
    pages = [_part(first, schema, name, level)]
    pages += [_part(part, parts[part], name, level) for part in _in_order(schema)]
    return "\n".join(pages)


def described(text: str) -> tuple[str, dict[str, str]]:
    """Part a docstring into what it says of the whole, and of each field under ``Attributes:``."""
    fields: dict[str, str] = {}
    found = _ATTRIBUTES.search(text)
    if found is not None:
        for one in _ATTRIBUTE.finditer(found["body"]):
            fields |= dict.fromkeys(re.split(r",\s*", one["names"]), one["said"])
        text = text[: found.start()] + text[found.end() :]
    return text.strip(), fields


def _in_order(schema: Schema) -> list[str]:
    """Return the parts as a reader comes upon them from the top, then any that nothing names."""
    parts = schema.get("$defs", {})
    seen: dict[str, None] = {}
    waiting = list(_named_in({key: value for key, value in schema.items() if key != "$defs"}))
    while waiting:
        part = waiting.pop(0)
        if part not in seen:
            seen[part] = None
            waiting += _named_in(parts[part])
    return [*seen, *(part for part in parts if part not in seen)]


def _named_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        target = value.get("$ref")
        if isinstance(target, str):
            yield target.rpartition("/")[2]
        for key, inner in value.items():
            if key != "discriminator":  # names the same parts once more
                yield from _named_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_in(inner)


def _part(title: str, schema: Schema, name: str, level: int) -> str:
    whole, fields = described(str(schema.get("description", "")))
    lines = [heading(level, plain(title), anchor(name, title))]
    lines += [plain(paragraph) + "\n" for paragraph in whole.split("\n\n") if paragraph.strip()]
    properties = schema.get("properties", {})
    if "enum" in schema:
        lines.append(_kind(schema, name) + "\n")
    elif properties:
        needed = schema.get("required", ())
        rows = [
            (
                code(field),
                _kind(of, name),
                _default(of, needed=field in needed),
                plain(_said(field, of, fields)),
            )
            for field, of in properties.items()
        ]
        lines.append(table(("field", "holds", "default", "meaning"), rows))
    else:
        lines.append(_kind(schema, name) + "\n")
    return "\n".join(lines)


def _said(field: str, of: Schema, fields: Mapping[str, str]) -> str:
    own = str(of.get("description", ""))
    return own if own and "$ref" not in of else fields.get(field, own)


def _default(of: Schema, *, needed: bool) -> str:
    if needed:
        return "needed"
    if "default" not in of:
        return "empty" if "type" in of else ""
    default = of["default"]
    return "" if default is None else code(json.dumps(default, ensure_ascii=False))


def _kind(of: Schema, name: str) -> str:
    """Return what a field holds, in Markdown."""
    if "$ref" in of:
        part = str(of["$ref"]).rpartition("/")[2]
        return f"[{plain(part)}](#{anchor(name, part)})"
    if "const" in of:
        return code(str(of["const"]))
    if "enum" in of:
        return ", ".join(code(str(one)) for one in of["enum"])
    choices = of.get("anyOf") or of.get("oneOf")
    if choices:
        kinds = [_kind(one, name) for one in choices if one.get("type") != "null"]
        kinds += ["null"] * any(one.get("type") == "null" for one in choices)
        return ", or ".join(dict.fromkeys(kinds))
    return _plain_kind(of, name)


def _plain_kind(of: Schema, name: str) -> str:
    kind = str(of.get("type", "anything"))
    if kind == "array":
        inside = of.get("prefixItems") or [of.get("items", {})]
        return "list of " + ", ".join(dict.fromkeys(_kind(one, name) for one in inside))
    if kind == "object" and isinstance(of.get("additionalProperties"), Mapping):
        return "names, each with " + _kind(of["additionalProperties"], name)
    bounds = " and ".join(f"{sign} {of[key]:g}" for key, sign in _BOUNDS.items() if key in of)
    return f"{_KINDS.get(kind, kind)} {bounds}".strip()


_KINDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "names and values",
    "null": "null",
}
