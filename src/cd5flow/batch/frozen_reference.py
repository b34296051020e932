"""Mean and SD of watched values of some tubes, kept in a file: what later tubes are held against.

Without one, the first tubes of a results folder are their own reference, and each folder has another.
Schema ``cd5flow.reference/1``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError

from cd5flow._version import __version__
from cd5flow.batch.outliers import ComparedValue, PeerGroup
from cd5flow.errors import FileAccessError, OptionError
from cd5flow.model.opening import read_regular
from cd5flow.model.section import Count, Document, Number, Section

MAX_BYTES: Final = 50_000_000


class FrozenValue(Section):
    """One value of the tubes of one kind, on the scale on which it is compared.

    Attributes:
        what: the value's name.
        mean, sd: of the tubes; the SD is at least the smallest that the rules believe.
        tubes: how many.
        first, last: when the first and the last were acquired.
    """

    what: str
    mean: Number
    sd: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    tubes: Count
    first: str
    last: str


class FrozenKind(Section):
    """The tubes that may be compared with each other, and what was frozen of them."""

    strategy: str
    strategy_sha256: str
    cytometer: str | None
    panel: tuple[tuple[str, str | None], ...]
    values: tuple[FrozenValue, ...]

    @property
    def kind(self) -> PeerGroup:
        """What the tubes have in common."""
        return PeerGroup(self.strategy, self.strategy_sha256, self.cytometer, self.panel)


class FrozenReference(Document):
    """A file of frozen values."""

    schema_: Literal["cd5flow.reference/1"] = Field(default="cd5flow.reference/1", alias="schema")
    cd5flow: str
    rules: str = Field(description="name and version of the rules that say what is watched")
    kinds: tuple[FrozenKind, ...]

    def values(self) -> Mapping[tuple[PeerGroup, str], FrozenValue]:
        """Return each value by kind and name."""
        return {(one.kind, value.what): value for one in self.kinds for value in one.values}


@dataclass(frozen=True, slots=True)
class TimedValue:
    """A value of one tube, and when that was acquired."""

    acquired: str
    value: ComparedValue


def frozen_value(what: str, of: Sequence[TimedValue]) -> FrozenValue:
    """Return mean and SD of a value over two tubes or more, in the order of acquisition."""
    places = [one.value.place for one in of]
    mean = math.fsum(places) / len(places)
    spread = math.sqrt(math.fsum((place - mean) ** 2 for place in places) / (len(places) - 1))
    return FrozenValue(
        what=what,
        mean=mean,
        sd=max(spread, *(one.value.least_spread for one in of)),
        tubes=len(of),
        first=of[0].acquired,
        last=of[-1].acquired,
    )


def freeze(
    series: Mapping[tuple[PeerGroup, str], Sequence[TimedValue]], *, tubes: int, rules: str
) -> FrozenReference:
    """Return the reference of the first so many tubes of each kind; values of fewer have none.

    Args:
        series: each value's tubes in the order of acquisition.
        tubes: how many make a reference.
        rules: name and version of the rules that say what is watched.
    """
    kinds: dict[PeerGroup, list[FrozenValue]] = {}
    for (kind, what), of in series.items():
        if len(of) >= tubes:
            kinds.setdefault(kind, []).append(frozen_value(what, of[:tubes]))
    return FrozenReference(
        cd5flow=__version__,
        rules=rules,
        kinds=tuple(
            FrozenKind(
                strategy=kind.strategy,
                strategy_sha256=kind.strategy_sha256,
                cytometer=kind.cytometer,
                panel=kind.panel,
                values=tuple(values),
            )
            for kind, values in kinds.items()
        ),
    )


def read_reference(path: Path) -> FrozenReference:
    """Read a file of frozen values.

    Raises:
        FileAccessError: it is absent or unreadable.
        OptionError: it is no such file.
    """
    try:
        content = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise FileAccessError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        return FrozenReference.model_validate_json(content)
    except ValidationError as error:
        (first, *_) = error.errors(include_url=False)
        where = ".".join(map(str, first["loc"])) or "the file"
        raise OptionError(
            f"reference: {path}: {where}: {first['msg']}; expected a file of `cd5flow months --freeze`"
        ) from error
