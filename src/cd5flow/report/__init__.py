"""What is written of an analysis: a folder a sample, with reports, JSON, tables, gates and pictures."""

from __future__ import annotations

from cd5flow.report.folder import (
    WantedOutputs,
    WrittenSample,
    clear_aside,
    is_complete,
    write_sample,
)
from cd5flow.report.tables import inert, populations_csv

__all__ = [
    "WantedOutputs",
    "WrittenSample",
    "clear_aside",
    "inert",
    "is_complete",
    "populations_csv",
    "write_sample",
]
