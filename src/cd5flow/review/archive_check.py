"""An archive read and checked: every file, every sample, every act, with nothing from outside."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

from cd5flow.errors import FileAccessError
from cd5flow.model.opening import check_regular
from cd5flow.report.folder import RESULT
from cd5flow.report.input_files import InputFiles
from cd5flow.review.archive_layout import KEYS, MANIFEST, RESULTS, ROWS, SCHEMA
from cd5flow.review.findings import Fault, Finding
from cd5flow.review.ledger_check import check_ledger, sample_folders
from cd5flow.review.sample_check import CheckedSample, check_sample
from cd5flow.review.verifying import Verification
from cd5flow.signatures.acts import Entry
from cd5flow.signatures.chain import Row
from cd5flow.signatures.users import Users

_LARGEST: Final = 50_000_000_000
"""Bytes that an archive may unpack to; a batch of forty large tubes has a tenth of it."""

_TIGHTEST: Final = 200
"""So many times larger than its file an archive may be; text becomes a tenth, events hardly smaller."""

_CHUNK: Final = 1 << 20
_COLUMNS: Final = frozenset(Row.__slots__)
_TEXT: Final = _COLUMNS - {"entry"}


def verify_archive(path: Path, *, users: Users | None = None) -> Verification:
    """Return whether everything in an archive holds.

    Args:
        path: the archive.
        users: whose keys count; None leaves the identity of signers unchecked.

    Raises:
        FileAccessError: it is no archive of cd5flow, or names what no archive of it holds.
    """
    with TemporaryDirectory(prefix="cd5flow-archive-") as folder:
        place = Path(folder)
        _unpack(path, place)
        manifest = _object(place / MANIFEST, path)
        if manifest.get("schema") != SCHEMA:
            raise FileAccessError(f"{path}: found {manifest.get('schema')!r}, expected {SCHEMA}")
        entries, left_out, faults = _rows(place / ROWS)
        results = place / RESULTS
        inputs = InputFiles(results, [])
        return Verification(
            samples=tuple(
                _checked(check_sample(one, entries, users=users, inputs=inputs))
                for one in sample_folders(results)
            ),
            ledger=(
                *_listed(place, manifest),
                *_samples(results, manifest),
                *faults,
                *_end(entries, left_out, manifest),
                *_keys(place / KEYS, entries, path),
                *check_ledger(entries, results=results, users=users, left_out=left_out),
            ),
            entries=len(entries) if manifest.get("ledger") else None,
            identity_checked=users is not None,
        )


def _checked(one: CheckedSample) -> CheckedSample:
    """Return a sample with what an archive must hold and does not as a fault: here it is no note."""
    missing = tuple(Finding(Fault.INPUT, note, one.sample) for note in one.notes)
    return replace(one, findings=(*one.findings, *missing), notes=())


def _unpack(path: Path, place: Path) -> None:
    """Unpack an archive whose names stay below the folder and whose sizes are those of an archive.

    Raises:
        FileAccessError: it is none.
    """
    try:
        check_regular(path)
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_parts(parts, path)
            for part in parts:
                target = place / part.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(part) as source, target.open("xb") as file:
                    _copy(source, file, part.file_size)
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FileAccessError(f"{path}: is no archive that can be read ({error})") from error


def _check_parts(parts: Sequence[zipfile.ZipInfo], path: Path) -> None:
    names = [part.filename for part in parts]
    if len({name.casefold() for name in names}) != len(names):
        raise FileAccessError(f"{path}: holds a file twice")
    for name in names:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name.split("/")[0]:
            raise FileAccessError(f"{path}: names {name!r}, which lies outside of it")
        if str(pure) != name:
            raise FileAccessError(f"{path}: names {name!r}, expected files alone")
    whole = sum(part.file_size for part in parts)
    if whole > min(_LARGEST, _TIGHTEST * path.stat().st_size + _CHUNK):
        raise FileAccessError(f"{path}: would unpack to {whole:,} bytes")


def _copy(source: Any, target: Any, size: int) -> None:
    """Copy no more than was announced: what a ZIP says of sizes is checked only at its end."""
    left = size
    while part := source.read(min(_CHUNK, left + 1)):
        left -= len(part)
        if left < 0:
            raise zipfile.BadZipFile("a file is larger than its entry says")
        target.write(part)


def _listed(place: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Find files that are not as the archive lists them."""
    files = manifest.get("files")
    known = files if isinstance(files, dict) else {}
    there = {one.relative_to(place).as_posix(): one for one in place.rglob("*") if one.is_file()}
    for name in sorted(known.keys() | there.keys() - {MANIFEST}):
        if name not in there:
            yield Finding(Fault.ARCHIVE, f"{name} was taken away")
        elif name not in known:
            yield Finding(Fault.ARCHIVE, f"{name} was added")
        else:
            with there[name].open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            told = known[name]
            if not isinstance(told, dict) or told.get("sha256") != digest:
                yield Finding(Fault.ARCHIVE, f"{name} was changed")


def _samples(results: Path, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    listed = manifest.get("samples")
    for one in listed if isinstance(listed, list) else []:
        folder = one.get("folder") if isinstance(one, dict) else None
        if not isinstance(folder, str) or not (results / folder / RESULT).is_file():
            yield Finding(Fault.SAMPLE_MISSING, f"{folder}: is listed, and its result is not there")


def _rows(path: Path) -> tuple[tuple[Entry, ...], dict[int, str], list[Finding]]:
    """Return the acts, the hashes of those left out by their numbers, and lines that are neither."""
    entries, left_out, faults = [], {}, []
    text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
    for number, line in enumerate(text.splitlines(), start=1):
        plain = _plain(line) or {}
        digest = plain.get("hash")
        if not isinstance(plain.get("entry"), int) or not isinstance(digest, str):
            faults.append(Finding(Fault.LEDGER_ROW, f"{ROWS}: line {number} is no act"))
        elif plain.keys() == {"entry", "hash"}:
            left_out[plain["entry"]] = digest
        elif plain.keys() == _COLUMNS and all(isinstance(plain[name], str) for name in _TEXT):
            entries.append(Entry(Row(**plain)))
        else:
            faults.append(Finding(Fault.LEDGER_ROW, f"{ROWS}: line {number} is no act"))
    return tuple(entries), left_out, faults


def _end(
    entries: Sequence[Entry], left_out: Mapping[int, str], manifest: Mapping[str, Any]
) -> Iterator[Finding]:
    """Find acts that are missing at the end."""
    told = manifest.get("ledger")
    if not isinstance(told, dict):
        return
    hashes = dict(left_out) | {one.number: one.row.hash for one in entries}
    last = max(hashes, default=0)
    if told.get("entries") != last or told.get("head") != hashes.get(last):
        what = (
            f"the acts end with entry {last}, but the archive was written of {told.get('entries')}"
        )
        yield Finding(Fault.LEDGER_CUT, what)


def _keys(path: Path, entries: Sequence[Entry], archive: Path) -> Iterator[Finding]:
    """Find acts whose key the archive does not name."""
    if not path.is_file():
        yield Finding(Fault.ARCHIVE, f"{KEYS} was taken away")
        return
    people = _object(path, archive).get("people")
    known: set[tuple[object, object]] = set()
    for one in people if isinstance(people, list) else []:
        keys = one.get("keys") if isinstance(one, dict) else None
        known |= {(one.get("user"), str(key)) for key in keys} if isinstance(keys, list) else set()
    for entry in entries:
        if entry.row.key and (entry.user, entry.row.key) not in known:
            what = f"entry {entry.number}: signed by a key that is not {entry.user}'s in {KEYS}"
            yield Finding(Fault.UNKNOWN_KEY, what, entry.subject, entry.number)


def _object(path: Path, archive: Path) -> dict[str, Any]:
    try:
        found = _plain(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        found = None
    if found is None:
        raise FileAccessError(f"{archive}: is no archive of cd5flow, found no {path.name} in it")
    return found


def _plain(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
