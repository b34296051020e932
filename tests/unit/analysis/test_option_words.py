from __future__ import annotations

import pytest

from cd5flow.analysis.option_words import is_device, sample_name
from cd5flow.errors import OptionError


@pytest.mark.parametrize("name", ["CON", "con", "Aux.txt", "NUL .x", "COM1", "lpt9.2026.01"])
def test_devices_of_windows_are_known(name: str) -> None:
    assert is_device(name)


@pytest.mark.parametrize("name", ["CONTROL", "COM", "COM10", "xCON", "P-AUX", "_NUL", ""])
def test_other_names_are_no_devices(name: str) -> None:
    assert not is_device(name)


@pytest.mark.parametrize("name", ["張三", "Mu\u0308ller", "🙂", "a\u200fb", "O'Neil, J. (2)"])
def test_an_id_given_by_hand_may_be_of_any_script(name: str) -> None:
    assert sample_name(name) == name


@pytest.mark.parametrize("name", ["a/b", "a\\b", "a\nb", "a\0b", " ", "x."])
def test_an_id_that_names_no_folder_is_refused(name: str) -> None:
    with pytest.raises(OptionError, match="sample id"):
        sample_name(name)
