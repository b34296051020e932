"""A copy of an FCS file without what tells who the patient is: the same events, other keywords.

The copy is made anew from what may stay, not from the file with holes in it: HEADER, TEXT of the kept
keywords, the bytes of DATA, nothing else. It is written beside its place under a hidden name, read
back, compared event by event with the original, and only then given its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from cd5flow.config.atomic import as_private_as, open_atomically
from cd5flow.errors import FcsUnsupportedError, OptionError, OutputError, PrivacyError
from cd5flow.fcs.compose import PLACES, compose
from cd5flow.fcs.datasets import DataSet, Described, describe, read_data_sets
from cd5flow.fcs.file import FcsFile, read_fcs
from cd5flow.fcs.header import HEADER_BYTES
from cd5flow.fcs.judged import Judged, judge, suspicions
from cd5flow.fcs.privacy import KeywordRules
from cd5flow.fcs.source import Source, open_source
from cd5flow.fcs.text import analysis_segment

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the keywords of one entry of the list.

    Attributes:
        entry: as the list writes it; empty for keywords that it does not name.
        written: whether something else stands in their place; False where they are gone.
        why: the reason.
        keywords: their names. Those that an entry with * or none fits may be anything that a damaged
            file has in a keyword's place.
    """

    entry: str
    written: bool
    why: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CleanDataSet:
    """One data set of the copy.

    Attributes:
        number: from 1.
        events: how many.
        data_sha256: of the bytes of DATA, the same in both files.
        kept: keywords that stay as they were.
        free_text: those of them that are free text, for a person to look at.
        changes: all others, by entry of the list.
        left_out: bytes of segments that are not in the copy, by what they are.
        suspicions: what kept free text holds that may tell who the patient is.
    """

    number: int
    events: int
    data_sha256: str
    kept: tuple[str, ...]
    free_text: tuple[str, ...]
    changes: tuple[Change, ...]
    left_out: dict[str, int]
    suspicions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deidentified:
    """A copy that was written.

    Attributes:
        path: of the copy.
        data_sets: what it holds and what it lacks.
        other_bytes: bytes of the file outside its segments, which the copy lacks.
        unread: whether the file goes on with a data set that cannot be read, which the copy lacks.
        same_name: whether the copy is called as the original, which may name the patient.
    """

    path: Path
    data_sets: tuple[CleanDataSet, ...]
    other_bytes: int
    unread: bool
    same_name: bool


@dataclass(frozen=True, slots=True)
class _Planned:
    """A data set as it will be written: its keywords but for the places of segments."""

    data_set: DataSet
    found: Described
    data_bytes: int
    data_sha256: str
    judged: tuple[Judged, ...]

    @property
    def pairs(self) -> dict[str, str]:
        return {j.keyword: j.after for j in self.judged if j.after is not None}


def deidentify_fcs(
    path: Path,
    out: Path,
    rules: KeywordRules,
    *,
    days: int | None = None,
    overwrite: bool = False,
    strict: bool = False,
) -> Deidentified:
    """Write a copy of an FCS file that holds the same events and only the keywords that may stay.

    Args:
        path: the file; it is not changed.
        out: the copy.
        rules: which keywords may stay.
        days: by how many days dates are moved; 0 leaves them as they are, None removes them.
        overwrite: whether an existing file may be replaced.
        strict: whether to refuse while kept text is left that a person must look at.

    Raises:
        FileAccessError: the file is absent, a folder, or may not be read.
        FcsError: it cannot be read, or not be written so that it reads the same.
        OptionError: the copy would replace the original.
        PrivacyError: ``strict``, and something is left to look at.
        OutputError: the copy exists or cannot be written.
    """
    if not out.name or out.is_dir():
        raise OutputError(f"{out}: is a folder, expected the name of a file")
    try:
        with open_source(path) as source:
            _check_place(path, out, overwrite=overwrite)
            sets, findings = read_data_sets(source)
            plans = [_planned(source, each, rules, days=days) for each in sets]
            if strict:
                _check_nothing_left(path, plans, rules)
            with open_atomically(out, mode=as_private_as([path])) as file:
                for number, plan in enumerate(plans, start=1):
                    for part in _parts(source, plan, last=number == len(plans)):
                        file.write(part)
                file.flush()
                for number, plan in enumerate(plans, start=1):
                    _compare(path, Path(file.name), number, plan)
                if not overwrite and out.exists():  # meanwhile
                    raise OutputError(f"{out}: exists already")
            other = source.size - sum(map(_segment_bytes, plans))
            clean = tuple(_clean(plan, rules, n) for n, plan in enumerate(plans, start=1))
    except OSError as error:
        raise OutputError(f"{out}: cannot be written ({error.strerror or error})") from error
    unread = any(finding.code == "DATA_SET_UNREADABLE" for finding in findings)
    same_name = out.name == path.name
    return Deidentified(out, clean, max(0, other), unread=unread, same_name=same_name)


def _check_place(path: Path, out: Path, *, overwrite: bool) -> None:
    if not out.exists():
        return
    if out.samefile(path):
        raise OptionError(f"{out}: is the original; expected another name for the copy")
    if not overwrite:
        raise OutputError(f"{out}: exists already")


def _check_nothing_left(path: Path, plans: Sequence[_Planned], rules: KeywordRules) -> None:
    left = [what for plan in plans for what in suspicions(plan.judged, rules)]
    if left:
        raise PrivacyError(
            f"{path.name}: {'; '.join(dict.fromkeys(left))}; expected nothing that a person must "
            "look at; nothing was written"
        )


def _planned(
    source: Source, data_set: DataSet, rules: KeywordRules, *, days: int | None
) -> _Planned:
    found = describe(source, data_set)
    size = found.located.layout.bytes_of(found.located.events)
    digest = hashlib.sha256()
    for block in _data(source, found, size):
        digest.update(block.data)
    judged = judge(
        {k: v for k, v in data_set.keywords.items() if k not in PLACES},
        rules,
        channels=found.stored,
        version=data_set.header.version,
        data_name=f"{digest.hexdigest()[:16]}.fcs",
        days=days,
    )
    return _Planned(data_set, found, size, digest.hexdigest(), judged)


def _data(source: Source, found: Described, size: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the bytes of DATA, in one buffer."""
    buffer = np.empty(min(size, _BLOCK), dtype=np.uint8)
    for start in range(0, size, _BLOCK):
        block = buffer[: min(_BLOCK, size - start)]
        source.read_into(found.located.begin + start, block)
        yield block


def _parts(source: Source, plan: _Planned, *, last: bool) -> Iterator[bytes]:
    """Yield a data set piece by piece."""
    data = (block.tobytes() for block in _data(source, plan.found, plan.data_bytes))
    yield from compose(
        plan.pairs,
        data,
        data_bytes=plan.data_bytes,
        version=plan.data_set.header.version,
        name=source.name,
        last=last,
    )


def _clean(plan: _Planned, rules: KeywordRules, number: int) -> CleanDataSet:
    """Return what became of a data set."""
    stays = [j for j in plan.judged if j.after == j.before]
    return CleanDataSet(
        number=number,
        events=plan.found.located.events,
        data_sha256=plan.data_sha256,
        kept=tuple(j.keyword for j in stays),
        free_text=tuple(j.keyword for j in stays if j.free),
        changes=_changes(plan.judged),
        left_out=_left_out(plan),
        suspicions=suspicions(plan.judged, rules),
    )


def _changes(judged: Sequence[Judged]) -> tuple[Change, ...]:
    groups: dict[tuple[str, bool, str], list[str]] = {}
    for j in judged:
        if j.after != j.before:
            groups.setdefault((j.rule.entry, j.after is not None, j.why), []).append(j.keyword)
    return tuple(Change(*group, keywords=tuple(names)) for group, names in groups.items())


def _left_out(plan: _Planned) -> dict[str, int]:
    """Return the bytes of segments that are not carried over."""
    segments = {
        "supplemental TEXT": plan.data_set.supplement,
        "ANALYSIS": analysis_segment(plan.data_set.header, plan.data_set.keywords),
    }
    return {name: segment.length for name, segment in segments.items() if segment is not None}


def _segment_bytes(plan: _Planned) -> int:
    """Return the bytes of a data set that belong to one of its segments."""
    known = HEADER_BYTES + plan.data_set.header.text.length + plan.data_bytes
    return known + sum(_left_out(plan).values())


def _compare(path: Path, spare: Path, number: int, plan: _Planned) -> None:
    """Read a data set of both files.

    Raises:
        FcsUnsupportedError: they are not the same.
    """
    before, after = read_fcs(path, dataset=number), read_fcs(spare, dataset=number)
    asked = {j.keyword for j in plan.judged if j.rule.asked}
    differing = next(_differences(before, after, asked), None)
    if differing is not None:
        raise FcsUnsupportedError(
            f"{path.name}: {differing} would read differently in the copy; nothing was written"
        )


def _differences(before: FcsFile, after: FcsFile, asked: set[str]) -> Iterator[str]:
    """Say what reads differently, but for labels and matrices that were to be removed."""
    if before.events.shape != after.events.shape or not np.array_equal(
        before.events.view(np.uint32), after.events.view(np.uint32)
    ):
        yield "an event"
    unlabelled = [[replace(c, label=None) for c in file.channels] for file in (before, after)]
    if unlabelled[0] != unlabelled[1]:
        yield "a channel"
    # A label that is no $PnS of this data set may have gone, or have lost words.
    kept = [
        c.index
        for c in before.channels
        if before.keywords.get(f"$P{c.index + 1}S") == c.label and f"$P{c.index + 1}S" not in asked
    ]
    if any(before.channels[i].label != after.channels[i].label for i in kept):
        yield "a label"
    if before.raw.timestep_seconds != after.raw.timestep_seconds:
        yield "the time step"
    old, new = before.spillover, after.spillover
    if old is not None and old.source in asked:
        return
    same = old is new or (
        old is not None
        and new is not None
        and old.detectors == new.detectors
        and np.array_equal(old.matrix, new.matrix)
    )
    if not same:
        yield "the spillover matrix"
