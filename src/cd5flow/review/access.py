"""Who may speak to the server: this machine alone, under its own address, with the cookie of its token.

A page of another site can make a browser send requests here, under any name that its owner lets point
to this machine. It cannot choose the Host and Origin that are sent, nor read the cookie.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_BODY: Final = 64 * 1024
"""Bytes of a request; a polygon of sixty corners takes a twentieth of it."""

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

_HEADERS: Final = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Access:
    """The one token of a server, good once, and the cookie that it is exchanged for.

    Attributes:
        host: the only Host that is answered, such as ``127.0.0.1:8700``.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        self._token: str | None = secrets.token_urlsafe(32)
        self._cookie = secrets.token_urlsafe(32)

    @property
    def address(self) -> str:
        """The address with the token, for the one browser that opens it."""
        return f"http://{self.host}/?token={self._token or ''}"

    @property
    def origin(self) -> str:
        """What the page's own requests name as their origin."""
        return f"http://{self.host}"

    @property
    def cookie_name(self) -> str:
        """Browsers give cookies of one port to the others of a machine: each has a name of its own."""
        return f"cd5flow-{self.host.rpartition(':')[2]}"

    def exchange(self, token: str) -> str | None:
        """Return the cookie for the token; None where it is another, or was used already."""
        if self._token is None or not secrets.compare_digest(token.encode(), self._token.encode()):
            return None
        self._token = None
        return self._cookie

    def admits(self, cookie: str) -> bool:
        """Whether this is the cookie."""
        return secrets.compare_digest(cookie.encode(), self._cookie.encode())


class Guard:
    """Lets through what the page itself sends, and nothing else."""

    def __init__(self, app: App, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no web socket is served
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        refused = self._refusal(scope)
        if refused is not None:
            await refused(scope, receive, with_headers)
            return
        body = await _whole_body(receive)
        if body is None:
            await _say(413, "too long")(scope, receive, with_headers)
            return
        await self.app(scope, _again(body, receive), with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return why a request is refused, or where it goes instead; None lets it through."""
        headers = _headers(scope)
        if headers.get("host") != self.access.host:
            return _say(400, "this address is served under its own name only")
        cookies = cookie_parser(headers.get("cookie", ""))
        admitted = self.access.admits(cookies.get(self.access.cookie_name, ""))
        if scope["path"] == "/" and scope["method"] == "GET":
            token = parse_qs(scope["query_string"].decode("latin-1")).get("token")
            if token is not None:
                return self._first(token[0], admitted=admitted)
        if not admitted:
            return _say(403, "open the address that cd5flow review printed when it started")
        if scope["method"] not in {"GET", "HEAD"}:
            if headers.get("origin") != self.access.origin:
                return _say(403, "only the page itself may ask for this")
            if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                return _say(415, "expected JSON")
        return None

    def _first(self, token: str, *, admitted: bool) -> Response:
        """Exchange the token for the cookie, which no script can read and no other site makes be sent."""
        cookie = self.access.exchange(token)
        if cookie is None and not admitted:
            return _say(403, "this address was opened already; start cd5flow review again")
        response = RedirectResponse("/", status_code=303)
        if cookie is not None:
            response.set_cookie(
                self.access.cookie_name, cookie, httponly=True, samesite="strict", path="/"
            )
        return response


def _headers(scope: Scope) -> dict[str, str]:
    """Return a request's headers; of a name that stands twice, both values joined, which fit nothing."""
    found: dict[str, str] = {}
    for key, value in scope["headers"]:
        name = key.decode("latin-1").lower()
        text = value.decode("latin-1")
        found[name] = f"{found[name]}, {text}" if name in found and name != "cookie" else text
    return found


async def _whole_body(receive: Receive) -> bytes | None:
    """Return a request's body; None where it is too long."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        part = message.get("body", b"")
        size += len(part)
        if size > LONGEST_BODY:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, and then what follows."""
    given = False

    async def once() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once


def _say(status: int, text: str) -> Response:
    return PlainTextResponse(f"{text}\n", status_code=status)
