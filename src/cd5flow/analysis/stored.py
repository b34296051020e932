"""Stored results, believed as far as they hold together: the one way in which commands read them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cd5flow.analysis.derive import derives_by_our_rules, differences
from cd5flow.analysis.provenance import RULES
from cd5flow.errors import ResultError
from cd5flow.model.result import Result, ReviewSection
from cd5flow.model.result_file import ResultFile, contradictions, load_result
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.standing import standing

MOST_NAMED = 8
"""So many differences are named in one line."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result that nobody changed since it was written.

    Attributes:
        result: its review is what a ledger proves, whatever the file says.
        notes: what could not be checked, and why; empty where everything was.
    """

    result: Result
    notes: tuple[str, ...] = ()


def read_stored(path: Path) -> StoredResult:
    """Read a stored result: its digest is checked, and its states are derived anew.

    Raises:
        FileAccessError: the file is absent, a folder or unreadable.
        ResultError: it is no result of this version, has no digest, or was edited; the message says
            where, what was found and what was expected.
    """
    found = load_result(path)
    if faults := faults_of(found):
        more = f" (and {len(faults) - MOST_NAMED} more)" if len(faults) > MOST_NAMED else ""
        raise ResultError(f"{path}: {'; '.join(faults[:MOST_NAMED])}{more}")
    result = found.result
    notes: tuple[str, ...] = ()
    if not derives_by_our_rules(result):
        theirs = "none" if result.provenance.rules is None else result.provenance.rules
        what = "its digest was checked, its states were not derived anew"
        notes = (f"provenance.rules: found {theirs}, expected {RULES}: {what}",)
    review = proven_review(path, result)
    return StoredResult(result.model_copy(update={"review": review}), notes)


def read_result(path: Path) -> Result:
    """Read a stored result as `read_stored` does, without what could not be checked."""
    return read_stored(path).result


def faults_of(found: ResultFile) -> tuple[str, ...]:
    """Return everything in which a result is not what was written: digest, states, numbers of counts."""
    digest = () if found.is_whole else (found.digest_fault,)
    derived = tuple(map(str, differences(found.result)))
    return (*digest, *(derived or contradictions(found.result)))


def proven_review(path: Path, result: Result) -> ReviewSection:
    """Return what persons made of a stored result, as far as it is proven; unreviewed where nothing is.

    What the file itself says of its review is no proof: the digest does not cover it.

    Args:
        path: the result's file; a ledger lies in the results folder above its sample's.
        result: as the file says it.
    """
    ledger = path.absolute().parent.parent / LEDGER
    if not ledger.is_file():
        return ReviewSection()
    sample = path.absolute().parent.name
    with Ledger.read(ledger) as held:
        entries = held.entries(sample)
    now = standing(entries, sample, str(result.digest), amended=bool(result.overrides))
    return now.section()
