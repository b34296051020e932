"""What stands under the pictures of page one, a line each: how the blasts look, what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cd5flow.model.result import MarkerWord, Result
from cd5flow.report.checks import adequacy
from cd5flow.report.intensity import intensity
from cd5flow.report.parts import Fact, Facts, fact
from cd5flow.report.populations import excluded
from cd5flow.report.wording import Wording

_ORDER: Final = (
    MarkerWord.BRIGHT,
    MarkerWord.POSITIVE,
    MarkerWord.DIM,
    MarkerWord.HETEROGENEOUS,
    MarkerWord.PARTIAL,
    MarkerWord.NEGATIVE,
)
"""What is there before what is not, as a phenotype is read out."""


def findings(result: Result, wording: Wording) -> Facts:
    """Return phenotype, intensity of CD5, what was not counted, refused controls, and adequacy."""
    return Facts(
        (
            *observed(result, wording),
            *_refused(result, wording),
            adequacy(result.quality, wording),
        )
    )


def observed(result: Result, wording: Wording) -> Iterator[Fact]:
    """Yield what was seen of the cells: phenotype, intensity of CD5, what was not counted."""
    phrases, blasts = wording.phrases, result.blasts
    if blasts.phenotype:
        said = phenotype_words(blasts.phenotype, wording)
        lineage = wording.term(result.strategy.lineage)
        yield fact(phrases.phenotype_of, f"{said}; {phrases.lineage}{wording.colon}{lineage}")
    yield from intensity(result.cd5, wording)
    yield from excluded(result, wording)


def _refused(result: Result, wording: Wording) -> Iterator[Fact]:
    """Yield the controls that were given and not used: the cut does not rest on them."""
    for control in result.controls:
        if not control.accepted:
            why = " ".join(map(wording.sentence, control.reasons))
            role = wording.choices.role.get(control.role, control.role)
            yield fact(role, f"{wording.phrases.refused}{wording.colon}{why}", "look")


def phenotype_words(phenotype: Mapping[str, MarkerWord], wording: Wording) -> str:
    """Return "bright CD7, CD99; dim CD45; negative CD3, CD34": markers under the word they share."""
    by_word = {
        word: [marker for marker, its in phenotype.items() if its is word] for word in _ORDER
    }
    return "; ".join(
        wording.phrases.expressed.format(
            word=wording.choices.expression[word], markers=wording.joint.join(markers)
        )
        for word, markers in by_word.items()
        if markers
    )
