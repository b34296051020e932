"""Reading FCS files: what is read right of a folder, how fast, how lean, and what hostile files do.

    python benchmarks/reading.py [FOLDER] [--peers-python PATH] [--only corpus|speed|fuzz]
                                 [--events N] [--repeats N] [--copies N] [--seed N] [--every]

FOLDER holds .fcs and .lmd files at any depth; by default the folder `fcs` of the shared data beside
the checkout. `--peers-python` is a Python that has FlowCal and fcsparser, which ask for an older numpy.
Printed as Markdown.

A reader's values are linear where each column is what the instrument measured, amplification ($PnE) and
gain ($PnG) undone, Time in ticks or seconds; stored where some are the numbers of DATA instead (bits above
$PnR masked), so that the rest is left to the caller; any data set of the file counts. They are held against
cd5flow's, which tests/oracle/test_fcs_corpus.py derives from the bytes wherever readers differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt

import reading_fuzz
import reading_speed
from cd5flow.errors import FcsError
from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.fcs.data import decode
from cd5flow.fcs.datasets import describe, read_data_sets
from cd5flow.fcs.source import open_source

SHARED = Path(os.environ.get("CD5FLOW_SHARED", Path(__file__).resolve().parents[2] / "shared"))
PEERS = Path(__file__).with_name("reading_peers.py")
HERE = ("flowio", "flowio, lenient", "FlowKit")
ELSEWHERE = ("FlowCal", "fcsparser")
LINEAR, STORED, DIFFER, REFUSED = "linear", "stored", "values differ", "refused"


@dataclass(frozen=True)
class Answer:
    """What a reader made of a file.

    Attributes:
        state: LINEAR, STORED, DIFFER or REFUSED.
        why: the refusal, or what differs; empty where it was read right.
    """

    state: str
    why: str = ""


def candidates(path: Path) -> Iterator[tuple[FcsFile, npt.NDArray[np.float32]]]:
    """Yield each data set with its stored values."""
    with open_source(path) as source:
        sets, _ = read_data_sets(source)
        for number, each in enumerate(sets, start=1):
            found = describe(source, each)
            located = found.located
            stored = decode(
                source, begin=located.begin, layout=located.layout, events=located.events, undo={}
            )
            yield read_fcs(path, dataset=number), stored.values


def judged(path: Path, theirs: npt.NDArray[np.float64]) -> Answer:
    """Hold a reader's values against the data set that they fit best."""
    answers = [_held(file, stored, theirs) for file, stored in candidates(path)]
    return min(answers, key=lambda answer: (LINEAR, STORED, DIFFER).index(answer.state))


def _held(
    file: FcsFile, stored: npt.NDArray[np.float32], theirs: npt.NDArray[np.float64]
) -> Answer:
    if theirs.shape != stored.shape:
        found, expected = (f"{events:,} x {n}" for events, n in (theirs.shape, stored.shape))
        return Answer(DIFFER, f"{found} values, expected {expected}")
    step = file.raw.timestep_seconds or 1.0
    raw, bad = False, []
    for channel in file.channels[: stored.shape[1]]:
        column = theirs[:, channel.index]
        linear, plain = file.events[:, channel.index], stored[:, channel.index]
        right = [linear]
        if channel.is_time:  # in seconds, and with a gain that some take for part of the tick
            right += [plain * step, plain / channel.gain, plain / channel.gain * step]
        if any(_equal(column, each) for each in right):
            continue
        raw = raw or _equal(column, plain)
        if not _equal(column, plain):
            bad.append(channel.detector)
    if bad:
        more = f" and {len(bad) - 2} more" if len(bad) > 2 else ""
        return Answer(DIFFER, f"{', '.join(bad[:2])}{more}")
    return Answer(STORED if raw else LINEAR)


def _equal(column: npt.NDArray[np.float64], other: npt.NDArray[np.float32]) -> bool:
    return bool(np.allclose(column, other, rtol=1e-5, atol=1e-6, equal_nan=True))


def ours(path: Path) -> Answer:
    """Read a file with cd5flow."""
    try:
        read_fcs(path)
    except FcsError as error:
        return Answer(REFUSED, error.message.partition(": ")[2])
    return Answer(LINEAR)


def theirs(reader: str, python: str, files: list[Path]) -> dict[Path, Answer]:
    """Read files with another reader."""
    answers = {path: Answer(REFUSED, "the process ended") for path in files}
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [python, str(PEERS), reader, folder],
            input=json.dumps([str(path) for path in files]),
            capture_output=True,
            check=False,
            text=True,
        )
        for line in ran.stdout.splitlines():
            told = json.loads(line)
            path = Path(told["path"])
            if "refused" in told:
                answers[path] = Answer(REFUSED, told["refused"])
                continue
            try:
                answers[path] = judged(path, np.load(told["array"]))
            except FcsError:
                answers[path] = Answer(DIFFER, "the file holds no whole events")
    return answers


def corpus(files: list[Path], folder: Path, peers_python: str | None, *, every: bool) -> None:
    """Print what each reader makes of the files."""
    found = {"cd5flow": {path: ours(path) for path in files}}
    for reader in HERE:
        found[reader] = theirs(reader, sys.executable, files)
    for reader in ELSEWHERE if peers_python else ():
        found[reader] = theirs(reader, str(peers_python), files)
    print("| reader | files | linear values | stored values | values differ | refused |")
    print("|---|---|---|---|---|---|")
    for reader, answers in found.items():
        states = Counter(answer.state for answer in answers.values())
        counts = " | ".join(str(states[state]) for state in (LINEAR, STORED, DIFFER, REFUSED))
        print(f"| {reader} | {len(files)} | {counts} |")
    print(f"\n| file | {' | '.join(found)} |")
    print("|---|" + "---|" * len(found))
    for path in files:
        row = [answers[path] for answers in found.values()]
        if every or any(answer.state != LINEAR for answer in row):
            name = path.relative_to(folder).as_posix()
            print(f"| {name} | {' | '.join(_cell(answer, path) for answer in row)} |")


def _cell(answer: Answer, path: Path) -> str:
    why = answer.why.replace(str(path), "the file").replace(path.name, "the file")
    why = why.removeprefix("ValueError: ").removeprefix("FCSParsingError: ").replace("|", "/")
    return answer.state if not why else f"{answer.state}: {why[:70].strip()}"


def machine() -> str:
    """Say what this was run with."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(
            line.partition(":")[2].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    versions = ", ".join(
        f"{name} {metadata.version(name)}" for name in ("cd5flow", "numpy", "flowio", "flowkit")
    )
    load = f"; load before {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"Python {platform.python_version()}, {versions}; {model}, {os.cpu_count()} cores{load}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED / "fcs")
    parser.add_argument("--peers-python", help="a Python that has FlowCal and fcsparser")
    parser.add_argument("--only", choices=["corpus", "speed", "fuzz"])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--copies", type=int, default=50, help="broken copies of each file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", action="store_true", help="files that all read right too")
    chosen = parser.parse_args()
    print(f"{machine()}\n")
    files = sorted(p for p in chosen.folder.rglob("*") if p.suffix.lower() in {".fcs", ".lmd"})
    if chosen.only in {None, "corpus"}:
        print("## What is read\n")
        corpus(files, chosen.folder, chosen.peers_python, every=chosen.every)
        print()
    if chosen.only in {None, "speed"}:
        print(f"## Speed and memory, median of {chosen.repeats}\n\n{reading_speed.HEAD}")
        with tempfile.TemporaryDirectory() as folder:
            for ratio in reading_speed.ratios(
                Path(folder), events=chosen.events, repeats=chosen.repeats
            ):
                print(ratio.row())
        print()
    if chosen.only in {None, "fuzz"}:
        print(f"## Hostile files\n\n{reading_fuzz.HOSTILE_HEAD}")
        for row in reading_fuzz.hostile_rows(100_000_000):
            print(row)
        found = reading_fuzz.mutations(files, copies=chosen.copies, seed=chosen.seed)
        shown = ", ".join(f"{count:,} {outcome}" for outcome, count in found.outcomes.most_common())
        slowest = f"slowest {found.slowest:.2f} s of the processor"
        print(f"\n{found.copies:,} broken copies, seed {chosen.seed}: {shown}; {slowest}")


if __name__ == "__main__":
    main()
