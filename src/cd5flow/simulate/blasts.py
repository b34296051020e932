"""Leukaemic blasts of T lineage as a population whose CD5 follows a chosen pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cd5flow.model.names import BLASTS
from cd5flow.model.result import Pattern
from cd5flow.simulate.populations import CellType, Expression

SCD3_DIM_LEVEL = 3.2
SCD3_BRIGHT_LEVEL = 4.0

_CD5 = MappingProxyType({
    Pattern.NEGATIVE: Expression(3.0, 0.2, 0.0),
    Pattern.PARTIAL: Expression(3.75, 0.22, 80.0),
    Pattern.DIM: Expression(2.75, 0.20, 100.0),
    Pattern.HETEROGENEOUS: Expression(2.95, 0.52, 100.0),
    Pattern.BRIGHT: Expression(4.05, 0.14, 98.0),
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastSpec:
    """The blasts of one patient. Levels are decades as in `populations`; None is absent.

    Attributes:
        cd5: how CD5 is spread over the blasts.
        cd5_carriers_percent: share that carries CD5 at all (the biological label); None takes the
            pattern's usual share. Each tube gets this share exactly, to one blast.
        cd5_level, cd5_spread: override the pattern's level and SD over the carriers.
        cd45_level: from a little above erythroid (2.2) to a little below T cells (4.45).
        cd7_level: None is CD7-negative.
        cd56_level: None is CD56-negative.
        scd3_level: surface CD3; None is negative, 3.2 dim, 4.0 like normal T cells.
        cycd3_level: cytoplasmic CD3.
        tdt_level, cd99_level: immaturity markers.
        cd34_percent, cd10_percent: share of blasts with CD34 and CD10.
        cd4_percent, cd8_percent: share of blasts with CD4 and CD8, drawn apart.
        cd38_level: CD38.
        fsc, ssc: median scatter.
        autofluorescence: background relative to a lymphocyte.
        spread: SD over the cells of the antigens other than CD5, in decades.
    """

    cd5: Pattern = Pattern.PARTIAL
    cd5_carriers_percent: float | None = None
    cd5_level: float | None = None
    cd5_spread: float | None = None
    cd45_level: float = 3.75
    cd7_level: float | None = 4.10
    cd56_level: float | None = None
    scd3_level: float | None = None
    cycd3_level: float | None = 3.80
    tdt_level: float | None = 3.40
    cd99_level: float | None = 3.90
    cd34_percent: float = 25.0
    cd10_percent: float = 15.0
    cd4_percent: float = 40.0
    cd8_percent: float = 35.0
    cd38_level: float | None = 4.00
    fsc: float = 70_000.0
    ssc: float = 22_000.0
    autofluorescence: float = 1.5
    spread: float = 0.16

    @property
    def cd5_expression(self) -> Expression:
        """CD5 over the blasts, the share of carriers included."""
        usual = _CD5[self.cd5]
        share = self.cd5_carriers_percent
        return Expression(
            usual.level if self.cd5_level is None else self.cd5_level,
            usual.spread if self.cd5_spread is None else self.cd5_spread,
            usual.percent if share is None else share,
        )

    def population(self) -> CellType:
        """Return the blasts as a population."""
        levels = {
            "CD7": self.cd7_level,
            "CD56": self.cd56_level,
            "CD3": self.scd3_level,
            "cyCD3": self.cycd3_level,
            "TdT": self.tdt_level,
            "CD99": self.cd99_level,
            "CD38": self.cd38_level,
            "CD2": 3.5,
        }
        antigens = {
            name: Expression(level, self.spread)
            for name, level in levels.items()
            if level is not None
        }
        parts: Mapping[str, tuple[float, float]] = {
            "CD34": (3.7, self.cd34_percent),
            "CD10": (3.3, self.cd10_percent),
            "CD4": (3.5, self.cd4_percent),
            "CD8": (3.7, self.cd8_percent),
        }
        for name, (level, percent) in parts.items():
            antigens[name] = Expression(level, 0.22, percent)
        antigens["CD45"] = Expression(self.cd45_level, 0.12)
        antigens["CD5"] = self.cd5_expression
        return CellType(
            name=BLASTS,
            fsc=self.fsc,
            ssc=self.ssc,
            fsc_spread=0.075,
            ssc_spread=0.075,
            antigens=antigens,
            autofluorescence=self.autofluorescence,
            stickiness=1.2,
        )
