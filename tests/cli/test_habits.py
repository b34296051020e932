"""Habits of the command line: completion, and words for who mistypes a command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cd5flow.cli.terminal import Voice, voice
from support.analysed import CLEAR, tube

if TYPE_CHECKING:
    from support.command_line import Run


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("analyse", "Did you mean analyze?"),
        ("batc", "Did you mean batch?"),
        ("tube.fcs", "Did you mean: cd5flow analyze tube.fcs"),
        ("samples.csv", "Did you mean: cd5flow batch samples.csv"),
        ("xyz", "There are: analyze, batch, "),
    ],
)
def test_a_word_that_is_no_command_names_the_likest(cd5flow: Run, word: str, meant: str) -> None:
    ran = cd5flow(word)
    assert (ran.code, ran.out) == (2, "")
    assert f"No such command '{word}'. {meant}" in ran.err


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        (("analyze", "run"), "cd5flow batch run"),
        (("inspect", "run"), "cd5flow sheet run"),
        (("analyze", "results/tube/result.json"), "cd5flow override results/tube/result.json"),
        (("analyze", "samples.csv"), "cd5flow batch samples.csv"),
        (("export", "run/tube.fcs", "--format", "csv"), "cd5flow analyze run/tube.fcs"),
        (("verify", "run/tube.fcs"), "cd5flow analyze run/tube.fcs"),
        (("strategies", "check", "trial.yaml"), "cd5flow protocols check trial.yaml"),
        (("protocols", "check", "panel.yaml"), "cd5flow strategies check panel.yaml"),
    ],
)
def test_what_another_command_takes_is_told_with_that_command(
    cd5flow: Run, tmp_path: Path, line: tuple[str, ...], meant: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "tube.fcs").symlink_to(tube(CLEAR))
    (tmp_path / "results" / "tube").mkdir(parents=True)
    (tmp_path / "results" / "tube" / "result.json").write_text('{"schema": "cd5flow.result/1"}')
    (tmp_path / "samples.csv").write_text("file\n")
    (tmp_path / "trial.yaml").write_text("format: cd5flow.protocol/2\n")
    (tmp_path / "panel.yaml").write_text("format: cd5flow.strategy/1\n")
    ran = cd5flow(*line)
    assert ran.code in {1, 2}
    assert ran.told[-1].endswith(f"for that there is: {meant}")


def test_a_refusal_of_the_right_kind_of_file_names_no_other_command(
    cd5flow: Run, tmp_path: Path
) -> None:
    (tmp_path / "tube.fcs").write_bytes(b"FCS3.1 and no more")
    assert "for that there is" not in cd5flow("analyze", "tube.fcs", "--lab", ".").complaint


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_completion_script(cd5flow: Run, shell: str) -> None:
    ran = cd5flow(_CD5FLOW_COMPLETE=f"source_{shell}")
    assert (ran.code, "cd5flow" in ran.out) == (0, True)


@pytest.mark.skipif(shutil.which("bash") is None or os.name == "nt", reason="needs bash")
def test_bash_completes_commands(cd5flow: Run, tmp_path: Path) -> None:
    script = cd5flow(_CD5FLOW_COMPLETE="source_bash").out
    program = tmp_path / "cd5flow"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cd5flow "$@"\n')
    program.chmod(0o755)
    asked = (
        'COMP_WORDS=(cd5flow sh); COMP_CWORD=1; _cd5flow_completion cd5flow; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", f"{script}\n{asked}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.stdout.split() == ["sheet"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("export", "r.json", "--bundle", "heap"), ("'heap' is not one of", "'collection'")),
        (("analyze", "t.fcs", "--seed", "x"), ("'x'", "a valid integer")),
        (("review", ".", "--port", "99999"), ("99999", "65535")),
    ],
)
def test_a_value_that_an_option_cannot_have_is_told_with_what_it_may_be(
    cd5flow: Run, line: tuple[str, ...], said: tuple[str, ...]
) -> None:
    ran = cd5flow(*line)
    assert (ran.code, ran.out) == (2, "")
    # Each release of the command line's library has words of its own for the rest.
    last = ran.err.splitlines()[-1]
    assert last.startswith(f"Error: Invalid value for '{line[2]}': ")
    assert all(words in last for words in said)
    assert "Value error" not in last
    assert "unable to parse" not in last


def test_how_much_is_told_is_the_one_command_s(cd5flow: Run) -> None:
    assert cd5flow("strategies", "list", "--quiet").code == 0
    assert voice() is Voice.NORMAL
    assert cd5flow("strategies", "show", "absent", "--verbose").code == 2
    assert voice() is Voice.NORMAL
