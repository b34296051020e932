from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from cd5flow.analysis.settings import make_settings
from cd5flow.model.result import Result
from cd5flow.pipeline import analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from cd5flow.signatures.acts import ActKind
from cd5flow.signatures.ledger import LEDGER, Ledger
from support import analysed
from support.browser import in_a_browser
from support.review_browser import (
    SIZES,
    after_act,
    browser_page,
    drag,
    log_in,
    number,
    open_first,
    served,
    show_gate,
    shown,
)
from support.review_factory import ANALYST, users_file

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = in_a_browser

RISKY = "p02-borderline-69"


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


def recorded(batch: Batch) -> dict[str, Any]:
    """Return the override that the ledger's newest act on gates holds."""
    with Ledger.read(batch.out / LEDGER) as ledger:
        acts = [e for e in ledger.entries() if e.kind in {ActKind.GATE_MOVED, ActKind.GATE_UNDONE}]
    override = acts[-1].values["override"]
    assert isinstance(override, dict)
    return override


def by_command(batch: Batch, folder: Path) -> Result:
    """Return what `analyze --override` makes of what was recorded."""
    file = folder / "recorded.json"
    file.write_text(json.dumps(recorded(batch)), "utf-8")
    said: dict[str, Any] = {"timepoint": "relapse", "specimen": "bone_marrow"}
    settings = make_settings(controls={"fmo": analysed.fmo_of(RISKY)}, override=file, **said)
    return analyse_tube(analysed.tube(RISKY), settings).result


def counts(tube: dict[str, Any]) -> dict[str, int]:
    return {gate["name"]: gate["events"] for gate in tube["gates"]}


def test_a_batch_is_reviewed_by_keyboard_and_mouse(batch: Batch, tmp_path: Path) -> None:
    page = batch.page
    assert open_first(page) == RISKY
    for heading in ("CD5 on the blasts", "Disease burden", "Flow criterion"):
        assert page.get_by_role("heading", name=heading).is_visible()
    assert page.get_by_role("button", name="Sign", exact=True).is_disabled()
    log_in(page, **ANALYST)
    before = number(page)

    # The CD5 cut by keyboard.
    show_gate(page, "cd5_positive")
    slider = page.get_by_role("slider", name="low of cd5_positive", exact=True)
    slider.focus()
    with shown(page, "cd5_positive"):
        after_act(page, "move", lambda: page.keyboard.press("Shift+ArrowRight"))
    expect(page.locator("#cd5 .number")).not_to_have_text(before)
    assert "automatic" in page.get_by_role("status", name="Answer").inner_text()
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "low of cd5_positive"

    # The blasts' outline by mouse, at two sizes of the window.
    tube: dict[str, Any] = {}
    outline = "blasts_1_CD45_SSC"
    show_gate(page, outline)
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        corner = page.get_by_role("slider", name=f"corner 1 of {outline}", exact=True)
        corner.scroll_into_view_if_needed()
        was = corner.get_attribute("aria-valuenow") or ""
        with shown(page, outline):
            tube = after_act(page, "move", lambda: drag(page, f"corner 1 of {outline}", -12, 6))
        expect(corner).not_to_have_attribute("aria-valuenow", was)
    page.set_viewport_size({"width": 1280, "height": 800})

    again = by_command(batch, tmp_path)
    found = counts(tube)
    assert {p.name: p.events for p in again.populations if p.name in found} == found
    assert tube["answer"]["now"]["cd5"]["state"] == again.cd5.state.value
    assert again.cd5.positive_events == found["cd5_positive"]

    # And back: three acts, three times undone.
    for _ in range(3):
        after_act(page, "step/undo", lambda: page.get_by_role("button", name="Undo").click())
        page.get_by_text("undone", exact=True).wait_for()
    assert number(page) == before
    assert recorded(batch) == {}


def test_a_gate_counts_as_seen_when_its_plot_was_on_screen(batch: Batch) -> None:
    page = batch.page
    open_first(page)
    gates = page.locator("#gates button").all_inner_texts()
    for gate in gates:
        show_gate(page, gate)
    expect(page.locator("#gates .todo")).to_have_count(0)
    assert page.locator("#gates .mark").all_inner_texts() == ["seen"] * len(gates)


def test_gates_are_accepted_one_after_the_other_by_keyboard_alone(batch: Batch) -> None:
    page = batch.page
    open_first(page)
    names = page.locator("#gates button").all_inner_texts()
    page.locator("#sample").focus()
    for name in names:
        expect(page.locator("#gates [aria-current=true]")).to_have_text(name)
        after_act(page, "seen/accepted", lambda: page.keyboard.press("a"))
    expect(page.locator("#confirm")).to_be_focused()
    assert page.locator("#gates .mark").all_inner_texts() == ["accepted"] * len(names)


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


@pytest.mark.parametrize("width", [1280, 320])
def test_no_state_of_the_page_has_a_fault_that_axe_knows(batch: Batch, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = batch.page
    page.set_viewport_size({"width": width, "height": 900})
    page.reload()
    page.locator("#queue button").first.wait_for()
    faults = [("queue", axe.run(page))]
    open_first(page)
    for gate in ("cd5_positive", "blasts"):
        page.get_by_role("button", name=gate, exact=True).click()
        page.locator(
            f"#views [aria-label*=' of blasts'], #views [aria-label$='of {gate}']"
        ).first.wait_for()
        faults.append((gate, axe.run(page)))
    page.get_by_role("button", name="Reject").click()
    faults.append(("reject", axe.run(page)))
    told = [(state, found.generate_report()) for state, found in faults if found.violations_count]
    assert not told
    is_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(is_wide)
    page.set_viewport_size({"width": 1280, "height": 800})
