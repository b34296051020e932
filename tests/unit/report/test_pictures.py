from __future__ import annotations

from dataclasses import replace
from functools import cache
from xml.etree import ElementTree as ET

import pytest

from cd5flow.model.members import Members
from cd5flow.model.populations import Gating
from cd5flow.pipeline import Analysis
from cd5flow.report.html import render_html
from cd5flow.report.parts import Picture
from cd5flow.report.pictures import report_pictures
from cd5flow.report.wording import load_wording
from support.analysed import CLEAR, CLOGGED, NO_CD5, analysis

MRD = "p10-mrd-low"


@cache
def pictures(name: str = CLEAR, language: str = "en") -> dict[str, Picture]:
    found = report_pictures(analysis(name), load_wording(language))
    return {picture.name: picture for picture in found}


def with_members(one: Analysis, gating: Gating) -> Analysis:
    return replace(one, gating=gating)


def test_every_gate_has_a_picture_as_pixels_and_as_vectors() -> None:
    found = pictures()
    assert {gate.name for gate in analysis(CLEAR).gating.tree.gates} <= set(found)
    for picture in found.values():
        assert picture.png.startswith(b"\x89PNG\r\n")
        assert picture.svg is not None
        assert ET.fromstring(picture.svg).tag.endswith("svg")  # noqa: S314 - our own


def test_the_overviews_come_before_the_gates() -> None:
    names = list(pictures())
    assert names[:2] == ["stable", "map-cd45-ssc"]
    assert names.index("cd5-overlay") < names.index("cells")


def test_a_gate_is_captioned_with_counts_and_the_share_of_its_parent() -> None:
    assert pictures(MRD)["blasts"].title == "blasts: 187 / 194 CD7-positive (96.4 %)"


def test_a_map_is_captioned_with_its_markers() -> None:
    count = analysis(CLEAR).gating.count("singlets")
    assert pictures()["map-cd45-ssc"].title == f"CD45 × SSC: singlets, {count:,}"


def test_the_alt_text_has_axes_counts_and_who_is_seen() -> None:
    alt = pictures(MRD)["blasts"].alt
    assert alt.startswith("CD45 V500-C (V500-C-A) × SSC (SSC-A). ")
    assert "blasts: 187 / 194 CD7-positive (96.4 %)" in alt
    assert alt.endswith("blasts 187 (96.4 %).")


def test_the_alt_text_of_cd5_has_state_share_band_and_cut() -> None:
    alt = pictures(MRD)["cd5-overlay"].alt
    for words in (
        "CD5 on the blasts: BORDERLINE",
        "CD5-positive: 84.0 % (157 / 187)",
        "Range under other cut-offs: 83.6–87.1 %",
        "Cut: internal negative, ",
        "blasts 187",
        "normal T cells 9,711",
    ):
        assert words in alt


def test_cells_removed_with_time_are_counted_from_all_events() -> None:
    stable = analysis(CLOGGED).gating.count("stable")
    assert f"stable time: {stable:,} / 20,000 all events" in pictures(CLOGGED)["stable"].alt


def test_a_tube_without_cd5_has_no_picture_of_it() -> None:
    assert "cd5-overlay" not in pictures(NO_CD5)


def test_captions_and_alt_texts_follow_the_language_and_pictures_do_not() -> None:
    english, chinese = pictures(MRD), pictures(MRD, "zh")
    assert chinese["blasts"].title != english["blasts"].title
    assert "原始细胞" in chinese["blasts"].alt
    assert {p.svg for p in english.values()} == {p.svg for p in chinese.values()}
    assert [p.png for p in english.values()] == [p.png for p in chinese.values()]


def test_a_share_of_nobody_is_unknown() -> None:
    one = analysis(CLEAR)
    nobody = Members({name: mask & False for name, mask in one.gating.members.items()})
    empty = with_members(one, replace(one.gating, members=nobody))
    wording = load_wording("en")
    found = {picture.name: picture for picture in report_pictures(empty, wording)}
    assert (
        found["cells"].title
        == f"cells without debris: 0 / 0 stable time ({wording.phrases.unknown})"
    )


@pytest.mark.parametrize("name", [CLEAR, MRD])
def test_a_page_with_every_picture_stays_small(name: str) -> None:
    page = render_html(analysis(name).result, tuple(pictures(name).values()))
    assert len(page.encode()) < 1_800_000
