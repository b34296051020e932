"""A command that takes several files: one that is refused does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import typer

from cd5flow.cli.terminal import complain, emit, show
from cd5flow.errors import InputError, OutputError

REFUSED: Final = 1


def each_file(files: Sequence[Path], carry_out: Callable[[Path], str], *, json: bool) -> None:
    """Carry out what is asked for on each file; with JSON, print an object of one, an array of several.

    Of several, each that is refused is told in a line, and the process ends with exit code 1 when the
    others are done.

    Args:
        files: at least one.
        carry_out: prints what came out, or returns it as JSON.
        json: whether it returns JSON.

    Raises:
        InputError: the only file is refused.
        OutputError: what came out cannot be written.
        Exit: one of several is refused.
    """
    if len(files) == 1:
        only = carry_out(files[0])
        if json:
            emit(only)
        return
    told: list[str] = []
    refused = False
    for number, file in enumerate(files):
        if number and not json:
            show()
        try:
            told.append(carry_out(file).rstrip("\n"))
        except OutputError:
            raise
        except InputError as error:
            complain(error.message)
            refused = True
    if json:
        emit("[\n" + ",\n".join(told) + "\n]\n")
    if refused:
        raise typer.Exit(REFUSED)
