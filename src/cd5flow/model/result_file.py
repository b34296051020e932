"""A `result.json` read back as it stands, and refused where cd5flow cannot have written it.

Whoever acts on a stored result reads it by `cd5flow.analysis.stored`, which believes less.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from cd5flow._version import __version__
from cd5flow.errors import FileAccessError, ResultError
from cd5flow.model.digest import digest_of
from cd5flow.model.opening import open_regular
from cd5flow.model.result import SCHEMA, BurdenSection, Cd5Section, Result

MAX_BYTES: Final = 50_000_000
"""Largest file that is read; a result is a thousandth of it."""

TOLERANCE: Final = 1e-3
"""By how much, relatively, a percentage may differ from its counts: what rounding to four digits does."""

NO_DIGEST: Final = (
    "digest: found none, expected 64 hexadecimal digits: it was written before results had one; analyse "
    "again"
)

_ADDED: Final[tuple[tuple[str, str, object], ...]] = (
    ("strategy", "choice", ""),
    ("populations", "gate", None),
)
"""Fields beyond the schema's published ones, which other programs need not write, and what absent means."""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A result as a file says it, and whether that is what was written.

    Attributes:
        name: the file, for messages.
        result: as it stands.
        content_digest: of what stands there; another than `result.digest` where it was changed since.
    """

    name: str
    result: Result
    content_digest: str

    @property
    def is_whole(self) -> bool:
        """Whether the digest is that of the content."""
        return self.result.digest == self.content_digest

    @property
    def digest_fault(self) -> str:
        """What the digest is and should be; empty where it is right."""
        if self.is_whole:
            return ""
        return (
            f"digest: found {self.result.digest}, expected {self.content_digest} by the content: it was "
            "changed after it was written"
        )


def load_result(path: Path) -> ResultFile:
    """Read a stored result as it stands; whether to believe it, `cd5flow.analysis.stored` tells.

    Raises:
        FileAccessError: the file is absent, a folder or unreadable.
        ResultError: it is no result of this version, or has no digest; the message says where, what was
            found and what was expected.
    """
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_BYTES + 1)
    except IsADirectoryError as error:
        raise FileAccessError(f"{path}: is a folder, expected a result.json in it") from error
    except OSError as error:
        raise FileAccessError(f"{path}: cannot be read ({error.strerror or error})") from error
    if len(content) > MAX_BYTES:
        raise ResultError(f"{path}: larger than {MAX_BYTES:,} bytes, expected a result.json")
    return parse_result(content, name=str(path))


def parse_result(content: bytes | str, *, name: str = "<text>") -> ResultFile:
    """Read a result from the text of a result.json; `name` stands for the file in messages.

    Raises:
        ResultError: as `load_result`.
    """
    plain = _plain(content, name)
    if not isinstance(plain, dict):
        raise ResultError(f"{name}: found no JSON object, expected a result.json")
    schema = plain.get("schema")
    if schema != SCHEMA:
        found = "none" if schema is None else _short(schema)
        raise ResultError(f"{name}: schema: found {found}, expected {SCHEMA}")
    if plain.get("digest") is None:
        raise ResultError(f"{name}: {NO_DIGEST}")
    try:
        content_digest = digest_of(plain)
    except ResultError as fault:
        raise ResultError(f"{name}: {fault.message}") from fault
    try:
        # From the text as it stands: strict JSON validation takes a list for a tuple, not "5" for 5.
        result = Result.model_validate_json(json.dumps(_completed(plain)), strict=True)
    except ValidationError as invalid:
        raise ResultError(f"{name}: {_model_fault(invalid, plain)}") from invalid
    return ResultFile(name, result, content_digest)


def contradictions(result: Result) -> tuple[str, ...]:
    """Return what a result says of one number in two ways; empty where it was not changed by hand.

    A percentage is held against its counts, an interval against its percentage.
    """
    return (*_cd5_contradictions(result.cd5), *_burden_contradictions(result.burden))


def _plain(content: bytes | str, name: str) -> Any:
    try:
        text = content if isinstance(content, str) else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ResultError(f"{name}: is not UTF-8 text, expected a result.json") from error
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except RecursionError as error:
        raise ResultError(f"{name}: is nested too deeply for a result.json") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise ResultError(f"{name}: is no JSON: {where}: {error.msg}") from error
    except ValueError as error:
        raise ResultError(f"{name}: is no JSON that can be read: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object's fields; of two with one name it is not for a reader to choose."""
    fields: dict[str, Any] = {}
    for key, value in pairs:
        if key in fields:
            raise ValueError(f"{_short(key)} stands twice in one object")
        fields[key] = value
    return fields


def _refuse(constant: str) -> Any:
    raise ValueError(f"found {constant}, expected a number or null")


def _completed(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a result with the fields that only this version adds, where it lacks them."""
    for section, field, absent in _ADDED:
        there = plain.get(section)
        for part in there if isinstance(there, list) else [there]:
            if isinstance(part, dict):
                part.setdefault(field, absent)
    return plain


def _model_fault(invalid: ValidationError, plain: dict[str, Any]) -> str:
    """Return the first fault as "where: found what, expected what", and how many more there are."""
    faults = invalid.errors(include_url=False)
    first = faults[0]
    where = ".".join(str(step) for step in first["loc"]) or "result"
    match first["type"]:
        case "missing":
            said = f"{where}: is missing"
        case "extra_forbidden":
            said = f"{where}: unknown field"
        case _:
            wanted = first["msg"].removeprefix("Input should be ")
            said = f"{where}: found {_short(first['input'])}, expected {wanted}"
    if len(faults) > 1:
        said += f" (and {len(faults) - 1} more)"
    written_by = _written_by(plain)
    if written_by not in {None, __version__}:
        said += f"; it was written by cd5flow {written_by}, this is {__version__}"
    return said


def _written_by(plain: dict[str, Any]) -> str | None:
    provenance = plain.get("provenance")
    version = provenance.get("cd5flow") if isinstance(provenance, dict) else None
    return _short(version).strip("'") if isinstance(version, str) else None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _cd5_contradictions(cd5: Cd5Section) -> Iterator[str]:
    yield from _share("cd5", cd5.percent, cd5.positive_events, cd5.blast_events)
    yield from _holds("cd5.ci95_percent", cd5.ci95_percent, cd5.percent)
    yield from _ordered("cd5.band_percent", cd5.band_percent)


def _burden_contradictions(burden: BurdenSection) -> Iterator[str]:
    yield from _share("burden", burden.percent, burden.blast_events, burden.denominator_events)
    yield from _holds("burden.ci95_percent", burden.ci95_percent, burden.percent)


def _share(section: str, percent: float | None, part: int, whole: int) -> Iterator[str]:
    if part > whole:
        yield f"{section}: found {part:,} of {whole:,} events, expected a part of the whole"
    elif percent is not None:
        computed = 100 * part / whole if whole else None
        if computed is None or abs(percent - computed) > TOLERANCE * max(computed, percent):
            counted = "no" if computed is None else f"{computed:.4g}"
            yield (
                f"{section}.percent: found {percent:.4g}, expected {counted} % by its counts, "
                f"{part:,} of {whole:,} events"
            )


def _holds(where: str, ends: tuple[float, float] | None, percent: float | None) -> Iterator[str]:
    yield from _ordered(where, ends)
    if ends is None or percent is None:
        return
    slack = TOLERANCE * percent
    if not ends[0] - slack <= percent <= ends[1] + slack:
        yield f"{where}: found {ends[0]:.4g} to {ends[1]:.4g}, expected it to hold {percent:.4g}"


def _ordered(where: str, ends: tuple[float, float] | None) -> Iterator[str]:
    if ends is not None and ends[0] > ends[1]:
        yield f"{where}: found {ends[0]:.4g} before {ends[1]:.4g}, expected the lower end first"
