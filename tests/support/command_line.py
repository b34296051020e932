"""The command line as a process of its own: a fresh one, or the fork of one that has imported all."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

TIMEOUT_SECONDS = 600.0
"""How long a command may take, on a machine that is busy with other things."""

UNNUMBERED = re.compile(r": provenance\.rules: found none, expected \d+: its digest was checked")
START_SECONDS = 600.0
"""How long the fork server may take to import all, on a machine that is busy."""


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


class ForkServer:
    """Runs commands in forks of one process that has imported the program.

    Starting the interpreter and importing take longer than most commands do. A fork is as good as
    a fresh process for what a command does, because

    - the server only imports: no function of the program has run, so no cache is filled and no
      file of rules was read;
    - it has one thread when it forks, which it asserts, so no lock is held in the fork;
    - the fork takes folder, arguments, environment and streams from the request, the filters of
      warnings from the same variable, and ends by the interpreter's own end, exit code and all;
    - every command has a fork of its own, so nothing it does reaches the next.

    What it cannot show: that the program starts, what it imports, variables that the interpreter
    reads as it starts, and that two seeds of hashing give the same. Tests of these ask for a fresh
    process.
    """

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        # The libraries' threads would not live on in a fork, so they are not started.
        alone = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        script = Path(__file__).with_name("fork_server.py")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, script, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONWARNINGS": "error", **alone},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # as in a fresh process, whose streams are pipes too
                stderr=subprocess.PIPE,
            )

    def run(self, arguments: list[str], *, folder: Path, environment: dict[str, str]) -> Ran:
        """Run one command in a fork."""
        asked = {"arguments": arguments, "folder": str(folder), "environment": environment}
        request = json.dumps(asked).encode() + b"\n"
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            sent = socket.send_fds(self._control, [request], [out.fileno(), err.fileno()])
            self._control.sendall(request[sent:])
            self._control.settimeout(START_SECONDS)
            child = self._answer()
            self._control.settimeout(TIMEOUT_SECONDS)
            try:
                code = self._answer()
            except TimeoutError:
                os.kill(child, signal.SIGKILL)
                self._answer()
                raise
            out.seek(0)
            err.seek(0)
            return Ran(code, out.read().decode("utf-8"), err.read().decode("utf-8"))

    def _answer(self) -> int:
        answer = b""
        while not answer.endswith(b"\n"):
            got = self._control.recv(1)
            if not got:
                _, said = self._process.communicate()
                raise AssertionError(f"the fork server ended: {said.decode('utf-8')}")
            answer += got
        return int(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._control.close()
        self._process.communicate(timeout=TIMEOUT_SECONDS)
