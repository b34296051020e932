"""Every criterion of every shipped protocol at its boundary, on both sides, and unknown: rows of tables."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cd5flow.config.shipped import list_protocols
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.eligibility import judge_eligibility
from cd5flow.criteria.protocol import Protocol
from cd5flow.criteria.rules import Comparison, FlowFact, Within, leaves
from support.criteria_factory import protocol, tube

SEVENTY = Path(__file__).with_name("truth_table.csv")
OTHERS = Path(__file__).with_name("truth_table_others.csv")
VALUES = {"true": True, "false": False, "unknown": None}
WORDS = {"true": True, "false": False, "none": None}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return [{"protocol": "cd5-cart-70", **row} for row in csv.DictReader(stream)]


ROWS = table(SEVENTY) + table(OTHERS)


def fields(text: str) -> dict[str, Any]:
    """Return ``name=value name=value`` with numbers and truths as such."""
    found: dict[str, Any] = {}
    for part in text.split():
        name, _, value = part.partition("=")
        try:
            found[name] = WORDS[value] if value in WORDS else float(value)
        except ValueError:
            found[name] = value
        if value.isdigit():
            found[name] = int(value)
    return found


@pytest.mark.parametrize("name", sorted({row["protocol"] for row in ROWS}))
def test_the_truth_table_holds(name: str) -> None:
    faults = [fault for row in ROWS if row["protocol"] == name for fault in faults_of(row)]
    assert not faults, "\n".join(faults)


def faults_of(row: dict[str, str]) -> Iterator[str]:
    """Yield what the criterion of a row answers where that is not what the row says."""
    clinical = Clinical.model_validate_json(json.dumps(fields(row["clinic"])), strict=True)
    judged = judge_eligibility(
        (tube(**fields(row["flow"])),),
        protocol=protocol(row["protocol"]),
        clinical=clinical,
    )
    (answer,) = (a for a in judged.criteria if a.id == row["criterion"])
    if answer.satisfied is not VALUES[row["satisfied"]]:
        evidence = "; ".join(map(str, answer.evidence))
        yield f"{row['criterion']}: {row['why']}: found {answer.satisfied} ({evidence})"
    assert (answer.source == "missing") is (answer.satisfied is None)
    assert answer.evidence


def test_the_tables_have_every_criterion_with_every_answer() -> None:
    answers = defaultdict(set)
    for row in ROWS:
        answers[row["protocol"], row["criterion"]].add(row["satisfied"])
    listed = {(name, one.id) for name in list_protocols() for one in protocol(name).value.criteria}
    assert set(answers) == listed
    assert all(found == set(VALUES) for found in answers.values())
    assert len(ROWS) >= 300
    assert len({(r["protocol"], r["criterion"], r["flow"], r["clinic"]) for r in ROWS}) == len(ROWS)


def bounds_of(name: str) -> set[tuple[str, str, float]]:
    """Return criterion, field and number of every bound that a protocol file sets."""
    rules = protocol(name).value
    return {
        (criterion.id, field, bound)
        for criterion in rules.criteria
        for leaf in leaves(criterion.rule)
        for field, bound in (
            of_the_clinic(leaf, rules) if isinstance(leaf, Comparison) else of_flow(leaf, rules)
        )
    }


def of_the_clinic(leaf: Comparison, rules: Protocol) -> Iterator[tuple[str, float]]:
    for bound in leaf.bounds().values():
        yield leaf.field, rules.limit(bound)
    if leaf.meets is not None and rules.ihc is not None:
        yield leaf.field, rules.ihc.threshold_percent


def of_flow(leaf: FlowFact | Within, rules: Protocol) -> Iterator[tuple[str, float]]:
    if isinstance(leaf, Within):
        return  # the calendar has tests of its own
    if leaf.flow == "cd5":
        yield "share", rules.cd5.threshold_percent
        return
    if rules.blasts is not None:
        yield "percent", rules.blasts.level.threshold_percent
    if rules.mrd is not None:
        yield "percent", rules.mrd.at_least_percent
    if rules.routes.morphology:
        yield "morphology_blasts_percent", rules.morphology.threshold_percent


@pytest.mark.parametrize("name", list_protocols())
def test_every_bound_of_a_file_is_tried_below_at_and_above(name: str) -> None:
    tried = defaultdict(set)
    for row in ROWS:
        if row["protocol"] == name:
            for field, value in (fields(row["flow"]) | fields(row["clinic"])).items():
                tried[row["criterion"], field].add(value)
    for criterion, field, bound in bounds_of(name):
        values = {v for v in tried[criterion, field] if isinstance(v, int | float)}
        near = {v for v in values if abs(v - bound) <= max(1.0, 0.02 * bound)}
        what = f"{name} {criterion}: {field} {bound:g}"
        assert bound in values, what
        assert any(v < bound for v in near), what
        assert any(v > bound for v in near), what
