"""Whether the times of a run follow the order in which its events passed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.floating]

FOLDED_PERCENT = 1.0
"""A clock that went back has more events than this stamped earlier than one before them,"""
STEPS_BACK_PERCENT = 1.0
"""in fewer steps than this: many small steps are a file that is not in order of time."""


def earlier_percent(time: Times) -> float:
    """Return the share of events, in file order, stamped earlier than one before them."""
    if not time.size or in_order(time):
        return 0.0
    return 100 * float(np.mean(time < np.maximum.accumulate(time)))


def in_order(time: Times) -> bool:
    """Whether no event is stamped earlier than the one before it."""
    return bool(np.all(time[1:] >= time[:-1]))


def is_folded(time: Times) -> bool:
    """Whether the clock began anew during the run, so that a time stands for several moments."""
    if time.size < 2:
        return False
    back = 100 * int(np.count_nonzero(time[1:] < time[:-1])) / time.size
    return earlier_percent(time) > FOLDED_PERCENT and back < STEPS_BACK_PERCENT
