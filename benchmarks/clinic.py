"""Tubes of known truth that laboratories bring, held against what a right result shows.

Run: ``python benchmarks/clinic.py`` beside ``../shared`` (or where ``CD5FLOW_SHARED`` says). A row a
tube: what was expected of it, what came, and each expectation that is not met.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cd5flow.analysis.options import settings
from cd5flow.pipeline import Analysis, analyse_tube

SHARED = Path(os.environ.get("CD5FLOW_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def analysed(folder: Path, name: str, truth: dict[str, Any], laip: Path | None) -> Analysis:
    """Analyse a tube as its truth says that it was meant."""
    control = truth.get("control")
    return analyse_tube(
        folder / f"{name}.fcs",
        settings(
            timepoint=truth["timepoint"],
            specimen=truth.get("specimen"),
            controls={} if control is None else {"fmo": folder / control},
            laip=laip,
        ),
    )


def f1_of(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the harmonic mean of precision and recall; 0 where nothing is common."""
    both = np.count_nonzero(found & truth)
    return float(2 * both / max(np.count_nonzero(found) + np.count_nonzero(truth), 1))


def misses(one: Analysis, truth: dict[str, Any], f1: float | None) -> Iterator[str]:
    """Yield every expectation that a result does not meet."""
    result, expected = one.result, truth["expected"]
    states = {
        "cd5": result.cd5.state.value,
        "burden": result.burden.state.value,
        "criterion": result.criterion.state.value,
        "quality": result.quality.state.value,
    }
    for key, value in expected.items():
        what, _, how = key.rpartition("_")
        if key in states:
            if states[key] not in value:
                yield f"{key} {states[key]}, expected {' or '.join(value)}"
        elif how == "not" and what in states:
            if states[what] in value:
                yield f"{what} {states[what]}"
        elif key == "f1" and (f1 is None or f1 < value):
            yield f"F1 {f1}, expected {value}"
        elif key == "burden_within":
            got, true = result.burden.percent, truth["blast_percent"]
            if got is None or abs(got - true) > value * true:
                yield f"burden {got}, truth {true:.1f}"
        elif key == "cd5_within":
            got, true = result.cd5.percent, truth["cd5_percent"]
            if got is None or abs(got - true) > value:
                yield f"CD5 {got}, truth {true:.1f}"
        elif key == "nucleated_of_singlets_at_least":
            share = _events(one, "nucleated") / max(_events(one, "singlets"), 1)
            if share < value:
                yield f"nucleated {share:.2f} of singlets"
        elif key == "t_cells_percent_of_events_at_least":
            share = 100 * _events(one, "t_cells") / result.sample.events
            if share < value:
                yield f"T cells {share:.2f} % of events"


def _events(one: Analysis, name: str) -> int:
    return one.gating.count(name) or 0


def main() -> int:
    """Print the table; the exit code is 1 if anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=SHARED / "clinic")
    parser.add_argument("--only", nargs="*", default=())
    parser.add_argument("--work", type=Path, default=Path("results/clinic"))
    chosen = parser.parse_args()
    tubes = json.loads((chosen.folder / "truth.json").read_text("utf-8"))
    wrong = 0
    print("| tube | blasts, truth | F1 | burden | CD5 | criterion | not as expected |")
    print("|---|---|---|---|---|---|---|")
    for name, truth in tubes.items():
        if chosen.only and name not in chosen.only:
            continue
        laip = None
        if truth.get("laip"):
            first = analyse_tube(
                chosen.folder / truth["laip"],
                settings(timepoint="diagnosis", specimen="bone_marrow"),
            )
            chosen.work.mkdir(parents=True, exist_ok=True)
            laip = chosen.work / "laip.json"
            laip.write_text(first.result.to_json(), "utf-8")
        one = analysed(chosen.folder, name, truth, laip)
        f1, known = None, chosen.folder / f"{name}.truth.npz"
        if known.exists() and truth["blasts"]:
            blasts = one.gating.members.get("blasts")
            true = np.load(known)["blasts"].astype(bool)
            f1 = 0.0 if blasts is None else f1_of(np.asarray(blasts), true)
        found = list(misses(one, truth, f1))
        wrong += bool(found)
        result = one.result
        print(
            f"| {name} | {truth['blasts']:,} ({truth['blast_percent']:.1f} %) | "
            f"{'' if f1 is None else f'{f1:.3f}'} | {result.burden.state.value} "
            f"{result.burden.percent if result.burden.percent is None else round(result.burden.percent, 2)} | "
            f"{result.cd5.state.value} "
            f"{result.cd5.percent if result.cd5.percent is None else round(result.cd5.percent, 1)} | "
            f"{result.criterion.state.value} | {'; '.join(found)} |",
            flush=True,
        )
    print(f"\n{wrong} of {len(tubes)} tubes are not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
