"""What a validation simulates and what it is held against: ``gating/validation.yaml``."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import OptionError, StrategyError
from cd5flow.model.file_part import FilePart

QUICK: Final = "quick"
NUMBERS: Final = ("accuracy", "level", "blank", "resamples")
"""What ``--tubes`` may set one by one."""

_MOST: Final = 100_000

Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0, le=_MOST)]
Events = Annotated[int, Field(ge=1_000, le=20_000_000)]
Percent = Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(FilePart, str_strip_whitespace=True):
    """A part of the file, blanks about its texts taken off."""


class Size(_Part):
    """How many tubes, and how large.

    Attributes:
        accuracy: relapse tubes; each is analysed with its FMO and without.
        level: tubes at each level of each dilution.
        blank: tubes without disease.
        resamples: how often a tube's events are drawn anew at each level of precision.
        overt_events, burden_events: events of a relapse tube, and of one for residual disease.
    """

    accuracy: Count
    level: Count
    blank: Count
    resamples: Count
    overt_events: Events
    burden_events: Events


class Dilution(_Part):
    """The levels of a dilution, percent of the denominator, from the highest down."""

    levels_percent: Annotated[tuple[Percent, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _falling(self) -> Self:
        _must_fall("levels_percent", self.levels_percent)
        return self


class Precision(_Part):
    """Levels at which events are drawn anew: CD5-positive blasts, and blasts."""

    cd5_percent: tuple[Percent, ...]
    burden_percent: tuple[Percent, ...]

    @model_validator(mode="after")
    def _falling(self) -> Self:
        _must_fall("burden_percent", self.burden_percent)
        return self


class Goals(_Part):
    """What the findings are held against; chosen for the series, no laboratory's criteria."""

    cd5_within_points: Positive
    wrong_definite_percent: Percent
    burden_within_log10: Positive
    slope_within: Positive
    r_squared: Annotated[float, Field(gt=0, lt=1)]
    found_percent: Percent
    level_bias_log10: Positive
    blanks_called_percent: Percent
    cv_over_counting: Positive


class Topic(_Part):
    """Something that only a laboratory can find.

    Attributes:
        topic: its name.
        measure: what is to be found, and how.
        specimens: on what.
        why: why this report cannot say it.
        orientation: where the topic is commonly treated.
    """

    topic: Text
    measure: Text
    specimens: Text
    why: Text
    orientation: Text


class Series(_Part):
    """A file of the kind of ``gating/validation.yaml``."""

    format: Literal["cd5flow.validation-series/1"]
    name: Text
    version: Text
    sizes: dict[str, Size]
    dilution: Dilution
    precision: Precision
    goals: Goals
    repeat: Annotated[tuple[Topic, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_quick(self) -> Self:
        if QUICK not in self.sizes:
            raise ValueError(f"sizes has no {QUICK!r}, which is the default")
        return self


def load_series(path: Path) -> Loaded[Series]:
    """Read a file of series.

    Raises:
        StrategyError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, Series, error=StrategyError, rules=True)


def size_of(words: str, series: Series) -> Size:
    """Return the size that ``--tubes`` asks for.

    Args:
        words: the name of a size, or numbers as ``accuracy=40,blank=10``; what these leave out is
            as in `QUICK`.
        series: the file's.

    Raises:
        OptionError: no such size, no such number, or no number.
    """
    if words in series.sizes:
        return series.sizes[words]
    changed: dict[str, int] = {}
    for part in words.split(","):
        name, equal, number = (text.strip() for text in part.partition("="))
        if not equal or name not in NUMBERS or not number.isascii() or not number.isdigit():
            raise OptionError(
                f"tubes: found {part.strip()!r}, expected {', '.join(series.sizes)}, or numbers as "
                f"{','.join(f'{name}=N' for name in NUMBERS)}"
            )
        if int(number) > _MOST:
            raise OptionError(f"tubes: found {name}={number}, expected at most {_MOST}")
        changed[name] = int(number)
    return series.sizes[QUICK].model_copy(update=changed)


def _must_fall(name: str, levels: tuple[float, ...]) -> None:
    if any(low >= high for high, low in pairwise(levels)):
        raise ValueError(f"{name} must fall from each level to the next")
