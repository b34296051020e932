"""Cells drawn one by one: size, granularity, dyes, autofluorescence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from cd5flow.model.events import Mask
from cd5flow.simulate.panels import PanelSpec
from cd5flow.simulate.populations import CellType, Expression
from cd5flow.simulate.tube import Cd5Reagent

Reals = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]

_LN10 = float(np.log(10.0))
_UNSPECIFIC = 14.0  # antibody bound by no antigen, on a lymphocyte
_ISOTYPE = 1.5  # an isotype control binds a little more than an antibody with a target
_VIABILITY = {True: 4.2, False: 2.2}  # by whether the cell is dead
_NUCLEAR_LEVEL = 4.0


@dataclass(frozen=True, slots=True)
class CellTable:
    """The populations of one donor as arrays, one row a population.

    Attributes:
        populations: the rows.
        columns: (n_slots,) the detector that each antigen of the panel is read in.
        antigens: (n_slots,) the antigens.
        level, spread, percent: (n_populations, n_slots) expression; a level of -inf is absent.
        stained: (n_detectors,) share of the usual signal, 0 for an antibody left out.
        unspecific: (n_detectors,) unspecific binding on a lymphocyte.
        autofluorescence: (n_detectors,) background of a lymphocyte.
    """

    populations: tuple[CellType, ...]
    columns: npt.NDArray[np.intp]
    antigens: tuple[str, ...]
    level: Reals
    spread: Reals
    percent: Reals
    stained: Reals
    unspecific: Reals
    autofluorescence: Reals


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells as light, before any detector, reference units.

    Attributes:
        fsc, ssc: (n,) scatter.
        dyes: (n, n_detectors) signal of each dye in its own detector.
        background: (n, n_detectors) autofluorescence.
        cd5_carriers: (n,) whether the cell carries CD5.
    """

    fsc: Reals
    ssc: Reals
    dyes: Reals
    background: Reals
    cd5_carriers: Mask


def vary(
    populations: Sequence[CellType], *, decades: float, rng: np.random.Generator
) -> tuple[CellType, ...]:
    """Return the populations of one donor: levels and scatter differ a little from the usual."""
    donor = []
    for cell in populations:
        antigens = {
            name: Expression(e.level + decades * rng.standard_normal(), e.spread, e.percent)
            for name, e in cell.antigens.items()
        }
        scatter = 10 ** (0.35 * decades * rng.standard_normal(2))
        donor.append(
            replace(
                cell,
                antigens=antigens,
                fsc=cell.fsc * float(scatter[0]),
                ssc=cell.ssc * float(scatter[1]),
            )
        )
    return tuple(donor)


def compile_table(
    populations: Sequence[CellType],
    panel: PanelSpec,
    *,
    reagent: Cd5Reagent,
    stain_factors: dict[str, float],
) -> CellTable:
    """Return the populations as arrays for one panel."""
    slots = [(n, antigen) for n, stain in enumerate(panel.stains) for antigen in stain.antigens]
    # CD5 is drawn for every tube, read or not: the biological label does not depend on the panel.
    if all(antigen != "CD5" for _, antigen in slots):
        slots.append((-1, "CD5"))
    absent = Expression(-np.inf, 0.0, 0.0)
    carried = [[cell.antigens.get(name, absent) for _, name in slots] for cell in populations]
    bright = np.array([0.0 if n < 0 else panel.stains[n].optics.brightness for n, _ in slots])
    stained = np.array([stain_factors.get(marker, 1.0) for marker in panel.markers])
    unspecific = np.array(
        [0.0 if s.marker in {"viability", "nuclear"} else _UNSPECIFIC for s in panel.stains]
    ) * 10 ** np.array([s.optics.brightness for s in panel.stains])
    cd5 = panel.column("CD5")
    if cd5 is not None and reagent is not Cd5Reagent.ANTIBODY:
        stained[cd5] = 0.0
        unspecific[cd5] *= _ISOTYPE if reagent is Cd5Reagent.ISOTYPE else 0.0
    return CellTable(
        populations=tuple(populations),
        columns=np.array([n for n, _ in slots]),
        antigens=tuple(name for _, name in slots),
        level=np.array([[e.level for e in row] for row in carried]) + bright,
        spread=np.array([[e.spread for e in row] for row in carried]),
        percent=np.array([[e.percent for e in row] for row in carried]),
        stained=stained,
        unspecific=unspecific,
        autofluorescence=np.array([s.optics.autofluorescence for s in panel.stains]),
    )


def draw_cells(
    codes: Codes,
    table: CellTable,
    *,
    dead: Mask,
    cd5_given: npt.NDArray[np.int8],
    panel: PanelSpec,
    rng: np.random.Generator,
) -> Cells:
    """Draw one cell an entry of `codes`.

    Args:
        codes: (n,) row of `table`.
        table: the populations.
        dead: (n,) whether the membrane leaks: smaller, sticky, antigens half lost.
        cd5_given: (n,) 1 carries CD5, 0 does not, -1 is drawn from the population's share.
        panel: the detectors.
        rng: source of randomness.
    """
    n = len(codes)
    size = np.exp(_LN10 * _of(table, codes, "fsc_spread") * rng.standard_normal(n))
    grain = np.exp(_LN10 * _of(table, codes, "ssc_spread") * rng.standard_normal(n))
    fsc = _of(table, codes, "fsc") * size * np.where(dead, 0.55, 1.0)
    ssc = _of(table, codes, "ssc") * size**0.6 * grain * np.where(dead, 1.25, 1.0)
    # A larger cell carries more of everything; the rest of the factor is how it met the antibodies.
    stain = size**0.7 * np.exp(_LN10 * 0.045 * rng.standard_normal(n))

    amount = _antigens(codes, table, cd5_given=cd5_given, rng=rng)
    carriers: Mask = amount[:, table.antigens.index("CD5")] > 0
    dyes = np.zeros((n, len(panel)))
    for slot, column in enumerate(table.columns):
        if column >= 0:
            dyes[:, column] += amount[:, slot]
    dyes *= (stain * np.where(dead, 0.5, 1.0))[:, None] * table.stained
    dyes += _bound_unspecifically(codes, table, size=size, dead=dead, rng=rng)
    _dye_without_antibody(dyes, dead=dead, codes=codes, table=table, panel=panel, rng=rng)

    glow = _of(table, codes, "autofluorescence") * size**2 * np.where(dead, 1.6, 1.0)
    glow *= np.exp(_LN10 * 0.10 * rng.standard_normal(n))
    background = glow[:, None] * table.autofluorescence
    return Cells(fsc=fsc, ssc=ssc, dyes=dyes, background=background, cd5_carriers=carriers)


def _bound_unspecifically(
    codes: Codes, table: CellTable, *, size: Reals, dead: Mask, rng: np.random.Generator
) -> Reals:
    """Return (n, n_detectors) signal of antibodies that met no antigen."""
    sticky = _of(table, codes, "stickiness") * size**2 * np.where(dead, 30.0, 1.0)
    sticky *= np.exp(_LN10 * 0.18 * rng.standard_normal(len(codes)))
    bound: Reals = sticky[:, None] * table.unspecific
    leaky = np.flatnonzero(dead)
    # Each antibody finds its own way into a dead cell.
    bound[leaky] *= np.exp(_LN10 * 0.25 * rng.standard_normal((len(leaky), bound.shape[1])))
    return bound


def _antigens(
    codes: Codes,
    table: CellTable,
    *,
    cd5_given: npt.NDArray[np.int8],
    rng: np.random.Generator,
) -> Reals:
    """Return (n, n_slots) signals of the antigens; 0 where a cell carries none."""
    shape = (len(codes), len(table.antigens))
    amount = rng.standard_normal(shape)
    amount *= table.spread[codes]
    amount += table.level[codes]
    amount *= _LN10
    np.exp(amount, out=amount)
    carried = 100.0 * rng.random(shape) < table.percent[codes]
    cd5 = table.antigens.index("CD5")
    carried[:, cd5] = np.where(cd5_given < 0, carried[:, cd5], cd5_given > 0)
    amount *= carried
    return amount


def _dye_without_antibody(
    dyes: Reals,
    *,
    dead: Mask,
    codes: Codes,
    table: CellTable,
    panel: PanelSpec,
    rng: np.random.Generator,
) -> None:
    """Fill in, in place, what a viability or nuclear dye gives."""
    viability, nuclear = panel.column("viability"), panel.column("nuclear")
    if viability is not None:
        level = np.where(dead, _VIABILITY[True], _VIABILITY[False])
        dyes[:, viability] = 10 ** (level + 0.18 * rng.standard_normal(len(codes)))
    if nuclear is not None:
        has_nucleus = np.array(
            [cell.nucleated or cell.name == "erythroid" for cell in table.populations]
        )[codes]
        level = _NUCLEAR_LEVEL + 0.08 * rng.standard_normal(len(codes))
        dyes[:, nuclear] = np.where(has_nucleus, 10**level, 10 ** (level - 2.5))


def _of(table: CellTable, codes: Codes, name: str) -> Reals:
    """Return an attribute of each cell's population."""
    values: Reals = np.array([float(getattr(cell, name)) for cell in table.populations])[codes]
    return values
