"""Which pictures stand where in a report, each once, under one numbering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cd5flow.report.parts import Picture, PictureRef, Pictures, PictureUse
from cd5flow.report.wording import Wording

_READ: Final[dict[PictureUse, int]] = {"front": 0, "overview": 1, "annex": 3}
"""In which order the report shows them."""

ACROSS: Final[dict[PictureUse, int]] = {"front": 3, "overview": 3, "annex": 3}
"""How many stand in a row."""


def gallery(
    pictures: Sequence[Picture], use: PictureUse, wording: Wording, *, across: int | None = None
) -> Pictures:
    """Return the pictures of one use side by side, numbered as the whole report reads.

    Args:
        pictures: all of the report.
        use: which of them.
        wording: of their captions.
        across: so many in a row; None is what the use has.
    """
    read = sorted(range(len(pictures)), key=lambda place: _READ[pictures[place].use])
    refs = tuple(
        PictureRef(
            place,
            wording.phrases.picture_of.format(
                number=number, title=wording.term(pictures[place].title)
            ),
            pictures[place].alt,
        )
        for number, place in enumerate(read, start=1)
        if pictures[place].use == use
    )
    return Pictures(refs, across or ACROSS[use])


def front_pictures(pictures: Sequence[Picture], wording: Wording) -> Pictures:
    """Return the pictures of page one: three in a row, or wider ones where a panel has fewer."""
    count = sum(picture.use == "front" for picture in pictures)
    return gallery(pictures, "front", wording, across=min(3, max(2, count)))
