from __future__ import annotations

import io
import re
from functools import cache
from typing import Any

import pytest
from pypdf import PdfReader

from cd5flow.errors import OptionError
from cd5flow.model.reasons import Reason
from cd5flow.model.result import (
    CriterionSection,
    CriterionState,
    QualitySection,
    QualityState,
)
from cd5flow.plots import typefaces
from cd5flow.report import pdf
from cd5flow.report.fonts import Scribe
from cd5flow.report.lab import Lab, Logo
from cd5flow.report.naming import report_id
from cd5flow.report.pdf import check_language, render_pdf
from support.report_factory import (
    CREATED,
    HOSTILE,
    SHA,
    SVG,
    hostile_pictures,
    hostile_result,
    make_check,
    make_pictures,
    make_result,
    make_sample,
    png,
    unknown_cd5,
)

needs_han = pytest.mark.skipif(not typefaces.has_han(), reason="extra zh is not installed")


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def root_of(content: bytes) -> Any:
    return read(content).trailer["/Root"]


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(content).pages)


@cache
def plain() -> bytes:
    """Print the plain result once."""
    return render_pdf(make_result())


@cache
def illustrated() -> bytes:
    """Print it with its pictures once."""
    return render_pdf(make_result(), make_pictures())


def unbroken(text: str) -> str:
    """Return text without blanks and line ends, which extraction puts where lines end."""
    return re.sub(r"\s+", "", text)


def test_result_json_is_inside_and_is_the_same() -> None:
    result = make_result()
    attached = read(plain()).attachments
    assert attached == {"result.json": [result.to_json().encode()]}


def test_it_says_that_it_is_pdf_a_3b_and_is_tagged() -> None:
    root = root_of(illustrated())
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"<pdfaid:part>3</pdfaid:part>", metadata)
    assert re.search(r"<pdfaid:conformance>B</pdfaid:conformance>", metadata)
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert "/StructTreeRoot" in root


def test_pictures_and_the_bar_can_be_read_out() -> None:
    root = root_of(illustrated())
    spoken = set(alternative_texts(root["/StructTreeRoot"]))
    assert "6,669 blasts, 98.8 % of their parent" in spoken
    assert "11,203 nucleated cells" in spoken
    assert any("69.3 %, threshold ≥ 70 %" in text for text in spoken)


def alternative_texts(node: Any) -> list[str]:
    node = node.get_object()
    if isinstance(node, list):
        return [text for child in node for text in alternative_texts(child)]
    if not isinstance(node, dict):
        return []
    here = [str(node["/Alt"])] if "/Alt" in node else []
    return here + (alternative_texts(node["/K"]) if "/K" in node else [])


def test_equal_arguments_give_equal_bytes() -> None:
    arguments: dict[str, Any] = {"lab": Lab("Example", logo=Logo(png(), "png")), "version": 2}
    one = render_pdf(make_result(), make_pictures(), **arguments)
    assert one == render_pdf(make_result(), make_pictures(), **arguments)


def test_it_is_dated_by_the_result() -> None:
    metadata = read(plain()).metadata
    assert metadata is not None
    assert metadata.creation_date is not None
    assert metadata.creation_date.isoformat() == CREATED


def test_page_one_holds_the_answer_and_the_signatures() -> None:
    result = make_result()
    first = " ".join(read(illustrated()).pages[0].extract_text().split())
    for said in (
        "69.3 %",
        "BORDERLINE",
        "59.5 %",
        "OVERT DISEASE",
        "REVIEW",
        "CI_SPANS",
        "DRAFT · NOT REVIEWED",
        "2 of 4 checks passed",
        "Analyst",
        "Reviewer",
        "Comment",
        report_id(result),
    ):
        assert said in first


def test_every_page_has_patient_report_number_and_draft_mark() -> None:
    result = make_result()
    pages = read(illustrated()).pages
    for number, page in enumerate(pages, start=1):
        text = " ".join(page.extract_text().split())
        assert f"Page {number} of {len(pages)}" in text
        assert "Patient: P02" in text
        assert report_id(result) in text
        assert "NOT REVIEWED" in text


def test_a_hash_is_copied_out_whole() -> None:
    assert SHA in text_of(plain())


@pytest.mark.parametrize("kind", HOSTILE)
def test_text_from_files_is_printed_as_it_is(kind: str) -> None:
    text = HOSTILE[kind]
    content = render_pdf(hostile_result(text), hostile_pictures(text))
    printed = unbroken(Scribe(typefaces=True).write(text))
    if kind == "marks":  # accents are extracted in another order
        return
    seen = 0
    for page in read(content).pages:
        seen += unbroken(page.extract_text()).count(printed)
        if seen > 10:  # reading the other pages takes longer than printing all
            return
    pytest.fail(f"printed {seen} times")


def test_text_from_files_draws_nothing() -> None:
    plain = read(render_pdf(hostile_result("plain"), hostile_pictures("plain")))
    hostile = read(render_pdf(hostile_result(HOSTILE["typst"]), hostile_pictures("plain")))
    names = [set(reader.attachments) for reader in (plain, hostile)]
    assert names == [{"result.json"}, {"result.json"}]


def test_letters_without_glyph_are_reported() -> None:
    text = text_of(render_pdf(make_result(sample=make_sample(cytometer="\U000130a0"))))
    assert "[U+130A0]" in text
    assert "1 character(s) that this report cannot show" in " ".join(text.split())


def test_crowded_pages_still_are_one_sheet_each() -> None:
    """All that page one may hold: six checks, three reasons of each kind, a letterhead, a notice."""
    sentence = "a sentence of the usual length that says what was seen, found and expected here"
    reasons = tuple(Reason(f"CODE_{n}", text=sentence) for n in range(9))
    whole = make_result()
    result = make_result(
        sample=make_sample(cytometer="\U000130a0"),
        cd5=whole.cd5.model_copy(update={"reasons": reasons}),
        burden=whole.burden.model_copy(update={"reasons": reasons}),
        criterion=CriterionSection(
            state=CriterionState.REVIEW, flow_state=CriterionState.MET, reasons=reasons
        ),
        quality=QualitySection(
            state=QualityState.FAIL,
            checks=tuple(
                make_check(code=f"CHECK_{n}", state=QualityState.FAIL, value=50.0)
                for n in range(12)
            ),
        ),
    )
    lab = Lab("Example", ("Street 1", "1000 Town"), "to be named", Logo(png(), "png"), sentence)
    pages = read(render_pdf(result, make_pictures(), lab=lab, extent="short")).pages
    assert len(pages) == 3
    assert "Reviewer" in pages[0].extract_text()
    assert "Overview" in pages[1].extract_text()
    assert "Disease burden" in pages[1].extract_text()
    assert "Quality exceptions" in pages[2].extract_text()


def test_a_tube_without_cd5_has_a_report() -> None:
    text = text_of(render_pdf(make_result(cd5=unknown_cd5(), controls=(), findings=())))
    assert "no percentage" in text
    assert "NOT EVALUABLE" in text
    assert "No control tube was given." in text


def test_the_picture_of_a_laboratory_is_printed() -> None:
    without = render_pdf(make_result(), lab=Lab("Example"))
    lab = Lab("Example", ("Street 1",), logo=Logo(SVG.encode(), "svg"))
    assert "Street 1" in text_of(render_pdf(make_result(), lab=lab))
    assert without != render_pdf(make_result(), lab=lab)


@needs_han
def test_the_report_is_written_in_chinese() -> None:
    content = render_pdf(make_result(), make_pictures(), language="zh")
    text = unbroken(text_of(content))
    assert "临界" in text
    assert "草稿·未经审核" in text
    assert "第1页，共" in text
    assert root_of(content)["/Lang"] == "zh"
    check_language("zh")


def test_chinese_without_its_font_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typefaces, "han_letters", frozenset)
    for render in (
        lambda: check_language("zh"),
        lambda: pdf.render_pdf(make_result(), language="zh"),
    ):
        with pytest.raises(OptionError, match=r"cd5flow\[zh\]"):
            render()
