"""The command as such: help, version, speed, exit codes that belong to no command."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.command_line import Run

COMMANDS = {
    "review",
    "sign",
    "users",
    "verify",
    "analyze",
    "batch",
    "deidentify",
    "dossier",
    "months",
    "eligibility",
    "export",
    "inspect",
    "override",
    "pool",
    "schema",
    "sheet",
    "simulate",
    "strategies",
    "protocols",
    "validate",
}


def test_help_lists_the_commands_that_exist(cd5flow: Run) -> None:
    ran = cd5flow("--help", fresh=True)
    assert ran.code == 0
    listed = re.findall(r"^  ([a-z]+)  ", ran.out.partition("Commands:")[2], re.MULTILINE)
    assert set(listed) == COMMANDS


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, json\n"
        "sys.argv = ['cd5flow', '--help']\n"
        "from cd5flow.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n    print(json.dumps(sorted(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(json.loads(ran.stdout.splitlines()[-1]))
    assert not loaded & {"numpy", "scipy", "pydantic", "matplotlib", "rich", "flowkit", "pandas"}


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(cd5flow: Run, command: str) -> None:
    ran = cd5flow(command, "--help")
    assert ran.code == 0
    assert "Usage: cd5flow" in ran.out


def test_the_version_is_the_packages(cd5flow: Run) -> None:
    assert cd5flow("--version", fresh=True).out == f"cd5flow {metadata.version('cd5flow')}\n"


@pytest.mark.parametrize(
    "arguments",
    [(), ("analyse",), ("analyze",), ("analyze", "--colour", "x"), ("schema", "x")],
)
def test_wrong_usage_is_exit_2_with_words_on_stderr(
    cd5flow: Run, arguments: tuple[str, ...]
) -> None:
    ran = cd5flow(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def ended(body: str) -> subprocess.CompletedProcess[str]:
    """Run ``cd5flow analyze`` in which reading the tube does something else."""
    code = (
        "import sys, cd5flow.cli.analyze as command\n"
        "from cd5flow.cli import main\n"
        f"def instead(*_, **__):\n    {body}\n"
        "command.analyse_tube = instead\n"
        "sys.argv = ['cd5flow', 'analyze', 'x.fcs']\n"
        "main()"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)


def test_a_bug_is_exit_70_with_its_traceback() -> None:
    ran = ended("raise ZeroDivisionError('division by zero')")
    assert (ran.returncode, ran.stdout) == (70, "")
    assert "Traceback" in ran.stderr
    assert "ZeroDivisionError: division by zero" in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith("cd5flow: this is a bug")


def test_an_interrupt_is_exit_130_without_a_traceback() -> None:
    ran = ended("raise KeyboardInterrupt")
    assert (ran.returncode, ran.stdout) == (130, "")
    assert "Traceback" not in ran.stderr


def test_a_message_of_a_file_cannot_write_to_the_terminal() -> None:
    ran = ended("from cd5flow import FcsError; raise FcsError('t.fcs: found \\x1b[2J\\nin $PAR')")
    assert (ran.returncode, ran.stderr) == (1, "cd5flow: t.fcs: found  [2J in $PAR\n")
