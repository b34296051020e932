"""With which words and for which laboratory a report was written, as its page tells."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from cd5flow.analysis.fingerprint import file_sha256
from cd5flow.model.opening import open_regular
from cd5flow.report.lab import Lab
from cd5flow.report.parts import Extent

META: Final = "cd5flow-edition"
_HEAD_BYTES: Final = 4096
_FOUND: Final = re.compile(rf'<meta name="{META}" content="([0-9a-f]{{64}})">'.encode())


def edition(language: str, lab: Lab | None, extent: Extent) -> str:
    """Return what a report depends on beside its result, as one digest: language, laboratory, extent.

    The words that come with cd5flow change with its version, which the result states.

    Args:
        language: the name of a shipped one, or a wording file.
        lab: the laboratory in the report's head.
        extent: whether it has the technical annex.
    """
    # Of a file that cannot be read whoever loads the words will say so.
    words = file_sha256(Path(language)) if Path(language).suffix else None
    return hashlib.sha256(f"{words or language} {lab!r} {extent}".encode()).hexdigest()


def edition_of(page: Path) -> str | None:
    """Return the edition of a report's page; None where it states none or cannot be read."""
    try:
        with open_regular(page) as file:
            found = _FOUND.search(file.read(_HEAD_BYTES))
    except OSError:
        return None
    return None if found is None else found[1].decode()
