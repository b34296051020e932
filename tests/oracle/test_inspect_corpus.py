"""`inspect` over real files of many cytometers: it answers for each, and what it says is right."""

from __future__ import annotations

import json
import math
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cd5flow.analysis.inspection import as_json, inspect_file
from cd5flow.cli.inspect import run
from cd5flow.errors import FcsError
from cd5flow.fcs import read_fcs
from support.paths import SHARED

CORPUS = SHARED / "fcs"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is absent")


def _names() -> list[str]:
    files = [path for path in CORPUS.glob("*/*") if path.suffix.lower() in {".fcs", ".lmd"}]
    return sorted(path.relative_to(CORPUS).as_posix() for path in files)


def _is_read(name: str) -> bool:
    try:
        read_fcs(CORPUS / name)
    except FcsError:
        return False
    return True


def _inspected(name: str, capfdbinary: pytest.CaptureFixture[bytes]) -> dict[str, Any]:
    run([CORPUS / name], dataset=None, keywords=True, json=True)
    found: dict[str, Any] = json.loads(capfdbinary.readouterr().out)
    return found


@pytest.mark.parametrize("name", _names())
def test_every_file_is_answered(name: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Held against TEXT itself: channels, voltages, times, rates, matrices."""
    if not _is_read(name):
        with pytest.raises(FcsError, match=Path(name).name) as refused:
            run([CORPUS / name], dataset=None, keywords=False, json=True)
        assert "\n" not in str(refused.value)
        assert capfdbinary.readouterr().out == b""
        return
    found = _inspected(name, capfdbinary)
    text = found["keywords"]
    for n, channel in enumerate(found["channels"], start=1):
        assert channel["detector"] == text[f"$P{n}N"]
        assert (channel["label"] or "") == text.get(f"$P{n}S", "")
        assert channel["range"] == float(text[f"$P{n}R"])
        voltage = text.get(f"$P{n}V", "").replace(",", ".")
        assert channel["voltage"] == (float(voltage) if re.match(r"[0-9.]+$", voltage) else None)
        assert channel["maximum"] > 0
    sets = {one["number"]: one for one in found["data_sets"]}
    assert sets[found["dataset"]]["events"] == found["acquisition"]["events"] > 0
    assert all(one["fault"] is None for one in sets.values())
    run_time = found["acquisition"]["duration_seconds"]
    if "$BTIM" in text and text["$BTIM"] != text.get("$ETIM"):
        assert run_time or name == "node-fcs/iCyt.fcs"
    if run_time:
        assert found["acquisition"]["duration_source"]
        rate = found["acquisition"]["events_per_second"]
        assert rate == pytest.approx(found["acquisition"]["events"] / run_time)
    for finding in found["findings"]:
        assert finding["code"]
        assert len(finding["message"]) > 20


@pytest.mark.parametrize("name", [name for name in _names() if _is_read(name)])
def test_every_file_is_shown_in_words(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    run([CORPUS / name], dataset=None, keywords=True, json=False)
    shown = capfd.readouterr().out
    found = inspect_file(CORPUS / name)
    for channel in found.fcs.channels:
        row = rf"^{channel.index + 1} +{re.escape(channel.detector)} "
        assert re.search(row, shown, re.MULTILINE)
    for finding in found.findings:
        assert f"{finding.severity.value:<4} {finding.code}: " in shown
    assert ("Keywords of ANALYSIS" in shown) == bool(found.fcs.analysis)
    if found.fcs.spillover is not None:
        assert f"condition number {found.fcs.spillover.condition_number:.3g}" in shown


@pytest.mark.parametrize("name", [name for name in _names() if _is_read(name)])
def test_the_matrix_is_the_one_in_text(name: str) -> None:
    plain = as_json(inspect_file(CORPUS / name), keywords=True)
    if plain["spillover"] is None:
        return
    words = plain["keywords"][plain["spillover"]["source"]].split(",")
    size = int(words[0])
    whole = np.array([float(word) for word in words[-size * size :]]).reshape(size, size)
    # A matrix may name channels that the file has not, where they change nothing.
    there = {channel["detector"] for channel in plain["channels"]}
    kept = [i for i, name in enumerate(words[1 : size + 1]) if name.strip() in there]
    kept = kept or list(range(size))  # by number
    matrix = whole[np.ix_(kept, kept)]
    np.testing.assert_allclose(plain["spillover"]["matrix"], matrix)
    singular = np.linalg.svd(matrix, compute_uv=False)
    assert plain["spillover"]["condition_number"] == pytest.approx(singular[0] / singular[-1])


@pytest.mark.parametrize(
    ("name", "markers"),
    [
        (
            "real/clearllab10c_t_tube.fcs",
            "TCRgd CD4 CD2 CD56 CD5 CD34 CD7 CD8 CD3 CD45 FSC SSC Time",
        ),
        ("real/diva_b_all_tube.fcs", "CD20 CD10 CD45 CD34 CD19 CD38 FSC SSC Time"),
    ],
)
def test_channels_are_taken_for_the_markers_of_the_panel(name: str, markers: str) -> None:
    taken = {channel["marker"] for channel in as_json(inspect_file(CORPUS / name))["channels"]}
    assert set(markers.split()) <= taken


@pytest.mark.parametrize(
    ("name", "acquired", "seconds"),
    [
        ("real/clearllab10c_t_tube.fcs", "2024-01-01T16:39:04", 423.7),
        ("real/diva_b_all_tube.fcs", "2014-07-18T09:44:26", 104.7),
        ("flowcytometrytools/Sample_Well_A02.fcs", "2013-09-22T11:28:29", 5.0),  # by the clock
        ("flowcytometrytools/Mixed_Well_H1.001.fcs", "2013-06-07T16:53:55", 29.0),
        ("node-fcs/Partec.fcs", "2006-06-28T11:50:06", 768.0),  # P$ACQTIMES says 768.09
        ("webduvet-fcsparser/test2.fcs", None, 27.4),
    ],
)
def test_acquisition_is_when_and_as_long_as_the_file_says(
    name: str, acquired: str | None, seconds: float
) -> None:
    plain = as_json(inspect_file(CORPUS / name))["acquisition"]
    assert plain["acquired"] == acquired
    assert plain["duration_seconds"] == pytest.approx(seconds, abs=0.1)


def test_both_data_sets_of_a_coulter_file_are_listed() -> None:
    plain = as_json(inspect_file(CORPUS / "flowio/coulter.lmd"))
    sets = [(one["version"], one["events"], one["channels"]) for one in plain["data_sets"]]
    assert sets == [("2.0", 18_110, 8), ("3.0", 18_110, 8)]
    assert plain["dataset"] == 2


@pytest.mark.parametrize("name", [name for name in _names() if _is_read(name)])
def test_broken_copies_are_answered_or_refused(name: str, tmp_path: Path) -> None:
    original = (CORPUS / name).read_bytes()[:60_000]
    end = int(original[18:26])
    # Not to be cut short: fewer events than the file has.
    original = re.sub(rb"(\$TOT.)[0-9]+", lambda m: m[1] + b"1", original)
    chance = random.Random(name)  # noqa: S311 - a repeatable choice of faults
    path = tmp_path / "broken.fcs"
    for _ in range(3):
        content = bytearray(original)
        for _ in range(4):
            at = chance.randrange(58, min(end, len(content) - 1))
            content[at] = chance.choice(b"0123456789,.$/|")
        path.write_bytes(content)
        try:
            plain = as_json(inspect_file(path), keywords=True)
        except FcsError:
            continue
        json.dumps(plain, allow_nan=False)
        assert not math.isnan(plain["acquisition"]["events"])
