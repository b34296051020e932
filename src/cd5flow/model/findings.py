"""What was noticed of an input, a gate or a number: how much it matters, and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cd5flow.model.reasons import Reason, sentence


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "INFO"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed about an input, a gate or a number.

    Attributes:
        severity: INFO for the record, WARN to look at, FAIL withholds states.
        reason: what, where, found, expected.
    """

    severity: Severity
    reason: Reason

    @property
    def code(self) -> str:
        """The reason's code, such as ``NO_SPILLOVER``."""
        return self.reason.code

    @property
    def message(self) -> str:
        """The reason in one English sentence a person can act on."""
        return sentence(self.reason)


def info(code: str, **values: object) -> Finding:
    """Return a finding for the record."""
    return Finding(Severity.INFO, Reason(code, **values))


def warning(code: str, **values: object) -> Finding:
    """Return a finding to look at."""
    return Finding(Severity.WARN, Reason(code, **values))
