from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cd5flow.analysis.option_words import LONGEST_ID, is_device, make_sample_id, sample_name
from cd5flow.report.folder import folder_name


@given(st.text(min_size=1))
def test_an_id_from_any_file_is_one_that_may_be_given_by_hand(stem: str) -> None:
    made = make_sample_id(stem)
    if made.strip():
        assert sample_name(made) == made
    folder = folder_name(made)
    assert not set(folder) & set('/\\:*?"<>|\0\n')
    assert folder not in {"", ".", ".."}
    assert not folder.startswith(".")
    assert not folder.endswith((".", " "))
    assert not is_device(folder)
    assert len(folder) <= LONGEST_ID


@given(st.from_regex(r"[A-Za-z0-9_+\-][A-Za-z0-9_+\-]{5,40}", fullmatch=True))
def test_a_plain_name_stays_as_it_is(stem: str) -> None:
    assert make_sample_id(stem) == folder_name(stem) == stem


@pytest.mark.parametrize("name", ["CON", "con", "Aux.txt", "NUL .x", "COM1", "lpt9.2026.01"])
def test_devices_of_windows_are_known(name: str) -> None:
    assert is_device(name)


@pytest.mark.parametrize("name", ["CONTROL", "COM", "COM10", "xCON", "P-AUX", "_NUL", ""])
def test_other_names_are_no_devices(name: str) -> None:
    assert not is_device(name)
