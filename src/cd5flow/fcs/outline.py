"""What a file's TEXT says of its data sets: nothing of DATA is read, so a thousand files take seconds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cd5flow.fcs.datasets import are_twins, choose_data_set, completed, read_data_sets
from cd5flow.fcs.layout import read_channels, read_layouts
from cd5flow.fcs.source import open_source
from cd5flow.fcs.text import given
from cd5flow.fcs.timestamps import acquired
from cd5flow.model.events import Channel


@dataclass(frozen=True, slots=True)
class Outline:
    """One data set of a file, as its TEXT tells it.

    Attributes:
        dataset: which data set of the file this is, from 1.
        channels: as `read_fcs` gives them; ranges that only the values tell are ``nan``.
        keywords: TEXT.
        acquired: when acquisition began, ISO 8601; None where the file does not say.
        cytometer: ``$CYT``; None likewise.
    """

    dataset: int
    channels: tuple[Channel, ...]
    keywords: Mapping[str, str]
    acquired: str | None
    cytometer: str | None


def read_outlines(path: str | os.PathLike[str]) -> tuple[Outline, ...]:
    """Return the data set that `read_fcs` takes, and behind it every other well of the file.

    A data set that repeats the events of another in other steps is no well of its own.

    Raises:
        FileAccessError: the file is absent, a folder, or may not be read.
        FcsError: HEADER or TEXT cannot be read.
    """
    path = Path(path)
    with open_source(path) as source:
        sets, _ = read_data_sets(source)
        chosen, _ = choose_data_set(sets, None, name=source.name)
        wells = [chosen] + [
            number
            for number, each in enumerate(sets)
            if number != chosen and each.resolution[0] and not are_twins(each, sets[chosen])
        ]
        outlines = []
        for number in wells:
            data_set, _ = completed(sets, number)
            keywords = data_set.keywords
            layout = read_layouts(keywords, name=source.name)[0]
            channels, _ = read_channels(keywords, layout, name=source.name)
            outlines.append(
                Outline(
                    dataset=number + 1,
                    channels=channels,
                    keywords=keywords,
                    acquired=acquired(keywords),
                    cytometer=given(keywords, "$CYT"),
                )
            )
    return tuple(outlines)
