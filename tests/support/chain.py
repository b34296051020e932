"""The shipped strategies without the search among groups of cells: blasts by lineage paths alone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from support.paths import STRATEGIES


@cache
def chain_strategy(name: str = "t-all-relapse") -> Path:
    """Write such a strategy, of the same name, once a session; return its file."""
    text = (STRATEGIES / f"{name}.yaml").read_text("utf-8")
    left, dropped = re.subn(r"(?ms)^leukaemia:\n(?:[ #].*?\n|\n)*(?=^\S)", "", text)
    assert dropped == 1
    path = Path(mkdtemp(prefix="chain-")) / f"{name}.yaml"
    path.write_text(left, "utf-8")
    return path
