"""Stored results, believed as far as they hold together: the one way in which commands read them."""

from __future__ import annotations

from pathlib import Path

from cd5flow.errors import ResultError
from cd5flow.model.result import Result, ReviewSection
from cd5flow.model.result_file import load_result


def read_result(path: Path) -> Result:
    """Read a stored result that nobody changed since it was written.

    Its review is what a ledger proves, whatever the file says.

    Raises:
        FileAccessError: the file is absent, a folder or unreadable.
        ResultError: it is no result of this version, has no digest, or was edited; the message says
            where, what was found and what was expected.
    """
    found = load_result(path)
    if not found.is_whole:
        raise ResultError(f"{path}: {found.digest_fault}")
    return found.result.model_copy(update={"review": proven_review(path, found.result)})


def proven_review(path: Path, result: Result) -> ReviewSection:
    """Return what persons made of a stored result, as far as it is proven; unreviewed where nothing is.

    What the file itself says of its review is no proof: the digest does not cover it.

    Args:
        path: the result's file; a ledger lies in the results folder above its sample's.
        result: as the file says it.
    """
    del path, result  # no ledger is kept yet
    return ReviewSection()
