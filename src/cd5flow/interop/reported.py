"""Which number another system may show as the result, and when it must show none.

A result holds every number that was computed. What is sent to a record is less: no percentage where the
state is withheld, no residual disease below its limits as if it had been quantified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from cd5flow.model.reasons import Reason, codes
from cd5flow.model.result import BurdenSection, BurdenState, Cd5Section, Cd5State

NOT_PERFORMED = "NO_CD5"
"""The reason that says that CD5 was not measured at all."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that may be shown.

    Attributes:
        percent: 0 to 100.
        comparator: ``<`` where the true value lies below it; None where it is the value.
    """

    percent: float
    comparator: Literal["<"] | None = None


@dataclass(frozen=True, slots=True)
class Withheld:
    """No number may be shown.

    Attributes:
        reasons: why, as the result words them.
        measured: whether it was measured at all.
    """

    reasons: tuple[Reason, ...]
    measured: bool = True


Reported = Amount | Withheld


def reported_cd5(cd5: Cd5Section) -> Reported:
    """Return the share of CD5-positive blasts as another system may show it."""
    if cd5.state is Cd5State.NOT_EVALUABLE or cd5.percent is None:
        return Withheld(cd5.reasons, measured=NOT_PERFORMED not in codes(cd5.reasons))
    return Amount(cd5.percent)


def reported_burden(burden: BurdenSection) -> Reported:
    """Return the burden as another system may show it.

    Detected below the LLOQ is "< LLOQ"; not detected, or a cluster below the LOD, is "< LOD". Where
    scattered events make up more than that, or blasts cannot be told apart, there is no number.
    """
    match burden.state:
        case BurdenState.OVERT | BurdenState.MRD_POSITIVE:
            shown = None if burden.percent is None else Amount(burden.percent)
        case BurdenState.MRD_BELOW_LLOQ:
            shown = _below(burden.lloq_percent, burden.percent)
        case BurdenState.INDETERMINATE | BurdenState.NOT_DETECTED:
            shown = _below(burden.lod_percent, burden.percent)
        case BurdenState.INCONCLUSIVE:
            few = "SENSITIVITY_TOO_LOW" in codes(burden.reasons)
            shown = _below(burden.lod_percent, burden.percent) if few else None
        case BurdenState.NOT_EVALUABLE:
            shown = None
        case _:
            assert_never(burden.state)
    return Withheld(burden.reasons) if shown is None else shown


def _below(limit: float | None, percent: float | None) -> Amount | None:
    if limit is None or percent is None or percent >= limit:
        return None
    return Amount(limit, "<")
