"""Text from files and persons stays text: in the page of review, in the report and in the overview."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cd5flow.analysis.settings import make_settings
from cd5flow.batch.overview import write_overview
from cd5flow.pipeline import analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from cd5flow.signatures.users import Users
from cd5flow.signatures.users_list import UserRole
from support.browser import in_a_browser
from support.review_browser import after_act, browser_page, log_in, served, show_gate, sign_as
from support.review_factory import REVIEWER, laboratory

pytestmark = in_a_browser

BAIT = "<img src=x onerror=\"document.title='caught'\">"
SCRIPT = "<script>document.title='caught'</script>"
PERSON = {"user": "eve", "password": "open sesame"}


def test_markup_in_every_text_is_shown_and_never_run(tmp_path: Path) -> None:
    lab = laboratory(tmp_path)
    users = Users.load(lab.users)
    by = users.sign_in(**REVIEWER)
    users.add("eve", name=BAIT, role=UserRole.REVIEWER, password=PERSON["password"], by=by)
    said: dict[str, Any] = {"timepoint": "relapse", "specimen": "bone_marrow"}
    settings = make_settings(
        strategy=lab.tubes / "small.yaml",
        spillover="hardware",
        sample_id=f"0{BAIT}",
        patient_id=SCRIPT,
        identifiers={"accession": SCRIPT, "mrn": BAIT},
        **said,
    )
    out = tmp_path / "hostile"
    wanted = WantedOutputs(extent="short")
    written = write_sample(analyse_tube(lab.tubes / "clear.fcs", settings), out, outputs=wanted)
    (out / "unreadable").mkdir()
    (out / "unreadable" / "result.json").write_text(json.dumps({"schema": BAIT}), "utf-8")

    with served(out, lab.users, lab.tubes) as address, browser_page(address) as page:
        page.locator("#queue button").first.click()
        page.get_by_role("button", name="cd5_positive", exact=True).wait_for()
        page.get_by_label("Reason").fill(BAIT)
        log_in(page, **PERSON)
        for gate in page.locator("#gates button").all_inner_texts():
            show_gate(page, gate)
        page.get_by_role("slider", name="low of cd5_positive", exact=True).focus()
        after_act(page, "move", lambda: page.keyboard.press("Shift+ArrowRight"))
        show_gate(page, "cd5_positive")
        after_act(page, "version", lambda: page.get_by_role("button", name="Confirm").click())
        sign_as(page, **PERSON, meaning="analysed")
        shown = page.locator("body").inner_text()
        for text in (f"0{BAIT}", SCRIPT, BAIT):
            assert text in shown
        assert page.title() == "cd5flow review"
        assert page.locator("img, iframe, object").count() == 0
        assert page.locator("script").count() == 1

        write_overview(out)
        for path in (written.folder / "report.html", out / "index.html"):
            page.goto(path.as_uri())
            assert page.title() != "caught"
            assert page.locator("img[src=x]").count() == 0
