"""The tool that runs every check."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.paths import ROOT
from support.processes import PATIENCE_SECONDS

CHECK = ROOT / "tools" / "check.py"


def test_a_missing_tool_is_a_line_that_says_what_to_install(tmp_path: Path) -> None:
    # A Python with nothing beside it: none of the tools is installed there.
    bare = tmp_path / "bin" / "python"
    bare.parent.mkdir()
    bare.symlink_to(sys.executable)
    done = subprocess.run(
        [bare, "-S", CHECK, "--no-tests"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stderr) == (1, "")
    for tool in ("ruff", "mypy", "lint-imports", "sphinx-build"):
        assert f"{tool} is not installed beside {bare}; install it: " in done.stdout
    assert done.stdout.splitlines()[-1] == "failed: format, lint, types, layers, site"
