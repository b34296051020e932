"""How fast and how lean reading is, as ratios taken in one run: used by reading.py."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import flowio
import numpy as np

from cd5flow.fcs import read_fcs

CHANNELS = 16
MEMORY_CODE = """
import json, re, sys
def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+([0-9]+) kB", status.read())[1]) * 1024
import numpy
{imports}
before = peak()
events = {call}
print(json.dumps(peak() - before))
"""


@dataclass(frozen=True)
class Tube:
    """A file made for the clock.

    Attributes:
        path: of the file.
        begin: the first byte of DATA.
        data_bytes: of DATA.
    """

    path: Path
    begin: int
    data_bytes: int


@dataclass(frozen=True)
class Ratio:
    """One line of the table.

    Attributes:
        what: is compared.
        ours, theirs: seconds or bytes, as ``unit`` says.
        target: what was aimed at, in words.
        holds: whether it was reached.
    """

    what: str
    ours: float
    theirs: float
    unit: str
    ratio: float
    target: str
    holds: bool

    def row(self) -> str:
        """Return the line."""
        shown = [f"{value * 1e3:.1f} ms" for value in (self.ours, self.theirs)]
        if self.unit == "B":
            shown = [f"{value / 1e6:.0f} MB" for value in (self.ours, self.theirs)]
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return f"| {self.what} | {shown[0]} | {shown[1]} | {self.ratio:.2f} | {self.target} | {verdict} |"


HEAD = "| what | cd5flow | other | ratio | target | |\n|---|---|---|---|---|---|"


def make(folder: Path, name: str, data: bytes, *, datatype: str, bits: int, events: int) -> Tube:
    """Write a plain FCS 3.1 file, little endian."""
    words = {
        "$BEGINANALYSIS": "0", "$ENDANALYSIS": "0", "$BEGINSTEXT": "0", "$ENDSTEXT": "0",
        "$BYTEORD": "1,2,3,4", "$DATATYPE": datatype, "$MODE": "L", "$NEXTDATA": "0",
        "$PAR": str(CHANNELS), "$TOT": str(events), "$TIMESTEP": "0.01",
    }  # fmt: skip
    for n in range(1, CHANNELS + 1):
        words |= {f"$P{n}B": str(bits), f"$P{n}E": "0,0", f"$P{n}N": f"C{n}-A"}
        words[f"$P{n}R"] = "262144" if datatype == "F" else str(2**24)

    def text(begin: int) -> bytes:
        places = {"$BEGINDATA": f"{begin:012d}", "$ENDDATA": f"{begin + len(data) - 1:012d}"}
        return (
            "|" + "|".join(x for pair in {**places, **words}.items() for x in pair) + "|"
        ).encode()

    begin = 58 + len(text(0))
    offsets = "".join(f"{n:>8}" for n in (58, begin - 1, begin, begin + len(data) - 1, 0, 0))
    path = folder / name
    path.write_bytes(f"FCS3.1    {offsets}".encode() + text(begin) + data + b"00000000")
    return Tube(path, begin, len(data))


def _medians(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Return the median seconds of each call, taken in turn so that all see the same machine."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}


def _on_one_core(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float] | None:
    """Return the medians on a single core; None where the system cannot say so."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(all_cores)})
    try:
        return _medians(calls, repeats)
    finally:
        os.sched_setaffinity(0, all_cores)


def _peak(imports: str, call: str) -> int:
    """Return the bytes by which a fresh process grows at most while it reads."""
    code = MEMORY_CODE.format(imports=imports, call=call)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return int(json.loads(ran.stdout))


def ratios(folder: Path, *, events: int, repeats: int) -> Iterator[Ratio]:
    """Make the files, read them, and yield what came of it."""
    chance = np.random.default_rng(1)
    floats = make(
        folder, "float32.fcs", chance.normal(1e3, 3e2, (events, CHANNELS)).astype("<f4").tobytes(),
        datatype="F", bits=32, events=events,
    )  # fmt: skip
    integers = chance.integers(0, 2**24, (events, CHANNELS), dtype=np.uint32).astype("<u4")
    wide = make(folder, "u32.fcs", integers.tobytes(), datatype="I", bits=32, events=events)
    three = np.ascontiguousarray(integers.view(np.uint8).reshape(events, CHANNELS, 4)[..., :3])
    narrow = make(folder, "u24.fcs", three.tobytes(), datatype="I", bits=24, events=events)
    np.testing.assert_array_equal(read_fcs(wide.path).events, read_fcs(narrow.path).events)
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: read_fcs(floats.path),
        "numpy": lambda: np.fromfile(
            floats.path, dtype="<f4", offset=floats.begin, count=events * CHANNELS
        ),
        "flowio": lambda: flowio.FlowData(str(floats.path)).as_array(),
        "u32": lambda: read_fcs(wide.path),
        "u24": lambda: read_fcs(narrow.path),
    }
    taken = _medians(calls, repeats)
    size = f"{events:,} x {CHANNELS}"

    def times(what: str, ours: str, theirs: str, most: float) -> Ratio:
        ratio = taken[ours] / taken[theirs]
        target = f"at most {most:g} times"
        return Ratio(what, taken[ours], taken[theirs], "s", ratio, target, ratio <= most)

    yield times(f"float32 {size}: read_fcs, np.fromfile of the same bytes", "ours", "numpy", 4)
    faster = taken["flowio"] / taken["ours"]
    yield Ratio(
        f"float32 {size}: read_fcs, flowio as_array",
        taken["ours"], taken["flowio"], "s", faster, "at least 5 times faster", faster >= 5,
    )  # fmt: skip
    alone = _on_one_core(calls, repeats)
    if alone is not None:
        slower = alone["flowio"] / alone["ours"]
        yield Ratio(
            f"float32 {size}: the same on one core, where nothing is read in parallel",
            alone["ours"], alone["flowio"], "s", slower, "for the record", slower >= 1,
        )  # fmt: skip
    yield times(f"{size}: 24-bit integers, 32-bit integers", "u24", "u32", 3)
    peak = _peak("from cd5flow.fcs import read_fcs", f"read_fcs({str(floats.path)!r})")
    share = peak / floats.data_bytes
    yield Ratio(
        f"float32 {size}: peak memory of a fresh process above imports, DATA",
        peak, floats.data_bytes, "B", share, "at most 2.2 times", share <= 2.2,
    )  # fmt: skip
    theirs = _peak("import flowio", f"flowio.FlowData({str(floats.path)!r}).as_array()")
    yield Ratio(
        f"float32 {size}: peak memory, that of flowio as_array",
        peak, theirs, "B", theirs / peak, "less", peak < theirs,
    )  # fmt: skip
