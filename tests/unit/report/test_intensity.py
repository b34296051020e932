"""Page one on how bright CD5 is: a line that stands beside the state for every share."""

from __future__ import annotations

from typing import Any

import pytest

from cd5flow.model.result import IntensitySection, Pattern
from cd5flow.report.answer import answer
from cd5flow.report.intensity import intensity
from cd5flow.report.wording import languages, load_wording
from support.report_factory import make_cd5, make_result, unknown_cd5

ENGLISH = load_wording("en")


def seen(percent: float | None, *, far_below: bool | None) -> IntensitySection:
    return IntensitySection(
        difference=100.0,
        ratio=10.0,
        percent_of_t_cells=percent,
        far_below_t_cells=far_below,
        far_below_fold=10,
    )


def lines(**cd5: Any) -> list[str]:
    (told,) = intensity(make_cd5(**cd5), ENGLISH)
    assert told.label == "CD5 intensity"
    return told.value.text.split("; ")


def test_a_bright_share_tells_its_median_beside_the_state() -> None:
    told = lines(
        percent=97.0,
        pattern=Pattern.BRIGHT,
        intensity=seen(64.2, far_below=False),
        etp_component=False,
    )
    assert told == [
        "Pattern: bright",
        "median 64 % of normal T cells (3,673 against 8,849)",
        "CD5 part of ETP (no diagnosis): not met",
    ]


def test_dim_and_ten_fold_below_stand_beside_a_share_that_meets() -> None:
    told = lines(
        percent=97.0,
        pattern=Pattern.DIM,
        intensity=seen(8.213, far_below=True),
        etp_component=True,
    )
    assert told == [
        "Pattern: dim",
        "median 8.2 % of normal T cells (3,673 against 8,849)",
        "CD5 part of ETP (no diagnosis): met",
        "10-fold below normal T",
    ]


def test_blasts_about_zero_have_no_share_of_t_cells() -> None:
    told = lines(intensity=seen(None, far_below=True), etp_component=True)
    assert told[1].startswith("median ≤ 0 % of normal T cells")


@pytest.mark.parametrize("unseen", [None, seen(None, far_below=None)])
def test_without_normal_t_cells_that_is_said(unseen: IntensitySection | None) -> None:
    told = lines(intensity=unseen, etp_component=None, pattern=None)
    assert told == [
        "Pattern: unknown",
        "no normal T cells to compare with",
        "CD5 part of ETP (no diagnosis): unknown",
    ]


def test_without_a_share_there_is_nothing_to_stand_beside() -> None:
    assert list(intensity(unknown_cd5(), ENGLISH)) == []


@pytest.mark.parametrize("language", languages())
def test_every_language_tells_both(language: str) -> None:
    wording = load_wording(language)
    cd5 = make_cd5(intensity=seen(8.2, far_below=True), etp_component=True)
    (told,) = intensity(cd5, wording)
    assert "8.2 %" in told.value.text
    assert "10" in told.value.text.split("ETP")[1]


def test_the_corrected_share_stands_beside_the_count() -> None:
    cd5 = make_cd5(percent_corrected=66.04)
    first = answer(make_result(cd5=cd5), ENGLISH).cd5.lines[0]
    assert first == "4,623 of 6,669 blasts; 66.0 % without contaminating cells"
