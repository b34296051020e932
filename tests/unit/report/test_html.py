from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from pypdf import PdfReader

from cd5flow.report.fonts import Scribe
from cd5flow.report.html import render_html
from cd5flow.report.lab import Lab, Logo
from cd5flow.report.naming import report_id
from support.browser import browse, in_a_browser
from support.report_factory import (
    HOSTILE,
    SVG,
    hostile_pictures,
    hostile_result,
    make_pictures,
    make_result,
    make_sample,
    png,
)

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """What a page holds: its elements, its words, and whether elements nest."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(content)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    @property
    def shape(self) -> list[str]:
        """Return the elements that every report has: neither notices nor notes of cells."""
        return [n for n, a in self.elements if n != "span" and a.get("class") != "notice"]

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_it_says_what_the_pdf_says() -> None:
    result = make_result()
    text = Page(render_html(result, make_pictures())).text
    for said in ("69.3 %", "BORDERLINE", "OVERT DISEASE", "CI_SPANS", "DRAFT · NOT REVIEWED"):
        assert said in text
    assert report_id(result) in text
    assert result.sample.sha256 in text


def test_nothing_runs_and_nothing_is_loaded() -> None:
    page = Page(render_html(make_result(), make_pictures()))
    names = {name for name, _ in page.elements}
    assert not names & {"script", "iframe", "object", "embed", "form", "input", "base"}
    for _, attributes in page.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        for name in ("src", "href", "xlink:href"):
            assert re.match(r"data:|#|$", attributes.get(name, ""))


def test_the_policy_allows_its_own_style_and_pictures_alone() -> None:
    content = render_html(make_result(), make_pictures())
    policy = next(
        m["content"] for m in Page(content).all("meta") if m.get("http-equiv", "").startswith("Con")
    )
    style = re.search(r"<style>(.*?)</style>", content, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def test_every_picture_and_the_bar_have_words_with_their_numbers() -> None:
    page = Page(render_html(make_result(), make_pictures()))
    assert [image["alt"] for image in page.all("img")] == [p.alt for p in make_pictures()]
    (bar,) = page.all("svg")
    assert bar["role"] == "img"
    assert "69.3 %" in bar["aria-label"]


def test_vectors_are_preferred_to_pixels() -> None:
    one, other, *_ = Page(render_html(make_result(), make_pictures())).all("img")
    assert base64.b64decode(one["src"].partition(",")[2]).decode() == SVG
    assert base64.b64decode(other["src"].partition(",")[2]) == png()


def test_headings_and_tables_can_be_walked_by_a_screen_reader() -> None:
    page = Page(render_html(make_result(), make_pictures()))
    levels = [int(name[1]) for name, _ in page.elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(header.get("scope") in {"col", "row"} for header in page.all("th"))
    assert len(page.all("main")) == 1
    assert page.all("html")[0]["lang"] == "en"
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert page.all("a")[0]["href"].removeprefix("#") in ids


@pytest.mark.parametrize("kind", HOSTILE)
def test_text_from_files_is_shown_as_it_is(kind: str) -> None:
    text = HOSTILE[kind]
    page = Page(render_html(hostile_result(text), hostile_pictures(text)))
    shown = " ".join(Scribe(typefaces=False).write(text).split())
    assert page.text.count(shown) > 10
    plain = Page(render_html(hostile_result("plain"), hostile_pictures("plain")))
    assert page.shape == plain.shape


def test_text_from_files_cannot_leave_the_style_sheet() -> None:
    content = render_html(make_result(sample=make_sample(patient_id=HOSTILE["css"] + "</style>")))
    assert content.count("</style>") == 1
    style = content.partition("<style>")[2].partition("</style>")[0]
    assert "display: none }" not in style


def test_equal_arguments_give_equal_pages() -> None:
    assert render_html(make_result(), make_pictures()) == render_html(
        make_result(), make_pictures()
    )


def test_a_laboratory_heads_its_page() -> None:
    lab = Lab("Example", ("Street 1",), "to be named", Logo(png(), "png"), "Not validated.")
    page = Page(render_html(make_result(), lab=lab))
    assert page.all("img")[0]["alt"] == "Example"
    assert "Director: to be named" in page.text
    assert "Not validated." in page.text


def test_the_page_is_written_in_chinese() -> None:
    page = Page(render_html(make_result(), language="zh"))
    assert page.all("html")[0]["lang"] == "zh-Hans"
    assert "临界" in page.text


@in_a_browser
def test_a_browser_prints_page_one_on_one_page_without_complaint(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_html(make_result(), make_pictures()), encoding="utf-8")
    printed = tmp_path / "report.pdf"
    options = ("--no-pdf-header-footer", f"--print-to-pdf={printed}")
    _, complaints = browse(page, tmp_path / "profile", *options)
    assert ":CONSOLE" not in complaints
    pages = PdfReader(printed).pages
    assert "Signature" in pages[0].extract_text()
    assert "Overview" in pages[1].extract_text()
    assert f"Page 1 of {len(pages)}" in pages[0].extract_text()
