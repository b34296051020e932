"""What every page of HTML is made with: its template, its style and its pictures, all inside one file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cd5flow.report.parts import Picture

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
"""With what every page is made of."""


def render_page(template: Path, *, style: str, **values: Any) -> str:
    """Return a page that needs no other file; text is escaped, and a name that is not given fails.

    Args:
        template: a jinja2 file, which may import those of `TEMPLATES`; beside `values` it gets
            ``style`` and ``style_hash``, the digest that a content security policy allows.
        style: a style sheet in which no text from outside stands as it came.
        values: what the template shows.
    """
    from markupsafe import Markup  # noqa: PLC0415 - with jinja2, only where a page is written

    return _template(template).render(
        style=Markup(style),  # noqa: S704 - by the promise above
        style_hash=digest(style),
        **values,
    )


def digest(text: str) -> str:
    """Return what a content security policy allows a style sheet or script by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _template(path: Path) -> Template:
    # Only where a page is written.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader((path.parent, TEMPLATES)),
    )
    return environment.get_template(path.name)


def picture_urls(pictures: Sequence[Picture]) -> list[str]:
    """Return pictures as addresses that hold them; a script in one would not run, being in an image."""
    return [
        data_url("image/png", p.png) if p.svg is None else data_url("image/svg+xml", p.svg.encode())
        for p in pictures
    ]


def data_url(media_type: str, content: bytes) -> str:
    """Return an address that holds its content (RFC 2397)."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


@cache
def file_text(path: Path) -> str:
    """Return the text of a file that comes with cd5flow."""
    return path.read_text(encoding="utf-8")
