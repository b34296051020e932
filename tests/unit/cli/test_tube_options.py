"""What may be said of a tube, as options of a command."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from cd5flow.analysis.options import OPTIONS
from cd5flow.analysis.settings import make_settings
from cd5flow.cli.commands.tube_options import takes_tube_options, words_of
from cd5flow.errors import OptionError


def said(**given: Any) -> Any:
    """Return options as `cd5flow analyze` gets them where only these were given."""
    return words_of(dict.fromkeys(OPTIONS) | given)


def test_controls_are_written_role_equals_file() -> None:
    assert said(controls=["fmo=a=b.fcs", "isotype=c.fcs"])["controls"] == {
        "fmo": "a=b.fcs",
        "isotype": "c.fcs",
    }


@pytest.mark.parametrize(
    "given", [["fmo"], ["fmo="], ["a.fcs"], ["=a.fcs"], ["fmo=a", "fmo=b"], ["sample=a"]]
)
def test_controls_written_otherwise_are_refused(given: list[str]) -> None:
    with pytest.raises(OptionError, match=r"^control: "):
        make_settings(**said(controls=given))


def test_gates_are_written_population_equals_gate() -> None:
    given = ["blasts=Cells/Blasts", "cd5_positive=CD5=high"]
    assert said(map=given)["map"] == {"blasts": "Cells/Blasts", "cd5_positive": "CD5=high"}
    for wrong in (["blasts"], ["blasts="], ["=Blasts"], [*given, "blasts=x"]):
        with pytest.raises(OptionError, match=r"^map: "):
            said(map=wrong)


def test_a_command_has_every_option_with_a_flag_beside_its_own() -> None:
    @takes_tube_options()
    def command(fcs: str, *, out: str = ".", **said: Any) -> None:
        """Take what is said."""

    parameters = inspect.signature(command).parameters
    flagged = [name for name, option in OPTIONS.items() if option.metavar]
    assert list(parameters) == ["fcs", *flagged, "out"]
    assert set(flagged) == set(OPTIONS)
    assert parameters["seed"].default == 0


def test_a_batch_has_those_that_hold_for_all_its_tubes() -> None:
    @takes_tube_options(of_batch=True)
    def command(**said: Any) -> None:
        """Take what is said."""

    assert list(inspect.signature(command).parameters) == [
        *("strategy", "protocol", "timepoint", "specimen", "prior_therapy", "gates", "map", "seed"),
        "markers",
    ]


def test_identifiers_are_written_name_equals_value() -> None:
    given = ["accession=A-1", "birth_date=2015-03-02"]
    assert said(identifiers=given)["identifiers"] == {
        "accession": "A-1",
        "birth_date": "2015-03-02",
    }
    for wrong in (["acession=A-1"], ["accession"], [*given, "accession=A-2"]):
        with pytest.raises(OptionError, match=r"^identifier: "):
            said(identifiers=wrong)


def test_a_birth_date_that_is_none_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^birth_date: found '2\.3\.2015'"):
        make_settings(identifiers={"birth_date": "2.3.2015"})
