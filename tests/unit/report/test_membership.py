from __future__ import annotations

import io

import numpy as np

from cd5flow.report.membership import membership_npz
from support.analysed import CLEAR, NO_CD5, analysis


def test_each_population_of_the_result_has_its_events() -> None:
    one = analysis(CLEAR)
    with np.load(io.BytesIO(membership_npz(one))) as arrays:
        assert sorted(arrays) == sorted(p.name for p in one.result.populations)
        for population in one.result.populations:
            mask = arrays[population.name]
            assert mask.dtype == np.bool_
            assert mask.shape == (one.result.sample.events,)
            assert mask.sum() == population.events
            np.testing.assert_array_equal(mask, one.gating.members[population.name])


def test_a_population_that_was_not_gated_has_no_member() -> None:
    with np.load(io.BytesIO(membership_npz(analysis(NO_CD5)))) as arrays:
        assert not arrays["cd5_positive"].any()


def test_equal_analyses_give_equal_bytes() -> None:
    assert membership_npz(analysis(CLEAR)) == membership_npz(analysis(CLEAR))
