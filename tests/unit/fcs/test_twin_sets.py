"""Two data sets of the same events: what only one of them says of the channels is true of both."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cd5flow.fcs import FcsFile, read_fcs
from support.fcs_factory import fcs

EVENTS = [[1.0, 2.0], [3.0, 4.0]]
FINE = {"datatype": "I", "bits": 32, "ranges": 2**20}


def twins(
    tmp_path: Path,
    first: Mapping[str, str],
    second: Mapping[str, str],
    *,
    names: tuple[list[str], list[str]] = (["FL1 Log", "FL2 Log"], ["FL1", "FL2"]),
    fine: dict[str, object] | None = None,
    events: list[list[float]] | None = None,
) -> FcsFile:
    """Read a coarse data set followed by a fine one."""

    def coarse(behind: int) -> bytes:
        keywords = {"$NEXTDATA": f"{behind:06d}", **first}
        return fcs(EVENTS, datatype="I", bits=16, names=names[0], version="2.0", keywords=keywords)

    again = fcs(events or EVENTS, names=names[1], keywords=second, **(fine or FINE))  # type: ignore[arg-type]  # each has its own type
    path = tmp_path / "tube.lmd"
    path.write_bytes(coarse(len(coarse(0))) + again)
    return read_fcs(path)


def labels(file: FcsFile) -> list[str | None]:
    return [channel.label for channel in file.channels]


def test_labels_date_and_cytometer_come_from_the_set_that_has_them(tmp_path: Path) -> None:
    facts = {"$DATE": "13-JAN-2026", "$BTIM": "09:30:00", "$CYT": "Navios"}
    file = twins(tmp_path, {"$P1S": "CD5 FITC", "$P2S": "CD7 PE", **facts}, {})
    assert file.dataset == 2
    assert labels(file) == ["CD5 FITC", "CD7 PE"]
    assert (file.acquired, file.cytometer) == ("2026-01-13T09:30:00", "Navios")
    assert [f.code for f in file.findings] == ["SEVERAL_DATA_SETS", "FROM_TWIN"]


def test_the_address_goes_before_name_and_number(tmp_path: Path) -> None:
    first = {"$P1S": "CD5", "$P2S": "CD7", "@P1ADDRESS": "15", "@P2ADDRESS": "16"}
    file = twins(tmp_path, first, {"@P1ADDRESS": "16", "@P2ADDRESS": "15"})
    assert labels(file) == ["CD7", "CD5"]


def test_without_an_address_the_name_tells(tmp_path: Path) -> None:
    names = (["FL1 Log", "FL2 Log"], ["FL2", "FL1"])
    file = twins(tmp_path, {"$P1S": "CD5", "$P2S": "CD7"}, {}, names=names)
    assert labels(file) == ["CD7", "CD5"]


def test_without_a_name_in_common_the_number_tells(tmp_path: Path) -> None:
    names = (["FL1 Log", "FL2 Log"], ["A", "B"])
    file = twins(tmp_path, {"$P1S": "CD5", "$P2S": "CD7"}, {}, names=names)
    assert labels(file) == ["CD5", "CD7"]


def test_what_a_set_says_itself_stays(tmp_path: Path) -> None:
    file = twins(tmp_path, {"$P1S": "CD5", "$CYT": "FC500"}, {"$P1S": "CD3", "$CYT": "Navios"})
    assert labels(file) == ["CD3", None]
    assert file.cytometer == "Navios"


@pytest.mark.parametrize(
    ("fine", "events"),
    [(FINE, [[1.0, 2.0]]), ({"datatype": "I", "bits": 16, "version": "2.0"}, EVENTS)],
)
def test_wells_are_no_twins(
    tmp_path: Path, fine: dict[str, object], events: list[list[float]]
) -> None:
    """Another number of events, or the same steps: another specimen."""
    file = twins(tmp_path, {"$P1S": "CD5"}, {}, fine=fine, events=events)
    assert not {"FROM_TWIN"} & {f.code for f in file.findings}
