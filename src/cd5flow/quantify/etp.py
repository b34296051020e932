"""How the blasts' CD5 stands to normal T cells, and the CD5 part of the early-T-precursor definition.

That definition asks, among other markers, for CD5 on fewer than 75 % of the blasts, or for a median at
least ten-fold below that of normal T cells (Lancet Oncol 2009;10:147; Leukemia 2018;32:874). Its CD5
part and a trial's rule can hold of one case. No state follows from it, and no diagnosis.
"""

from __future__ import annotations

from cd5flow.model.limits import Cd5Limits
from cd5flow.model.reasons import Reason
from cd5flow.model.result import IntensitySection


def is_far_below(blasts: float | None, t_cells: float | None, limits: Cd5Limits) -> bool | None:
    """Return whether a median lies `etp_fold` times below that of normal T cells, or further.

    None where one of them is unknown, or T cells show no CD5 above zero.
    """
    if limits.etp_fold is None or blasts is None or t_cells is None or t_cells <= 0:
        return None
    return blasts * limits.etp_fold <= t_cells


def etp_component(
    percent: float | None, intensity: IntensitySection | None, limits: Cd5Limits
) -> bool | None:
    """Return whether the CD5 part of the definition holds; None where that is not known.

    Args:
        percent: share of the blasts that carry CD5; None where there is none.
        intensity: how bright CD5 is on them.
        limits: the definition's.
    """
    if limits.etp_percent is None or percent is None:
        return None
    if percent < limits.etp_percent:
        return True
    return None if intensity is None else intensity.far_below_t_cells


def etp_notes(
    percent: float | None,
    intensity: IntensitySection | None,
    *,
    rule: str | None,
    limits: Cd5Limits,
) -> tuple[Reason, ...]:
    """Return the note where the CD5 part of the definition holds, and by what.

    Args:
        percent: see `etp_component`.
        intensity: likewise.
        rule: the protocol's, where the share meets it; None where it does not.
        limits: the definition's.
    """
    limit = limits.etp_percent
    if limit is None or percent is None or not etp_component(percent, intensity, limits):
        return ()
    notes = []
    if percent < limit:
        said = {"case": "share"} if rule is None else {"case": "meets", "rule": rule}
        notes.append(Reason("ETP_CD5_PART", percent=_below(percent, limit), limit=limit, **said))
    if intensity is not None and intensity.far_below_t_cells:
        share = intensity.percent_of_t_cells
        told = {"case": "dim_unknown"} if share is None else {"case": "dim", "percent": share}
        notes.append(Reason("ETP_CD5_PART", fold=limits.etp_fold, **told))
    return tuple(notes)


def _below(percent: float, limit: float) -> str:
    """Return a percentage with as many decimals as show that it lies below a limit."""
    for decimals in range(1, 6):
        text = f"{percent:.{decimals}f}"
        if float(text) < limit:
            return text
    return f"just below {limit:g}"
