"""Make the documentation's picture of the review page anew: `python tools/review_page.py`.

From a sample tube, in Chromium without a window, which has to be installed (the extra `test` drives it).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT: Final = Path(__file__).resolve().parent.parent
PICTURE: Final = ROOT / "docs" / "images" / "review.png"
SAMPLE: Final = "p02-borderline-69"
GATE: Final = "blasts_1"
COLOURS: Final = 96
PASSWORD: Final = "a password of this picture alone"  # noqa: S105 - of a user that lives a minute


def main() -> None:
    """Analyse the tube, serve its results, and keep what the browser shows."""
    tubes = ROOT / "sample_fcs"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD + "\n", encoding="utf-8")
        run = [sys.executable, "-m", "cd5flow"]
        users = ["--users", str(folder / "users.jsonl")]
        who = ["director", "--name", "Head of laboratory", "--role", "reviewer"]
        password = ["--password-file", str(folder / "password")]
        subprocess.run([*run, "users", "add", *who, *users, *password], check=True)
        said = ["--control", f"fmo={tubes / SAMPLE}_FMO-CD5.fcs", "--timepoint", "relapse"]
        where = ["--specimen", "bone_marrow", "--no-report", "--out", str(folder / "results")]
        subprocess.run([*run, "analyze", f"{tubes / SAMPLE}.fcs", *said, *where], check=True)
        served = [*run, "review", str(folder / "results"), "--no-browser", *users]
        served += ["--input", str(tubes)]
        with subprocess.Popen(served, stdout=subprocess.PIPE, text=True) as server:
            try:
                content = seen(server.stdout.readline().strip() if server.stdout else "")
            finally:
                server.terminate()
    with Image.open(io.BytesIO(content)) as image:
        image.convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")


def seen(address: str) -> bytes:
    """Return what the browser shows of a gate, as PNG."""
    with sync_playwright() as driver:
        chromium = shutil.which("chromium")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.set_default_timeout(120_000)
        page.goto(address)
        page.get_by_role("list", name="Queue").get_by_role("listitem").first.click()
        page.get_by_role("button", name=GATE, exact=True).click()
        page.wait_for_timeout(4_000)
        content = page.screenshot()
        browser.close()
    return content


if __name__ == "__main__":
    main()
