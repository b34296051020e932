"""FCS files: bytes to linear events, faults named."""

from __future__ import annotations

from cd5flow.fcs.file import (
    DataSetSummary,
    FcsFile,
    read_fcs,
    summarise_data_sets,
)
from cd5flow.fcs.outline import Outline, read_outlines

__all__ = [
    "DataSetSummary",
    "FcsFile",
    "Outline",
    "read_fcs",
    "read_outlines",
    "summarise_data_sets",
]
