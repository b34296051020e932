"""The line that a batch prints of a sample: unknown is said as unknown."""

from __future__ import annotations

from typing import Any

import pytest

from cd5flow.cli.summary import burden_words, cd5_words
from cd5flow.cli.terminal import clean, table
from cd5flow.model.result import BurdenSection, BurdenState
from support.analysed import CLEAR, NO_CD5, analysis


def burden(**changes: Any) -> BurdenSection:
    return analysis(CLEAR).result.burden.model_copy(update=changes)


def test_a_share_stands_with_its_counts_and_interval() -> None:
    cd5 = analysis(CLEAR).result.cd5
    words = cd5_words(cd5)
    assert words.startswith(f"MEETS (asked: >= 70 %); {cd5.percent:.1f} % of blasts, ")
    assert f"{cd5.positive_events:,}/{cd5.blast_events:,}" in words
    assert "95 % interval" in words


def test_no_share_is_said_so() -> None:
    words = cd5_words(analysis(NO_CD5).result.cd5)
    assert words.startswith("NOT_EVALUABLE (asked: >= 70 %); no percentage")


def test_a_burden_below_the_limit_of_quantification_is_not_a_number() -> None:
    low = burden(
        state=BurdenState.MRD_BELOW_LLOQ, percent=0.03, lloq_percent=0.05, lod_percent=0.02
    )
    assert "below the limit of quantification of 0.05 %" in burden_words(low)
    assert "0.03" not in burden_words(low)


@pytest.mark.parametrize("state", [BurdenState.OVERT, BurdenState.MRD_POSITIVE])
def test_a_quantified_burden_is_a_number(state: BurdenState) -> None:
    assert "; 12.3 %, " in burden_words(burden(state=state, percent=12.34))


def test_an_unknown_burden_is_said_so() -> None:
    assert "no percentage" in burden_words(burden(percent=None))


def test_a_table_is_aligned() -> None:
    assert table([["A", "LONG"], ["long", "b"]]) == ["A     LONG", "long  b"]


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert clean("a\x1b[2Jb\n") == "a [2Jb "
