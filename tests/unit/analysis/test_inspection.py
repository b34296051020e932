from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cd5flow.analysis.inspection import as_json, gravest_first, inspect_file
from cd5flow.errors import NotFcsError, OptionError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.write import write_fcs
from cd5flow.model.findings import Finding, Severity
from cd5flow.model.reasons import Reason
from support.analysed import CLEAR, FOUR_COLOUR, NO_CD5, cut_tube, tube
from support.fcs_factory import fcs


def relabelled(target: Path, labels: dict[str, str]) -> Path:
    """Write the clear tube with other labels on some channels."""
    whole = read_fcs(tube(CLEAR))
    channels = [replace(c, label=labels.get(c.detector, c.label)) for c in whole.channels]
    write_fcs(target, whole.events[:500], channels=channels, keywords={})
    return target


def test_channels_are_shown_with_their_marker() -> None:
    found = inspect_file(tube(CLEAR))
    assert found.marker("PerCP-Cy5-5-A") == "CD5"
    assert found.detector("CD45") == "V500-A"
    assert found.ambiguity == ""


def test_the_rate_is_events_over_the_length_of_the_run() -> None:
    found = inspect_file(tube(CLEAR))
    ticks = found.fcs.events[:, -1]
    assert found.fcs.raw.timestep_seconds is not None
    seconds = float(np.ptp(ticks)) * found.fcs.raw.timestep_seconds
    assert found.duration_seconds == pytest.approx(seconds)
    assert found.events_per_second == pytest.approx(len(found.fcs.raw) / seconds)


def test_without_a_time_step_the_clock_on_the_wall_tells_the_rate(tmp_path: Path) -> None:
    whole, found = (
        inspect_file(cut_tube(tmp_path / "t.fcs", without=without))
        for without in ((), ("$TIMESTEP",))
    )
    assert (whole.duration_source, found.duration_source) == (
        "Time channel",
        "begin and end of acquisition",
    )
    assert whole.duration_seconds is not None
    assert found.duration_seconds == pytest.approx(whole.duration_seconds, abs=1.0)


def test_without_any_clock_the_rate_is_unknown(tmp_path: Path) -> None:
    found = inspect_file(cut_tube(tmp_path / "t.fcs", without=("$TIMESTEP", "$ETIM")))
    assert found.duration_seconds is None
    assert found.duration_source == ""
    assert as_json(found)["acquisition"]["duration_source"] is None
    assert found.events_per_second is None


def test_the_panel_says_which_lineage_rules_are_open() -> None:
    with_cytoplasmic = {rule.lineage: rule for rule in inspect_file(tube(CLEAR)).rules}
    assert with_cytoplasmic["cyCD3+ sCD3-"].open
    assert with_cytoplasmic["CD7+ sCD3-"].excluded_by == ("cyCD3",)
    surface = {rule.lineage: rule for rule in inspect_file(tube(FOUR_COLOUR)).rules}
    assert "cyCD3" in surface["cyCD3+ sCD3-"].missing
    assert surface["CD7+ sCD3-"].open


def test_an_ambiguous_panel_is_shown_and_not_refused(tmp_path: Path) -> None:
    found = inspect_file(relabelled(tmp_path / "t.fcs", {"PE-A": "CD5 PE"}))
    assert found.panel is None
    assert "CD5 fits 2 channels" in found.ambiguity
    assert found.read_as["PE-A"] == found.read_as["PerCP-Cy5-5-A"] == ("CD5",)
    plain = as_json(found)
    assert plain["ambiguity"] == found.ambiguity
    assert plain["cd5"] is None
    assert all(channel["marker"] is None for channel in plain["channels"])


def test_a_tube_without_cd5_says_so() -> None:
    assert as_json(inspect_file(tube(NO_CD5)))["cd5"] is None


def test_the_spillover_is_shown_with_its_condition_number() -> None:
    found = inspect_file(tube(CLEAR))
    spillover = found.fcs.spillover
    assert spillover is not None
    plain = as_json(found)["spillover"]
    assert plain["detectors"] == list(spillover.detectors)
    assert plain["condition_number"] == pytest.approx(float(np.linalg.cond(spillover.matrix)))
    np.testing.assert_array_equal(plain["matrix"], spillover.matrix)
    assert found.compensation == "KNOWN"


def test_a_missing_matrix_is_a_finding() -> None:
    found = inspect_file(tube(FOUR_COLOUR))
    assert as_json(found)["spillover"] is None
    assert found.compensation == "MISSING"
    assert "NO_SPILLOVER" in [finding.code for finding in found.findings]


def test_every_data_set_is_listed() -> None:
    found = inspect_file(tube(CLEAR))
    (one,) = found.data_sets
    assert (one.number, one.events, one.channels) == (
        1,
        len(found.fcs.raw),
        len(found.fcs.channels),
    )


def test_a_data_set_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    plain = fcs([[1.0]], keywords={"$NEXTDATA": "000000"})
    first = fcs([[1.0]], keywords={"$NEXTDATA": f"{len(plain):06d}"})
    broken = fcs([[1.0], [2.0]], keywords={"$TOT": "3"})
    (tmp_path / "t.fcs").write_bytes(first + broken)
    found = inspect_file(tmp_path / "t.fcs", dataset=1)
    assert [(one.number, one.events) for one in found.data_sets] == [(1, 1), (2, None)]
    assert "$TOT says 3 events" in found.data_sets[1].fault


@pytest.mark.parametrize(
    "keywords",
    [
        {"$P1R": "3.4e38"},
        {"$SPILLOVER": "2,A,B,1,1,1,1"},
        {"$SPILLOVER": "2,A,B,1e300,1e-300,1e300,1"},
        {"$TIMESTEP": "1e-12", "$P1N": "Time"},
    ],
)
def test_numbers_beyond_all_bounds_are_null(tmp_path: Path, keywords: dict[str, str]) -> None:
    (tmp_path / "t.fcs").write_bytes(fcs([[1.0, 2.0], [1e30, 3.0]], keywords=keywords))
    json.dumps(as_json(inspect_file(tmp_path / "t.fcs"), keywords=True), allow_nan=False)


def test_the_json_holds_keywords_only_when_asked_for() -> None:
    found = inspect_file(tube(CLEAR))
    plain = json.loads(json.dumps(as_json(found), allow_nan=False))
    assert plain["schema"] == "cd5flow.inspection/1"
    assert not {"keywords", "analysis"} & set(plain)
    assert as_json(found, keywords=True)["analysis"] == {}
    assert as_json(found, keywords=True)["keywords"]["$CYT"] == found.fcs.cytometer


def test_the_gravest_finding_comes_first() -> None:
    grades = (Severity.INFO, Severity.FAIL, Severity.WARN)
    findings = tuple(Finding(severity, Reason("NO_CD5")) for severity in grades)
    assert [f.severity for f in gravest_first(findings)] == [
        Severity.FAIL,
        Severity.WARN,
        Severity.INFO,
    ]


def test_what_is_no_fcs_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.fcs").write_text("dear laboratory", "utf-8")
    with pytest.raises(NotFcsError):
        inspect_file(tmp_path / "t.fcs")
    with pytest.raises(OptionError):
        inspect_file(tube(CLEAR), dataset=2)
