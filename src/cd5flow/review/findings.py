"""What verifying can find, each with a code that stays."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Kinds of what does not hold."""

    RESULT = "RESULT"  # result.json cannot be read, or is no result
    DIGEST = "DIGEST"  # its content is not that of its digest
    STATES = "STATES"  # its states do not follow from its numbers
    REVIEW = "REVIEW"  # its review is not what the ledger holds
    FILE_CHANGED = "FILE_CHANGED"
    FILE_MISSING = "FILE_MISSING"
    FILE_ADDED = "FILE_ADDED"
    REPORT = "REPORT"  # a report that shows another result
    REPLACED = "REPLACED"  # another version than the one that was signed, unannounced
    SAMPLE_MISSING = "SAMPLE_MISSING"  # a signed sample whose folder is gone
    UNFINISHED = "UNFINISHED"  # a signature whose files were not recorded
    RULE = "RULE"  # a signature that should have been refused
    INPUT = "INPUT"  # the FCS file is another one
    LEDGER = "LEDGER"  # the ledger cannot be read, or is missing
    LEDGER_ROW = "LEDGER_ROW"  # a row that was changed, taken out or put in
    LEDGER_CUT = "LEDGER_CUT"  # rows at the end that a report speaks of are missing
    UNKNOWN_KEY = "UNKNOWN_KEY"  # a row signed by a key that is nobody's of the users file
    UNSIGNED_ACT = "UNSIGNED_ACT"  # a row that must be signed and is not
    ARCHIVE = "ARCHIVE"  # an archive's own list of its files does not hold
    USERS = "USERS"  # the users file was changed, cut or made anew


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not hold.

    Attributes:
        fault: its kind.
        what: in words, with the file or entry it is about.
        sample: the sample's folder; empty where it is about none.
        entry: of the ledger, where it is about one.
    """

    fault: Fault
    what: str
    sample: str = ""
    entry: int | None = None

    def __str__(self) -> str:
        return f"{self.fault.value}: {self.what}"
