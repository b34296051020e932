"""The small corpus: every file is read right, shown, and copied without the patient."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cd5flow.analysis.inspection import as_json, inspect_file
from cd5flow.config.shipped import deidentify_file
from cd5flow.fcs import read_fcs
from cd5flow.fcs.deidentify import deidentify_fcs
from cd5flow.fcs.privacy import load_rules
from support.fcs_quirks import QUIRKS

RULES = load_rules(deidentify_file())
SETTLED_BY_COPYING = {
    *("TEXT_UNESCAPED", "TEXT_ENCODING", "OFFSETS_DISAGREE", "DATA_END", "HEADER_BLANK"),
    "TIMESTEP_UNREADABLE",
}


@pytest.fixture(params=sorted(QUIRKS))
def quirk(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    path = tmp_path / "tube.fcs"
    path.write_bytes(QUIRKS[request.param].content)
    return request.param, path


def test_values_are_the_true_ones_and_what_was_settled_is_said(quirk: tuple[str, Path]) -> None:
    name, path = quirk
    file = read_fcs(path)
    assert len(file.events) == len(QUIRKS[name].events)
    if len(file.events):
        np.testing.assert_allclose(file.events, QUIRKS[name].events, rtol=1e-6)
    assert tuple(finding.code for finding in file.findings) == QUIRKS[name].codes


def test_it_is_shown(quirk: tuple[str, Path]) -> None:
    name, path = quirk
    plain = json.loads(json.dumps(as_json(inspect_file(path)), allow_nan=False))
    assert plain["acquisition"]["events"] == len(QUIRKS[name].events)
    assert set(QUIRKS[name].codes) <= {finding["code"] for finding in plain["findings"]}


def test_it_is_copied_without_the_patient(quirk: tuple[str, Path], tmp_path: Path) -> None:
    name, path = quirk
    out = tmp_path / "copy.fcs"
    deidentify_fcs(path, out, RULES)
    before, after = read_fcs(path), read_fcs(out)
    np.testing.assert_array_equal(before.events, after.events)
    assert after.channels == before.channels
    codes = {finding.code for finding in after.findings}
    assert codes == set(QUIRKS[name].codes) - SETTLED_BY_COPYING
