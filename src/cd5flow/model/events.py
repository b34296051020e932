"""Events as a cytometer wrote them: channels, spillover, values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

TIME_NAMES: Final = ("TIME", "HDR-T", "TIME1")
"""``$PnN`` of the channels that count clock ticks, in capitals."""

Values = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of a list-mode file.

    Attributes:
        index: column in ``events``, from 0.
        detector: ``$PnN``.
        label: ``$PnS``, stripped; None when absent or blank.
        bits: ``$PnB``, the width of one value in the file.
        range: ``$PnR`` as written (number of resolvable steps).
        maximum: largest value that the channel can hold, in the linear units of ``events``:
            ``$PnR`` with amplification and gain undone (262144, 16777215, 10000 for four log
            decades).
        amplification: ``$PnE`` as (decades, value at zero); (0, 0) is linear.
        gain: ``$PnG``; 1.0 where absent.
        voltage: ``$PnV``; None where absent or not a number.
        word_of_time: whether it is the high or the low word of a clock whose ticks stand in the
            Time channel as one number.
    """

    index: int
    detector: str
    label: str | None
    bits: int
    range: float
    maximum: float
    amplification: tuple[float, float] = (0.0, 0.0)
    gain: float = 1.0
    voltage: float | None = None
    word_of_time: bool = False

    @property
    def logarithmic(self) -> bool:
        """Whether the instrument stored logarithms (undone in ``events``)."""
        return self.amplification[0] > 0

    @property
    def last_step(self) -> float | None:
        """The end of its scale in linear units, less a hair; None where its range tells of no steps.

        $PnR steps reach from 0 to $PnR - 1: that last one holds all that was brighter.
        """
        if not self.range > 1:
            return None
        one_step_below = (
            10 ** (-self.amplification[0] / self.range) if self.logarithmic else 1 - 1 / self.range
        )
        return self.maximum * one_step_below * (1 - 1e-6)

    @property
    def is_time(self) -> bool:
        """Whether this column counts clock ticks."""
        return not self.word_of_time and self.detector.strip().upper() in TIME_NAMES


@dataclass(frozen=True, slots=True)
class Spillover:
    """A spillover matrix: row i is what dye i puts into each channel, its own being 1.

    Attributes:
        detectors: the channels it names, by ``$PnN``, in matrix order.
        matrix: (n, n) float64, read-only.
        source: the keyword or file name that it came from.
    """

    detectors: tuple[str, ...]
    matrix: npt.NDArray[np.float64]
    source: str

    def __post_init__(self) -> None:
        n = len(self.detectors)
        if self.matrix.shape != (n, n):
            raise ValueError(
                f"spillover of {n} channels needs {n} x {n} values, not {self.matrix.shape}"
            )
        self.matrix.setflags(write=False)

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return bool(np.array_equal(self.matrix, np.eye(len(self.detectors))))

    def within(self, detectors: Collection[str]) -> Spillover | None:
        """Return the matrix over these channels alone, if the others neither give nor take.

        None where one that is left out has a coefficient beside its own 1: what it spills, or sees,
        would be lost.
        """
        there = [i for i, detector in enumerate(self.detectors) if detector in detectors]
        gone = [i for i in range(len(self.detectors)) if i not in set(there)]
        rest = self.matrix - np.eye(len(self.detectors))
        if rest[gone].any() or rest[:, gone].any():
            return None
        names = tuple(self.detectors[i] for i in there)
        return Spillover(names, self.matrix[np.ix_(there, there)].copy(), self.source)

    @property
    def condition_number(self) -> float:
        """Ratio of the largest to the smallest singular value; infinite when singular."""
        return float(np.linalg.cond(self.matrix)) if self.detectors else 1.0


@dataclass(frozen=True, slots=True)
class RawEvents:
    """Events in linear units, not compensated.

    Attributes:
        values: (n_events, n_channels) float32, Fortran order so that one channel is contiguous,
            read-only.
        channels: one per column.
        timestep_seconds: length of one tick of the Time channel; None where the file does not say.
    """

    values: Values
    channels: tuple[Channel, ...]
    timestep_seconds: float | None

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.channels):
            raise ValueError(
                f"{len(self.channels)} channels do not fit values of {self.values.shape}"
            )

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def channel(self, detector: str) -> Channel:
        """Return the channel with this ``$PnN``.

        Raises:
            KeyError: there is none.
        """
        for channel in self.channels:
            if channel.detector == detector:
                return channel
        raise KeyError(detector)

    @property
    def time(self) -> Channel | None:
        """The Time channel, if the file has one."""
        return next((c for c in self.channels if c.is_time), None)


@dataclass(frozen=True, slots=True)
class CompensatedEvents:
    """Events with spillover undone where a matrix was given.

    Attributes:
        raw: the events as read.
        compensated: detector to its compensated float32 column, for the channels of the matrix
            only.
        spillover: the matrix used; None where nothing was compensated.
    """

    raw: RawEvents
    compensated: dict[str, Values]
    spillover: Spillover | None

    def __len__(self) -> int:
        return len(self.raw)

    def linear(self, detector: str, *, compensated: bool = True) -> Values:
        """Return one channel in linear units, compensated where the matrix names it.

        Raises:
            KeyError: no such channel.
        """
        if compensated and detector in self.compensated:
            return self.compensated[detector]
        return self.raw.values[:, self.raw.channel(detector).index]
