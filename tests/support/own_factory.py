"""Rows of a laboratory's own tubes, as an analysis would have left them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from cd5flow.config.shipped import own_validation_file
from cd5flow.validation.own.findings import findings
from cd5flow.validation.own.record import OwnProvenance, OwnValidation, UsedFile
from cd5flow.validation.own.rules import OwnRules, load_own_rules
from cd5flow.validation.own.tubes import OwnTube

_TUBE: Final[dict[str, Any]] = {
    "sample": "tube",
    "file": "tube.fcs",
    "sha256": "",
    "kind": "sample",
    "level": None,
    "replicate": None,
    "run": None,
    "reader": None,
    "sequence": None,
    "hours": None,
    "acquired": "2026-01-12T09:00:00",
    "strategy": "t-all-mrd 2.0.0",
    "strategy_sha256": "b" * 64,
    "protocol": "cd5-cart-70 1.0.0",
    "expected_cd5_percent": None,
    "expected_cd5_state": None,
    "cd5_percent": None,
    "cd5_state": "NOT_EVALUABLE",
    "threshold_percent": 70.0,
    "expected_blast_percent": None,
    "expected_burden_state": None,
    "burden_percent": None,
    "burden_state": "NOT_DETECTED",
    "blast_events": 0,
    "background_percent": 0.0,
    "denominator_events": 100_000,
    "lod_percent": 0.02,
    "lloq_percent": 0.05,
    "quality": "PASS",
}


def tube(**changes: object) -> OwnTube:
    """Return a tube, but for what is named one of which nothing is known; each is a file of its own."""
    said = {**_TUBE, **changes}
    said["sha256"] = said["sha256"] or f"sha {sorted(map(str, changes.items()))}"
    return OwnTube.model_validate(said)


def cd5_tube(expected: float, found: float, **changes: object) -> OwnTube:
    """Return a tube with an expected and a found % CD5, and the states at 70 %."""
    states = {
        f"{name}_state": "MEETS" if value >= 70 else "DOES_NOT_MEET"
        for name, value in (("expected_cd5", expected), ("cd5", found))
    }
    return tube(**{"expected_cd5_percent": expected, "cd5_percent": found, **states, **changes})


def burden_tube(kind: str, found: float | None, **changes: object) -> OwnTube:
    """Return a tube of a kind with a found burden."""
    state = "MRD_POSITIVE" if found else "NOT_DETECTED"
    said = {"kind": kind, "burden_percent": found, "burden_state": state}
    return tube(**{**said, "background_percent": found, **changes})


def rules() -> OwnRules:
    """Return the rules that come with cd5flow."""
    return load_own_rules(own_validation_file()).value


def provenance(strategy_sha256: str = "b" * 64) -> OwnProvenance:
    """Return where a record comes from."""
    return OwnProvenance(
        cd5flow="1.0",
        python="3.11",
        packages={"numpy": "2"},
        created="2026-01-31T10:00:00+00:00",
        sheet="own.csv",
        sheet_sha256="a" * 64,
        files=(
            UsedFile(what="Strategy", name="t-all-mrd", version="2.0.0", sha256=strategy_sha256),
        ),
    )


def record(tubes: Sequence[OwnTube], *, strategy_sha256: str = "b" * 64) -> OwnValidation:
    """Return what tubes say, by the rules that come with cd5flow."""
    return findings(
        [tube.model_copy(update={"strategy_sha256": strategy_sha256}) for tube in tubes],
        rules(),
        failures=(),
        claimed={},
        overt_percent=5.0,
        tubes_sha256="c" * 64,
        provenance=provenance(strategy_sha256),
    )


def study(seed: int = 1) -> list[OwnTube]:
    """Return a whole design: 40 compared, 60 blanks, 60 lows, 12 steps in triplicate, hours, readers."""
    rng = np.random.default_rng(seed)
    return [*_compared(rng), *_limits(rng), *_steps(rng), *_stored_and_read()]


def _compared(rng: np.random.Generator) -> Iterator[OwnTube]:
    for n, expected in enumerate(np.linspace(3, 97, 40)):
        found = float(np.clip(expected + rng.normal(0.5, 1.5), 0, 100))
        burden = float(10 ** rng.uniform(-1, 1.9))
        of_burden = {"expected_blast_percent": burden, "burden_percent": burden * 1.05}
        states = {"expected_burden_state": "MRD_POSITIVE", "burden_state": "MRD_POSITIVE"}
        yield cd5_tube(float(expected), found, sample=f"s{n}", **of_burden, **states)


def _limits(rng: np.random.Generator) -> Iterator[OwnTube]:
    for n in range(60):
        blank = max(0.0, float(rng.normal(0.004, 0.001)))
        place = {"run": f"r{n // 20}", "sequence": 2 + n % 20, "level": f"blank {n // 20}"}
        yield burden_tube("blank", blank, sample=f"b{n}", expected_blast_percent=0, **place)
    for run in range(3):
        high = {"run": f"r{run}", "sequence": 1, "level": "20", "expected_blast_percent": 20}
        yield burden_tube("dilution", 20.0 + run, sample=f"h{run}", **high)
    for n in range(60):
        low = float(rng.normal(0.05, 0.006))
        place = {"level": f"low {n % 3}", "run": f"r{n // 20}", "expected_blast_percent": 0.05}
        yield burden_tube("low", low, sample=f"l{n}", **place)


def _steps(rng: np.random.Generator) -> Iterator[OwnTube]:
    for step in range(11):
        level = 10 / 2**step
        for n in range(3):
            found = level * float(10 ** rng.normal(0, 0.02))
            place = {"level": f"{level:g}", "expected_blast_percent": level}
            yield burden_tube("dilution", found, sample=f"d{step}-{n}", **place)


def _stored_and_read() -> Iterator[OwnTube]:
    for specimen in range(4):
        for hours in (2.0, 24.0, 48.0, 72.0):
            cd5 = 80.0 - specimen - (0.01 * hours if hours < 72 else 9)
            place = {"level": f"stored {specimen}", "hours": hours}
            yield cd5_tube(80.0, cd5, sample=f"t{specimen}-{hours:g}", **place)
    for file in range(3):
        for reader, expected in (("A", 66.0), ("B", 74.0)):
            place = {"reader": reader, "sha256": f"file {file}"}
            yield cd5_tube(expected, 72.0, sample=f"x{file}{reader}", **place)
