"""Every criterion of cd5-cart-70 at its boundary, on both sides, and unknown: rows of a table."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.eligibility import judge_eligibility
from support.criteria_factory import protocol, tube

TABLE = Path(__file__).with_name("truth_table.csv")
VALUES = {"true": True, "false": False, "unknown": None}
WORDS = {"true": True, "false": False, "none": None}

with TABLE.open(encoding="utf-8", newline="") as stream:
    ROWS = list(csv.DictReader(stream))


def fields(text: str) -> dict[str, Any]:
    """Return ``name=value name=value`` with numbers and truths as such."""
    found: dict[str, Any] = {}
    for part in text.split():
        name, _, value = part.partition("=")
        try:
            found[name] = WORDS[value] if value in WORDS else float(value)
        except ValueError:
            found[name] = value
        if name == "ecog":
            found[name] = int(value)
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['criterion']}: {row['why']}")
def test_the_truth_table_holds(row: dict[str, str]) -> None:
    clinical = Clinical.model_validate_json(json.dumps(fields(row["clinic"])), strict=True)
    judged = judge_eligibility(
        (tube(**fields(row["flow"])),), protocol=protocol(), clinical=clinical
    )
    (answer,) = (a for a in judged.criteria if a.id == row["criterion"])
    assert answer.satisfied is VALUES[row["satisfied"]], "\n".join(map(str, answer.evidence))
    assert (answer.source == "missing") is (answer.satisfied is None)
    assert answer.evidence


def test_the_table_has_every_criterion_with_every_answer() -> None:
    answers = defaultdict(set)
    for row in ROWS:
        answers[row["criterion"]].add(row["satisfied"])
    assert set(answers) == {criterion.id for criterion in protocol().value.criteria}
    assert all(found == set(VALUES) for found in answers.values())
    assert len(ROWS) >= 120
    assert len({(r["criterion"], r["flow"], r["clinic"]) for r in ROWS}) == len(ROWS)
