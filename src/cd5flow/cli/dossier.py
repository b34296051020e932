"""`cd5flow dossier`: what an auditor asks for, as one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cd5flow.cli.terminal import say, show
from cd5flow.config.shipped import requirements_file
from cd5flow.validation.dossier import load_requirements, write_dossier


def run(out: Path, *, validations: Sequence[Path], results: Path | None) -> None:
    """Write the folder, and say what is in it and what is not."""
    made = write_dossier(
        out, load_requirements(requirements_file()), validations=validations, results=results
    )
    for name in made.files:
        show(f"  {out / name}")
    for what in made.missing:
        say(f"not in it: {what}", style="look")
