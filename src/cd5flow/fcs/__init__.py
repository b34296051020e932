"""FCS files: bytes to linear events, faults named."""

from __future__ import annotations

from cd5flow.fcs.file import FcsFile, read_fcs

__all__ = ["FcsFile", "read_fcs"]
