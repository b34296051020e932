from __future__ import annotations

from typing import Any

import pytest

from cd5flow.model.result import BurdenState, Cd5State, CriterionState, QualityState, Result
from cd5flow.review.queue import Risk, queued, risk_of
from support import analysed


def changed(**sections: dict[str, Any]) -> Result:
    """Return a clear result with other states."""
    result = analysed.analysis(analysed.CLEAR).result
    update = {
        name: getattr(result, name).model_copy(update=values) for name, values in sections.items()
    }
    return result.model_copy(update=update)


@pytest.mark.parametrize(
    ("sections", "risk"),
    [
        ({}, Risk.REST),
        ({"quality": {"state": "FAIL"}, "cd5": {"state": "BORDERLINE"}}, Risk.QUALITY_FAIL),
        ({"cd5": {"state": "BORDERLINE"}, "criterion": {"state": "REVIEW"}}, Risk.BORDERLINE),
        ({"burden": {"state": "MRD_POSITIVE", "percent": 0.0999}}, Risk.LOW_MRD),
        ({"burden": {"state": "MRD_POSITIVE", "percent": 0.1}}, Risk.REST),
        ({"burden": {"state": "MRD_BELOW_LLOQ", "percent": 0.01}}, Risk.LOW_MRD),
        ({"burden": {"state": "NOT_DETECTED", "percent": 0.0}}, Risk.REST),
        ({"criterion": {"state": "REVIEW"}}, Risk.REVIEW),
    ],
)
def test_the_most_urgent_reason_decides(sections: dict[str, Any], risk: Risk) -> None:
    kinds = {
        "quality": QualityState,
        "cd5": Cd5State,
        "burden": BurdenState,
        "criterion": CriterionState,
    }
    typed = {
        name: {**values, "state": kinds[name](values["state"])} for name, values in sections.items()
    }
    assert risk_of(changed(**typed)) is risk


def test_a_share_is_never_rounded_across_the_threshold() -> None:
    assert queued("x", changed(cd5={"percent": 69.96})).cd5 == "69.96 %"


def test_a_key_is_no_part_of_a_path() -> None:
    assert queued("../../etc", changed()).key.isalnum()
