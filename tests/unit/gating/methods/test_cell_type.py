"""The ellipse of a kind of cells that a profile names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from cd5flow.gating.methods.cell_type import CellType
from cd5flow.model.geometry import Ellipse
from support.gating_factory import inside, reason, resolved
from support.kinds_of_cells import (
    B_CELLS,
    BLASTS,
    GRANULOCYTES,
    NK_CELLS,
    NORMAL,
    T_HELPERS,
    T_KILLERS,
    view_of,
)

T_EVENTS = T_HELPERS.events + T_KILLERS.events


def kind(*kinds: str, **settings: Any) -> CellType:
    return CellType.model_validate(
        {
            "method": "cell_type",
            "kinds": kinds or ("t_cells",),
            "x": "CD3",
            "y": "CD45",
            **settings,
        },
        strict=False,
    )


def test_the_ellipse_holds_the_kind_and_little_else() -> None:
    view = view_of(*NORMAL)

    kept = inside(resolved(kind().find(view)).region, view)

    assert kept[:T_EVENTS].mean() > 0.9
    assert kept[T_EVENTS:].mean() < 0.02


def test_blasts_that_share_two_markers_with_a_kind_do_not_draw_it_to_them() -> None:
    alone, beside = view_of(*NORMAL), view_of(*NORMAL, BLASTS.with_(3_000, CD3=2.4, CD45=3.0))

    one, other = (resolved(kind().find(view)).region for view in (alone, beside))

    assert isinstance(one, Ellipse)
    assert isinstance(other, Ellipse)
    assert other.centre == pytest.approx(one.centre, rel=0.02)


def test_kinds_are_taken_together() -> None:
    view = view_of(*NORMAL)

    values = kind("b_cells", "nk_cells").find(view).evidence.values

    assert values["found"] == pytest.approx(B_CELLS.events + NK_CELLS.events, rel=0.03)
    assert values["sampled"] == pytest.approx(sum(pile.events for pile in NORMAL), rel=0.01)


def test_a_kind_that_the_tube_lacks_is_no_gate() -> None:
    assert reason(kind().find(view_of(B_CELLS, NK_CELLS, GRANULOCYTES))).endswith(
        "sampled cells are t_cells"
    )


def test_the_cells_that_references_are_told_from_stand_in_where_that_is_allowed() -> None:
    view = view_of(B_CELLS, NK_CELLS, GRANULOCYTES)

    outcome = kind(stand_in=True, x="CD45", y="SSC").find(view)

    kept = inside(resolved(outcome).region, view)
    lymphocytes = np.arange(kept.size) < B_CELLS.events + NK_CELLS.events
    assert kept[lymphocytes].mean() > 0.4
    assert not kept[~lymphocytes].any()
    assert "other lymphocytes" in str(outcome.evidence.note)


def test_only_the_parents_cells_place_it() -> None:
    view = view_of(*NORMAL)
    helpers = np.arange(view.inside.size) < T_HELPERS.events

    values = kind().find(replace(view, inside=helpers)).evidence.values

    assert values["found"] == pytest.approx(T_HELPERS.events, rel=0.03)


def test_cells_that_cannot_be_told_are_no_gate() -> None:
    view = replace(view_of(*NORMAL), cell_types=lambda: None)

    assert "too few events to tell cells by" in reason(kind().find(view))


def test_its_axes_are_two_markers() -> None:
    with pytest.raises(ValidationError, match="two axes are CD3"):
        kind(y="CD3")


def test_it_asks_for_a_kind() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        CellType.model_validate({"method": "cell_type", "kinds": [], "x": "CD3", "y": "CD45"})
