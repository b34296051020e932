"""The word for a marker on blasts, against cells of the same tube that lack it or carry it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.config.shipped import strategy_file
from cd5flow.errors import StrategyError
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.phenotype_rule import PhenotypeRule
from cd5flow.model.scale import Logicle
from cd5flow.model.states import MarkerWord
from cd5flow.quantify.marker_words import Words, marker_words
from support.gating_factory import columns_of, panel_of, raw_events
from support.readout_factory import at, cd5_limits, spread
from support.small_tube import strategy

Values = npt.NDArray[np.float32]

N = 400
RULE = PhenotypeRule.model_validate(
    {
        "events": 50,
        "negatives": [
            {"population": "t_cells", "lacks": ["CD34"]},
            {"population": "granulocytes", "lacks": ["CD34", "CD7", "CD5", "FSC"]},
        ],
        "carried": ["CD7", "CD45", "CD5"],
        "negative_spreads": 3,
        "negative_percent": 20,
        "t_cells_decades": 0.4,
        "dim_decades": 0.5,
        "bright_decades": 1.5,
    }
)
ROWS = np.arange(3 * N)
MEMBERS = {
    "granulocytes": ROWS < N,
    "t_cells": (ROWS >= N) & (ROWS < 2 * N),
    "blasts": ROWS >= 2 * N,
}
NOTHING = spread(N, centre=0.0, sd=10.0)
"""Cells that lack a marker; with three SD above them an event is positive."""


SCALE = Logicle(t=262_144.0)


def one(centre: float, sd: float = 0.05) -> Values:
    """Return one narrow population; `sd` in decades."""
    return spread(N, centre, sd, decades=True)


def words(
    *,
    without: tuple[str, ...] = (),
    **markers: tuple[Values, Values, Values],
) -> Words:
    """Return the words for markers given on granulocytes, T cells and blasts, in this order."""
    raw = raw_events({m: np.concatenate(parts) for m, parts in markers.items()})
    panel = panel_of(raw)
    members = {name: mask for name, mask in MEMBERS.items() if name not in without}
    told = marker_words(
        {"blasts": MEMBERS["blasts"]},
        members,
        columns=columns_of(raw),
        panel=panel,
        scales=dict.fromkeys(panel.markers.values(), SCALE),
        rule=RULE,
        limits=cd5_limits().pattern,
    )
    return told["blasts"]


@pytest.mark.parametrize(
    ("blasts", "word"),
    [
        (NOTHING, MarkerWord.NEGATIVE),
        (at((79, 1000.0), (321, 0.0)), MarkerWord.NEGATIVE),
        (one(60.0), MarkerWord.DIM),
        (one(400.0), MarkerWord.POSITIVE),
        (one(3000.0), MarkerWord.BRIGHT),
        (at((200, 1000.0), (200, 0.0)), MarkerWord.PARTIAL),
        (one(600.0, sd=0.55), MarkerWord.HETEROGENEOUS),
    ],
)
def test_what_t_cells_lack_is_told_by_how_far_it_lies_above_negatives(
    blasts: Values, word: MarkerWord
) -> None:
    assert words(CD34=(NOTHING, NOTHING, blasts)) == {"CD34": word}


@pytest.mark.parametrize(
    ("blasts", "word"),
    [
        (NOTHING, MarkerWord.NEGATIVE),
        (one(1900.0), MarkerWord.DIM),
        (one(2100.0), MarkerWord.POSITIVE),
        (one(12_000.0), MarkerWord.POSITIVE),
        (one(13_000.0), MarkerWord.BRIGHT),
    ],
)
def test_what_t_cells_carry_is_told_beside_them(blasts: Values, word: MarkerWord) -> None:
    assert words(CD7=(NOTHING, one(5000.0), blasts)) == {"CD7": word}


def test_a_marker_that_no_cell_lacks_is_never_negative() -> None:
    found = words(CD45=(one(3000.0), one(20_000.0), one(20.0)))
    assert found == {"CD45": MarkerWord.DIM}


def test_without_t_cells_the_negatives_tell() -> None:
    found = words(without=("t_cells",), CD7=(NOTHING, NOTHING, one(400.0)))
    assert found == {"CD7": MarkerWord.POSITIVE}


def test_the_next_cells_that_lack_a_marker_stand_in() -> None:
    found = words(without=("t_cells",), CD34=(NOTHING, one(4000.0), one(400.0)))
    assert found == {"CD34": MarkerWord.POSITIVE}


def test_what_nothing_in_the_tube_tells_has_no_word() -> None:
    assert words(CD38=(NOTHING, NOTHING, one(400.0))) == {}
    assert words(without=("t_cells",), CD45=(NOTHING, NOTHING, one(400.0))) == {}


def test_cd5_and_scatter_have_no_word_whatever_the_strategy_says() -> None:
    cells = (NOTHING, one(5000.0), one(400.0))
    assert words(CD5=cells, FSC=cells) == {}


def test_blasts_are_not_among_the_cells_that_they_are_held_against() -> None:
    raw = raw_events({"CD34": np.concatenate([NOTHING, one(400.0)])})
    blasts = np.arange(2 * N) >= N
    told = marker_words(
        {"blasts": blasts},
        {"t_cells": np.ones(2 * N, dtype=np.bool_), "blasts": blasts},
        columns=columns_of(raw),
        panel=panel_of(raw),
        scales=dict.fromkeys(panel_of(raw).markers.values(), SCALE),
        rule=RULE,
        limits=cd5_limits().pattern,
    )
    assert told == {"blasts": {"CD34": MarkerWord.POSITIVE}}


def test_too_few_cells_have_no_word() -> None:
    raw = raw_events({"CD34": np.concatenate([NOTHING, one(400.0)])})
    few = (np.arange(2 * N) >= N) & (np.arange(2 * N) < N + 49)
    told = marker_words(
        {"blasts": few},
        {"t_cells": np.arange(2 * N) < N},
        columns=columns_of(raw),
        panel=panel_of(raw),
        scales=dict.fromkeys(panel_of(raw).markers.values(), SCALE),
        rule=RULE,
        limits=cd5_limits().pattern,
    )
    assert told == {"blasts": {}}


@pytest.mark.parametrize("name", ["t-all-relapse", "t-all-mrd"])
def test_shipped_strategies_say_by_which_cells_markers_are_told(name: str) -> None:
    rule = load_strategy(strategy_file(name)).value.phenotype
    assert rule is not None
    assert all("CD5" not in cells.lacks for cells in rule.negatives)
    assert "CD5" not in rule.carried


def test_a_strategy_that_names_cells_no_gate_finds_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(json.dumps(strategy(phenotype=RULE.model_dump(mode="json"))), "utf-8")
    assert load_strategy(file).value.phenotype == RULE
    wrong = {**RULE.model_dump(mode="json"), "negatives": [{"population": "b", "lacks": ["CD3"]}]}
    file.write_text(json.dumps(strategy(phenotype=wrong)), "utf-8")
    with pytest.raises(StrategyError, match="no gate is named 'b'"):
        load_strategy(file)
