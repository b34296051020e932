"""The command line: words in, exit code out.

Exit codes: 0 done, whatever the verdict; 1 input refused; 2 wrong usage, strategy, protocol, sheet
or clinical file; 3 batch finished, some samples failed; 70 a bug, the only case with a traceback;
130 interrupted.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Final, NoReturn

from cd5flow.cli.commands import program
from cd5flow.cli.hints import hint
from cd5flow.cli.terminal import Voice, complain, detail, robust_streams, speak
from cd5flow.config.warned import divert_warnings
from cd5flow.errors import Cd5FlowError, UsageError

__all__ = ["main", "program"]

BUG: Final = 70
OUTPUT_FAULTS: Final = frozenset({errno.ENOSPC, errno.EPIPE, errno.EDQUOT})
"""A full disk or a reader that went away: no bug."""

_BETWEEN_COLLECTIONS: Final = 50_000
"""Objects that are made, beyond those let go, before the young ones are looked through for garbage."""


def main() -> NoReturn:
    """Run the command that the arguments name, and end the process with its exit code."""
    _start_lightly()
    robust_streams()
    divert_warnings(detail)
    try:
        program(sys.argv[1:])(prog_name="cd5flow")
    except Cd5FlowError as refused:
        # A file with faults is answered with a line each, refused input with one line.
        said = f"{refused.message}{hint(sys.argv[1:])}"
        complain(said, lines=isinstance(refused, UsageError))
        for cause in _causes(refused):
            detail(f"because {type(cause).__name__}: {cause}")
        raise SystemExit(refused.exit_code) from None
    except Exception as fault:  # noqa: BLE001 - the last resort: a bug is shown whole, with its code
        if isinstance(fault, OSError) and fault.errno in OUTPUT_FAULTS:
            complain(f"the output cannot be written ({fault.strerror})")
            raise SystemExit(1) from None
        traceback.print_exc()
        complain("this is a bug in cd5flow; please report it with the lines above")
        raise SystemExit(BUG) from None
    finally:
        speak(Voice.NORMAL)  # where the process goes on, another command's silence is its own
    sys.exit(0)


def _start_lightly() -> None:
    """Spare a process what costs it a tenth of its start and gains it nothing."""
    # What imports make stays to the end: looking through it for garbage finds none.
    gc.set_threshold(_BETWEEN_COLLECTIONS, 20, 100)
    # pydantic looks through all that is installed for plugins; none is to change what is validated here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _causes(refused: BaseException) -> Iterator[BaseException]:
    """Yield what led to a refusal, nearest first."""
    cause = refused.__cause__
    while cause is not None:
        yield cause
        cause = cause.__cause__
