"""A laboratory's validation on simulated tubes, its figures computed again by other means.

    python benchmarks/own_validation.py make FOLDER        # tubes and sheet, "as if own"
    cd5flow validate --own FOLDER/synthetic-as-if-own.csv --out FOLDER/validation
    python benchmarks/own_validation.py check FOLDER/validation

`make` simulates 40 relapse tubes with their FMO for the comparison, 60 blanks of three donors, 60 lows
at three levels, and 12 steps of a dilution in triplicate; `expected_...` is what perfect gating of each
tube counts. `check` reads tubes.csv alone and computes every figure of validation.json again, by plain
loops, scipy and scikit-learn; it ends with 1 where one differs by more than one part in a million.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations, count
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import optimize, stats
from sklearn.metrics import cohen_kappa_score

from cd5flow import simulate as sim
from cd5flow.model.result import Pattern
from cd5flow.validation.synthetic.series import drawn_tube, with_pattern

COMPARED: Final = 40
BLANKS: Final = (3, 20)
LOWS_PERCENT: Final = (0.1, 0.15, 0.25)
LOWS: Final = 20
STEPS_PERCENT: Final = (40, 20, 10, 5, 2.5, 1.2, 0.8, 0.6, 0.4, 0.3, 0.2, 0.12)
REPLICATES: Final = 3
OVERT_EVENTS: Final = 12_000
BURDEN_EVENTS: Final = 60_000
TOLERANCE: Final = 1e-6
SEED: Final = 20_261_129

COLUMNS: Final = (
    "file",
    "sample_id",
    "role",
    "for_sample",
    "timepoint",
    "specimen",
    "expected_cd5_percent",
    "expected_blast_percent",
    "kind",
    "level",
    "replicate",
    "run",
    "sequence",
)


@dataclass(frozen=True)
class Made:
    """A tube to simulate, and what its row says beside its truth."""

    spec: sim.TubeSpec
    said: Mapping[str, object]
    with_fmo: bool = False


def main() -> int:
    """Make the tubes, or check the figures."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("make", "check"):
        commands.add_parser(name).add_argument("folder", type=Path)
    said = parser.parse_args()
    return make(said.folder) if said.command == "make" else check(said.folder)


def make(folder: Path) -> int:
    """Simulate every tube and write the sheet."""
    folder.mkdir(parents=True, exist_ok=True)
    tubes = [*_compared(), *_blanks(), *_lows(), *_steps()]
    with (
        ProcessPoolExecutor() as pool,
        (folder / "synthetic-as-if-own.csv").open("w", encoding="utf-8") as stream,
    ):
        rows = csv.DictWriter(stream, COLUMNS)
        rows.writeheader()
        for some in pool.map(_write, tubes, [folder] * len(tubes)):
            rows.writerows(some)
    print(f"{len(tubes)} tubes in {folder}")
    return 0


def _compared() -> Iterator[Made]:
    patterns = tuple(Pattern)
    for i in range(COMPARED):
        name = f"compared-{i + 1:02d}"
        for draw in count():  # of a laboratory whose panel has cytoplasmic CD3
            rng = np.random.default_rng([SEED, 1, i, draw])
            spec = drawn_tube(name, rng, events=OVERT_EVENTS, seed=SEED + i)
            if "cyCD3" in spec.panel.markers:
                break
        percent = 4 + 94 * i / COMPARED
        spec = with_pattern(spec, patterns[i % len(patterns)], percent, rng)
        yield Made(spec, {"kind": "sample", "timepoint": "relapse"}, with_fmo=True)


def _residual(name: str, donor: int, percent: float, seed: int) -> sim.TubeSpec:
    return sim.TubeSpec(
        name=name,
        panel=sim.MRD_CY_10,
        instrument=sim.LSR,
        events=BURDEN_EVENTS,
        composition=sim.REGENERATING_MARROW if donor % 2 else sim.MARROW,
        blasts=sim.BlastSpec(cd5_carriers_percent=85.0, cd45_level=3.3),
        blast_percent=percent,
        seed=SEED + seed,
        donor_seed=SEED + donor,
    )


def _blanks() -> Iterator[Made]:
    for donor in range(BLANKS[0]):
        for i in range(BLANKS[1]):
            spec = _residual(f"blank-{donor + 1}-{i + 1:02d}", donor, 0.0, 1000 + 100 * donor + i)
            said = {"kind": "blank", "level": f"blank {donor + 1}", "replicate": i + 1}
            place = {"run": f"run {i // 4 + 1}", "sequence": 20 * donor + 10 + i % 4}
            yield Made(spec, {**said, **place, "timepoint": "mrd"})


def _lows() -> Iterator[Made]:
    for step, percent in enumerate(LOWS_PERCENT):
        for i in range(LOWS):
            spec = _residual(f"low-{step + 1}-{i + 1:02d}", 7, percent, 2000 + 100 * step + i)
            said = {"kind": "low", "level": f"low {percent:g} %", "replicate": i + 1}
            yield Made(spec, {**said, "run": f"run {i // 4 + 1}", "timepoint": "mrd"})


def _steps() -> Iterator[Made]:
    for step, percent in enumerate(STEPS_PERCENT):
        for i in range(REPLICATES):
            spec = _residual(f"step-{step + 1:02d}-{i + 1}", 7, percent, 3000 + 10 * step + i)
            said: dict[str, object] = {
                "kind": "dilution",
                "level": f"{percent:g} %",
                "replicate": i + 1,
                "run": f"run {i + 1}",
                "timepoint": "mrd",
            }
            if step == 0:  # what is carried over: the strongest step before each run's blanks
                said["sequence"] = 9
            yield Made(spec, said)


def _write(made: Made, folder: Path) -> list[dict[str, object]]:
    """Write one tube, and its FMO, and return their rows."""
    tube = sim.simulate_tube(made.spec)
    truth = sim.perfect_gating(tube)
    name = made.spec.name
    sim.write_tube(tube, folder / f"{name}.fcs")
    row: dict[str, object] = {
        "file": f"{name}.fcs",
        "sample_id": name,
        "role": "sample",
        **made.said,
    }
    row["specimen"] = made.spec.specimen.value
    row["expected_blast_percent"] = 0 if made.spec.blast_percent == 0 else truth.blast_percent
    if made.said["kind"] == "dilution":
        row["expected_blast_percent"] = made.spec.blast_percent
    if not made.with_fmo:
        return [row]
    row["expected_cd5_percent"] = truth.cd5_percent
    partner = sim.simulate_tube(sim.fmo(replace(made.spec)))
    sim.write_tube(partner, folder / f"{name}_FMO.fcs")
    return [row, {"file": f"{name}_FMO.fcs", "role": "fmo", "for_sample": name}]


# The figures again, by other means.


def check(folder: Path) -> int:
    """Compute every figure again from tubes.csv, and print both."""
    said = json.loads((folder / "validation.json").read_text("utf-8"))
    with (folder / "tubes.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    worst, count = 0.0, 0
    for place, again in figures(rows).items():
        value: Any = said
        for part in place.split("."):
            value = value[int(part)] if part.isdigit() else value[part]
        apart = _apart(value, again)
        worst, count = max(worst, apart), count + 1
        print(
            f"{place:44s} {_shown(value):>16s} {_shown(again):>16s} {'' if apart <= TOLERANCE else '!'}"
        )
    print(f"{count} figures, largest relative difference {worst:.1e}")
    return 0 if worst <= TOLERANCE else 1


def _apart(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return 0.0 if one is other else math.inf
    return abs(one - other) / max(abs(other), 1e-9)


def _shown(value: float | None) -> str:
    return "null" if value is None else f"{value:.8g}"


def figures(rows: Sequence[Mapping[str, str]]) -> dict[str, float | None]:
    """Return figures of the record by their places."""
    found: dict[str, float | None] = {}
    compared = [row for row in rows if row["kind"] == "sample"]
    cd5 = [
        (float(r["expected_cd5_percent"]), float(r["cd5_percent"]))
        for r in compared
        if r["expected_cd5_percent"] and r["cd5_percent"]
    ]
    burden = [
        (math.log10(float(r["expected_blast_percent"])), math.log10(float(r["burden_percent"])))
        for r in compared
        if r["burden_percent"] and float(r["burden_percent"]) > 0
    ]
    found |= _compared_figures("comparison.cd5", cd5, chosen=1)
    found |= _compared_figures("comparison.burden", burden, chosen=0)
    found |= _agreed("cd5", rows, "MEETS", "DOES_NOT_MEET")
    found |= _linear(rows)
    found |= _detected(rows)
    found |= _precise(rows)
    return found


def _compared_figures(
    place: str, pairs: Sequence[tuple[float, float]], *, chosen: int
) -> dict[str, float | None]:
    x, y = (np.asarray(side) for side in zip(*pairs, strict=True))
    found: dict[str, float | None] = {f"{place}.n": len(pairs)}
    lines = (_orthogonal(x, y), _shifted_median(x, y))
    for number, line in enumerate(lines):
        for name, value in line.items():
            found[f"{place}.lines.{number}.{name}"] = value
    found |= {f"{place}.{name}": value for name, value in lines[chosen].items()}
    differences = [b - a for a, b in pairs]
    bias, sd = statistics.fmean(differences), statistics.stdev(differences)
    found[f"{place}.bias"] = bias
    found[f"{place}.limits_of_agreement.0"] = bias - 1.96 * sd
    found[f"{place}.limits_of_agreement.1"] = bias + 1.96 * sd
    ranks = [stats.rankdata(side) for side in (x, y)]
    found[f"{place}.spearman"] = float(np.corrcoef(*ranks)[0, 1])
    return found


def _orthogonal(x: Any, y: Any) -> dict[str, float]:
    """Deming's line with equal errors by minimising distances, intervals by leaving one out."""

    def fit(u: Any, v: Any) -> tuple[float, float]:
        def distances(angle: float) -> float:
            across = math.cos(angle) * (v - v.mean()) - math.sin(angle) * (u - u.mean())
            return float(across @ across)

        best = optimize.minimize_scalar(
            distances, bounds=(0, math.pi / 2), method="bounded", options={"xatol": 1e-13}
        )
        slope = math.tan(best.x)
        return slope, float(v.mean() - slope * u.mean())

    whole, n = fit(x, y), len(x)
    parts = np.array([fit(np.delete(x, i), np.delete(y, i)) for i in range(n)])
    pseudo = n * np.asarray(whole) - (n - 1) * parts
    half = stats.t.ppf(0.975, n - 2) * pseudo.std(axis=0, ddof=1) / math.sqrt(n)
    return _named(whole[0], whole[0] - half[0], whole[0] + half[0]) | _named(
        whole[1], whole[1] - half[1], whole[1] + half[1], what="intercept"
    )


def _shifted_median(x: Any, y: Any) -> dict[str, float]:
    """Passing and Bablok's line by a plain loop."""
    slopes = []
    for i, j in combinations(range(len(x)), 2):
        dx, dy = x[j] - x[i], y[j] - y[i]
        if dx == 0 and dy == 0:
            continue
        slope = math.copysign(math.inf, dy) if dx == 0 else dy / dx
        if slope != -1:
            slopes.append(slope)
    slopes.sort()
    n, below = len(slopes), sum(slope < -1 for slope in slopes)
    slope = statistics.median(slopes[below:] + [math.inf] * below)
    c = stats.norm.ppf(0.975) * math.sqrt(len(x) * (len(x) - 1) * (2 * len(x) + 5) / 18)
    first = math.floor((n - c) / 2 + 0.5)
    low, high = slopes[first + below - 1], slopes[n - first + 1 + below - 1]
    at = [statistics.median(y - one * x) for one in (slope, high, low)]
    return _named(slope, low, high) | _named(*at, what="intercept")


def _named(value: float, low: float, high: float, what: str = "slope") -> dict[str, float]:
    return {what: float(value), f"{what}_ci95.0": float(low), f"{what}_ci95.1": float(high)}


def _agreed(
    of: str, rows: Sequence[Mapping[str, str]], positive: str, negative: str
) -> dict[str, float | None]:
    pairs = [
        (r[f"expected_{of}_state"], r[f"{of}_state"]) for r in rows if r[f"expected_{of}_state"]
    ]
    place = f"agreement.{of}"
    found: dict[str, float | None] = {f"{place}.n": len(pairs)}
    found[f"{place}.percent"] = 100 * sum(a == b for a, b in pairs) / len(pairs)
    for name, word in (("positive", positive), ("negative", negative)):
        there = [b for a, b in pairs if a == word]
        share = 100 * there.count(word) / len(there) if there else None
        found[f"{place}.{name}_percent"] = share
    found[f"{place}.kappa"] = float(cohen_kappa_score(*zip(*pairs, strict=True)))
    return found


def _linear(rows: Sequence[Mapping[str, str]]) -> dict[str, float | None]:
    points = [
        (float(r["expected_blast_percent"]), float(r["burden_percent"]))
        for r in rows
        if r["kind"] == "dilution" and r["burden_percent"] and float(r["burden_percent"]) > 0
    ]
    x, y = np.log10(np.asarray(points)).T
    line = stats.linregress(x, y)
    half = stats.t.ppf(0.975, len(points) - 2) * line.stderr
    away = []
    for level in sorted(set(x)):
        mean = statistics.fmean(y[x == level])
        away.append(abs(10 ** (mean - line.intercept - line.slope * level) - 1) * 100)
    return {
        "linearity.n": len(points),
        "linearity.slope": line.slope,
        "linearity.slope_ci95.0": line.slope - half,
        "linearity.slope_ci95.1": line.slope + half,
        "linearity.intercept": line.intercept,
        "linearity.r2": line.rvalue**2,
        "linearity.max_deviation_percent": max(away),
    }


def _by_level(rows: Sequence[Mapping[str, str]], *kinds: str) -> dict[str, list[float]]:
    levels: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row["kind"] in kinds:
            value = row["burden_percent"]
            levels[row["level"]].append(float(value) if value else math.nan)
    return levels


def _detected(rows: Sequence[Mapping[str, str]]) -> dict[str, float | None]:
    blanks, lows = (_known(_by_level(rows, kind)) for kind in ("blank", "low"))
    every = sorted(value for some in blanks.values() for value in some)
    about = [v - statistics.fmean(some) for some in blanks.values() for v in some]
    of_lows = [v - statistics.fmean(some) for some in lows.values() for v in some]
    normal = all(
        len(set(some)) > 1 and stats.shapiro(some).pvalue >= 0.05 for some in (about, of_lows)
    )
    if normal:
        free = len(every) - len(blanks)
        lob = statistics.fmean(every) + stats.norm.ppf(0.95) / (
            1 - 1 / (4 * free)
        ) * statistics.stdev(every)
        free = sum(len(some) - 1 for some in lows.values())
        pooled = math.sqrt(sum(v * v for v in of_lows) / free)
        lod = lob + stats.norm.ppf(0.95) / (1 - 1 / (4 * free)) * pooled
    else:
        lob = _at_rank(every, 0.95)
        lod = lob - _at_rank(
            sorted(v - statistics.median(some) for some in lows.values() for v in some), 0.05
        )
    lloq = None
    profile = _by_level(rows, "low", "dilution")
    whole = {level: len(some) for level, some in profile.items()}
    known = {level: some for level, some in _known(profile).items() if len(some) >= 3}
    for level, some in sorted(known.items(), key=lambda one: -statistics.fmean(one[1])):
        mean = statistics.fmean(some)
        withheld = 1 - len(some) / whole[level]
        if 100 * statistics.stdev(some) / mean > 30 or withheld > 0.05:
            break
        if mean >= lod:
            lloq = mean
    return {
        "detection.n_blank": len(every),
        "detection.n_low": len(of_lows),
        "detection.lob": lob,
        "detection.lod": lod,
        "detection.lloq": lloq,
    }


def _known(levels: Mapping[str, list[float]]) -> dict[str, list[float]]:
    """Return the results of each level without those that were withheld."""
    found = {level: [v for v in some if not math.isnan(v)] for level, some in levels.items()}
    return {level: some for level, some in found.items() if some}


def _at_rank(values: Sequence[float], share: float) -> float:
    """Return the value at rank 0.5 + share x n, between two ranks in proportion."""
    rank = 0.5 + share * len(values)
    low = min(max(math.floor(rank), 1), len(values))
    high = min(max(math.ceil(rank), 1), len(values))
    return values[low - 1] + (rank - math.floor(rank)) * (values[high - 1] - values[low - 1])


def _precise(rows: Sequence[Mapping[str, str]]) -> dict[str, float | None]:
    """Return mean, SD, CV and, where runs hold as many results each, the parts of the variance."""
    levels: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        if row["level"]:
            levels[row["level"]].append(row)
    found: dict[str, float | None] = {}
    number = 0
    for of_level in levels.values():
        for of in ("cd5_percent", "burden_percent"):
            used = [row for row in of_level if row[of]]
            if len(used) < 2:
                continue
            values = [float(row[of]) for row in used]
            mean, sd = statistics.fmean(values), statistics.stdev(values)
            place = f"precision.{number}"
            found[f"{place}.mean"], found[f"{place}.sd"] = mean, sd
            found[f"{place}.cv_percent"] = 100 * sd / mean if mean > 0 else None
            runs: dict[str, list[float]] = defaultdict(list)
            for row in used:
                runs[row["run"]].append(float(row[of]))
            sizes = {len(some) for some in runs.values()}
            if len(runs) > 1 and len(sizes) == 1 and sizes != {1}:
                k = sizes.pop()
                within = statistics.fmean(statistics.variance(some) for some in runs.values())
                means = [statistics.fmean(some) for some in runs.values()]
                between = max(0.0, statistics.variance(means) - within / k)
                found[f"{place}.components.0.sd"] = math.sqrt(between)
                found[f"{place}.components.1.sd"] = math.sqrt(within)
                found[f"{place}.components.2.sd"] = math.sqrt(between + within)
            number += 1
    return found


if __name__ == "__main__":
    sys.exit(main())
