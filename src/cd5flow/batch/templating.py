"""The templates of this package's pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cd5flow.report.webpage import file_text

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES: Final = Path(__file__).parent / "templates"


@cache
def page_template(name: str) -> Template:
    """Return a page's template; it may include others of this package."""
    from jinja2 import (  # noqa: PLC0415 - only where a page is written
        Environment,
        FunctionLoader,
        StrictUndefined,
    )

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_on_one_line)
    )
    environment.filters["place"] = lambda number: round(number, 1)
    return environment.get_template(name)


def _on_one_line(name: str) -> str:
    # A blank between two elements would be a node too: thousands of samples make it a million.
    return "".join(line.strip() for line in file_text(TEMPLATES / name).splitlines())
