"""Synthetic tubes as FCS files."""

from __future__ import annotations

from pathlib import Path

from cd5flow.fcs.write import write_fcs
from cd5flow.simulate.tube import SimulatedTube


def write_tube(tube: SimulatedTube, path: Path) -> None:
    """Write a tube as its instrument's software would; equal tubes give equal bytes.

    Raises:
        OutputError: the file cannot be written.
    """
    instrument = tube.spec.instrument
    write_fcs(
        path,
        tube.raw.values,
        channels=tube.raw.channels,
        keywords=tube.keywords,
        version=instrument.version,
        datatype="I" if instrument.integer else "F",
        big_endian=instrument.big_endian,
    )
