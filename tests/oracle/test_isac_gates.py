"""The ISAC compliance set of Gating-ML 2.0: every gate against its truth file, event by event."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from cd5flow.errors import GatesError
from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.gating.apply import apply_gates
from cd5flow.gating.drawn import DrawnGates
from cd5flow.interop.gatingml import to_gatingml
from cd5flow.interop.gatingml_reader import read_gatingml
from cd5flow.model.members import Members
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.transforms import Columns
from support.gates_factory import gates_and_matrix
from support.paths import ROOT, SHARED

SET = SHARED / "gatingml" / "data" / "gate_ref"
pytestmark = pytest.mark.skipif(not SET.is_dir(), reason="the ISAC set is absent")

WHOLE: Final = "gml_all_gates.xml"
"""The file that holds all gates but one; the others hold one gate each, and what it needs."""

EXCLUDED: Final[Mapping[str, str]] = {
    "RatRange1": "an axis is a ratio of channels",
    "RatRange1a": "an axis is a ratio of channels",
    "RatRange2": "an axis is a ratio of channels",
    "Ellipsoid3D": "an ellipsoid of 3 axes",
}
"""Gates that the model leaves out on purpose, and the reason that the reader gives."""

OTHER_NAMES: Final[Mapping[str, str]] = {"ParQuadRect": "ParRectangle1"}
"""Truth files whose gate is called otherwise in its file."""

NOT_GATING_ML: Final = "gml_range_gate_attr_testing.xml"
"""Its gate stands within an element that the standard does not know."""

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "Range": ("Range1", "Range2"),
    "Rectangle": ("Rectangle1", "Rectangle2"),
    "Polygon": ("Polygon1", "Polygon2", "Polygon3NS"),
    "Ellipse": ("Ellipse1",),
    "Quadrants of two dividers": ("FL2P-FL4P", "FL2N-FL4P", "FL2N-FL4N", "FL2P-FL4N"),
    "Quadrants of three dividers": (
        "FSCN-SSCN",
        "FSCD-SSCN-FL1N",
        "FSCP-SSCN-FL1N",
        "FSCD-FL1P",
        "FSCN-SSCP-FL1P",
    ),
    "Boolean": ("And1", "And2", "And3", "And4", "Or1", "Or2", "Not1"),
    "Compensated": ("Polygon4", "Rectangle3", "Rectangle4", "Rectangle5"),
    "Scaled": tuple(f"ScaleRange{i}" for i in range(1, 7)),
    "Compensated and scaled": (*(f"ScaleRange{i}c" for i in range(1, 9)), "ScaleRect1"),
    "Within a parent": ("ParAnd2", "ParAnd3", "ParQuadRect", "ScalePar1"),
    "Ratio of two channels": ("RatRange1", "RatRange1a", "RatRange2"),
    "Ellipsoid of three axes": ("Ellipsoid3D",),
}
"""Every gate of the set by what it tests."""


@cache
def tube() -> FcsFile:
    return read_fcs(SET / "data1.fcs")


@cache
def truth() -> dict[str, npt.NDArray[np.bool_]]:
    """Return who is in, by the name of the truth file."""
    files = sorted((SET / "truth").glob("Results_*.txt"))
    return {f.stem.removeprefix("Results_"): np.loadtxt(f, dtype=np.bool_) for f in files}


@cache
def read(name: str) -> DrawnGates:
    # The set's FCS file carries no matrix, so that "FCS" means uncompensated.
    assert tube().spillover is None
    content = (SET / "gml" / name).read_bytes()
    return read_gatingml(content, name=name, embedded_matrix=False)


@cache
def members(name: str) -> Members:
    drawn = read(name)
    return apply_gates(drawn.tree, Columns(compensate(tube().raw, drawn.spillover)))


def files() -> list[str]:
    return sorted(f.name for f in (SET / "gml").glob("*.xml") if f.name != NOT_GATING_ML)


class Case(NamedTuple):
    """A gate of one file, and the truth that it is held against."""

    file: str
    gate: str
    truth: str


@cache
def cases() -> tuple[Case, ...]:
    names = {OTHER_NAMES.get(name, name): name for name in truth()} if SET.is_dir() else {}
    return tuple(
        Case(file, gate.name, names[gate.name])
        for file in (files() if SET.is_dir() else ())
        for gate in read(file).tree.gates
        if gate.name in names
    )


@pytest.mark.parametrize("case", cases(), ids=lambda c: f"{c.file}-{c.gate}")
def test_every_gate_holds_the_events_of_its_truth_file(case: Case) -> None:
    expected = truth()[case.truth]
    assert expected.shape == (13_367,)
    assert 0 < expected.sum() < len(expected)
    assert np.array_equal(members(case.file)[case.gate], expected)


def test_no_truth_file_is_passed_over() -> None:
    held = {case.truth for case in cases()}
    assert held | set(EXCLUDED) == set(truth())
    assert held & set(EXCLUDED) == set()
    kinds = [name for names in KINDS.values() for name in names]
    assert sorted(kinds) == sorted(truth())


def test_the_file_of_all_gates_and_the_files_of_one_are_both_read() -> None:
    by_file = {case.file for case in cases()}
    assert WHOLE in by_file
    assert len(by_file) > 40
    without = set(files()) - by_file
    only_excluded = {f for f in without if not read(f).tree.gates}
    assert without - only_excluded == {"gml_ellipse2_gate.xml"}  # it has no truth file


@pytest.mark.parametrize("name", EXCLUDED)
def test_an_excluded_gate_is_refused_with_its_reason(name: str) -> None:
    there = [f for f in files() if name in read(f).refused]
    assert there
    for file in there:
        assert name not in read(file).tree
        assert EXCLUDED[name] in read(file).refused[name]
        with pytest.raises(GatesError, match=f"gate '{name}' is not read: {EXCLUDED[name]}"):
            read(file).find(name)


def test_nothing_else_is_excluded() -> None:
    assert {name for file in files() for name in read(file).refused} == set(EXCLUDED)


def test_a_file_beyond_the_standard_is_refused_by_name() -> None:
    with pytest.raises(GatesError, match=rf"^{NOT_GATING_ML}: found element 'sample'"):
        read(NOT_GATING_ML)


@pytest.mark.parametrize("file", dict.fromkeys(case.file for case in cases()))
def test_every_file_read_and_written_again_holds_the_same_events(file: str) -> None:
    drawn = read(file)
    again, matrix = gates_and_matrix(to_gatingml(drawn.tree, spillover=drawn.spillover))
    found = apply_gates(again, Columns(compensate(tube().raw, matrix)))
    for name, mask in members(file).items():
        assert np.array_equal(found[name], mask), name


def table() -> str:
    """Return the table of the documentation from what is found here."""
    passed = {
        case.truth
        for case in cases()
        if np.array_equal(members(case.file)[case.gate], truth()[case.truth])
    }
    rows = ["| gates | truth files | passed | excluded |", "|---|---|---|---|"]
    for kind, names in KINDS.items():
        ok, out = set(names) & passed, [n for n in names if n in EXCLUDED]
        rows.append(f"| {kind}: {', '.join(names)} | {len(names)} | {len(ok)} | {len(out)} |")
    rows.append(f"| all | {len(truth())} | {len(passed)} | {len(EXCLUDED)} |")
    return "\n".join(rows)


def test_the_table_of_the_documentation_is_what_is_found() -> None:
    assert table() in (ROOT / "docs" / "how-to" / "gates-of-other-programs.md").read_text(
        encoding="utf-8"
    )
