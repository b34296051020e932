"""A new version of a result: a tube with the gates that persons drew, in the earlier one's place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cd5flow.batch.run import OWN
from cd5flow.config.atomic import OWNER, write_new
from cd5flow.config.lock import hold
from cd5flow.errors import FileAccessError
from cd5flow.gating.override import load_overrides
from cd5flow.pipeline import Analysis, analyse_by_hand
from cd5flow.report.folder import MEMBERSHIP, WantedOutputs, write_sample
from cd5flow.report.source import HTML, PDF, read_source

OVERRIDE: Final = "override.json"
"""The gates drawn on a tube, as ``--override`` takes them."""

_PATIENCE: Final = 30.0
"""Seconds to wait for a batch or a signature to end."""


def analyse_version(automatic: Analysis, override: str) -> Analysis:
    """Return what `cd5flow analyze --override` finds of the same gates in a file of the same name.

    Args:
        automatic: the tube analysed without them.
        override: the text of the override file.

    Raises:
        OverrideError: the gates do not fit the tube.
    """
    with TemporaryDirectory(prefix="cd5flow-") as folder:
        # A result names the file by its content, which must be there to be read.
        place = Path(folder, OVERRIDE)
        write_new(place, override.encode(), mode=OWNER)
        return analyse_by_hand(automatic, load_overrides(place))


def write_version(analysis: Analysis, out: Path, *, folder: str, outputs: WantedOutputs) -> None:
    """Write a sample's folder anew; what it replaces is kept under ``previous/N/``.

    Args:
        analysis: of the tube.
        out: the results folder.
        folder: the sample's in it.
        outputs: language and laboratory, where the earlier reports do not tell.

    Raises:
        OutputError: it cannot be written; the earlier version stands.
        BusyError: a batch or a signature does not end.
    """
    with hold(out / OWN, other="another process", patience=_PATIENCE):
        write_sample(
            analysis, out, outputs=_as_before(out / folder, outputs), name=folder, reviewed=True
        )


def _as_before(folder: Path, outputs: WantedOutputs) -> WantedOutputs:
    """Return the same files in the same language and for the same laboratory as the earlier version's."""
    has_report = (folder / PDF).is_file() or (folder / HTML).is_file()
    wanted = replace(outputs, report=has_report, membership=(folder / MEMBERSHIP).is_file())
    if not has_report:
        return wanted
    try:
        source = read_source(folder)
    except FileAccessError:
        return wanted  # written before reports kept what they are made of
    if source.words is not None:
        return replace(wanted, lab=source.lab)
    return replace(wanted, language=source.language, lab=source.lab)
