from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from cd5flow.report.folder import WantedOutputs, write_sample
from support import analysed
from support.browser import in_a_browser
from support.review_browser import (
    after_act,
    browser_page,
    number,
    open_first,
    served,
    show_gate,
    shown,
    sign_as,
)
from support.review_factory import ANALYST, REVIEWER, users_file

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = in_a_browser

RISKY = "p02-borderline-69"
NAME_OF_FOCUSED = """(() => {
  const one = document.activeElement;
  return one.getAttribute("aria-label") || one.labels?.[0]?.innerText || one.innerText;
})()"""


@dataclass(frozen=True)
class Batch:
    out: Path
    page: Page


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    folder = tmp_path_factory.mktemp("batch")
    for name in (RISKY, analysed.CLEAR):
        wanted = WantedOutputs(report=False)
        write_sample(analysed.analysis(name), folder / "results", outputs=wanted)
    out, users = folder / "results", users_file(folder)
    with served(out, users, analysed.SAMPLES) as address, browser_page(address) as page:
        yield Batch(out, page)


def test_a_gate_counts_as_seen_when_its_plot_was_on_screen(batch: Batch) -> None:
    page = batch.page
    open_first(page)
    gates = page.locator("#gates button").all_inner_texts()
    for gate in gates:
        show_gate(page, gate)
    expect(page.locator("#gates .todo")).to_have_count(0)
    assert page.locator("#gates .mark").all_inner_texts() == ["seen"] * len(gates)


def test_shortcuts_can_be_switched_off(batch: Batch) -> None:
    page = batch.page
    open_first(page)
    page.locator("details.help summary").click()
    page.get_by_label("Single-key shortcuts").uncheck()
    page.locator("#sample").focus()
    page.keyboard.press("h")
    assert page.get_by_role("button", name="Hide gate").get_attribute("aria-pressed") == "false"
    page.get_by_label("Single-key shortcuts").check()
    page.locator("#sample").focus()
    page.keyboard.press("h")
    assert page.get_by_role("button", name="Hide gate").get_attribute("aria-pressed") == "true"
    page.keyboard.press("h")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus."""
    for _ in range(200):
        if page.evaluate(NAME_OF_FOCUSED) == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by Tab")


def test_the_whole_task_is_done_by_keyboard_alone(batch: Batch) -> None:
    page = batch.page
    page.reload()
    page.locator("#queue button").first.wait_for()

    # Into the riskiest sample, in by name, through the gates, and back to the cut.
    tab_to(page, page.locator("#queue button").first.inner_text())
    page.keyboard.press("Enter")
    page.get_by_role("button", name="cd5_positive", exact=True).wait_for()
    tab_to(page, "User")
    page.keyboard.type(ANALYST["user"])
    tab_to(page, "Password")
    page.keyboard.type(ANALYST["password"])
    after_act(page, "person", lambda: page.keyboard.press("Enter"))
    expect(page.locator("#sample")).to_be_focused()
    names = page.locator("#gates button").all_inner_texts()
    for name in names:
        expect(page.locator("#gates [aria-current=true]")).to_have_text(name)
        after_act(page, "seen/accepted", lambda: page.keyboard.press("a"))
    expect(page.locator("#confirm")).to_be_focused()
    assert page.locator("#gates .mark").all_inner_texts() == ["accepted"] * len(names)
    before = number(page)
    tab_to(page, "cd5_positive")
    with shown(page, "cd5_positive"):
        page.keyboard.press("Enter")
    tab_to(page, "low of cd5_positive")
    with shown(page, "cd5_positive"):
        after_act(page, "move", lambda: page.keyboard.press("Shift+ArrowRight"))
    expect(page.locator("#cd5 .number")).not_to_have_text(before)

    # The reason, the decision and the signature.
    tab_to(page, "Reason")
    page.keyboard.type("the cut lies in the valley")
    tab_to(page, "Confirm")
    after_act(page, "version", lambda: page.keyboard.press("Enter"))
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.type(ANALYST["password"])
    tab_to(page, "Sign")
    after_act(page, "sign", lambda: page.keyboard.press("Space"))
    expect(page.locator("#next")).to_be_focused()
    expect(page.locator("#signatures")).to_contain_text("analysed")


def test_no_state_of_the_page_has_a_fault_that_axe_knows(batch: Batch) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = batch.page
    faults: list[str] = []

    def look(state: str) -> None:
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 900})
            found = axe.run(page)
            if found.violations_count:
                faults.append(f"{state}, {width} px: {found.generate_report()}")
            if page.evaluate("document.documentElement.scrollWidth") > width:
                faults.append(f"{state}, {width} px: wider than the window")

    page.reload()
    page.locator("#queue button").first.wait_for()
    look("queue")
    open_first(page)
    page.get_by_role("button", name="Blasts over plot").click()
    for gate in ("cd5_positive", "blasts"):
        show_gate(page, gate)
        look(gate)
    for summary in page.locator("summary").all():
        summary.click()
    look("lists and help open")
    for gate in page.locator("#gates button").all_inner_texts():
        show_gate(page, gate)
    page.get_by_role("button", name="Reject").click()
    page.get_by_label("User").fill(REVIEWER["user"])
    page.get_by_label("Password").fill("wrong")
    look("signing")
    page.get_by_role("button", name="Sign", exact=True).click()
    expect(page.locator("#alert")).to_contain_text("password")
    look("refused")
    page.get_by_role("button", name="Confirm").click()
    sign_as(page, **REVIEWER, meaning="approved")
    look("signed")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert not faults, "\n".join(faults)
