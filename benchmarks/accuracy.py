"""Accuracy on tubes with known truth, as a Markdown table.

    python benchmarks/accuracy.py [FOLDER]

FOLDER holds tubes with `truth.json` and `NAME.truth.npz` (which events are blasts); by default the
folder `cases` of the shared data beside the checkout. Each tube is analysed with its FMO, where
truth.json names one, and without.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from cd5flow.model.result import Specimen, Timepoint
from cd5flow.pipeline import Settings, analyse_tube

CASES = Path(__file__).resolve().parents[1].parent / "shared" / "cases"


def row(folder: Path, name: str, truth: dict[str, Any], *, with_fmo: bool) -> str:
    """Analyse one tube and return its row."""
    control = truth.get("control")
    analysis = analyse_tube(
        folder / f"{name}.fcs",
        Settings(
            timepoint=Timepoint(truth["timepoint"]),
            specimen=Specimen.BONE_MARROW,
            controls={"fmo": folder / control} if with_fmo and control else {},
        ),
    )
    result = analysis.result
    true = np.load(folder / f"{name}.truth.npz")["blasts"]
    found = analysis.gating.members.get("blasts", np.zeros(true.size, dtype=bool))
    both = int((true & found).sum())
    f1 = 2 * both / max(1, int(true.sum() + found.sum())) if true.any() else None
    band = result.cd5.band_percent
    burden, truth_burden = result.burden.percent, truth["blast_percent"]
    error = 100 * (burden / truth_burden - 1) if burden is not None and truth_burden else None
    return (
        f"| {name} | {'yes' if with_fmo else 'no'} | {_show(truth['cd5_percent'])} | "
        f"{_show(result.cd5.percent)} | {'–' if band is None else f'{band[0]:.1f}–{band[1]:.1f}'} | "
        f"{result.cd5.state} | {_show(truth_burden)} | {_show(burden)} | {_show(error, '+.1f')} | "
        f"{result.burden.state} | {_show(f1, '.3f')} | {result.criterion.state} |"
    )


def _show(value: float | None, form: str = ".2f") -> str:
    return "–" if value is None else format(value, form)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=CASES)
    folder = parser.parse_args().folder
    truths = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    print(
        "| tube | FMO | CD5 % truth | CD5 % | band | state | blasts % truth | blasts % | error % |"
        " burden | F1 | criterion |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for name, truth in truths.items():
        for with_fmo in (True, False) if truth.get("control") else (False,):
            print(row(folder, name, truth, with_fmo=with_fmo))


if __name__ == "__main__":
    main()
