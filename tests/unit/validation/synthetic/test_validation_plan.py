"""The file that says what a validation simulates."""

from __future__ import annotations

from pathlib import Path

import pytest

from cd5flow.config.shipped import validation_file
from cd5flow.errors import OptionError, StrategyError
from cd5flow.validation.synthetic.plan import load_series, size_of
from support.validation_factory import SHIPPED


def test_the_shipped_series_loads() -> None:
    series = load_series(validation_file()).value
    assert {"quick", "full"} <= set(series.sizes)
    assert series.dilution.levels_percent[0] == 10
    assert len(series.repeat) >= 10


def test_every_topic_says_what_on_which_specimens_and_why() -> None:
    for topic in load_series(SHIPPED).value.repeat:
        assert all((topic.topic, topic.measure, topic.specimens, topic.why, topic.orientation))


def test_no_topic_claims_a_guidelines_approval() -> None:
    text = SHIPPED.read_text(encoding="utf-8").lower()
    for claim in ("per clsi", "according to clsi", "compliant", "complies", "certified", "fda"):
        assert claim not in text


def test_a_size_is_named() -> None:
    series = load_series(SHIPPED).value
    assert size_of("full", series) == series.sizes["full"]


def test_numbers_change_the_quick_size() -> None:
    series = load_series(SHIPPED).value
    quick = series.sizes["quick"]
    assert size_of("accuracy=7, blank=0", series) == quick.model_copy(
        update={"accuracy": 7, "blank": 0}
    )


@pytest.mark.parametrize(
    "words",
    ["", "huge", "accuracy", "accuracy=", "accuracy=-1", "accuracy=1.5", "events=9", "blank=²"],
)
def test_other_words_are_answered_with_what_is_expected(words: str) -> None:
    with pytest.raises(OptionError, match="expected quick, full, or numbers as accuracy=N"):
        size_of(words, load_series(SHIPPED).value)


def test_a_number_beyond_reason_is_refused() -> None:
    with pytest.raises(OptionError, match="at most 100000"):
        size_of("blank=1000000", load_series(SHIPPED).value)


def changed(folder: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = folder / "series.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("[10, 3, 1, 0.3", "[10, 3, 4, 0.3", "must fall"),
        ("levels_percent: [10,", "levels_percent: [100,", "levels_percent"),
        ("  quick: ", "  small: ", "no 'quick'"),
        ("blank: 22 ", "blank: -1 ", "blank"),
        ("r_squared: 0.99", "r_squared: 1.5", "r_squared"),
        ("    why: Simulated cells do not age.", "    because: x", "because"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, old: str, new: str, what: str) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(StrategyError, match=what) as refused:
        load_series(path)
    assert refused.value.message.startswith(f"{path}:")
