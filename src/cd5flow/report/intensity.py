"""How bright CD5 is on the blasts: the pattern, how it stands to normal T cells, the ETP part.

It stands beside the state for every share, and no state follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.model.result import Cd5Section
from cd5flow.report import numerals
from cd5flow.report.parts import Fact, fact
from cd5flow.report.wording import Wording


def intensity(cd5: Cd5Section, wording: Wording) -> Iterator[Fact]:
    """Yield the pattern with the share of normal T cells, and whether the ETP part holds."""
    if cd5.percent is None:
        return
    phrases, pattern = wording.phrases, wording.phrases.unknown
    if cd5.pattern is not None:
        pattern = wording.states.pattern[cd5.pattern].word
    said = (
        f"{phrases.pattern}{wording.colon}{pattern}",
        of_t_cells(cd5, wording),
        f"{phrases.etp_part}{wording.colon}{etp_part(cd5, wording)}",
    )
    yield fact(phrases.intensity, "; ".join(said))


def of_t_cells(cd5: Cd5Section, wording: Wording) -> str:
    """Return the blasts' median CD5 as a share of normal T cells'."""
    phrases, seen = wording.phrases, cd5.intensity
    if seen is None or seen.far_below_t_cells is None:
        return phrases.of_t_cells_unknown
    share = "≤ 0" if seen.percent_of_t_cells is None else _figures(seen.percent_of_t_cells)
    said = phrases.of_t_cells_percent.format(percent=share)
    blasts, t_cells = cd5.median.blasts, cd5.median.t_cells
    if blasts is None or t_cells is None:
        return said
    beside = phrases.of_t_cells_medians.format(
        blasts=numerals.number(blasts), t_cells=numerals.number(t_cells)
    )
    return f"{said} ({beside})"


def _figures(percent: float) -> str:
    """Return a share of T cells with two figures, whole from 10 on: medians tell no more."""
    return f"{percent:.0f}" if percent >= 10 else f"{percent:.2g}"


def etp_part(cd5: Cd5Section, wording: Wording) -> str:
    """Return whether the CD5 part of the early-T-precursor definition holds, in words."""
    phrases, seen = wording.phrases, cd5.intensity
    match cd5.etp_component:
        case True:
            said = phrases.etp_met
        case False:
            said = phrases.etp_not_met
        case None:
            said = phrases.unknown
    if seen is not None and seen.far_below_t_cells:
        said += f"; {phrases.far_below.format(fold=f'{seen.far_below_fold:g}')}"
    return said
