"""Whether a ledger holds: its chain, its signatures, whose keys they are, and whether it was cut short."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cd5flow.errors import Cd5FlowError
from cd5flow.model.opening import read_regular
from cd5flow.model.result_file import load_result
from cd5flow.report.folder import RESULT
from cd5flow.report.source import HTML, MAX_BYTES
from cd5flow.review.findings import Fault, Finding
from cd5flow.review.sample_check import signed_samples
from cd5flow.signatures.acts import UNSIGNED, ActKind, Entry
from cd5flow.signatures.chain import breaks
from cd5flow.signatures.ledger import LABEL
from cd5flow.signatures.users import Users

_ENTRY: Final = re.compile(r'data-ledger-entry="(\d{1,12})"')


def check_ledger(
    entries: Sequence[Entry],
    *,
    results: Path,
    users: Users | None = None,
    left_out: Mapping[int, str] = MappingProxyType({}),
) -> tuple[Finding, ...]:
    """Return what does not hold of a ledger, whatever its samples are.

    Args:
        entries: all of its rows.
        results: the folder whose samples it speaks of.
        users: who may sign; None where that is not to be looked at.
        left_out: hashes of rows that are not here by intent, by their numbers.
    """
    return (
        *_chain(entries, left_out),
        *_keys(entries, users),
        *_users_then(entries, users),
        *_cut(max([*left_out, *(one.number for one in entries)], default=0), results),
        *_missing(entries, results),
    )


def _chain(entries: Sequence[Entry], left_out: Mapping[int, str]) -> Iterator[Finding]:
    for one in breaks(LABEL, [entry.row for entry in entries], left_out=left_out):
        yield Finding(Fault.LEDGER_ROW, f"entry {one.entry}: {one.what}", entry=one.entry)


def _keys(entries: Sequence[Entry], users: Users | None) -> Iterator[Finding]:
    for one in entries:
        if not one.row.key:
            if one.row.act not in UNSIGNED:
                what = f"entry {one.number}: {one.row.act} is signed by no key"
                yield Finding(Fault.UNSIGNED_ACT, what, one.subject, one.number)
            continue
        if users is None:
            continue
        person = users.person(one.user)
        if person is None or one.row.key not in person.keys:
            what = f"entry {one.number}: signed by a key that is not {one.user}'s in {users.path}"
            yield Finding(Fault.UNKNOWN_KEY, what, one.subject, one.number)


def _users_then(entries: Sequence[Entry], users: Users | None) -> Iterator[Finding]:
    """Find a users file that is not the one, longer by now, that signatures were made by."""
    if users is None:
        return
    for one in entries:
        then = one.values.get("users")
        if one.kind is not ActKind.SIGNATURE or not isinstance(then, dict):
            continue
        count, head = then.get("entries"), then.get("head")
        known = (
            users.rows[count - 1].hash
            if isinstance(count, int) and 0 < count <= len(users.rows)
            else None
        )
        if known != head:
            what = f"entry {one.number} was signed by another list of users than {users.path}"
            yield Finding(Fault.USERS, what, one.subject, one.number)


def _cut(last: int, results: Path) -> Iterator[Finding]:
    """Find reports and results that speak of entries which the ledger has no more."""
    for folder in sample_folders(results):
        newest = max(_carried(folder), default=0)
        if newest > last:
            what = (
                f"{folder.name} carries the signature of entry {newest}, but the ledger ends "
                f"with entry {last}"
            )
            yield Finding(Fault.LEDGER_CUT, what, folder.name, newest)


def _missing(entries: Sequence[Entry], results: Path) -> Iterator[Finding]:
    for sample in sorted(signed_samples(entries)):
        if not (results / sample / RESULT).is_file():
            what = f"{sample}: was signed, and its result is not there"
            yield Finding(Fault.SAMPLE_MISSING, what, sample)


def sample_folders(results: Path) -> list[Path]:
    """Return the folders of a results folder that hold a result, by name."""
    return sorted(path.parent for path in results.glob(f"*/{RESULT}"))


def _carried(folder: Path) -> Iterator[int]:
    """Yield the entries of which a sample's result and page speak."""
    try:
        review = load_result(folder / RESULT).result.review
        yield from (one.entry for one in review.signatures)
    except Cd5FlowError:
        pass  # told of the sample itself
    try:
        text = read_regular(folder / HTML, MAX_BYTES).decode(errors="replace")
    except OSError:
        return
    yield from (int(one) for one in _ENTRY.findall(text))
