"""Whether the blasts are the same cells where their groups are made from another start.

Groups are found from a drawn start. What is found must not hang on it: the same cells are grouped once
more, outlined once more, and counted.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from cd5flow.gating.cell_types import tell_kinds
from cd5flow.gating.leukaemia import GroupReading, parted, sort_suspects
from cd5flow.gating.outlining import Outline
from cd5flow.gating.state import GatingState, stream_of
from cd5flow.gating.strategy import Strategy
from cd5flow.model.names import BLASTS
from cd5flow.model.populations import SecondStart

Picked = npt.NDArray[np.bool_]


def start_again(
    strategy: Strategy, state: GatingState, reading: GroupReading
) -> SecondStart | None:
    """Return how many sampled cells lie in the blasts' gates by either start; None without such blasts.

    Args:
        strategy: how populations are looked for.
        state: the tube, gated.
        reading: what its groups said.
    """
    search, cells, profiles = strategy.leukaemia, reading.cells, state.inputs.profiles
    if search is None or cells is None or profiles is None or not reading.leukaemic:
        return None
    # What a person drew does not hang on any start.
    if any(name == BLASTS or name.startswith(f"{BLASTS}_") for name in state.inputs.drawn):
        return None
    within = state.population_for(search.within)
    if within is None:
        return None
    seed = [state.inputs.seed, stream_of("cell types, second start")]
    other = tell_kinds(cells.sample, profiles, rng=np.random.default_rng(seed))
    accepted, _, _ = sort_suspects(other, search)
    _, outlines, _ = parted(state, other, accepted, search, parent=within)
    size = int(np.count_nonzero(state.members[within][cells.rows]))
    first = _union(reading.outlines, size)
    second = _union(outlines, size)
    return SecondStart(
        events=int(np.count_nonzero(first)),
        again=int(np.count_nonzero(second)),
        differing=int(np.count_nonzero(first ^ second)),
    )


def _union(outlines: Iterable[Outline | None], size: int) -> Picked:
    """Return which of the sampled cells lie in any of some outlines."""
    held = np.zeros(size, dtype=np.bool_)
    for drawn in outlines:
        if drawn is not None:
            held |= drawn.held
    return held
