"""What a strategy file may not say of groups, landmarks and what must be believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.analysis.rule_files import check_strategy
from cd5flow.errors import StrategyError
from support.paths import STRATEGIES

SHIPPED = (STRATEGIES / "t-all-relapse.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("[CD45, FSC, TdT", "[CD45, CD5, TdT", "CD5 must not take part in telling who is a blast"),
        ("[[CD45, SSC]", "[[CD5, SSC]", "CD5 must not take part in telling who is a blast"),
        ("within: viable", "within: viabel", "no gate is named 'viabel'"),
        ("grouped: in_range", "grouped: range", "no gate is named 'range'"),
        ("in_place: [t_landmark]", "in_place: [t_mark]", "no gate is named 't_mark'"),
        ("found: [cd45_positive]", "found: [cd45]", "no gate is named 'cd45'"),
        ("- population: t_cells\n      k", "- population: t_cell\n      k", "named 't_cell'"),
        ("      kinds: [t_cells]\n      a", "      kinds: [tees]\n      a", "cells named 'tees'"),
        ("aside: [aggregates", "aside: [aggregate", "no kind of cells named 'aggregate'"),
        ("kinds: [t_cells]", "kinds: [tcells]", "no kind of cells named 'tcells'"),
        ("immature: [prog", "immature: [gran", "no kind of cells named 'granenitors'"),
        ("known: [b_pre", "known: [c_pre", "no kind of cells named 'c_precursors'"),
        ("profiles: t-all", "markers: {}", "no profiles are named"),
        ("axes: [FSC, SSC, CD45,", "axes: [FSC, CD5, CD45,", "must not look at CD5"),
    ],
)
def test_a_fault_is_told_with_its_place(
    tmp_path: Path, written: str, instead: str, said: str
) -> None:
    assert written in SHIPPED
    file = tmp_path / "mine.yaml"
    file.write_text(SHIPPED.replace(written, instead, 1), "utf-8")
    with pytest.raises(StrategyError, match=said) as caught:
        check_strategy(file)
    assert all(line.startswith(f"{file}:") for line in str(caught.value).splitlines())


def test_the_shipped_strategies_have_none() -> None:
    for file in STRATEGIES.glob("*.yaml"):
        assert check_strategy(file).value.profiles == "t-all"
