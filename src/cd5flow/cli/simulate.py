"""`cd5flow simulate`: synthetic tubes with known truth."""

from __future__ import annotations

from pathlib import Path

from cd5flow.cli.terminal import say, show
from cd5flow.errors import OptionError
from cd5flow.simulate import SAMPLE_SEED, simulate_samples


def run(out: Path, *, seed: int | None) -> None:
    """Fill a folder."""
    if seed is not None and seed < 0:
        raise OptionError(f"seed: found {seed}, expected 0 or more")
    chosen = SAMPLE_SEED if seed is None else seed
    written = simulate_samples(out, seed=chosen, progress=say)
    show(f"{len(written)} files in {out}, seed {chosen}")
