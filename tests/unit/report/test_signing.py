from __future__ import annotations

import pytest

from cd5flow.model.result import ReviewSection
from cd5flow.report.signing import mark, status
from cd5flow.report.wording import load_wording


@pytest.mark.parametrize(
    ("review", "expected", "at_the_head"),
    [
        (ReviewSection(), "DRAFT · NOT REVIEWED", "DRAFT · NOT REVIEWED"),
        (ReviewSection(state="confirmed"), "", "CONFIRMED"),
        (
            ReviewSection(state="confirmed", strategy_approved=True, protocol_approved=True),
            "",
            "CONFIRMED",
        ),
        (
            ReviewSection(state="confirmed", strategy_approved=False, protocol_approved=True),
            "STRATEGY NOT APPROVED",
            "CONFIRMED · STRATEGY NOT APPROVED",
        ),
        (
            ReviewSection(state="rejected", strategy_approved=False, protocol_approved=False),
            "REJECTED · STRATEGY NOT APPROVED · PROTOCOL NOT APPROVED",
            "REJECTED · STRATEGY NOT APPROVED · PROTOCOL NOT APPROVED",
        ),
    ],
)
def test_every_page_says_what_persons_made_of_it_and_of_its_rules(
    review: ReviewSection, expected: str, at_the_head: str
) -> None:
    english = load_wording("en")
    assert mark(review, english) == expected
    assert status(review, english).text == at_the_head


def test_rules_that_were_not_approved_are_named_in_chinese_too() -> None:
    review = ReviewSection(state="confirmed", strategy_approved=False)
    assert mark(review, load_wording("zh")) == "策略未经实验室批准"
