"""Gates drawn by hand: the override file, and what must hold for a tube to be gated by it.

A person who disagrees with a gate writes its region down, with name and reason. That region takes
the automatic one's place; gates below it are found anew on what it holds. Nothing else changes.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import OverrideError
from cd5flow.gating.strategy import Name
from cd5flow.model.region_file import WrittenRegion

FORMAT: Final = "cd5flow.override/1"

Where = tuple[str | int, ...]
Fault = tuple[Where, str]


def _said(text: str) -> str:
    if not text:
        raise ValueError("nothing is written here")
    if not text.isprintable():
        raise ValueError("expected one line of printable characters")
    return text


def _iso(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"found {text!r}, expected a date such as 2026-01-31 or 2026-01-31T09:30"
        ) from None
    return text


Text = Annotated[str, AfterValidator(_said)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True
    )


class OfSample(_Part):
    """Which sample the regions were drawn on: its id, its file's SHA-256, or both."""

    id: Text | None = None
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None

    @model_validator(mode="after")
    def _named(self) -> OfSample:
        if self.id is None and self.sha256 is None:
            raise ValueError("name the sample by its id, its file's sha256 or both")
        return self


class DrawnGate(_Part):
    """One gate as a person wants it. Who draws `blasts` says that they are a population.

    Attributes:
        gate: the population, as the strategy and `result.json` name it; ``cd5_positive`` is the
            CD5 cut.
        region: who is in, written as `populations[].gate.region` shows it.
        pass_through: the gate is left out, and its children are found within its parent.
        reason: why, where it is another than the file's.
    """

    gate: Name
    region: WrittenRegion | None = None
    pass_through: bool = False
    reason: Text | None = None

    @model_validator(mode="after")
    def _one_wish(self) -> DrawnGate:
        if (self.region is None) is not self.pass_through:
            raise ValueError("give either a region or pass_through: true")
        return self


def _some(gates: tuple[DrawnGate, ...]) -> tuple[DrawnGate, ...]:
    if not gates:
        raise ValueError("no gate is drawn")
    return gates


class Overrides(_Part):
    """An override file.

    Attributes:
        sample: what it was drawn on; another sample is refused.
        by: who drew.
        date: when, as an ISO date or date and time.
        reason: why.
        lineage: the lineage rule to follow, by its name in the strategy; absent is the one that the
            automatic gating took, where a gate of a rule is drawn.
        gates: what was drawn.
    """

    format: Literal["cd5flow.override/1"]
    sample: OfSample
    by: Text
    date: Annotated[str, AfterValidator(_iso)]
    reason: Text
    lineage: Text | None = None
    gates: Annotated[tuple[DrawnGate, ...], AfterValidator(_some)] = Field(
        json_schema_extra={"minItems": 1}
    )


def load_overrides(path: Path) -> Loaded[Overrides]:
    """Read and check an override file, as far as it can be checked without the tube.

    Raises:
        OverrideError: one line ``file:line:column: what`` a fault.
    """
    loaded = load_yaml(path, Overrides, error=OverrideError)
    seen: set[str] = set()
    faults: list[Fault] = []
    for i, drawn in enumerate(loaded.value.gates):
        if drawn.gate in seen:
            faults.append((("gates", i, "gate"), f"'{drawn.gate}' is drawn twice"))
        seen.add(drawn.gate)
    refuse(loaded, faults)
    return loaded


def check_sample(loaded: Loaded[Overrides], *, sample_id: str, sha256: str) -> None:
    """Refuse the regions of another sample.

    Raises:
        OverrideError: id or hash differ.
    """
    meant = loaded.value.sample
    faults: list[Fault] = []
    if meant.id not in {None, sample_id}:
        faults.append((("sample", "id"), f"is for sample '{meant.id}', this one is '{sample_id}'"))
    if meant.sha256 not in {None, sha256}:
        what = f"is for the file of SHA-256 {meant.sha256}, this one has {sha256}"
        faults.append((("sample", "sha256"), what))
    refuse(loaded, faults)


def refuse(loaded: Loaded[Overrides], faults: list[Fault]) -> None:
    """Refuse a file by its faults, each with its place; do nothing where there are none.

    Raises:
        OverrideError: one line ``file:line:column: what`` a fault.
    """
    if faults:
        lines = [f"{loaded.where(*where)}: {what}" for where, what in faults]
        raise OverrideError("\n".join(dict.fromkeys(lines)))
