"""Blind reading: the second reader gates before seeing what the first one did.

A tube is blind to a person while others have drawn gates of it or signed it, and the person has not yet
compared a reading of their own with theirs. What is drawn meanwhile stays with the reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cd5flow.model.result import Result
from cd5flow.signatures.acts import ActKind, Entry


def is_blind(entries: Iterable[Entry], drawn_by: Iterable[str], digest: str, user: str) -> bool:
    """Whether a person may not yet see what others did with one version of a result.

    Args:
        entries: the ledger's about the sample.
        drawn_by: who drew the gates that the version was made with.
        digest: of the version.
        user: the person; empty where nobody has logged in.
    """
    entries = tuple(entries)
    others = {*drawn_by, *(one.user for one in entries if _is_work(one, digest))}
    return bool(others - {user}) and reading_of(entries, digest, user) is None


def _is_work(entry: Entry, digest: str) -> bool:
    """Whether an act is a gate drawn in the open, or a signature."""
    if entry.text("digest") != digest or entry.text("reader"):
        return False
    return entry.kind in {ActKind.GATE_MOVED, ActKind.SIGNATURE, ActKind.VERSION}


def reading_of(entries: Iterable[Entry], digest: str, user: str) -> Mapping[str, Any] | None:
    """Return what a person's own reading of a version came to; None where there is none."""
    own = [
        one.values
        for one in entries
        if one.kind is ActKind.COMPARED and one.user == user and one.text("digest") == digest
    ]
    return own[-1] if own else None


def reading_values(result: Result) -> dict[str, Any]:
    """Return what is recorded of a reading: the answers, and the gates that were drawn for them."""
    cd5, burden = result.cd5, result.burden
    return {
        "cd5": {"percent": cd5.percent, "state": cd5.state.value},
        "burden": {"percent": burden.percent, "state": burden.state.value},
        "criterion": result.criterion.state.value,
    }
