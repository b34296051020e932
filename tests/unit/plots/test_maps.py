from __future__ import annotations

from functools import cache

import pytest

from cd5flow.plots import Drawing, drawings
from support.analysed import CLEAR, FOUR_COLOUR, NO_CD5, analysis
from support.drawn import labels, legend, plain

CD56 = "p07-cd56-positive"
MRD = "p10-mrd-low"


@cache
def every(name: str) -> tuple[Drawing, ...]:
    """Draw a tube once; the tests only look."""
    return tuple(drawings(analysis(name)))


def maps(name: str) -> list[Drawing]:
    return [one for one in every(name) if one.kind == "map"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (CLEAR, ["map-cd45-ssc", "map-cd3-cycd3", "map-fsc-ssc", "map-cd3-cd7"]),
        (FOUR_COLOUR, ["map-cd45-ssc", "map-cd3-cd7", "map-fsc-ssc"]),
        (CD56, ["map-cd45-ssc", "map-cd3-cd7", "map-fsc-ssc", "map-cd45-cd56"]),
        (MRD, ["map-cd45-ssc", "map-cd3-cd7", "map-fsc-ssc", "map-cd45-cd56"]),
        (NO_CD5, ["map-cd45-ssc", "map-fsc-ssc"]),
    ],
)
def test_a_tube_has_the_maps_that_its_markers_allow(name: str, expected: list[str]) -> None:
    assert [one.name for one in maps(name)] == expected


def test_maps_show_single_cells_and_say_how_many_of_each_family() -> None:
    gating = analysis(CLEAR).gating
    for one in maps(CLEAR):
        assert one.counted.population == "singlets"
        drawn = {count.population: count.events for count in one.drawn}
        assert legend(one.scene)["family.blasts"] == f"{drawn['blasts']:,}"
        assert drawn["blasts"] == gating.count("blasts")
        assert drawn["t_cells"] == gating.count("t_cells")
        assert one.drawn[0].parent == "singlets"


def test_axes_carry_marker_fluorochrome_and_unit() -> None:
    (one, *_) = maps(CLEAR)
    panel = one.scene.panels[0]
    assert one.axes == ("CD45 V500-A", "SSC-A")
    assert labels(panel) == one.axes
    assert plain(panel.x.label) == "axis(channel=CD45 V500-A scale=scale_logicle)"


def test_the_front_page_has_scatter_lineage_and_cd5() -> None:
    assert [one.name for one in every(CLEAR) if one.is_front] == [
        "map-cd45-ssc",
        "map-cd3-cycd3",
        "cd5-overlay",
    ]
    assert [one.name for one in every(MRD) if one.is_front][1] == "map-cd3-cd7"


def test_overviews_can_be_had_without_gates() -> None:
    overviews = list(drawings(analysis(CLEAR), gates=False))
    assert "gate" not in {one.kind for one in overviews}
    assert [one.name for one in overviews] == [
        one.name for one in every(CLEAR) if one.kind != "gate"
    ]


def test_lineage_tells_blasts_and_t_cells_from_all_others() -> None:
    (one,) = [one for one in maps(CLEAR) if one.name == "map-cd3-cycd3"]
    assert set(legend(one.scene)) == {"family.blasts", "family.t"}
    assert {count.population for count in one.drawn} == {"blasts", "t_cells"}


def test_the_overviews_come_first_and_then_the_gates_in_order() -> None:
    one = analysis(CLEAR)
    names = [drawing.name for drawing in every(CLEAR)]
    assert names[:6] == [
        "stable",
        "map-cd45-ssc",
        "map-cd3-cycd3",
        "map-fsc-ssc",
        "map-cd3-cd7",
        "cd5-overlay",
    ]
    gates = [gate.name for gate in one.gating.tree.gates]
    assert [name for name in names[6:] if name in gates] == gates[1:]
