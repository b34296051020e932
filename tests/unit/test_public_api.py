from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import cd5flow
from cd5flow import errors
from cd5flow.analysis import settings
from cd5flow.analysis.options import OPTIONS
from cd5flow.analysis.settings import Settings
from support.analysed import CLEAR, analysis, fmo_of, tube

HEAVY = ("flowkit", "pandas", "bokeh", "matplotlib", "sklearn", "scipy.stats", "flowio", "typst")


def loaded_after(statements: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after some statements."""
    code = f"import sys\n{statements}\nimport json\nprint(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return set(json.loads(ran.stdout.splitlines()[-1]))


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = loaded_after("import cd5flow\ncd5flow.__version__")
    assert not loaded & {*HEAVY, "numpy", "scipy", "pydantic", "typer", "rich"}


def test_analysing_a_tube_loads_nothing_that_it_does_not_use() -> None:
    loaded = loaded_after(f"import cd5flow\ncd5flow.analyze({str(tube(CLEAR))!r})")
    assert not loaded & set(HEAVY)
    assert "numpy" in loaded


def test_every_public_name_is_there() -> None:
    assert set(cd5flow.__all__) <= set(dir(cd5flow))
    assert all(getattr(cd5flow, name) is not None for name in cd5flow.__all__)


def test_every_error_is_public_and_derives_from_one() -> None:
    classes = {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, Exception)
    }
    assert set(classes) <= set(cd5flow.__all__)
    assert all(issubclass(kind, cd5flow.Cd5FlowError) for kind in classes.values())


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = cd5flow.analyse


def test_the_contracts_example_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    fcs = cd5flow.read_fcs(tube(CLEAR))
    assert fcs.events.shape == (len(fcs.raw), len(fcs.channels))
    assert fcs.channels[0].detector == "FSC-A"
    result = cd5flow.analyze(
        str(tube(CLEAR)),
        strategy="auto",
        protocol="cd5-cart-70",
        timepoint="relapse",
        specimen="bone_marrow",
        controls={"fmo": str(fmo_of(CLEAR))},
    )
    assert isinstance(result, cd5flow.Result)
    expected = analysis(CLEAR).result
    assert (result.cd5, result.burden, result.criterion) == (
        expected.cd5,
        expected.burden,
        expected.criterion,
    )
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_word_is_an_option_error() -> None:
    with pytest.raises(cd5flow.OptionError, match="found 'now', expected diagnosis"):
        cd5flow.analyze(tube(CLEAR), timepoint="now")


def test_an_absent_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(cd5flow.InputError):
        cd5flow.analyze(tmp_path / "gone.fcs")


def test_analyze_takes_every_word_that_settings_know(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(settings, "make_settings", lambda **said: asked.update(said) or Settings())
    every: Any = {name: f"the {name}" for name in OPTIONS}
    with pytest.raises(cd5flow.InputError):
        cd5flow.analyze("gone.fcs", **every)
    assert asked == every


def test_analyze_refuses_a_word_that_is_no_option() -> None:
    with pytest.raises(TypeError, match="found colour"):
        cd5flow.analyze(tube(CLEAR), colour="blue")  # type: ignore[call-arg] # is refused


def test_every_option_is_explained() -> None:
    options = cd5flow.TubeOptions.__annotations__
    assert list(options) == list(OPTIONS)
    assert all(option.help for option in OPTIONS.values())
