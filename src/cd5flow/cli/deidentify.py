"""`cd5flow deidentify`: a copy of a file without what tells who the patient is."""

from __future__ import annotations

import hashlib
import json as jsonlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cd5flow.cli.terminal import emit, show, table
from cd5flow.config.shipped import deidentify_file, markers_file
from cd5flow.errors import OptionError
from cd5flow.fcs.deidentify import Change, CleanDataSet, Deidentified, deidentify_fcs
from cd5flow.fcs.privacy import KeywordRules, load_rules
from cd5flow.preprocess.labels import load_aliases

SCHEMA: Final = "cd5flow.deidentification/1"
_MOST_DAYS: Final = 36_525
_NOT_LISTED: Final = "(not listed)"


def run(
    fcs: Path,
    out: Path,
    *,
    rules: Path | None,
    remove: Sequence[str],
    keep_dates: bool,
    shift_dates: int | None,
    names: bool,
    force: bool,
    strict: bool,
    json: bool,
) -> None:
    """Write the copy and print what it lacks."""
    if shift_dates is not None and (keep_dates or not 0 < abs(shift_dates) <= _MOST_DAYS):
        what = "with --keep-dates" if keep_dates else f"{shift_dates:,} days"
        raise OptionError(f"--shift-dates: {what}, expected 1 to {_MOST_DAYS:,} days or back")
    known = load_aliases(markers_file()).known_words
    applied = load_rules(rules or deidentify_file()).also_removing(remove).knowing(known)
    days = 0 if keep_dates else shift_dates
    written = deidentify_fcs(fcs, out, applied, days=days, overwrite=force, strict=strict)
    if json:
        content = as_json(written, applied, days=days, names=names)
        emit(jsonlib.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        return
    for line in _lines(written, names=names):
        show(line)


def as_json(
    written: Deidentified, rules: KeywordRules, *, days: int | None, names: bool
) -> dict[str, Any]:
    """Return what became of the file; neither its name nor a value that was removed is in it."""
    return {
        "schema": SCHEMA,
        "file": written.path.name,
        "sha256": hashlib.sha256(written.path.read_bytes()).hexdigest(),
        "list": {"version": rules.version, "sha256": rules.sha256},
        "dates": "removed" if days is None else "shifted" if days else "kept",
        "data_sets": [_data_set_json(each, names=names) for each in written.data_sets],
        "other_bytes_left_out": written.other_bytes,
        "data_set_unreadable": written.unread,
        "name_of_original": written.same_name,
    }


def _data_set_json(one: CleanDataSet, *, names: bool) -> dict[str, Any]:
    return {
        "number": one.number,
        "events": one.events,
        "data_sha256": one.data_sha256,
        "kept": list(one.kept),
        "free_text": list(one.free_text),
        "changes": [
            {
                "entry": change.entry or None,
                "action": "replaced" if change.written else "removed",
                "keywords": len(change.keywords),
                "why": change.why,
                **({"names": list(change.keywords)} if names else {}),
            }
            for change in one.changes
        ],
        "left_out_bytes": one.left_out,
        "look_at": list(one.suspicions),
    }


def _lines(written: Deidentified, *, names: bool) -> Iterator[str]:
    for one in written.data_sets:
        which = f", data set {one.number}" if len(written.data_sets) > 1 else ""
        yield f"{written.path.name}{which}: {one.events:,} events, DATA unchanged"
        yield ""
        yield from table([["", "KEYWORDS", "NUMBER", "WHY"], *_rows(one)], indent="  ")
        yield ""
        if names:
            yield from (_named(change) for change in one.changes)
            yield ""
        if one.free_text:
            yield f"Free text that an analysis needs stays: {', '.join(_counted(one.free_text))}"
        for what in one.suspicions:
            yield f"Look at it: {what}"
    if written.other_bytes:
        yield f"Left out: {written.other_bytes:,} bytes outside the segments"
    if written.unread:
        yield "Left out: a further data set, which cannot be read"
    if written.same_name:
        yield "The copy is called as the original: rename it if that names the patient"
    yield f"Read it before it leaves the house: cd5flow inspect {written.path.name} --keywords"


def _rows(one: CleanDataSet) -> Iterator[list[str]]:
    for change in sorted(one.changes, key=lambda change: (not change.written, not change.entry)):
        action = "replaced" if change.written else "removed"
        entry = change.entry or _NOT_LISTED
        yield [action, entry, str(len(change.keywords)), change.why]
    for name, size in one.left_out.items():
        yield ["left out", name, "", f"{size:,} bytes"]
    yield ["kept", "", str(len(one.kept)), "needed to read and analyse the events"]


def _named(change: Change) -> str:
    action = "replaced" if change.written else "removed"
    return f"  {action} {change.entry or _NOT_LISTED}: {', '.join(change.keywords)}"


def _counted(keywords: Sequence[str]) -> list[str]:
    """Return keywords, those of channels by kind: ``$PnN of 26 channels``."""
    kinds: dict[str, int] = {}
    for keyword in keywords:
        of_channel = keyword.startswith("$P") and keyword[2:3].isdigit()
        kind = f"$Pn{keyword[2:].lstrip('0123456789')}" if of_channel else keyword
        kinds[kind] = kinds.get(kind, 0) + 1
    return [
        f"{kind} of {number} channels" if kind.startswith("$Pn") else kind
        for kind, number in kinds.items()
    ]
