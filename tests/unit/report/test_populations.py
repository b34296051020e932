"""Page one names each population of blasts, and what was not counted as blasts."""

from __future__ import annotations

from typing import Any

import pytest

from cd5flow.model.reasons import Reason, written
from cd5flow.model.result import BlastPopulation, BlastsSection, ExcludedSection, Result
from cd5flow.report.answer import answer
from cd5flow.report.findings import findings
from cd5flow.report.summary import summary_lines
from cd5flow.report.wording import load_wording
from support.report_factory import make_result


def population(name: str, **changes: Any) -> BlastPopulation:
    return BlastPopulation(
        **{
            "name": name,
            "lineage": "cyCD3+ sCD3-",
            "events": 5000,
            "percent_of_blasts": 75.0,
            "cd5_percent": 69.96,
            "ci95_percent": (68.0, 71.0),
            "phenotype": {"CD7": "bright"},
            **changes,
        }
    )


TWO = BlastsSection(
    populations=(
        population("blasts_1"),
        population("blasts_2", events=1669, percent_of_blasts=25.0, cd5_percent=None),
    )
)
NK = ExcludedSection(
    name="nk_cells",
    what=written("NK cells"),
    events=1180,
    percent_of_denominator=2.348,
    why=Reason("EXCLUDED", case="nk"),
)


def cd5_lines(result: Result) -> list[str]:
    return [line for line in answer(result, load_wording("en")).cd5.lines if "population " in line]


def test_each_of_several_populations_has_its_line() -> None:
    first, second = cd5_lines(make_result(blasts=TWO))
    assert first == (
        "Blast population 1, cyCD3+ sCD3-: 5,000 events, 75.0 % of the blasts, CD5 on 69.96 %"
    )
    assert second.endswith("1,669 events, 25.0 % of the blasts, CD5 on no percentage")


def test_one_population_is_the_whole_and_has_no_line() -> None:
    one = BlastsSection(populations=(population("blasts_1"),))
    assert cd5_lines(make_result(blasts=one)) == []
    assert cd5_lines(make_result()) == []


def not_counted(result: Result) -> str:
    rows = {row.label: row.value.text for row in findings(result, load_wording("en")).rows}
    return rows.get("Not counted as blasts", "")


def test_what_was_not_counted_stands_among_the_findings() -> None:
    assert not_counted(make_result(excluded=(NK,))) == "1,180 NK cells (2.35 %)"
    unknown = NK.model_copy(update={"percent_of_denominator": None})
    assert not_counted(make_result(excluded=(unknown,))) == "1,180 NK cells (unknown)"
    assert not_counted(make_result()) == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_terminal_says_it_too(language: str) -> None:
    text = "\n".join(summary_lines(make_result(blasts=TWO, excluded=(NK,)), language=language))
    assert {"en": "Blast population 2", "zh": "原始细胞群 2"}[language] in text
    assert {"en": "NK cells", "zh": "NK 细胞"}[language] in text


def test_a_result_of_before_these_fields_is_read() -> None:
    result = make_result(blasts=TWO, excluded=(NK,))
    assert Result.model_validate_json(result.to_json()) == result
    written_before = result.model_dump(mode="json", exclude={"blasts", "excluded"})
    read = Result.model_validate(written_before)
    assert (read.blasts, read.excluded) == (BlastsSection(), ())
