"""Every command of the program with its parameters, as typer knows them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from typer.main import get_command

from cd5flow.cli.commands import program as every_command


@cache
def program() -> Any:
    """Return the whole command line."""
    return get_command(every_command())


@cache
def commands() -> dict[str, Any]:
    """Return the words of each command, as ``users add``, to the command."""
    return dict(_below(program(), ()))


def _below(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words), command
        return
    for name, one in inner.items():
        yield from _below(one, (*words, name))
