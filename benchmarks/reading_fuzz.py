"""What broken and hostile files do to the reader: used by reading.py."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cd5flow.errors import FcsError
from cd5flow.fcs import read_fcs

MOST_SECONDS, MOST_BYTES = (
    2.0,
    2e9,
)  # for 100 MB of file; of the processor, so that others may use it
TEXT = b"/$BEGINDATA/%08d/$ENDDATA/%08d/$BYTEORD/1,2,3,4/$MODE/L/$DATATYPE/%s/$PAR/%d/$TOT/%d"
HOSTILE_CODE = """
import json, re, sys, time
from cd5flow.errors import FcsError
from cd5flow.fcs import read_fcs
def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+([0-9]+) kB", status.read())[1]) * 1024
before, start = peak(), time.process_time()
try:
    told = str(read_fcs(sys.argv[1]).events.shape)
except FcsError as error:
    told = type(error).__name__
print(json.dumps([told, time.process_time() - start, peak() - before]))
"""


@dataclass
class Mutations:
    """What became of the broken copies of one folder.

    Attributes:
        copies: how many were read.
        outcomes: how often each answer came.
        slowest: seconds of the slowest.
    """

    copies: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Return a copy with some bytes of HEADER or TEXT changed, put in, taken out, or cut short."""
    broken = bytearray(content)
    end = int(content[18:26])
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(10, max(11, min(end, len(broken) - 1)))
        match chance.randrange(4):
            case 0:
                broken[at] = chance.randrange(256)
            case 1:
                broken[at : at + 1] = chance.choice([b"0", b"9", b"/", b"\\", b",", b"$P", b""])
            case 2:
                broken[at : at + 8] = b"%08d" % chance.randrange(10**8)
            case _:
                del broken[at : at + chance.randint(1, 400)]
    keep = chance.choice([len(broken), len(broken), chance.randrange(len(broken))])
    return bytes(broken[:keep])


def mutations(files: list[Path], *, copies: int, seed: int) -> Mutations:
    """Read broken copies of every file."""
    found = Mutations()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "broken.fcs"
        for file in files:
            original = file.read_bytes()[:2_000_000]
            if not original.startswith(b"FCS"):
                continue
            chance = random.Random(f"{seed} {file.name}")  # noqa: S311 - repeatable
            for _ in range(copies):
                path.write_bytes(mutate(original, chance))
                start = time.process_time()
                try:
                    read_fcs(path)
                    outcome = "read"
                except FcsError:
                    outcome = "refused by an FcsError"
                except Exception as error:  # noqa: BLE001 - what must not be
                    outcome = f"OTHER: {type(error).__name__}"
                found.slowest = max(found.slowest, time.process_time() - start)
                found.outcomes[outcome] += 1
                found.copies += 1
    return found


def _file(kind: bytes, par: int, tot: int, more: bytes, data: bytes) -> bytes:
    size = len(TEXT % (0, 0, kind, par, tot) + more) + 58
    text = TEXT % (size, size + len(data) - 1, kind, par, tot) + more
    return b"FCS3.1    %8d%8d%8d%8d%8d%8d" % (58, size - 1, 0, 0, 0, 0) + text + data


def _channels(count: int, bits: int, steps: int, more: bytes = b"") -> bytes:
    each = b"".join(
        b"/$P%dB/%d/$P%dN/C%d/$P%dR/%d" % (n, bits, n, n, n, steps) for n in range(1, count + 1)
    )
    return each + more + b"/"


def hostile(data_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Yield files that are made to be expensive."""
    bits = data_bytes * 8
    yield "10-bit integers", _file(b"I", 8, bits // 80, _channels(8, 10, 1024), b"\1" * data_bytes)
    yield (
        "8-bit logarithms",
        _file(b"I", 1, data_bytes, _channels(1, 8, 256, b"/$P1E/4,1"), b"\1" * data_bytes),
    )
    yield "9-bit integers", _file(b"I", 1, bits // 9, _channels(1, 9, 512), b"\1" * data_bytes)
    yield (
        "56-bit logarithms",
        _file(
            b"I",
            1,
            data_bytes // 7,
            _channels(1, 56, 2**56, b"/$P1E/4,1"),
            b"\1" * (data_bytes // 7 * 7),
        ),
    )
    yield (
        "33,000 channels",
        _file(
            b"F",
            33_000,
            data_bytes // 132_000,
            _channels(33_000, 32, 1024),
            b"\0" * (data_bytes // 132_000 * 132_000),
        ),
    )
    keywords = b"".join(b"/K%d/v" % n for n in range(95_000))
    yield "95,000 keywords", _file(b"F", 1, 1, _channels(1, 32, 1024, keywords), b"\0" * 4)
    yield "a declared petabyte", _file(b"F", 1, 10**15, _channels(1, 32, 1024), b"\0" * 4)
    one = _file(b"F", 1, 1, _channels(1, 32, 1024, b"/$NEXTDATA/00000058" + keywords), b"\0" * 4)
    size = int(one[18:26]) - 57
    heads = [
        b"FCS3.1    %8d%8d%8d%8d%8d%8d" % (58 * left, 58 * left + size - 1, 0, 0, 0, 0)
        for left in range(64, 0, -1)
    ]
    yield "64 HEADERs of one TEXT", b"".join(heads) + one[58:]


def hostile_rows(data_bytes: int) -> Iterator[str]:
    """Read each in a fresh process and yield a line of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hostile.fcs"
        for what, content in hostile(data_bytes):
            path.write_bytes(content)
            ran = subprocess.run(
                [sys.executable, "-c", HOSTILE_CODE, str(path)],
                capture_output=True,
                check=False,
                text=True,
            )
            if ran.returncode:
                yield f"| {what} | {len(content) / 1e6:.1f} | ENDED: {ran.stderr.strip()[-80:]} | | | no |"
                continue
            told, seconds, peak = json.loads(ran.stdout)
            share = max(1.0, len(content) / 1e8)
            holds = seconds <= MOST_SECONDS * share and peak <= MOST_BYTES * share
            yield (
                f"| {what} | {len(content) / 1e6:.1f} | {told} | {seconds:.2f} | {peak / 1e6:,.0f} | "
                f"{'yes' if holds else 'NO'} |"
            )


HOSTILE_HEAD = (
    "| file | MB | answer | CPU seconds | peak MB | within 2 s and 2 GB per 100 MB |\n"
    "|---|---|---|---|---|---|"
)
