"""Gates drawn by hand in the report: both counts, who, when and why, and the answers without them."""

from __future__ import annotations

from typing import Any

import pytest

from cd5flow.model.catalogue import catalogue, fields_by_case
from cd5flow.model.result import (
    AutomaticGate,
    AutomaticSection,
    BurdenState,
    Cd5State,
    Confidence,
    CriterionState,
    CutMethod,
    GateSection,
    OverrideSection,
    RedoSection,
    Result,
    ReviewSection,
)
from cd5flow.report.by_hand import by_hand_notice, by_hand_section
from cd5flow.report.document import report_document
from cd5flow.report.html import render_html
from cd5flow.report.parts import Facts, ReportSection, Table
from cd5flow.report.summary import summary_lines
from cd5flow.report.wording import languages, load_wording
from support.report_factory import HOSTILE, SHA, make_cd5, make_cut, make_population, make_result

ENGLISH = load_wording("en")


def override(gate: str = "blasts", **changes: Any) -> OverrideSection:
    return OverrideSection(
        **{
            "gate": gate,
            "by": "A. B.",
            "date": "2026-02-03",
            "reason": "the valley was missed",
            "region": {"shape": "interval"},
            "events": 6669,
            "percent_of_parent": 55.3,
            "automatic": AutomaticGate(
                method="candidate_cluster",
                region={"shape": "ellipse"},
                events=7001,
                percent_of_parent=58.1,
            ),
            "file": "mine.yaml",
            "sha256": SHA,
            **changes,
        }
    )


def amended(*overrides: OverrideSection, **changes: Any) -> Result:
    return make_result(
        overrides=overrides or (override(),),
        automatic=AutomaticSection(
            lineage="cyCD3+ sCD3-",
            cd5_state=Cd5State.DOES_NOT_MEET,
            cd5_percent=61.2,
            burden_state=BurdenState.OVERT,
            burden_percent=62.5,
            criterion_state=CriterionState.REVIEW,
        ),
        review=ReviewSection(state="amended", by="A. B.", at="2026-02-03", comment="why"),
        **changes,
    )


def rows(section: ReportSection) -> list[list[str]]:
    table = next(block for block in section.blocks if isinstance(block, Table))
    return [[cell.text for cell in row] for row in table.rows]


def facts(section: ReportSection) -> dict[str, str]:
    return {
        fact.label: fact.value.text
        for block in section.blocks
        if isinstance(block, Facts)
        for fact in block.rows
    }


def test_a_drawn_gate_stands_beside_the_automatic_one() -> None:
    assert rows(by_hand_section(amended(), ENGLISH)) == [
        ["blasts", "7,001", "58.1", "6,669", "55.3", "A. B.", "2026-02-03", "the valley was missed"]
    ]


def test_a_gate_that_was_not_found_and_one_left_out_are_said() -> None:
    result = amended(
        override(automatic=None),
        override("viable", region=None, events=None, percent_of_parent=None),
        override("cd5_positive", events=None, percent_of_parent=None),
    )
    one, other, cut = rows(by_hand_section(result, ENGLISH))
    assert one[1:5] == ["not gated in this tube", "–", "6,669", "55.3"]
    assert other[3:5] == ["left out", "–"]
    assert cut[3:5] == ["unknown", "–"]


def test_the_answers_without_the_drawn_gates_are_told() -> None:
    said = facts(by_hand_section(amended(), ENGLISH))
    assert said["CD5-positive blasts"] == "61.2 %"
    assert said["CD5 on the blasts"] == "DOES NOT MEET"
    assert said["Blasts (disease burden)"] == "62.5 %"
    assert said["Flow criterion"] == "REVIEW"
    assert (said["File"], said["SHA-256"]) == ("mine.yaml", SHA)


def test_page_1_says_that_gates_were_drawn() -> None:
    result = amended(override(), override("cells"))
    (notice,) = by_hand_notice(result, ENGLISH)
    assert notice.text == (
        "Gates drawn by hand by A. B. on 2026-02-03: blasts, cells without debris. "
        "The automatic ones stand beside them under “Gates drawn by hand”."
    )
    assert report_document(result, wording=ENGLISH).notices == (notice,)


def test_without_drawn_gates_nothing_is_said() -> None:
    document = report_document(make_result(), wording=ENGLISH)
    assert document.notices == ()
    assert "by-hand" not in [section.anchor for section in document.sections]


@pytest.mark.parametrize("language", languages())
def test_both_counts_are_in_the_page_of_every_language(language: str) -> None:
    page = render_html(amended(), language=language)
    wording = load_wording(language)
    for text in ("7,001", "6,669", "A. B.", "the valley was missed", wording.phrases.by_hand):
        assert text in page
    assert wording.states.review["amended"].word in page


@pytest.mark.parametrize("text", HOSTILE.values())
def test_a_persons_words_are_text(text: str) -> None:
    page = render_html(amended(override(by=text, reason=text, date=text, file=text)))
    assert "<script>alert" not in page


# The cut


def test_a_cut_by_hand_is_not_called_validated() -> None:
    cut = make_cut(method=CutMethod.FIXED, by_hand=True, reference="placed by hand by A. B.")
    result = make_result(cd5=make_cd5(cut=cut))
    said = " ".join(report_document(result, wording=ENGLISH).answer.cd5.lines)
    assert "Cut-off set by: placed by hand" in said
    assert "validated" not in said
    assert any("placed by hand" in line for line in summary_lines(result))
    fixed = make_result(cd5=make_cd5(cut=make_cut(method=CutMethod.FIXED)))
    assert "validated fixed cut" in " ".join(
        report_document(fixed, wording=ENGLISH).answer.cd5.lines
    )


# Confidence


def gate(confidence: Confidence | None, *reasons: str) -> GateSection:
    return GateSection(
        method="valley",
        region={"shape": "interval"},
        events_seen=10,
        evidence={},
        note="",
        why="because",
        expected_percent=None,
        confidence=confidence,
        confidence_reasons=reasons,
    )


def gates_section(*gates: tuple[str, GateSection]) -> ReportSection:
    populations = tuple(make_population(name, 10, gate=one) for name, one in gates)
    document = report_document(make_result(populations=populations), wording=ENGLISH)
    return next(section for section in document.sections if section.anchor == "gates")


def test_each_gate_tells_how_sure_it_is() -> None:
    section = gates_section(
        ("singlets", gate(Confidence.HIGH)),
        ("blasts", gate(Confidence.LOW, "depth of 0.2, below 0.4", "no event lies in it")),
        ("cells", gate(None)),
        ("viable", gate(Confidence.BY_HAND, "drawn by hand")),
    )
    table, unsure = (block for block in section.blocks if isinstance(block, Table))
    assert [row[-1].text for row in table.rows] == ["high", "low", "–", "by hand"]
    assert [[cell.text for cell in row] for row in unsure.rows] == [
        ["blasts", "low", "depth of 0.2, below 0.4, no event lies in it"]
    ]


def test_where_every_gate_is_sure_no_table_of_doubts_stands() -> None:
    section = gates_section(("singlets", gate(Confidence.HIGH)))
    assert len(section.blocks) == 1


@pytest.mark.parametrize("language", languages())
def test_every_confidence_has_a_word(language: str) -> None:
    assert set(load_wording(language).states.confidence) == set(Confidence)


@pytest.mark.parametrize("case", fields_by_case("UNSURE"))
def test_every_reason_for_doubt_is_translated(case: str) -> None:
    assert case in catalogue("zh").templates["UNSURE"]


# How to do it again


def test_the_report_tells_how_to_draw_gates_by_hand() -> None:
    whole = make_result()
    redo = RedoSection(command="cd5flow analyze tube-1.fcs --override override.yaml", override={})
    provenance = whole.provenance.model_copy(update={"redo": redo})
    document = report_document(make_result(provenance=provenance), wording=ENGLISH)
    files = next(section for section in document.sections if section.anchor == "files")
    assert facts(files)["To draw gates by hand"] == redo.command
