"""Commands carried out by forks of one process that has imported the program: starting takes a second.

Only for what a page shows of a command; where a system has no forks, a shell starts it.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from cd5flow.errors import Cd5FlowError

HAS_FORKS: Final = hasattr(os, "fork")

_LATE: Final = ("jinja2", "openpyxl", "ruamel.yaml", "scipy.stats", "typst", "xlsxwriter")
"""What the program imports only where it needs it."""

_ALONE: Final = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Threads of libraries would not live on in a fork, so none are started."""


class Forks:
    """The process that forks itself for each command."""

    def __init__(self) -> None:
        folder = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cd5flow_site.forked"],
            env={**os.environ, **_ALONE, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        out: Path,
        err: Path,
    ) -> int:
        """Carry out a command, its streams going to two files, and return its exit code."""
        asked = {
            "arguments": list(arguments),
            "folder": str(folder),
            "environment": dict(environment),
            "streams": [str(out), str(err)],
        }
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        assert self._process.stdout is not None  # noqa: S101 - likewise
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _import_all() -> None:
    """Import what is there: a part that needs an extra is left out, and a command says so itself."""
    program = importlib.import_module("cd5flow")
    found = (one.name for one in pkgutil.walk_packages(program.__path__, "cd5flow."))
    for name in (*found, *_LATE):
        if name != "cd5flow.__main__":
            with suppress(ImportError, Cd5FlowError):
                importlib.import_module(name)


def _serve() -> None:
    """Fork for every line of stdin, and answer it with an exit code."""
    _import_all()
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(asked)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer


def _become(asked: Mapping[str, Any]) -> None:
    """Be the command that was asked for."""
    for number, stream in enumerate((os.devnull, *asked["streams"])):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        opened = os.open(stream, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["cd5flow", *asked["arguments"]]
    from cd5flow.cli import main  # noqa: PLC0415 - imported already

    try:
        main()
    except SystemExit as ended:
        sys.stdout.flush()
        sys.stderr.flush()
        # The end of an interpreter that holds so much takes a second, and nothing waits for it.
        os._exit(ended.code if isinstance(ended.code, int) else int(ended.code is not None))


if __name__ == "__main__":
    _serve()
