"""What a page may have made of the code, by the words of its placeholder.

A page says ``<!-- made: schema strategy -->`` on a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from cd5flow.cli.commands import program
from cd5flow.cli.schema import schema_of
from cd5flow.gating.profiles import Profiles
from cd5flow_site.codes import checks_page, codes_page, states_page
from cd5flow_site.commands import command_line_page
from cd5flow_site.schemas import schema_page
from cd5flow_site.tables import (
    errors,
    exit_codes,
    export_columns,
    python_names,
    summary_columns,
)

_PLACE: Final = re.compile(r"^<!-- made: ([a-z -]+) -->$", re.MULTILINE)


def _command_line() -> str:
    from typer.main import get_command  # noqa: PLC0415 - typer's own way to the commands

    return command_line_page(get_command(program()))


def _schema(name: str) -> Callable[[], str]:
    return lambda: schema_page(schema_of(name), name, level=3 if "validation" in name else 2)


MADE: Final[dict[str, Callable[[], str]]] = {
    "command line": _command_line,
    "exit codes": exit_codes,
    "errors": errors,
    "python": python_names,
    "states": states_page,
    "checks": checks_page,
    "codes": codes_page,
    "export columns": export_columns,
    "summary columns": summary_columns,
    "profiles": lambda: schema_page(Profiles.model_json_schema(), "profiles"),
    **{
        f"schema {name}": _schema(name)
        for name in (
            "result",
            "strategy",
            "protocol",
            "clinical",
            "override",
            "defaults",
            "validation",
            "own-validation",
            "reference",
        )
    },
}
"""What is made, by its name in pages."""


def filled_in(text: str) -> str:
    """Return a page with every placeholder made.

    Raises:
        KeyError: nothing of this name is made.
    """
    return _PLACE.sub(lambda found: MADE[found[1]](), text)
