"""Files that somebody broke: refused with an FcsError or read, never anything else."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cd5flow.errors import FcsError, FcsTruncatedError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.source import Source
from support.fcs_factory import fcs, packed

EVENTS = [[float(i), 2.0 * i, 3.0] for i in range(20)]
KEYWORDS = (
    *("$PAR", "$TOT", "$BEGINDATA", "$ENDDATA", "$NEXTDATA", "$BEGINSTEXT", "$ENDSTEXT"),
    *("$BYTEORD", "$DATATYPE", "$MODE", "$TIMESTEP", "$DATE", "$BTIM", "$BEGINDATETIME"),
    *("$BEGINANALYSIS", "$ENDANALYSIS", "$ENDDATETIME", "$ETIM", "$DFC1TO2", "$P2S"),
    *("$SPILLOVER", "$COMP", "$P1B", "$P1E", "$P1G", "$P1N", "$P1R", "$P1V", "$P1DATATYPE"),
)
SPILL = "2,A,B,1,0.1,0.2,1"
SEEDS = {
    "float": fcs(EVENTS, keywords={"$SPILLOVER": SPILL, "$DATE": "18-JUL-2014"}),
    "double": fcs(EVENTS, datatype="D", bits=64, order="4,3,2,1"),
    "integer": fcs(EVENTS, datatype="I", bits=16, ranges=1024, keywords={"$P1E": "4,1"}),
    "mixed": fcs(EVENTS, datatype="I", bits=[8, 24, 32], ranges=[256, 1024, 2**20]),
    "old": fcs(EVENTS, version="2.0", keywords={"$TOT": None, "$P1G": "2"}),
    "clock": fcs(EVENTS, datatype="I", ranges=65_536, names=["TIME_MSW", "TIME_LSW", "FL1"]),
    "percentages": fcs(EVENTS, version="2.0", keywords={"$DFC1TO2": "20", "$DFC2TO3": "5"}),
    "packed": fcs(
        EVENTS, datatype="I", bits=10, data=packed([[1] * 75], datatype="I", bits=8), end=b"  "
    ),
}


def survive(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        file = read_fcs(path)
    except FcsError as error:
        refusal = str(error)
    else:
        assert file.events.shape[1] == len(file.channels)
        return
    assert refusal.startswith(path.name)
    assert "\n" not in refusal


@pytest.mark.parametrize("seed", sorted(SEEDS))
def test_flipped_cut_and_spliced_files_are_read_or_refused(tmp_path: Path, seed: str) -> None:
    original = SEEDS[seed]
    chance = random.Random(seed)  # noqa: S311 - a repeatable choice of faults
    path = tmp_path / "tube.fcs"
    for _ in range(400):
        content = bytearray(original)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(content))
            match chance.randrange(5):
                case 0:
                    content[at] = chance.randrange(256)
                case 1:
                    content[at] = chance.choice(b"0123456789/,$PBNR ")
                case 2:
                    del content[at : at + chance.randint(1, 20)]
                case 3:
                    content[at:at] = bytes(chance.choices(b"0/9\0$", k=chance.randint(1, 12)))
                case _:
                    source = chance.randrange(len(content))
                    content[at : at + 8] = content[source : source + 8]
            if not content:
                break
        survive(path, bytes(content))


@given(
    st.lists(st.integers(-1, 10**8).map(lambda n: f"{n:>8}"[:8]), min_size=6, max_size=6),
    st.sampled_from(sorted(SEEDS)),
)
@example(["       0"] * 6, "float")
def test_any_offsets_in_header_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[str], seed: str
) -> None:
    original = SEEDS[seed]
    path = tmp_path_factory.getbasetemp() / "header.fcs"
    survive(path, original[:10] + "".join(offsets).encode() + original[58:])
    # The place of TEXT kept, so that the rest is reached.
    survive(path, original[:26] + "".join(offsets[2:]).encode() + original[58:])


@given(
    st.sampled_from(KEYWORDS),
    st.one_of(
        st.text(max_size=12),
        st.integers(-5, 10**12).map(str),
        st.floats().map(repr),
        st.lists(st.integers(0, 5), max_size=9).map(lambda n: ",".join(map(str, n))),
    ),
    st.sampled_from(["I", "F", "D"]),
)
@example("$P1R", "1e300", "I")
@example("$NEXTDATA", "17592186040321", "I")
@example("$P1G", "1e-300", "F")
@example("$P1E", "18,1e9", "I")
def test_any_value_of_a_keyword_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, keyword: str, value: str, datatype: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "keyword.fcs"
    content = fcs(
        EVENTS,
        datatype=datatype,
        bits=64 if datatype == "D" else 32,
        keywords={keyword: value.encode("utf-8", "replace").decode()},
    )
    survive(path, content)


@given(st.binary(max_size=200))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "text.fcs"
    survive(path, fcs([[1.0]], text=text or b"/"))
    survive(path, fcs([[1.0]], text=b"/$PAR/1/$TOT/1/" + text))


def test_a_declared_size_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "tube.fcs"
    events = 2 * 10**9
    keywords = {"$TOT": str(events), "$ENDDATA": str(999 + 12 * events), "$BEGINDATA": "1000"}
    path.write_bytes(fcs(EVENTS, keywords=keywords))
    tracemalloc.start()
    try:
        with pytest.raises(FcsTruncatedError):
            read_fcs(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


@pytest.fixture
def bytes_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of every read from the file: how much work the file could ask for."""
    sizes: list[int] = []
    plain = Source._fill

    def counted(source: Source, offset: int, buffer: npt.NDArray[np.uint8]) -> int:
        sizes.append(buffer.nbytes)
        return plain(source, offset, buffer)

    monkeypatch.setattr(Source, "_fill", counted)
    return sizes


def test_of_thousands_of_data_sets_a_few_are_looked_at(
    tmp_path: Path, bytes_read: list[int]
) -> None:
    path = tmp_path / "tube.fcs"
    plain = fcs([[1.0]], keywords={"$NEXTDATA": "000000"})
    one = fcs([[1.0]], keywords={"$NEXTDATA": f"{len(plain):06d}"})
    path.write_bytes(one * 20_000)
    assert read_fcs(path).dataset_count == 64
    assert sum(bytes_read) < 100 * len(one)


def test_one_text_does_not_serve_many_data_sets(tmp_path: Path, bytes_read: list[int]) -> None:
    path = tmp_path / "tube.fcs"
    whole = fcs([[1.0]], keywords={"$NEXTDATA": "000058", "NOTE": "x" * 50_000})
    size, count = int(whole[18:26]) - 57, 60
    headers = [
        f"FCS3.1    {58 * left:>8}{58 * left + size - 1:>8}{0:>8}{0:>8}{0:>8}{0:>8}".encode()
        for left in range(count, 0, -1)
    ]
    content = b"".join(headers) + whole[58:]
    survive(path, content)
    assert sum(bytes_read) < 3 * len(content)


def test_one_supplement_does_not_serve_many_data_sets(
    tmp_path: Path, bytes_read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cd5flow.fcs.datasets.TEXT_BYTES", 100_000)
    note = b"/NOTE/" + b"x" * 90_000 + b"/"
    content, count = b"", 30
    for number in range(count):
        keywords = {"$NEXTDATA": "000000", "$BEGINSTEXT": "00000000", "$ENDSTEXT": "00000000"}
        size = len(fcs([[1.0]], keywords=keywords))
        begin = (count - number) * size  # the end of the file, from this data set
        places = (size, begin, begin + len(note) - 1)
        given = zip(keywords, (f"{place:08d}" for place in places), strict=True)
        content += fcs([[1.0]], keywords={k: v[-len(keywords[k]) :] for k, v in given})
    survive(tmp_path / "tube.fcs", content + note)
    assert sum(bytes_read) < 3 * len(content + note)


MEGABYTES = 2_000_000
GREEDY = {
    "many keywords": fcs(
        [[1.0]],
        text=b"/$BEGINDATA/@BEGIN@/$ENDDATA/@END@/$BYTEORD/1,2,3,4/$DATATYPE/F/$PAR/1/$TOT/1/"
        b"$P1B/32/$P1N/A/$P1R/1024/" + b"".join(b"K%d/v/" % n for n in range(30_000)),
    ),
    "many channels": fcs([[1.0] * 3_000] * 3, names=[f"C{n}" for n in range(3_000)]),
    "channels of one name": fcs([[1] * 3_000] * 3, datatype="I", bits=24, names=["C"] * 3_000),
    "bytes": fcs(
        [[0]],
        datatype="I",
        bits=8,
        ranges=256,
        data=bytes(MEGABYTES),
        keywords={"$TOT": str(MEGABYTES), "$P1E": "4,1"},
    ),
    "packed bits": fcs(
        [[0]],
        datatype="I",
        bits=9,
        ranges=512,
        data=bytes(MEGABYTES),
        keywords={"$TOT": str(MEGABYTES * 8 // 9)},
    ),
    "wide integers": fcs(
        [[0]],
        datatype="I",
        bits=56,
        ranges=2**56,
        data=bytes(MEGABYTES // 7 * 7),
        keywords={"$TOT": str(MEGABYTES // 7), "$P1E": "4,1"},
    ),
}


@pytest.mark.parametrize("kind", sorted(GREEDY))
def test_no_kind_of_file_takes_twenty_times_its_size(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "tube.fcs"
    path.write_bytes(GREEDY[kind])
    read_fcs(path)  # what is loaded once does not count
    tracemalloc.start()
    try:
        read_fcs(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    blocks = 20_000_000  # of half a megabyte, on their way through the decoder
    assert peak < 20 * len(GREEDY[kind]) + blocks
