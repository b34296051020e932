"""A stored result judged by another protocol, from what the result keeps; nothing is measured."""

from __future__ import annotations

from cd5flow.criteria.asked import ShareRule
from cd5flow.criteria.cd5_state import derived_cd5_state
from cd5flow.criteria.clinical import recorded_clinical
from cd5flow.criteria.protocol import Protocol
from cd5flow.model.result import BurdenSection, BurdenState, Cd5Section, Result


def cd5_by(result: Result, protocol: Protocol) -> Cd5Section:
    """Return a result's CD5 against the threshold of a protocol.

    Args:
        result: judged by any protocol.
        protocol: whose threshold is asked for.
    """
    cd5, asked = result.cd5, protocol.cd5
    if ShareRule(operator=cd5.operator, threshold_percent=cd5.threshold_percent) == asked:
        return cd5
    clinical = recorded_clinical(result)
    known_t_all = result.strategy.laip is not None or bool(clinical and clinical.is_t_all)
    state, reasons = derived_cd5_state(result, asked, known_t_all=known_t_all)
    other = {"operator": asked.operator, "threshold_percent": asked.threshold_percent}
    return cd5.model_copy(update=other | {"state": state, "reasons": reasons})


def burden_by(result: Result, protocol: Protocol) -> BurdenSection:
    """Return a result's burden as a protocol names it: states follow the share, which is the tube's."""
    burden = result.burden
    if burden.percent is None or burden.state not in {BurdenState.OVERT, BurdenState.MRD_POSITIVE}:
        return burden
    overt = burden.percent > protocol.burden.overt_percent
    state = BurdenState.OVERT if overt else BurdenState.MRD_POSITIVE
    return burden if state is burden.state else burden.model_copy(update={"state": state})
