"""Which earlier version a result took the place of, as the ledger's acts tell it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cd5flow.signatures.acts import Act, ActKind, Meaning
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.standing import record_version, state_of
from cd5flow.signatures.users import Users
from support.review_factory import ANALYST, REVIEWER, users_file

FIRST, SECOND, THIRD = (letter * 64 for letter in "abc")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[Meaning, UnlockedKey]:
    users = Users.load(users_file(tmp_path_factory.mktemp("users")))
    bob, ann = users.sign_in(**ANALYST), users.sign_in(**REVIEWER)
    return {Meaning.ANALYSED: bob, Meaning.APPROVED: ann, Meaning.REJECTED: ann}


class Acts:
    def __init__(self, ledger: Ledger, keys: dict[Meaning, UnlockedKey]) -> None:
        self.ledger, self.keys = ledger, keys

    def signed(self, digest: str, meaning: Meaning) -> None:
        role = "analyst" if meaning is Meaning.ANALYSED else "reviewer"
        values = {"digest": digest, "meaning": meaning.value, "role": role, "name": "N"}
        entry = self.ledger.append(Act(ActKind.SIGNATURE, "p", values=values), self.keys[meaning])
        files = {"digest": digest, "signature": entry.number, "files": {}}
        self.ledger.append(Act(ActKind.FILES, "p", values=files), self.keys[meaning])

    def drawn(self, digest: str, earlier: str) -> None:
        key = self.keys[Meaning.ANALYSED]
        record_version(self.ledger, "p", key, digest=digest, earlier=earlier, moves=(), why="")

    def superseded(self, digest: str, earlier: str) -> None:
        values = {"digest": digest, "earlier": earlier, "reason": "wrong time point"}
        self.ledger.append(Act(ActKind.SUPERSEDED, "p", values=values))

    def replaced_by(self, digest: str) -> str:
        return state_of(self.ledger, "p", digest).replaces


@pytest.fixture
def acts(tmp_path: Path, keys: dict[Meaning, UnlockedKey]) -> Iterator[Acts]:
    with Ledger.open(tmp_path / LEDGER) as ledger:
        yield Acts(ledger, keys)


def test_a_gate_moved_after_approval_corrects_what_was_final(acts: Acts) -> None:
    acts.signed(FIRST, Meaning.APPROVED)
    acts.drawn(SECOND, FIRST)
    assert acts.replaced_by(SECOND) == FIRST


@pytest.mark.parametrize("meaning", [Meaning.ANALYSED, Meaning.REJECTED])
def test_a_gate_moved_before_any_approval_corrects_nothing(acts: Acts, meaning: Meaning) -> None:
    acts.signed(FIRST, meaning)
    acts.drawn(SECOND, FIRST)
    assert acts.replaced_by(SECOND) == ""


@pytest.mark.parametrize("meaning", [Meaning.ANALYSED, Meaning.APPROVED, Meaning.REJECTED])
def test_what_was_superseded_by_request_is_named_whatever_was_signed(
    acts: Acts, meaning: Meaning
) -> None:
    acts.signed(FIRST, meaning)
    acts.superseded(SECOND, FIRST)
    assert acts.replaced_by(SECOND) == FIRST


def test_versions_that_nobody_signed_lie_between(acts: Acts) -> None:
    acts.signed(FIRST, Meaning.APPROVED)
    acts.drawn(SECOND, FIRST)
    acts.drawn(THIRD, SECOND)
    assert acts.replaced_by(THIRD) == FIRST


def test_what_takes_no_place_replaces_nothing(acts: Acts) -> None:
    acts.signed(FIRST, Meaning.APPROVED)
    assert acts.replaced_by(FIRST) == acts.replaced_by(SECOND) == ""


def test_versions_in_a_circle_come_to_an_end(acts: Acts) -> None:
    acts.drawn(SECOND, FIRST)
    acts.drawn(FIRST, SECOND)
    assert acts.replaced_by(FIRST) == ""
