"""Lines of page one on each population of blasts, and on cells like them that were not counted."""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.model.result import BlastPopulation, Cd5Section, ExcludedSection, Result
from cd5flow.report import numerals
from cd5flow.report.parts import Fact, fact
from cd5flow.report.wording import Wording


def population_lines(result: Result, wording: Wording) -> Iterator[str]:
    """Yield a line a population, where there is more than one."""
    if len(result.blasts.populations) > 1:
        for one in result.blasts.populations:
            yield _population(one, result.cd5, wording)


def _population(one: BlastPopulation, cd5: Cd5Section, wording: Wording) -> str:
    percent = wording.phrases.no_percent
    if one.cd5_percent is not None:
        percent = f"{numerals.share(one.cd5_percent, limits=(cd5.threshold_percent,))} %"
    return wording.phrases.population_of.format(
        name=wording.population(one.name),
        lineage=wording.term(one.lineage),
        events=numerals.count(one.events),
        share=numerals.share(one.percent_of_blasts, limits=()),
        cd5=percent,
    )


def excluded(result: Result, wording: Wording) -> Iterator[Fact]:
    """Yield what was not counted as blasts, where there is such."""
    if result.excluded:
        cells = wording.joint.join(_excluded(one, wording) for one in result.excluded)
        yield fact(wording.phrases.not_counted, cells)


def _excluded(one: ExcludedSection, wording: Wording) -> str:
    percent = wording.known(one.percent_of_denominator, lambda it: f"{numerals.part(it)} %")
    return wording.phrases.excluded_of.format(
        what=wording.sentence(one.what), events=numerals.count(one.events), percent=percent
    )
