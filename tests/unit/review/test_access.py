from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from cd5flow.review.access import LONGEST_BODY, Access
from cd5flow.review.desk import Desk
from cd5flow.review.server import review_app
from support.review_factory import HOST, JSON, ORIGIN, Page, laboratory, page_of

pytestmark = pytest.mark.usefixtures("quick_passwords")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = laboratory(tmp_path_factory.mktemp("access")).desk()
    yield desk
    desk.close()


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    with page_of(desk) as page:
        yield page


def fresh(desk: Desk) -> tuple[TestClient, Access]:
    access = Access(HOST)
    return TestClient(review_app(desk, access), base_url=ORIGIN, follow_redirects=False), access


PATHS = ("/", "/page.js", "/api/queue", "/api/tubes/x", "/nothing")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_served_without_the_cookie(desk: Desk, path: str) -> None:
    client, _ = fresh(desk)
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "localhost:8700", "127.0.0.1", "127.0.0.1:1"])
def test_another_host_is_refused(page: Page, path: str, host: str) -> None:
    assert page.client.get(path, headers={"Host": host}).status_code == 400


def test_a_token_is_good_once(desk: Desk) -> None:
    client, access = fresh(desk)
    address = access.address.removeprefix(ORIGIN)
    first = client.get(address)
    assert first.status_code == 303
    assert first.headers["location"] == "/"
    client.cookies.clear()
    assert client.get(address).status_code == 403


def test_the_token_of_another_server_opens_nothing(desk: Desk) -> None:
    client, _ = fresh(desk)
    _, other = fresh(desk)
    assert client.get(other.address.removeprefix(ORIGIN)).status_code == 403


def test_the_cookie_of_another_server_opens_nothing(desk: Desk) -> None:
    client, access = fresh(desk)
    client.cookies.set(access.cookie_name, "x" * 43, domain="127.0.0.1")
    assert client.get("/").status_code == 403


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: Desk) -> None:
    client, access = fresh(desk)
    cookie = client.get(access.address.removeprefix(ORIGIN)).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_every_answer_carries_the_headers_that_keep_others_out(page: Page) -> None:
    for path in ("/", "/api/queue", "/nothing"):
        headers = page.client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1:8701"])
def test_a_post_from_another_site_is_refused(page: Page, origin: str) -> None:
    headers = {**JSON, "Origin": origin} if origin else {"Content-Type": "application/json"}
    answer = page.client.post("/api/person", content="{}", headers=headers)
    assert answer.status_code == 403


def test_a_form_of_another_site_is_refused_by_its_type(page: Page) -> None:
    headers = {"Origin": ORIGIN, "Content-Type": "text/plain"}
    assert page.client.post("/api/person", content="{}", headers=headers).status_code == 415


def test_a_body_that_is_too_long_is_refused(page: Page) -> None:
    body = json.dumps({"user": "x" * LONGEST_BODY})
    assert page.client.post("/api/person", content=body, headers=JSON).status_code == 413


@pytest.mark.parametrize(
    "body", ["", "[]", "1", "{", "[" * 5000, '{"user": 1}', '{"password": []}']
)
def test_a_body_of_another_kind_is_refused(page: Page, body: str) -> None:
    assert page.client.post("/api/person", content=body, headers=JSON).status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/api/tubes/..%2f..%2fetc%2fpasswd",
        "/api/tubes/..",
        "/api/tubes/clear",
        "/..%2fserver.py",
        "/static/page.js",
        "/api/tubes/%00",
    ],
)
def test_ids_are_looked_up_and_never_joined_to_a_path(page: Page, path: str) -> None:
    assert page.client.get(path).status_code == 404


def test_a_gate_or_picture_that_is_none_is_not_found(page: Page) -> None:
    page.open("clear")
    for path in ("gates/nobody", "gates/blasts/7.png", "gates/blasts/0.png?of=nobody"):
        assert page.client.get(f"{page.path}/{path}").status_code == 404


def test_the_page_and_its_parts_come_from_this_server_alone(page: Page) -> None:
    static = Path(__file__).parents[3] / "src" / "cd5flow" / "review" / "static"
    for path in static.iterdir():
        text = path.read_text("utf-8")
        foreign = text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in foreign
        assert "https://" not in foreign
        for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write"):
            assert unsafe not in text, path.name
    assert page.client.get("/").headers["content-type"].startswith("text/html")
    assert page.client.get("/plot.js").headers["content-type"].startswith("text/javascript")
