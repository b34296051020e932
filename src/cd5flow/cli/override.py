"""`cd5flow override`: a result's gates as an override file, ready to be edited."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.redo import override_file
from cd5flow.cli.results_given import read_results
from cd5flow.cli.terminal import clean, emit
from cd5flow.errors import OptionError
from cd5flow.model.populations import BY_GROUPS
from cd5flow.model.result import Result
from cd5flow.model.tube_sections import GateSection

_HEAD: Final = """\
# Gates to be drawn by hand on sample {sample}. Change the numbers below, and say who, when and why;
# take out gates that stay as they are. Gates below a drawn one are found anew on what it holds.
#
# Bounds lie on the scale that stands beside them. For the linear signal write `scale: linear`; for
# the channel's own display scale, 0 to 1, leave `scale` out. Lower bounds are in, upper ones out.
# Another shape of region will do as well: interval, intervals, rectangle, polygon, ellipse, boolean.
# `pass_through: true` in place of a region leaves a gate out.
#
# {command}
"""


def run(path: Path, *, gates: Sequence[str]) -> None:
    """Print the override file."""
    emit(override_text(read_results([path])[0], gates))


def override_text(result: Result, names: Sequence[str]) -> str:
    """Return gates of a result as an override file in which who, when and why are to be filled in.

    Raises:
        OptionError: the result has no such gate.
    """
    gates = {row.name: row.gate for row in result.populations if row.gate is not None}
    regions: dict[str, dict[str, Any] | None] = {}
    for name in [part for asked in names for part in _parts(asked, gates)]:
        gate = gates.get(name)
        if gate is None:
            there = ", ".join(gates) or "none"
            raise OptionError(f"gate: found {name!r}, expected one of this result: {there}")
        regions[name] = gate.region
    sample = result.sample
    content = override_file(regions, sample_id=sample.id, sha256=sample.sha256)
    redo = result.provenance.redo
    command = "" if redo is None else redo.command
    head = _HEAD.format(sample=clean(sample.id), command=clean(command))
    return head + "".join(f"{line}\n" for line in _lines(content, ""))


def _parts(name: str, gates: Mapping[str, GateSection]) -> list[str]:
    """Return a gate, or those around the populations of which it is the union."""
    gate = gates.get(name)
    if gate is None or gate.method != BY_GROUPS or gate.region.get("shape") != "boolean":
        return [name]
    wholes = [str(operand["gate"]) for operand in gate.region["operands"]]
    return [
        other
        for other, one in gates.items()
        if other != name
        and one.method == BY_GROUPS
        and any(other == whole or other.startswith(f"{whole}_") for whole in wholes)
    ]


def _lines(value: dict[str, Any], indent: str) -> Iterator[str]:
    """Yield a mapping as block YAML; what holds scalars alone stands on one line."""
    for key, child in value.items():
        if isinstance(child, dict) and key not in _ON_ONE_LINE:
            yield f"{indent}{key}:"
            yield from _lines(child, f"{indent}  ")
        elif isinstance(child, list) and child and all(isinstance(one, dict) for one in child):
            yield f"{indent}{key}:"
            for one in child:
                first, *rest = _lines(one, f"{indent}    ")
                yield f"{indent}  - {first.lstrip()}"
                yield from rest
        else:
            yield f"{indent}{key}: {_flow(child)}"


_ON_ONE_LINE: Final = frozenset({"sample", "scale"})


def _flow(value: Any) -> str:
    """Return a value on one line; texts are quoted as JSON, which YAML reads."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(child) for child in value) + "]"
    return json.dumps(value, ensure_ascii=False)
