"""What broken files do to the program: tubes, sheets, YAML, XML and workbooks, each mutated.

    python benchmarks/hostile_inputs.py [--copies 600] [--seed 1] [--seconds 600]

Every copy goes in process the way that a command takes it. Counted are its exit codes: 0 read, 1 and 2
refused, 70 a bug. Warnings are errors. What took longest is told with its seconds of processor time.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from cd5flow.batch.plan import make_plan
from cd5flow.cli.commands import program
from cd5flow.criteria.clinical import load_clinical
from cd5flow.errors import Cd5FlowError
from cd5flow.fcs import read_fcs
from cd5flow.fcs.write import write_fcs
from cd5flow.interop.gates import read_gates
from cd5flow.report.lab import read_logo
from reading_fuzz import mutate as mutate_tube

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "sample_fcs"
Take = Callable[[Path], object]
WORDS = (
    *(b"", b"\0", b"\xff", b"\n", b",", b";", b'"', b"'", b"<", b">", b"&", b"]]>", b"<!--", b"%s"),
    *(
        b"nan",
        b"inf",
        b"1e309",
        b"-1",
        b"9" * 400,
        b"../../x",
        b"&x;",
        b"<!DOCTYPE a>",
        b"xmlns:x=''",
    ),
    *(
        b"- ",
        b": ",
        b"{",
        b"}",
        b"[",
        b"]",
        b"*a",
        b"&a ",
        b"!!python/x ",
        b"| ",
        b"\t",
        b"~",
        b"=1+1",
    ),
    *("張三".encode(), "\u202e".encode(), b"\xed\xa0\x80", b"A" * 5000),
)


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Return a copy with a few words put in, bytes changed, stretches taken out, doubled or moved."""
    broken = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(broken) + 1)
        match chance.randrange(6):
            case 0:
                broken[at:at] = chance.choice(WORDS)
            case 1 if at < len(broken):
                broken[at] = chance.randrange(256)
            case 2:
                del broken[at : at + chance.randint(1, 200)]
            case 3:
                broken[at:at] = broken[at : at + chance.randint(1, 500)]
            case 4:
                there = chance.randrange(len(broken) + 1)
                broken[at:at] = broken[there : there + chance.randint(1, 100)]
            case _:
                broken[at : at + chance.randint(1, 9)] = chance.choice(WORDS)
    keep = chance.choice([len(broken)] * 4 + [chance.randrange(len(broken) + 1)])
    return bytes(broken[:keep])


def mutate_workbook(content: bytes, chance: random.Random) -> bytes:
    """Return a workbook with a member changed, doubled or missing, or with its own bytes changed."""
    if chance.random() < 0.3:
        return mutate(content, chance)
    made = io.BytesIO()
    with (
        warnings.catch_warnings(),
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        warnings.simplefilter("ignore")  # of a name that stands twice, on purpose
        names = old.namelist()
        changed = set(chance.sample(names, chance.randint(1, 3)))
        for name in names:
            member = old.read(name)
            if name in changed and chance.random() < 0.15:
                continue
            new.writestr(name, mutate(member, chance) if name in changed else member)
            if name in changed and chance.random() < 0.05:
                new.writestr(name, member)
    return made.getvalue()


def command(*words: str) -> Take:
    """Return what runs a command of the program on a file, in this process."""

    def take(path: Path) -> None:
        with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
            program()([*words, str(path)], standalone_mode=False)

    return take


def take_gates(path: Path) -> None:
    """Read a file of gates, and the gates of every tube in it."""
    for one in read_gates(path, {"blasts": "blasts"}).sets:
        one.gates()


def take_logo(path: Path) -> None:
    """Look at a logo as a laboratory's file names it."""
    with contextlib.suppress(ValueError):
        read_logo(path.read_bytes())


def plan(path: Path) -> None:
    """Read a sheet and every file that it names."""
    make_plan(path, words={})


def outcome(take: Take, path: Path) -> tuple[str, float]:
    """Return the exit code that a file ends in, and seconds of the processor."""
    start = time.process_time()
    code = "0"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            take(path)
    except Cd5FlowError as refused:
        code = str(refused.exit_code)
    except SystemExit as ended:
        code = str(ended.code)
    except BaseException as bug:
        if isinstance(bug, KeyboardInterrupt):
            raise
        where = traceback.extract_tb(bug.__traceback__)[-1]
        code = f"70 {type(bug).__name__} at {Path(where.filename).name}:{where.lineno}"
    return code, time.process_time() - start


def _few_events(path: Path) -> bytes:
    """Return a tube of a few hundred events, so that its TEXT is what counts."""
    fcs = read_fcs(path)
    extra = {name: fcs.keywords[name] for name in _KEPT if name in fcs.keywords}
    with tempfile.TemporaryDirectory() as folder:
        there = Path(folder, "few.fcs")
        write_fcs(there, fcs.events[:300], channels=fcs.channels, keywords=extra)
        return there.read_bytes()


_KEPT = ("$CYT", "$DATE", "$BTIM", "$ETIM", "$TIMESTEP", "$SPILLOVER", "$FIL", "$SRC")


def _workbook() -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - for workbooks alone

    book = Workbook()
    sheet = book.active
    sheet.append(["file", "sample_id", "timepoint", "collected_at", "dataset"])
    for n in range(20):
        sheet.append(["p01-clear-positive.fcs", f"S{n}", "relapse", "2026-01-31", 1])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _kinds() -> dict[str, list[tuple[str, bytes, Take, Callable[..., bytes]]]]:
    """Return the kinds of input: each with files, what takes them, and what breaks them."""
    tubes = [
        SAMPLES / f"{name}.fcs" for name in ("p01-clear-positive", "p05-cd5-negative-four-colour")
    ]
    small = [
        ("protocols", "cd5-cart-90"),
        ("protocols", "cd5-cart-50"),
        ("strategies", "t-all-relapse"),
    ]
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><style>a{fill:url(#a)}</style>'
    svg += b'<defs><linearGradient id="a"/></defs><rect width="5" height="5" style="fill:url(#a)"/></svg>'
    clinical = json.dumps(
        {"patient_id": "P1", "age_years": 9, "ecog": 1, "assessed_on": "2026-01-01"}
    )
    sheet = (SAMPLES / "samples.csv").read_bytes()
    return {
        "tubes": [
            ("tube.fcs", _few_events(t), command("inspect", "--json"), mutate_tube) for t in tubes
        ],
        "sheets": [("samples.csv", sheet, plan, mutate)],
        "YAML and JSON": [
            *(
                (
                    "rules.yaml",
                    (ROOT / "gating" / kind / f"{name}.yaml").read_bytes(),
                    command(kind, "check"),
                    mutate,
                )
                for kind, name in small
            ),
            ("clinical.yaml", clinical.encode(), load_clinical, mutate),
        ],
        "XML": [
            ("gates.xml", _gates(), take_gates, mutate),
            ("study.wsp", _workspace(), take_gates, mutate),
            ("logo.svg", svg, take_logo, mutate),
        ],
        "workbooks": [("samples.xlsx", _workbook(), plan, mutate_workbook)],
    }


_ISAC = "http://www.isac-net.org/std/Gating-ML/v2.0"
SPACES = " ".join(
    f'xmlns:{prefix}="{_ISAC}/{name}"'
    for prefix, name in (
        ("gating", "gating"),
        ("transforms", "transformations"),
        ("data-type", "datatypes"),
    )
)


def _side(low: object, high: object, channel: str) -> str:
    axis = f'<data-type:fcs-dimension data-type:name="{channel}"/>'
    return f'<gating:dimension gating:min="{low}" gating:max="{high}">{axis}</gating:dimension>'


def _gates() -> bytes:
    boxes = "".join(
        f'<gating:RectangleGate gating:id="g{n}"'
        + (f' gating:parent_id="g{n - 1}"' if n else "")
        + f">{_side(n, 1000 * n + 5, 'FSC-A')}{_side(1, 9, 'PE-A')}</gating:RectangleGate>"
        for n in range(6)
    )
    parts = '<gating:gateReference gating:ref="g1"/>'
    parts += '<gating:gateReference gating:ref="g2" gating:use-as-complement="true"/>'
    both = f"<gating:and>{parts}</gating:and>"
    both = f'<gating:BooleanGate gating:id="blasts">{both}</gating:BooleanGate>'
    text = f'<?xml version="1.0"?><gating:Gating-ML {SPACES}>{boxes}{both}</gating:Gating-ML>'
    return text.encode()


def _population(name: str, channel: str) -> str:
    box = f"<gating:RectangleGate>{_side(1, 9e4, channel)}</gating:RectangleGate>"
    return f'<Population name="{name}" owningGroup=""><Gate gating:id="{name}">{box}</Gate></Population>'


def _scale(kind: str, channel: str, **parameters: object) -> str:
    written = " ".join(f'transforms:{name}="{value}"' for name, value in parameters.items())
    axis = f'<data-type:parameter data-type:name="{channel}"/>'
    return f"<transforms:{kind} {written}>{axis}</transforms:{kind}>"


def _workspace() -> bytes:
    scales = _scale("linear", "FSC-A", minRange=0, maxRange=262144)
    scales += _scale("biex", "PE-A", length=256, maxRange=262144, neg=0, width=-10, pos=4.5)
    gates = f"{_population('blasts', 'FSC-A')}{_population('b', 'PE-A')}"
    node = f"<Subpopulations>{gates}</Subpopulations>"
    node = f'<SampleNode name="a.fcs" count="9" sampleID="1" owningGroup="">{node}</SampleNode>'
    words = '<Keywords><Keyword name="$TOT" value="9"/></Keywords>'
    sample = '<DataSet uri="file:/x/a.fcs" sampleID="1"/>'
    sample += f"<Transformations>{scales}</Transformations>{words}{node}"
    listed = f"<Groups/><SampleList><Sample>{sample}</Sample></SampleList>"
    root = f'<Workspace version="20.0" flowJoVersion="10.8.1" {SPACES}>{listed}</Workspace>'
    return f'<?xml version="1.0"?>{root}'.encode()


def main() -> None:
    """Print a line of counts a kind, and the bugs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=600, help="of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600, help="longest for all")
    asked = parser.parse_args()
    ends = time.monotonic() + asked.seconds
    bugs: Counter[str] = Counter()
    print(
        "| kind | copies | read | refused, 1 | refused, 2 | 70 | slowest, s |\n|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in ("p01-clear-positive.fcs", "p01-clear-positive_FMO-CD5.fcs"):
            Path(folder, name).write_bytes((SAMPLES / name).read_bytes())
        for kind, files in _kinds().items():
            counts: Counter[str] = Counter()
            slowest = 0.0
            chance = random.Random(f"{asked.seed} {kind}")  # noqa: S311 - repeatable
            for number in range(asked.copies):
                if time.monotonic() > ends:
                    break
                name, content, take, breaks = files[number % len(files)]
                path = Path(folder, name)
                path.write_bytes(breaks(content, chance))
                code, seconds = outcome(take, path)
                counts[code[:2].strip()] += 1
                slowest = max(slowest, seconds)
                if code.startswith("70"):
                    bugs[f"{kind}: {code}"] += 1
            shown = " | ".join(str(counts[code]) for code in ("0", "1", "2", "70"))
            print(f"| {kind} | {counts.total()} | {shown} | {slowest:.2f} |", flush=True)
    for bug, times in bugs.most_common():
        print(f"{times} x {bug}")
    sys.exit(bool(bugs))


if __name__ == "__main__":
    main()
