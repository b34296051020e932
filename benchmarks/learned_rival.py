"""A learned rival: gradient boosting trained on cd5flow's own simulator, to be beaten on other tubes.

    python learned_rival.py RIVAL.pickle [--tubes N] [--seed N]      # trains, writes
    python families.py --rival RIVAL.pickle ...                      # runs it beside cd5flow

What the published systems do (an event classifier over markers and scatter), with the advantages of
this project: it is trained on tubes of the very panels that it is asked about, reads events that are
compensated and scaled, and is asked about the single nucleated cells alone. Each marker is told from
where zero signal lies on its scale, scatter from the tube's median; a marker that a panel lacks is
missing, which the trees take as it is. CD5 is not shown to it.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from cd5flow import simulate as sim
from cd5flow.analysis.rule_files import load_rule_files
from cd5flow.analysis.settings import make_settings
from cd5flow.analysis.tube import read_tube
from cd5flow.model.geometry import Dimension
from cd5flow.model.scale import Logicle
from cd5flow.numerics.timing import untimed
from cd5flow.preprocess.transforms import scale
from clinic_panels import PANELS

if TYPE_CHECKING:
    from cd5flow.analysis.stages import Analysis, Tube

MARKERS: Final = (
    "CD45", "CD3", "cyCD3", "CD7", "CD2", "CD4", "CD8", "CD1a", "CD34", "TdT", "CD99", "CD10",
    "CD19", "CD56", "CD16+CD56", "CD38", "CD48",
)  # fmt: skip
SCATTER: Final = ("FSC", "SSC")
EVENTS: Final = 6_000
"""Taken of each tube it is trained on: blasts and other cells in equal parts where there are enough."""
_OURS: Final = {"PE-CF594": "ECD", "TCRgd": ""}


def features(tube: Tube, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Return events' places, (n, markers and scatter), NaN where the panel lacks a marker."""
    table = np.full((len(rows), len(MARKERS) + len(SCATTER)), np.nan, dtype=np.float32)
    for j, marker in enumerate((*MARKERS, *SCATTER)):
        if not tube.panel.has(marker):
            continue
        detector = tube.panel.detector(marker)
        linear = tube.columns.column(Dimension(detector))[rows]
        transform = tube.scales.get(detector)
        if marker in SCATTER or not isinstance(transform, Logicle):
            there = np.log10(np.maximum(linear, 1))
            table[:, j] = there - np.median(there)
        else:
            decades = transform.m + transform.a
            table[:, j] = scale(linear, transform) * decades - (transform.w + transform.a)
    return table


@dataclass(frozen=True)
class Rival:
    """A trained classifier of events."""

    model: Any

    def claims(self, analysis: Analysis) -> npt.NDArray[np.bool_]:
        """Return which events of a tube it calls blasts, of cd5flow's single nucleated cells."""
        members = analysis.gating.members
        claimed = np.zeros(len(analysis.tube.events), dtype=np.bool_)
        asked = members.get("nucleated")
        if asked is None:
            return claimed
        rows = np.flatnonzero(np.asarray(asked))
        for part in np.array_split(rows, max(1, len(rows) // 100_000)):
            if len(part):
                claimed[part] = self.model.predict_proba(features(analysis.tube, part))[:, 1] > 0.5
        return claimed


def panel_of(name: str) -> sim.PanelSpec:
    """Return one of the second simulator's panels for cd5flow's own simulator."""
    stains = []
    for dye, marker in PANELS[name].stains:
        if marker != "TCRgd":
            stains.append(sim.Stain(_OURS.get(dye, dye), marker))
    return sim.PanelSpec(name, tuple(stains))


def training_spec(number: int, rng: np.random.Generator) -> sim.TubeSpec:
    """Return a tube to learn from: another patient, cytometer and stage of disease each."""
    name = sorted(PANELS)[number % len(PANELS)]
    mrd, free = rng.random() < 0.35, rng.random() < 0.15
    surface = rng.random() < 0.2
    blasts = sim.BlastSpec(
        cd45_level=float(rng.uniform(2.4, 4.3)),
        cd7_level=None if rng.random() < 0.06 else float(rng.uniform(3.4, 4.3)),
        cd56_level=float(rng.uniform(2.8, 4.0)) if rng.random() < 0.15 else None,
        scd3_level=float(rng.uniform(3.0, 4.1)) if surface else None,
        cycd3_level=float(rng.uniform(3.4, 4.2)),
        tdt_level=float(rng.uniform(2.8, 3.8)) if rng.random() < 0.7 else None,
        cd99_level=float(rng.uniform(3.3, 4.2)) if rng.random() < 0.8 else None,
        cd34_percent=100.0 * float(rng.random() < 0.35),
        cd4_percent=float(rng.choice([0.0, 40.0, 100.0])),
        cd8_percent=float(rng.choice([0.0, 35.0, 100.0])),
    )
    composition = [sim.MARROW, sim.MARROW, sim.BLOOD, sim.REGENERATING_MARROW][rng.integers(4)]
    burden = float(np.exp(rng.uniform(np.log(0.05), np.log(5)))) if mrd else rng.uniform(6, 95)
    return sim.TubeSpec(
        name=f"learn-{number}",
        panel=panel_of(name),
        instrument=[sim.LSR, sim.CANTO, sim.DXFLEX][rng.integers(3)],
        events=100_000 if mrd else 30_000,
        composition=composition.with_percent(t_cells=float(np.exp(rng.uniform(0.4, 3.7)))),
        blasts=blasts,
        blast_percent=0.0 if free else float(burden),
        debris_percent=float(rng.uniform(2, 20)),
        gain_shift_decades=float(rng.normal(0, 0.12)),
        scatter_shift_decades=float(rng.normal(0, 0.08)),
        donor_variation_decades=0.1,
        seed=int(rng.integers(1 << 30)),
    )


def learn(tubes: int, seed: int) -> Rival:
    """Train on so many tubes of cd5flow's own simulator."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a second to import

    rng = np.random.default_rng(seed)
    seen, labels = [], []
    settings = make_settings(timepoint="relapse", specimen="bone_marrow")
    rules = load_rule_files(settings)
    with tempfile.TemporaryDirectory(prefix="rival-") as folder:
        path = Path(folder) / "learn.fcs"
        for number in range(tubes):
            drawn = sim.simulate_tube(training_spec(number, rng))
            sim.write_tube(drawn, path)
            tube = read_tube(path, settings, rules, untimed)
            single = drawn.truth.nucleated
            blasts = np.flatnonzero(drawn.truth.blasts & single)
            others = np.flatnonzero(single & ~drawn.truth.blasts)
            rows = np.concatenate(
                [rng.permutation(which)[: EVENTS // 2] for which in (blasts, others)]
            )
            seen.append(features(tube, rows))
            labels.append(np.isin(rows, blasts))
            print(f"{number + 1}/{tubes}", end="\r", file=sys.stderr, flush=True)
    model = HistGradientBoostingClassifier(max_iter=250, learning_rate=0.1, random_state=seed)
    model.fit(np.concatenate(seen), np.concatenate(labels))
    return Rival(model)


def main() -> int:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--tubes", type=int, default=160)
    parser.add_argument("--seed", type=int, default=5)
    asked = parser.parse_args()
    asked.out.write_bytes(pickle.dumps(learn(asked.tubes, asked.seed).model))
    return 0


def load(path: Path) -> Rival:
    """Read a rival that was trained and written here."""
    return Rival(pickle.loads(path.read_bytes()))  # noqa: S301 - the caller's own file


if __name__ == "__main__":
    sys.exit(main())
