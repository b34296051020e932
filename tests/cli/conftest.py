from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysed import ROOT


@dataclass(frozen=True)
class Ran:
    """What a command did: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on stderr; stdout is empty and nothing is a traceback."""
        assert self.out == ""
        assert "Traceback" not in self.err
        (line,) = self.err.splitlines()
        return line


Run = Callable[..., Ran]


@pytest.fixture
def cd5flow(tmp_path: Path) -> Run:
    """Run the command as a process of its own, in an empty folder."""

    def run(*arguments: str | Path, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "cd5flow", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONWARNINGS": "error", **environment},
            capture_output=True,
            check=False,
            timeout=120,
        )
        return Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))

    return run


@pytest.fixture
def root() -> Path:
    return ROOT
