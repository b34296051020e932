"""Which channel carries which marker."""

from __future__ import annotations

from dataclasses import dataclass

from cd5flow.model.events import Channel
from cd5flow.model.findings import Finding


@dataclass(frozen=True, slots=True)
class Panel:
    """A tube's channels by marker.

    Attributes:
        channels: every channel of the file.
        markers: canonical marker name (``CD5``, ``cyCD3``, ``CD3`` for surface CD3, ``CD45``,
            ``FSC``, ``FSC-H``, ``FSC-W``, ``SSC``, ``SSC-H``, ``SSC-W``, ``Time``, ``viability``,
            ``nuclear``, ...) to the ``$PnN`` taken for it. ``FSC`` and ``SSC`` are the area, or the
            height where there is no area.
        labels: marker to the words it was recognised in, fluorochrome included ("CD5 PC7-A").
        findings: what was decided on the way (height taken for area, duplicate labels, ...).
        unknown: labels, each with its channel, that name nothing the table of markers knows.
    """

    channels: tuple[Channel, ...]
    markers: dict[str, str]
    labels: dict[str, str]
    findings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...] = ()

    def has(self, *markers: str) -> bool:
        """Whether the tube carries all of these markers."""
        return all(marker in self.markers for marker in markers)

    def first_of(self, axis: str) -> str | None:
        """Return the first marker of ``A|B|C`` that the tube carries; None where it carries none."""
        return next((name for name in axis.split("|") if self.has(name)), None)

    def detector(self, marker: str) -> str:
        """Return the ``$PnN`` of a marker.

        Raises:
            KeyError: the tube has no such marker.
        """
        return self.markers[marker]

    def marker_of(self, detector: str) -> str | None:
        """Return the marker that a channel was taken for."""
        return next((m for m, d in self.markers.items() if d == detector), None)
