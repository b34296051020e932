"""Tubes of piles of cells told in decades, for what names kinds of cells by profiles.

Every axis is a plain logarithm here: zero signal lies at 0, cells that lack a marker at `LACKING`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.gating.cell_types import CellPopulation, CellTypes, find_cell_types
from cd5flow.gating.profiles import Profiles
from cd5flow.gating.tube_view import TubeView
from cd5flow.model.scale import Log
from support.gating_factory import TOP, GatedInput, shipped_profiles, tube_of, tube_view

MARKERS: Final = (
    "FSC", "SSC", "CD45", "CD3", "cyCD3", "CD7", "CD2", "CD4", "CD8", "CD34", "TdT", "CD99", "CD19",
    "CD56", "CD5",
)  # fmt: skip
LACKING: Final = 0.5
SPREAD: Final = 0.09
SIZES: Final = {"FSC": 4.8, "SSC": 4.2}

DECADES: Final = Log(t=TOP, m=6)
"""A display scale of plain decades."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pile:
    """Cells about one place.

    Attributes:
        events: how many.
        at: marker to its place in decades; others at `LACKING`, scatter that of lymphocytes.
        shared: markers that only every second cell carries.
        smeared: marker to the place that it has moved to at the pile's other end, cell by cell.
    """

    events: int
    at: Mapping[str, float]
    shared: tuple[str, ...] = ()
    smeared: Mapping[str, float] | None = None

    def columns(self, rng: np.random.Generator) -> dict[str, Floats]:
        """Return linear values."""
        age = np.linspace(0, 1, self.events)
        found = {}
        for marker in MARKERS:
            place = np.full(self.events, self.at.get(marker, SIZES.get(marker, LACKING)))
            if marker in self.shared:
                place[::2] = LACKING
            if self.smeared is not None and marker in self.smeared:
                place = place + age * (self.smeared[marker] - place)
            spread = SPREAD if marker not in SIZES else SPREAD / 3
            found[marker] = 10 ** (place + spread * rng.standard_normal(self.events))
        return found

    def with_(self, events: int | None = None, **at: float) -> Pile:
        """Return other such cells, some markers elsewhere."""
        return replace(self, events=self.events if events is None else events, at={**self.at, **at})


T_PLACES: Final = {"CD45": 3.3, "CD3": 2.6, "cyCD3": 2.6, "CD7": 2.0, "CD2": 2.2, "CD5": 3.0}
T_HELPERS: Final = Pile(900, {**T_PLACES, "CD4": 2.5})
T_KILLERS: Final = Pile(600, {**T_PLACES, "CD8": 2.7})
B_CELLS: Final = Pile(500, {"CD45": 3.2, "CD19": 2.4})
NK_CELLS: Final = Pile(500, {"CD45": 3.3, "CD56": 2.3, "CD7": 2.3, "CD2": 1.9})
GRANULOCYTES: Final = Pile(2500, {"CD45": 2.9, "SSC": 4.9, "FSC": 4.95})
BLASTS: Final = Pile(
    1500,
    {"CD45": 2.6, "cyCD3": 2.2, "CD7": 2.6, "CD2": 1.8, "TdT": 2.0, "CD99": 2.2, "FSC": 4.9}
    | {"SSC": 4.3},
)
"""cyCD3+ sCD3- and immature."""
NORMAL: Final = (T_HELPERS, T_KILLERS, B_CELLS, NK_CELLS, GRANULOCYTES)


def arrays_of(*piles: Pile, seed: int = 1) -> dict[str, Floats]:
    """Return marker to the linear values of piles, one after the other."""
    rng = np.random.default_rng(seed)
    columns = [pile.columns(rng) for pile in piles]
    return {m: np.concatenate([one[m] for one in columns]) for m in MARKERS}


def view_of(*piles: Pile) -> TubeView:
    """Return what a gate sees of piles, kinds of cells told by the shipped profiles."""
    found = told(*piles)
    return replace(tube_view(arrays_of(*piles), scale=DECADES), cell_types=lambda: found)


def tube_of_piles(*piles: Pile) -> GatedInput:
    return tube_of(arrays_of(*piles))


def told(
    *piles: Pile, by: Profiles | None = None, seed: int = 0, without: tuple[str, ...] = ()
) -> CellTypes:
    """Return the kinds of cells of piles; nothing to tell by fails the test.

    Args:
        piles: the tube.
        by: profiles; the shipped ones by default.
        seed: of the grouping.
        without: markers that the tube lacks.
    """
    tube = tube_of_piles(*piles).without(without)
    found = find_cell_types(
        np.ones(len(tube.columns), dtype=np.bool_),
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        profiles=shipped_profiles() if by is None else by,
        rng=np.random.default_rng(seed),
    )
    assert found is not None
    return found


def names_of(found: CellTypes, piles: tuple[Pile, ...]) -> list[str]:
    """Return what most of each pile's sampled cells are called: a normal name, a suspect's, or ``""``."""
    names = found.names.astype(object)
    for one in found.suspects:
        names[np.isin(found.rows, one.rows)] = one.name
    ends = np.cumsum([0, *(pile.events for pile in piles)])
    most = []
    for first, last in pairwise(ends):
        own = names[(found.rows >= first) & (found.rows < last)]
        called, counts = np.unique(own.astype(str), return_counts=True)
        most.append(str(called[np.argmax(counts)]) if counts.max() > 0.8 * own.size else "mixed")
    return most


def large(found: CellTypes, share: float = 0.02) -> tuple[CellPopulation, ...]:
    """Return the suspects that hold a share of the sampled cells."""
    return tuple(one for one in found.suspects if len(one.rows) >= share * len(found.rows))
