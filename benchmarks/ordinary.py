"""How many ordinary good tubes are decided, and whether any of them wrongly.

    python benchmarks/ordinary.py [--tubes N] [--seed N] [--events N] [--jobs N]
    python benchmarks/ordinary.py --only 17      one tube, with everything said of it

Relapse tubes as a good laboratory runs them: nothing is faulty, every detector's voltage lies as far
from the usual as voltages do, CD45 of the blasts lies between 3.1 and 4.1, they are 15 to 95 % of the
cells, and perfect gating gives a %CD5 at least 10 points from 70. The panels hold cyCD3, which proves
the lineage. Each tube is analysed whole with its FMO and without. Printed as Markdown: a line for either,
then every tube that was not decided, or wrongly, with its reasons.

Goals, of 40 tubes: 39 decided with the FMO, 37 without, none wrong. With --surface the panels are those
without cyCD3, and the patient's diagnosis is given; no goal is set for them.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing as mp
import os
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from cd5flow import __version__
from cd5flow import simulate as sim
from cd5flow.criteria.clinical import T_ALL, Clinical
from cd5flow.model.result import Pattern, Timepoint
from cd5flow.pipeline import Settings, analyse_tube
from cd5flow.validation.synthetic.series import drawn_tube, with_pattern
from coverage import BY_LEVEL, DEFINITE, THRESHOLD, is_wrong, with_cd5_level

VOLTAGES = 0.08
"""SD of a detector's gain about the usual, decades: some 2.5 % of its voltage."""

CD45, BURDEN = (3.1, 4.1), (15.0, 95.0)
BELOW, ABOVE = (2.0, 60.0), (80.0, 99.0)
"""Where the %CD5 that is asked for lies, in equal parts."""

PATTERNS = (
    Pattern.PARTIAL,
    Pattern.BRIGHT,
    Pattern.DIM,
    Pattern.PARTIAL,
    Pattern.BRIGHT,
    Pattern.HETEROGENEOUS,
    Pattern.PARTIAL,
    Pattern.NEGATIVE,
)
"""CD5 of the tubes, in turn: two in eight near the background, where an FMO is asked for."""

GOALS = {"with FMO": 39 / 40, "without": 37 / 40}

Row = dict[str, Any]


def drawn(
    number: int, *, seed: int, events: int, surface: bool = False
) -> tuple[sim.TubeSpec, Pattern]:
    """Return a tube whose true %CD5 lies at least 10 points from the threshold."""
    rng = np.random.default_rng([seed, number])
    while True:
        spec, pattern = _proposed(number, rng, events=events)
        if ("cyCD3" in spec.panel.markers) is surface:
            continue
        truth = sim.perfect_gating(sim.simulate_tube(spec)).cd5_percent
        if truth is not None and abs(truth - THRESHOLD) >= 10:
            return spec, pattern


def _proposed(
    number: int, rng: np.random.Generator, *, events: int
) -> tuple[sim.TubeSpec, Pattern]:
    spec = drawn_tube(f"ordinary-{number}", rng, events=events, seed=int(rng.integers(2**31)))
    spec = dataclasses.replace(
        spec,
        blast_percent=float(rng.uniform(*BURDEN)),
        blasts=dataclasses.replace(spec.blasts, cd45_level=float(rng.uniform(*CD45))),
        gain_shift_decades=0.0,
        channel_shifts_decades={
            marker: float(shift)
            for marker, shift in zip(
                spec.panel.markers,
                rng.normal(0.0, VOLTAGES, len(spec.panel.markers)),
                strict=True,
            )
        },
    )
    pattern = PATTERNS[number % len(PATTERNS)]
    percent = float(rng.uniform(*(BELOW if rng.random() < 0.5 else ABOVE)))
    spec = with_pattern(spec, pattern, percent, rng)
    return with_cd5_level(spec, percent) if pattern in BY_LEVEL else spec, pattern


def rows_of(
    number: int, *, seed: int, events: int, surface: bool = False, verbose: bool = False
) -> list[Row]:
    """Analyse one tube with its FMO and without."""
    spec, pattern = drawn(number, seed=seed, events=events, surface=surface)
    tube = sim.simulate_tube(spec)
    truth = sim.perfect_gating(tube)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path, control = Path(folder) / "tube.fcs", Path(folder) / "tube_FMO-CD5.fcs"
        sim.write_tube(tube, path)
        sim.write_tube(sim.simulate_tube(sim.fmo(spec)), control)
        for arm in GOALS:
            controls: dict[Any, Path] = {"fmo": control} if arm == "with FMO" else {}
            settings = Settings(
                timepoint=Timepoint.RELAPSE,
                specimen=spec.specimen,
                controls=controls,
                clinical=Clinical(diagnosis=T_ALL) if surface else None,
            )
            result = analyse_tube(path, settings).result
            if verbose:
                print(result.cd5.model_dump_json(indent=1), result.quality.state, result.findings)
                for check in result.quality.checks:
                    print("   ", check.code, check.state.value, check.value, check.message)
            rows.append(
                {
                    "number": number,
                    "arm": arm,
                    "pattern": pattern.value,
                    "truth": truth.cd5_percent,
                    "state": result.cd5.state.value,
                    "percent": result.cd5.percent,
                    "band": result.cd5.band_percent,
                    "lineage": result.strategy.lineage,
                    "burden": result.burden.percent,
                    "true_burden": truth.blast_percent,
                    "cut": None if result.cd5.cut is None else result.cd5.cut.method.value,
                    "pattern_found": result.cd5.pattern,
                    "reasons": [str(reason) for reason in result.cd5.reasons],
                    "tube": f"{spec.panel.name}, {spec.instrument.name}, CD45 "
                    f"{spec.blasts.cd45_level:.2f}, sCD3 {spec.blasts.scd3_level}",
                }
            )
    return rows


def told(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table, and the tubes to look at."""
    yield "| arm | tubes | decided | goal | wrong |\n|---|---|---|---|---|"
    for arm, goal in GOALS.items():
        here = [row for row in rows if row["arm"] == arm]
        decided = sum(row["state"] in DEFINITE for row in here)
        wrong = sum(is_wrong(row, row["truth"]) for row in here)
        least = int(np.floor(goal * len(here)))
        yield f"| {arm} | {len(here)} | {decided} | {least} | {wrong} |"
    yield ""
    for row in rows:
        if row["state"] in DEFINITE and not is_wrong(row, row["truth"]):
            continue
        said = "–" if row["percent"] is None else f"{row['percent']:.1f}"
        band = "–" if row["band"] is None else f"{row['band'][0]:.1f} to {row['band'][1]:.1f}"
        burden = "–" if row["burden"] is None else f"{row['burden']:.1f}"
        yield (
            f"- `--only {row['number']}` {row['arm']}: {row['state']} at {said} % (band {band}), truth "
            f"{row['truth']:.1f} %, {row['pattern']} found {row['pattern_found']}, cut {row['cut']}, "
            f"burden {burden} of {row['true_burden']:.1f} %, {row['lineage']}; {row['tube']}; "
            f"{'; '.join(row['reasons'])}"
        )


def main() -> None:
    """Run the tubes and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tubes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--surface", action="store_true", help="panels without cyCD3")
    parser.add_argument("--only", type=int, help="one tube, with everything said of it")
    chosen = parser.parse_args()
    if chosen.only is not None:
        how = {"seed": chosen.seed, "events": chosen.events, "surface": chosen.surface}
        rows = rows_of(chosen.only, **how, verbose=True)
        print("\n".join(told(rows)))
        return
    work = partial(rows_of, seed=chosen.seed, events=chosen.events, surface=chosen.surface)
    # One thread a process: the processes share the cores. Read when numpy is imported anew.
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
    with mp.get_context("spawn").Pool(chosen.jobs) as pool:
        rows = [row for rows in pool.imap(work, range(chosen.tubes)) for row in rows]
    print(
        f"cd5flow {__version__}, seed {chosen.seed}, {chosen.tubes} tubes of {chosen.events:,} "
        "events. Software, synthetic.\n"
    )
    print("\n".join(told(rows)))


if __name__ == "__main__":
    main()
