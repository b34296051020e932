"""What was noticed: a code, how much it matters, and a sentence a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "INFO"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed about an input, a gate or a number.

    Attributes:
        code: stable upper-case name, e.g. ``NO_TIME``.
        severity: INFO for the record, WARN to look at, FAIL withholds states.
        message: what, where, found, expected, in one sentence.
    """

    code: str
    severity: Severity
    message: str
