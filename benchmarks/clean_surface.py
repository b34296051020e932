"""How often a surface tube without disease is called so, with the scope of what it can see.

    PYTHONPATH=src python benchmarks/clean_surface.py [--tubes N] [--events N] [--seed N] [--laip]

Half of the tubes are of the product's own simulator, half of the second one (`clinic_*`): NK cells,
progenitors, B precursors, dead cells and T cells over their normal ranges, panels of surface markers.
With ``--laip`` each tube comes with the result of a diagnostic tube of the same panel. One line a
tube, then the counts; a tube whose denominator holds fewer than 200,000 cells is told and not counted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cd5flow import simulate as sim
from cd5flow.analysis.diagnosis import laip_of
from cd5flow.analysis.settings import Settings
from cd5flow.errors import Cd5FlowError
from cd5flow.model.laip import Laip
from cd5flow.model.result import BurdenState, Result, Specimen, Timepoint
from cd5flow.pipeline import analyse_tube
from clinic_tubes import draw, write

DENOMINATOR = 200_000
"""Below so many cells the limit of detection lies above 0.01 %."""
DISEASE = frozenset({BurdenState.OVERT, BurdenState.MRD_POSITIVE, BurdenState.MRD_BELOW_LLOQ})


@dataclass(frozen=True)
class Pair:
    """A tube without disease, and the patient's diagnostic one."""

    name: str
    follow_up: Path
    diagnosis: Path | None


def own_tubes(count: int, seed: int, events: int, folder: Path, *, laip: bool) -> Iterator[Pair]:
    """Yield tubes of the product's simulator, the cells' shares log-uniform over normal ranges."""
    panels = (sim.MRD_10, sim.SURFACE_10)
    instruments = (sim.LSR, sim.CANTO, sim.DXFLEX)
    for number in range(count):
        rng = np.random.default_rng([seed, number])

        def between(low: float, high: float, rng: np.random.Generator = rng) -> float:
            return float(np.exp(rng.uniform(np.log(low), np.log(high))))

        marrow = sim.REGENERATING_MARROW if number % 2 else sim.MARROW
        spec = sim.TubeSpec(
            name=f"own-{number}",
            panel=panels[number % len(panels)],
            instrument=instruments[number % len(instruments)],
            events=events,
            composition=marrow.with_percent(
                t_cells=between(3, 30),
                nk_cells=between(0.8, 10),
                progenitors=between(0.3, 4),
                b_precursors_early=between(0.2, 6),
                b_precursors_late=between(0.5, 18),
            ),
            blast_percent=0.0,
            dead_percent=between(0.5, 6),
            debris_percent=between(4, 14),
            seed=10_000 * seed + number,
        )
        diagnosed = None
        if laip:
            cd56 = 3.5 if number % 4 == 3 else None
            diagnosed = folder / "diagnosis.fcs"
            at_diagnosis = sim.TubeSpec(
                name=f"own-{number}-diagnosis",
                panel=spec.panel,
                instrument=spec.instrument,
                events=20_000,
                blast_percent=70.0,
                blasts=sim.BlastSpec(cd45_level=float(rng.uniform(3.3, 4.1)), cd56_level=cd56),
                seed=10_000 * seed + 5_000 + number,
            )
            sim.write_tube(sim.simulate_tube(at_diagnosis), diagnosed)
        path = folder / f"own-{number}.fcs"
        sim.write_tube(sim.simulate_tube(spec), path)
        yield Pair(f"{spec.panel.name} {spec.instrument.name} {spec.name}", path, diagnosed)


def second_tubes(count: int, seed: int, events: int, folder: Path, *, laip: bool) -> Iterator[Pair]:
    """Yield tubes of the second simulator's family without disease."""
    for number in range(count):
        rng = np.random.default_rng([seed, 77, number])
        tube = draw("mrd-clean-surface", rng=rng, events=events)
        chosen = tube.specimen.settings
        diagnosed = None
        if laip:
            usual = {"timepoint": "diagnosis", "specimen": "bone_marrow", "burden": 60.0}
            there = {name: chosen[name] for name in ("panel", "cytometer")}
            first = draw("surface", rng=rng, events=20_000, **usual, **there)
            diagnosed = write(first, folder, "diagnosis")
        path = write(tube, folder, f"second-{number}")
        yield Pair(f"{chosen['panel']} {chosen['cytometer']} second-{number}", path, diagnosed)


def laip_from(path: Path, name: str) -> Laip | None:
    """Return the phenotype at diagnosis; None where the diagnostic tube shows no blasts to guide by."""
    settings = Settings(timepoint=Timepoint.DIAGNOSIS, specimen=Specimen.BONE_MARROW)
    try:
        return laip_of(analyse_tube(path, settings).result, patient_id=None, name=name)
    except Cd5FlowError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return None


def report(name: str, result: Result, seconds: float) -> str:
    """Return one line of what was said."""
    burden = result.burden
    reasons = " ".join(dict.fromkeys(r.code for r in burden.reasons))
    percent = "unknown" if burden.percent is None else f"{burden.percent:.4f} %"
    return (
        f"{name:36s} {burden.state.value:14s} {burden.scope or '-':32s} {percent:>10s} "
        f"of {burden.denominator_events:,} look-alikes {burden.look_alike_events:,} "
        f"{reasons} {seconds:.1f} s"
    )


def main() -> int:
    """Run both simulators' tubes and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tubes", type=int, default=40)
    parser.add_argument("--events", type=int, default=360_000)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--laip", action="store_true")
    parser.add_argument("--only", choices=["own", "second"])
    asked = parser.parse_args()
    half = asked.tubes // 2
    states: Counter[str] = Counter()
    small = scoped = counted = 0
    with tempfile.TemporaryDirectory(prefix="clean-surface-") as name:
        folder = Path(name)
        kinds = {"own": own_tubes, "second": second_tubes}
        for word, tubes in kinds.items():
            if asked.only not in {None, word}:
                continue
            for pair in tubes(half, asked.seed, asked.events, folder, laip=asked.laip):
                laip = None if pair.diagnosis is None else laip_from(pair.diagnosis, pair.name)
                if asked.laip and laip is None:
                    continue
                settings = Settings(
                    timepoint=Timepoint.MRD, specimen=Specimen.BONE_MARROW, laip=laip
                )
                begun = time.process_time()
                result = analyse_tube(pair.follow_up, settings).result
                print(report(pair.name, result, time.process_time() - begun), flush=True)
                pair.follow_up.unlink()
                if result.burden.denominator_events < DENOMINATOR:
                    small += 1
                    continue
                counted += 1
                states[result.burden.state.value] += 1
                scoped += result.burden.state is BurdenState.NOT_DETECTED and bool(
                    result.burden.scope
                )
    print(f"\n{counted} tubes counted, {small} with fewer than {DENOMINATOR:,} cells left out")
    print(f"NOT_DETECTED with scope: {scoped} ({100 * scoped / max(counted, 1):.0f} %)")
    print("states:", ", ".join(f"{n} {state}" for state, n in states.most_common()))
    print("called disease:", sum(n for state, n in states.items() if BurdenState(state) in DISEASE))
    return 0


if __name__ == "__main__":
    sys.exit(main())
