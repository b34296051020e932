from __future__ import annotations

from functools import cache

import pytest

from cd5flow.errors import OverrideError
from cd5flow.gating.apply import inside_of
from cd5flow.model.geometry import Ellipse, Interval, Polygon, Rectangle, dimensions
from cd5flow.model.names import ALL, BLASTS, CD5_POSITIVE
from cd5flow.review.session import TubeSession, deciding_gates
from cd5flow.review.views import CORNERS, redrawn
from support import analysed


@cache
def session() -> TubeSession:
    return TubeSession(analysed.analysis(analysed.CLEAR))


def test_every_gate_but_joined_ones_of_nothing_has_a_picture() -> None:
    for gate in session().tree.gates:
        assert session().views(gate.name)


def test_a_joined_population_shows_the_gates_that_it_joins() -> None:
    names = [view.gate for view in session().views(BLASTS)]
    assert names
    assert BLASTS not in names


def test_a_gate_drawn_as_it_is_keeps_every_event() -> None:
    tube = session().automatic.tube
    for gate in session().tree.gates:
        for view in session().views(gate.name):
            region = session().region(view.gate)
            drawing = view.shape_json()
            if isinstance(region, Ellipse):
                continue
            edges = {edge["key"]: edge["at"] for edge in drawing["edges"]}
            again = redrawn(region, {"edges": edges, "corners": drawing["corners"]}, tube)
            events, _ = session().count(view.gate, again)
            assert events == session().now.gating.count(view.gate), gate.name


def test_edges_that_were_not_moved_stay_to_the_last_bit() -> None:
    tube = session().automatic.tube
    for gate in session().tree.gates:
        if isinstance(gate.region, Interval | Rectangle):
            assert redrawn(gate.region, {"edges": {}}, tube) == gate.region


def test_an_ellipse_becomes_a_polygon_of_its_own_area() -> None:
    name = next(g.name for g in session().tree.gates if isinstance(g.region, Ellipse))
    view = session().views(name)[0]
    assert view.corners is not None
    assert len(view.corners) == CORNERS
    drawn = session().redrawn(name, {"corners": [list(one) for one in view.corners]})
    assert isinstance(drawn, Polygon)
    events, whole = session().count(name, drawn)
    found = session().now.gating.count(name)
    assert found is not None
    assert abs(events - found) <= 0.02 * whole


def test_the_quick_count_is_that_of_the_region_among_the_parent() -> None:
    region = session().region(CD5_POSITIVE)
    assert isinstance(region, Interval)
    columns = session().automatic.tube.columns
    parent = session().now.gating.members[BLASTS]
    inside = inside_of(region, [columns.column(axis) for axis in dimensions(region)], parent)
    assert session().count(CD5_POSITIVE, region) == (int(inside.sum()), int(parent.sum()))


@pytest.mark.parametrize(
    "corners",
    [
        [[0, 0], [1, 1]],
        [[0, 0], [1, 1], [1, 0], [0, 1]],
        [[0, 0], [0, 0], [0, 0]],
        [[float("nan"), 0], [1, 0], [1, 1]],
        [[True, 0], [1, 0], [1, 1]],
        "corners",
        [[0, 0]] * 1000,
    ],
)
def test_corners_that_make_no_polygon_are_refused(corners: object) -> None:
    name = next(g.name for g in session().tree.gates if isinstance(g.region, Ellipse))
    with pytest.raises(OverrideError):
        session().redrawn(name, {"corners": corners})


def test_edges_in_the_wrong_order_are_refused() -> None:
    gate = next(
        g
        for g in session().tree.gates
        if isinstance(g.region, Interval) and None not in (g.region.low, g.region.high)
    )
    edges = session().views(gate.name)[0].edges
    with pytest.raises(OverrideError, match="low < high"):
        session().redrawn(gate.name, {"edges": {edges[0].key: edges[1].at + 1}})


def test_a_joined_population_has_no_edges() -> None:
    with pytest.raises(OverrideError, match="joins"):
        session().redrawn(BLASTS, {"edges": {}})


def test_what_leads_to_the_blasts_and_the_cut_decides() -> None:
    deciding = deciding_gates(session().tree)
    tree = session().tree
    assert set(tree.ancestors(CD5_POSITIVE)) <= set(deciding)
    assert {BLASTS, CD5_POSITIVE} <= set(deciding)
    assert ALL not in deciding
    assert "t_cells" not in deciding


def test_without_blasts_the_denominator_decides() -> None:
    empty = deciding_gates(analysed.analysis(analysed.NO_CD5).gating.tree)
    assert "nucleated" in empty
