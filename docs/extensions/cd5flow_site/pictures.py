"""Pages of a report as pictures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import typst

PPI: Final = 100
"""Pixels an inch: small enough for a page of a site, large enough to be read."""

_A4_WIDTH: Final = "595pt"


def report_page(pdf: Path, number: int, *, ppi: int = PPI) -> bytes:
    """Return a page of a report as PNG.

    Args:
        pdf: the report.
        number: of the page, from 1.
        ppi: pixels an inch.
    """
    with tempfile.TemporaryDirectory(prefix="cd5flow-page-") as folder:
        Path(folder, "report.pdf").write_bytes(pdf.read_bytes())
        main = Path(folder, "main.typ")
        main.write_text(
            "#set page(width: auto, height: auto, margin: 0pt)\n"
            f'#image("report.pdf", page: {number}, width: {_A4_WIDTH})\n',
            encoding="utf-8",
        )
        made = typst.compile(main, root=folder, format="png", ppi=ppi)
    assert isinstance(made, bytes)  # noqa: S101 - one page is one picture
    return made
