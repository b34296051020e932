"""Who is in the populations of a tube, a bit an event."""

from __future__ import annotations

import gc
from weakref import ref

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cd5flow.model.members import Members, Population

masks = arrays.arrays(np.bool_, st.integers(0, 70))


@given(masks)
def test_a_population_gives_its_mask_back(mask: npt.NDArray[np.bool_]) -> None:
    found = Population(mask).mask
    assert found.dtype == np.bool_
    np.testing.assert_array_equal(found, mask)
    assert not found.flags.writeable


def test_what_happens_to_a_mask_later_does_not_reach_its_population() -> None:
    mask = np.array([True, False, True])
    who = Population(mask)
    mask[:] = False
    assert who.mask.tolist() == [True, False, True]


def test_a_mask_that_somebody_holds_is_the_one_that_is_given() -> None:
    mask = np.array([True, False])
    mask.flags.writeable = False
    who = Population(mask)
    assert who.mask is mask
    held = Population(np.array([False, True]))
    first = held.mask
    assert held.mask is first


def test_a_mask_that_nobody_holds_takes_no_room() -> None:
    who = Population(np.ones(9, dtype=np.bool_))
    gone = ref(who.mask)
    gc.collect()
    assert gone() is None
    assert who.mask.all()


def test_members_are_read_by_name_in_their_order() -> None:
    members = Members({"all": np.ones(3, dtype=np.bool_)})
    members.add("t", Population(np.array([True, False, True])))
    assert list(members) == ["all", "t"]
    assert len(members) == 2
    assert "t" in members
    assert "b" not in members
    assert members.get("b") is None
    assert members["t"].tolist() == [True, False, True]
    with pytest.raises(KeyError):
        members["b"]


def test_a_copy_and_a_union_leave_the_first_as_it_was() -> None:
    members = Members({"all": np.ones(2, dtype=np.bool_)})
    branch = members.copy()
    branch.add("t", Population(np.array([True, False])))
    both = members | {"b": np.array([False, True])}
    assert list(members) == ["all"]
    assert list(branch) == ["all", "t"]
    assert list(both) == ["all", "b"]
    assert both["b"].tolist() == [False, True]
