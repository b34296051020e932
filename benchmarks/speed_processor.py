"""Start-up, reports and batches in processor seconds, as ratios in one run: used by speed.py.

Processor seconds are user and system time of a whole process and all that it started, so that they hold
on a machine that does other work beside. Each figure is the least of several runs, the processes taken
in turn; batches run once each way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from speed_timing import Budget, at_least, at_most, fresh
from speed_tubes import Tube, make_tube

SMALL: int = 50_000
"""Events of an ordinary tube."""
BATCH: int = 200
"""Tubes of a batch."""
JOBS: int = 2

_ONE_THREAD = """
import os
os.environ.update(dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"))
"""
_OURS = """
import cd5flow, cd5flow.analysis.settings, cd5flow.pipeline
taken = []
for _ in range(4):
    start = time.process_time()
    cd5flow.analyze(sys.argv[1], timepoint="relapse")
    taken.append(time.process_time() - start)
print(json.dumps(min(taken[1:])))
"""
_FLOWKIT = """
import flowkit
taken = []
for _ in range(4):
    start = time.process_time()
    sample = flowkit.Sample(sys.argv[1])
    words = sample.metadata
    sample.apply_compensation(words.get("spillover") or words["spill"])
    sample.apply_transform(flowkit.transforms.LogicleTransform(262144.0, 0.5, 4.5, 0.0))
    taken.append(time.process_time() - start)
print(json.dumps(min(taken[1:])))
"""


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes:
        seconds: of processors, its own and those of processes that it waited for.
        peak: the most memory that it, or one of these, held, in bytes.
    """

    seconds: float
    peak: int


def ratios(tube: Tube, folder: Path, *, repeats: int, batch: int = BATCH) -> Iterator[Budget]:
    """Yield each row of the table.

    Args:
        tube: the large one.
        folder: for tubes and results.
        repeats: of what is short.
        batch: tubes of the batch; 0 leaves it out.
    """
    small = make_tube(folder, events=SMALL)
    least = _least(
        {
            "numpy": ["-c", "import numpy"],
            "help": ["-m", "cd5flow", "--help"],
            "bare": _analyze(small, folder / "bare-{}", "--no-report"),
            "report": _analyze(small, folder / "report-{}"),
            "large": _analyze(tube, folder / "large-{}"),
        },
        repeats=repeats,
    )
    numpy = least["numpy"].seconds
    yield _over_numpy(f"{SMALL:,} events, `--no-report`, whole process", least["bare"], numpy, 6)
    yield _over_numpy(f"{SMALL:,} events with report, whole process", least["report"], numpy, 16)
    yield from _large(tube, least["large"], repeats=repeats)
    yield _over_numpy("cd5flow --help", least["help"], numpy, 1)
    if batch:
        yield from _batch(folder, batch)


def _large(tube: Tube, ours: Cost, *, repeats: int) -> Iterator[Budget]:
    """Yield the rows of the large tube: the command, the analysis alone, memory."""
    taken = {"ours": float("inf"), "FlowKit": float("inf")}
    for _ in range(repeats):
        for name, code in (("ours", _OURS), ("FlowKit", _FLOWKIT)):
            taken[name] = min(taken[name], fresh(_ONE_THREAD + code, tube.path))
    size = f"{tube.events:,} x {tube.channels}"
    yield at_most(
        f"{size} with report, whole process, over FlowKit reading, compensating and scaling it in process",
        ours.seconds / taken["FlowKit"],
        1.5,
        f" ({ours.seconds:.2f} s, {taken['FlowKit']:.2f} s)",
    )
    yield at_least(
        f"analysis of {size} in process, one thread, FlowKit's over ours",
        taken["FlowKit"] / taken["ours"],
        3,
        f" ({taken['FlowKit']:.2f} s, {taken['ours']:.2f} s)",
    )
    megabytes = ours.peak / 1e6
    yield Budget(
        f"{size} with report, whole process at its peak",
        f"{megabytes:.0f} MB",
        "at most 450 MB",
        megabytes <= 450,
    )


def _batch(folder: Path, tubes: int) -> Iterator[Budget]:
    """Yield what reports add to a batch, and what a worker holds at its end."""
    place = folder / "batch"
    place.mkdir()
    for number in range(tubes):
        made = make_tube(place, events=SMALL, seed=100 + number)
        made.path.rename(place / f"tube-{number:03}.fcs")
    without = _cost(_batch_command(place, folder / "batch-bare", "--no-report"))
    events = folder / "events.jsonl"
    with_reports = _cost(_batch_command(place, folder / "batch-report", "--log", str(events)))
    yield at_most(
        f"{tubes} tubes of {SMALL:,} events with reports on {JOBS} processes, over without",
        with_reports.seconds / without.seconds,
        4,
        f" ({with_reports.seconds / tubes:.2f} s, {without.seconds / tubes:.2f} s a tube)",
    )
    held = _memory(events)
    yield Budget(
        f"memory of a worker after its last report, {len(held)} reports in all",
        f"{max(held[-JOBS:]):.0f} MB; at most {max(held):.0f} MB after any",
        "at most 350 MB",
        max(held) <= 350,
    )


def _memory(log: Path) -> list[float]:
    """Return what workers held after each sample, in MB, in the order in which samples ended."""
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [float(each["memory_mb"]) for each in told if each.get("memory_mb") is not None]


def _over_numpy(what: str, cost: Cost, numpy: float, limit: float) -> Budget:
    return at_most(
        f'{what}, over `python -c "import numpy"`',
        cost.seconds / numpy,
        limit,
        f" ({cost.seconds:.2f} s, {numpy:.2f} s)",
    )


def _analyze(tube: Tube, out: Path, *more: str) -> list[str]:
    """Return the command; each run has a folder of its own, for what is there already is left alone."""
    return [
        *("-m", "cd5flow", "analyze", str(tube.path), "--timepoint", "relapse"),
        *("--out", str(out), *more),
    ]


def _batch_command(tubes: Path, out: Path, *more: str) -> list[str]:
    return [
        *("-m", "cd5flow", "batch", str(tubes), "--timepoint", "relapse"),
        *("--jobs", str(JOBS), "--out", str(out), *more),
    ]


def _least(commands: Mapping[str, Sequence[str]], *, repeats: int) -> dict[str, Cost]:
    """Return the least seconds and the highest peak of each command.

    They are run in turn; the first round, in which Python keeps what it compiled, does not count.
    """
    taken: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(repeats + 1):
        for name, command in commands.items():
            taken[name].append(_cost([word.replace("{}", str(number)) for word in command]))
    return {
        name: Cost(min(c.seconds for c in costs[1:]), max(c.peak for c in costs))
        for name, costs in taken.items()
    }


def _cost(command: Sequence[str]) -> Cost:
    """Run Python with arguments and return what it took.

    Raises:
        RuntimeError: it failed.
    """
    # As an installed program runs, whose modules are compiled.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, 1024 * usage.ru_maxrss)
