"""Draw tubes of every family by seed, analyse them, and print how often answers are wrong.

    PYTHONPATH=src python families.py --tubes 12 --jobs 2 --csv rows.csv [FAMILY ...]
    PYTHONPATH=src python families.py --rival RIVAL.pickle ...   # beside learned_rival.py's on each tube

A tube and its FMO are written into a temporary folder, analysed as a user would, and removed. Each
row of the CSV holds a tube's settings, truth and answers; the tube itself comes again from its
family and seed.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import starmap
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402 - thread counts are read at import

from clinic_scoring import (  # noqa: E402
    Row,
    answer_row,
    bin_table,
    family_table,
    judge,
    rival_row,
    rivals,
    status_agreement,
)
from clinic_scoring import truth_row as truth_of  # noqa: E402
from clinic_tubes import FAMILIES, DrawnTube, draw, fmo, write  # noqa: E402


def drawn(family: str, seed: int) -> tuple[DrawnTube, DrawnTube | None]:
    """Return a family's tube of a seed and its FMO, where it has one.

    Even seeds have an FMO, odd ones none, so that each family is seen both ways.
    """
    rng = np.random.default_rng([zlib.crc32(family.encode()), seed])
    tube = draw(family, rng=rng, fmo=seed % 2 == 0)
    if not tube.specimen.settings["fmo"]:
        return tube, None
    return tube, fmo(tube, rng=rng, events=min(len(tube.events), 60_000))


def one(family: str, seed: int, rival: Path | None = None) -> Row:
    """Draw, write, analyse and judge one tube; a failure is a row too.

    With a trained rival's file, what that calls blasts on the same tube stands beside it.
    """
    from cd5flow.analysis.settings import make_settings  # noqa: PLC0415 - drawing needs no cd5flow
    from cd5flow.pipeline import analyse_tube  # noqa: PLC0415

    tube, control = drawn(family, seed)
    row: Row = {"family": family, "seed": seed, "error": ""} | truth_of(tube)
    asked = tube.specimen.settings
    with tempfile.TemporaryDirectory(prefix="families-") as name:
        folder = Path(name)
        path = write(tube, folder, f"{family}-{seed}")
        controls = {"fmo": write(control, folder, f"{family}-{seed}_FMO")} if control else None
        begun = time.process_time()
        try:
            analysis = analyse_tube(
                path,
                make_settings(
                    timepoint=str(asked["timepoint"]),
                    specimen=str(asked["specimen"]),
                    controls=controls,
                ),
            )
        except Exception as error:  # noqa: BLE001 - a benchmark counts failures
            return row | {"error": f"{type(error).__name__}: {error}"}
        row["seconds"] = round(time.process_time() - begun, 3)
    blasts = analysis.gating.members.get("blasts")
    claimed = np.zeros(len(tube.events), bool) if blasts is None else np.asarray(blasts)
    row |= answer_row(analysis.result, claimed, tube)
    row |= judge(row)
    if rival is not None:
        from learned_rival import load as load_rival  # noqa: PLC0415 - only where it is asked for

        row |= rival_row(load_rival(rival).claims(analysis), row, tube)
    print(family, seed, row["burden"], row["cd5"], row["wrong"], file=sys.stderr, flush=True)
    return row


def run(
    families: Sequence[str], seeds: Iterable[int], jobs: int, rival: Path | None = None
) -> list[Row]:
    """Analyse every family's tubes, families side by side."""
    tasks = [(family, seed, rival) for family in families for seed in seeds]
    if jobs < 2:
        return list(starmap(one, tasks))
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(one, *zip(*tasks, strict=True), chunksize=2))


def save(rows: Sequence[Row], path: Path) -> None:
    """Write the rows, columns in order of appearance."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, columns, restval="")
        table.writeheader()
        table.writerows(rows)


def load(path: Path) -> list[Row]:
    """Read rows again as `save` wrote them."""

    def value(text: str) -> object:
        if text in {"True", "False"}:
            return text == "True"
        try:
            return float(text)
        except ValueError:
            return text

    def cell(key: str, text: str) -> object:
        words = key in {"family", "wrong", "codes", "why", "error"}
        return text if words else value(text) if text else None

    with path.open(newline="") as file:
        return [{k: cell(k, v) for k, v in row.items()} for row in csv.DictReader(file)]


def main() -> int:
    """Run, print the tables, write the CSV."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", metavar="FAMILY")
    parser.add_argument("--tubes", type=int, default=12)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--rival", type=Path, help="what learned_rival.py wrote")
    parser.add_argument("--read", type=Path, nargs="+", help="print the tables of these CSV alone")
    asked = parser.parse_args()
    families = asked.families or list(FAMILIES)
    if unknown := sorted(set(families) - set(FAMILIES)):
        parser.error(f"families: found {unknown}, expected some of {list(FAMILIES)}")
    if asked.read:
        rows = [row for path in asked.read for row in load(path)]
    else:
        rows = run(families, range(asked.first, asked.first + asked.tubes), asked.jobs, asked.rival)
    if asked.csv:
        save(rows, asked.csv)
    print("\n".join(family_table(rows)), "\n")
    print("\n".join(bin_table(rows)), "\n")
    print(status_agreement(rows))
    if any(row.get("rival_claimed") is not None for row in rows):
        print("\nlearned rival")
        print("\n".join(bin_table(rivals(rows))), "\n")
        print(status_agreement(rivals(rows)))
    for row in rows:
        if row["error"]:
            print(f"{row['family']} {row['seed']}: {row['error']}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
