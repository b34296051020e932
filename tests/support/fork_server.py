"""A process that has imported the program once, and forks itself for every command.

Run as a script by `support.command_line.ForkServer`, never imported by tests. It imports the
program's modules, and calls none of its functions: what a command finds in memory is what its own
imports would have left there, only sooner.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import sys
import threading
import time
from pathlib import Path

LATE = (
    "defusedxml.ElementTree",
    "fhir.resources.R4B.bundle",
    "fontTools.ttLib",
    "jinja2",
    "openpyxl",
    "rich.progress",
    "ruamel.yaml",
    "scipy.optimize",
    "scipy.special",
    "scipy.stats",
    "typst",
    "xlsxwriter",
)
"""What functions of the program import only when they need it."""


def import_all() -> None:
    """Import every module of the program, and what they import late."""
    program = importlib.import_module("cd5flow")
    for found in pkgutil.walk_packages(program.__path__, "cd5flow."):
        if found.name != "cd5flow.__main__":  # which is what a command runs
            importlib.import_module(found.name)
    for name in LATE:
        importlib.import_module(name)


def threads() -> int:
    """Return how many threads this process has, those of libraries in C too."""
    return len(list(Path("/proc/self/task").iterdir()))


def serve(control: socket.socket) -> list[str] | None:
    """Fork for each command that is asked for; return its arguments in the fork, None at the end.

    A request is one line of JSON with arguments, folder and environment, and with it the two files
    that take the streams. It is answered with two lines: the process id, then the exit code.
    """
    while True:
        request, files, _, _ = socket.recv_fds(control, 1 << 20, 2)
        if not request:
            return None
        while not request.endswith(b"\n"):
            request += control.recv(1 << 20)
        assert threads() == threading.active_count() == 1
        child = os.fork()
        if child == 0:
            control.close()
            asked = json.loads(request)
            for number, file in enumerate(files, start=1):
                os.dup2(file, number)
                os.close(file)
            os.chdir(asked["folder"])
            os.environ.clear()
            os.environ.update(asked["environment"])
            time.tzset()
            sys.path.insert(0, asked["folder"])
            arguments: list[str] = asked["arguments"]
            return arguments
        for file in files:
            os.close(file)
        control.sendall(b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        control.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def main() -> None:
    """Serve until the other end is closed; in a fork, be ``python -m cd5flow``."""
    del sys.path[0]  # this script's folder
    import_all()
    gc.collect()
    gc.freeze()  # so that the forks share the memory of what was imported
    arguments = serve(socket.socket(fileno=int(sys.argv[1])))
    if arguments is not None:
        sys.argv = ["cd5flow", *arguments]
        # From here on the interpreter itself makes an exit code of what the command raises.
        runpy.run_module("cd5flow", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
