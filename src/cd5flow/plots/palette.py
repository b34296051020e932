"""The colours and marks that populations have in every picture.

Hues are those of Okabe and Ito (Color Universal Design, 2008), which people with any of the common
colour-vision deficiencies can tell apart; each is as dark as sets it off from the others in grey, and
at least 3 : 1 from white (WCAG 2.1, 1.4.11). Greys and black are no population's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cd5flow.model.events import Mask
from cd5flow.model.names import BLASTS, T_CELLS
from cd5flow.plots.scene import Dash, Rgb, Shape


@dataclass(frozen=True, slots=True)
class Family:
    """Reference cells that share a colour.

    Attributes:
        code: of the legend's short word.
        colour: hexadecimal.
        shape: of their marks.
        dash: of their lines.
        population: the gate that holds them.
    """

    code: str
    colour: str
    shape: Shape
    dash: Dash
    population: str


_CD3_NEGATIVE: Final = "cd3_negative_lymphocytes"
_NK: Final = "nk_cells"
_B: Final = "b_cells"
_OUTSIDE: Final = "outside"
"""Cells in no normal profile that are not counted: `outside_1` and so on, as many as were found."""

FAMILIES: Final = (
    Family("granulocytes", "#4596CC", Shape.TRIANGLE_DOWN, Dash.DASH_DOT, "granulocytes"),
    Family("b_and_nk", "#2E8B57", Shape.SQUARE, Dash.SHORT, _CD3_NEGATIVE),
    Family("b", "#2E8B57", Shape.SQUARE, Dash.SHORT, _B),
    Family("nk", "#A8518E", Shape.DIAMOND, Dash.DOTTED, _NK),
    Family("t", "#1763A6", Shape.TRIANGLE, Dash.DASHED, T_CELLS),
    Family("outside", "#946A00", Shape.CROSS, Dash.SHORT, _OUTSIDE),
    Family("blasts", "#8F1D00", Shape.CIRCLE, Dash.SOLID, BLASTS),
)
"""An event of several is of the last."""

_WITHOUT_NK: Final = Family("b", "#2E8B57", Shape.SQUARE, Dash.SHORT, _CD3_NEGATIVE)

OTHERS: Final[tuple[Rgb, Rgb]] = ((212, 212, 212), (92, 92, 92))
"""Events of no family, from sparse to dense."""

OTHER_DOTS: Final = "#5C5C5C"

LEFT_OUT: Final[tuple[Rgb, Rgb]] = ((239, 239, 239), (196, 196, 196))
"""Events that a population leaves out."""

BAND: Final = "#E69F00"
BAND_EDGE: Final = "#8A5F00"
"""A stretch of an axis; no population's colour."""


def families(members: Mapping[str, Mask]) -> tuple[Family, ...]:
    """Return the families that were gated.

    What NK cells leave of CD3-negative lymphocytes is B; what B cells leave too is of no family.
    """
    there = [each for family in FAMILIES for each in _gated(family, members)]
    if _NK not in members:
        return tuple(there)
    if _B in members:
        return tuple(family for family in there if family.population != _CD3_NEGATIVE)
    return tuple(_WITHOUT_NK if f.population == _CD3_NEGATIVE else f for f in there)


def _gated(family: Family, members: Mapping[str, Mask]) -> Iterator[Family]:
    """Yield a family where it was gated, and the outer one once a population of its name."""
    if family.population == _OUTSIDE:
        for name in members:
            stem, _, number = name.partition("_")
            if stem == _OUTSIDE and number.isdigit():
                yield replace(family, population=name)
    elif family.population in members:
        yield family


def family_of(population: str) -> Family | None:
    """Return the family of a reference population; None where it has none."""
    return next((f for f in FAMILIES if f.population == population), None)


def is_suspect(family: Family) -> bool:
    """Whether a family is, or may be, disease: the blasts, and cells outside every normal profile."""
    return family.code in {"blasts", "outside"}


def is_left_of(family: Family) -> bool:
    """Whether a family is what others have left of its population, and so is called otherwise."""
    return family == _WITHOUT_NK


def rgb(colour: str) -> Rgb:
    """Return a hexadecimal colour as three numbers of 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
