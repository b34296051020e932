"""The command line: within this process, or as a fresh one."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cd5flow.cli import main

TIMEOUT_SECONDS = 600.0
"""How long a command may take, on a machine that is busy with other things."""

UNNUMBERED = re.compile(r": provenance\.rules: found none, expected \d+: its digest was checked")


@dataclass(frozen=True)
class Ran:
    """What a command did: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> list[str]:
        """Lines on stderr, but that a factory's result bears no number of rules."""
        return [line for line in self.err.splitlines() if not UNNUMBERED.search(line)]

    @property
    def complaint(self) -> str:
        """The one line on stderr; stdout is empty and nothing is a traceback."""
        assert self.out == ""
        assert "Traceback" not in self.err
        (line,) = self.told
        return line


Run = Callable[..., Ran]


def run_fresh(arguments: list[str], *, folder: Path, environment: dict[str, str]) -> Ran:
    """Run the command in an interpreter that starts for it."""
    done = subprocess.run(
        [sys.executable, "-m", "cd5flow", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    return Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))


def run_here(arguments: list[str], *, folder: Path) -> Ran:
    """Run the command in this process, which has imported it.

    Starting an interpreter and importing take longer than most commands do. What a command is told
    and says goes the same way: arguments, folder, streams that are files and no terminal, the end by
    `SystemExit`, warnings as errors; what the program keeps between two commands in one process is
    content of files, by their digest. What this cannot show: that the program starts, what it imports,
    variables that the interpreter reads as it starts, signals, and that two seeds of hashing give the
    same. Tests of these ask for a fresh process.
    """
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as err,
        Path(os.devnull).open(encoding="utf-8") as nothing,
        pytest.MonkeyPatch.context() as change,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        change.chdir(folder)
        change.setattr(sys, "argv", ["cd5flow", *arguments])
        change.setattr(sys, "stdin", nothing)
        with pytest.raises(SystemExit) as ended:
            main()
        said = []
        for stream in (out, err):
            stream.flush()
            stream.seek(0)
            said.append(stream.read())
    assert isinstance(ended.value.code, int)
    return Ran(ended.value.code, *said)
