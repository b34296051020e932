"""What a `cd5flow.Result` shows of itself in a notebook; it asks for these by name, being below them."""

from __future__ import annotations

from cd5flow.notebook.tables import table_of
from cd5flow.report.box import answer_box

__all__ = ["answer_box", "table_of"]
