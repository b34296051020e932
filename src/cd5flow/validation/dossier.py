"""What an auditor asks for, as one folder: use, requirements and tests, software, validation, acts."""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from cd5flow._version import __version__
from cd5flow.analysis import provenance
from cd5flow.config.atomic import write_atomically
from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import FileAccessError, OutputError, StrategyError
from cd5flow.model.file_part import FilePart
from cd5flow.report.tables import Cell, csv_text
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.validation.files import HTML, JSON, PDF, TUBES

MANIFEST: Final = "manifest.json"
ACTS: Final = "ledger.csv"
_ROOT: Final = Path(__file__).resolve().parents[3]
_NAME: Final = re.compile(r"^[A-Za-z0-9._-]+")
_LONGEST_LICENCE: Final = 120

Text = Annotated[str, Field(min_length=1)]
Row = Mapping[str, Cell]


class Requirement(FilePart):
    """Something that is asked of the program, and the tests that show it."""

    id: Annotated[str, Field(pattern=r"^R\d{2}$")]
    text: Text
    tests: Annotated[tuple[Text, ...], Field(min_length=1)]


class Requirements(FilePart):
    """A file of the kind of ``gating/requirements.yaml``."""

    format: Literal["cd5flow.requirements/1"]
    name: Text
    version: Text
    intended_use: Annotated[tuple[Text, ...], Field(min_length=1)]
    requirements: Annotated[tuple[Requirement, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Dossier:
    """What was written: the files below the folder, and what could not be had."""

    files: tuple[str, ...]
    missing: tuple[str, ...]


def load_requirements(path: Path) -> Loaded[Requirements]:
    """Read a file of requirements.

    Raises:
        StrategyError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, Requirements, error=StrategyError, rules=True)


def write_dossier(
    out: Path,
    requirements: Loaded[Requirements],
    *,
    validations: Sequence[Path],
    results: Path | None,
    source: Path = _ROOT,
) -> Dossier:
    """Write the folder.

    Args:
        out: the folder to fill.
        requirements: what is asked, with the tests.
        validations: folders of `cd5flow validate`, whose reports are copied.
        results: a results folder, whose ledger is written as a table; None is none.
        source: root of the source, where the tests are; without them the table says so.

    Raises:
        FileAccessError: a folder named holds no validation, or no ledger.
        OutputError: the folder cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: found a file, expected a folder to fill")
    # What was named goes first, since it may be refused.
    named: dict[str, bytes] = {}
    for number, folder in enumerate(validations, start=1):
        named |= _validation(folder, f"validation-{number}")
    if results is not None:
        named[ACTS] = _acts(results).encode()
    has_tests = (source / "tests").is_dir()
    contents: dict[str, bytes] = {
        "intended-use.md": _intended_use(requirements.value).encode(),
        "requirements.csv": csv_text(
            ("id", "requirement", "tests", "functions", "found"),
            requirement_rows(requirements.value, source),
        ).encode(),
        "software.csv": csv_text(
            ("name", "version", "licence", "direct", "home"), software_rows()
        ).encode(),
        **named,
    }
    contents[MANIFEST] = _manifest(contents, requirements).encode()
    for name, content in contents.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out / name, content)
    missing = [
        *([] if has_tests else ["the tests are not installed: requirements.csv names them unseen"]),
        *([] if validations else ["no validation was named (--validation DIR)"]),
        *([] if results is not None else ["no results folder was named (--results RESULTS)"]),
    ]
    return Dossier(tuple(contents), tuple(missing))


def requirement_rows(requirements: Requirements, source: Path) -> Iterator[Row]:
    """Yield each requirement with the tests that stand in its files now."""
    for one in requirements.requirements:
        names = [name for path in one.tests for name in _tests_in(source / path)]
        there = all((source / path).exists() for path in one.tests)
        yield {
            "id": one.id,
            "requirement": one.text,
            "tests": " ".join(one.tests),
            "functions": len(names) if there else None,
            "found": "yes" if there and names else "no",
        }


def _tests_in(path: Path) -> Iterator[str]:
    """Yield the names of test functions in a file, or in the files below a folder."""
    files = sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
    for file in files:
        if file.is_file():
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield node.name


def software_rows() -> Iterator[Row]:
    """Yield every installed distribution that cd5flow needs, itself first, with version and licence."""
    direct = set(_needed(_installed("cd5flow")))
    waiting, seen = ["cd5flow"], set[str]()
    found: list[Distribution] = []
    while waiting:
        name = waiting.pop()
        one = _installed(name)
        if name in seen or one is None:
            continue
        seen.add(name)
        found.append(one)
        waiting += _needed(one)
    for one in sorted(found, key=lambda d: (_plain(d.name) != "cd5flow", _plain(d.name))):
        yield {
            "name": one.name,
            "version": one.version,
            "licence": _licence(one),
            "direct": "yes" if _plain(one.name) in direct else "no",
            "home": _said(one, "Home-page") or _said(one, "Project-URL").rpartition(", ")[2],
        }


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _needed(one: Distribution | None) -> list[str]:
    """Return the plain names of what a distribution needs without an extra."""
    wanted = [] if one is None else one.requires or []
    found = (_NAME.match(line) for line in wanted if "extra ==" not in line)
    return [_plain(match[0]) for match in found if match is not None]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(one: Distribution) -> str:
    """Return a distribution's licence as it states it: expression, classifiers, or the field's first line."""
    if expression := _said(one, "License-Expression"):
        return expression
    classifiers = [
        line.rsplit("::", 1)[1].strip()
        for line in one.metadata.get_all("Classifier") or []
        if line.startswith("License ::") and line.count("::") > 1
    ]
    if classifiers:
        return "; ".join(classifiers)
    return (_said(one, "License") or "not stated").strip().split("\n")[0][:_LONGEST_LICENCE]


def _said(one: Distribution, field: str) -> str:
    """Return the first value of a field of the metadata; nothing where there is none."""
    return str((one.metadata.get_all(field) or [""])[0])


def _intended_use(requirements: Requirements) -> str:
    lines = "\n\n".join(" ".join(text.split()) for text in requirements.intended_use)
    return f"# Intended use of cd5flow {__version__}\n\n{lines}\n"


def _validation(folder: Path, name: str) -> dict[str, bytes]:
    """Return the report, record and tables of a validation."""
    if not (folder / JSON).is_file():
        raise FileAccessError(f"{folder}: found no {JSON}, expected a folder of `cd5flow validate`")
    files = (path for path in (folder / one for one in (PDF, HTML, JSON, TUBES)) if path.is_file())
    return {f"{name}/{path.name}": path.read_bytes() for path in files}


def _acts(results: Path) -> str:
    """Return every row of a ledger as a table, in order, with its hashes."""
    if not (results / LEDGER).is_file():
        raise FileAccessError(f"{results}: found no {LEDGER}, expected a folder of signed results")
    columns = ("entry", "at", "act", "subject", "user", "body", "previous", "hash", "signature")
    with Ledger.read(results / LEDGER) as ledger:
        rows = [{name: getattr(one.row, name) for name in columns} for one in ledger.entries()]
    return csv_text(columns, rows)


def _manifest(contents: Mapping[str, bytes], requirements: Loaded[Requirements]) -> str:
    said: dict[str, Any] = {
        "format": "cd5flow.dossier/1",
        "cd5flow": __version__,
        "python": provenance.python(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "requirements": {
            "version": requirements.value.version,
            "sha256": requirements.sha256,
        },
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }
    return json.dumps(said, indent=2) + "\n"
