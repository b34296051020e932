"""Override files for tests: whole, small, and changed where a test says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cd5flow.config.yaml_file import Loaded, loads_yaml
from cd5flow.errors import OverrideError
from cd5flow.gating.override import Overrides

SHA = "41f032f3f64c23e76e1d8f4b580789e10a3d1ff6e3c74bbdcccb0e4e7a8a8953"

Entry = dict[str, Any]
"""A part of an override file as it is written."""


def side(detector: str, low: float | None = None, high: float | None = None, **more: Any) -> Entry:
    return {"dimension": {"detector": detector, **more}, "low": low, "high": high}


def interval(detector: str, low: float | None = None, high: float | None = None) -> Entry:
    return {"shape": "interval", **side(detector, low, high)}


def boolean(*gates: str, operator: str = "and") -> Entry:
    operands = [
        {"gate": gate.removeprefix("not "), "complement": gate.startswith("not ")} for gate in gates
    ]
    return {"shape": "boolean", "operator": operator, "operands": operands}


def entries(*gates: Entry, **changes: Any) -> Entry:
    """Return an override file; `changes` replace whole fields, None takes them out."""
    whole = {
        "format": "cd5flow.override/1",
        "sample": {"id": "tube-1"},
        "by": "A. B.",
        "date": "2026-02-03",
        "reason": "the valley was missed",
        "gates": list(gates),
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def drawn(gate: str, region: Entry | None = None, **more: Any) -> Entry:
    return {"gate": gate, **({} if region is None else {"region": region}), **more}


def loaded(*gates: Entry, **changes: Any) -> Loaded[Overrides]:
    """Return an override file as it is read, without the checks that need the file as a whole."""
    text = json.dumps(entries(*gates, **changes))
    return loads_yaml(text, Overrides, error=OverrideError, name="mine.yaml")


def written(folder: Path, *gates: Entry, name: str = "mine.yaml", **changes: Any) -> Path:
    """Write an override file and return its path."""
    path = folder / name
    path.write_text(json.dumps(entries(*gates, **changes)), encoding="utf-8")
    return path
