"""Several tubes of one specimen: when they count as one, and each reason why not."""

from __future__ import annotations

from typing import Any

import pytest

from cd5flow.config.shipped import strategy_file
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.result import (
    BurdenAlternative,
    BurdenState,
    OverrideSection,
    PanelEntry,
    QualitySection,
    QualityState,
    Result,
    Scope,
    StrategySection,
)
from cd5flow.quantify.pooling import Pooled, pool
from support.report_factory import SHA, make_burden, make_result, make_sample

LIMITS = load_strategy(strategy_file("t-all-mrd")).value.burden
DENOMINATOR = "viable single cells that carry CD45"
SPECIMEN = {"specimen_id": "S1", "panel_lot": "L7", "tube": "MRD"}


def tube(
    name: str,
    blasts: int,
    cells: int,
    state: BurdenState,
    *,
    reasons: tuple[str, ...] = (),
    sample: dict[str, Any] | None = None,
    burden: dict[str, Any] | None = None,
    **changes: Any,
) -> Result:
    """Return a follow-up tube of specimen S1 by its counts and the state that they gave."""
    said = {"id": name, "sha256": f"{name:0>64}", "timepoint": "mrd", "identifiers": SPECIMEN}
    counts = {
        "state": state,
        "reasons": reasons,
        "percent": 100 * blasts / cells,
        "blast_events": blasts,
        "denominator_events": cells,
        "denominator": DENOMINATOR,
        "alternatives": (
            BurdenAlternative(denominator="mononuclear", events=cells // 2, percent=None),
        ),
    }
    return make_result(
        sample=make_sample(**(said | (sample or {}))),
        burden=make_burden(**(counts | (burden or {}))),
        **changes,
    )


def indeterminate(name: str = "a", n: int = 12, cells: int = 400_000, **changes: Any) -> Result:
    return tube(name, n, cells, BurdenState.INDETERMINATE, **changes)


def clean(name: str = "b", cells: int = 150_000, scattered: int = 0, **changes: Any) -> Result:
    """Return a tube without a cluster, of too few cells to exclude one."""
    said = {
        "reasons": ("SENSITIVITY_TOO_LOW: ...",),
        "burden": {"look_alike_events": scattered, "scope": Scope.SCD3_NEGATIVE},
    }
    return tube(name, 0, cells, BurdenState.INCONCLUSIVE, **{**said, **changes})


def pooled(*results: Result) -> Pooled:
    return pool(results, limits=LIMITS, burden_limit_percent=5)


def codes(found: Pooled) -> list[str]:
    return [reason.code for reason in found.reasons]


def test_counts_are_added_and_percentages_never_averaged() -> None:
    found = pooled(indeterminate("a", 12, 400_000), indeterminate("b", 15, 600_000))

    assert found.pooled
    assert codes(found) == ["POOLED"]
    assert found.burden is not None
    assert (found.burden.blast_events, found.burden.denominator_events) == (27, 1_000_000)
    assert found.burden.percent == pytest.approx(0.0027)
    assert found.burden.state is BurdenState.MRD_BELOW_LLOQ
    assert found.burden.lod_percent == pytest.approx(0.002)


def test_two_clean_tubes_may_exclude_what_each_cannot() -> None:
    found = pooled(clean("a"), clean("b"))

    assert found.burden is not None
    assert found.burden.state is BurdenState.NOT_DETECTED
    assert found.burden.scope is Scope.SCD3_NEGATIVE
    assert "count rule: 20 of 300,000 events" in str(found.burden.reasons[0])


@pytest.mark.parametrize("scope", [None, Scope.CD7_POSITIVE])
def test_tubes_that_speak_of_different_diseases_exclude_none_together(scope: Scope | None) -> None:
    found = pooled(clean("a"), clean("b", burden={"scope": scope}))

    assert found.burden is not None
    assert found.burden.state is BurdenState.INCONCLUSIVE
    assert [reason.code for reason in found.burden.reasons] == ["NO_SCOPE"]


def test_they_may_still_be_too_few() -> None:
    found = pooled(clean("a", 90_000), clean("b", 90_000))

    assert found.burden is not None
    assert found.burden.state is BurdenState.INCONCLUSIVE


def test_scattered_events_are_not_added_to_a_cluster() -> None:
    found = pooled(indeterminate("a", 12), clean("b", scattered=7))

    assert found.burden is not None
    assert (found.burden.blast_events, found.burden.look_alike_events) == (12, 7)
    assert codes(found) == ["POOLED"]


def test_the_order_does_not_matter() -> None:
    tubes = [indeterminate("a", 12), clean("b", scattered=7), indeterminate("c", 30)]

    assert pooled(*tubes).burden == pooled(*reversed(tubes)).burden


def test_other_denominators_are_added_where_every_tube_tells_them() -> None:
    first, second = indeterminate("a"), indeterminate("b")
    unknown = (BurdenAlternative(denominator="mononuclear", events=None, percent=None),)
    blind = indeterminate("b", burden={"alternatives": unknown})

    known, lost = pooled(first, second).burden, pooled(first, blind).burden
    assert known is not None
    assert lost is not None
    assert [a.events for a in known.alternatives] == [400_000]
    assert [a.events for a in lost.alternatives] == [None]


def test_what_was_pooled_is_told() -> None:
    found = pooled(indeterminate("a"), indeterminate("b"))

    assert found.samples == ("a", "b")
    assert (found.specimen_id, found.panel_lot) == ("S1", "L7")
    assert found.strategy == indeterminate().strategy
    assert '"schema": "cd5flow.pooled/1"' in found.to_json()


# Why not


def identified(**names: str | None) -> dict[str, Any]:
    left = {k: v for k, v in {**SPECIMEN, **names}.items() if v is not None}
    return {"sample": {"identifiers": left}}


def strategy(**changes: Any) -> dict[str, Any]:
    base = make_result().strategy.model_dump()
    return {"strategy": StrategySection.model_validate({**base, **changes})}


DRAWN = OverrideSection(
    gate="blasts",
    by="A. B.",
    date="2026-01-12",
    reason="",
    region=None,
    events=1,
    percent_of_parent=None,
    automatic=None,
    file="o.yaml",
    sha256=SHA,
)

AGAINST: dict[str, tuple[dict[str, Any], str]] = {
    "another specimen": (identified(specimen_id="S2"), "OTHER_SPECIMEN"),
    "specimen unknown": (identified(specimen_id=None), "OTHER_SPECIMEN"),
    "another lot": (identified(panel_lot="L8"), "OTHER_LOT"),
    "lot unknown": (identified(panel_lot=None), "OTHER_LOT"),
    "another strategy": (strategy(name="my-panel"), "OTHER_STRATEGY"),
    "the strategy edited": (strategy(sha256="0" * 64), "OTHER_STRATEGY"),
    "another lineage rule": (strategy(lineage="CD7+ sCD3-"), "OTHER_LINEAGE"),
    "another patient": ({"sample": {"patient_id": "P9"}}, "OTHER_PATIENT"),
    "another cytometer": ({"sample": {"cytometer": "Other"}}, "OTHER_CYTOMETER"),
    "another time point": ({"sample": {"timepoint": "relapse"}}, "OTHER_TIMEPOINT"),
    "another therapy": ({"sample": {"prior_therapy": ("cd7_car",)}}, "OTHER_THERAPY"),
    "another denominator": ({"burden": {"denominator": "all"}}, "OTHER_DENOMINATOR"),
    "another panel": (
        {"panel": (PanelEntry(channel="PE-A", marker="CD5", label=None),)},
        "OTHER_PANEL",
    ),
    "the same file": ({"sample": {"sha256": f"{'a':0>64}"}}, "SAME_FILE"),
    "quality failed": (
        {"quality": QualitySection(state=QualityState.FAIL, checks=())},
        "QUALITY_FAIL",
    ),
    "gates drawn by hand": ({"overrides": (DRAWN,)}, "GATED_BY_HAND"),
    "no burden": ({"burden": {"state": BurdenState.NOT_EVALUABLE}}, "BURDEN_NOT_EVALUABLE"),
    "blasts not told from others": (
        {
            "burden": {
                "state": BurdenState.INCONCLUSIVE,
                "reasons": ("BLASTS_NOT_DISTINGUISHABLE: ...",),
                "percent": None,
            }
        },
        "BURDEN_INCONCLUSIVE",
    ),
    "lineage unproven": (
        {
            "burden": {
                "state": BurdenState.INCONCLUSIVE,
                "reasons": ("SENSITIVITY_TOO_LOW: ...", "LINEAGE_UNPROVEN: ..."),
            }
        },
        "BURDEN_INCONCLUSIVE",
    ),
}


@pytest.mark.parametrize("why", AGAINST)
def test_tubes_are_not_pooled(why: str) -> None:
    changes, code = AGAINST[why]
    found = pooled(indeterminate("a"), indeterminate("b", **changes))

    assert not found.pooled
    assert codes(found) == [code]
    assert found.burden is None


def test_one_tube_is_no_pool() -> None:
    assert codes(pooled(indeterminate())) == ["ONE_TUBE"]


def test_every_reason_is_given() -> None:
    other = indeterminate("b", **identified(specimen_id="S2", panel_lot="L8"))

    assert codes(pooled(indeterminate("a"), other)) == ["OTHER_SPECIMEN", "OTHER_LOT"]


def test_tubes_of_several_names_are_one_specimens() -> None:
    second = indeterminate("b", **identified(tube="MRD 2"))

    assert pooled(indeterminate("a"), second).pooled
