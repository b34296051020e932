"""Every criterion of the trial on a page: the trial's words, the answer, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cd5flow.criteria.eligibility import MISSING, CriterionAnswer, Eligibility, counts
from cd5flow.report import numerals
from cd5flow.report.parts import (
    Block,
    Cell,
    Fact,
    Facts,
    Paragraph,
    ReportSection,
    Table,
    TableColumn,
    Tone,
)
from cd5flow.report.readings import named
from cd5flow.report.wording import Wording

_TONES: Final[Mapping[bool | None, Tone]] = {True: "good", False: "bad", None: "look"}


def criteria_section(eligibility: Eligibility, wording: Wording) -> ReportSection:
    """Return the criteria, in the protocol's order."""
    phrases, protocol = wording.phrases, eligibility.protocol
    overall = wording.states.overall[eligibility.overall]
    met, failed, unknown = (numerals.count(number) for number in counts(eligibility))
    facts = Facts(
        (
            Fact(
                phrases.state_of,
                Cell(overall.word, note=overall.means),
            ),
            Fact(
                phrases.criteria_counted,
                Cell(phrases.criteria_counts.format(met=met, failed=failed, unknown=unknown)),
            ),
            Fact(phrases.protocol, Cell(named(protocol.name, protocol.version, wording))),
        )
    )
    table = Table(
        phrases.criteria_caption,
        (
            TableColumn(phrases.criteria_id, 0.7),
            TableColumn(phrases.criteria_text, 4.0),
            TableColumn(phrases.state, 1.5),
            TableColumn(phrases.criteria_evidence, 4.3),
        ),
        tuple(_row(answer, wording) for answer in eligibility.criteria),
    )
    blocks: list[Block] = [facts]
    if not eligibility.identity_verified:
        blocks.append(Paragraph(phrases.criteria_identity, "look"))
    if not eligibility.criteria_complete:
        blocks.append(Paragraph(phrases.criteria_partial, "look"))
    blocks += [table, Paragraph(phrases.criteria_note, "quiet")]
    return ReportSection("criteria", phrases.criteria, tuple(blocks))


def _row(answer: CriterionAnswer, wording: Wording) -> tuple[Cell, ...]:
    phrases = wording.phrases
    words = {
        True: phrases.criteria_satisfied,
        False: phrases.criteria_not_satisfied,
        None: phrases.criteria_unknown,
    }
    source = phrases.criteria_source.format(text=answer.source_text)
    said = [wording.sentence(seen) for seen in answer.evidence if seen.code != MISSING]
    if answer.missing:
        names = (wording.choices.clinical.get(name, name) for name in answer.missing)
        said.insert(0, phrases.criteria_missing.format(fields=wording.joint.join(names)))
    return (
        Cell(answer.id),
        Cell(answer.text, note=source if answer.source_text != answer.text else ""),
        Cell(words[answer.satisfied], _TONES[answer.satisfied]),
        Cell(" · ".join(said)),
    )
