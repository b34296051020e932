"""`cd5flow verify`: whether results, ledger, reports and tubes of a folder still agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cd5flow.errors import Cd5FlowError, FileAccessError
from cd5flow.report.input_files import InputFiles
from cd5flow.review.findings import Fault, Finding
from cd5flow.review.ledger_check import check_ledger, sample_folders
from cd5flow.review.sample_check import CheckedSample, check_sample
from cd5flow.signatures.acts import Entry
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.users import Users


@dataclass(frozen=True, slots=True)
class Verification:
    """What verifying a results folder found.

    Attributes:
        samples: each with what was found of it.
        ledger: what does not hold of the ledger and the users file.
        entries: rows of the ledger; None where there is none.
        identity_checked: whether the keys were compared with a users file.
    """

    samples: tuple[CheckedSample, ...]
    ledger: tuple[Finding, ...]
    entries: int | None
    identity_checked: bool

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that does not hold."""
        return (*self.ledger, *(found for one in self.samples for found in one.findings))

    @property
    def holds(self) -> bool:
        """Whether nothing differs."""
        return not self.findings

    def plain(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "schema": "cd5flow.verification/1",
            "holds": self.holds,
            "ledger_entries": self.entries,
            "identity_checked": self.identity_checked,
            "ledger": [_plain(one) for one in self.ledger],
            "samples": [
                {
                    "sample": one.sample,
                    "state": None if one.standing is None else one.standing.state,
                    "signatures": 0 if one.standing is None else len(one.standing.signatures),
                    "holds": not one.findings,
                    "findings": [_plain(found) for found in one.findings],
                    "notes": list(one.notes),
                }
                for one in self.samples
            ],
        }


def verify(
    results: Path, *, users: Users | None = None, folders: Sequence[Path] = ()
) -> Verification:
    """Return whether everything in a results folder holds.

    Args:
        results: the results folder.
        users: whose keys count; None leaves the identity of signers unchecked.
        folders: where to look for the tubes, beside the places that ``inputs.json`` names.

    Raises:
        FileAccessError: the folder holds no result and no ledger.
    """
    there = sample_folders(results)
    if not there and not (results / LEDGER).is_file():
        raise FileAccessError(f"{results}: found no result in its folders and no {LEDGER}")
    entries, faults = _entries(results)
    known = entries or ()
    inputs = InputFiles(results, folders)
    return Verification(
        samples=tuple(check_sample(one, known, users=users, inputs=inputs) for one in there),
        ledger=(*faults, *check_ledger(known, results=results, users=users)),
        entries=None if entries is None else len(entries),
        identity_checked=users is not None,
    )


def _entries(results: Path) -> tuple[tuple[Entry, ...] | None, tuple[Finding, ...]]:
    if not (results / LEDGER).exists():
        return None, ()
    try:
        with Ledger.read(results / LEDGER) as ledger:
            return ledger.entries(), ()
    except Cd5FlowError as error:
        return None, (Finding(Fault.LEDGER, error.message),)


def _plain(found: Finding) -> dict[str, Any]:
    return {"code": found.fault.value, "what": found.what, "sample": found.sample or None}
