"""The criteria's page: every one with the trial's words, the answer, and what it rests on."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pypdf import PdfReader

from cd5flow.report.criteria import criteria_section
from cd5flow.report.document import report_document
from cd5flow.report.html import render_html
from cd5flow.report.parts import Paragraph, ReportSection, Table
from cd5flow.report.pdf import render_pdf
from cd5flow.report.wording import languages, load_wording
from support.criteria_factory import CLEAN, judge, tube


def section(
    language: str = "en", *results: Any, name: str = "cd5-cart-70", **fields: Any
) -> ReportSection:
    return criteria_section(judge(*results, name=name, **fields), load_wording(language))


def rows(of: ReportSection) -> dict[str, tuple[str, str, str, str]]:
    """Return id to criterion, trial's words, state and evidence."""
    (table,) = (block for block in of.blocks if isinstance(block, Table))
    return {row[0].text: (row[1].text, row[1].note, row[2].text, row[3].text) for row in table.rows}


def said(of: ReportSection) -> str:
    return "\n".join(block.text for block in of.blocks if isinstance(block, Paragraph))


def test_every_criterion_has_its_row_in_the_protocols_order() -> None:
    found = rows(section(**CLEAN))
    assert list(found) == [f"I{i}" for i in range(1, 9)] + [f"E{i}" for i in range(1, 15)]
    assert {state for _, _, state, _ in found.values()} == {"satisfied"}
    text, words, _, known = found["I6"]
    assert (text, words) == (
        "Blood oxygen saturation above 90 %",
        "trial: oxygen saturation over 90 %",
    )
    assert known == "Oxygen saturation, %: 98 (limit > 90)"


def test_what_is_missing_stands_first_in_words() -> None:
    found = rows(section(ast_xuln=1, hiv_positive=True))
    assert found["I7"][2:] == (
        "unknown",
        (
            "missing: Total bilirubin, x upper limit, ALT, x upper limit · "
            "AST, x upper limit: 1 (limit ≤ 10) (identity not verified)"
        ),
    )
    assert found["E8"][2:] == ("NOT SATISFIED", "HIV positive: yes (identity not verified)")


@pytest.mark.parametrize("language", languages())
def test_evidence_is_written_in_the_readers_language(language: str) -> None:
    fields = CLEAN | {
        "ihc_cd5_percent": 20,
        "morphology_blasts_percent": 3,
        "ever_allo_hsct": True,
        "last_allo_hsct_date": "2025-08-31",
        "months_since_allo_hsct": 9,
    }
    known = " ".join(row[3] for row in rows(section(language, **fields)).values())
    english = ("is not", "asked for", "the bound is", "end on", "do not agree", "by flow")
    if language == "zh":
        assert not [words for words in english if words in known]
        assert "诊断：T-ALL" in known
    else:
        assert "Diagnosis: T-ALL" in known


def test_the_reader_is_told_of_identity_and_of_lists_that_are_not_whole() -> None:
    assert "identity not verified" not in said(section(**CLEAN))
    assert "identity not verified" in said(section(**CLEAN | {"patient_id": None}))
    partial = "only some of the trial's criteria"
    assert partial not in said(section(**CLEAN))
    fifty = section("en", tube(judged_by="cd5-cart-50"), name="cd5-cart-50", **CLEAN)
    assert partial in said(fifty)
    assert "the site's decision" in said(fifty)


@pytest.mark.parametrize("language", languages())
def test_the_criteria_stand_in_the_annex_and_only_where_a_clinic_was_asked(
    language: str,
) -> None:
    result, wording = tube(), load_wording(language)
    asked = report_document(result, wording=wording, eligibility=judge(result, **CLEAN))
    annex = asked.pages[-1]
    assert annex.anchor == "annex"
    assert "criteria" in [part.anchor for part in annex.sections]
    assert "criteria" not in [p.anchor for p in report_document(result, wording=wording).sections]


def test_text_of_a_protocol_is_text() -> None:
    judged = judge(**CLEAN)
    hostile = judged.criteria[0].model_copy(update={"text": "<script>x</script>{page}", "id": "I1"})
    page = render_html(
        tube(), eligibility=judged.model_copy(update={"criteria": (hostile,)}), language="en"
    )
    assert "<script>" not in page
    assert "&lt;script&gt;x&lt;/script&gt;{page}" in page


@pytest.mark.parametrize("language", languages())
def test_the_pdf_has_the_page_too(language: str) -> None:
    judged = judge(**CLEAN | {"age_years": 19, "ecog": None})
    content = render_pdf(tube(), eligibility=judged, language=language)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    wording = load_wording(language)
    assert wording.phrases.criteria in text
    for number in ("I1", "I8", "E1", "E14"):
        assert f"\n{number} " in text
    assert "ECOG 0 to 2" in text
    assert "eligible" not in text.lower()
