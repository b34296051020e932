"""`inspect`, `strategies`, `protocols`, `schema`, `simulate`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from ruamel.yaml import YAML

from cd5flow.cli.schema import schema_of
from cd5flow.config.shipped import gating_folder, list_protocols, list_strategies
from support.analysed import CLEAR, FOUR_COLOUR, NO_CD5, analysis, tube

if TYPE_CHECKING:
    from support.command_line import Run


def test_inspect_shows_channels_markers_spillover_and_faults(cd5flow: Run) -> None:
    ran = cd5flow("inspect", tube(CLEAR), fresh=True)
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^\d+ +PerCP-Cy5-5-A +CD5 PerCP-Cy5-5 +CD5 ", ran.out, re.MULTILINE)
    assert "condition number" in ran.out
    assert "WARN NO_SPILLOVER" in cd5flow("inspect", tube(FOUR_COLOUR)).out


def test_inspect_says_where_cd5_is_missing(cd5flow: Run) -> None:
    assert "no channel carries CD5" in cd5flow("inspect", tube(NO_CD5)).out


def test_inspect_gives_json_with_keywords(cd5flow: Run) -> None:
    plain = json.loads(cd5flow("inspect", tube(CLEAR), "--json", "--keywords").out)
    assert plain["keywords"]["$TOT"] == "12000"
    assert plain["cd5"] == "PerCP-Cy5-5-A"


def test_inspect_refuses_what_is_no_tube(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "t.fcs").write_text("text", "utf-8")
    assert cd5flow("inspect", "t.fcs").code == 1
    assert cd5flow("inspect", tube(CLEAR), "--dataset", "3").code == 2


@pytest.mark.parametrize(
    ("kind", "names"), [("strategies", list_strategies()), ("protocols", list_protocols())]
)
def test_shipped_files_are_listed_and_shown_as_they_are(
    cd5flow: Run, kind: str, names: tuple[str, ...]
) -> None:
    listed = cd5flow(kind, "list", fresh=kind == "strategies").out.splitlines()
    assert [line.split()[0] for line in listed] == ["NAME", *names]
    shown = cd5flow(kind, "show", names[0])
    assert shown.out == (gating_folder() / kind / f"{names[0]}.yaml").read_text("utf-8")


@pytest.mark.parametrize("kind", ["strategies", "protocols"])
def test_faults_of_a_file_are_a_line_each_with_their_place(
    cd5flow: Run, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "mine.yaml").write_text("format: wrong\nname: 7\nsurprise: 1\n", "utf-8")
    ran = cd5flow(kind, "check", "mine.yaml")
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert len(lines) > 3
    assert all(line.startswith("cd5flow: mine.yaml:") for line in lines)
    for name in ("gone.yaml", "nothing"):
        assert cd5flow(kind, "show", name).code == 2
    assert cd5flow(kind, "check", "gone.yaml").code == 2


def test_cd5_may_not_choose_the_blasts(cd5flow: Run, tmp_path: Path) -> None:
    shown = cd5flow("strategies", "show", "t-all-relapse").out
    (tmp_path / "mine.yaml").write_text(shown.replace("axis: cyCD3", "axis: CD5"), "utf-8")
    ran = cd5flow("strategies", "check", "mine.yaml")
    assert ran.code == 2
    assert "must not look at CD5" in ran.err


@pytest.mark.parametrize(
    "what",
    ["result", "strategy", "protocol", "clinical", "eligibility", "comparison", "validation"],
)
def test_schemas_are_schemas(cd5flow: Run, what: str) -> None:
    schema = json.loads(cd5flow("schema", what, fresh=what == "result").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema == schema_of(what)


@pytest.mark.parametrize("name", [CLEAR, NO_CD5])
def test_results_fit_their_schema(name: str) -> None:
    written = json.loads(analysis(name).result.to_json())
    jsonschema.validate(written, schema_of("result"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**written, "surprise": 1}, schema_of("result"))


@pytest.mark.parametrize(
    ("kind", "what", "names"),
    [
        ("strategies", "strategy", list_strategies()),
        ("protocols", "protocol", list_protocols()),
    ],
)
def test_shipped_files_fit_their_schema(kind: str, what: str, names: tuple[str, ...]) -> None:
    for name in names:
        yaml = YAML(typ="safe", pure=True)
        content = yaml.load((gating_folder() / kind / f"{name}.yaml").read_text("utf-8"))
        jsonschema.validate(content, schema_of(what))


def test_simulate_refuses_what_it_cannot_do(cd5flow: Run, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    assert cd5flow("simulate", "out", fresh=True).code == 1
    assert cd5flow("simulate", "new", "--seed", "-1").code == 2
