"""Spillover that compensation left behind, seen on cells that cannot carry the marker.

A cell that lacks CD5 shows background in the CD5 channel whatever else it carries. Where its CD5
channel rises with another dye, that dye still spills; where it falls, too much was taken off. This
sees what the file cannot say of itself: a matrix of another day, one scaled or turned the wrong way,
data called compensated that are not, and data compensated twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.model.populations import Gating
from cd5flow.model.quality_limits import ResidualPopulation, ResidualRule
from cd5flow.model.reasons import Reason
from cd5flow.numerics.order_statistics import MAD_TO_SD, finite_values, median, pick, stable_argsort
from cd5flow.preprocess.transforms import Columns
from cd5flow.quality.checks import Observation
from cd5flow.quality.quality_input import QualityInput

Signal = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]

CD5 = "CD5"
QUANTILE_ERROR = 1.5
"""Standard error of a median over that of a mean is 1.25, of the 20th percentile 1.43."""
LOOKED_AT = 6_000
"""At most so many events of a population are looked at."""
FEWEST_BINS = 5
"""A line through fewer tells nothing of its own error."""
TAIL_SPREADS = 3.0
NOBODY = -1
"""In place of a cell where a bin has one fewer than the others."""


@dataclass(frozen=True, slots=True)
class Negatives:
    """Cells that lack some markers.

    Attributes:
        name: who they are.
        targets: marker that they lack to its signal, linear compensated units.
        sources: other dye to its signal.
        quantile_percent: which quantile of the channel is followed.
        falling_only: whether a rising channel tells nothing.
    """

    name: str
    targets: Mapping[str, Signal]
    sources: Mapping[str, Signal]
    quantile_percent: float = 50
    falling_only: bool = False


@dataclass(frozen=True, slots=True)
class Slope:
    """How a channel moves with another dye on cells that lack its marker.

    Attributes:
        name: the cells.
        source: the other dye's marker.
        target: the channel's marker.
        percent: change of the channel's median in percent of the change of the other dye.
        error_percent: its standard error.
    """

    name: str
    source: str
    target: str
    percent: float
    error_percent: float


def negatives_of(tube: QualityInput, columns: Columns) -> tuple[Negatives, ...]:
    """Return the cells of a tube that lack a marker, by the strategy and the lineage rule."""
    gating = tube.gating
    found = []
    blasts = gating.members.get(tube.blasts_name)
    for each in tube.rules.residual.populations:
        mask = gating.members.get(each.population)
        if mask is None:
            continue
        if blasts is not None and gating.lineage.cluster and each.population != tube.blasts_name:
            mask = mask & ~blasts
        found.append(_negatives(tube, columns, mask, each))
    if blasts is not None and gating.lineage.cluster and gating.lineage.lacks:
        each = ResidualPopulation(population=tube.blasts_name, lacks=gating.lineage.lacks)
        found.append(_negatives(tube, columns, blasts, each))
    return tuple(found)


def negatives_of_fmo(
    tube: QualityInput, columns: Columns, members: Mapping[str, Mask]
) -> tuple[Negatives, ...]:
    """Return the cells of an accepted FMO tube, none of which was stained with CD5.

    Args:
        tube: the sample that it belongs to.
        columns: the FMO's own signals, by the sample's matrix.
        members: who is in which of the sample's gates.
    """
    return tuple(
        _negatives(
            tube,
            columns,
            members[name],
            ResidualPopulation(population=f"{name} of the FMO", lacks=(CD5,)),
        )
        for name in tube.rules.residual.fmo_populations
        if name in members
    )


def _negatives(
    tube: QualityInput, columns: Columns, mask: Mask, each: ResidualPopulation
) -> Negatives:
    rows = np.flatnonzero(mask)
    rows = rows[:: max(1, rows.size // LOOKED_AT)]
    dyes = {m: d for m, d in tube.fluorescence.items() if m not in {"viability", "nuclear"}}
    signals = {m: columns.column(Dimension(d))[rows] for m, d in dyes.items()}
    return Negatives(
        each.population,
        targets={m: signals[m] for m in each.lacks if m in signals},
        sources={m: s for m, s in signals.items() if each.sources is None or m in each.sources},
        quantile_percent=each.quantile_percent,
        falling_only=each.falling_only,
    )


def slopes(cells: Iterable[Negatives], rule: ResidualRule) -> tuple[Slope, ...]:
    """Return the slope of every pair that can be told from autofluorescence and from noise."""
    found = []
    for each in cells:
        for source, x in each.sources.items():
            bins = None if source in each.targets else _bins(x, rule)
            if bins is None:
                continue
            for target, y in each.targets.items():
                fitted = _slope(bins, y, rule, each.quantile_percent)
                if fitted is None or fitted[1] > rule.error_percent:
                    continue
                if fitted[0] < 0 or not each.falling_only:
                    found.append(Slope(each.name, source, target, *fitted))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Bins:
    """A population in bins along a dye.

    Attributes:
        places: (bins,) median of the dye.
        rows: (bins, most) which cells of the population; those beyond a bin's own are NOBODY.
    """

    places: Floats
    rows: npt.NDArray[np.intp]

    def of(self, y: Signal) -> _Ordered:
        """Return another channel of the same cells, in order within each bin."""
        values = y.take(self.rows).astype(np.float64)
        values[(self.rows == NOBODY) | ~np.isfinite(values)] = np.nan
        values.sort(axis=1)  # what is no number stands last
        return _Ordered(values, np.count_nonzero(~np.isnan(values), axis=1))


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Values of several bins, in order.

    Attributes:
        values: (bins, most), rising along each; NaN beyond a bin's own.
        sizes: (bins,) how many each has.
    """

    values: Floats
    sizes: npt.NDArray[np.intp]

    def at(self, share: float) -> Floats:
        """Return a quantile of each bin, 0 to 1 (definition 7 of Hyndman and Fan)."""
        return self._between((self.sizes - 1) * share)

    def middle_of_lowest(self, counts: npt.NDArray[np.intp]) -> Floats:
        """Return the median of the lowest values of each bin, so many of them."""
        return self._between((counts - 1) / 2)

    def _between(self, places: npt.NDArray[np.floating[Any]]) -> Floats:
        bins = np.arange(self.sizes.size)
        below = np.floor(places).astype(np.intp)
        low = self.values[bins, below]
        high = self.values[bins, np.minimum(below + 1, self.values.shape[1] - 1)]
        part = places - below
        return np.asarray(np.where(part > 0, low + part * (high - low), low))


def _bins(x: Signal, rule: ResidualRule) -> _Bins | None:
    """Return a population cut into bins of equal number along a dye; None where they are few.

    The brightest cells are left out: few that are brightest by far may be of another kind, such as
    pairs of cells, and one bin far from all others would be the slope.
    """
    rows = np.flatnonzero(np.isfinite(x))
    rows = rows[stable_argsort(x[rows])]
    rows = rows[: int(rows.size * (1 - rule.brightest_percent / 100))]
    number = min(rule.bins, rows.size // rule.bin_events)
    if number < FEWEST_BINS:
        return None
    most = -(-rows.size // number)
    table = np.full((number, most), NOBODY, dtype=np.intp)
    for place, part in zip(table, np.array_split(rows, number), strict=True):
        place[: part.size] = part
    bins = _Bins(np.empty(0), table)
    return replace(bins, places=bins.of(x).at(0.5))


def _slope(
    bins: _Bins, y: Signal, rule: ResidualRule, quantile_percent: float
) -> tuple[float, float] | None:
    """Return the slope of a quantile of y over bins of a dye and its standard error, in percent.

    Weighted least squares on the quantiles of the bins. The error is the larger of what the spread
    within bins (of the values below the quantile) and what the scatter of the quantiles about the
    line give. None where the dye does not reach far enough.
    """
    parts = bins.of(y)
    if parts.sizes.min() < max(rule.bin_events // 2, 1):
        return None
    sizes, places = parts.sizes, bins.places
    levels = parts.at(quantile_percent / 100)
    spread = median(_spreads(parts, levels))
    if not spread > 0 or places[-1] - places[0] < rule.reach * spread:
        return None
    across = places - np.average(places, weights=sizes)
    lever = float((sizes * across**2).sum())
    slope = float((sizes * across * levels).sum()) / lever
    left = levels - np.average(levels, weights=sizes) - slope * across
    within = QUANTILE_ERROR * spread / np.sqrt(lever)
    about = np.sqrt(float((sizes * left**2).sum()) / (places.size - 2) / lever)
    return 100 * slope, 100 * float(max(within, about))


def _spreads(parts: _Ordered, levels: Floats) -> Floats:
    """Return the robust SD of each bin by what lies below its median, or a lower quantile."""
    below = np.count_nonzero(parts.values <= levels[:, None], axis=1)
    return MAD_TO_SD * (levels - parts.middle_of_lowest(below))


def observe_residuals(
    tube: QualityInput, columns: Columns, *, fmo: Iterable[Negatives], reference: tuple[str, ...]
) -> tuple[Observation, ...]:
    """Return every observation about spillover left behind, in a fixed order.

    Args:
        tube: the tube.
        columns: its compensated signals.
        fmo: cells of accepted FMO tubes.
        reference: populations without CD5, best first.
    """
    found = slopes((*negatives_of(tube, columns), *fmo), tube.rules.residual)
    return (
        into_cd5(found, has_cd5=tube.panel.has(CD5)),
        into_others(found),
        below_zero(tube, columns, reference),
    )


def into_cd5(found: Iterable[Slope], *, has_cd5: bool) -> Observation:
    """Largest spillover into CD5 that was left, or taken off too much."""
    code, unit = "RESIDUAL_CD5", "% of another dye"
    if not has_cd5:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_cd5"))
    value, words = _worst([slope for slope in found if slope.target == CD5])
    return Observation(code, value, unit, words)


def into_others(found: Iterable[Slope]) -> Observation:
    """Largest spillover into any other channel that was left, or taken off too much."""
    value, words = _worst([slope for slope in found if slope.target != CD5])
    return Observation("RESIDUAL_SPILLOVER", value, "% of another dye", words)


def _worst(found: list[Slope]) -> tuple[float | None, Reason]:
    if not found:
        return None, Reason("NOT_SEEN", case="no_pairs")
    worst = max(found, key=lambda slope: abs(slope.percent))
    words = Reason(
        "RESIDUAL",
        case="left" if worst.percent > 0 else "taken_off",
        percent=abs(worst.percent),
        source=worst.source,
        target=worst.target,
        population=worst.name,
        pairs=len(found),
    )
    return abs(worst.percent), words


def below_zero(tube: QualityInput, columns: Columns, reference: tuple[str, ...]) -> Observation:
    """Share of the CD5-negative reference that lies far below zero: too much was taken off.

    Far is 3 robust SDs, those of the narrower half of the population, so that neither the tail
    looked for nor CD5-positive cells widen it.
    """
    code, unit = "CD5_BELOW_ZERO", "% of the reference"
    if not tube.panel.has(CD5):
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_cd5"))
    signal = columns.column(Dimension(tube.panel.detector(CD5)))
    if not np.any(signal < 0):
        return Observation(code, None, unit, Reason(code, case="nothing"))
    for name in reference:
        values = _without_blasts(signal, name, tube.gating, tube.blasts_name)
        if values.size < tube.rules.residual.reference_events:
            continue
        middle = median(values)
        halves = (
            middle - values.compress(values <= middle),
            values.compress(values >= middle) - middle,
        )
        spread = min(MAD_TO_SD * median(half) for half in halves)
        if not spread > 0:
            continue
        share = 100 * float(np.mean(values < -TAIL_SPREADS * spread))
        return Observation(
            code, share, unit, Reason(code, case="seen", percent=share, population=name)
        )
    return Observation(code, None, unit, Reason(code, case="few"))


def _without_blasts(
    signal: Signal, name: str, gating: Gating, blasts_name: str
) -> npt.NDArray[np.float64]:
    mask = gating.members.get(name)
    if mask is None:
        return np.empty(0)
    if gating.lineage.cluster and blasts_name in gating.members:
        mask = mask & ~gating.members[blasts_name]
    return finite_values(pick(signal, mask)).astype(np.float64)
