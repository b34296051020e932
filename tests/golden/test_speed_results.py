"""What the README says of speed is what one run of the benchmark measured."""

from __future__ import annotations

from support.paths import ROOT


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ")]


def test_the_readme_quotes_the_results_word_for_word() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    _, _, section = readme.partition("\n## Speed\n")
    quoted = rows(section.partition("\n## ")[0])
    measured = rows((ROOT / "benchmarks" / "RESULTS.md").read_text("utf-8"))

    assert len(quoted) > 5
    assert set(quoted) <= set(measured)
