"""From a request to an answer: the work in a thread, refusals as words with a status."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from cd5flow.errors import Cd5FlowError, SigningError
from cd5flow.review.desk import Desk
from cd5flow.review.open_tube import ChangedElsewhereError

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

LONGEST_TEXT = 2_000
"""Letters of a text that a person writes."""


def desk_of(request: Request) -> Desk:
    """Return the desk that the server serves."""
    desk: Desk = request.app.state.desk
    return desk


async def said(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries.

    Raises:
        HTTPException: it carries none.
    """
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise HTTPException(400, "expected a JSON object")
    return body


def text_of(body: dict[str, Any], name: str) -> str:
    """Return a text that was said; empty where it was not.

    Raises:
        HTTPException: it is no text, or longer than any that a person writes here.
    """
    text = body.get(name, "")
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:
        raise HTTPException(400, f"{name}: expected a text of up to {LONGEST_TEXT:,} letters")
    return " ".join(text.split())


def number_of(body: dict[str, Any], name: str) -> int:
    """Return a whole number that was said.

    Raises:
        HTTPException: it is none.
    """
    number = body.get(name)
    if not isinstance(number, int) or isinstance(number, bool):
        raise HTTPException(400, f"{name}: expected a whole number")
    return number


async def answered(work: Callable[[], Any]) -> Response:
    """Do work in a thread, so that other requests go on, and answer with what it returns.

    Raises:
        HTTPException: it was refused; the status says how.
    """
    return JSONResponse(await worked(work))


async def worked(work: Callable[[], T]) -> T:
    """Do work in a thread and return what it returns.

    Raises:
        HTTPException: as `answered`.
    """
    try:
        return await run_in_threadpool(work)
    except KeyError as absent:
        raise HTTPException(404, "there is no such sample, gate or picture") from absent
    except ChangedElsewhereError as changed:
        raise HTTPException(409, changed.message) from changed
    except SigningError as refused:
        raise HTTPException(401, refused.message) from refused
    except Cd5FlowError as refused:
        raise HTTPException(422, refused.message) from refused


async def refusal(_: Request, error: Exception) -> Response:
    """Answer a refusal as JSON."""
    if isinstance(error, HTTPException):
        return JSONResponse({"refused": error.detail}, status_code=error.status_code)
    return JSONResponse({"refused": "a bug in cd5flow; see the terminal"}, status_code=500)
