"""Run every check of the project: `python tools/check.py`.

Formatting, lint, types, import layers, shipped gating files, tests. Each runs even if an earlier one
failed, so that one run shows all that is wrong; the exit code is 1 if any did.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent


def commands(*, tests: bool) -> dict[str, list[str]]:
    """Return what is run, by name."""
    found = {
        "format": [str(BIN / "ruff"), "format", "--check", "."],
        "lint": [str(BIN / "ruff"), "check", "."],
        "types": [str(BIN / "mypy")],
        "layers": [str(BIN / "lint-imports")],
    }
    if tests:
        found["tests"] = [sys.executable, "-m", "pytest"]
    return found


def main() -> int:
    """Run the checks and say which failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-tests", action="store_true", help="all but pytest")
    chosen = parser.parse_args()
    failed = []
    for name, command in commands(tests=not chosen.no_tests).items():
        print(f"== {name}: {' '.join(command[1:]) or command[0]}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    print("all checks passed" if not failed else f"failed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
