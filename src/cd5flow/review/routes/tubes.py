"""The queue, a tube with its gates, their pictures, and the counts while one is dragged."""

from __future__ import annotations

from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cd5flow.plots.palette import family_of
from cd5flow.review.bitmap import Colour
from cd5flow.review.earlier import overlays
from cd5flow.review.gate_acts import accept_gate, move_gate, redo, show_gate, undo
from cd5flow.review.routes.answering import answered, desk_of, number_of, said, text_of, worked
from cd5flow.review.shown import percent_words, queue_json, tube_json

_PLAIN: Final = "#D55E00"
"""Of a population that has no colour of its own."""


async def queue(request: Request) -> Response:
    """Return the samples, the riskiest first."""
    desk = desk_of(request)
    return await answered(lambda: queue_json(desk))


async def tube(request: Request) -> Response:
    """Return a tube, opened where it is not open yet."""
    desk, key = desk_of(request), request.path_params["key"]
    return await answered(lambda: tube_json(desk, desk.tubes.tube(key)))


async def gate(request: Request) -> Response:
    """Return a gate's pictures without the events: axes, edges, corners, and the automatic ones."""
    desk, key, name = desk_of(request), request.path_params["key"], request.path_params["gate"]

    def work() -> dict[str, Any]:
        open_tube = desk.tubes.tube(key)
        session, earlier = open_tube.session, desk.tubes.earlier(open_tube)
        return {
            "gate": name,
            "at": open_tube.last,
            "views": [
                view.as_json()
                | {"automatic": session.beside(view), "earlier": overlays(earlier, view)}
                for view in session.views(name)
            ],
        }

    return await answered(work)


async def picture(request: Request) -> Response:
    """Return the density of a view's events, or of a population among them."""
    desk, key, name = desk_of(request), request.path_params["key"], request.path_params["gate"]
    number = request.path_params["view"]
    population = request.query_params.get("of")

    def work() -> bytes:
        session = desk.tubes.tube(key).session
        views = session.views(name)
        if not 0 <= number < len(views):
            raise KeyError(number)
        colour = None if population is None else _colour(population)
        return session.picture(views[number], population, colour)

    return Response(await worked(work), media_type="image/png")


def _colour(population: str) -> Colour:
    family = family_of(population)
    text = _PLAIN if family is None else family.colour
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


async def count(request: Request) -> Response:
    """Return how many events a gate would hold as it is dragged; nothing is recorded."""
    desk, key, body = desk_of(request), request.path_params["key"], await said(request)
    name, drawing = text_of(body, "gate"), body.get("drawing")
    if not isinstance(drawing, dict):
        raise HTTPException(400, "drawing: expected edges or corners")

    def work() -> dict[str, Any]:
        session = desk.tubes.tube(key, catch_up=False).session
        events, whole = session.count(name, session.redrawn(name, drawing))
        return {"events": events, "percent": percent_words(events, whole)}

    return await answered(work)


async def move(request: Request) -> Response:
    """Draw a gate anew and return the tube as it then stands."""
    desk, key, body = desk_of(request), request.path_params["key"], await said(request)
    name, why, at = text_of(body, "gate"), text_of(body, "reason"), number_of(body, "at")
    drawing = body.get("drawing")
    if not isinstance(drawing, dict):
        raise HTTPException(400, "drawing: expected edges or corners")

    def work() -> dict[str, Any]:
        open_tube = desk.tubes.tube(key)
        move_gate(desk, open_tube, name, drawing, why=why, at=at)
        return tube_json(desk, open_tube)

    return await answered(work)


async def step(request: Request) -> Response:
    """Undo or redo."""
    desk, key, body = desk_of(request), request.path_params["key"], await said(request)
    at, what = number_of(body, "at"), request.path_params["what"]

    def work() -> dict[str, Any]:
        open_tube = desk.tubes.tube(key)
        if what == "undo":
            undo(desk, open_tube, at=at)
        else:
            redo(desk, open_tube, at=at)
        return tube_json(desk, open_tube)

    return await answered(work)


async def see(request: Request) -> Response:
    """Note that a gate was on screen, or that a person agrees with it."""
    desk, key, body = desk_of(request), request.path_params["key"], await said(request)
    name, what = text_of(body, "gate"), request.path_params["what"]

    def work() -> dict[str, Any]:
        open_tube = desk.tubes.tube(key)
        if what == "accepted":
            accept_gate(desk, open_tube, name)
        else:
            show_gate(desk, open_tube, name)
        return tube_json(desk, open_tube)

    return await answered(work)


ROUTES: Final = (
    Route("/api/queue", queue),
    Route("/api/tubes/{key:str}", tube),
    Route("/api/tubes/{key:str}/gates/{gate:str}", gate),
    Route("/api/tubes/{key:str}/gates/{gate:str}/{view:int}.png", picture),
    Route("/api/tubes/{key:str}/count", count, methods=["POST"]),
    Route("/api/tubes/{key:str}/move", move, methods=["POST"]),
    Route("/api/tubes/{key:str}/step/{what:str}", step, methods=["POST"]),
    Route("/api/tubes/{key:str}/seen/{what:str}", see, methods=["POST"]),
)
