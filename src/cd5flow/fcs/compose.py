"""A data set put together from keywords and the bytes of its events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from cd5flow.errors import FcsUnsupportedError
from cd5flow.fcs.header import HEADER_BYTES
from cd5flow.fcs.write import header, joined

PLACES: Final = (
    *("$BEGINDATA", "$ENDDATA", "$BEGINSTEXT", "$ENDSTEXT", "$BEGINANALYSIS", "$ENDANALYSIS"),
    "$NEXTDATA",
)
"""Keywords that say where something lies; what is put together has its own."""

_DELIMITERS: Final = "|/\\!~^#*;\x0c\x1e\x1f\x1d\x1c\t"
_HEADER_LIMIT: Final = 99_999_999  # eight digits
_CHECKSUM: Final = b"00000000"  # none, as FCS 3 spells it


def compose(
    pairs: Mapping[str, str],
    data: Iterable[bytes],
    *,
    data_bytes: int,
    version: str,
    name: str,
    last: bool = True,
) -> Iterator[bytes]:
    """Yield a data set piece by piece: HEADER, TEXT, DATA, nothing else.

    Args:
        pairs: its keywords, without `PLACES`; no value is empty.
        data: the bytes of DATA, in order.
        data_bytes: how many they are.
        version: of FCS.
        name: of the file, for the message.
        last: whether no other data set follows.

    Raises:
        FcsUnsupportedError: the keywords leave no delimiter.
    """
    checksum = b"" if version == "2.0" else _CHECKSUM
    used = set("".join([*pairs, *pairs.values()]))
    delimiter = next((sign for sign in _DELIMITERS if sign not in used), None)
    if delimiter is None:
        raise FcsUnsupportedError(f"{name}: its keywords use up every delimiter")
    places = dict.fromkeys(PLACES, 0)
    text = _text(places, pairs, delimiter)
    if version == "2.0" and HEADER_BYTES + len(text) + data_bytes <= _HEADER_LIMIT:
        # There HEADER alone says where DATA is, as long as its eight digits reach.
        places = {"$NEXTDATA": 0}
        text = _text(places, pairs, delimiter)
    begin = HEADER_BYTES + len(text)
    total = begin + data_bytes + len(checksum)
    first, final = (begin, begin + data_bytes - 1) if data_bytes else (0, 0)
    told = {"$BEGINDATA": first, "$ENDDATA": final, "$NEXTDATA": 0 if last else total}
    places |= {name: place for name, place in told.items() if name in places}
    yield header(version, text_bytes=len(text), begin=first, end=final)
    yield _text(places, pairs, delimiter)
    yield from data
    yield checksum


def _text(places: Mapping[str, int], pairs: Mapping[str, str], delimiter: str) -> bytes:
    """Return TEXT; the places take the same room whatever they are."""
    return joined(
        {name: f"{place:020d}" for name, place in places.items()} | dict(pairs), delimiter
    )
