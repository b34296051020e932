"""How long the summary and the overview page of a large batch take, and how large they are.

    python benchmarks/overview.py [--samples 5000] [--keep FOLDER]

One tube of `sample_fcs` is analysed with its report. Its result is then varied (burden, CD5, places
of gates, patients with several time points, tubes of another strategy) and written so many times,
with the tube's own pictures and reports as hard links, so that every file is of its real size. The
table gives seconds a step and their share of the whole; `--keep` leaves the results to be looked at.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from cd5flow.analysis.settings import make_settings
from cd5flow.batch.failures import FAILURES, Failure, failures_csv
from cd5flow.batch.outliers import find_outliers, load_batch_rules
from cd5flow.batch.overview import write_overview
from cd5flow.batch.results_folder import read_results_folder
from cd5flow.config.shipped import batch_file, protocol_file, strategy_file
from cd5flow.criteria.protocol import load_protocol
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.populations import Lineage
from cd5flow.model.result import CriterionState, Result
from cd5flow.pipeline import analyse_tube
from cd5flow.quantify.burden import BurdenCounts, judge_burden
from cd5flow.quantify.statistics import wilson_interval
from cd5flow.report.folder import write_sample

SAMPLES = Path(__file__).resolve().parents[1] / "sample_fcs"
TUBE = "p02-borderline-69"
T = TypeVar("T")


class Variants:
    """Results like one, with other numbers that agree with each other."""

    def __init__(self, like: Result, *, seed: int) -> None:
        self.like = like
        self.random = np.random.default_rng(seed)
        self.limits = load_strategy(strategy_file("t-all-mrd")).value.burden
        self.overt = load_protocol(protocol_file("cd5-cart-70")).value.burden.overt_percent

    def make(self, number: int, patient: str, day: date, percent: float) -> Result:
        """Return a result of a patient on a day, with about so many percent of blasts."""
        like, random = self.like, self.random
        total = int(random.integers(8_000, 400_000))
        blasts = int(random.binomial(total, percent / 100))
        burden = judge_burden(
            BurdenCounts(
                blast_events=blasts,
                denominator_events=total,
                denominator_rule=like.burden.denominator,
                lineage=Lineage(name=like.strategy.lineage, cluster=blasts >= 10),
            ),
            limits=self.limits,
            burden_limit_percent=self.overt,
        )
        positive = int(random.binomial(blasts, random.beta(6, 2)))
        share = {
            "percent": 100 * positive / blasts if blasts else None,
            "ci95_percent": wilson_interval(positive, blasts),
            "band_percent": None,
            "positive_events": positive,
            "blast_events": blasts,
        }
        moved = float(random.normal(0, 0.006)) + (0.12 if random.random() < 0.01 else 0.0)
        populations = tuple(
            p
            if p.gate is None
            else p.model_copy(
                update={
                    "gate": p.gate.model_copy(
                        update={
                            "evidence": {
                                name: value + moved if name.endswith((" peak", " low")) else value
                                for name, value in p.gate.evidence.items()
                            }
                        }
                    )
                }
            )
            for p in like.populations
        )
        mrd = percent < 1
        return like.model_copy(
            update={
                "sample": like.sample.model_copy(
                    update={
                        "id": f"S{number}",
                        "file": f"S{number}.fcs",
                        "patient_id": patient,
                        "collected_at": day.isoformat(),
                        "identifiers": {"accession": f"A-{number:06d}", "tube": "T1"},
                    }
                ),
                "strategy": like.strategy.model_copy(
                    update={"name": "t-all-mrd" if mrd else "t-all-relapse"}
                ),
                "cd5": like.cd5.model_copy(update=share),
                "burden": burden,
                "criterion": like.criterion.model_copy(
                    update={"state": list(CriterionState)[number % 4]}
                ),
                "populations": populations,
            }
        )


def fill(out: Path, samples: int) -> int:
    """Write so many results, one in five alone, the others of patients with up to six tubes."""
    analysis = analyse_tube(
        SAMPLES / f"{TUBE}.fcs",
        make_settings(timepoint="relapse", controls={"fmo": SAMPLES / f"{TUBE}_FMO-CD5.fcs"}),
    )
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        real = write_sample(analysis, Path(folder)).folder
        files = [p for p in real.rglob("*") if p.is_file() and p.name != "result.json"]
        variants = Variants(analysis.result, seed=0)
        number = patients = 0
        while number < samples:
            patients += 1
            visits = 1 if patients % 5 == 0 else int(variants.random.integers(2, 7))
            day = date(2024, 1, 1) + timedelta(days=int(variants.random.integers(0, 600)))
            percent = float(variants.random.uniform(10, 90))
            for _ in range(min(visits, samples - number)):
                number += 1
                result = variants.make(number, f"P{patients:04d}", day, percent)
                place = out / result.sample.id
                (place / "plots").mkdir(parents=True)
                (place / "result.json").write_text(result.to_json(), encoding="utf-8")
                for file in files:
                    os.link(file, place / file.relative_to(real))
                day += timedelta(days=int(variants.random.integers(14, 120)))
                percent *= float(variants.random.choice([0.02, 0.1, 0.5, 3.0]))
                percent = min(max(percent, 1e-4), 95.0)
        failures = [
            Failure(f"F{i}", f"F{i}.fcs", "FcsTruncatedError", "the file ends before its events do")
            for i in range(samples // 100)
        ]
        (out / FAILURES).write_text(failures_csv(failures), encoding="utf-8")
    return patients


def timed(do: Callable[[], T]) -> tuple[T, float]:
    """Do something, and say what it took."""
    begun = time.perf_counter()
    done = do()
    return done, time.perf_counter() - begun


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=5_000)
    parser.add_argument("--keep", type=Path, help="folder for the results, new")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = given.keep or Path(folder) / "out"
        out.mkdir(parents=True)
        patients, filling = timed(lambda: fill(out, given.samples))
        print(f"{given.samples:,} results of {patients:,} patients written in {filling:.0f} s")
        rules = load_batch_rules(batch_file()).value.apart
        gathered, reading = timed(lambda: read_results_folder(out, rules))
        measured = [entry.measured for entry in gathered.entries]
        apart, comparing = timed(partial(find_outliers, measured, rules))
        del gathered, measured
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        used = time.process_time()
        overview, whole = timed(lambda: write_overview(out))
        used = time.process_time() - used
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1e6 if sys.platform == "darwin" else 1e3
        print("| step | seconds | of the whole |\n|---|---|---|")
        for name, seconds in (("read the results", reading), ("compare the tubes", comparing)):
            print(f"| {name} | {seconds:.2f} | {seconds / whole:.0%} |")
        rest = whole - reading - comparing
        print(f"| workbook, pictures and page | {rest:.2f} | {rest / whole:.0%} |")
        print(f"| **whole** | **{whole:.2f}** | {1e3 * whole / given.samples:.2f} ms a sample |")
        print(f"\n{sum(map(bool, apart.marks)):,} tubes marked; ", end="")
        print(", ".join(f"{p.name} {p.stat().st_size / 1e6:.1f} MB" for p in overview.paths))
        print(f"processor time of the whole {used:.1f} s; ", end="")
        print(f"peak memory {peak / unit:.0f} MB, {before / unit:.0f} MB before")


if __name__ == "__main__":
    main()
