"""A folder whose tubes bear names as they come: a batch of it, its tables, and every page in a browser.

    python benchmarks/odd_names.py [--browser /usr/bin/chromium]

Each name has a tube and its FMO. Counted are samples done, rows of the tables that bear the sample's id, and
pages that open from index.html without an error of the console.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from openpyxl import load_workbook

SAMPLES: Final = Path(__file__).resolve().parent.parent / "sample_fcs"
TUBE: Final = SAMPLES / "p01-clear-positive.fcs"
FMO: Final = SAMPLES / "p01-clear-positive_FMO-CD5.fcs"
_WORDS: Final = (
    *("張三", "张三", "Müller", "Möller", "Mu\u0308ller 2", "tube 🩸", "a\nb", "case", "CASE"),
    *("\u202eevil", "חולה 1", "a'b\"c&<d>", "100% ?x=1#y", "=1+1", "x" * 240, "...dots"),
)
NAMES: Final = (*map(os.fsencode, _WORDS), b"J\xfcrgen")


def make(folder: Path) -> int:
    """Fill a folder; return how many tubes it holds that are samples."""
    made = 0
    for name in NAMES:
        place = os.fsencode(folder) + b"/"
        shutil.copy(TUBE, place + name + b".fcs")
        made += 1
        if len(name) < 240:  # its control's name would be too long
            shutil.copy(FMO, place + name + b"_FMO-CD5.fcs")
    return made


def batch(folder: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Analyse the folder as a user does."""
    words = ("batch", str(folder), "--out", str(out), "--timepoint", "relapse", "--report", "short")
    return subprocess.run(
        [sys.executable, "-m", "cd5flow", *words], capture_output=True, text=True, check=False
    )


def opened(out: Path, browser: str) -> tuple[int, int, list[str]]:
    """Return how many reports the index links to, how many open, and what the console says."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - where there is a browser

    said: list[str] = []
    with sync_playwright() as play:
        chrome = play.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chrome.new_page()
        page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
        page.goto((out / "index.html").as_uri())
        links = page.eval_on_selector_all(
            "a[href$='report.html']", "links => [...new Set(links.map(link => link.href))]"
        )
        good = 0
        for link in links:
            page.goto(link)
            good += "CD5" in page.inner_text("body")
        chrome.close()
    return len(links), good, said


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    browser = parser.parse_args().browser
    with tempfile.TemporaryDirectory(prefix="cd5flow-names-") as place:
        folder, out = Path(place, "tubes"), Path(place, "results")
        folder.mkdir()
        samples = make(folder)
        ran = batch(folder, out)
        table = (out / "summary.csv").read_text("utf-8-sig")
        rows = list(csv.DictReader(table.splitlines(keepends=True)))
        sheet = load_workbook(out / "summary.xlsx")["samples"]
        ids = {row["sample"].lstrip("'") for row in rows}
        cells = {str(cell.value) for cell in sheet["A"][1:]}
        folders = sum((one / "result.json").is_file() for one in out.iterdir())
        links, good, said = opened(out, browser)
        controls = sum("fmo" in (row["controls"] or "") for row in rows)
        print(
            "| names | exit | folders | rows of CSV | of xlsx | same ids | with FMO | links | pages |"
        )
        print("|---|---|---|---|---|---|---|---|---|")
        print(
            f"| {samples} | {ran.returncode} | {folders} | {len(ids)} | {len(cells)} | "
            f"{len(ids & cells)} | {controls} | {links} | {good} |"
        )
        for line in [*said, *ran.stderr.splitlines()[-3:]]:
            print(ascii(line))


if __name__ == "__main__":
    main()
