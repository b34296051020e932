"""A batch from its queue to a final report, as two people work on it in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from cd5flow.report.folder import WantedOutputs, write_sample
from cd5flow.review.verifying import verify
from cd5flow.signatures.acts import ActKind
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.users import Users
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
    sign_as,
)
from support.review_factory import ANALYST, REVIEWER, users_file
from support.tampering import OF_EVERY_FOLDER, OF_REPORTS, SignedFolder

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from support.command_line import Run

pytestmark = in_a_browser

RISKY = "p02-borderline-69"
CUT, OUTLINE = "cd5_positive", "blasts_1_CD45_SSC"
SAID = ("--timepoint", "relapse", "--specimen", "bone_marrow")


@dataclass(frozen=True)
class Batch:
    out: Path
    users: Path
    page: Page

    @property
    def report(self) -> str:
        pages = PdfReader(self.out / RISKY / "report.pdf").pages
        return "\n".join(page.extract_text() for page in pages)

    def recorded(self) -> dict[str, Any]:
        """Return the override that the ledger's newest act on gates holds."""
        with Ledger.read(self.out / LEDGER) as ledger:
            kinds = {ActKind.GATE_MOVED, ActKind.GATE_UNDONE}
            acts = [entry for entry in ledger.entries() if entry.kind in kinds]
        override = acts[-1].values["override"]
        assert isinstance(override, dict)
        return override


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    folder = tmp_path_factory.mktemp("batch")
    out, users = folder / "results", users_file(folder)
    write_sample(analysed.analysis(RISKY), out, outputs=WantedOutputs(extent="short"))
    write_sample(analysed.analysis(analysed.CLEAR), out, outputs=WantedOutputs(report=False))
    with served(out, users, analysed.SAMPLES) as address, browser_page(address) as page:
        yield Batch(out, users, page)


def test_two_people_take_a_batch_s_riskiest_tube_to_a_final_report(
    batch: Batch, cd5flow: Run, tmp_path: Path
) -> None:
    page = batch.page
    assert open_first(page) == RISKY
    for heading in ("CD5 on the blasts", "Disease burden", "Flow criterion"):
        assert page.get_by_role("heading", name=heading).is_visible()
    assert page.get_by_role("button", name="Sign", exact=True).is_disabled()
    assert "DRAFT" in batch.report
    log_in(page, **ANALYST)

    move_the_cut_by_keyboard(page)
    tube = move_the_outline_by_mouse(page)
    assert_as_by_command(tube, batch.recorded(), cd5flow, tmp_path)
    undo_everything_and_do_it_again(page, tube)

    see_what_is_left(page)
    page.get_by_label("Reason").fill("the cut lies in the valley")
    page.get_by_role("button", name="Confirm").click()
    sign_as(page, **ANALYST, meaning="analysed")
    assert "DRAFT" in batch.report
    page.get_by_role("button", name="Confirm").click()
    sign_as(page, **REVIEWER, meaning="approved")
    page.get_by_text("State: amended", exact=False).wait_for()

    assert "DRAFT" not in batch.report
    assert "Ann Reviewer" in batch.report
    assert exported_status(batch, cd5flow) == "final"
    verified = cd5flow("verify", batch.out, "--users", batch.users, "--input", analysed.SAMPLES)
    assert verified.code == 0, verified.out
    assert "everything holds" in verified.out

    signed = SignedFolder(batch.out, analysed.tube(RISKY), RISKY, analysed.CLEAR)
    kinds = (*OF_EVERY_FOLDER, *OF_REPORTS)
    assert len(kinds) >= 12
    for kind, (change, fault) in enumerate(kinds):
        changed = signed.copied(tmp_path / f"changed-{kind}")
        change(changed)
        found = verify(changed.out, users=Users.load(batch.users))
        assert fault in {one.fault for one in found.findings}, (change.__name__, found.findings)


def move_the_cut_by_keyboard(page: Page) -> None:
    before = number(page)
    show_gate(page, CUT)
    page.get_by_role("slider", name=f"low of {CUT}", exact=True).focus()
    with shown(page, CUT):
        after_act(page, "move", lambda: page.keyboard.press("Shift+ArrowRight"))
    expect(page.locator("#cd5 .number")).not_to_have_text(before)
    assert f"automatic: {before}" in page.get_by_role("status", name="Answer").inner_text()
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == f"low of {CUT}"


def move_the_outline_by_mouse(page: Page) -> dict[str, Any]:
    tube: dict[str, Any] = {}
    show_gate(page, OUTLINE)
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        corner = page.get_by_role("slider", name=f"corner 1 of {OUTLINE}", exact=True)
        corner.scroll_into_view_if_needed()
        was = corner.get_attribute("aria-valuenow") or ""
        with shown(page, OUTLINE):
            tube = after_act(page, "move", lambda: drag(page, f"corner 1 of {OUTLINE}", -12, 6))
        expect(corner).not_to_have_attribute("aria-valuenow", was)
    page.set_viewport_size({"width": 1280, "height": 800})
    return tube


def assert_as_by_command(
    tube: dict[str, Any], recorded: dict[str, Any], cd5flow: Run, folder: Path
) -> None:
    file = folder / "recorded.json"
    file.write_text(json.dumps(recorded), "utf-8")
    control = f"fmo={analysed.fmo_of(RISKY)}"
    ran = cd5flow(
        *("analyze", analysed.tube(RISKY), *SAID, "--control", control, "--override", file),
        *("--no-report", "--json"),
    )
    assert ran.code == 0, ran.err
    again = json.loads(ran.out)
    shown_events = {gate["name"]: gate["events"] for gate in tube["gates"]}
    found = {one["name"]: one["events"] for one in again["populations"]}
    assert {name: found[name] for name in shown_events} == shown_events
    now = tube["answer"]["now"]
    for answer in ("cd5", "burden", "criterion"):
        assert now[answer]["state"] == again[answer]["state"]
    positive, blasts = again["cd5"]["positive_events"], again["cd5"]["blast_events"]
    assert now["cd5"]["lines"][0] == f"{positive:,} of {blasts:,} blasts"


def undo_everything_and_do_it_again(page: Page, tube: dict[str, Any]) -> None:
    """Take the three acts back, which leaves the automatic answer, and repeat all but the last."""
    for _ in range(3):
        tube_now = after_act(
            page, "step/undo", lambda: page.get_by_role("button", name="Undo").click()
        )
        page.get_by_text("undone", exact=True).wait_for()
    assert tube_now["answer"]["now"] == tube["answer"]["automatic"]
    assert not tube_now["is_changed"]
    for _ in range(2):
        after_act(page, "step/redo", lambda: page.get_by_role("button", name="Redo").click())
        page.get_by_text("done again", exact=True).wait_for()


def see_what_is_left(page: Page) -> None:
    for gate in page.locator("#gates button").all_inner_texts():
        show_gate(page, gate)
    expect(page.locator("#gates .todo")).to_have_count(0)


def exported_status(batch: Batch, cd5flow: Run) -> str:
    ran = cd5flow("export", batch.out / RISKY / "result.json", "--format", "fhir", "--no-pdf")
    assert ran.code == 0, ran.err
    resources = [entry["resource"] for entry in json.loads(ran.out)["entry"]]
    (status,) = {one["status"] for one in resources if one["resourceType"] == "DiagnosticReport"}
    return str(status)
