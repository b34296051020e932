"""A result judged for another threshold from its numbers, against the tube judged by that threshold.

What is said from the stored numbers alone never contradicts what the signals would have said: a definite
state is the same, and where the numbers do not suffice it is BORDERLINE.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import pytest

from cd5flow.criteria.protocol import Protocol
from cd5flow.criteria.rejudge import cd5_by
from cd5flow.model.basis_sections import UndecidedBasis, WeakStainBasis
from cd5flow.model.result import Cd5Section, Cd5State, QualityState, Result
from cd5flow.quantify.cd5 import Circumstances, judge_cd5, measure
from cd5flow.quantify.cuts import ControlSignal, Readout, Signal
from support.criteria_factory import protocol, tube
from support.lineage_factory import PROVEN
from support.readout_factory import AXIS, at, cd5_limits, readout, spread
from support.report_factory import make_check
from support.share_rules import share_rule

LIMITS = cd5_limits()
FMO = ControlSignal("fmo", spread(2000))
RULES = ((">", 50.0), (">=", 70.0), (">=", 80.0), (">", 90.0))
DEFINITE = {Cd5State.MEETS, Cd5State.DOES_NOT_MEET}


def pile(percent: float, n: int = 1000) -> Signal:
    """Return blasts of which so many percent stand far above every cut."""
    positive = round(n * percent / 100)
    return at((positive, 1e4), (n - positive, -100.0))


def shifted(centre: float, decades: float = 0.2) -> Signal:
    """Return blasts whose CD5 is one broad or dim peak about a place."""
    return spread(1000, centre, decades, decades=True)


BLASTS: dict[str, Signal] = {
    **{f"{share} %": pile(share) for share in (0, 30, 50, 60, 70, 76, 80, 85, 90, 93, 99, 100)},
    "few, 60 %": pile(60, 60),
    "few, 98 %": pile(98, 70),
    "too few": pile(90, 40),
    **{f"dim about {centre:g}": shifted(centre) for centre in (150, 250, 300, 400, 700, 3000)},
    **{f"broad about {centre:g}": shifted(centre, 0.6) for centre in (150, 300, 700, 2000, 20000)},
}
CONTROLS: dict[str, tuple[ControlSignal, ...]] = {"without FMO": (), "with FMO": (FMO,)}


@cache
def judged(blasts: str, controls: str, rule: tuple[str, float]) -> Cd5Section:
    tube_: Readout = readout(BLASTS[blasts], controls=CONTROLS[controls])
    operator, percent = rule
    return judge_cd5(
        measure(tube_, axis=AXIS, limits=LIMITS),
        threshold=share_rule(operator, percent),
        limits=LIMITS,
        circumstances=Circumstances(
            has_cd5=True,
            panel_gap=(),
            compensated=True,
            lineage=PROVEN,
            blast_events=int(BLASTS[blasts].size),
            quality_fail=False,
        ),
    )


def asking(rule: tuple[str, float]) -> Protocol:
    return protocol().value.model_copy(update={"cd5": share_rule(*rule)})


@cache
def told_by(
    blasts: str, controls: str, rule: tuple[str, float], other: tuple[str, float]
) -> Cd5Section:
    """Return what a result that was judged by one rule says by another."""
    return cd5_by(kept(blasts, controls, rule), asking(other))


@cache
def kept(blasts: str, controls: str, rule: tuple[str, float]) -> Result:
    return stored(judged(blasts, controls, rule))


def stored(section: Cd5Section) -> Result:
    """Return a result that holds a CD5 section as a file would."""
    plain = tube().model_copy(update={"cd5": section})
    return Result.model_validate_json(plain.to_json())


@pytest.mark.parametrize("controls", CONTROLS)
@pytest.mark.parametrize("blasts", BLASTS)
def test_what_the_numbers_say_is_what_the_signals_would_have_said(
    blasts: str, controls: str
) -> None:
    for rule, other in permutations(RULES, 2):
        told, direct = told_by(blasts, controls, rule, other), judged(blasts, controls, other)
        assert (told.operator, told.threshold_percent) == other
        if told.state is not direct.state:
            # Only in this direction: less is said than could be.
            assert told.state is Cd5State.BORDERLINE, (rule, other)
            assert direct.state in DEFINITE
            assert "NOT_KEPT" in {r.code for r in told.reasons}
        numbers = ("percent", "positive_events", "blast_events", "ci95_percent", "cut", "median")
        assert all(getattr(told, name) == getattr(direct, name) for name in numbers)


def test_all_of_them_are_said_alike() -> None:
    same = [
        told_by(blasts, controls, rule, other).state is judged(blasts, controls, other).state
        for blasts in BLASTS
        for controls in CONTROLS
        for rule, other in permutations(RULES, 2)
    ]
    assert all(same)


def test_the_same_rule_changes_nothing() -> None:
    section = judged("76 %", "with FMO", (">=", 70.0))
    assert cd5_by(stored(section), asking((">=", 70.0))) == stored(section).cd5


def test_what_a_result_does_not_keep_is_borderline_by_name() -> None:
    plain = stored(judged("30 %", "with FMO", (">=", 70.0)))
    nothing = plain.model_copy(update={"cd5": plain.cd5.model_copy(update={"basis": None})})
    told = cd5_by(nothing, asking((">", 50.0)))
    assert (told.state, [r.code for r in told.reasons]) == (Cd5State.BORDERLINE, ["NOT_KEPT"])


def test_what_a_weak_stain_hides_is_kept_for_one_threshold_alone() -> None:
    plain = stored(judged("60 %", "with FMO", (">=", 70.0)))
    basis = plain.cd5.basis
    assert basis is not None
    weak = basis.model_copy(update={"weak_stain": WeakStainBasis(part_percent=25, percent=95)})
    plain = plain.model_copy(update={"cd5": plain.cd5.model_copy(update={"basis": weak})})
    told = cd5_by(plain, asking((">=", 80.0)))
    assert (told.state, [r.code for r in told.reasons]) == (Cd5State.BORDERLINE, ["NOT_KEPT"])
    assert cd5_by(plain, asking((">", 50.0))).state is Cd5State.MEETS


@pytest.mark.parametrize(
    ("named", "state"), [((), Cd5State.MEETS), (("RESIDUAL_CD5",), Cd5State.BORDERLINE)]
)
def test_a_result_keeps_which_checks_bear_on_its_state(
    named: tuple[str, ...], state: Cd5State
) -> None:
    plain = stored(judged("70 %", "with FMO", (">=", 70.0)))
    warned = make_check(code="RESIDUAL_CD5", state=QualityState.WARN)
    told = {"state": QualityState.WARN, "checks": (warned,), "not_definite": named}
    quality = plain.quality.model_copy(update=told)
    asked = cd5_by(plain.model_copy(update={"quality": quality}), asking((">", 50.0)))
    assert asked.state is state


def test_cells_that_are_not_decided_are_asked_for_another_threshold_too() -> None:
    plain = stored(judged("70 %", "with FMO", (">=", 80.0)))
    basis = plain.cd5.basis
    assert basis is not None
    beside = UndecidedBasis(population="outside_1", events=1000, positive_events=0)
    cd5 = plain.cd5.model_copy(update={"basis": basis.model_copy(update={"undecided": (beside,)})})
    told = cd5_by(plain.model_copy(update={"cd5": cd5}), asking((">", 50.0)))
    assert cd5_by(plain, asking((">", 50.0))).state is Cd5State.MEETS
    assert told.state is Cd5State.BORDERLINE
    assert {r.code for r in told.reasons} == {"CD5_WITH_UNDECIDED"}
