"""Run tests with the oldest releases that pyproject.toml allows, in an environment of its own.

Each direct dependency, those of the tests too, is installed as old as its lower bound; what they need in turn
is as new as it may be. A bound that was never run is a guess.

    python tools/lowest.py                      # a good part of the suite
    python tools/lowest.py tests/unit/fcs       # these tests
    python tools/lowest.py --keep /tmp/lowest   # the environment stays there, and is used again
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PARTS = (
    "tests/unit/fcs",
    "tests/unit/gating/methods",
    "tests/unit/gating/test_cell_types.py",
    "tests/unit/gating/test_resolve.py",
    "tests/unit/gating/test_strategy.py",
    "tests/unit/report/test_pdf.py",
    "tests/unit/report/test_html.py",
    "tests/unit/report/test_folder.py",
    "tests/unit/report/test_lab.py",
    "tests/unit/plots",
    "tests/unit/batch/test_workbook.py",
    "tests/unit/interop",
    "tests/unit/notebook",
    "tests/unit/test_public_api.py",
    "tests/unit/test_python_page.py",
    "tests/cli/test_start.py",
    "tests/cli/test_habits.py",
    "tests/cli/test_voice.py",
    "tests/cli/test_defaults.py",
    "tests/cli/test_analyze.py",
    "tests/golden/test_sample_counts.py",
)
"""One or more of each layer, and the samples from file to result: what touches other projects' code."""


def main() -> None:
    """Install, say which versions there are, run the tests, and end as they end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tests", nargs="*", default=PARTS, help="files or folders of tests")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="use this folder, and leave it")
    parser.add_argument("--resolution", default="lowest-direct", help="as of uv pip install")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cd5flow-lowest-") as made:
        folder = asked.keep or Path(made)
        python = installed(folder, asked.resolution)
        # A package index of the machine, proxies and the like stay; no other cd5flow is to be found.
        outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        there = [name for name in asked.tests if (ROOT / name).exists()]
        absent = sorted(set(asked.tests) - set(there))
        if absent:
            sys.exit(f"tests: {', '.join(absent)} are not there")
        ran = subprocess.run(
            [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *there],
            cwd=ROOT,
            env=outside,
            check=False,
        )
    sys.exit(ran.returncode)


def installed(folder: Path, resolution: str) -> Path:
    """Return the Python of an environment with cd5flow and what it needs, as old as it may be."""
    uv = shutil.which("uv") or _uv_in(folder / "uv")
    python = _python_of(folder / "env")
    if not python.exists():
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder / "env"], check=True)
    into = [uv, "pip", "install", "-q", "--python", python, "--reinstall-package", "cd5flow"]
    subprocess.run([*into, "--resolution", resolution, f"{ROOT}[test]"], check=True)
    subprocess.run([uv, "pip", "list", "-q", "--python", python], check=True)
    return python


def _uv_in(folder: Path) -> str:
    """Return uv, installed into a folder of its own where the machine has none."""
    if not _python_of(folder).exists():
        venv.create(folder, with_pip=True)
        subprocess.run([_python_of(folder), "-m", "pip", "install", "-q", "uv"], check=True)
    return str(_python_of(folder).with_name("uv.exe" if os.name == "nt" else "uv"))


def _python_of(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


if __name__ == "__main__":
    main()
