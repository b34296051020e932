"""The server of the review page: on this machine's own address, for one browser."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from cd5flow.errors import OutputError
from cd5flow.review.access import Access, App, Guard
from cd5flow.review.desk import Desk
from cd5flow.review.routes import people, tubes
from cd5flow.review.routes.answering import refusal

LOOPBACK: Final = "127.0.0.1"

_STATIC: Final = Path(__file__).parent / "static"
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    **{
        f"/{path.name}": (path.name, "text/javascript; charset=utf-8")
        for path in sorted(_STATIC.glob("*.js"))
    },
}


def review_app(desk: Desk, access: Access) -> App:
    """Return the application: the page, and what it asks for, behind its guard."""
    app = Starlette(
        routes=[
            *(Route(path, _file) for path in _FILES),
            Route("/favicon.ico", _nothing),
            *tubes.ROUTES,
            *people.ROUTES,
        ],
        exception_handlers={HTTPException: refusal, Exception: refusal},
    )
    app.state.desk = desk
    return Guard(app, access)


async def _file(request: Request) -> Response:
    name, kind = _FILES[request.url.path]
    return FileResponse(_STATIC / name, media_type=kind)


async def _nothing(_: Request) -> Response:
    return Response(status_code=204)


def listen(port: int) -> socket.socket:
    """Return a socket on this machine's own address; port 0 is any free one.

    Raises:
        OutputError: the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise OutputError(f"port {port}: cannot be used ({error.strerror or error})") from error
    return listener


def host_of(listener: socket.socket) -> str:
    """Return address and port, as a browser names them."""
    address, port = listener.getsockname()
    return f"{address}:{port}"


def serve(app: App, listener: socket.socket) -> None:
    """Answer until the process is told to end."""
    import uvicorn  # noqa: PLC0415 - 0.1 s that only the server pays

    settings = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="warning",
        access_log=False,  # it would hold the token
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    uvicorn.Server(settings).run(sockets=[listener])
