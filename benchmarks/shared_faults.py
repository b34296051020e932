"""A folder of small faulty inputs, each given to the command that would meet it: what came out, in one table.

    python benchmarks/shared_faults.py ../shared/faults
    python benchmarks/shared_faults.py ../shared/faults --before ../cd5flow-0.1/src

Kinds go by ending: tubes are analysed (those called `deidentify...` copied too), workbooks taken as sheets,
workspaces as gates of the tube that they name, drawings as a logo, XML as gates. `--before` runs the same
with another version's source, for a column beside it. Python's warnings are errors in a pass of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

OWN: Final = Path(__file__).resolve().parent.parent / "src"
SECONDS: Final = 300
SLOW: Final = 60
"""Seconds after which a command is told on stderr."""
TOLD: Final = ("--timepoint", "relapse", "--specimen", "bone_marrow", "--no-report")
NAMED: Final = re.compile(rb'<DataSet uri="file:[^"]*?([^/"]+)"')
MAPPED: Final = re.compile(rb'<Population name="([^"]+)"')


@dataclass(frozen=True)
class Trial:
    """A command of one file: the words after `cd5flow`, and the folder of its results."""

    name: str
    words: tuple[str, ...]
    out: Path


def trials(folder: Path, place: Path) -> Iterator[Trial]:
    """Yield the command of each file; what it needs beside the file is laid into `place`."""
    base = folder / "base.fcs"
    for path in sorted(folder.iterdir()):
        out = place / f"out-{path.name}"
        given = ("--out", str(out))
        match path.suffix:
            case ".fcs" | ".lmd":
                yield Trial(path.name, ("analyze", str(path), *TOLD, *given), out)
                if path.name.startswith(("deidentify", "data-start")):
                    copy = place / f"copy-of-{path.name}"
                    words = ("deidentify", str(path), str(copy), "--strict")
                    yield Trial(f"{path.name}, copied", words, copy)
            case ".xlsx":
                shutil.copy(path, place / path.name)
                yield Trial(path.name, ("batch", str(place / path.name), *given), out)
            case ".wsp":
                yield Trial(path.name, _with_gates(path, folder, place), out)
            case ".svg":
                lab = place / "lab.yaml"
                lab.write_text(
                    f"format: cd5flow.laboratory/1\nname: Laboratory\nlogo: {path}\n", "utf-8"
                )
                yield Trial(path.name, ("analyze", str(base), "--lab", str(lab), *given), out)
            case ".xml":
                words = ("analyze", str(base), "--gates", str(path), "--map", "blasts=a")
                yield Trial(path.name, (*words, *TOLD, *given), out)


def _with_gates(path: Path, folder: Path, place: Path) -> tuple[str, ...]:
    """Return the command of a workspace with the tube it names, which may lie there by another name."""
    written = path.read_bytes()
    named = NAMED.search(written)
    tube = place / (named[1].decode() if named else "base.fcs")
    own = path.with_suffix(".fcs")
    shutil.copy(own if own.exists() else folder / "base.fcs", tube)
    gates = [name.decode() for name in MAPPED.findall(written)]
    mapped = [f"--map=blasts={gates[0]}"] if gates else []
    return (
        "analyze",
        str(tube),
        "--gates",
        str(path),
        *mapped,
        *TOLD,
        "--out",
        str(place / f"out-{path.name}"),
    )


def outcome(trial: Trial, source: Path, *, strict: bool) -> str:
    """Return what came out in few words: exit code, the answer or the line of the refusal, findings."""
    if trial.out.is_dir():
        shutil.rmtree(trial.out)
    trial.out.unlink(missing_ok=True)
    python = [sys.executable, *(["-W", "error"] if strict else [])]
    started = time.monotonic()
    try:
        ran = subprocess.run(
            [*python, "-m", "cd5flow", *trial.words],
            env={**os.environ, "PYTHONPATH": str(source)},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {SECONDS} s"
    lines = ran.stderr.strip().splitlines()
    told = _answer(trial.out) or (lines[-1] if lines else "")
    warned = " WARNING SHOWN" if "Warning" in ran.stderr else ""
    if time.monotonic() - started > SLOW:
        print(f"{trial.name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    return f"{ran.returncode}: {told}{warned}"


def _answer(out: Path) -> str | None:
    """Return the answer of the one result below a folder; None where there is none."""
    results = sorted(out.rglob("result.json")) if out.is_dir() else []
    if not results:
        return None
    found: dict[str, Any] = json.loads(results[0].read_text("utf-8"))
    cd5, burden = found["cd5"], found["burden"]
    codes = sorted(
        {one["code"] for one in found.get("finding_data", [])}
        | {reason.partition(":")[0] for reason in cd5["reasons"]}
    )
    return (
        f"{_percent(cd5['percent'])} CD5 {cd5['state']}, {_percent(burden['percent'])} "
        f"{burden['state']}{'; ' if codes else ''}{', '.join(codes)}"
    )


def _percent(value: float | None) -> str:
    return "no" if value is None else f"{value:.2f} %"


def _cell(text: str, place: Path, folder: Path) -> str:
    short = text.replace(f"{place}/", "").replace(f"{folder}/", "")
    return " ".join(short.replace("|", "\\|").split())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--before", type=Path, help="source folder of another version")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    sources = [*([asked.before.resolve()] if asked.before else []), OWN]
    heads = ["file", *(["before"] if asked.before else []), "after", "warnings as errors"]
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    with tempfile.TemporaryDirectory(prefix="cd5flow-faults-") as made:
        place = Path(made)
        for trial in trials(folder, place):
            found = [outcome(trial, source, strict=False) for source in sources]
            strict = outcome(trial, OWN, strict=True)
            told = [*found, "the same" if strict == found[-1] else strict]
            cells = [trial.name, *(_cell(one, place, folder) for one in told)]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
