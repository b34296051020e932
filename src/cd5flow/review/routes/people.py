"""Who sits at the desk, and what they put their name to."""

from __future__ import annotations

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cd5flow.errors import SigningError
from cd5flow.model.result import CriterionState
from cd5flow.review.conclusions import compare_readings, sign_tube, write_draft
from cd5flow.review.routes.answering import answered, desk_of, number_of, said, text_of
from cd5flow.review.shown import person_json, tube_json
from cd5flow.review.signing import Statement
from cd5flow.signatures.acts import Meaning


def _secret(body: dict[str, Any]) -> tuple[str, str]:
    """Return user and password; a password is taken as it is, blanks and all."""
    user, password = text_of(body, "user"), body.get("password", "")
    if not isinstance(password, str):
        raise HTTPException(400, "password: expected a text")
    return user, password


async def sign_in(request: Request) -> Response:
    """Unlock a person's key."""
    desk, body = desk_of(request), await said(request)
    user, password = _secret(body)
    return await answered(lambda: {"person": person_json(desk.sign_in(user, password))})


async def leave(request: Request) -> Response:
    """Forget the key of who has signed in."""
    desk = desk_of(request)

    def work() -> dict[str, Any]:
        desk.seat.leave()
        return {"person": None}

    return await answered(work)


async def write_version(request: Request) -> Response:
    """Write the result anew with the gates that were drawn, for a person to sign."""
    desk, key, body = desk_of(request), request.path_params["key"], await said(request)
    why, at = text_of(body, "reason"), number_of(body, "at")

    def work() -> dict[str, Any]:
        tube = desk.tubes.tube(key)
        write_draft(desk, tube, why=why, at=at)
        return tube_json(desk, tube)

    return await answered(work)


async def compare(request: Request) -> Response:
    """End a blind reading and return the tube with what others did."""
    desk, key = desk_of(request), request.path_params["key"]

    def work() -> dict[str, Any]:
        compare_readings(desk, desk.tubes.tube(key))
        return tube_json(desk, desk.tubes.tube(key))

    return await answered(work)


async def sign(request: Request) -> Response:
    """Sign a result, written anew first where gates were drawn since."""
    desk, key, body = desk_of(request), request.path_params["key"], await said(request)
    user, password = _secret(body)
    at = number_of(body, "at")
    said_so = {name: text_of(body, name) for name in ("meaning", "reason", "digest", "criterion")}

    def work() -> dict[str, Any]:
        tube = desk.tubes.tube(key)
        sign_tube(desk, tube, user, password, _statement(**said_so), at=at)
        return tube_json(desk, tube)

    return await answered(work)


def _statement(*, meaning: str, reason: str, digest: str, criterion: str) -> Statement:
    """Return what a person says with a signature.

    Raises:
        SigningError: nobody can say so.
    """
    try:
        return Statement(
            meaning=Meaning(meaning),
            digest=digest,
            comment=reason,
            criterion=CriterionState(criterion) if criterion else None,
        )
    except ValueError as unknown:
        raise SigningError(
            f"meaning: found {meaning or criterion!r}, expected one of the list"
        ) from unknown


ROUTES: Final = (
    Route("/api/person", sign_in, methods=["POST"]),
    Route("/api/person/leave", leave, methods=["POST"]),
    Route("/api/tubes/{key:str}/version", write_version, methods=["POST"]),
    Route("/api/tubes/{key:str}/compare", compare, methods=["POST"]),
    Route("/api/tubes/{key:str}/sign", sign, methods=["POST"]),
)
