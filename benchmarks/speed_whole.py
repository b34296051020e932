"""The whole analysis against the floor and FlowKit: seconds, memory, the command: used by speed.py."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from speed_timing import Budget, at_least, at_most, fastest, fresh, in_processes, ms
from speed_tubes import Tube

OURS = """
import cd5flow, cd5flow.analysis.settings, cd5flow.pipeline
before = peak()
seconds = []
for _ in range(4):
    start = time.perf_counter()
    cd5flow.analyze(sys.argv[1], timepoint="relapse")
    seconds.append(time.perf_counter() - start)
    if len(seconds) == 1:
        first = peak()
print(json.dumps({"first": seconds[0], "again": min(seconds[1:]),
                  "above": first - before, "whole": first}))
"""
FLOWKIT = """
import flowkit
seconds = []
for _ in range(3):
    start = time.perf_counter()
    sample = flowkit.Sample(sys.argv[1])
    words = sample.metadata
    sample.apply_compensation(words.get("spillover") or words["spill"])
    sample.apply_transform(flowkit.transforms.LogicleTransform(262144.0, 0.5, 4.5, 0.0))
    seconds.append(time.perf_counter() - start)
    if len(seconds) == 1:
        first = peak()
print(json.dumps({"first": seconds[0], "again": min(seconds[1:]), "whole": first}))
"""
FLOWKIT_GATES = """
import flowkit
start = time.perf_counter()
sample = flowkit.Sample(sys.argv[1])
read = time.perf_counter() - start
gates = flowkit.parse_gating_xml(sys.argv[2])
begun = time.perf_counter()
gates.gate_sample(sample)
end = time.perf_counter()
print(json.dumps({"first": end - start, "gates": end - begun, "whole": peak()}))
"""
HEAVY = ("flowkit", "pandas", "bokeh", "matplotlib", "sklearn", "scipy.stats")


def analysis(tube: Tube, gates: Path, *, repeats: int) -> Iterator[Budget]:
    """Yield how an analysis without report compares, in seconds and memory."""
    floor = fastest({"floor": tube.floor}, 9)["floor"]
    taken = in_processes(
        {"cd5flow": OURS, "FlowKit": FLOWKIT, "FlowKit gates": FLOWKIT_GATES},
        tube.path,
        gates,
        repeats=repeats,
    )
    ours, theirs, gating = taken["cd5flow"], taken["FlowKit"], taken["FlowKit gates"]
    limit = max(20 * floor, 0.5)
    yield Budget(
        "analyze without report, over np.fromfile of the bytes of DATA",
        f"{ours['again'] / floor:.0f} x ({ms(ours['again'])}, {ms(floor)})",
        f"at most 20 x or 0.5 s, whichever is more: {ms(limit)}",
        ours["again"] <= limit,
    )
    for what, key in (("first call of a process", "first"), ("later calls", "again")):
        yield at_least(
            f"analyze, FlowKit reading, compensating and logicle-transforming: {what}",
            theirs[key] / ours[key],
            5,
            f" ({ms(ours[key])}, {ms(theirs[key])})",
        )
    yield at_least(
        "analyze, FlowKit reading the tube and evaluating the gates.xml that was exported",
        gating["first"] / ours["first"],
        1,
        f" ({ms(ours['first'])}, {ms(gating['first'])})",
    )
    yield Budget(
        "analyze, FlowKit evaluating those gates, the tube being read already",
        f"{gating['gates'] / ours['first']:.2f} x faster",
    )
    yield at_most(
        "memory of analyze above the interpreter after import, over DATA",
        ours["above"] / tube.data_bytes,
        4,
        f" ({ours['above'] / 1e6:.0f} MB)",
    )
    share = 100 * ours["whole"] / theirs["whole"]
    yield Budget(
        "memory of the whole process, of FlowKit's that reads, compensates and transforms",
        f"{share:.0f} % ({ours['whole'] / 1e6:.0f} MB, {theirs['whole'] / 1e6:.0f} MB)",
        "under 60 %",
        share < 60,
    )


def command(tube: Tube, folder: Path, *, repeats: int) -> Iterator[Budget]:
    """Yield how long the commands take from start to end."""
    full, start_up = [], []
    for number in range(repeats):
        profile = folder / f"profile{number}.json"
        out = folder / f"out{number}"
        full.append(
            _command(
                "analyze", tube.path, "--timepoint", "relapse", "--out", out, "--profile", profile
            )
        )
        told = json.loads(profile.read_text(encoding="utf-8"))
        start_up.append(full[-1] - told["seconds"])
    yield Budget(
        "cd5flow analyze with PDF, HTML and pictures", ms(min(full)), "at most 5 s", min(full) <= 5
    )
    yield Budget(
        "of that, start-up: what no stage of --profile accounts for",
        ms(min(start_up)),
        "at most 1 s",
        min(start_up) <= 1,
    )
    seconds = min(_command("--help") for _ in range(5))
    yield Budget("cd5flow --help", ms(seconds), "at most 0.3 s", seconds <= 0.3)
    loaded = fresh(f"import cd5flow\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))")
    yield Budget(
        f"import cd5flow loads none of {', '.join(HEAVY)}",
        "none" if not loaded else ", ".join(loaded),
        "none",
        not loaded,
    )


def stages(tube: Tube, folder: Path) -> dict[str, float]:
    """Return seconds a stage of one analysis with its report."""
    profile = folder / "stages.json"
    _command(
        "analyze", tube.path, "--timepoint", "relapse", "--out", folder / "s", "--profile", profile
    )
    told = json.loads(profile.read_text(encoding="utf-8"))
    return {each["stage"]: each["seconds"] for each in told["stages"]}


def _command(*arguments: str | Path) -> float:
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "cd5flow", *map(str, arguments)], capture_output=True, check=True
    )
    return time.perf_counter() - start
