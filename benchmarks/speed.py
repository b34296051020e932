"""Speed and memory against the floor and the peers, each budget with its verdict.

    python benchmarks/speed.py [--peers-python PATH] [--write] [--events 1000000] [--repeats 9]
                               [--most-events 10000000]
                               [--only steps|whole|processor|growth] [--batch 200]

A relapse tube of 16 float32 channels is simulated and worked on by cd5flow, FlowKit, flowio and
flowutils, and with `--peers-python`, a Python that has FlowCal and fcsparser, by these two. The floor is
np.fromfile of the bytes of DATA. What is compared is timed in turn, the least of several times; ratios
hold from machine to machine, seconds do not. `--write` puts the tables into benchmarks/RESULTS.md, with
`--only` that one alone, else they are printed. About twenty minutes and 4 GB for everything;
`--most-events` and `--batch` make it smaller.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import speed_growth
import speed_processor
import speed_steps
import speed_whole
from reading import machine
from speed_timing import HEAD, Budget
from speed_tubes import Tube, check, exported_gates, make_tube

_SECTIONS = re.compile(r"\n## ")
RESULTS = Path(__file__).with_name("RESULTS.md")


def steps(tube: Tube, chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the table of the single steps."""
    rows = list(speed_steps.reading(tube, repeats=chosen.repeats))
    if chosen.peers_python:
        peers, versions = speed_steps.peers_reading(
            tube, python=chosen.peers_python, repeats=max(2, chosen.repeats // 3)
        )
        rows += peers
        yield f"Readers of another Python: {', '.join(f'{k} {v}' for k, v in versions.items())}.\n"
    rows += speed_steps.compensation(tube, repeats=chosen.repeats)
    rows += speed_steps.logicle(tube, repeats=chosen.repeats)
    yield from _table(rows)


def whole(folder: Path, tube: Tube, chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the tables of the whole analysis, and where its time goes."""
    gates = exported_gates(tube, folder / "exported")
    repeats = max(2, chosen.repeats // 3)
    yield from _table(
        [
            *speed_whole.analysis(tube, gates, repeats=repeats),
            *speed_whole.command(tube, folder, repeats=repeats),
        ]
    )
    seconds = speed_whole.stages(tube, folder)
    total = sum(s for stage, s in seconds.items() if "/" not in stage)
    yield "\n### Where the time goes: `--profile` of one command with its report\n"
    yield "| stage | seconds | % |\n|---|---|---|"
    for stage, each in seconds.items():
        if each >= 0.005:
            yield f"| {stage} | {each:.3f} | {100 * each / total:.0f} |"


def growth(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the tables of growth."""
    by_events, by_channels = speed_growth.grow(
        most_events=chosen.most_events, repeats=max(3, chosen.repeats // 2)
    )
    yield from _table(speed_growth.judged(by_events, by_channels))
    yield f"\n{speed_growth.HEAD}"
    yield from (point.row() for point in (*by_events, *by_channels))


def _table(rows: Iterable[Budget]) -> Iterator[str]:
    yield HEAD
    yield from (row.row() for row in rows)


def lines(chosen: argparse.Namespace) -> Iterator[str]:
    """Yield the whole document, line by line as it is measured."""
    command = " ".join(["python benchmarks/speed.py", *_plain(sys.argv[1:])])
    yield f"# Speed and memory\n\n    {command}\n\n{machine()}\n"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tube = make_tube(folder, events=chosen.events)
        check(tube)
        size = f"{tube.events:,} events x {tube.channels} float32 channels"
        if chosen.only in {None, "steps"}:
            yield f"## Single steps, {size}\n"
            yield from steps(tube, chosen)
        if chosen.only in {None, "whole"}:
            yield f"\n## The whole analysis, {size}\n"
            yield from whole(folder, tube, chosen)
        if chosen.only in {None, "processor"}:
            yield "\n## Processor seconds: start-up, reports, batches\n"
            repeats = max(2, chosen.repeats // 3)
            yield from _table(
                speed_processor.ratios(tube, folder, repeats=repeats, batch=chosen.batch)
            )
    if chosen.only in {None, "growth"}:
        yield "\n## Growth\n"
        yield from growth(chosen)
    if hasattr(os, "getloadavg"):
        yield f"\nLoad after: {os.getloadavg()[0]:.1f}."


def with_section(before: str, measured: str) -> str:
    """Return a document with the one section that was measured anew, and how, in its place."""
    head, *sections = _SECTIONS.split(before)
    how, new = _SECTIONS.split(measured)
    title, _, rows = new.partition("\n")
    _, command, machine_of, *_ = (line for line in how.splitlines() if line)
    new = f"{title}\n\n{command}\n\n{machine_of}\n{rows.rstrip()}\n"
    named = {each.partition("\n")[0]: each for each in sections}
    return "\n## ".join([head, *(named | {title: new}).values()])


def _plain(arguments: list[str]) -> list[str]:
    """Return arguments without places of this machine."""
    return ["PYTHON" if os.sep in word else word for word in arguments]


def main() -> None:
    """Measure, and print or write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers-python", help="a Python that has FlowCal and fcsparser")
    parser.add_argument("--write", action="store_true", help="into benchmarks/RESULTS.md")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--most-events", type=int, default=10_000_000, help="of the largest tube")
    parser.add_argument("--only", choices=["steps", "whole", "processor", "growth"])
    parser.add_argument("--batch", type=int, default=speed_processor.BATCH, help="tubes of it")
    chosen = parser.parse_args()
    told = []
    for line in lines(chosen):
        print(line, flush=True)
        told.append(line)
    if chosen.write:
        text = "\n".join(told) + "\n"
        if chosen.only is not None:
            text = with_section(RESULTS.read_text(encoding="utf-8"), text)
        RESULTS.write_text(text, encoding="utf-8")
    if any("NOT HELD" in line for line in told):
        sys.exit(1)


if __name__ == "__main__":
    main()
