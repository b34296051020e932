from __future__ import annotations

from typing import Any

import pytest

from cd5flow.signatures.acts import Meaning
from cd5flow.signatures.rules import refusal
from cd5flow.signatures.standing import Signature
from cd5flow.signatures.users_list import UserRole


def signature(user: str, meaning: Meaning, entry: int = 1) -> Signature:
    return Signature(
        entry=entry,
        user=user,
        name=user.title(),
        role=UserRole.REVIEWER,
        meaning=meaning,
        at="2026-01-02T03:04:05.000Z",
        digest="0" * 64,
        comment="",
        criterion=None,
        files={},
        strategy_approved=None,
        protocol_approved=None,
    )


def why(user: str, meaning: Meaning, **said: Any) -> str:
    given = {"role": UserRole.REVIEWER, "earlier": (), "movers": (), **said}
    return refusal(user, given.pop("role"), meaning, **given)


def test_an_analyst_signs_analysed_and_rejected_alone() -> None:
    allowed = {m for m in Meaning if not why("bob", m, role=UserRole.ANALYST)}
    assert allowed == {Meaning.ANALYSED, Meaning.REJECTED}


def test_approval_needs_another_person_first() -> None:
    assert "another person" in why("ann", Meaning.APPROVED)
    first = (signature("bob", Meaning.ANALYSED),)
    assert not why("ann", Meaning.APPROVED, earlier=first)
    assert "has signed this version already" in why("bob", Meaning.APPROVED, earlier=first)


def test_whoever_moved_a_gate_has_analysed() -> None:
    assert not why("ann", Meaning.APPROVED, movers={"bob"})
    assert "moved a gate" in why("bob", Meaning.APPROVED, movers={"bob"})
    assert "moved a gate" in why("bob", Meaning.REVIEWED, movers={"bob"})
    assert not why("bob", Meaning.ANALYSED, movers={"bob"})


@pytest.mark.parametrize("meaning", Meaning)
def test_what_was_rejected_is_signed_no_more(meaning: Meaning) -> None:
    assert "rejected by Bob" in why("ann", meaning, earlier=(signature("bob", Meaning.REJECTED),))


def test_what_is_final_may_only_be_rejected() -> None:
    done = (signature("bob", Meaning.ANALYSED), signature("ann", Meaning.APPROVED, 3))
    assert "is final" in why("eve", Meaning.REVIEWED, earlier=done)
    assert not why("eve", Meaning.REJECTED, earlier=done)
