"""A sample sheet for a folder: a row a tube, each guess with its reason, what is not sure left open."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cd5flow.analysis.option_words import sample_name
from cd5flow.batch.control_guess import Guess, guess_roles
from cd5flow.batch.name_words import day_of_collection, told
from cd5flow.batch.sample_sheet import NOTES
from cd5flow.batch.tube_facts import TubeFacts, TubeReader
from cd5flow.batch.tube_folder import NotTaken, list_tubes, place_below
from cd5flow.errors import FileAccessError, OptionError
from cd5flow.model.names import shown_name

COLUMNS: Final = (
    "file",
    "dataset",
    "sample_id",
    "patient_id",
    "role",
    "for_sample",
    "timepoint",
    "visit",
    "specimen",
    "prior_therapy",
    "collected_at",
    NOTES,
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet takes for a formula."""

_DEEPEST: Final = 8
"""Folders above a file that may tell its id from others'."""

_LONGEST: Final = 180


@dataclass(frozen=True, slots=True)
class GuessedSheet:
    """A sheet and what is to be said of it.

    Attributes:
        rows: column to cell, a row a tube, in the order of their paths.
        open_roles: files whose role or partner is left open, as the sheet writes them.
        unreadable: why each file that cannot be read is none.
        not_taken: what else lies in the folder.
    """

    rows: tuple[dict[str, str], ...]
    open_roles: tuple[str, ...]
    unreadable: tuple[str, ...]
    not_taken: tuple[NotTaken, ...]

    def csv(self) -> str:
        """Return the sheet as CSV."""
        text = io.StringIO(newline="")
        # A carriage return within a name would end the row of a reader.
        odd = any("\r" in cell for row in self.rows for cell in row.values())
        writer = csv.DictWriter(
            text,
            COLUMNS,
            lineterminator="\n",
            quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL,
        )
        writer.writeheader()
        writer.writerows(self.rows)
        return text.getvalue()


def guess_sheet(folder: Path, *, beside: Path | None = None) -> GuessedSheet:
    """Look at every FCS file below a folder; of each only HEADER and TEXT are read.

    Args:
        folder: where to look.
        beside: the folder in which the sheet will lie, to which its paths are relative; None writes
            them as `folder` is written.

    Raises:
        FileAccessError: the folder is absent, or holds no FCS file.
    """
    if not folder.is_dir():
        found = "is no folder" if folder.exists() else "is not there"
        raise FileAccessError(f"{folder}: {found}, expected a folder of FCS files")
    left: list[NotTaken] = []
    files = list_tubes(folder, None, left)
    if not files:
        raise FileAccessError(f"{folder}: found no .fcs or .lmd file, expected a folder of tubes")
    reader = TubeReader()
    tubes = [tube for file in files for tube in reader.read(file, place_below(folder, file))]
    guesses = guess_roles(tubes, reader)
    ids = _sample_ids(tubes)
    rows = tuple(
        _row(
            tube,
            guess,
            own,
            None if guess.partner is None else ids[guess.partner],
            file=_written(tube.file, beside),
            reader=reader,
        )
        for tube, guess, own in zip(tubes, guesses, ids, strict=True)
    )
    return GuessedSheet(
        rows=rows,
        open_roles=tuple(row["file"] for row in rows if not row["role"]),
        unreadable=tuple(dict.fromkeys(tube.fault for tube in tubes if tube.fault)),
        not_taken=tuple(left),
    )


def _row(
    tube: TubeFacts,
    guess: Guess,
    own: _SampleId,
    partner: _SampleId | None,
    *,
    file: str,
    reader: TubeReader,
) -> dict[str, str]:
    notes = list(guess.reasons)
    specimens = dict(tube.specimen_words)
    specimen = told(list(specimens)) or ""
    if specimen:
        notes.append(f"specimen: {specimens[specimen]}")
    elif specimens:
        notes.append(f"specimen open: {' and '.join(sorted(specimens))} are named")
    timepoint = told(tube.name.timepoints)
    if timepoint is not None:
        notes.append("time point: its name")
    elif tube.name.timepoints:
        notes.append(f"time point open: {' and '.join(tube.name.timepoints)} are named")
    day, why = day_of_collection(tube.name.days, tube.day, reader.names.limits)
    if why:
        notes.append(f"collected_at{'' if day else ' open'}: {why}")
    elif tube.day is not None:
        notes.append(f"run on {tube.day}")
    return {
        "file": file,
        "dataset": "" if tube.dataset is None else str(tube.dataset),
        "sample_id": own.cell,
        "patient_id": "",
        "role": guess.role,
        "for_sample": "" if partner is None else partner.called,
        "timepoint": timepoint or "",
        "visit": tube.name.visit,
        "specimen": specimen,
        "prior_therapy": "",
        "collected_at": "" if day is None else day.isoformat(),
        NOTES: _plain("; ".join(notes)),
    }


def _written(file: Path, beside: Path | None) -> str:
    """Return a path as a cell of a sheet: bytes that are no UTF-8 as hex, and never a formula."""
    path = file if beside is None else _relative(file, beside)
    text = shown_name(path.as_posix() if beside is not None else str(path))
    return f"./{text}" if text.startswith((*_FORMULA, " ")) else text


def _relative(file: Path, beside: Path) -> Path:
    whole, base = file.absolute(), beside.absolute()
    return whole.relative_to(base) if whole.is_relative_to(base) else whole


@dataclass(frozen=True, slots=True)
class _SampleId:
    """A tube's id.

    Attributes:
        cell: as its own row writes it; empty where the batch makes it from the file's name.
        called: as other rows call it.
    """

    cell: str
    called: str


def _sample_ids(tubes: Sequence[TubeFacts]) -> list[_SampleId]:
    """Return an id for each tube: its file's name, with its folders' where several are called so."""
    names = [_name(tube, 0) for tube in tubes]
    for depth in range(1, _DEEPEST):
        seen = Counter(names)
        names = [
            _name(tube, depth) if seen[name] > 1 else name
            for tube, name in zip(tubes, names, strict=True)
        ]
    seen = Counter()
    ids = []
    for tube, name in zip(tubes, names, strict=True):
        seen[name] += 1
        numbered = name if seen[name] == 1 else f"{name} ({seen[name]})"
        ids.append(_as_cell(numbered, is_own=numbered == _name(tube, 0)))
    return ids


def _name(tube: TubeFacts, folders: int) -> str:
    parts = tube.place.split("/")[:-1][-folders:] if folders else []
    name = " ".join([*parts, shown_name(tube.file.stem)])
    return name if tube.dataset is None else f"{name}-{tube.dataset}"


def _as_cell(name: str, *, is_own: bool) -> _SampleId:
    """Return an id that can stand in a sheet; one that only a file may have is not written in its row."""
    allowed = True
    try:
        sample_name(name)
    except OptionError:
        allowed = False
    is_plain = name == name.strip() and not name.startswith(_FORMULA)
    if is_plain and (allowed or is_own):
        return _SampleId(name if allowed else "", name)
    kept = "".join(c if c.isprintable() and c not in "/\\" else "_" for c in name)[:_LONGEST]
    return _SampleId(*[f"_{kept.strip(' .')}_"] * 2)


def _plain(text: str) -> str:
    """Return text in one line."""
    return "".join(c if c.isprintable() else " " for c in text)
