from __future__ import annotations

import io
from dataclasses import replace
from functools import cache
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from cd5flow.model.members import Members
from cd5flow.model.populations import Gating
from cd5flow.model.states import BurdenState
from cd5flow.pipeline import Analysis
from cd5flow.plots.palette import FAMILIES
from cd5flow.plots.text import phrase
from cd5flow.report.html import render_html
from cd5flow.report.parts import Picture
from cd5flow.report.pictures import picture_words, report_pictures
from cd5flow.report.typesetting import TypstFaultError, rasterise
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
    assert pictures()["map-cd45-ssc"].title == f"CD45 × SSC-A: singlets, {count:,}"


def test_the_alt_text_has_axes_counts_and_who_is_seen() -> None:
    alt = pictures(MRD)["blasts"].alt
    assert alt.startswith("CD45 V500-C-A × SSC-A. ")
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


def words_of(picture: Picture) -> str:
    assert picture.svg is not None
    return " ".join(ET.fromstring(picture.svg).itertext())  # noqa: S314 - our own


def test_captions_alt_texts_and_pictures_follow_the_language() -> None:
    english, chinese = pictures(MRD), pictures(MRD, "zh")
    assert chinese["blasts"].title != english["blasts"].title
    assert "原始细胞" in chinese["blasts"].alt
    for name, words in (("map-cd45-ssc", "粒细胞"), ("cd5-overlay", "阈值"), ("stable", "时间")):
        assert words in words_of(chinese[name])
        assert words not in words_of(english[name])
        assert chinese[name].png != english[name].png


def test_what_lies_in_the_gate_is_called_blasts_only_where_disease_is() -> None:
    assert "blasts 187" in words_of(pictures(MRD)["map-cd45-ssc"])
    result = analysis(MRD).result
    for state, name in (
        (BurdenState.MRD_BELOW_LLOQ, "blasts"),
        (BurdenState.NOT_DETECTED, "in the blast gate"),
        (BurdenState.NOT_EVALUABLE, "in the blast gate"),
    ):
        burden = result.burden.model_copy(update={"state": state})
        words = picture_words(load_wording("en"), result.model_copy(update={"burden": burden}))
        assert words(phrase("family.blasts")) == name


def test_a_short_report_has_pictures_of_no_gate() -> None:
    short = report_pictures(analysis(CLEAR), load_wording("en"), extent="short")
    every = pictures()
    assert [one.svg for one in short] == [every[one.name].svg for one in short]
    assert [one.name for one in short] == [
        name for name, one in every.items() if one.use != "annex"
    ]
    assert [one.name for one in short if one.use == "front"] == [
        "map-cd45-ssc",
        "map-cd3-cycd3",
        "cd5-overlay",
    ]


def test_every_phrase_that_a_picture_needs_is_in_the_language() -> None:
    words = picture_words(load_wording("en"), analysis(CLEAR).result)
    for family in FAMILIES:
        assert words(phrase(f"family.{family.code}"))
    assert words(phrase("cut.fmo")) == "FMO control"
    assert words(phrase("role.fmo")) == "FMO control"
    assert words(phrase("population.t_cells")) == "normal T cells"
    assert words("a\u202eb") == "a[U+202E]b"
    with pytest.raises(ValueError, match="no such words"):
        words(phrase("nothing.such"))


def test_pixels_say_where_the_frame_lies() -> None:
    for name in ("map-cd45-ssc", "cells"):
        with Image.open(io.BytesIO(pictures()[name].png)) as picture:
            left, top, right, bottom = map(int, picture.info["cd5flow frame"].split())
            pixels = np.asarray(picture.convert("L"))
        inside = pixels[top + 3 : bottom - 3, left + 3 : right - 3]
        assert inside.size > 0.3 * pixels.size
        # The frame's own line stands at each edge that was told, in full length.
        for edge in (pixels[top : top + 4], pixels[bottom - 4 : bottom]):
            assert (edge[:, left + 4 : right - 4].min(axis=0) < 130).all()


def test_a_faulty_picture_is_said() -> None:
    with pytest.raises(TypstFaultError):
        rasterise([("title", "<svg")])
    assert rasterise([]) == []


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
