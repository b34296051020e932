"""`cd5flow strategies limits`: a laboratory's own limits put into its strategy."""

from __future__ import annotations

from pathlib import Path

from cd5flow.cli.terminal import show
from cd5flow.config.atomic import write_atomically
from cd5flow.config.shipped import strategy_file
from cd5flow.errors import OptionError
from cd5flow.gating.strategy import load_strategy
from cd5flow.validation.own.adopt import adopt_limits, read_own_validation


def run(name: str, *, validation: Path, out: Path) -> None:
    """Write the copy, and say what changed."""
    if out.exists():
        raise OptionError(f"out: {out} is there already, expected a new file")
    path = strategy_file(name)
    strategy = load_strategy(path)
    found, sha256 = read_own_validation(validation)
    adopted = adopt_limits(strategy, path.read_text("utf-8"), found, sha256=sha256)
    write_atomically(out, adopted.text.encode())
    for field, percent in adopted.limits.items():
        show(f"{field}: {percent:.6g}")
    show(f"origin: {adopted.origin}")
    show(f"{out}: {strategy.value.name} {adopted.version}, was {strategy.value.version}")
