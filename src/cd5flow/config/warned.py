"""Warnings of libraries are for developers: none reaches who runs a command."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any


def divert_warnings(tell: Callable[[str], None]) -> None:
    """Have warnings told otherwise than on stderr, unless Python was asked for them (`-W`).

    The test suite asks for all of them, as errors.
    """
    if sys.warnoptions:
        return

    def told(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        tell(f"{category.__name__}: {message}")

    warnings.showwarning = told
