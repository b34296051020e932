"""The colours that populations have in every picture.

From the palette of Okabe and Ito (Color Universal Design, 2008), which people with any of the
common colour-vision deficiencies can tell apart; greys and black are no population's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from cd5flow.model.events import Mask
from cd5flow.model.names import BLASTS, T_CELLS


@dataclass(frozen=True, slots=True)
class Family:
    """Reference cells that share a colour.

    Attributes:
        word: the legend's, short.
        colour: hexadecimal.
        population: the gate that holds them.
    """

    word: str
    colour: str
    population: str


FAMILIES: Final = (
    Family("granulocytes", "#56B4E9", "granulocytes"),
    Family("B + NK", "#009E73", "cd3_negative_lymphocytes"),
    Family("B", "#009E73", "b_cells"),
    Family("NK", "#CC79A7", "nk_cells"),
    Family("T", "#0072B2", T_CELLS),
    Family("blasts", "#D55E00", BLASTS),
)
"""An event of several is of the last."""

_NK: Final = "nk_cells"
_WITHOUT_NK: Final = Family("B", "#009E73", "cd3_negative_lymphocytes")

OTHERS: Final = ("#d4d4d4", "#3c3c3c")
"""Events of no family, from sparse to dense."""

LEFT_OUT: Final = ("#efefef", "#c4c4c4")
"""Events that a population leaves out."""


def families(members: Mapping[str, Mask]) -> tuple[Family, ...]:
    """Return the families that were gated; without NK cells, CD3-negative lymphocytes are B."""
    there = (family for family in FAMILIES if family.population in members)
    if _NK not in members:
        return tuple(there)
    return tuple(_WITHOUT_NK if f.population == _WITHOUT_NK.population else f for f in there)


def colour_of(population: str) -> str | None:
    """Return the colour of a reference population; None where it has none."""
    return next((f.colour for f in FAMILIES if f.population == population), None)


def word_of(population: str) -> str:
    """Return a reference population's short word; others keep their name."""
    return next((f.word for f in FAMILIES if f.population == population), population)


def named(family: Family) -> str:
    """Return what a family's events are called: what is left of a population has a short name."""
    return family.word if family == _WITHOUT_NK else family.population


def rgb(colour: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return a hexadecimal colour as (3,) numbers of 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
