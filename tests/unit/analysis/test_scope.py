"""Of which disease a tube without disease speaks, by its panel, its therapies and its diagnosis."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from cd5flow.analysis.scope import find_scope, is_countable, panel_gap, was_searched
from cd5flow.analysis.stages import Tube
from cd5flow.config.shipped import strategy_file
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.geometry import Dimension, Interval
from cd5flow.model.laip import Laip
from cd5flow.model.members import Members
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Evidence, Gate, GateTree, Gating, Lineage
from cd5flow.model.result import PriorTherapy, Scope

STRATEGY = load_strategy(strategy_file("t-all-mrd")).value
LAIP = Laip(sample="first", sha256="0" * 64, lineage="cyCD3+ sCD3-", blast_events=900, markers={})
CYTOPLASMIC = "CD45 cyCD3 CD3 CD7 CD5"
SURFACE = "CD45 CD3 CD7 CD5 CD16+CD56"


def tube(panel: str, *, after: tuple[str, ...] = (), laip: Laip | None = None) -> Tube:
    markers = {marker: marker for marker in panel.split()}
    settings = SimpleNamespace(laip=laip, prior_therapy=tuple(PriorTherapy(word) for word in after))
    held = SimpleNamespace(
        settings=settings, strategy=STRATEGY, panel=Panel(channels=(), markers=markers, labels={})
    )
    return cast("Tube", held)


def gating(*populations: str, method: str = "relative") -> Gating:
    mask = np.ones(3, dtype=np.bool_)
    gates = tuple(
        Gate(name, "all", Interval(Dimension("CD45"), 0), Evidence(method, 3))
        for name in populations
    )
    return Gating(
        tree=GateTree(gates),
        members=Members(dict.fromkeys(("all", *populations), mask)),
        findings=(),
        lineage=Lineage(),
        denominator_rule="cells",
    )


FOUND = gating("look_alikes")


@pytest.mark.parametrize(
    ("panel", "scope"),
    [
        (CYTOPLASMIC, Scope.SCD3_NEGATIVE),
        (f"{CYTOPLASMIC} CD56", Scope.SCD3_NEGATIVE),
        (SURFACE, Scope.CD7_POSITIVE),
        ("CD45 CD3 CD7 CD56", Scope.CD7_POSITIVE),
        ("CD45 CD3 CD7 CD16", Scope.CD7_POSITIVE),
        ("CD45 CD3 CD7", None),  # NK cells cannot be told
        ("CD45 CD7 CD56", None),  # nor T cells
        ("CD45 CD3 CD56", None),
        ("CD45 cyCD3 CD7", None),
    ],
)
def test_the_panel_names_the_disease(panel: str, scope: Scope | None) -> None:
    assert find_scope(tube(panel), FOUND) is scope


def test_after_cd7_car_cd7_names_no_disease() -> None:
    assert find_scope(tube(SURFACE, after=("cd7_car",)), FOUND) is None
    assert find_scope(tube(CYTOPLASMIC, after=("cd7_car",)), FOUND) is Scope.SCD3_NEGATIVE


@pytest.mark.parametrize("panel", [CYTOPLASMIC, SURFACE, "CD45 CD3 CD7"])
def test_the_phenotype_at_diagnosis_is_the_disease_where_it_placed_a_gate(panel: str) -> None:
    guided = gating("as_at_diagnosis", "look_alikes", method="as_at_diagnosis")
    assert find_scope(tube(panel, laip=LAIP), guided) is Scope.AT_DIAGNOSIS
    assert find_scope(tube(panel, laip=LAIP), FOUND) is find_scope(tube(panel), FOUND)


def test_what_the_panel_lacks_is_named() -> None:
    assert panel_gap(tube(SURFACE).panel) == ()
    assert panel_gap(tube("CD5 CD19").panel) == ("CD45", "one of cyCD3, CD3, CD7")


@pytest.mark.parametrize(
    ("populations", "searched", "countable"),
    [
        (("blasts",), True, True),
        (("look_alikes",), True, True),
        (("t_landmark",), False, True),
        (("nucleated",), False, False),
    ],
)
def test_nothing_found_is_a_count_of_zero_where_blasts_would_have_a_place(
    populations: tuple[str, ...], *, searched: bool, countable: bool
) -> None:
    found = gating(*populations)
    assert was_searched(tube(SURFACE), found) is searched
    assert is_countable(tube(SURFACE), found) is countable
    assert not was_searched(tube("CD3 CD7"), found)
    assert not is_countable(tube("CD3 CD7"), found)
