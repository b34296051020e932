"""A result in a line of a batch."""

from __future__ import annotations

from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
)


def cd5_words(cd5: Cd5Section) -> str:
    """Return state, percentage, counts and interval."""
    rule = f"{cd5.operator} {cd5.threshold_percent:g} %"
    if cd5.percent is None or cd5.ci95_percent is None:
        return f"{cd5.state} (asked: {rule}); no percentage, {cd5.blast_events:,} blasts"
    low, high = cd5.ci95_percent
    words = (
        f"{cd5.state} (asked: {rule}); {cd5.percent:.1f} % of blasts, "
        f"{cd5.positive_events:,}/{cd5.blast_events:,}, 95 % interval {low:.1f} to {high:.1f}"
    )
    if cd5.band_percent is not None:
        words += f", other cuts {cd5.band_percent[0]:.1f} to {cd5.band_percent[1]:.1f}"
    return words


def burden_words(burden: BurdenSection) -> str:
    """Return state, percentage and counts; a share below the limit of quantification as such."""
    counts = f"{burden.blast_events:,}/{burden.denominator_events:,}"
    if burden.percent is None:
        return f"{burden.state}; no percentage, {counts}"
    if burden.state in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}:
        share = f"{burden.percent:.3g} %"
    elif burden.below == "LOD":
        share = "below the limit of detection"
    elif burden.lloq_percent is not None:
        share = f"below the limit of quantification of {burden.lloq_percent:.2g} %"
        if burden.percent >= burden.lloq_percent:
            share = f"{burden.percent:.3g} %"
    else:
        share = "no limit of quantification"
    lod = "" if burden.lod_percent is None else f", LOD {burden.lod_percent:.2g} %"
    return f"{burden.state}; {share}, {counts}{lod}"
