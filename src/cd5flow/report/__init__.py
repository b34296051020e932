"""What is written of an analysis: a folder a sample, with reports, JSON, tables, gates and pictures."""

from __future__ import annotations

from cd5flow.report.folder import Wishes, Written, folder_name, write_sample
from cd5flow.report.tables import inert, populations_csv

__all__ = ["Wishes", "Written", "folder_name", "inert", "populations_csv", "write_sample"]
