"""The page of a batch, written anew once its results were signed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cd5flow.batch.overview import INDEX, write_overview
from cd5flow.batch.run import OWN
from cd5flow.config.lock import hold
from cd5flow.errors import BusyError, OutputError

_PATIENCE: Final = 30.0
"""Seconds to wait for a batch to end, which writes the page itself when it does."""


def renew_overview(out: Path) -> str:
    """Write a results folder's overview anew where it has one; return why that failed, empty otherwise.

    Signatures hold without it: it is made of the results and the ledger, and can be made again at any
    time.
    """
    if not (out / INDEX).is_file():
        return ""
    try:
        with hold(out / OWN, other="another process", patience=_PATIENCE):
            write_overview(out)
    except (BusyError, OutputError) as refused:
        return refused.message
    return ""
