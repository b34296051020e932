"""How fast a batch goes, how it grows with processes, and whether their memory stays flat.

    python benchmarks/batch.py [--tubes 200] [--events 50000] [--jobs 1,2] [--no-reports]

Relapse tubes are simulated, each with a seed of its own, and `cd5flow batch` is run over them as a
user runs it: without and with reports, with each number of processes, and once more when there is
nothing left to do. Rates are of the whole command, from start to end. Memory is what a process holds
after a sample, from ``--log``. With reports it grows over the first samples and then stays: the
typesetter keeps what it made of the last ten. Printed as Markdown; ratios between rows hold from
machine to machine, seconds do not.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from cd5flow import __version__
from cd5flow import simulate as sim

WARM = 15
"""Samples after which a process has in memory what it keeps."""


@dataclasses.dataclass(frozen=True)
class Ran:
    """One run of the command."""

    seconds: float
    samples: tuple[dict[str, Any], ...]

    @property
    def rate(self) -> float:
        """Samples a second."""
        return len(self.samples) / self.seconds

    @property
    def sample_seconds(self) -> float:
        """Median time that a sample took in its process."""
        return median(float(sample["seconds"]) for sample in self.samples)

    def memory(self) -> tuple[float, ...]:
        """Return memory of a process in MB: after its first, its 16th and its last sample, the most.

        Empty where the system does not say.
        """
        series = defaultdict(list)
        for sample in self.samples:
            if sample["memory_mb"] is not None:
                series[sample["worker"]].append(sample["memory_mb"])
        if not series:
            return ()
        each = series.values()
        places = (0, WARM, -1)
        means = [fmean(one[min(place, len(one) - 1)] for one in each) for place in places]
        return (*means, max(map(max, each)))


def make_tubes(folder: Path, *, tubes: int, events: int, seed: int) -> None:
    """Fill a folder with tubes whose blasts differ in number and in CD5."""
    folder.mkdir()
    for number in range(tubes):
        spec = sim.TubeSpec(
            name=f"tube{number:04d}",
            events=events,
            seed=1000 * seed + number,
            blast_percent=10.0 + number % 70,
        )
        sim.write_tube(sim.simulate_tube(spec), folder / f"{spec.name}.fcs")


def run(tubes: Path, out: Path, *options: str) -> Ran:
    """Run the command; each of its samples must come out well."""
    log = out.with_suffix(".log")
    command = [sys.executable, "-m", "cd5flow", "batch", tubes, "--out", out, "--log", log]
    start = time.perf_counter()
    subprocess.run(
        [*map(str, command), "--timepoint", "relapse", "--quiet", *options],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - start
    lines = map(json.loads, log.read_text("utf-8").splitlines())
    samples = tuple(line for line in lines if line["event"] == "sample")
    log.unlink()
    return Ran(seconds, samples)


def rows(tubes: Path, work: Path, *, jobs: Sequence[int], reports: bool) -> Iterator[list[str]]:
    """Yield a row a run."""
    for report in (False, True) if reports else (False,):
        base: float | None = None
        for number in jobs:
            shutil.rmtree(work / "out", ignore_errors=True)
            out = work / "out"
            options = [] if report else ["--no-report"]
            ran = run(tubes, out, "--jobs", str(number), *options)
            base = base or ran.rate
            yield [
                "full" if report else "none",
                str(number),
                f"{ran.seconds:.1f}",
                f"{ran.rate:.2f}",
                f"{ran.rate / base:.2f}",
                f"{ran.sample_seconds:.2f}",
                *(f"{size:.0f}" for size in ran.memory()),
            ]
        again = run(tubes, out, "--jobs", str(jobs[-1]), *options)
        yield ["full" if report else "none", "again", f"{again.seconds:.1f}"] + [""] * 7


HEADING = (
    "reports",
    "processes",
    "seconds",
    "samples/s",
    "times 1 process",
    "s/sample",
    "MB after 1",
    "MB after 16",
    "MB at last",
    "MB at most",
)


def main() -> None:
    """Make the tubes, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tubes", type=int, default=200)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument(
        "--jobs", default="1,2", help="numbers of processes, the first is compared with"
    )
    parser.add_argument("--no-reports", action="store_true", help="leave out the runs with reports")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cd5flow-") as place:
        tubes = Path(place) / "tubes"
        make_tubes(tubes, tubes=chosen.tubes, events=chosen.events, seed=chosen.seed)
        print(f"cd5flow {__version__}: {chosen.tubes} tubes of {chosen.events:,} events, ", end="")
        print(
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n"
            if hasattr(os, "getloadavg")
            else f"{os.cpu_count()} cores\n"
        )
        print(f"| {' | '.join(HEADING)} |")
        print(f"|{'---|' * len(HEADING)}", flush=True)
        jobs = [int(word) for word in chosen.jobs.split(",")]
        for row in rows(tubes, Path(place), jobs=jobs, reports=not chosen.no_reports):
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
