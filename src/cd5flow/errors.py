"""What cd5flow raises on purpose: one class per remedy.

::

    Cd5FlowError
    ├── InputError              exit 1   the file or its content is refused
    │   ├── FileAccessError              the file is absent or unreadable: check path and rights
    │   ├── FcsError                     the file is not a readable FCS file
    │   │   ├── NotFcsError              it is something else: choose another file
    │   │   ├── FcsCorruptError          it contradicts itself: export it again
    │   │   ├── FcsTruncatedError        bytes are missing: copy or export it again
    │   │   └── FcsUnsupportedError      a valid variant that cd5flow does not read
    │   ├── PanelError                   channels are ambiguous: name them in the strategy or sheet
    │   ├── PrivacyError                 text that may tell who the patient is: name it to be removed
    │   ├── SpilloverError               the matrix does not fit the tube
    │   ├── ResultError                  a result.json that cannot be read back
    │   └── LedgerError                  a ledger or users file that was changed or cannot be used
    ├── UsageError              exit 2   what the user wrote is wrong
    │   ├── OptionError                  a command line option or function argument
    │   ├── StrategyError                a strategy file
    │   ├── GatesError                   gates drawn elsewhere, or a gate asked of their file
    │   ├── OverrideError                an override file, or one that does not fit the tube
    │   ├── ProtocolError                a protocol file
    │   ├── SheetError                   a sample sheet
    │   ├── ClinicalError                a clinical file
    │   └── SigningError                 who may not sign, or may not sign this
    ├── OutputError             exit 1   the output folder cannot be written
    │   └── BusyError                    somebody else is writing there: wait, and run again
    └── EngineError             exit 1   a batch's processes or its Dask cluster cannot be used

Every class carries one message and pickles, so that a worker process can hand it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MOST_FAULTS: Final = 50
"""So many faults of a file are told at once; who mends them runs it again."""


def told_faults(lines: Sequence[str]) -> str:
    """Return faults a line each, no more than `MOST_FAULTS`, and how many are left."""
    kept = list(lines[:MOST_FAULTS])
    if len(lines) > len(kept):
        kept.append(f"and {len(lines) - len(kept):,} more faults")
    return "\n".join(kept)


class Cd5FlowError(Exception):
    """Everything that cd5flow raises on purpose.

    Attributes:
        exit_code: the process exit code that the command line answers with.
    """

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputError(Cd5FlowError):
    """The input is refused."""


class FileAccessError(InputError):
    """A file is absent, a folder, or may not be read."""


class FcsError(InputError):
    """A file that is not a readable FCS file; the message says file, found, expected."""


class NotFcsError(FcsError):
    """The file does not begin as FCS files do."""


class FcsCorruptError(FcsError):
    """HEADER, TEXT and DATA contradict each other."""


class FcsTruncatedError(FcsError):
    """The file ends before its events do."""


class FcsUnsupportedError(FcsError):
    """A valid variant of FCS that cd5flow does not read."""


class PanelError(InputError):
    """A marker fits several channels, or a named channel is absent."""


class PrivacyError(InputError):
    """A copy without identity was asked for, and text is left that a person must look at."""


class SpilloverError(InputError):
    """A spillover matrix that cannot be used with the tube."""


class ResultError(InputError):
    """A result file that is not what this version writes."""


class LedgerError(InputError):
    """A ledger or a list of users that was changed, is not one, or cannot be used now."""


class OutputError(InputError):
    """Results cannot be written where they were asked for."""


class BusyError(OutputError):
    """Somebody else is writing where only one may at a time."""


class EngineError(Cd5FlowError):
    """The processes that a batch runs in cannot be started, or its Dask cluster cannot be used."""


class UsageError(Cd5FlowError):
    """What the user wrote is wrong."""

    exit_code = 2


class OptionError(UsageError):
    """An option or argument with an impossible value."""


class StrategyError(UsageError):
    """A strategy file with faults; the message lists each as ``file:line:column: what``."""


class GatesError(UsageError):
    """A file of gates drawn elsewhere that cannot be used, or a gate asked of it that it lacks."""


class OverrideError(UsageError):
    """An override file with faults, or of another sample; each is ``file:line:column: what``."""


class ProtocolError(UsageError):
    """A protocol file with faults; the message lists each as ``file:line:column: what``."""


class SheetError(UsageError):
    """A sample sheet with faults; the message lists each with its row."""


class ClinicalError(UsageError):
    """A clinical file with faults."""


class SigningError(UsageError):
    """A sign-in or a signature that is refused: the password, the role, the person or the digest."""
