"""CD5 of the blasts where cells that may belong to them are not decided."""

from __future__ import annotations

import numpy as np

from cd5flow.analysis.stages import Tube
from cd5flow.model.geometry import Dimension
from cd5flow.model.names import BLASTS
from cd5flow.model.populations import Gating
from cd5flow.model.reasons import Reason
from cd5flow.model.result import Cd5Section, Cd5State
from cd5flow.numerics.order_statistics import finite_values
from cd5flow.quantify.statistics import share_percent
from cd5flow.quantify.threshold import Threshold


def with_undecided(
    cd5: Cd5Section, gating: Gating, *, tube: Tube, threshold: Threshold
) -> Cd5Section:
    """Return CD5, BORDERLINE where a population that is not decided would move it past the threshold.

    A population outside every normal profile that no lineage rule accepts may be a second clone: were it
    one, its cells would count among the blasts. Each is added to the blasts by itself, and all together.

    Args:
        cd5: of the blasts.
        gating: who is in which population.
        tube: whose CD5 signal is counted by the cut.
        threshold: the protocol's.
    """
    definite = cd5.state in {Cd5State.MEETS, Cd5State.DOES_NOT_MEET}
    blasts = gating.members.get(BLASTS)
    if not definite or cd5.cut is None or cd5.percent is None or blasts is None:
        return cd5
    beside = {
        one.name: mask & ~blasts
        for one in gating.outside
        if (mask := gating.members.get(one.name)) is not None
    }
    if not beside:
        return cd5
    signal = tube.columns.column(Dimension(cd5.cut.channel))
    every = np.logical_or.reduce(list(beside.values()))
    met = threshold.met_by(cd5.percent)
    for name, mask in {**beside, ", ".join(beside): every}.items():
        theirs = finite_values(signal[mask])
        positive = cd5.positive_events + int(np.count_nonzero(theirs >= cd5.cut.linear))
        percent = share_percent(positive, cd5.blast_events + theirs.size)
        if percent is not None and threshold.met_by(percent) != met:
            reason = Reason(
                "CD5_WITH_UNDECIDED",
                population=name,
                events=int(theirs.size),
                percent=percent,
                rule=threshold.rule,
            )
            changed = {"state": Cd5State.BORDERLINE, "reasons": (reason, *cd5.reasons)}
            return cd5.model_copy(update=changed)
    return cd5
