from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image

from cd5flow.model.names import BLASTS
from cd5flow.review.bitmap import BINS, density_png
from cd5flow.review.session import TubeSession
from support import analysed


@cache
def session() -> TubeSession:
    return TubeSession(analysed.analysis(analysed.CLEAR))


def picture(gate: str, population: str | None = None) -> Image.Image:
    view = session().views(gate)[0]
    colour = None if population is None else (213, 94, 0)
    return Image.open(io.BytesIO(session().picture(view, population, colour)))


def test_bins_hold_all_events_and_beyond_lies_at_the_border() -> None:
    drawn = np.asarray(picture("cells"))
    assert drawn.shape == (BINS, BINS)


def test_a_population_covers_no_more_than_its_parent() -> None:
    view = session().views(BLASTS)[0]
    whole = np.asarray(Image.open(io.BytesIO(session().picture(view, None, None)))) > 0
    part = np.asarray(Image.open(io.BytesIO(session().picture(view, BLASTS, (213, 94, 0))))) > 0
    assert part.any()
    assert not (part & ~whole).any()
    assert part.sum() < whole.sum()


def test_an_empty_population_is_a_clear_picture() -> None:
    view = session().views(BLASTS)[0]
    nobody = np.zeros(len(session().automatic.tube.fcs.raw), dtype=np.bool_)
    drawn = density_png(session().automatic.tube.columns, nobody, view.x, view.y)
    assert not np.asarray(Image.open(io.BytesIO(drawn))).any()
