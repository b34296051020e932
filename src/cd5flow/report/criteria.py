"""Every criterion of the trial on a page: the trial's words, the answer, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cd5flow.criteria.eligibility import MISSING, CriterionAnswer, Eligibility, counts
from cd5flow.report import numerals
from cd5flow.report.parts import (
    Block,
    Cell,
    Facts,
    Paragraph,
    ReportSection,
    TableColumn,
    Tone,
    fact,
    table_of,
)
from cd5flow.report.wording import Wording

_TONES: Final[Mapping[bool | None, Tone]] = {True: "good", False: "bad", None: "look"}


def criteria_section(eligibility: Eligibility, wording: Wording) -> ReportSection:
    """Return the criteria, in the protocol's order."""
    phrases, protocol = wording.phrases, eligibility.protocol
    overall = wording.states.overall[eligibility.overall]
    met, failed, unknown = (numerals.count(number) for number in counts(eligibility))
    counted = phrases.criteria_counts.format(met=met, failed=failed, unknown=unknown)
    facts = (
        fact(phrases.state_of, overall.word, note=overall.means),
        fact(phrases.criteria_counted, counted),
        fact(phrases.protocol, wording.versioned(protocol)),
    )
    table = table_of(
        phrases.criteria_caption,
        eligibility.criteria,
        (TableColumn(phrases.criteria_id, 0.7), lambda answer: answer.id),
        (TableColumn(phrases.criteria_text, 4.0), lambda answer: _text(answer, wording)),
        (TableColumn(phrases.state, 1.5), lambda answer: _state(answer, wording)),
        (TableColumn(phrases.criteria_evidence, 4.3), lambda answer: _evidence(answer, wording)),
    )
    blocks: list[Block] = [Facts(facts)]
    if not eligibility.identity_verified:
        blocks.append(Paragraph(phrases.criteria_identity, "look"))
    if not eligibility.criteria_complete:
        blocks.append(Paragraph(phrases.criteria_partial, "look"))
    blocks += [table, Paragraph(phrases.criteria_note, "quiet")]
    return ReportSection("criteria", phrases.criteria, tuple(blocks))


def _text(answer: CriterionAnswer, wording: Wording) -> Cell:
    source = wording.phrases.criteria_source.format(text=answer.source_text)
    return Cell(answer.text, note=source if answer.source_text != answer.text else "")


def _state(answer: CriterionAnswer, wording: Wording) -> Cell:
    phrases = wording.phrases
    words = {
        True: phrases.criteria_satisfied,
        False: phrases.criteria_not_satisfied,
        None: phrases.criteria_unknown,
    }
    return Cell(words[answer.satisfied], _TONES[answer.satisfied])


def _evidence(answer: CriterionAnswer, wording: Wording) -> str:
    said = [wording.sentence(seen) for seen in answer.evidence if seen.code != MISSING]
    if answer.missing:
        names = (wording.choices.clinical.get(name, name) for name in answer.missing)
        fields = wording.joint.join(names)
        said.insert(0, wording.phrases.criteria_missing.format(fields=fields))
    return " · ".join(said)
