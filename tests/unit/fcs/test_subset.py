"""Some events of a file as a file of their own: the same bytes an event, the same keywords."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cd5flow.errors import FcsUnsupportedError, OptionError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.subset import write_subset
from cd5flow.model.events import Mask
from support.fcs_factory import fcs
from support.fcs_quirks import QUIRKS

ODD = np.array([False, True, False, True, True])
ROWS = [(float(n), n + 0.25) for n in range(5)]


def tube(folder: Path, content: bytes) -> Path:
    path = folder / "tube.fcs"
    path.write_bytes(content)
    return path


def every_other(count: int) -> Mask:
    chosen: Mask = np.arange(count) % 2 == 1
    return chosen


def test_events_that_are_inside_are_written_in_their_order(tmp_path: Path) -> None:
    path = tube(tmp_path, fcs(ROWS))
    assert write_subset(path, tmp_path / "out.fcs", ODD) == 3
    written = read_fcs(tmp_path / "out.fcs")
    assert written.events.tolist() == [[1.0, 1.25], [3.0, 3.25], [4.0, 4.25]]


def test_keywords_stay_as_they_were_but_for_what_counts_and_places(tmp_path: Path) -> None:
    told = {"$SMNO": "Müller, Ä.", "PATIENT NAME": "as given", "$P1S": "CD5 PE", "$VOL": "12"}
    path = tube(tmp_path, fcs(ROWS, keywords={**told, "$FIL": "old.fcs"}))
    write_subset(path, tmp_path / "out.fcs", ODD, keywords={"CD5FLOW_POPULATION": "all/blasts"})
    keywords = read_fcs(tmp_path / "out.fcs").keywords
    assert {name: keywords[name] for name in told} == told
    assert (keywords["$TOT"], keywords["$FIL"]) == ("3", "out.fcs")
    assert keywords["CD5FLOW_POPULATION"] == "all/blasts"
    assert keywords["$ORIGINALITY"] == "DataModified"


@pytest.mark.parametrize("name", QUIRKS)
def test_whatever_is_read_is_read_alike_from_its_part(tmp_path: Path, name: str) -> None:
    path = tube(tmp_path, QUIRKS[name].content)
    whole = read_fcs(path)
    inside = every_other(len(whole.events))
    write_subset(path, tmp_path / "out.fcs", inside, dataset=whole.dataset)
    part = read_fcs(tmp_path / "out.fcs")
    # A Time joined of two words counts from the part's own first event.
    stored = len(whole.channels) - any(c.word_of_time for c in whole.channels)
    events = whole.events[inside][:, :stored]
    assert np.array_equal(part.events[:, :stored].view(np.uint32), events.view(np.uint32))
    assert [c.detector for c in part.channels] == [c.detector for c in whole.channels]
    assert [c.label for c in part.channels] == [c.label for c in whole.channels]


def test_a_population_of_nobody_is_a_file_without_events(tmp_path: Path) -> None:
    path = tube(tmp_path, fcs(ROWS))
    assert write_subset(path, tmp_path / "out.fcs", np.zeros(5, dtype=np.bool_)) == 0
    assert read_fcs(tmp_path / "out.fcs").events.shape == (0, 2)


def test_the_tube_itself_is_never_replaced(tmp_path: Path) -> None:
    path = tube(tmp_path, fcs(ROWS))
    with pytest.raises(OptionError, match="is the tube itself"):
        write_subset(path, path, ODD)
    assert len(read_fcs(path).events) == 5


def test_a_list_of_another_length_is_refused(tmp_path: Path) -> None:
    path = tube(tmp_path, fcs(ROWS))
    with pytest.raises(FcsUnsupportedError, match="holds 5 events, expected 4"):
        write_subset(path, tmp_path / "out.fcs", ODD[:4])
    assert not (tmp_path / "out.fcs").exists()
