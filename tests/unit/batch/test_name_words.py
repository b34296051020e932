from __future__ import annotations

from datetime import date

import pytest

from cd5flow.batch.name_words import NameReading, day_of_collection, name_table
from cd5flow.config.shipped import markers_file
from cd5flow.preprocess.labels import load_aliases

TABLE = name_table()
ALIASES = load_aliases(markers_file())


def read(name: str) -> NameReading:
    return TABLE.read(name, ALIASES)


@pytest.mark.parametrize(
    ("name", "kind", "left_out", "whose"),
    [
        ("P01_FMO-CD5", "fmo", ("CD5",), {"p01"}),
        ("FMOCD5_P01", "fmo", ("CD5",), {"p01"}),
        ("CD5 FMO P7", "fmo", ("CD5",), {"p7"}),
        ("P1 minus CD5", "fmo", ("CD5",), {"p1"}),
        ("P01 FMO CD7 PE", "fmo", ("CD7",), {"p01", "pe"}),
        ("P01 FMO BM", "fmo", (), {"p01"}),
        ("Müller_ISO", "isotype", (), {"müller"}),
        ("P1 IgG2a", "isotype", (), {"p1"}),
        ("张三骨髓_同型对照", "isotype", (), {"张三"}),
        ("Compensation Controls_Unstained Control", "other", (), set()),
        ("pos ctrl", "positive", (), set()),
        ("Kontrolle 3", "unclear", (), {"3"}),
        ("Isolde", None, (), {"isolde"}),
        ("negative-no-fmo", None, (), {"negative"}),
        ("TALL-17 tube2", None, (), {"17"}),
    ],
)
def test_words_of_a_name_tell_what_the_tube_is_and_whose(
    name: str, kind: str | None, left_out: tuple[str, ...], whose: set[str]
) -> None:
    said = read(name)
    assert said.kind == kind
    assert (said.left_out, set(said.whose)) == (left_out, whose)


def test_a_dye_beside_fmo_is_kept_where_no_marker_stands() -> None:
    assert read("P1 FMO PerCP-Cy5-5").dye == "percp cy5 5"
    assert read("P1 FMO CD5 PE").dye == ""


def test_a_tube_without_cd5_is_a_control_only_where_something_else_says_so() -> None:
    assert read("p12-no-cd5").weak
    assert not read("p12 minus cd5").weak


@pytest.mark.parametrize(
    ("name", "specimens", "timepoints", "visit"),
    [
        ("P3_d33_PB", ["peripheral_blood"], ["mrd"], "day 33"),
        ("P3 day 0 BM", ["bone_marrow"], [], "day 0"),
        ("X Relapse marrow", ["bone_marrow"], ["relapse"], ""),
        ("X BM PB", ["bone_marrow", "peripheral_blood"], [], ""),
        ("张三骨髓复发", ["bone_marrow"], ["relapse"], ""),
        ("dx", [], ["diagnosis"], ""),
        ("Fu Wei", [], [], ""),
    ],
)
def test_specimen_time_point_and_day_of_treatment(
    name: str, specimens: list[str], timepoints: list[str], visit: str
) -> None:
    said = read(name)
    assert (list(said.specimens), list(said.timepoints), said.visit) == (
        specimens,
        timepoints,
        visit,
    )


@pytest.mark.parametrize(
    ("name", "acquired", "found"),
    [
        ("X 20260131", date(2026, 1, 31), date(2026, 1, 31)),
        ("X 2026-01-31", None, date(2026, 1, 31)),
        ("X 31.01.2026", date(2026, 2, 2), date(2026, 1, 31)),
        ("X 03-04-2026", date(2026, 4, 5), date(2026, 4, 3)),  # what was run decides
        ("X 03-04-2026", None, None),
        ("X 260131", date(2026, 2, 1), date(2026, 1, 31)),
        ("X 260131", None, None),  # or 26 January 2031
        ("X 19870412", date(2026, 1, 31), None),  # a day of birth
        ("X 20260202", date(2026, 1, 31), None),  # after the run
        ("X 20260124", date(2026, 1, 31), date(2026, 1, 24)),
        ("X 20260123", date(2026, 1, 31), None),  # eight days before
        ("X 20261341", date(2026, 1, 31), None),
        ("X 123456789", date(2026, 1, 31), None),
    ],
)
def test_a_day_in_a_name_is_of_collection_if_the_run_allows(
    name: str, acquired: date | None, found: date | None
) -> None:
    assert day_of_collection(read(name).days, acquired, TABLE.limits)[0] == found
