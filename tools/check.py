"""Run every check of the project: `python tools/check.py`.

Formatting, lint, types, import layers, the documentation as a site, tests. Each runs even if an earlier
one failed, so that one run shows all that is wrong; the exit code is 1 if any did, or if a tool is not
installed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
REMEDY = f'{sys.executable} -m pip install ".[test,docs]"'

CHECKS: dict[str, tuple[str, ...]] = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
    "layers": ("lint-imports",),
    "site": ("sphinx-build", "-W", "--keep-going", "-q", "-E", "-j", "auto", "docs", "build/site"),
    "tests": ("pytest",),
}
"""What is run, by name: a tool of this Python's environment with its arguments."""


def command(tool: str, *arguments: str) -> list[str] | None:
    """Return how a tool of this Python's environment is started; None where it is not installed."""
    if tool == "pytest":  # as a module, so that the checkout itself can be imported
        return None if find_spec(tool) is None else [sys.executable, "-m", tool, *arguments]
    program = shutil.which(tool, path=str(BIN))
    return None if program is None else [program, *arguments]


def passes(name: str) -> bool:
    """Run one check; say so where its tool is missing."""
    tool, *arguments = CHECKS[name]
    started = command(tool, *arguments)
    print(f"== {name}: {' '.join(CHECKS[name])}", flush=True)
    if started is None:
        print(f"{tool} is not installed beside {sys.executable}; install it: {REMEDY}", flush=True)
        return False
    return subprocess.run(started, cwd=ROOT, check=False).returncode == 0


def main() -> int:
    """Run the checks and say which failed."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--no-tests", action="store_true", help="all but pytest")
    chosen = parser.parse_args()
    names = [name for name in CHECKS if name != "tests" or not chosen.no_tests]
    failed = [name for name in names if not passes(name)]
    print("all checks passed" if not failed else f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
