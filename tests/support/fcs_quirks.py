"""The small corpus: what real cytometers write oddly, each in a tiny file with its true values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from support.fcs_factory import fcs, packed

Rows = Sequence[Sequence[float]]
PLAIN = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
SCALED = [[0.0, 64.0], [128.0, 255.0]]


@dataclass(frozen=True)
class Quirk:
    """One oddity.

    Attributes:
        content: the file.
        events: the true values.
        codes: findings that say how it was settled; none where nothing was unclear.
    """

    content: bytes
    events: Rows
    codes: tuple[str, ...] = ()


def _several(second: bytes, **first: str) -> bytes:
    """Put a data set behind a plain one."""
    plain = fcs(PLAIN, keywords={"$NEXTDATA": "000000", **first})
    return fcs(PLAIN, keywords={"$NEXTDATA": f"{len(plain):06d}", **first}) + second


def _beyond(names: tuple[str, str], segment: bytes) -> bytes:
    """Put a segment behind DATA."""
    begin = len(fcs(PLAIN, keywords=dict.fromkeys(names, "00000000")))
    last = begin + len(segment) - 1
    places = {names[0]: f"{begin:08d}", names[1]: f"{last:08d}"}
    return fcs(PLAIN, keywords=dict(places), end=segment)


def _integers(events: Rows, bits: int | list[int], **more: object) -> bytes:
    return fcs(events, datatype="I", bits=bits, ranges=more.pop("ranges", 256), **more)  # type: ignore[arg-type]


def _ten_bits() -> bytes:
    bits = "".join(f"{value:010b}" for value in (1, 1023, 512, 5))
    return int(bits, 2).to_bytes(5, "big")


TAGGED = [[0x1005, 0x2FFF]]
LOGARITHMS = [[10 ** (4 * x / 256) for x in row] for row in SCALED]
TEN = [[1.0, 1023.0], [512.0, 5.0]]

QUIRKS: dict[str, Quirk] = {
    **{f"FCS {v}": Quirk(fcs(PLAIN, version=v), PLAIN) for v in ("2.0", "3.0", "3.1", "3.2")},
    "kinds that differ by channel": Quirk(
        fcs(
            [[0, 0]] * 2,
            version="3.2",
            bits=[16, 32],
            keywords={"$P1DATATYPE": "I"},
            data=b"".join(packed([[a]], datatype="I", bits=16) + packed([[b]]) for a, b in SCALED),
        ),
        SCALED,
    ),
    "float 64": Quirk(fcs(PLAIN, datatype="D", bits=64), PLAIN),
    **{
        f"integers of {bits} bits": Quirk(_integers(SCALED, bits), SCALED)
        for bits in (8, 16, 24, 32)
    },
    "integers of 10 bits": Quirk(
        _integers([[0, 0]] * 2, 10, ranges=1024, order="4,3,2,1", data=_ten_bits()), TEN
    ),
    "10 bits in 16": Quirk(
        _integers([[0, 0]] * 2, 10, ranges=1024, data=packed(TEN, datatype="I", bits=16)),
        TEN,
        ("WIDTH",),
    ),
    "mixed widths": Quirk(_integers(SCALED, [8, 24]), SCALED),
    **{
        f"byte order {order}": Quirk(fcs(PLAIN, order=order), PLAIN)
        for order in ("4,3,2,1", "3,4,1,2")
    },
    "logarithms": Quirk(_integers(SCALED, 16, keywords={"$P1E": "4,1", "$P2E": "4,0"}), LOGARITHMS),
    "gain": Quirk(fcs(PLAIN, keywords={"$P1G": "2"}), [[a / 2, b] for a, b in PLAIN]),
    "bits above the range": Quirk(_integers(TAGGED, 16, ranges=4096), [[5.0, 4095.0]]),
    "floats that keep a logarithm": Quirk(
        fcs(PLAIN, keywords={"$P1E": "4,1"}), PLAIN, ("FLOAT_AMPLIFICATION",)
    ),
    "doubled delimiters": Quirk(fcs(PLAIN, keywords={"FILTER": "561//10 nm"}), PLAIN),
    "unescaped delimiters": Quirk(
        fcs(PLAIN, keywords={"PATH": "a/b", "$CYT": "C6"}), PLAIN, ("TEXT_UNESCAPED",)
    ),
    "an empty value": Quirk(fcs(PLAIN, keywords={"$INST": "", "$CYT": "C6"}), PLAIN),
    "another delimiter": Quirk(fcs(PLAIN, delimiter="\x0c"), PLAIN),
    "padding before the first keyword": Quirk(fcs(PLAIN, padding=b" " * 40), PLAIN),
    "Latin-1": Quirk(
        fcs(PLAIN, encoding="latin-1", keywords={"$P1S": "µ"}), PLAIN, ("TEXT_ENCODING",)
    ),
    "MacRoman": Quirk(
        fcs(PLAIN, encoding="mac_roman", keywords={"CREATOR": "CELLQuest™"}),
        PLAIN,
        ("TEXT_ENCODING",),
    ),
    "supplemental TEXT": Quirk(_beyond(("$BEGINSTEXT", "$ENDSTEXT"), b"/$CYT/C6/"), PLAIN),
    "ANALYSIS": Quirk(_beyond(("$BEGINANALYSIS", "$ENDANALYSIS"), b"/GATE/R1/"), PLAIN),
    "HEADER that disagrees": Quirk(
        fcs(PLAIN, header_data=(100, 123)), PLAIN, ("OFFSETS_DISAGREE",)
    ),
    "TEXT that disagrees": Quirk(
        fcs(PLAIN, keywords={"$BEGINDATA": "00000300", "$ENDDATA": "00000301"}),
        PLAIN,
        ("OFFSETS_DISAGREE",),
    ),
    "DATA ends a byte late": Quirk(fcs(PLAIN, data_end=1), PLAIN, ("DATA_END",)),
    "DATA ends a byte early": Quirk(fcs(PLAIN, data_end=-1), PLAIN, ("DATA_END",)),
    "blank HEADER": Quirk(fcs(PLAIN, header_data=" " * 16), PLAIN, ("HEADER_BLANK",)),
    "$PAR too low": Quirk(fcs(PLAIN, keywords={"$PAR": "1"}), PLAIN, ("PAR_TOO_LOW",)),
    "$TIMESTEP that is no number": Quirk(
        fcs(PLAIN, keywords={"$TIMESTEP": "xxxx"}), PLAIN, ("TIMESTEP_UNREADABLE",)
    ),
    "Time as two words": Quirk(
        _integers([[0, 65_530], [1, 4]], 16, ranges=65_536, names=["TIME_MSW", "TIME_LSW"]),
        [[0.0, 65_530.0, 65_530.0], [1.0, 4.0, 65_540.0]],
        ("TIME_JOINED",),
    ),
    "channels of one name": Quirk(fcs(PLAIN, names=["A", "A"]), PLAIN, ("DUPLICATE_CHANNEL",)),
    "two data sets": Quirk(
        _several(fcs([[9.0, 9.0]], ranges=2**20)), [[9.0, 9.0]], ("SEVERAL_DATA_SETS",)
    ),
    "no events": Quirk(fcs([]), [], ("NO_EVENTS",)),
    "no $TOT": Quirk(fcs(PLAIN, version="2.0", keywords={"$TOT": None}), PLAIN, ("TOT_ABSENT",)),
    "NaN": Quirk(fcs([[np.nan, 1.0]]), [[np.nan, 1.0]], ("NOT_FINITE",)),
}
