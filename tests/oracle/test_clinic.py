"""Tubes that laboratories bring, of known truth, held against what a right result shows of each.

The files lie beside the project, in ``../shared/clinic`` or where ``CD5FLOW_SHARED`` says. A tube may
hold surface-CD3-positive or CD56-positive blasts, two clones, a thymus, no granulocytes, hardly a
normal cell, scatter at the end of its scale, no pulse height, another leukaemia, or none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from cd5flow.analysis.settings import make_settings
from cd5flow.model.names import BLASTS
from cd5flow.model.result import Result
from cd5flow.pipeline import Analysis, analyse_tube
from support.paths import SHARED

CLINIC: Final = SHARED / "clinic"


def truths() -> dict[str, dict[str, Any]]:
    """Return what is known of each tube; nothing where the files are absent."""
    file = CLINIC / "truth.json"
    found: dict[str, dict[str, Any]] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


TRUTHS: Final = truths()

every_tube = pytest.mark.parametrize(
    "name",
    list(TRUTHS) or [pytest.param("none", marks=pytest.mark.skip(reason=f"{CLINIC} is absent"))],
)


@cache
def diagnosed(file: str, folder: Path) -> Path:
    """Return the result of a patient's diagnosis, as a later analysis reads it."""
    first = analyse_tube(
        CLINIC / file, make_settings(timepoint="diagnosis", specimen="bone_marrow")
    )
    laip = folder / "laip.json"
    laip.write_text(first.result.to_json(), "utf-8")
    return laip


def analysed(name: str, folder: Path) -> Analysis:
    truth = TRUTHS[name]
    control = truth["control"]
    return analyse_tube(
        CLINIC / f"{name}.fcs",
        make_settings(
            timepoint=truth["timepoint"],
            specimen=truth["specimen"],
            controls={} if control is None else {"fmo": CLINIC / control},
            laip=None if truth["laip"] is None else diagnosed(truth["laip"], folder),
        ),
    )


@every_tube
def test_a_tube_is_read_as_it_must_be(name: str, tmp_path: Path) -> None:
    one, truth = analysed(name, tmp_path), TRUTHS[name]
    expected = dict(truth["expected"])

    assert not [*states_missed(one.result, expected), *numbers_missed(one, name, truth, expected)]
    assert not expected, "every expectation is looked at"


def states_missed(result: Result, expected: dict[str, Any]) -> Iterator[str]:
    """Yield states that are not among those expected, or among those excluded; take both out."""
    for what in ("cd5", "burden", "criterion", "quality"):
        state = getattr(result, what).state.value
        if state not in expected.pop(what, [state]) or state in expected.pop(f"{what}_not", []):
            yield f"{what} is {state}"


def numbers_missed(
    one: Analysis, name: str, truth: dict[str, Any], expected: dict[str, Any]
) -> Iterator[str]:
    """Yield numbers further from the truth than expected; take the expectations out."""
    burden, cd5 = one.result.burden.percent, one.result.cd5.percent
    least = expected.pop("f1", 0.0)
    if least:
        found = f1(one, np.load(CLINIC / f"{name}.truth.npz")["blasts"].astype(np.bool_))
        if found < least:
            yield f"F1 of the blasts is {found:.3f}"
    part = expected.pop("burden_within", None)
    if part is not None and burden != pytest.approx(truth["blast_percent"], rel=part):
        yield f"burden is {burden} %, truth {truth['blast_percent']}"
    points = expected.pop("cd5_within", None)
    if points is not None and cd5 != pytest.approx(truth["cd5_percent"], abs=points):
        yield f"CD5 is {cd5} %, truth {truth['cd5_percent']}"
    counted = {p: one.gating.count(p) or 0 for p in ("singlets", "nucleated", "t_cells")}
    if counted["nucleated"] < expected.pop("nucleated_of_singlets_at_least", 0) * max(
        counted["singlets"], 1
    ):
        yield f"{counted}: nucleated cells are missing"
    share = 100 * counted["t_cells"] / one.result.sample.events
    if share < expected.pop("t_cells_percent_of_events_at_least", 0):
        yield f"T cells are {share:.2f} % of all events"


def f1(one: Analysis, true: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    blasts = one.gating.members.get(BLASTS)
    if blasts is None:
        return 0.0
    both = int(np.count_nonzero(blasts & true))
    return 2 * both / (int(np.count_nonzero(blasts)) + int(np.count_nonzero(true)))
