"""Every block of docs/how-to/python.md runs, in its order."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.analysed import CLEAR, fmo_of, tube
from support.paths import ROOT

PAGE = ROOT / "docs" / "how-to" / "python.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    pytest.importorskip("anndata")
    shutil.copy(tube(CLEAR), tmp_path / "tube.fcs")
    shutil.copy(fmo_of(CLEAR), tmp_path / "fmo.fcs")
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(PAGE.read_text("utf-8"))
    assert len(blocks) == 8
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)  # noqa: S102 - the page is ours
    assert "MEETS" in capsys.readouterr().out
    assert (tmp_path / "blasts.h5ad").is_file()
    assert list(names["overview"]["review"]) == ["unreviewed"]
    assert len(names["worth_a_look"]) < len(names["quality"])
