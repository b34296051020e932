"""What the documentation names is there: modules, files, commands, methods and checks."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from typer.main import get_command

from cd5flow.cli.commands import program
from cd5flow.gating.strategy import METHOD_NAMES
from cd5flow.model.quality_limits import CheckCode
from support.paths import ROOT
from support.quality_factory import rules

PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "gating" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "benchmarks" / "ACCURACY.md",
    ROOT / "benchmarks" / "RESULTS.md",
    ROOT / "sample_fcs" / "README.md",
]
INVENTED = {
    "sample_fcs/four.csv",
    "sample_fcs/two.csv",
    "src/cd5flow/gating/methods/midpoint.py",
    "src/cd5flow/report/languages/xx.yaml",
    "src/cd5flow/model/sentences/xx.json",
}
"""Files that a reader is shown how to make."""

MODULE = re.compile(r"\bcd5flow(?!\.yaml\b)(?:\.[A-Za-z_]\w*)+\b(?!/\d)")  # cd5flow.yaml is a file
PATH = re.compile(
    r"(?<![\w/.])(?:src|tests|gating|docs|benchmarks|tools|sample_fcs)/[\w./*-]*\w[\w/]*"
)
CODE = re.compile(r"^```(?:shell)?$.*?^```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^`?cd5flow ([a-z]+)", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def found(name: str) -> bool:
    """Whether a dotted name is a module or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(thing, part):
                return False
            thing = getattr(thing, part)
        return True
    return False


@each_page
def test_every_module_that_is_named_is_there(page: Path) -> None:
    assert [name for name in MODULE.findall(page.read_text("utf-8")) if not found(name)] == []


@each_page
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = set(PATH.findall(page.read_text("utf-8"))) - INVENTED
    assert [path for path in sorted(named) if not list(ROOT.glob(path))] == []


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@each_page
def test_every_command_that_is_named_is_one(page: Path) -> None:
    commands = set(getattr(get_command(program()), "commands", ()))
    code = CODE.findall(page.read_text("utf-8"))
    assert {name for part in code for name in COMMAND.findall(part)} - commands == set()


def table(heading: str) -> str:
    """Return the first column of the tables under a heading of the page on gating files."""
    page = (ROOT / "gating" / "README.md").read_text("utf-8")
    part = re.split(r"^#+ ", page.split(heading, 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return "\n".join(re.findall(r"^\|([^|]*)\|", part, re.MULTILINE))


def test_every_gating_method_is_documented() -> None:
    assert set(METHOD_NAMES) <= set(re.findall(r"`(\w+)`", table("how the blasts are found")))


@pytest.mark.parametrize("name", ["t-all-relapse", "t-all-mrd"])
def test_the_shipped_strategies_state_a_limit_for_every_documented_check(name: str) -> None:
    # One that is not documented yet is for the record.
    documented = re.findall(r"`([A-Z0-9_]+)`", table("### The checks of `quality`"))
    assert sorted(documented) == sorted(rules(name).checks)
    assert set(documented) <= set(CheckCode)
