"""Protocol files: the shipped ones say what their trials ask for, and faults are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import ProtocolError
from support.paths import PROTOCOLS


def shipped(name: str) -> Protocol:
    return load_protocol(PROTOCOLS / f"{name}.yaml").value


def edited(tmp_path: Path, old: str, new: str, *, name: str = "cd5-cart-70") -> Path:
    text = (PROTOCOLS / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "edited.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(PROTOCOLS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_protocol_loads_under_its_own_name(path: Path) -> None:
    assert load_protocol(path).value.name == path.stem


def test_three_protocols_are_shipped() -> None:
    assert {path.stem for path in PROTOCOLS.glob("*.yaml")} == {
        "cd5-cart-50",
        "cd5-cart-70",
        "cd5-cart-90",
    }


@pytest.mark.parametrize(
    ("name", "percent", "holds"),
    [
        ("cd5-cart-70", 70.0, True),
        ("cd5-cart-70", 69.96, False),
        ("cd5-cart-70", 69.9999999, False),
        ("cd5-cart-50", 50.0, False),
        ("cd5-cart-50", 50.0000001, True),
        ("cd5-cart-90", 90.0, False),
        ("cd5-cart-90", 90.01, True),
    ],
)
def test_threshold_and_operator_are_the_trials(name: str, percent: float, holds: bool) -> None:  # noqa: FBT001
    assert shipped(name).cd5.holds(percent) is holds


@pytest.mark.parametrize(
    ("name", "overt", "morphology"),
    [("cd5-cart-70", 5, 5), ("cd5-cart-50", 5, 5), ("cd5-cart-90", 1, 5)],
)
def test_burden_limits_are_the_trials(name: str, overt: float, morphology: float) -> None:
    burden = shipped(name).burden
    assert (burden.overt_percent, burden.morphology_percent) == (overt, morphology)
    assert burden.mrd_percent_without_review == 0.1
    assert burden.mrd_percent_with_review == 0.01


def test_the_ninety_percent_protocol_knows_morphology_but_no_mrd() -> None:
    routes = shipped("cd5-cart-90").routes
    assert (routes.morphology, routes.mrd, routes.extramedullary) == (True, False, False)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('operator: ">="', 'operator: "=>"', "cd5.operator: should be '>=' or '>'"),
        ("threshold_percent: 70", "threshold_percent: 170", "less than or equal to 100"),
        ("threshold_percent: 70", 'threshold_percent: "70"', "should be a valid number"),
        ('version: "1.1"', "version: 1.1", "write it in quotes"),
        ("name: cd5-cart-70", "name: CD5 cart", "should match pattern"),
        ("ihc: true", "ihc: yes", "should be a valid boolean"),
        ("  mrd: true", "  mdr: true", "routes.mdr: unknown field"),
        ("protocol/1", "protocol/2", "should be 'cd5flow.protocol/1'"),
        ("with_review: 0.01", "with_review: 0.2", "must not decrease, found 0.2, 0.1, 5"),
    ],
)
def test_a_wrong_rule_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, fault: str
) -> None:
    path = edited(tmp_path, old, new)
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path)
    assert fault in caught.value.message
    assert caught.value.message.startswith(f"{path}:")
