"""What the documentation names is there: modules, files, commands, methods and checks."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
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

Find = Callable[[Path, str], Iterable[str]]


def on_each_page(find: Find) -> dict[str, list[str]]:
    """Return what is found on each page, given its path and text; pages without any are left out."""
    faults = {page: sorted(find(page, page.read_text("utf-8"))) for page in PAGES}
    return {str(page.relative_to(ROOT)): names for page, names in faults.items() if names}


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


def test_every_module_that_is_named_is_there() -> None:
    def absent(page: Path, text: str) -> Iterable[str]:
        return (name for name in MODULE.findall(text) if not found(name))

    assert on_each_page(absent) == {}


def test_every_file_that_is_named_is_there() -> None:
    def absent(page: Path, text: str) -> Iterable[str]:
        return (p for p in set(PATH.findall(text)) - INVENTED if not list(ROOT.glob(p)))

    assert on_each_page(absent) == {}


def test_every_link_leads_somewhere() -> None:
    def absent(page: Path, text: str) -> Iterable[str]:
        return (link for link in LINK.findall(text) if not (page.parent / link).exists())

    assert on_each_page(absent) == {}


def test_every_command_that_is_named_is_one() -> None:
    commands = set(getattr(get_command(program()), "commands", ()))

    def absent(page: Path, text: str) -> Iterable[str]:
        named = {name for part in CODE.findall(text) for name in COMMAND.findall(part)}
        return named - commands

    assert on_each_page(absent) == {}


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
