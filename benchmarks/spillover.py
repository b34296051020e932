"""What the checks of compensation say of matrices that are right and of matrices that are not.

    python benchmarks/spillover.py [--seed N] [--tubes N]

Right: tubes of four panels and instruments, many of them varied in gain, phenotype and composition;
nothing may warn. Wrong: one coefficient off by five percent points in either direction, for every pair
of a dye and a channel that matters; and the ways in which a whole matrix goes wrong. Printed as
Markdown.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cd5flow import simulate as sim
from cd5flow.model.events import RawEvents, Spillover
from cd5flow.model.result import QualityState, Timepoint
from cd5flow.pipeline import Settings, analyse_tube
from cd5flow.simulate.optics import spillover_text
from series import relapse_tubes

CHECKS = ("RESIDUAL_CD5", "RESIDUAL_SPILLOVER", "CD5_BELOW_ZERO")
CHANNELS = ("CD5", "CD3", "cyCD3", "CD7", "CD45")
PANELS = {
    "8 colours, cytoplasmic": (sim.RELAPSE_8, sim.LSR),
    "10 colours, surface": (sim.MRD_10, sim.LSR),
    "10 colours, cytoplasmic": (sim.MRD_CY_10, sim.CANTO),
    "10 colours, DxFLEX": (sim.SURFACE_10, sim.DXFLEX),
}
POINTS = 0.05


class Bench:
    """Analyses tubes in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def states(
        self,
        tube: sim.SimulatedTube,
        fmo: sim.SimulatedTube | None = None,
        *,
        hardware: bool = False,
    ) -> dict[str, QualityState]:
        """Return the states of the checks of compensation."""
        return {
            code: state for code, (state, _) in self.found(tube, fmo, hardware=hardware).items()
        }

    def found(
        self,
        tube: sim.SimulatedTube,
        fmo: sim.SimulatedTube | None = None,
        *,
        hardware: bool = False,
    ) -> dict[str, tuple[QualityState, float | None]]:
        """Return state and value of the checks of compensation."""
        path, control = self.folder / "tube.fcs", self.folder / "fmo.fcs"
        sim.write_tube(tube, path)
        if fmo is not None:
            sim.write_tube(fmo, control)
        hardware = hardware or tube.spec.instrument is sim.CALIBUR
        result = analyse_tube(
            path,
            Settings(
                timepoint=Timepoint.RELAPSE,
                spillover="hardware" if hardware else None,
                controls={} if fmo is None else {"fmo": control},
            ),
        ).result
        return {c.code: (c.state, c.value) for c in result.quality.checks if c.code in CHECKS}


def with_matrix(tube: sim.SimulatedTube, matrix: Spillover) -> sim.SimulatedTube:
    """Return a tube whose file carries another matrix."""
    keyword = tube.spec.instrument.spillover_keyword
    text = spillover_text(matrix.matrix, list(matrix.detectors))
    return dataclasses.replace(
        tube, file_spillover=matrix, keywords={**tube.keywords, keyword: text}
    )


def off_by(tube: sim.SimulatedTube, source: str, target: str, points: float) -> sim.SimulatedTube:
    """Return a tube with one coefficient too low by `points`: that much of the source is left."""
    right, of, panel = tube.file_spillover, tube.spec.instrument, tube.spec.panel
    if right is None:
        raise ValueError("a tube without a matrix")
    places = []
    for marker in (source, target):
        column = panel.column(marker)
        places.append(right.detectors.index(of.detectors(panel, "A")[column or 0]))
    matrix = right.matrix.copy()
    matrix[places[0], places[1]] -= points
    return with_matrix(tube, Spillover(right.detectors, matrix, right.source))


def compensated_already(tube: sim.SimulatedTube) -> sim.SimulatedTube:
    """Return a tube whose values were compensated and whose file carries the matrix all the same."""
    matrix = tube.file_spillover
    if matrix is None:
        raise ValueError("a tube without a matrix")
    values = np.array(tube.raw.values, dtype=np.float64)
    columns = [tube.raw.channel(name).index for name in matrix.detectors]
    values[:, columns] = values[:, columns] @ np.linalg.inv(matrix.matrix)
    raw = RawEvents(values.astype(np.float32), tube.raw.channels, tube.raw.timestep_seconds)
    return dataclasses.replace(tube, raw=raw)


def alarms(states: dict[str, QualityState]) -> bool:
    """Whether any check of compensation warns or fails."""
    return any(state in {QualityState.WARN, QualityState.FAIL} for state in states.values())


def right_rows(bench: Bench, seed: int) -> Iterator[str]:
    """Yield the row of the tubes whose matrix is right."""
    counts = dict.fromkeys(CHECKS, 0)
    worst = dict.fromkeys(CHECKS, 0.0)
    tubes = 0
    for _, spec in relapse_tubes(seed):
        if spec.events > 100_000:
            continue
        tubes += 1
        for code, (state, value) in bench.found(sim.simulate_tube(spec)).items():
            counts[code] += state in {QualityState.WARN, QualityState.FAIL}
            worst[code] = max(worst[code], value or 0.0)
    cells = " | ".join(f"{counts[c]} (worst {worst[c]:.1f} %)" for c in CHECKS)
    yield f"| varied relapse tubes | {tubes} | {cells} |"


def pair_rows(bench: Bench, seed: int, tubes: int) -> Iterator[str]:
    """Yield a row a channel: found of those that were made wrong, and which pairs never are."""
    for name, (panel, instrument) in PANELS.items():
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        never: dict[str, list[str]] = defaultdict(list)
        pairs = [sim.simulate_tube(_spec(panel, instrument, seed + i)) for i in range(tubes)]
        fmos = [sim.simulate_tube(sim.fmo(tube.spec)) for tube in pairs]
        for target in CHANNELS:
            for source in panel.markers if target in panel.markers else ():
                if source == target:
                    continue
                seen = [0, 0]
                for tube, fmo in zip(pairs, fmos, strict=True):
                    for points in (POINTS, -POINTS):
                        faulty = off_by(tube, source, target, points)
                        partner = off_by(fmo, source, target, points)
                        seen[0] += alarms(bench.states(faulty))
                        seen[1] += alarms(bench.states(faulty, partner))
                whole = 2 * tubes
                counts[target] = [
                    a + b for a, b in zip(counts[target], (*seen, whole), strict=True)
                ]
                if not any(seen):
                    never[target].append(source)
        for target, (alone, with_fmo, whole) in counts.items():
            yield (
                f"| {name} | {target} | {alone} of {whole} | {with_fmo} of {whole} "
                f"| {', '.join(never[target]) or 'none'} |"
            )


def whole_rows(bench: Bench, seed: int, tubes: int) -> Iterator[str]:
    """Yield a row a way in which a whole matrix goes wrong."""
    kind = sim.SpilloverFaultKind
    faults: dict[str, sim.SpilloverFault | None] = {
        "half of each coefficient": sim.SpilloverFault(kind.SCALED, 0.5),
        "1.5 times each coefficient": sim.SpilloverFault(kind.SCALED, 1.5),
        "rows and columns exchanged": sim.SpilloverFault(kind.TRANSPOSED),
        "another day's (0.3 decades)": sim.SpilloverFault(kind.STALE, 0.3),
        "stated as hardware, but was not": None,
        "compensated already, matrix in the file": None,
    }
    for words, fault in faults.items():
        counts = [0, 0, 0]
        for panel, instrument in PANELS.values():
            for number in range(tubes):
                spec = dataclasses.replace(
                    _spec(panel, instrument, seed + number), spillover_fault=fault
                )
                tube = sim.simulate_tube(spec)
                hardware = words.startswith("stated")
                if words.startswith("compensated"):
                    tube = compensated_already(tube)
                states = bench.states(tube, hardware=hardware).values()
                counts[0] += alarms(dict(enumerate(states)))  # type: ignore[arg-type]
                counts[1] += QualityState.FAIL in states
                counts[2] += 1
        yield f"| {words} | {counts[0]} of {counts[2]} | {counts[1]} of {counts[2]} |"


def _spec(panel: sim.PanelSpec, instrument: sim.Instrument, seed: int) -> sim.TubeSpec:
    return sim.TubeSpec(name="tube", panel=panel, instrument=instrument, events=25_000, seed=seed)


def main() -> None:
    """Run the series and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--tubes", type=int, default=2, help="tubes of each panel")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        print("Matrices that are right: tubes that warn or fail\n")
        print(f"| tubes | number | {' | '.join(CHECKS)} |\n|---|---|---|---|---|")
        for row in right_rows(bench, chosen.seed):
            print(row, flush=True)
        print("\nOne coefficient off by 5 percent points: found\n")
        print("| panel | into | alone | with an FMO | never found from |\n|---|---|---|---|---|")
        for row in pair_rows(bench, chosen.seed, chosen.tubes):
            print(row, flush=True)
        print("\nA whole matrix wrong: found, and failed\n")
        print("| fault | found | FAIL |\n|---|---|---|")
        for row in whole_rows(bench, chosen.seed, chosen.tubes):
            print(row, flush=True)


if __name__ == "__main__":
    main()
