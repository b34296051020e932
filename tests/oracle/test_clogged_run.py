"""A real marrow tube whose last quarter is a clog: what is cut out, and what is left to say.

The file lies beside the project, in ``../shared`` or where ``CD5FLOW_SHARED`` says.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from cd5flow.analysis.settings import make_settings
from cd5flow.model.geometry import Intervals
from cd5flow.model.result import Check, QualityState
from cd5flow.pipeline import Analysis, analyse_tube
from support.paths import SHARED

TUBE = SHARED / "fcs" / "real" / "clearllab10c_t_tube.fcs"

pytestmark = pytest.mark.skipif(not TUBE.is_file(), reason=f"{TUBE} is absent")


@cache
def analysis() -> Analysis:
    return analyse_tube(TUBE, make_settings(timepoint="relapse"))


def check(code: str) -> Check:
    (found,) = (c for c in analysis().result.quality.checks if c.code == code)
    return found


def test_the_clog_is_cut_out_as_stretches_of_time() -> None:
    found = analysis()
    region = found.gating.tree["stable"].region
    raw = found.tube.fcs.raw
    assert raw.time is not None
    seconds = raw.values[:, raw.time.index] * (raw.timestep_seconds or 1.0)

    assert isinstance(region, Intervals)
    # The rate falls from 114 events a second to about one; the run lasts 424 s.
    kept = found.gating.members["stable"]
    assert not kept[seconds > 320].any()
    assert kept[seconds < 280].all()
    assert np.mean(seconds > 320) < 0.04
    assert check("UNSTABLE_TIME").state is QualityState.WARN
    assert check("FLOW_RATE").state is QualityState.WARN
    assert check("REMOVED_BY_TIME").value == pytest.approx(4.0, abs=0.5)


def test_its_t_cells_prove_the_cd5_reagent() -> None:
    index, share = check("CD5_ON_T_CELLS"), check("CD5_POSITIVE_T_CELLS")

    assert index.state is QualityState.PASS
    assert index.value is not None
    assert index.value > 50
    assert share.state is QualityState.PASS
    assert share.value == pytest.approx(97.8, abs=1)


def test_its_matrix_leaves_nothing_behind() -> None:
    for code in ("RESIDUAL_CD5", "RESIDUAL_SPILLOVER", "CD5_BELOW_ZERO", "DOUBLE_COMPENSATION"):
        assert check(code).state is QualityState.PASS, check(code).message
