"""Show what a change of the program changes in its results: `python tools/compare_results.py`.

    PYTHONPATH=before/src python tools/compare_results.py run BEFORE
    PYTHONPATH=after/src  python tools/compare_results.py run AFTER
    python tools/compare_results.py compare BEFORE AFTER

`run` analyses the tubes of `sample_fcs` and those of the shared data beside the checkout (its
folders `cases`, `clinic` and `fcs/real`, each where it is) with the cd5flow that this interpreter
imports. `compare` holds result.json, gates.xml, populations.csv and the visible text of report.html
of two such runs against each other, numbers within 1e-6 of each other; it prints every difference
with its path and ends with 1 where there is one.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

TOLERANCE: Final = 1e-6
"""Relative difference up to which two numbers are the same."""
SAID_OF_THE_RUN: Final = frozenset(
    {
        "digest",
        "provenance.cd5flow",
        "provenance.created",
        "provenance.inputs_sha256",
        "provenance.packages",
        "provenance.python",
        "strategy.laip.sha256",
    }
)
"""Fields of a result that tell when and by what it was made, not what was found."""
NUMBER: Final = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
OF_THE_RUN: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"CD5F(?:-[0-9A-F]{4})+",
        r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\b",
        r"\bnumpy \d.*",
        r"^\d+\.\d+\.\d+\S*$",
    )
)
"""In a report's text: its number, when it was made, and versions."""
UNSEEN: Final = frozenset({"script", "style", "template"})


@dataclass(frozen=True)
class Tube:
    """A tube to analyse, and what is said of it."""

    path: Path
    timepoint: str
    specimen: str = ""
    control: Path | None = None
    laip: Path | None = None
    """The diagnostic tube whose result guides this one."""


def _checkout() -> Path:
    """Return the checkout whose cd5flow is imported here, or the one that this tool lies in."""
    found = find_spec("cd5flow")
    if found is not None and found.origin is not None:
        root = Path(found.origin).resolve().parents[2]
        if (root / "sample_fcs").is_dir():
            return root
    return Path(__file__).resolve().parent.parent


def main() -> int:
    """Run one of the two commands."""
    root = _checkout()
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="analyse all tubes into OUT")
    run.add_argument("out", type=Path)
    run.add_argument("--shared", type=Path, default=root.parent / "shared")
    run.add_argument("--samples", type=Path, default=root / "sample_fcs")
    run.add_argument("--reports", action="store_true", help="with reports, which takes longer")
    run.add_argument("--language", default="en", help="of the reports")
    run.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS)
    run.add_argument("--jobs", type=int, default=2)
    compare = commands.add_parser("compare", help="hold two such folders against each other")
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    chosen = parser.parse_args()
    return run_all(chosen) if chosen.command == "run" else compare_all(chosen.before, chosen.after)


GROUPS: Final = ("sample_fcs", "cases", "clinic", "real")


def run_all(chosen: argparse.Namespace) -> int:
    """Analyse each group of tubes into a folder of its own; return how many commands failed."""
    options = ["--quiet", "--jobs", str(chosen.jobs)]
    looks = ["--language", chosen.language] if chosen.reports else ["--no-report"]
    failed = 0
    for group in chosen.only:
        out = chosen.out / group
        if group == "sample_fcs":
            failed += _cd5flow("batch", chosen.samples, "--out", out, *options, *looks)
            continue
        folder = chosen.shared / ("fcs/real" if group == "real" else group)
        if not folder.is_dir():
            print(f"{folder} is not there: skipped", flush=True)
            continue
        tubes = _tubes(folder)
        out.mkdir(parents=True, exist_ok=True)
        sheet = chosen.out / f"{group}.csv"
        _write_sheet(sheet, [tube for tube in tubes if tube.laip is None])
        failed += _cd5flow("batch", sheet, "--out", out, *options, *looks)
        for tube in tubes:
            if tube.laip is not None:
                guide = out / tube.laip.stem / "result.json"
                said = ["--timepoint", tube.timepoint, "--specimen", tube.specimen]
                failed += _cd5flow(
                    "analyze", tube.path, *said, "--laip", guide, "--out", out, *looks
                )
    print(f"{failed} commands failed" if failed else f"results are in {chosen.out}", flush=True)
    return 1 if failed else 0


def _tubes(folder: Path) -> list[Tube]:
    """Return the tubes of a folder as its truth.json tells them; without one each is a relapse."""
    said = folder / "truth.json"
    if not said.is_file():
        return [Tube(path, "relapse") for path in sorted(folder.glob("*.fcs"))]
    tubes = []
    for name, of in sorted(json.loads(said.read_text("utf-8")).items()):
        control = folder / f"{name}_FMO-CD5.fcs"
        laip = of.get("laip")
        tubes.append(
            Tube(
                folder / f"{name}.fcs",
                of["timepoint"],
                of.get("specimen", ""),
                control if control.is_file() else None,
                folder / laip if laip else None,
            )
        )
    guides = {tube.laip for tube in tubes if tube.laip is not None}
    tubes += [Tube(path, "diagnosis") for path in sorted(guides)]
    return tubes


def _write_sheet(path: Path, tubes: Sequence[Tube]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("file", "sample_id", "role", "for_sample", "timepoint", "specimen"))
        for tube in tubes:
            name = tube.path.stem
            rows.writerow((tube.path.resolve(), name, "sample", "", tube.timepoint, tube.specimen))
            if tube.control is not None:
                control = tube.control
                rows.writerow(
                    (control.resolve(), control.stem, "fmo", name, tube.timepoint, tube.specimen)
                )


def _cd5flow(*words: object) -> int:
    """Run the program; return 1 where it failed, after saying so."""
    command = [sys.executable, "-m", "cd5flow", *map(str, words)]
    print("cd5flow", *command[3:], flush=True)
    done = subprocess.run(command, check=False, env=os.environ, stdout=subprocess.DEVNULL)
    if done.returncode:
        print(f"  exit code {done.returncode}", flush=True)
    return 1 if done.returncode else 0


def compare_all(before: Path, after: Path) -> int:
    """Print every difference between two folders of results; return 1 where there is one."""
    ours, theirs = _samples(before), _samples(after)
    differences = 0
    new: dict[str, None] = {}
    for sample in sorted(ours.keys() | theirs.keys()):
        if sample not in ours or sample not in theirs:
            print(f"{sample}: only in {before if sample in ours else after}")
            differences += 1
            continue
        for line in _compare_sample(ours[sample], theirs[sample], new):
            print(f"{sample}: {line}")
            differences += 1
    for path in new:
        print(f"new: {path}")
    print(f"{len(ours)} samples before, {len(theirs)} after, {differences} differences")
    return 1 if differences or not ours else 0


def _samples(folder: Path) -> dict[str, Path]:
    return {str(p.parent.relative_to(folder)): p.parent for p in folder.rglob("result.json")}


def _compare_sample(before: Path, after: Path, new: dict[str, None]) -> Iterator[str]:
    """Return what differs between one sample's files; note in `new` the fields that came to be."""
    yield from (f"result.json {line}" for line in _files(before, after, "result.json", _json, new))
    for name, read in (
        ("gates.xml", _xml),
        ("populations.csv", _csv),
        ("report.html", _visible_text),
    ):
        yield from (f"{name} {line}" for line in _files(before, after, name, read, {}))


def _files(before: Path, after: Path, name: str, read: Any, new: dict[str, None]) -> Iterator[str]:
    ours, theirs = before / name, after / name
    if not (ours.is_file() and theirs.is_file()):
        if ours.is_file() or theirs.is_file():
            yield f"is only in {before if ours.is_file() else after}"
        return
    one, other = read(ours), read(theirs)
    yield from _lines(one, other) if read is _visible_text else _values(one, other, "", new)


def _json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _xml(path: Path) -> Any:
    """Return an XML file as a tree of tag, attributes, text and children."""

    def plain(node: ET.Element) -> dict[str, Any]:
        tag = node.tag.rsplit("}", 1)[-1]
        attributes = {key.rsplit("}", 1)[-1]: value for key, value in node.attrib.items()}
        children = [plain(child) for child in node]
        return {"tag": tag, "is": attributes, "text": (node.text or "").strip(), "in": children}

    return plain(ET.parse(path).getroot())  # noqa: S314 - cd5flow wrote it


def _csv(path: Path) -> Any:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _values(before: Any, after: Any, path: str, new: dict[str, None]) -> Iterator[str]:
    """Return where two values differ, each with its path."""
    if re.sub(r"\[\d+\]", "", path) in SAID_OF_THE_RUN:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _fields(before, after, path, new)
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield f"{path}: {len(before)} entries, now {len(after)}: {_short(before)}, {_short(after)}"
        for number, (one, other) in enumerate(zip(before, after, strict=False)):
            yield from _values(one, other, f"{path}[{number}]", new)
    elif not _same(before, after):
        yield f"{path}: {_short(before)}, now {_short(after)}"


def _fields(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str, new: dict[str, None]
) -> Iterator[str]:
    for key in before:
        place = f"{path}.{key}".lstrip(".")
        if key in after:
            yield from _values(before[key], after[key], place, new)
        else:
            yield f"{place}: gone, was {_short(before[key])}"
    for key in after.keys() - before.keys():
        new[re.sub(r"\[\d+\]", "[]", f"{path}.{key}".lstrip("."))] = None


def _same(before: Any, after: Any) -> bool:
    """Whether two values are equal, or differ by rounding only."""
    if before == after and type(before) is type(after):
        return True
    if isinstance(before, str) and isinstance(after, str):
        return _same_text(before, after)
    if any(
        isinstance(value, bool) or not isinstance(value, int | float) for value in (before, after)
    ):
        return False
    return math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=1e-12) or (
        math.isnan(before) and math.isnan(after)
    )


def _same_text(before: str, after: str) -> bool:
    """Whether two texts have the same words, and numbers that differ by rounding only."""
    if before == after:
        return True
    if NUMBER.sub("#", before) != NUMBER.sub("#", after):
        return False
    pairs = zip(NUMBER.findall(before), NUMBER.findall(after), strict=True)
    return all(
        one == other or math.isclose(_number(one), _number(other), rel_tol=TOLERANCE, abs_tol=1e-12)
        for one, other in pairs
    )


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]} …"


class _Text(HTMLParser):
    """Gathers the text of a page that a reader sees, a piece an element."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - html.parser's signature
        self.hidden += tag in UNSEEN

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in UNSEEN

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if text and not self.hidden:
            self.pieces.append(text)


def _visible_text(path: Path) -> list[str]:
    page = _Text()
    page.feed(path.read_text("utf-8"))
    return [_without_the_run(piece) for piece in page.pieces]


def _without_the_run(piece: str) -> str:
    for pattern in OF_THE_RUN:
        piece = pattern.sub("…", piece)
    return piece


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """Return where the text of two pages differs."""
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for what, low, high, start, end in changes:
        if what == "equal":
            continue
        ours, theirs = before[low:high], after[start:end]
        if len(ours) == len(theirs) and all(map(_same_text, ours, theirs)):
            continue
        yield f"piece {low}: {_short(' | '.join(ours))}, now {_short(' | '.join(theirs))}"


if __name__ == "__main__":
    sys.exit(main())
