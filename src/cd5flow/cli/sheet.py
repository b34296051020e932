"""`cd5flow sheet`: a sample sheet for a folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final, TextIO

import typer

from cd5flow.batch.guessed_sheet import GuessedSheet, guess_sheet
from cd5flow.cli.terminal import complain, emit, say

SOME_REFUSED: Final = 1
_NAMED: Final = 20
"""Files of open roles that are named; the sheet shows them all."""


def run(folder: Path) -> None:
    """Print the sheet on stdout, and on stderr what is open and what cannot be read."""
    beside = folder_of(sys.stdout)
    if beside is None and not folder.is_absolute():
        beside = Path()
    sheet = guess_sheet(folder, beside=beside)
    emit(sheet.csv())
    for why in sheet.unreadable:
        complain(why)
    _tell(sheet, beside)
    if sheet.unreadable:
        raise typer.Exit(SOME_REFUSED)


def _tell(sheet: GuessedSheet, beside: Path | None) -> None:
    samples = sum(row["role"] == "sample" for row in sheet.rows)
    controls = sum(row["role"] not in {"", "sample"} for row in sheet.rows)
    left = len(sheet.open_roles)
    say(f"{len(sheet.rows)} tubes: {samples} samples, {controls} controls with theirs, {left} open")
    for file in sheet.open_roles[:_NAMED]:
        say(f"open, see its notes: {file}", style="look")
    if left > _NAMED:
        say(f"and {left - _NAMED} more that are open", style="look")
    if beside is not None:
        say(f"paths are relative to {beside.absolute()}: keep the sheet there")
    say("these are guesses: read the notes, correct the rows, then: cd5flow batch samples.csv")


def folder_of(stream: TextIO) -> Path | None:
    """Return the folder of the file that a stream is written into; None where that cannot be told."""
    try:
        number = stream.fileno()
        path = Path(f"/proc/self/fd/{number}").readlink()
        if path.is_file() and os.path.samestat(path.stat(), os.fstat(number)):
            return path.parent
    except (OSError, ValueError):
        pass
    return None
