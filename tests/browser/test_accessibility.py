"""What WCAG 2.2 A and AA ask, as axe-core finds it in a real browser, of both pages and both schemes."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cd5flow.batch.overview import write_overview
from cd5flow.model.result import (
    BurdenState,
    CriterionSection,
    CriterionState,
    QualitySection,
    QualityState,
    ReviewSection,
)
from cd5flow.report.html import render_html
from cd5flow.report.lab import Lab
from support.browser import CHROMIUM, in_a_browser
from support.overview_factory import place, sample
from support.report_factory import (
    CHECKS,
    make_burden,
    make_pictures,
    make_result,
    make_signature,
    unknown_cd5,
)

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")

pytestmark = in_a_browser

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WINDOWS = (320, 1280)
"""1280 px at four times the size are 320 px wide (WCAG 2.2, 1.4.10)."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write a draft, a signed Chinese report of a tube without CD5, and the overview of a batch."""
    out = tmp_path_factory.mktemp("pages")
    undecided = make_result(
        burden=make_burden(state=BurdenState.INCONCLUSIVE, percent=None, level=None),
        cd5=unknown_cd5(),
        criterion=CriterionSection(
            state=CriterionState.NOT_MET, flow_state=CriterionState.REVIEW, reasons=()
        ),
        quality=QualitySection(state=QualityState.FAIL, checks=CHECKS),
        review=ReviewSection(state="amended", comment="Seen.", signatures=(make_signature(),)),
    )
    lab = Lab("Example", ("Street 1",), "to be named", contact="tel. 1")
    written = {
        "draft": render_html(make_result(), make_pictures()),
        "signed": render_html(undecided, make_pictures(), language="zh", lab=lab),
    }
    found = {name: out / f"{name}.html" for name in written}
    for name, content in written.items():
        found[name].write_text(content, encoding="utf-8")
    batch = out / "batch"
    files = ("report.html", "report.pdf", "plots/map-cd45-ssc.png", "plots/cd5-overlay.png")
    for number in range(2):
        visit = sample(f"tube-{number}", patient_id="P1", collected_at=f"2026-01-1{number}")
        place(batch, visit, files=files)
    write_overview(batch)
    found["overview"] = batch / "index.html"
    return found


@pytest.mark.parametrize("name", ["draft", "signed", "overview"])
def test_nothing_keeps_anybody_from_reading_it(
    browser: Any, pages: dict[str, Path], name: str
) -> None:
    # The policy of the page allows no script but its own; the test's stands outside of it.
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.goto(pages[name].as_uri())
    page.evaluate(resources.files("axe_playwright_python").joinpath("axe.min.js").read_text())
    for scheme, width in product(("light", "dark"), WINDOWS):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        broken = [
            f"{scheme} {width}: {rule['id']}: {node['html'][:120]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]
        assert broken == []
        assert len(found["passes"]) > 10
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
