"""How many examples a property is tried on."""

from __future__ import annotations

import hypothesis


def part_of_examples(part: float) -> hypothesis.settings:
    """Return settings for a property whose examples are dear: a part of the profile's number.

    So the exploring profile draws more of them too, as it does of all others.
    """
    return hypothesis.settings(
        max_examples=max(1, round(part * hypothesis.settings().max_examples))
    )
