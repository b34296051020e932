"""Results that a command is given: as files, or as folders that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cd5flow.analysis.stored import read_stored
from cd5flow.cli.terminal import say
from cd5flow.criteria.clinical import load_clinical
from cd5flow.criteria.patients import Clinicals
from cd5flow.errors import FileAccessError
from cd5flow.model.result import Result

RESULT: Final = "result.json"


def result_files(places: Sequence[Path]) -> list[Path]:
    """Return the result files: those named, and of a folder its own or those of its samples.

    Raises:
        FileAccessError: a folder holds none.
    """
    files: list[Path] = []
    for place in places:
        if not place.is_dir():
            files.append(place)
        elif (place / RESULT).is_file():
            files.append(place / RESULT)
        else:
            found = sorted(place.glob(f"*/{RESULT}"))
            if not found:
                raise FileAccessError(f"{place}: found no {RESULT} in it or in its folders")
            files += found
    return list(dict.fromkeys(files))


def read_results(files: Sequence[Path]) -> list[Result]:
    """Read results, and say of each what could not be checked.

    Raises:
        FileAccessError: a file cannot be read.
        ResultError: one is no result, or was edited.
    """
    results = []
    for file in files:
        stored = read_stored(file)
        for note in stored.notes:
            say(f"{file}: {note}", style="look")
        results.append(stored.result)
    return results


def read_clinicals(file: Path) -> Clinicals:
    """Return what the clinic knows: of one patient, or of a sheet's patients.

    Raises:
        ClinicalError: the file's faults, one a line.
    """
    from cd5flow.batch.clinical_sheet import is_sheet, load_clinical_sheet  # noqa: PLC0415 - for sheets

    return load_clinical_sheet(file) if is_sheet(file) else load_clinical(file).value
