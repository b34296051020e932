"""Signed results as one file: tube, result, gates, reports and ledger rows, to be kept for years.

A ZIP of plain formats that explains itself (`archive_layout.README_TEXT`). Nothing secret goes in: of the
users only names, roles and public keys, and of acts on other samples only number and hash.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from cd5flow._version import __version__
from cd5flow.analysis.stored import read_result
from cd5flow.config.atomic import as_private_as, open_atomically
from cd5flow.config.shipped import protocol_file, strategy_file
from cd5flow.errors import FileAccessError, LedgerError, OptionError, OutputError
from cd5flow.model.opening import open_regular
from cd5flow.model.result import Result
from cd5flow.report.folder import RESULT
from cd5flow.report.input_files import INPUTS, InputFiles
from cd5flow.review.archive_layout import (
    KEYS,
    MANIFEST,
    README,
    README_TEXT,
    RESULTS,
    ROWS,
    RULES,
    SCHEMA,
    TUBES,
)
from cd5flow.review.ledger_check import check_ledger
from cd5flow.review.sample_check import check_sample
from cd5flow.review.signed_files import folder_hashes
from cd5flow.signatures.acts import Entry
from cd5flow.signatures.chain import Row
from cd5flow.signatures.ledger import LEDGER, Ledger
from cd5flow.signatures.users import Users

_STORED: Final = frozenset({".fcs", ".lmd", ".png", ".pdf", ".npz"})
"""Files that would not become smaller, or are to lie in the archive bit for bit."""

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Archived:
    """A sample that is archived.

    Attributes:
        folder: of the sample.
        result: what lies in it.
        inputs: the tube's file and its controls', by SHA-256.
        rules: strategy and protocol as they decided, by name; without those that were not found.
    """

    folder: Path
    result: Result
    inputs: Mapping[str, Path]
    rules: Mapping[str, Path]


@dataclass(slots=True)
class _Writer:
    """A ZIP that is being filled, and what is in it so far."""

    archive: zipfile.ZipFile
    moment: tuple[int, int, int, int, int, int]
    files: dict[str, dict[str, Any]] = field(default_factory=dict)

    def text(self, name: str, text: str) -> None:
        content = text.encode()
        self.archive.writestr(self._info(name), content)
        self.files[name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def copy(self, name: str, path: Path) -> None:
        """Copy a file, unless one of this name is in already.

        Raises:
            FileAccessError: it cannot be read.
        """
        if name in self.files:
            return
        digest, size = hashlib.sha256(), 0
        try:
            with (
                open_regular(path) as source,
                self.archive.open(self._info(name), "w", force_zip64=True) as target,
            ):
                while part := source.read(_CHUNK):
                    digest.update(part)
                    size += len(part)
                    target.write(part)
        except FileNotFoundError as error:
            raise FileAccessError(f"{path}: cannot be read ({error.strerror})") from error
        self.files[name] = {"bytes": size, "sha256": digest.hexdigest()}

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self.moment)
        stored = Path(name).suffix.lower() in _STORED
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return info


def write_archive(
    results: Sequence[Path],
    out: Path,
    *,
    users: Users | None = None,
    folders: Sequence[Path] = (),
    now: datetime | None = None,
) -> tuple[Archived, ...]:
    """Write samples of one results folder into an archive; return what is in it.

    Args:
        results: the samples' ``result.json``.
        out: the archive.
        users: who may sign; None where there is no users file.
        folders: where to look for tubes, beside the places that ``inputs.json`` names.
        now: when it is written; None is this moment.

    Raises:
        OptionError: the results are of several folders, or one is not in a sample's folder.
        FileAccessError: a tube is not found, or a file cannot be read.
        LedgerError: what is to be archived does not hold; nothing is written.
        OutputError: the archive cannot be written; an earlier one is as it was.
    """
    place = _results_folder(results)
    entries = _entries(place)
    inputs = InputFiles(place, folders)
    samples = [_archived(path.absolute().parent, inputs) for path in results]
    _check(samples, entries, place, users)
    mode = as_private_as([*results, *(one for s in samples for one in s.inputs.values())])
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    try:
        with open_atomically(out, mode=mode) as file:
            _write(file, samples, entries, users, moment)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return tuple(samples)


def _results_folder(results: Sequence[Path]) -> Path:
    places = {path.absolute().parent.parent for path in results}
    if any(path.name != RESULT for path in results) or len(places) != 1:
        raise OptionError(
            "results: expected the result.json of samples of one results folder, which one ledger is of"
        )
    return places.pop()


def _entries(place: Path) -> tuple[Entry, ...]:
    if not (place / LEDGER).is_file():
        return ()
    with Ledger.read(place / LEDGER) as ledger:
        return ledger.entries()


def _archived(folder: Path, inputs: InputFiles) -> Archived:
    result = read_result(folder / RESULT)
    wanted = [(result.sample.file, result.sample.sha256)]
    wanted += [(one.file, one.sha256) for one in result.controls]
    found = {}
    for name, sha256 in wanted:
        path = inputs.find(name, sha256)
        if path is None:
            raise FileAccessError(
                f"{name}: no file with the SHA-256 {sha256[:12]}… of this result is found; an archive "
                "holds the tube: say where it is with --input FOLDER"
            )
        found[sha256] = path
    return Archived(folder, result, found, dict(_rules(result, inputs)))


def _rules(result: Result, inputs: InputFiles) -> Iterator[tuple[str, Path]]:
    """Yield the rules that decided, under a name each, where a file of their SHA-256 is found."""
    said = result.provenance.settings
    for kind, section, shipped in (
        ("strategy", result.strategy, strategy_file),
        ("protocol", result.protocol, protocol_file),
    ):
        path = inputs.find(str(said.get(kind)), section.sha256)
        if path is None:
            try:
                path = shipped(section.name)
            except OptionError:
                continue
        if path.is_file() and _sha256(path) == section.sha256:
            yield f"{kind}-{section.sha256}.yaml", path


def _sha256(path: Path) -> str:
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(
    samples: Iterable[Archived], entries: Sequence[Entry], place: Path, users: Users | None
) -> None:
    """Refuse to archive what verifying would find changed."""
    names = {"", *(one.folder.name for one in samples)}
    found = [
        one for one in check_ledger(entries, results=place, users=users) if one.sample in names
    ]
    for one in samples:
        found += check_sample(one.folder, entries, users=users).findings
    if found:
        more = f" (and {len(found) - 1} more: cd5flow verify {place})" if len(found) > 1 else ""
        raise LedgerError(f"cannot be archived: {found[0]}{more}")


def _write(
    file: BinaryIO,
    samples: Sequence[Archived],
    entries: Sequence[Entry],
    users: Users | None,
    moment: datetime,
) -> None:
    names = {one.folder.name for one in samples}
    with zipfile.ZipFile(file, "w") as archive:
        writer = _Writer(archive, (moment.year, *moment.timetuple()[1:6]))
        writer.text(README, README_TEXT)
        writer.text(KEYS, _json(_keys(names, entries, users)))
        writer.text(ROWS, "".join(_lines(names, entries)))
        places: dict[str, str] = {}
        for one in samples:
            for sha256, path in one.inputs.items():
                places[sha256] = f"{TUBES}/{sha256}{path.suffix.lower()}"
                writer.copy(places[sha256], path)
            for name, path in one.rules.items():
                writer.copy(f"{RULES}/{name}", path)
            for inside in folder_hashes(one.folder):
                writer.copy(f"{RESULTS}/{one.folder.name}/{inside}", one.folder / inside)
        listed = [{"path": f"../{path}", "sha256": sha256} for sha256, path in places.items()]
        writer.text(f"{RESULTS}/{INPUTS}", _json(listed))
        head = entries[-1].row.hash if entries else None
        manifest = {
            "schema": SCHEMA,
            "cd5flow": __version__,
            "made": moment.isoformat(timespec="seconds"),
            "ledger": None if head is None else {"entries": len(entries), "head": head},
            "samples": [_sample(one, places) for one in samples],
            "files": dict(writer.files),
        }
        writer.text(MANIFEST, _json(manifest))


def _sample(one: Archived, places: Mapping[str, str]) -> dict[str, Any]:
    sample = one.result.sample
    return {
        "folder": one.folder.name,
        "sample": sample.id,
        "digest": one.result.digest,
        "state": one.result.review.state,
        "tube": places[sample.sha256],
        "file": sample.file,
        "rules": sorted(f"{RULES}/{name}" for name in one.rules),
    }


def _lines(names: set[str], entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a line an act: whole where it is about these samples, else its number and hash."""
    for entry in entries:
        row = entry.row
        if entry.subject in names:
            plain = {name: getattr(row, name) for name in Row.__slots__}
        else:
            plain = {"entry": row.entry, "hash": row.hash}
        yield json.dumps(plain, ensure_ascii=False) + "\n"


def _keys(names: set[str], entries: Sequence[Entry], users: Users | None) -> dict[str, Any]:
    """Return who acted on these samples, with their public keys."""
    acted = [one for one in entries if one.subject in names and one.row.key]
    people = []
    for user in dict.fromkeys(one.user for one in acted):
        person = None if users is None else users.person(user)
        known = () if person is None else person.keys
        people.append(
            {
                "user": user,
                "name": None if person is None else person.name,
                "role": None if person is None else person.role.value,
                "keys": list(known or dict.fromkeys(o.row.key for o in acted if o.user == user)),
            }
        )
    head = None if users is None else {"entries": users.entries, "head": users.head}
    return {"from": "ledger" if users is None else "users file", "users": head, "people": people}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
