"""Files that somebody broke: refused with an FcsError or read, never anything else."""

from __future__ import annotations

import random
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cd5flow.errors import FcsError, FcsTruncatedError
from cd5flow.fcs import read_fcs
from fcs_factory import fcs, packed

EVENTS = [[float(i), 2.0 * i, 3.0] for i in range(20)]
KEYWORDS = (
    *("$PAR", "$TOT", "$BEGINDATA", "$ENDDATA", "$NEXTDATA", "$BEGINSTEXT", "$ENDSTEXT"),
    *("$BYTEORD", "$DATATYPE", "$MODE", "$TIMESTEP", "$DATE", "$BTIM", "$BEGINDATETIME"),
    *("$SPILLOVER", "$COMP", "$P1B", "$P1E", "$P1G", "$P1N", "$P1R", "$P1V", "$P1DATATYPE"),
)
SPILL = "2,A,B,1,0.1,0.2,1"
SEEDS = {
    "float": fcs(EVENTS, keywords={"$SPILLOVER": SPILL, "$DATE": "18-JUL-2014"}),
    "double": fcs(EVENTS, datatype="D", bits=64, order="4,3,2,1"),
    "integer": fcs(EVENTS, datatype="I", bits=16, ranges=1024, keywords={"$P1E": "4,1"}),
    "mixed": fcs(EVENTS, datatype="I", bits=[8, 24, 32], ranges=[256, 1024, 2**20]),
    "old": fcs(EVENTS, version="2.0", keywords={"$TOT": None, "$P1G": "2"}),
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


@settings(max_examples=200)
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


@settings(max_examples=200)
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


@settings(max_examples=200)
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


def test_thousands_of_data_sets_do_not_take_long(tmp_path: Path) -> None:
    path = tmp_path / "tube.fcs"
    plain = fcs([[1.0]], keywords={"$NEXTDATA": "000000"})
    one = fcs([[1.0]], keywords={"$NEXTDATA": f"{len(plain):06d}"})
    path.write_bytes(one * 20_000)
    begun = time.perf_counter()
    file = read_fcs(path)
    assert time.perf_counter() - begun < 2
    assert file.dataset_count == 64
