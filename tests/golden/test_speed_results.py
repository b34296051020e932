"""What the documentation says of speed is what one run of the benchmark measured, and no copy of it."""

from __future__ import annotations

import re
from pathlib import Path

from support.paths import ROOT

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
PAGE = ROOT / "docs" / "explanation" / "speed.md"
INCLUDED = re.compile(r'^```\{include\} (\S+)\n:start-after: "(.*)"\n```$', re.MULTILINE)


def rows(text: str) -> set[str]:
    return {line for line in text.splitlines() if line.startswith("| ") and "budget" not in line}


def test_the_page_on_speed_shows_the_results_word_for_word() -> None:
    ((file, heading),) = INCLUDED.findall(PAGE.read_text("utf-8"))
    assert (PAGE.parent / file).resolve() == RESULTS.resolve()
    _, found, shown = RESULTS.read_text("utf-8").partition(heading)
    assert found
    assert len(rows(shown)) > 5


def test_no_page_copies_what_was_measured() -> None:
    pages: list[Path] = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    measured = rows(RESULTS.read_text("utf-8"))
    assert [page for page in pages if rows(page.read_text("utf-8")) & measured] == []
