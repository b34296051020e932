"""The laboratory's limits in its strategy: a copy with LOB, LOD and LLOQ, and where they come from."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from cd5flow.config.yaml_file import Loaded, loads_yaml
from cd5flow.errors import FileAccessError, OptionError, ResultError, StrategyError
from cd5flow.gating.strategy import Strategy
from cd5flow.model.opening import open_regular
from cd5flow.validation.own.record import OwnValidation

MAX_BYTES: Final = 50_000_000
_FIELDS: Final = {"lob": "validated_lob_percent", "lod": "validated_lod_percent"} | {
    "lloq": "validated_lloq_percent"
}
_ORIGIN: Final = "validated_origin"
_FIGURES: Final = 6
"""Significant figures of a limit in the file."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A strategy with limits of its own.

    Attributes:
        text: the file.
        version: raised from the earlier one.
        limits: name in the file to percent.
        origin: where they come from, as the file says.
    """

    text: str
    version: str
    limits: dict[str, float]
    origin: str


def read_own_validation(path: Path) -> tuple[OwnValidation, str]:
    """Read a record, and return it with its file's SHA-256.

    Raises:
        FileAccessError: it is absent or unreadable.
        ResultError: it is no record of a laboratory's validation.
    """
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_BYTES)
    except OSError as error:
        raise FileAccessError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        found = OwnValidation.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise ResultError(
            f"{path}: {where}: {first['msg']}; expected the validation.json of `validate --own`"
        ) from error
    return found, hashlib.sha256(content).hexdigest()


def adopt_limits(
    strategy: Loaded[Strategy], text: str, found: OwnValidation, *, sha256: str
) -> Adopted:
    """Return a strategy's file with the limits of a validation; all else stays as it is written.

    Args:
        strategy: as it was read.
        text: of its file.
        found: the record.
        sha256: of the record's file.

    Raises:
        OptionError: the record establishes no limit, or these tubes were analysed with another strategy.
        StrategyError: the file is written so that its limits cannot be changed in place.
    """
    limits = _limits(found)
    named = {one.sha256: one for one in found.provenance.files if one.what == "Strategy"}
    used = found.detection.strategies or tuple(named)
    if set(used) != {strategy.sha256}:
        words = [f"{named[one].name} {named[one].version}" for one in used if one in named]
        raise OptionError(
            f"strategy: {strategy.path.name} (SHA-256 {strategy.sha256[:8]}) is not the one alone that "
            f"blanks, lows and dilutions were analysed with ({', '.join(words) or 'none'}; "
            f"{', '.join(one[:8] for one in used)}): limits of one strategy are not those of another; "
            "name one for all of them with --strategy, or in the sheet"
        )
    of = found.detection
    origin = (
        f"{of.n_blank} blanks, {of.n_low} lows, {of.method}, LLOQ at a CV of "
        f"{of.lloq_cv_goal_percent:g} %; {found.provenance.created[:10]}, cd5flow "
        f"{found.provenance.cd5flow}, validation.json SHA-256 {sha256}"
    )
    version = _raised(strategy.value.version)
    changed = _with_version(text, strategy.value.version, version)
    for name, percent in limits.items():
        changed = _with_field(changed, name, f"{percent:.{_FIGURES}g}")
    changed = _with_field(changed, _ORIGIN, f'"{origin}"')
    loads_yaml(changed, Strategy, error=StrategyError, name=strategy.path.name)
    return Adopted(changed, version, limits, origin)


def _limits(found: OwnValidation) -> dict[str, float]:
    """Return the limits above 0 that a validation establishes."""
    of = found.detection
    if of.purpose != "establish":
        raise OptionError(
            f"limits: found {of.n_blank} blanks and {of.n_low} lows, which establish none"
            f"{f' ({of.reason})' if of.reason else ''}"
        )
    # A limit of 0 percent says that no blank held anything; a strategy's limits are above 0.
    limits = {
        _FIELDS[name]: value
        for name, value in (("lob", of.lob), ("lod", of.lod), ("lloq", of.lloq))
        if value is not None and value > 0
    }
    if not limits:
        raise OptionError(f"limits: found none above 0{f' ({of.reason})' if of.reason else ''}")
    return limits


def _raised(version: str) -> str:
    major, minor, _ = version.split(".")
    return f"{major}.{int(minor) + 1}.0"


def _with_version(text: str, before: str, now: str) -> str:
    pattern = re.compile(rf"^version:([ \t]+)([\"']?){re.escape(before)}([\"']?)", re.MULTILINE)
    changed, count = pattern.subn(rf"version:\g<1>\g<2>{now}\g<3>", text)
    if count != 1:
        raise StrategyError(f"version: found {count} lines of version {before}, expected one")
    return changed


def _with_field(text: str, name: str, value: str) -> str:
    """Return the text with a field of `burden` set: in its line, or in a new one at the block's head."""
    line = re.compile(rf"^(  {name}:[ \t]*)(\"[^\"\n]*\"|[^#\n]*?)([ \t]*(?:#.*)?)$", re.MULTILINE)
    found = list(line.finditer(text))
    if len(found) == 1:
        at = found[0]
        return f"{text[: at.start()]}{at[1].rstrip()} {value}{at[3]}{text[at.end() :]}"
    head = re.compile(r"^burden:[ \t]*(?:#.*)?$", re.MULTILINE)
    heads = list(head.finditer(text))
    if found or len(heads) != 1:
        raise StrategyError(
            f"burden: {name} cannot be set where the block is not written one field a line"
        )
    end = heads[0].end()
    return f"{text[:end]}\n  {name}: {value}{text[end:]}"
