"""Gates of a file: by name or path, and of which tube."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from cd5flow.errors import GatesError
from cd5flow.gating.drawn import (
    DrawnGates,
    ImportedGates,
    same_matrix,
    start_of,
    with_slashes,
)
from cd5flow.model.events import Channel, RawEvents, Spillover
from cd5flow.model.geometry import Dimension, Interval, Polygon
from cd5flow.model.names import ALL
from cd5flow.model.populations import Evidence, Gate, GateTree


def gate(name: str, parent: str = ALL, channel: str = "X") -> Gate:
    return Gate(name, parent, Interval(Dimension(channel), low=0), Evidence("drawn", 0))


TREE = GateTree(
    (
        gate("cells"),
        gate("cells/CD5+", "cells"),
        gate("blasts", "cells"),
        gate("blasts/CD5+", "blasts"),
        gate("CD5+"),
    )
)
DRAWN = DrawnGates(TREE, labels={"cells/CD5+": "CD5+", "blasts/CD5+": "CD5+"})


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("blasts", "blasts"),
        ("cells/blasts", "blasts"),
        ("/cells/blasts", "blasts"),
        ("root/cells/blasts", "blasts"),
        ("all/cells/blasts", "blasts"),
        ("blasts/CD5+", "blasts/CD5+"),
        ("cells/CD5+", "cells/CD5+"),
        ("/CD5+", "CD5+"),
    ],
)
def test_a_gate_is_found_by_its_name_or_the_end_of_its_path(wanted: str, found: str) -> None:
    assert DRAWN.find(wanted) == found


def test_a_name_that_stands_twice_lists_its_paths() -> None:
    with pytest.raises(GatesError) as caught:
        DRAWN.find("CD5+")
    assert caught.value.message == (
        "gate 'CD5+' is ambiguous: found '/cells/CD5+', '/cells/blasts/CD5+', '/CD5+'; name one by "
        "its path"
    )


def test_a_gate_that_is_not_there_lists_those_that_are() -> None:
    for wanted in ("Blasts", "lasts", "blasts/cells", "/blasts", ""):
        with pytest.raises(GatesError, match="expected one of 'cells', 'cells/CD5"):
            DRAWN.find(wanted)


def test_a_name_may_hold_a_slash() -> None:
    drawn = DrawnGates(GateTree((gate("a"), gate("b", "a"))), labels={"b": "CD4/CD8"})
    assert drawn.find("CD4/CD8") == drawn.find("a/CD4/CD8") == "b"


def test_a_short_name_is_a_path_where_it_must_be() -> None:
    assert DRAWN.short("blasts") == "blasts"
    assert DRAWN.short("cells/CD5+") == "/cells/CD5+"


@dataclass(frozen=True)
class Drawn:
    names: tuple[str, ...]
    events: int | None
    refusal: str = ""
    started: str | None = None

    def gates(self) -> DrawnGates:
        if self.refusal:
            raise GatesError(self.refusal)
        return DrawnGates(GateTree((gate(f"of {self.names} {self.events}"),)))


def raw(events: int, channels: tuple[str, ...] = ("X",)) -> RawEvents:
    return RawEvents(
        np.zeros((events, len(channels)), dtype=np.float32, order="F"),
        tuple(Channel(i, c, None, 32, 1, 1) for i, c in enumerate(channels)),
        None,
    )


def imported(*sets: Drawn) -> ImportedGates:
    return ImportedGates("study.wsp", "0" * 64, {}, sets)


def taken(found: DrawnGates) -> str:
    return found.tree.gates[0].name


def test_gates_for_any_tube_fit_every_tube() -> None:
    found = imported(Drawn((), None)).on("x.fcs", raw(3))
    assert (taken(found), found.doubt) == ("of () None", {})


@pytest.mark.parametrize("name", ["a.fcs", "A.FCS"])
def test_a_tube_is_found_by_its_files_name(name: str) -> None:
    study = imported(Drawn(("a.fcs",), 3), Drawn(("b", "c.fcs"), None), Drawn(("A",), 9))
    assert taken(study.on("c.fcs", raw(1))) == "of ('b', 'c.fcs') None"
    assert taken(study.on("b.fcs", raw(1))) == "of ('b', 'c.fcs') None"
    found = study.on(name, raw(3))
    assert (taken(found), found.doubt) == ("of ('a.fcs',) 3", {})


def test_tubes_of_one_name_are_told_apart_by_their_events() -> None:
    study = imported(Drawn(("a.fcs",), 3), Drawn(("a.fcs",), 4))
    assert taken(study.on("a.fcs", raw(4))) == "of ('a.fcs',) 4"
    with pytest.raises(GatesError) as caught:
        study.on("a.fcs", raw(5))
    assert caught.value.message == (
        "study.wsp: holds several sets of gates for a.fcs with 5 events; its tubes are "
        "'a.fcs (3 events)', 'a.fcs (4 events)'"
    )


NOON = "13-jan-2026 12:00:00"


def test_tubes_of_one_name_and_one_number_are_told_apart_by_their_start() -> None:
    study = imported(Drawn(("a.fcs",), 4), Drawn(("a.fcs",), 4, started=NOON), Drawn(("b",), 4))
    assert study.on("a.fcs", raw(4), started=NOON).doubt == {}
    with pytest.raises(GatesError, match="holds several sets of gates"):
        study.on("a.fcs", raw(4))


def test_a_tube_of_another_name_is_found_by_start_and_events_with_a_doubt() -> None:
    study = imported(Drawn(("a.fcs",), 4), Drawn(("b.fcs",), 4, started=NOON))
    found = study.on("x.fcs", raw(4), started=NOON)
    assert taken(found) == "of ('b.fcs',) 4"
    assert found.doubt == {"other": "'b.fcs'", "events": 4, "tube": "'x.fcs'", "here": 4}


@pytest.mark.parametrize("started", [None, "13-jan-2026 12:00:01"])
def test_a_number_of_events_alone_names_no_tube(started: str | None) -> None:
    study = imported(Drawn(("a.fcs",), 4), Drawn(("b.fcs",), 4, started=NOON))
    with pytest.raises(GatesError, match=r"no gates for x\.fcs with 4 events"):
        study.on("x.fcs", raw(4), started=started)


def test_a_start_is_a_day_and_a_time() -> None:
    assert start_of({"$DATE": "13-JAN-2026", "$BTIM": " 12:00:00 "}) == NOON
    assert start_of({"$DATE": "13-JAN-2026"}) is start_of({"$BTIM": "12:00:00"}) is None


def test_a_tube_of_the_same_name_and_other_events_is_doubted() -> None:
    found = imported(Drawn(("a.fcs",), 3)).on("a.fcs", raw(5))
    assert found.doubt == {"other": "'a.fcs'", "events": 3, "tube": "'a.fcs'", "here": 5}


def test_a_tube_that_is_not_there_lists_those_that_are() -> None:
    study = imported(Drawn(("a.fcs",), 3), Drawn(("b.fcs",), None))
    with pytest.raises(GatesError, match=r"no gates for x\.fcs with 9 events; its tubes are"):
        study.on("x.fcs", raw(9))


def test_a_worker_is_handed_the_gates_of_its_tube() -> None:
    study = imported(Drawn(("a.fcs",), 3), Drawn(("b.fcs",), 4), Drawn(("a.fcs",), 5))
    assert [s.events for s in study.about("a.fcs").sets] == [3, 5]
    assert study.about("x.fcs") is study
    assert study.about("a.fcs") == study  # what a result rests on is the file
    any_tube = imported(Drawn((), None))
    assert any_tube.about("a.fcs") is any_tube


def test_a_refusal_names_the_file_once() -> None:
    for said in ("tube 'a': found nothing", "study.wsp: tube 'a': found nothing"):
        with pytest.raises(GatesError) as caught:
            imported(Drawn((), None, said)).on("a", raw(1))
        assert caught.value.message == "study.wsp: tube 'a': found nothing"


def test_flowjos_underscores_are_the_tubes_slashes() -> None:
    x, y = Dimension("B_A"), Dimension("C_A")
    region = Polygon(x, y, ((0, 0), (1, 0), (0, 1)))
    matrix = Spillover(("B_A", "C_A"), np.array([[1, 0.1], [0, 1]]), "m")
    drawn = DrawnGates(GateTree((Gate("g", ALL, region, Evidence("drawn", 0)),)), matrix)
    found = with_slashes(drawn, ["B/A", "C_A", "C/A"])
    assert found.detectors == {"B/A", "C_A"}
    assert found.spillover is not None
    assert found.spillover.detectors == ("B/A", "C_A")
    assert with_slashes(drawn, ["B_A", "C_A"]) is drawn


def test_matrices_are_the_same_whatever_channels_they_leave_alone() -> None:
    small = Spillover(("A", "B"), np.array([[1, 0.1], [0.2, 1]]), "one")
    wide = np.eye(3)
    wide[np.ix_([2, 0], [2, 0])] = small.matrix
    assert same_matrix(small, Spillover(("B", "SSC", "A"), wide, "two"))
    assert not same_matrix(small, Spillover(("A", "B"), np.array([[1, 0.1], [0.3, 1]]), "three"))
    assert not same_matrix(small, Spillover(("B", "A"), small.matrix, "four"))
