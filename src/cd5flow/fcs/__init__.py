"""FCS files: bytes to linear events, faults named."""

from __future__ import annotations

from cd5flow.fcs.file import (
    DataSetSummary,
    FcsFile,
    other_wells,
    read_fcs,
    summarise_data_sets,
)

__all__ = ["DataSetSummary", "FcsFile", "other_wells", "read_fcs", "summarise_data_sets"]
