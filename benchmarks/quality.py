"""What each rule of cleaning finds in runs with known faults, and what it takes from runs without.

    python benchmarks/quality.py [--tubes N] [--seed N]

Ours against flowAI, PeacoQC and flowCut at their published defaults, as `published_rules` restates
them. Printed as Markdown: for each fault the share of its events that a rule removes and the share of
what it removes that was faulty; for runs without a fault what is removed at all.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from cd5flow import simulate as sim
from cd5flow.model.result import QualityState, Timepoint
from cd5flow.pipeline import Analysis, Settings, analyse_tube
from cd5flow.preprocess.transforms import scale
from published_rules import Mask, Seen, flow_ai, flow_cut, peaco_qc
from run_faults import FaultyRun, clean_runs, faulty_runs

OTHERS: dict[str, Callable[[Seen], Mask]] = {
    "flowAI": flow_ai,
    "PeacoQC": peaco_qc,
    "flowCut": flow_cut,
}
OF_THE_RUN = (
    "TIME",
    "FLOW_RATE",
    "FLOW_GAP",
    "UNSTABLE_TIME",
    "REMOVED_BY_TIME",
    "SIGNAL_DRIFT",
    "SIGNAL_DRIFT_OTHERS",
    "SIGNAL_DRIFT_MEAN",
    "OFF_SCALE",
    "CD5_OFF_SCALE",
    "BLASTS_OFF_SCALE",
)
"""Checks that speak of the run and not of the cells."""


def analysed(run: FaultyRun, folder: Path) -> Analysis:
    """Analyse a run as a user would."""
    path = folder / "tube.fcs"
    sim.write_tube(run.tube, path)
    hardware = run.tube.spec.instrument is sim.CALIBUR
    return analyse_tube(
        path,
        Settings(timepoint=Timepoint.RELAPSE, spillover="hardware" if hardware else None),
    )


def seen_of(found: Analysis) -> Seen:
    """Return what the other rules look at."""
    raw, scales = found.tube.fcs.raw, found.tube.scales
    channels = [c for c in raw.channels if not c.is_time]
    clock = raw.time
    if clock is None:
        raise ValueError("a run without Time")
    return Seen(
        seconds=raw.values[:, clock.index].astype(np.float64) * (raw.timestep_seconds or 1.0),
        raw=raw.values[:, [c.index for c in channels]].astype(np.float64),
        shown=np.column_stack(
            [scale(raw.values[:, c.index], scales[c.detector]).astype(np.float64) for c in channels]
        ),
        scatter=[c.detector.startswith(("FSC", "SSC")) for c in channels],
        tops=np.array([c.last_step or c.maximum for c in channels]),
    )


def removed_by(run: FaultyRun, folder: Path) -> tuple[dict[str, Mask], tuple[str, ...]]:
    """Return what each rule leaves out, and which of our checks did not pass."""
    found = analysed(run, folder)
    members = found.gating.members
    ours = ~members.get("in_range", members.get("stable", members["all"]))
    masks = {"cd5flow": ours}
    seen = seen_of(found)
    masks |= {name: rule(seen) for name, rule in OTHERS.items()}
    odd = tuple(
        f"{check.code} {check.state.value}"
        for check in found.result.quality.checks
        if check.code in OF_THE_RUN and check.state in {QualityState.WARN, QualityState.FAIL}
    )
    return masks, odd


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}" if whole else "–"


def fault_rows(runs: Iterable[FaultyRun], folder: Path) -> Iterable[str]:
    """Yield a row a fault: found / right of the removed, for each rule, and our checks."""
    counts: dict[str, dict[str, np.ndarray]] = defaultdict(
        lambda: defaultdict(lambda: np.zeros(3, dtype=int))
    )
    notes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    tubes: dict[str, int] = defaultdict(int)
    for run in runs:
        masks, odd = removed_by(run, folder)
        tubes[run.fault] += 1
        for code in odd:
            notes[run.fault][code] += 1
        for name, mask in masks.items():
            right = int((mask & run.faulty).sum())
            counts[run.fault][name] += (right, int(run.faulty.sum()), int(mask.sum()))
    for fault, by_rule in counts.items():
        cells = [f"{_percent(r, f)} / {_percent(r, m)}" for r, f, m in by_rule.values()]
        said = ", ".join(f"{c} {n}/{tubes[fault]}" for c, n in notes[fault].items()) or "none"
        yield f"| {fault} | {' | '.join(cells)} | {said} |"


def clean_rows(runs: Iterable[FaultyRun], folder: Path) -> Iterable[str]:
    """Yield a row a kind of run: percent of events removed, mean and worst; blasts; our checks."""
    kept: dict[str, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    notes: dict[str, list[str]] = defaultdict(list)
    for run in runs:
        masks, odd = removed_by(run, folder)
        blasts = run.tube.truth.blasts
        notes[run.fault] += odd
        for name, mask in masks.items():
            lost = 100 * float(mask[blasts].mean()) if blasts.any() else 0.0
            kept[run.fault][name].append((100 * float(mask.mean()), lost))
    for kind, by_rule in kept.items():
        cells = []
        for pairs in by_rule.values():
            whole = [p for p, _ in pairs]
            cells.append(
                f"{np.mean(whole):.1f}, {max(whole):.1f} ({np.mean([b for _, b in pairs]):.1f})"
            )
        yield f"| {kind} | {' | '.join(cells)} | {', '.join(sorted(set(notes[kind]))) or 'none'} |"


def main() -> None:
    """Run the series and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tubes", type=int, default=4, help="runs of each kind")
    parser.add_argument("--seed", type=int, default=3)
    chosen = parser.parse_args()
    names = " | ".join(("cd5flow", *OTHERS))
    rule = "|---" * (2 + 1 + len(OTHERS)) + "|"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("Of the faulty events removed % / of the removed events faulty %\n")
        print(f"| fault | {names} | checks of cd5flow |\n{rule}")
        for row in fault_rows(faulty_runs(chosen.seed, chosen.tubes), folder):
            print(row, flush=True)
        print("\nRuns without a fault: events removed %, mean, worst (of the blasts %)\n")
        print(f"| run | {names} | checks of cd5flow |\n{rule}")
        for row in clean_rows(clean_runs(chosen.seed, chosen.tubes), folder):
            print(row, flush=True)


if __name__ == "__main__":
    main()
