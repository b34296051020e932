"""What the report says of cut, other cells, T cells, denominators, limits and changed rules."""

from __future__ import annotations

import pytest

from cd5flow.model.limits import IntervalMethod
from cd5flow.model.reasons import Reason
from cd5flow.model.result import (
    BurdenAlternative,
    BurdenState,
    ContaminationSection,
    Result,
    TCellSection,
)
from cd5flow.report.document import report_document
from cd5flow.report.parts import Fact, Facts, ReportSection, Table
from cd5flow.report.readings import burden_section, cd5_section
from cd5flow.report.wording import languages, load_wording
from support.report_factory import make_burden, make_cd5, make_cut, make_result

ENGLISH = load_wording("en")
MONONUCLEAR = "mononuclear cells, those of the denominator outside the granulocytes"
NOTE = Reason("ETP_CD5_PART", case="meets", percent="72.5", rule=">= 70 %", limit=75)
CHANGED = Reason(
    "AFTER_THERAPY",
    case="rules_lost",
    therapy="cd7_car",
    says="CD7 neither selects nor excludes blasts: relapse without CD7 is common, and the CAR may cover "
    "it",
    rules=("CD7+ sCD3-",),
)

every_language = pytest.mark.parametrize("language", languages())


def facts(section: ReportSection) -> dict[str, Fact]:
    return {
        fact.label: fact
        for block in section.blocks
        if isinstance(block, Facts)
        for fact in block.rows
    }


def on_page_one(result: Result, language: str = "en") -> str:
    answer = report_document(result, (), wording=load_wording(language)).answer
    reasons = [reason.text for part in answer.reasons for reason in part.sentences]
    return "\n".join([*answer.cd5.lines, *answer.burden.lines, *reasons])


def with_alternative(events: int | None, share: float | None, **burden: object) -> Result:
    other = BurdenAlternative(denominator=MONONUCLEAR, events=events, percent=share)
    return make_result(burden=make_burden(alternatives=(other,), lod_by="count rule", **burden))


def test_both_denominators_are_printed_and_one_decides() -> None:
    found = facts(burden_section(with_alternative(8_000, 83.4), ENGLISH))

    assert found["Denominator"].value.note == "this one decides"
    other = found["By another denominator"].value
    assert other.text == "83.4 % (8,000)"
    assert other.note == MONONUCLEAR
    assert f"83.4 % of 8,000 {MONONUCLEAR}" in on_page_one(with_alternative(8_000, 83.4))


def test_a_denominator_that_the_tube_does_not_tell_is_unknown() -> None:
    found = facts(burden_section(with_alternative(None, None), ENGLISH))

    assert found["By another denominator"].value.text == "unknown"
    assert f"unknown ({MONONUCLEAR})" in on_page_one(with_alternative(None, None))


def test_below_quantification_no_denominator_gives_a_number() -> None:
    few = with_alternative(
        8_000, 0.3, state=BurdenState.MRD_BELOW_LLOQ, percent=0.2, level=None, blast_events=24
    )
    found = facts(burden_section(few, ENGLISH))

    assert found["By another denominator"].value.text == "< LLOQ (8,000)"
    assert MONONUCLEAR not in on_page_one(few)


@pytest.mark.parametrize(
    ("by", "words"), [("count rule", "count rule"), ("validated", "validated by the laboratory")]
)
def test_what_the_limit_of_detection_rests_on_is_printed(by: str, words: str) -> None:
    result = make_result(burden=make_burden(lod_by=by))

    assert facts(burden_section(result, ENGLISH))["Limit of detection (LOD)"].value.note == words
    assert f"({words})" in on_page_one(result)


def test_an_earlier_result_does_not_say_what_its_limit_rests_on() -> None:
    assert "(count rule)" not in on_page_one(make_result())


def test_the_note_on_early_precursors_stands_on_page_one_and_at_length() -> None:
    result = make_result(cd5=make_cd5(percent=72.5, notes=(NOTE,)))

    assert "72.5 % meets the trial's rule (≥ 70 %)" in on_page_one(result)
    assert "without a diagnosis" in on_page_one(result)
    assert facts(cd5_section(result, ENGLISH))["Note"].value.text.endswith("without a diagnosis")


def test_t_cells_and_the_interval_of_the_cut_are_told() -> None:
    cd5 = make_cd5(
        cut=make_cut(ci95_linear=(540.0, 590.0)),
        t_cells=TCellSection(events=3000, positive_events=2850, percent=95.0),
        ci_method=IntervalMethod.JEFFREYS,
    )
    found = facts(cd5_section(make_result(cd5=cd5), ENGLISH))

    assert found["CD5-positive normal T cells"].value.text == "95.0 % (2,850 of 3,000 T cells)"
    drawn = found["The cut when its reference is drawn anew"].value.text
    assert drawn.replace(".0", "") == "540–590"
    assert found["95 % interval"].value.note == "Jeffreys"


def test_t_cells_without_a_cut_are_unknown() -> None:
    cd5 = make_cd5(t_cells=TCellSection(events=3000, positive_events=None, percent=None))
    found = facts(cd5_section(make_result(cd5=cd5), ENGLISH))

    assert found["CD5-positive normal T cells"].value.text == "unknown"


def test_other_cells_in_the_gate_are_told() -> None:
    others = tuple(
        ContaminationSection(
            source=source, events=events, percent_of_blasts=0.5, cd5_positive_percent=percent
        )
        for source, events, percent in (("scd3_negative", 33.4, 98.0), ("CD45", 5.0, None))
    )
    result = make_result(cd5=make_cd5(contamination=others))
    table = next(
        b
        for b in cd5_section(result, ENGLISH).blocks
        if isinstance(b, Table) and "Other cells" in b.caption
    )

    assert [[cell.text for cell in row] for row in table.rows] == [
        ["surface CD3-negative", "33", "0.5000", "98.0"],
        ["CD45", "5", "0.5000", "unknown"],
    ]


def test_rules_changed_by_prior_therapy_stand_on_page_one() -> None:
    plain = make_result()
    strategy = plain.strategy.model_copy(update={"rules_changed": (CHANGED,)})
    result = plain.model_copy(update={"strategy": strategy})

    assert "CD7 neither selects nor excludes blasts" in on_page_one(result)
    assert "CD7 neither" not in on_page_one(plain)


@every_language
def test_every_language_says_it(language: str) -> None:
    plain = with_alternative(8_000, 83.4)
    strategy = plain.strategy.model_copy(update={"rules_changed": (CHANGED,)})
    cd5 = make_cd5(percent=72.5, notes=(NOTE,))
    result = plain.model_copy(update={"strategy": strategy, "cd5": cd5})
    said = on_page_one(result, language)

    assert "83.4 %" in said
    assert "72.5 %" in said
    assert "CD7" in said
    if language == "zh":
        for english in ("neither", "precursor", "mononuclear", "count rule"):
            assert english not in said
