"""The review page in a real browser, served by the real command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from support.browser import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE: Final = 60_000
"""Milliseconds that a page may take for what takes less than one second on a machine at rest."""

SIZES: Final = {"laptop": (1280, 800), "narrow": (760, 1000)}


@contextmanager
def served(out: Path, users: Path, tubes: Path) -> Iterator[str]:
    """Serve a results folder by `cd5flow review`, and give the address that it prints."""
    command = [sys.executable, "-m", "cd5flow", "review", str(out), "--no-browser"]
    command += ["--users", str(users), "--input", str(tubes)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ.copy()
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
            server.wait(timeout=30)


@contextmanager
def browser_page(address: str) -> Iterator[Page]:
    """Open the address in Chromium without a window; any complaint of the browser is a failure."""
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=PATIENCE)
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Policy" in said.text else None,
        )
        page.goto(address)
        yield page
        browser.close()
    assert not complaints


def log_in(page: Page, user: str, password: str) -> None:
    """Fill in who acts."""
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.locator("#leave").wait_for()


def sign_as(page: Page, user: str, password: str, *, meaning: str) -> None:
    """Put a name to the result, with the meaning that the page must have chosen already."""
    page.get_by_text(f"meaning set to {meaning}", exact=False).wait_for()
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(password)
    assert page.get_by_label("Meaning").input_value() == meaning
    after_act(page, "sign", lambda: page.get_by_role("button", name="Sign", exact=True).click())
    page.get_by_text("signed:", exact=False).wait_for()


def open_first(page: Page) -> str:
    """Open the riskiest sample and return its name."""
    page.get_by_role("list", name="Queue").get_by_role("listitem").first.click()
    page.get_by_role("button", name="cd5_positive", exact=True).wait_for()
    return page.locator("#sample").inner_text()


def show_gate(page: Page, gate: str) -> None:
    """Bring a gate's plot on screen and wait until the server knows of it."""
    with shown(page, gate):
        page.get_by_role("button", name=gate, exact=True).click()


@contextmanager
def shown(page: Page, gate: str) -> Iterator[None]:
    """Wait until a gate was drawn, and the server knows that it was on screen."""

    def is_told(answer: Any) -> bool:
        if not answer.url.endswith("/seen/shown"):
            return False
        return bool(answer.request.post_data_json["gate"] == gate)

    with page.expect_response(is_told):
        yield


def after_act(page: Page, what: str, act: Any) -> dict[str, Any]:
    """Do something and return the tube that the server answers with."""
    with page.expect_response(lambda answer: answer.url.endswith(f"/{what}")) as awaited:
        act()
    assert awaited.value.status == 200, awaited.value.text()
    tube: dict[str, Any] = awaited.value.json()
    return tube


def number(page: Page) -> str:
    """Return the CD5 share of the Answer region."""
    return page.get_by_role("status", name="Answer").locator("#cd5 .number").inner_text()


def drag(page: Page, slider: str, right: float, up: float) -> None:
    """Drag a handle by so many pixels."""
    box = page.get_by_role("slider", name=slider, exact=True).locator(".grip").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y - up / 2)
    page.mouse.move(x + right, y - up)
    page.mouse.up()
