"""A file of gates drawn by hand, of whichever program."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cd5flow.gating.drawn import DrawnGates, ImportedGates
from cd5flow.interop.gatingml_reader import read_gatingml
from cd5flow.interop.xmlfile import read_bytes

MOST_BYTES: Final = 16 << 20
"""Of a Gating-ML file; one with a thousand polygons has half a megabyte."""
MOST_WORKSPACE_BYTES: Final = 64 << 20
"""Of a FlowJo workspace, which holds every tube of a study."""


@dataclass(frozen=True, slots=True)
class _ForAnyTube:
    """The gates of a Gating-ML file, which names no tube."""

    drawn: DrawnGates
    names: tuple[str, ...] = ()
    events: int | None = None
    started: str | None = None

    def gates(self) -> DrawnGates:
        """Return the gates."""
        return self.drawn


def read_gates(path: str | os.PathLike[str], populations: Mapping[str, str]) -> ImportedGates:
    """Read a Gating-ML 2.0 file, or a FlowJo 10 workspace (``.wsp``).

    Args:
        path: the file.
        populations: our population to the gate's name or path.

    Raises:
        FileAccessError: the file is absent or unreadable.
        GatesError: it is no such file, too large, or contradicts itself.
    """
    place = Path(path)
    is_workspace = place.suffix.casefold() == ".wsp"
    file = read_bytes(place, most_bytes=MOST_WORKSPACE_BYTES if is_workspace else MOST_BYTES)
    if is_workspace:
        from cd5flow.interop.flowjo import read_workspace  # noqa: PLC0415 - only for workspaces

        return ImportedGates(file.name, file.sha256, dict(populations), read_workspace(file))
    drawn = read_gatingml(file.content, name=file.name)
    return ImportedGates(file.name, file.sha256, dict(populations), (_ForAnyTube(drawn),))
