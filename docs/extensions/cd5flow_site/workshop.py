"""A folder in which the commands of one page are carried out, as its reader would."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cd5flow_site.forked import Forks

SECONDS: Final = 300
"""How long a command of a page may take, on a machine that is busy."""

_DIGEST: Final = re.compile(r"\{digest (\S+)\}")
_DIGITS: Final = 8
_OPEN: Final = "..."
_SHELL: Final = re.compile(r"[|&;<>$`*?~()]")


class PageFaultError(Exception):
    """A page asks for something that does not hold: a command failed, a line is not there."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command as it was carried out, with what it wrote.

    Attributes:
        line: the command, every placeholder filled in.
        out: what it wrote to stdout; with its errors, where they were asked for.
    """

    line: str
    out: str


@dataclass(slots=True)
class Workshop:
    """A folder with the sample tubes, and commands carried out in it one after the other.

    Attributes:
        samples: the folder of sample tubes, a copy of which the workshop holds.
        base: the folder in which its own is made.
        forks: what carries out plain lines of cd5flow sooner than a shell; None is a shell.
    """

    samples: Path
    base: Path
    forks: Forks | None = None
    _made: Path | None = field(default=None, init=False)

    @property
    def folder(self) -> Path:
        """Return the folder, filled with the samples."""
        if self._made is None:
            self._made = Path(tempfile.mkdtemp(prefix="page-", dir=self.base))
            shutil.copytree(self.samples, self._made / self.samples.name)
        return self._made

    def run(self, line: str, *, code: int = 0, with_errors: bool = False) -> Ran:
        """Carry out one line of a shell.

        Args:
            line: the command; ``{digest FOLDER}`` stands for the first digits of a result's digest.
            code: with which it has to end.
            with_errors: whether what it says on stderr belongs to its output.

        Raises:
            PageFaultError: it ended otherwise.
        """
        line = _DIGEST.sub(lambda found: self._digits(found[1]), line)
        ended, out, err = self._carried_out(line)
        if ended != code:
            raise PageFaultError(
                f"{line}: exit code {ended}, expected {code}\n{(out + err).strip()}"
            )
        return Ran(line, out + err if with_errors else out)

    def _carried_out(self, line: str) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr of a line."""
        words = _words(line)
        if words is None or self.forks is None:
            done = subprocess.run(  # noqa: S602 - pages of this checkout show lines of a shell
                line,
                shell=True,
                cwd=self.folder,
                env=environment(self.folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                timeout=SECONDS,
                check=False,
            )
            return done.returncode, done.stdout, done.stderr
        arguments, target = words
        streams = self.folder / ".out", self.folder / ".err"
        for stream in streams:
            stream.write_bytes(b"")
        ended = self.forks.run(
            arguments,
            folder=self.folder,
            environment=environment(self.folder),
            out=streams[0],
            err=streams[1],
        )
        out, err = (stream.read_text(encoding="utf-8") for stream in streams)
        if target:
            self.write(target, out)
            out = ""
        return ended, out, err

    def write(self, name: str, text: str) -> None:
        """Write a file that the page shows."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Put lines in the place of others.

        Args:
            name: of the file.
            old: the lines; one that ends with ``...`` stands for any that begins so.
            new: what takes their place.

        Raises:
            PageFaultError: the lines do not stand there, or several times.
        """
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        lines = (re.escape(line.removesuffix(_OPEN)) for line in old.split("\n"))
        ends = (".*" if line.endswith(_OPEN) else "" for line in old.split("\n"))
        wanted = "\n".join(line + end for line, end in zip(lines, ends, strict=True))
        found = re.findall(f"^{wanted}$", text, re.MULTILINE)
        if len(found) != 1:
            raise PageFaultError(f"{name}: these lines stand there {len(found)} times:\n{old}")
        path.write_text(text.replace(found[0], new), encoding="utf-8")

    def made(self, name: str) -> Path:
        """Return something that a command made.

        Raises:
            PageFaultError: it is not there.
        """
        path = self.folder / name
        if not path.exists():
            raise PageFaultError(f"{name}: no command of this page made it")
        return path

    def _digits(self, folder: str) -> str:
        result = json.loads(self.made(f"{folder}/result.json").read_text(encoding="utf-8"))
        return str(result["digest"])[:_DIGITS]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a reader who has just installed: a home and caches in a folder."""
    home = folder / ".home"
    home.mkdir(exist_ok=True)
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "HOME": str(home),
        "CD5FLOW_CACHE": str(folder.parent / "cache"),  # of rules only, so all pages may share it
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "COLUMNS": "88",
        "PYTHONIOENCODING": "utf-8",
    }


def _words(line: str) -> tuple[list[str], str] | None:
    """Return a line's arguments and the file it writes to; None where it needs a shell."""
    line, _, target = line.partition(" > ")
    if not line.startswith("cd5flow ") or _SHELL.search(line) or _SHELL.search(target):
        return None
    return shlex.split(line)[1:], target.strip()


def chosen_lines(text: str, wanted: str) -> str:
    """Return lines of an output, those left out in between shown as an ellipsis.

    Args:
        text: the output.
        wanted: line numbers from 1, such as ``1-5,9``; empty is all.

    Raises:
        PageFaultError: a line is asked for that the output has not.
    """
    lines = text.rstrip("\n").split("\n")
    if not wanted:
        return "\n".join(lines)
    shown: list[str] = []
    last = 0
    for part in wanted.split(","):
        first, _, end = part.strip().partition("-")
        start, stop = int(first), int(end or first)
        if not last < start <= stop <= len(lines):
            raise PageFaultError(f"lines {part}: the output has {len(lines)} lines")
        if start > last + 1:
            shown.append("...")
        shown += lines[start - 1 : stop]
        last = stop
    if last < len(lines):
        shown.append("...")
    return "\n".join(shown)


def hold_private(text: str, *folders: Path | str) -> str:
    """Return what a page shows.

    Raises:
        PageFaultError: it names a folder of this machine, which no reader has.
    """
    for folder in folders:
        if str(folder) in text:
            raise PageFaultError(f"this output names a folder of this machine:\n{text}")
    return text


def parted_edit(text: str) -> tuple[str, str]:
    """Return the lines that an edit takes away, and those that it puts in their place.

    Args:
        text: lines that begin with ``- ``, ``+ `` or two blanks, as in a diff.

    Raises:
        PageFaultError: a line begins otherwise, or nothing is changed.
    """
    old: list[str] = []
    new: list[str] = []
    for line in text.split("\n"):
        sign, rest = line[:1], line[2:]
        if sign not in {"-", "+", " "} or line[1:2] not in {" ", ""}:
            raise PageFaultError(f"an edit's line begins with '- ', '+ ' or two blanks: {line!r}")
        if sign in {"-", " "}:
            old.append(rest)
        if sign in {"+", " "}:
            new.append(rest)
    if old == new:
        raise PageFaultError("this edit changes nothing")
    return "\n".join(old), "\n".join(new)
