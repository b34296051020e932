"""Families of tubes that a laboratory brings, with the ranges their settings are drawn from.

Families and ranges are those that laboratories report [D]; what they leave open
is chosen here ([R]). Percentages: `burden` and `thymocytes` of nucleated single cells,
`granulocytes` and `t_cells` of the other, normal nucleated cells, `offscale`, `outliers`,
`debris`, `dead`, `doublets` of all events, `matrix_error` of each spillover coefficient (sd).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from clinic_cells import Clone
from clinic_panels import PANELS

Value = float | int | str | bool


@dataclass(frozen=True)
class Range:
    """Uniform between two bounds, or log-uniform."""

    low: float
    high: float
    log: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        """Draw one value."""
        if self.log:
            return float(math.exp(rng.uniform(math.log(self.low), math.log(self.high))))
        return float(rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class Choice:
    """One of several values or ranges, equally likely; repeat one to favour it."""

    of: tuple[Value | Range, ...]

    def draw(self, rng: np.random.Generator) -> Value:
        """Draw one value."""
        chosen = self.of[int(rng.integers(len(self.of)))]
        return chosen.draw(rng) if isinstance(chosen, Range) else chosen


Setting = Value | Range | Choice


@dataclass(frozen=True)
class Family:
    """What a family stands for and where its settings differ from the usual ones."""

    what: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    undecidable: str = ""


CY: Final = Choice(("dx12", "dx10", "dx10t", "dx8", "dx8n", "dx8t"))
SURFACE: Final = Choice(("surf10", "surf10b", "surf8", "surfdx"))
ANY: Final = Choice((*CY.of, *SURFACE.of))
_WHOLE: Final = Choice((0.0, 0.0, Range(2.6, 4.15)))

USUAL: Final[Mapping[str, Setting]] = MappingProxyType({
    "panel": CY, "cytometer": Choice(("diva", "diva", "diva-h", "diva-ssw")),
    "specimen": Choice(("bone_marrow", "bone_marrow", "peripheral_blood")),
    "timepoint": "relapse", "fmo": Choice((True, False)), "events": Range(20e3, 60e3),
    "burden": Range(6.0, 85.0), "granulocytes": Range(8.0, 60.0),
    "t_cells": Range(1.5, 25.0, log=True), "thymocytes": 0.0, "regenerating": False,
    "offscale": Choice((0.0, 0.0, 0.0, 0.0, 0.0, Range(0.0, 20.0))),
    "outliers": Choice((0.0, 0.0, Range(0.0, 0.1))), "debris": Range(2.0, 20.0),
    "matrix_error": 2.0,
    "dead": Range(0.2, 4.0), "doublets": Range(0.8, 5.0),
    "cd45": Range(2.8, 4.15), "scd3": 0.0, "cycd3": Range(3.2, 4.2), "cd7": Range(3.3, 4.4),
    "cd56": 0.0, "cd5": Range(2.75, 4.1),
    "cd5_share": Choice((Range(0.0, 15.0), Range(20.0, 100.0), Range(78.0, 100.0))),
    "cd2": Choice((0.0, Range(2.6, 4.0))), "n_signs": -1, "second_share": 0.0,
    "second_scd3": 0.0, "aml": 0.0, "aml_cd7": 3.6, "aml_cd34": 3.8,
})  # fmt: skip

_MRD: Final[dict[str, Setting]] = {
    "timepoint": "mrd", "burden": Range(0.003, 5.0, log=True), "events": Range(100e3, 340e3),
    "specimen": "bone_marrow", "regenerating": Choice((True, False)),
}  # fmt: skip
_CLEAN: Final[dict[str, Setting]] = {**_MRD, "burden": 0.0, "events": Range(150e3, 400e3)}

FAMILIES: Final[Mapping[str, Family]] = MappingProxyType({
    "ordinary": Family("relapse in marrow or blood, cyCD3 in the panel", {}),
    "cd45": Family("CD45 of blasts from nearly none to that of lymphocytes",
                   {"cd45": Range(1.9, 4.3)}),
    "scd3": Family("surface CD3 of the clone from dim to bright, 0 to 3 signs of immaturity",
                   {"scd3": Range(2.5, 4.2), "n_signs": Choice((0, 1, 2, 2, 3, 3)),
                    "panel": Choice((*CY.of, "surf10", "surf10b"))}),
    "two-clones": Family("a second clone with another phenotype and other CD5",
                         {"second_share": Range(5.0, 50.0), "second_scd3": _WHOLE,
                          "n_signs": Choice((2, 3)), "burden": Range(10.0, 85.0)}),
    "cd56": Family("CD56 of blasts from none to bright, with cyCD3, TdT, CD99 or without",
                   {"cd56": Range(0.5, 4.0), "cd45": Range(3.2, 4.3),
                    "panel": Choice(("dx12", "dx10", "dx8n", "dx12", "dx10", "surf10",
                                     "surf10b"))}),
    "granulocytes": Family("granulocytes from none to most of the cells",
                           {"granulocytes": Choice((0.0, Range(0.0, 5.0), Range(5.0, 60.0))),
                            "panel": ANY, "specimen": Choice(("tissue", "bone_marrow"))}),
    "t-cells": Family("T cells from hardly any to most of the cells",
                      {"t_cells": Choice((Range(0.1, 1.0), Range(35.0, 60.0))), "panel": ANY,
                       "granulocytes": Range(0.0, 38.0)}),
    "off-scale": Family("granulocytes at the end of side scatter",
                        {"offscale": Range(3.0, 40.0), "granulocytes": Range(40.0, 60.0),
                         "burden": Range(6.0, 45.0), "cytometer": Choice(("diva", "diva-h"))}),
    "outliers": Family("antibody aggregates far beyond every population",
                       {"outliers": Range(0.05, 0.5), "panel": ANY,
                        "burden": Choice((0.0, Range(6.0, 60.0)))}),
    "only-blasts": Family("blood with hardly a normal cell",
                          {"burden": Range(90.0, 99.9), "specimen": "peripheral_blood",
                           "t_cells": Range(5.0, 40.0)}),
    "fluid": Family("effusion or CSF with few events",
                    {"specimen": Choice(("fluid", "csf")), "events": Range(1500.0, 7000.0),
                     "granulocytes": Range(0.0, 4.0), "t_cells": Range(10.0, 60.0),
                     "burden": Range(5.0, 90.0)}),
    "node": Family("lymph node",
                   {"specimen": "tissue", "granulocytes": Range(0.0, 2.0), "panel": ANY,
                    "t_cells": Range(20.0, 60.0), "burden": Range(5.0, 90.0)}),
    "thymus": Family("normal thymocytes, no disease",
                     {"specimen": Choice(("tissue", "fluid")), "thymocytes": Range(4.0, 95.0),
                      "burden": 0.0, "granulocytes": Range(0.0, 30.0),
                      "t_cells": Range(5.0, 40.0),
                      "panel": Choice(("dx12", "dx10", "dx10t", "dx8t"))}),
    "thymus-clone": Family("a clone beside normal thymocytes",
                           {"specimen": "tissue", "thymocytes": Range(3.0, 60.0),
                            "burden": Range(8.0, 40.0), "granulocytes": Range(0.0, 20.0),
                            "t_cells": Range(5.0, 40.0), "n_signs": Choice((2, 3)),
                            "panel": Choice(("dx12", "dx10", "dx10t", "dx8t"))}),
    "cd7-negative": Family("blasts without CD7 in tubes with cyCD3",
                           {"cd7": Choice((0.0, Range(1.5, 2.5)))}),
    "surface": Family("overt disease in surface-only tubes",
                      {"panel": SURFACE, "cytometer": Choice(("diva", "diva-h", "dxflex"))}),
    "width-only": Family("area and width, no height", {"cytometer": "width", "panel": ANY}),
    "heights-only": Family("heights alone", {"cytometer": "heights"}),
    "dxflex": Family("scales of a DxFLEX", {"cytometer": "dxflex", "panel": ANY}),
    "aml-cd7": Family("a myeloid leukaemia with CD7, no T-ALL",
                      {"burden": 0.0, "aml": Range(15.0, 80.0), "aml_cd7": Range(2.6, 4.1),
                       "aml_cd34": Choice((0.0, Range(3.3, 4.2))), "panel": ANY}),
    "clean-relapse": Family("no disease, sent as relapse",
                            {"burden": 0.0, "panel": ANY,
                             "regenerating": Choice((True, False))}),
    "mrd": Family("0.003 to 5 % in a regenerating or steady marrow, cyCD3 in the panel", _MRD),
    "mrd-surface": Family("0.003 to 5 % in surface-only tubes", {**_MRD, "panel": SURFACE}),
    "mrd-clean": Family("no disease, cyCD3 in the panel", _CLEAN),
    "mrd-clean-surface": Family("no disease, surface-only", {**_CLEAN, "panel": SURFACE}),
    "undecidable-thymus": Family(
        "thymocytes without CD4, CD8 and CD1a in the panel",
        {"specimen": "tissue", "thymocytes": Range(20.0, 95.0), "burden": 0.0,
         "granulocytes": Range(0.0, 20.0), "panel": Choice(("dx8", "dx8n", "surf8"))},
        "thymocytes without CD4/CD8/CD1a in the panel"),
    "undecidable-cd56": Family(
        "CD56+ blasts at lymphocyte CD45 without cyCD3, CD99, CD34",
        {"panel": Choice(("surf10", "surf10b", "surfdx")), "cd56": Range(3.1, 4.0),
         "cd45": Range(4.2, 4.35), "n_signs": 0}, "CD56+ at lymphocyte CD45, nothing else"),
    "undecidable-cd7": Family(
        "CD7- blasts without cyCD3", {"panel": SURFACE, "cd7": 0.0, "n_signs": Choice((0, 1))},
        "CD7- blasts without cyCD3"),
    "undecidable-cd34": Family(
        "CD34-bright CD7+ cells without cyCD3 and CD2",
        {"panel": Choice(("surf10", "surf8")), "n_signs": 0, "cd34": True},
        "CD34-bright CD7+ cells without cyCD3 and CD2"),
    "undecidable-scd3": Family(
        "a sCD3+ clone 0.25 decades below T cells, no sign of immaturity",
        {"panel": ANY, "scd3": Range(3.7, 3.9), "cd45": Range(4.0, 4.1), "n_signs": 0},
        "sCD3+ clone near T cells without a sign of immaturity"),
})  # fmt: skip

SIGNS: Final = ("TdT", "CD34", "CD1a", "CD99", "CD45", "CD4+CD8+")
STRONG: Final = frozenset({"TdT", "CD34", "CD1a"})
_OFTEN: Final = MappingProxyType(
    {"TdT": 0.7, "CD34": 0.35, "CD1a": 0.35, "CD99": 0.8, "CD10": 0.3, "CD4+CD8+": 0.35}
)


def draw_settings(
    family: str, rng: np.random.Generator, given: Mapping[str, Setting]
) -> dict[str, Value]:
    """Return one value for every setting: given, else the family's range, else the usual one.

    Raises:
        KeyError: an unknown family or setting.
    """
    rules: dict[str, Setting] = {**USUAL, "cd34": False, **FAMILIES[family].settings}
    if unknown := sorted(set(given) - set(rules)):
        raise KeyError(f"settings: found {unknown}, expected some of {sorted(rules)}")
    rules.update(given)
    return {
        name: rule.draw(rng) if isinstance(rule, Range | Choice) else rule
        for name, rule in rules.items()
    }


def _visible(signs: frozenset[str], markers: frozenset[str]) -> frozenset[str]:
    return frozenset(s for s in signs if set(s.split("+")) <= markers)


def draw_clones(settings: dict[str, Value], rng: np.random.Generator) -> tuple[Clone, ...]:
    """Return the leukaemic populations that the settings describe, none to two.

    With `n_signs` 0 or more, that many of the signs that the panel shows, and no other; the sign
    CD45 puts it at 2.9 to 3.7. With -1 the signs come as often as in T-ALL (half as often under
    therapy [D]), CD34 not where it would leave the lineage open.
    """
    if not float(settings["burden"]):
        return ()
    first = _draw_clone(settings, float(settings["scd3"]), rng)
    if not float(settings["second_share"]):
        return (first,)
    second = _draw_clone(settings, float(settings["second_scd3"]), rng)
    # Another phenotype: at least CD45, CD7 and CD5 differ. [R]
    second = replace(
        second,
        cd45=float(np.clip(first.cd45 + rng.choice([-1, 1]) * rng.uniform(0.3, 0.8), 2.4, 4.25)),
        cd7=float(rng.uniform(3.0, 4.4)),
        cd5=float(rng.uniform(2.8, 4.1)),
        cd5_share=float(rng.uniform(0, 12) if first.cd5_share > 50 else rng.uniform(80, 100)),
    )
    return first, second


def _draw_clone(settings: dict[str, Value], scd3: float, rng: np.random.Generator) -> Clone:
    markers = PANELS[str(settings["panel"])].markers
    cd45, count = float(settings["cd45"]), int(settings["n_signs"])
    if count < 0:
        scale = 0.6 if settings["timepoint"] == "mrd" else 1.0
        signs = {s for s, often in _OFTEN.items() if rng.random() < often * scale}
        if not {"cyCD3", "CD2"} & markers:
            signs.discard("CD34")
    else:
        shown = sorted(_visible(frozenset(SIGNS), markers))
        signs = set(rng.permutation(shown)[:count].tolist())
        if "CD45" in signs:
            cd45 = float(rng.uniform(2.9, 3.7))
        elif scd3 >= 2.4 and count < 3:
            cd45 = max(cd45, float(rng.uniform(4.0, 4.3)))
    if settings["cd34"]:
        signs.add("CD34")
    side = int(rng.integers(4))
    return Clone(
        cd45=cd45, scd3=scd3, cycd3=max(float(settings["cycd3"]), scd3 - 0.2),
        cd7=float(settings["cd7"]),
        cd56=float(settings["cd56"]), cd5=float(settings["cd5"]),
        cd5_share=float(settings["cd5_share"]), cd2=float(settings["cd2"]),
        helper=float(rng.uniform(2.8, 4.0)) if side == 1 else 0.0,
        cytotoxic=float(rng.uniform(2.8, 4.2)) if side == 2 else 0.0,
        signs=frozenset(signs - {"CD45"}),
    )  # fmt: skip


def undecidable(settings: Mapping[str, Value], clones: tuple[Clone, ...]) -> str:
    """Return why markers cannot decide this tube, or nothing."""
    markers = PANELS[str(settings["panel"])].markers
    if float(settings["thymocytes"]) >= 1 and not ({"CD1a"} <= markers or {"CD4"} <= markers):
        return "thymocytes without CD4/CD8/CD1a in the panel"
    for clone in clones:
        if why := _open_question(clone, markers):
            return why
    return FAMILIES[str(settings["family"])].undecidable


def _open_question(clone: Clone, markers: frozenset[str]) -> str:
    shown = _visible(clone.signs, markers)
    low = {"CD45"} if clone.cd45 <= 3.9 else set()
    if clone.scd3 >= 3.4 and not shown & STRONG:
        weak = len((shown & {"CD99", "CD4+CD8+"}) | low)
        if weak < 2:
            return f"sCD3+ clone with {weak} weak signs of immaturity"
    if clone.scd3 >= 2.4 or "cyCD3" in markers:
        return ""
    if clone.cd7 < 2.6:
        return "CD7- blasts without cyCD3"
    nk_like = clone.cd56 >= 2.5 and clone.cd45 >= 3.9
    if nk_like and not shown & {"CD99", "CD34", "TdT", "CD1a", "CD4+CD8+"}:
        return "CD56+ at lymphocyte CD45, nothing else"
    if "CD34" in shown and "CD2" not in markers:
        return "CD34-bright CD7+ cells without cyCD3 and CD2"
    return ""
