"""What earlier therapies change in a strategy."""

from __future__ import annotations

import pytest

from cd5flow.config.shipped import list_strategies, strategy_file
from cd5flow.gating.strategy import AfterTherapy, Strategy, load_strategy
from cd5flow.gating.therapy import adapt_strategy, therapy_changes
from cd5flow.model.result import PriorTherapy
from support.gating_factory import cut_at, gate, lineage_path, strategy_of

every_strategy = pytest.mark.parametrize("name", list_strategies())


def shipped(name: str) -> Strategy:
    return load_strategy(strategy_file(name)).value


def lineages(strategy: Strategy) -> list[str]:
    return [path.lineage for path in strategy.paths]


def markers_of_paths(strategy: Strategy) -> set[str]:
    return {m for path in strategy.paths for gate in path.gates for m in gate.markers}


@every_strategy
def test_without_a_therapy_nothing_changes(name: str) -> None:
    strategy, said = adapt_strategy(shipped(name), ())

    assert strategy == shipped(name)
    assert said == ()


@every_strategy
def test_after_cd7_car_no_lineage_rule_looks_at_cd7(name: str) -> None:
    before = shipped(name)
    after, said = adapt_strategy(before, (PriorTherapy.CD7_CAR,))

    assert "CD7" in markers_of_paths(before)
    assert "CD7" not in markers_of_paths(after)
    assert not any(path.cd7_alone for path in after.paths)
    lost = set(lineages(before)) - set(lineages(after))
    assert lost
    assert all(lineage in str(said[0]) for lineage in lost)


@every_strategy
def test_after_cd7_car_the_rules_by_cytoplasmic_cd3_stay(name: str) -> None:
    after, _ = adapt_strategy(shipped(name), (PriorTherapy.CD7_CAR,))

    assert "cyCD3+ sCD3-" in lineages(after)


def test_a_window_on_several_markers_does_without_one() -> None:
    after, _ = adapt_strategy(shipped("t-all-mrd"), (PriorTherapy.CD7_CAR,))
    windows = [
        gate.find.axes
        for path in after.paths
        for gate in path.gates
        if gate.find.method == "as_at_diagnosis"
    ]

    assert windows
    assert all("CD7" not in axes and "cyCD3" in axes for axes in windows)


def test_a_rule_with_a_shape_on_the_marker_is_not_used() -> None:
    """A polygon without one of its two axes is no polygon."""
    corners = [[0, 0], [9, 0], [9, 9]]
    shape = {"method": "fixed", "axes": ["CD7", "CD45"], "vertices": corners}
    paths = [
        lineage_path(gate("blasts", shape), lineage="CD7+"),
        lineage_path(gate("blasts", cut_at("cyCD3", 0.5)), lineage="cyCD3+"),
    ]
    rule = {"after": ["cd7_car"], "ignores": ["CD7"], "says": "CD7 does not tell"}
    before = strategy_of(paths=paths, prior_therapy=[rule])
    after, said = adapt_strategy(before, (PriorTherapy.CD7_CAR,))

    assert lineages(after) == ["cyCD3+"]
    assert after.paths[0] == before.paths[1]
    assert "lineage rules not used: CD7+" in str(said[0])


@every_strategy
@pytest.mark.parametrize("therapy", [t for t in PriorTherapy if t is not PriorTherapy.ALLO_HSCT])
def test_each_therapy_says_what_it_changes(name: str, therapy: PriorTherapy) -> None:
    _, said = adapt_strategy(shipped(name), (therapy,))

    assert said
    assert all(str(line).startswith(f"AFTER_THERAPY: after {therapy.value}, ") for line in said)


@every_strategy
def test_a_transplant_changes_no_rule(name: str) -> None:
    strategy, said = adapt_strategy(shipped(name), (PriorTherapy.ALLO_HSCT,))

    assert (strategy, said) == (shipped(name), ())


@every_strategy
@pytest.mark.parametrize("therapy", [PriorTherapy.CD5_CAR, PriorTherapy.OTHER_CAR])
def test_other_cars_take_no_lineage_rule_away(name: str, therapy: PriorTherapy) -> None:
    assert lineages(adapt_strategy(shipped(name), (therapy,))[0]) == lineages(shipped(name))


def test_an_entry_names_the_therapies_that_were_given() -> None:
    both = (PriorTherapy.CD7_CAR, PriorTherapy.CD5_CAR)
    _, said = adapt_strategy(shipped("t-all-relapse"), both)

    assert any("after cd5_car and cd7_car, gene-edited" in str(line) for line in said)


def test_the_rules_of_several_therapies_hold_together() -> None:
    strategy = shipped("t-all-relapse")
    rules = therapy_changes(strategy, (PriorTherapy.CD7_CAR, PriorTherapy.ANTI_CD38))

    assert {m for rule in rules for m in rule.ignores} == {"CD7", "CD38"}


def test_a_therapy_that_no_entry_names_is_refused() -> None:
    with pytest.raises(ValueError, match="after"):
        AfterTherapy(after=(), says="nothing")
