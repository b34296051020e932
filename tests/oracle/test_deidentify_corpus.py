"""Copies without the patient of real files: the same events, and no removed value in the bytes."""

from __future__ import annotations

import warnings
from pathlib import Path

import flowio
import numpy as np
import pytest

from cd5flow.config.shipped import deidentify_file
from cd5flow.errors import FcsError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.deidentify import deidentify_fcs
from cd5flow.fcs.privacy import load_rules
from support.paths import SHARED

CORPUS = SHARED / "fcs"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real files is absent")

RULES = load_rules(deidentify_file())
DISTINCT = 6
"""Letters or more, below which a value is in other keywords by chance."""


def _names() -> list[str]:
    files = [path for path in CORPUS.glob("*/*") if path.suffix.lower() in {".fcs", ".lmd"}]
    return sorted(path.relative_to(CORPUS).as_posix() for path in files)


@pytest.mark.parametrize("name", _names())
def test_a_copy_has_the_events_and_no_removed_value(name: str, tmp_path: Path) -> None:
    out = tmp_path / "copy.fcs"
    try:
        written = deidentify_fcs(CORPUS / name, out, RULES)
    except FcsError:
        with pytest.raises(FcsError):
            read_fcs(CORPUS / name)
        assert list(tmp_path.iterdir()) == []
        return
    for one in written.data_sets:
        before, after = (read_fcs(path, dataset=one.number) for path in (CORPUS / name, out))
        np.testing.assert_array_equal(before.events.view("u4"), after.events.view("u4"))
        assert after.channels == before.channels
        assert after.acquired is None
        # Names, labels and the model stay, whatever other keywords repeat of them.
        strict = {key: v for key, v in after.keywords.items() if key not in one.free_text}
        kept = " ".join(strict.values()).casefold()
        gone = {
            value
            for key, value in (before.keywords | before.analysis).items()
            if key not in after.keywords and sum(map(str.isalpha, value)) >= DISTINCT
        }
        names = " ".join(f"{one.detector} {one.label}" for one in after.channels).casefold()
        for value in gone:
            assert value.casefold() not in kept or value.casefold() in names
    assert read_fcs(out).dataset == read_fcs(CORPUS / name).dataset


@pytest.mark.parametrize(
    "name",
    [
        "real/clearllab10c_t_tube.fcs",
        "flowio/100715.fcs",
        "flowio/data1.fcs",
        "node-fcs/Partec.fcs",
        "fcsfiles/BD_Accuri_C6.fcs",
    ],
)
def test_flowio_reads_the_copy_without_being_told_to_look_away(name: str, tmp_path: Path) -> None:
    deidentify_fcs(CORPUS / name, tmp_path / "copy.fcs", RULES)
    theirs = flowio.FlowData(str(tmp_path / "copy.fcs"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        original = flowio.FlowData(str(CORPUS / name), ignore_offset_error=True)
    np.testing.assert_array_equal(
        theirs.as_array(preprocess=False), original.as_array(preprocess=False)
    )
