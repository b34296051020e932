"""What a tube with much disease leaves in the tubes after it."""

from __future__ import annotations

import math


def carry_over_percent(*, high: float, first: float, last: float) -> float | None:
    """Return the carry-over in percent; None where the high value does not stand above the last low.

    (first - last) / (high - last), times 100: the first low value after a high one holds what was
    carried, the last one of the same low specimen no more.

    Source: Broughton PMG et al. Ann Clin Biochem 1974;11:207, as ICSH and CLSI H26 use it.

    Args:
        high: value of the tube before.
        first: of the low tube right after it.
        last: of the last low tube in the same row.
    """
    if not all(math.isfinite(one) for one in (high, first, last)) or high <= last:
        return None
    return 100 * (first - last) / (high - last)
