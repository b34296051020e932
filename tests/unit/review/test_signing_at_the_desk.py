from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cd5flow.errors import SigningError
from cd5flow.review.desk import Desk
from cd5flow.review.signing import Statement
from cd5flow.signatures.acts import Meaning
from cd5flow.signatures.keys import UnlockedKey
from cd5flow.signatures.users import Users
from support.review_factory import ANALYST, CLEAR, REVIEWER, Page, laboratory, page_of

pytestmark = pytest.mark.usefixtures("quick_passwords")


class Signed:
    """Remembers what was to be signed; what signing itself does is tested where it is."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Statement]] = []
        self.refuses = ""

    def __call__(
        self, out: Path, folder: str, key: UnlockedKey, said: Statement, users: Users
    ) -> None:
        assert (out / folder / "result.json").is_file()
        assert users.person(key.user) is not None
        if self.refuses:
            raise SigningError(self.refuses)
        self.calls.append((folder, key.user, said))


@pytest.fixture(scope="module")
def signed() -> Signed:
    return Signed()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, signed: Signed) -> Iterator[Desk]:
    desk = laboratory(tmp_path_factory.mktemp("desk")).desk(signed)
    yield desk
    desk.close()


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    with page_of(desk) as page:
        page.open(CLEAR)
        yield page


def said(page: Page, **changes: str) -> dict[str, Any]:
    return {**ANALYST, "meaning": "analysed", "digest": page.tube["digest"], **changes}


def test_what_was_not_seen_is_not_signed(page: Page, signed: Signed) -> None:
    answer = page.act("sign", status=401, **said(page))
    assert answer["refused"].startswith("still to be seen: ")
    assert not signed.calls


def test_a_signature_is_of_the_digest_that_was_seen(page: Page, signed: Signed) -> None:
    page.see_all()
    page.act("sign", **said(page, reason="as it looks"))
    folder, user, statement = signed.calls.pop()
    assert (folder, user) == (CLEAR, "bob")
    assert statement.meaning is Meaning.ANALYSED
    assert statement.digest == page.tube["digest"]
    assert statement.comment == "as it looks"


def test_another_version_than_the_one_seen_is_not_signed(page: Page, signed: Signed) -> None:
    page.see_all()
    page.act("sign", status=409, **said(page, digest="0" * 64))
    assert not signed.calls


def test_a_wrong_password_signs_nothing(page: Page, signed: Signed) -> None:
    page.see_all()
    page.act("sign", status=401, **{**said(page), "password": "guess"})
    assert not signed.calls


@pytest.mark.parametrize("changes", [{"meaning": "liked"}, {"criterion": "MAYBE"}])
def test_what_nobody_can_say_is_refused(
    page: Page, signed: Signed, changes: dict[str, str]
) -> None:
    page.see_all()
    page.act("sign", status=401, **said(page, **changes))
    assert not signed.calls


def test_another_person_may_sign_than_the_one_who_logged_in(page: Page, signed: Signed) -> None:
    page.see_all()
    page.act("sign", **said(page, meaning="reviewed", **REVIEWER))
    assert signed.calls.pop()[1] == "ann"


def test_what_signing_refuses_is_told(page: Page, signed: Signed) -> None:
    page.see_all()
    signed.refuses = "bob may not sign approved"
    assert (
        page.act("sign", status=401, **said(page, meaning="approved"))["refused"] == signed.refuses
    )
    signed.refuses = ""


def test_gates_moved_since_are_written_before_they_are_signed(page: Page, signed: Signed) -> None:
    page.post("/api/person", ANALYST)
    view = page.view("cd5_positive")
    edge = view["edges"][0]
    place = edge["at"] + 0.2 * (view["x"]["high"] - view["x"]["low"])
    page.act("move", gate="cd5_positive", drawing={"edges": {edge["key"]: place}})
    page.see_all()
    before = page.tube["digest"]
    page.act("sign", status=422, **said(page))  # no reason is given
    page.tube = page.get(page.path)
    page.act("sign", **said(page, reason="the valley lies higher"))
    assert page.tube["digest"] != before
    assert signed.calls.pop()[2].digest == page.tube["digest"]
    assert not page.tube["is_changed"]
