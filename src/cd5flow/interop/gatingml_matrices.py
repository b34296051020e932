"""The matrices of a Gating-ML 2.0 file, and the one that a tube is compensated with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.errors import GatesError
from cd5flow.interop.gatingml_elements import SAME
from cd5flow.model.events import Spillover

EMBEDDED: Final = "FCS"
UNCOMPENSATED: Final = "uncompensated"


@dataclass(frozen=True, slots=True)
class Matrix:
    """One spectrumMatrix: row i is what dye i puts into each detector.

    Attributes:
        dyes: the names that gates use.
        detectors: ``$PnN``, in the order of the columns.
        values: (dyes, detectors).
        outside: why our model has no such matrix; None where it has.
    """

    dyes: tuple[str, ...]
    detectors: tuple[str, ...]
    values: npt.NDArray[np.float64]
    outside: str | None = None

    @property
    def unmixing(self) -> npt.NDArray[np.float64]:
        """What events are multiplied by."""
        return np.asarray(np.linalg.inv(self.values), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class ChosenCompensation:
    """What the references of a file's gates mean for one tube.

    Attributes:
        matrices: every matrix of the file, by id.
        base: id of the matrix that the tube is compensated with; None where the file states none.
        left_raw: id to the detectors that a variant of that matrix leaves as they are.
        embedded: whether the tube's own file carries a matrix for the word ``FCS`` to mean.
    """

    matrices: Mapping[str, Matrix]
    base: str | None
    left_raw: Mapping[str, frozenset[str]]
    embedded: bool

    def channel(self, reference: str, name: str) -> tuple[str, bool]:
        """Return a dimension's ``$PnN``, and whether it is compensated.

        Raises:
            GatesError: the reference names no matrix, or one that does not hold this channel.
        """
        if reference == UNCOMPENSATED:
            return name, False
        if reference == EMBEDDED:
            return name, self.embedded
        matrix = self.matrices.get(reference)
        if matrix is None:
            raise GatesError(f"found no matrix {reference!r}, to which it refers")
        if name not in matrix.dyes:
            if name in matrix.detectors:
                raise GatesError(
                    f"found detector {name!r} with matrix {reference!r}, expected one of its dyes: "
                    f"{', '.join(matrix.dyes)}"
                )
            return name, False  # scatter and time, which no matrix touches
        detector = matrix.detectors[matrix.dyes.index(name)]
        return detector, detector not in self.left_raw.get(reference, frozenset())

    def spillover(self, source: str) -> Spillover | None:
        """Return the matrix to compensate a tube with; None where the file states none."""
        if self.base is None:
            return None
        base = self.matrices[self.base]
        return Spillover(base.detectors, base.values.copy(), f"{source} ({self.base})")


def choose(
    matrices: Mapping[str, Matrix], *, used: Collection[str | None], embedded: bool
) -> ChosenCompensation:
    """Decide which of a file's matrices is the tube's.

    A tube is compensated by one matrix. Others may only be variants of it, that leave some channels
    as they are: a gate that mixes compensated and raw channels is written with such a one, because
    readers apply one matrix to all channels of a gate.

    Args:
        matrices: every usable matrix of the file, in its order.
        used: the references that gates make.
        embedded: whether the tube's own file carries a matrix.

    Raises:
        GatesError: the gates ask for matrices that are not one.
    """
    asked = [name for name in matrices if name in used]
    if not asked:
        asked = list(matrices) if len(matrices) == 1 else []
    if asked and embedded and EMBEDDED in used:
        raise GatesError(
            f"gates are compensated by the tube's own matrix ({EMBEDDED}) and by {asked[0]!r}; a "
            "tube is compensated by one matrix"
        )
    if not asked:
        return ChosenCompensation(matrices, None, {}, embedded)
    for base in matrices:
        variants = {name: _left_raw(matrices[name], matrices[base]) for name in asked}
        if all(raw is not None for raw in variants.values()):
            left = {name: raw for name, raw in variants.items() if raw is not None}
            return ChosenCompensation(matrices, base, left, embedded)
    raise GatesError(
        f"gates are compensated by different matrices ({', '.join(asked)}); a tube is compensated "
        "by one matrix"
    )


def _left_raw(matrix: Matrix, base: Matrix) -> frozenset[str] | None:
    """Return the channels that a variant of a matrix leaves alone; None where it is none."""
    if matrix is base:
        return frozenset()
    if matrix.detectors != base.detectors or matrix.dyes != base.dyes:
        return None
    ours, theirs = matrix.unmixing, base.unmixing
    as_base = np.abs(ours - theirs).max(axis=0) <= SAME
    as_raw = np.abs(ours - np.eye(len(ours))).max(axis=0) <= SAME
    if not (as_base | as_raw).all():
        return None
    return frozenset(d for d, same in zip(matrix.detectors, as_base, strict=True) if not same)


def matrix_of(
    dyes: Sequence[str],
    detectors: Sequence[str],
    rows: Sequence[Sequence[float]],
    *,
    inverted: bool,
) -> Matrix:
    """Return a matrix from what its element holds.

    Args:
        dyes: names of the rows.
        detectors: names of the columns.
        rows: coefficients.
        inverted: whether they are those of the inverse.

    Raises:
        GatesError: names are missing or stand twice, rows are of another length, or it cannot be
            inverted.
    """
    for what, names in (("dye", dyes), ("detector", detectors)):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise GatesError(f"{what} {twice[0]!r} stands twice")
    if not dyes or len(rows) != len(dyes) or any(len(row) != len(detectors) for row in rows):
        found = " and ".join(sorted({str(len(row)) for row in rows})) or "no"
        raise GatesError(
            f"{len(dyes)} dyes and {len(detectors)} detectors need as many spectra and "
            f"coefficients, found {len(rows)} spectra of {found} coefficients"
        )
    values = np.array(rows, dtype=np.float64)
    if len(dyes) != len(detectors):
        reason = (
            f"it unmixes {len(dyes)} dyes from {len(detectors)} detectors; a tube of ours is "
            "compensated, with as many of each"
        )
        return Matrix(tuple(dyes), tuple(detectors), values, outside=reason)
    try:
        inverse = np.asarray(np.linalg.inv(values), dtype=np.float64)
    except np.linalg.LinAlgError:
        inverse = np.full_like(values, np.nan)
    if not (np.isfinite(inverse).all() and np.isfinite(np.linalg.cond(values))):
        raise GatesError("the matrix cannot be inverted")
    return Matrix(tuple(dyes), tuple(detectors), inverse if inverted else values)
