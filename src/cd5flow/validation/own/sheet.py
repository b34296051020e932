"""What a sheet of a laboratory's own tubes may say beside what every sample sheet says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Final

from cd5flow.analysis.option_words import one_of
from cd5flow.batch.sample_sheet import FurtherColumns
from cd5flow.errors import OptionError
from cd5flow.model.file_part import FilePart
from cd5flow.model.section import Number, Percent
from cd5flow.model.states import BurdenState, Cd5State


class Kind(StrEnum):
    """What a tube is for: a specimen, one without disease, one with little, or a step of a dilution."""

    SAMPLE = "sample"
    BLANK = "blank"
    LOW = "low"
    DILUTION = "dilution"


class OwnFacts(FilePart):
    """What the laboratory says of a tube.

    Attributes:
        expected_cd5_percent, expected_blast_percent: the truth, or the comparative method's number.
        expected_cd5_state, expected_burden_state: the same as a state.
        level: specimens of one level are the same specimen: their results are replicates.
        replicate: which of them.
        kind: what the tube is for.
        run: the run it was measured in.
        reader: who read it.
        sequence: place in the run, by which carry-over is found.
        hours: from collection to acquisition.
    """

    expected_cd5_percent: Percent | None = None
    expected_blast_percent: Percent | None = None
    expected_cd5_state: Cd5State | None = None
    expected_burden_state: BurdenState | None = None
    level: str | None = None
    replicate: str | None = None
    kind: Kind = Kind.SAMPLE
    run: str | None = None
    reader: str | None = None
    sequence: int | None = None
    hours: Number | None = None


def facts_of(values: Mapping[str, object]) -> OwnFacts:
    """Return what a row says."""
    return OwnFacts.model_validate(values)


def _number(name: str, *, most: float | None = None) -> Callable[[str], float]:
    asked = "a number of 0 or more" if most is None else f"a number from 0 to {most:g}"

    def read(text: str) -> float:
        try:
            value = float(text.removesuffix("%").strip())
        except ValueError:
            value = -1.0
        if not 0 <= value <= (1e9 if most is None else most):
            raise OptionError(f"{name}: found {text!r}, expected {asked}")
        return value

    return read


def _state(name: str, states: type[StrEnum]) -> Callable[[str], StrEnum]:
    return lambda text: one_of(states, text.upper(), name)


def _place(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 1_000_000):
        raise OptionError(f"sequence: found {text!r}, expected a place in the run, from 1")
    return int(text)


def _contradictions(values: Mapping[str, object]) -> Iterator[str]:
    kind = values.get("kind", Kind.SAMPLE)
    burden = values.get("expected_blast_percent")
    if kind is Kind.BLANK and burden:
        yield f"expected_blast_percent: found {burden:g} of a blank, expected 0 or nothing"
    if kind in {Kind.LOW, Kind.DILUTION} and burden == 0:
        yield f"expected_blast_percent: found 0 of kind {kind}, expected more, or kind blank"


OWN_COLUMNS: Final = FurtherColumns(
    {
        "expected_cd5_percent": _number("expected_cd5_percent", most=100),
        "expected_blast_percent": _number("expected_blast_percent", most=100),
        "expected_cd5_state": _state("expected_cd5_state", Cd5State),
        "expected_burden_state": _state("expected_burden_state", BurdenState),
        "level": str,
        "replicate": str,
        "kind": lambda text: one_of(Kind, text.lower(), "kind"),
        "run": str,
        "reader": str,
        "sequence": _place,
        "hours": _number("hours"),
    },
    _contradictions,
)
"""Columns of `validate --own`, beside those of every sample sheet."""
