"""Each population of blasts with its own CD5, and what looks like blasts and is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cd5flow.analysis.blast_populations import (
    blasts_section,
    excluded_sections,
    with_low_populations,
)
from cd5flow.config.shipped import strategy_file
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.events import Mask
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.limits import IntervalMethod, NotCounted
from cd5flow.model.members import Members, Population
from cd5flow.model.populations import UNPROVEN, Gating, LeukaemicPopulation, Lineage
from cd5flow.model.reasons import Reason
from cd5flow.model.result import BlastsSection, Cd5State, ExcludedSection, Result, Specimen
from cd5flow.pipeline import Analysis
from cd5flow.quantify.statistics import interval
from support.readout_factory import at, cd5_limits, share_of
from support.share_rules import at_least
from support.small_tube import Cells, analysed, blasts, granulocytes, strategy, t_cells

NORMAL = (granulocytes(1000), t_cells(300))
THRESHOLD = at_least(70)
PHENOTYPE = {
    **load_strategy(strategy_file("t-all-relapse")).value.model_dump(mode="json")["phenotype"],
    "negatives": [{"population": "granulocytes", "lacks": ["CD3", "cyCD3"]}],
}
LINEAGE = "cyCD3+ sCD3-"


def rows_of(one: Analysis, first: int, last: int) -> Mask:
    """Return these of the blasts, which stand behind 1,300 normal cells."""
    rows = np.arange(one.result.sample.events)
    return (rows >= 1300 + first) & (rows < 1300 + last)


def with_gates(one: Analysis, **masks: Mask) -> Members:
    members = Members(dict(one.gating.members))
    for name, mask in masks.items():
        members.add(name, Population(mask))
    return members


def told_apart(one: Analysis, *parts: tuple[int, int]) -> Gating:
    """Return the gating as if these stretches of the blasts were populations of their own."""
    names = [f"blasts_{i}" for i, _ in enumerate(parts, 1)]
    masks = {n: rows_of(one, *p) for n, p in zip(names, parts, strict=True)}
    return replace(
        one.gating,
        members=with_gates(one, **masks),
        leukaemic=tuple(LeukaemicPopulation(n, f"rule of {n}", "blasts") for n in names),
    )


def sections(one: Analysis, *parts: tuple[int, int]) -> BlastsSection:
    return blasts_section(told_apart(one, *parts), one.result.cd5, tube=one.tube)


def test_blasts_of_a_chain_of_gates_are_one_population(tmp_path: Path) -> None:
    found = analysed(tmp_path, *NORMAL, blasts(share_of(300, 400))).result
    (one,) = found.blasts.populations
    assert (one.name, one.lineage, one.events, one.percent_of_blasts) == (
        "blasts_1",
        LINEAGE,
        400,
        100.0,
    )
    assert (one.cd5_percent, one.ci95_percent) == (found.cd5.percent, found.cd5.ci95_percent)


def test_each_of_two_populations_has_its_own_cd5(tmp_path: Path) -> None:
    cd5 = np.concatenate([share_of(300, 300), share_of(10, 100)])
    one = analysed(tmp_path, *NORMAL, blasts(cd5))
    first, second = sections(one, (0, 300), (300, 400)).populations
    assert (first.name, first.events, first.percent_of_blasts) == ("blasts_1", 300, 75.0)
    assert (second.name, second.events, second.percent_of_blasts) == ("blasts_2", 100, 25.0)
    assert (first.lineage, second.lineage) == ("rule of blasts_1", "rule of blasts_2")
    assert (first.cd5_percent, second.cd5_percent) == (100.0, 10.0)
    assert second.ci95_percent == interval(10, 100, method=IntervalMethod.WILSON)


def test_events_outside_the_denominator_do_not_count(tmp_path: Path) -> None:
    outside = blasts(share_of(60, 100), carries=("cyCD3",))
    one = analysed(tmp_path, *NORMAL, blasts(share_of(300, 300)), outside)
    first, second = sections(one, (0, 200), (200, 400)).populations
    assert (first.events, second.events) == (200, 100)
    assert one.result.burden.blast_events == 300
    assert second.percent_of_blasts == pytest.approx(100 / 3)


def test_cells_of_a_population_that_are_no_blasts_do_not_count(tmp_path: Path) -> None:
    one = analysed(tmp_path, *NORMAL, blasts(share_of(300, 400)))
    first, _ = sections(one, (-200, 100), (100, 400)).populations
    assert first.events == 100


def test_without_a_percentage_of_the_whole_no_population_has_one(tmp_path: Path) -> None:
    one = analysed(tmp_path, *NORMAL, blasts(share_of(30, 40)))
    assert one.result.cd5.percent is None
    for part in sections(one, (0, 20), (20, 40)).populations:
        assert (part.cd5_percent, part.ci95_percent) == (None, None)


def test_a_tube_without_blasts_has_none(tmp_path: Path) -> None:
    found = analysed(tmp_path, *NORMAL).result
    assert found.blasts == BlastsSection()
    assert found.excluded == ()


def test_cells_whose_lineage_nothing_proves_are_no_population_of_blasts(tmp_path: Path) -> None:
    one = analysed(tmp_path, *NORMAL, blasts(share_of(300, 400)))
    unproven = Lineage(name=UNPROVEN, cluster=True, unproven_cluster=True)
    gating = replace(one.gating, lineage=unproven)
    assert blasts_section(gating, one.result.cd5, tube=one.tube) == BlastsSection()
    (row,) = excluded(one, gating)
    assert (row.name, row.events, row.why.case) == ("blasts", 400, "unproven")


def test_markers_are_told_in_words_and_cd5_is_not(tmp_path: Path) -> None:
    by = strategy(phenotype=PHENOTYPE)
    one = analysed(tmp_path, *NORMAL, blasts(share_of(300, 400), CD3=0.0), by=by)
    found = one.result.blasts
    assert found.phenotype == {"CD45": "positive", "cyCD3": "positive", "CD3": "negative"}
    assert found.populations[0].phenotype == found.phenotype


def test_a_strategy_without_the_rule_gives_no_words(tmp_path: Path) -> None:
    assert analysed(tmp_path, *NORMAL, blasts(share_of(300, 400))).result.blasts.phenotype == {}


def test_cd5_is_held_against_that_of_t_cells(tmp_path: Path) -> None:
    found = analysed(tmp_path, *NORMAL, blasts(share_of(300, 400))).result
    assert found.blasts.cd5_of_t_cells_percent == pytest.approx(100 * 10_000 / 20_000)
    negative = analysed(tmp_path, *NORMAL, blasts(share_of(0, 400))).result
    assert negative.blasts.cd5_of_t_cells_percent == pytest.approx(-0.5)


@pytest.mark.parametrize("normal", [(), (t_cells(300, cd5=-5.0),), (t_cells(300, cd5=0.0),)])
def test_without_cd5_on_t_cells_there_is_nothing_to_hold_it_against(
    tmp_path: Path, normal: tuple[Cells, ...]
) -> None:
    found = analysed(tmp_path, granulocytes(), *normal, blasts(share_of(300, 400))).result
    assert found.blasts.populations
    assert found.blasts.cd5_of_t_cells_percent is None


# A population with less CD5


def with_two(tmp_path: Path, second: int) -> tuple[Result, BlastsSection]:
    """Return a tube of 1,000 blasts; the last `second` of them have no CD5."""
    cd5 = np.concatenate([share_of(1000 - second, 1000 - second), share_of(0, second)])
    one = analysed(tmp_path, *NORMAL, blasts(cd5))
    return one.result, sections(one, (0, 1000 - second), (1000 - second, 1000))


@pytest.mark.parametrize(("second", "codes"), [(50, ["CD5_LOW_POPULATION"]), (49, [])])
def test_a_population_of_five_percent_that_does_not_meet_is_named(
    tmp_path: Path, second: int, codes: list[str]
) -> None:
    result, told = with_two(tmp_path, second)
    assert result.cd5.state is Cd5State.MEETS
    noted = with_low_populations(result.cd5, told, threshold=THRESHOLD, limits=cd5_limits())
    assert [reason.code for reason in noted.reasons if reason not in result.cd5.reasons] == codes
    assert noted.model_copy(update={"reasons": ()}) == result.cd5.model_copy(update={"reasons": ()})


def test_the_reason_names_population_share_and_cd5(tmp_path: Path) -> None:
    result, told = with_two(tmp_path, 200)
    noted = with_low_populations(result.cd5, told, threshold=THRESHOLD, limits=cd5_limits())
    assert noted.reasons[0] == Reason(
        "CD5_LOW_POPULATION", population="blasts_2", share=20.0, percent=0.0, rule=">= 70 %"
    )


def test_where_the_whole_does_not_meet_nothing_is_hidden(tmp_path: Path) -> None:
    result, told = with_two(tmp_path, 400)
    noted = with_low_populations(result.cd5, told, threshold=THRESHOLD, limits=cd5_limits())
    assert noted == result.cd5


# What was not counted


def beside(
    one: Analysis, *outside: LeukaemicPopulation, findings: tuple[Finding, ...] = (), **masks: Mask
) -> Gating:
    return replace(one.gating, members=with_gates(one, **masks), outside=outside, findings=findings)


NK = NotCounted(population="nk_cells", what="NK cells", why="nk")


def excluded(
    one: Analysis, gating: Gating, *rules: NotCounted, specimen: Specimen = Specimen.BONE_MARROW
) -> tuple[ExcludedSection, ...]:
    """Return what a strategy with these rules, or that of NK cells, excludes."""
    loaded = one.tube.rules.strategy
    asked = loaded.value.model_copy(update={"not_counted": rules or (NK,)})
    tube = replace(
        one.tube,
        rules=replace(one.tube.rules, strategy=replace(loaded, value=asked)),
        settings=replace(one.tube.settings, specimen=specimen),
    )
    return excluded_sections(gating, tube=tube)


def with_others(tmp_path: Path) -> Analysis:
    """Return a tube of 400 blasts and, behind them, 100 cells that the gates leave out."""
    others = Cells(at((100, 100.0)), ("CD45",))
    return analysed(tmp_path, *NORMAL, blasts(share_of(300, 400)), others)


def test_nk_cells_are_told_without_those_that_are_blasts(tmp_path: Path) -> None:
    one = with_others(tmp_path)
    (row,) = excluded(one, beside(one, nk_cells=rows_of(one, 380, 460)))
    assert (row.name, row.events) == ("nk_cells", 60)
    assert row.percent_of_denominator == pytest.approx(100 * 60 / 1800)
    assert row.why == Reason("EXCLUDED", case="nk")


def test_an_empty_gate_excludes_nothing(tmp_path: Path) -> None:
    one = with_others(tmp_path)
    assert excluded(one, beside(one, nk_cells=rows_of(one, 0, 0))) == ()


@pytest.mark.parametrize(
    ("lineage", "case"), [(UNPROVEN, "outside"), ("CD7+ without CD2", "not_accepted")]
)
def test_populations_outside_every_profile_are_named(
    tmp_path: Path, lineage: str, case: str
) -> None:
    one = with_others(tmp_path)
    found = LeukaemicPopulation("outside_1", lineage, "cells outside every profile")
    (row,) = excluded(one, beside(one, found, outside_1=rows_of(one, 400, 500)))
    assert (row.name, row.events, row.why.case) == ("outside_1", 100, case)
    assert row.model_dump(mode="json")["what"] == "cells outside every profile"


def test_no_cell_is_told_twice(tmp_path: Path) -> None:
    one = with_others(tmp_path)
    found = LeukaemicPopulation("outside_1", UNPROVEN, "cells outside every profile")
    rows = excluded(
        one,
        beside(one, found, nk_cells=rows_of(one, 400, 430), outside_1=rows_of(one, 400, 500)),
    )
    assert [row.events for row in rows] == [30, 70]


def test_a_thymus_is_the_reason_for_all_of_its_populations(tmp_path: Path) -> None:
    one = with_others(tmp_path)
    found = LeukaemicPopulation("outside_1", LINEAGE, "T-lineage blasts without surface CD3")
    smear = Finding(Severity.WARN, Reason("THYMUS_NOT_EXCLUDED"))
    gating = beside(one, found, findings=(smear,), outside_1=rows_of(one, 400, 500))
    (row,) = excluded(one, gating)
    assert row.why == Reason("EXCLUDED", case="thymus")


@pytest.mark.parametrize(
    ("specimen", "limit", "named"),
    [
        (Specimen.BONE_MARROW, 5.0, True),
        (Specimen.BONE_MARROW, 6.0, False),
        (Specimen.FLUID, 5.0, False),  # of which nothing is stated
    ],
)
def test_t_cells_are_named_where_they_are_more_than_usual(
    tmp_path: Path, specimen: Specimen, limit: float, *, named: bool
) -> None:
    one = with_others(tmp_path)
    rule = NotCounted(
        population="t_cells",
        what="mature T cells",
        why="many_t",
        above_percent={Specimen.BONE_MARROW: limit},
    )
    gating = beside(one, t_cells=rows_of(one, 400, 500))
    rows = excluded(one, gating, rule, specimen=specimen)
    assert [row.name for row in rows] == (["t_cells"] if named else [])
    assert [row.why for row in rows] == ([Reason("EXCLUDED", case="many_t", limit=5)] * named)
