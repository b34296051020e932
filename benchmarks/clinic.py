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

from cd5flow.analysis.settings import make_settings
from cd5flow.pipeline import Analysis, analyse_tube

SHARED = Path(os.environ.get("CD5FLOW_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def analysed(folder: Path, name: str, truth: dict[str, Any], laip: Path | None) -> Analysis:
    """Analyse a tube as its truth says that it was meant."""
    control = truth.get("control")
    return analyse_tube(
        folder / f"{name}.fcs",
        make_settings(
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
    result, expected = one.result, dict(truth["expected"])
    for what in ("cd5", "burden", "criterion", "quality"):
        state = getattr(result, what).state.value
        if state not in expected.pop(what, [state]):
            yield f"{what} {state}"
        if state in expected.pop(f"{what}_not", []):
            yield f"{what} {state}"
    least = expected.pop("f1", None)
    if least is not None and (f1 is None or f1 < least):
        yield f"F1 {f1}, expected {least}"
    true = truth["blast_percent"]
    yield from _far(
        "burden", result.burden.percent, true, expected.pop("burden_within", None), true
    )
    true = truth["cd5_percent"]
    yield from _far("CD5", result.cd5.percent, true, expected.pop("cd5_within", None), 1)
    share = _events(one, "nucleated") / max(_events(one, "singlets"), 1)
    if share < expected.pop("nucleated_of_singlets_at_least", 0):
        yield f"nucleated {share:.2f} of singlets"
    share = 100 * _events(one, "t_cells") / result.sample.events
    if share < expected.pop("t_cells_percent_of_events_at_least", 0):
        yield f"T cells {share:.2f} % of events"
    yield from (f"not looked at: {key}" for key in expected)


def _far(
    what: str, found: float | None, true: float | None, within: float | None, unit: float | None
) -> Iterator[str]:
    """Yield that a number is unknown, or further off the truth than so many units."""
    if within is None or true is None or unit is None:
        return
    if found is None or abs(found - true) > within * unit:
        yield f"{what} {found}, truth {true:.1f}"


def _shown(percent: float | None, digits: int) -> str:
    return "–" if percent is None else f"{percent:.{digits}f}"


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
                make_settings(timepoint="diagnosis", specimen="bone_marrow"),
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
        cells = (
            name,
            f"{truth['blasts']:,} ({truth['blast_percent']:.1f} %)",
            "" if f1 is None else f"{f1:.3f}",
            f"{result.burden.state.value} {_shown(result.burden.percent, 2)}",
            f"{result.cd5.state.value} {_shown(result.cd5.percent, 1)}",
            result.criterion.state.value,
            "; ".join(found),
        )
        print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\n{wrong} of {len(tubes)} tubes are not as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
