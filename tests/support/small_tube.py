"""Whole analyses of tubes of a few piles of cells, gated at stated places: every count is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow.analysis.settings import make_settings
from cd5flow.fcs.write import write_fcs
from cd5flow.pipeline import Analysis, analyse_tube
from support.gating_factory import Entry, gate, lineage_path, raw_events, strategy_entries
from support.readout_factory import spread

FEW, MANY = 10.0, 10_000.0
"""A marker that cells lack, and one that they carry; every gate cuts between the two."""
CUT: Final = 1000.0
MARKERS: Final = ("FSC", "SSC", "CD45", "cyCD3", "CD3", "CD5")

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Cells:
    """A pile of equal cells: the markers that they carry, and the CD5 of each.

    Attributes:
        cd5: one value a cell, linear units.
        carries: markers at `MANY`; the others are at `FEW`.
        at: markers at another place.
    """

    cd5: Values
    carries: tuple[str, ...] = ("CD45",)
    at: Mapping[str, float] = field(default_factory=dict)

    def columns(self) -> list[Values]:
        """Return the values of each of `MARKERS`."""
        places = {m: MANY if m in self.carries else FEW for m in MARKERS} | dict(self.at)
        found = [np.full(self.cd5.size, places[m], dtype=np.float32) for m in MARKERS]
        found[MARKERS.index("CD5")] = self.cd5
        return found


def blasts(cd5: Values, *, carries: tuple[str, ...] = ("CD45", "cyCD3"), **at: float) -> Cells:
    return Cells(cd5, carries, at)


def t_cells(events: int = 300, cd5: float = 20_000.0) -> Cells:
    """Return normal T cells, CD5-bright."""
    return Cells(np.full(events, cd5, dtype=np.float32), ("CD45", "cyCD3", "CD3"))


def granulocytes(events: int = 1000) -> Cells:
    """Return cells without CD5, spread about 100."""
    return Cells(spread(events), ("CD45", "SSC"))


def above(marker: str, low: float = CUT) -> Entry:
    return {"method": "fixed", "sides": [{"axis": marker, "low": low}]}


def below(marker: str, high: float = CUT) -> Entry:
    return {"method": "fixed", "sides": [{"axis": marker, "high": high}]}


GATES: Final = (
    gate("granulocytes", above("SSC")),
    gate("t_cells", above("CD3")),
    gate("nucleated", above("CD45")),
)


def strategy(**entries: Any) -> Entry:
    """Return a strategy that finds the piles of this module; `entries` change it.

    No quality check has a limit, and no cells are taken to lie among the blasts by their CD45.
    """
    path = lineage_path(
        gate("cycd3_positive", above("cyCD3")),
        gate("blasts", below("CD3"), parent="cycd3_positive"),
    )
    found = strategy_entries(
        gates=GATES,
        paths=[path],
        references=["granulocytes"],
        prior_therapy=[],
        confidence=None,
    )
    found["quality"]["checks"] = {}
    found["quality"]["not_definite"] = []
    return {**found, **entries}


def limits_of(part: str, **changes: Any) -> Entry:
    """Return one part of that strategy's limits (`cd5`, `burden`, `quality`) with other values."""
    return {**strategy()[part], **changes}


def write_tube(path: Path, *cells: Cells) -> Path:
    """Write these piles, one after the other, as a tube."""
    columns = [np.concatenate(parts) for parts in zip(*(c.columns() for c in cells), strict=True)]
    raw = raw_events(dict(zip(MARKERS, columns, strict=True)))
    write_fcs(path, np.asarray(raw.values), channels=raw.channels, keywords={"$CYT": "Any"})
    return path


Analyse = Callable[..., Analysis]


def analysed(
    folder: Path,
    *cells: Cells,
    by: Entry | None = None,
    fmo: Sequence[Cells] = (),
    **words: Any,
) -> Analysis:
    """Return the analysis of these cells at relapse.

    Args:
        folder: where the files are written.
        cells: the piles.
        by: the strategy; that of this module by default.
        fmo: the piles of an FMO tube, where there is one.
        words: options of the analysis.
    """
    file = folder / "small.yaml"
    file.write_text(json.dumps(strategy() if by is None else by), "utf-8")
    controls = {"fmo": write_tube(folder / "fmo.fcs", *fmo)} if fmo else {}
    said = {"timepoint": "relapse", "spillover": "hardware", "controls": controls, **words}
    return analyse_tube(
        write_tube(folder / "tube.fcs", *cells), make_settings(strategy=file, **said)
    )
