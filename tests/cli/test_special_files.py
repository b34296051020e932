"""Pipes and devices in a file's place: refused at once by every option, never waited for."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path

import pytest

from cd5flow.batch.eventlog import open_log
from cd5flow.batch.table_file import read_table
from cd5flow.config.atomic import open_atomically
from cd5flow.criteria.clinical import load_clinical
from cd5flow.criteria.protocol import load_protocol
from cd5flow.errors import Cd5FlowError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.privacy import load_rules
from cd5flow.gating.override import load_overrides
from cd5flow.gating.strategy import load_strategy
from cd5flow.interop.gates import read_gates
from cd5flow.model.result_file import load_result
from cd5flow.preprocess.compensation import read_spillover_csv
from cd5flow.report.lab import load_lab
from cd5flow.signatures.users import Users
from cd5flow.signatures.users_list import UserRole
from support.analysed import CLEAR, analysis, tube
from support.typer_tree import commands, program

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")

READERS = {
    "tube": read_fcs,
    "sheet": read_table,
    "clinical file": load_clinical,
    "protocol": load_protocol,
    "strategy": load_strategy,
    "override": load_overrides,
    "gates": lambda path: read_gates(path, {}),
    "result": load_result,
    "matrix": read_spillover_csv,
    "laboratory": load_lab,
    "list of keywords": load_rules,
    "log": lambda path: open_log(path).__enter__(),
    "output": lambda path: open_atomically(path).__enter__(),
}


@pytest.mark.parametrize("what", READERS)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_whatever_is_no_file_is_refused_at_once(tmp_path: Path, what: str, kind: str) -> None:
    place = tmp_path / "place.yaml"
    if kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("/dev/zero")
    with pytest.raises(Cd5FlowError, match=r"regular file"):
        READERS[what](place)  # type: ignore[operator]  # each takes a path
    assert place.exists()


def test_a_logo_that_is_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logo.png")
    file = tmp_path / "lab.yaml"
    file.write_text("format: cd5flow.laboratory/1\nname: A\nlogo: logo.png\n", "utf-8")
    with pytest.raises(Cd5FlowError, match="no regular file"):
        load_lab(file)


def test_a_command_ends_with_one_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lab.yaml")
    ran = subprocess.run(
        [sys.executable, "-m", "cd5flow", "analyze", "none.fcs", "--lab", "lab.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)


class Waited(BaseException):
    """A command that waits for what never comes; no command catches it."""


PASSWORD = "one of some length"  # noqa: S105 - of a users file made for the test

LONGEST_SECONDS = 20
"""Of an answer that takes milliseconds, on a machine that is busy with other things."""

WORDS = {
    "fcs": "tube.fcs",
    "out": "new-output",
    "results": "results",
    "result": "results/tube/result.json",
    "clinical": "clinical.yaml",
    "source": "tube-folder",
    "sources": "tube-folder",
    "folder": "tube-folder",
    "user": "someone",
    "name": "t-all-mrd",
    "role": "reviewer",
    "format_": "csv",
    "what": "result",
    "validation": "validation.json",
    "file": "panel.yaml",
}
"""What stands for an argument or option that a command cannot do without."""

WORDS_OF = {("pool", "results"): "results/tube/result.json"}
"""The same for a command that takes no folder there."""

FORMS = {"controls": "fmo={}"}
"""How a file is written where it is not the whole word."""

AS_SOMEONE = ("--users", "users.jsonl", "--password-file", "password")
SIGNED = ("--meaning", "analysed", "--digest", "00000000")

WITH: dict[tuple[str, str], tuple[str, ...]] = {
    ("export", "codes"): ("--format", "fhir"),
    ("export", "users_file"): ("--format", "archive", "--out", "new"),
    ("export", "input_"): ("--format", "archive", "--out", "new"),
    ("sign", "result"): (*SIGNED, *AS_SOMEONE),
    ("sign", "strategy"): AS_SOMEONE,
    ("sign", "users_file"): ("results/tube", *SIGNED, "--password-file", "password"),
    ("sign", "password_file"): ("results/tube", *SIGNED, "--users", "users.jsonl"),
    ("users add", "by_password_file"): (*AS_SOMEONE, "--by", "someone"),
    ("users disable", "by_password_file"): ("--by", "someone", "--users", "users.jsonl"),
    ("validate", "rules"): ("--own", "samples.csv"),
}
"""What else must be said for a file to be looked at."""


def file_parameters() -> list[tuple[str, str]]:
    """Return command and parameter of each that names a file or a folder."""
    found = []
    for words, command in commands().items():
        types = signature(command.callback).parameters
        for param in command.params:
            hint = str(types[param.name].annotation) if param.name in types else ""
            if "Path" in hint or re.search("FILE|FCS|FOLDER|SHEET|RESULT", param.metavar or ""):
                found.append((words, param.name))
    return found


@pytest.fixture(scope="module")
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a users file with one reviewer, whose key costs half a second."""
    users = Users.load_or_begin(tmp_path_factory.mktemp("users") / "users.jsonl")
    users.add("someone", name="S", role=UserRole.REVIEWER, password=PASSWORD, by=None)
    return users.path


@pytest.fixture
def place(tmp_path: Path, somebody: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with all that commands ask for beside the file in question."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "results" / "tube"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(analysis(CLEAR).result.to_json(), "utf-8")
    (tmp_path / "tube-folder").mkdir()
    for target in ("tube.fcs", "tube-folder/tube.fcs"):
        (tmp_path / target).symlink_to(tube(CLEAR))
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    shutil.copy(somebody, tmp_path / "users.jsonl")
    (tmp_path / "clinical.yaml").write_text("ecog: 1\n")
    (tmp_path / "samples.csv").write_text("file\ntube.fcs\n")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "name"), file_parameters(), ids=[" ".join(one) for one in file_parameters()]
)
def test_no_argument_or_option_waits_for_a_pipe(
    place: Path, capsys: pytest.CaptureFixture[str], words: str, name: str
) -> None:
    odd = place / "odd.yaml"
    os.mkfifo(odd)
    with at_once():
        code, told = run(arguments(words, name, FORMS.get(name, "{}").format(odd.name)), capsys)
    assert code in {1, 2}, told
    assert odd.name in told
    assert odd.is_fifo()


def arguments(words: str, name: str, value: str) -> list[str]:
    """Return a command line in which one parameter names the odd file and all else is as it should be."""
    line = words.split()
    command = commands()[words]
    for param in command.params:
        if param.name == name:
            written = value
        elif param.required:
            written = WORDS_OF.get((words, param.name)) or WORDS[param.name]
        else:
            continue
        line += [*param.opts[:1], written] if param.opts[0].startswith("-") else [written]
    return [*line, *WITH.get((words, name), ())]


def run(line: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return the exit code of a command, and what it says when it is refused."""
    try:
        program().main(line, prog_name="cd5flow")
    except Cd5FlowError as refused:
        return refused.exit_code, refused.message
    except SystemExit as ended:
        return int(ended.code or 0), capsys.readouterr().err
    return 0, capsys.readouterr().err


@contextmanager
def at_once() -> Iterator[None]:
    """End what waits."""

    def waited(*_: object) -> None:
        raise Waited

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
