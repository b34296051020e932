"""Who is in a population of a stored result, event by event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from cd5flow.analysis.stored import read_result
from cd5flow.batch.tube_settings import Find, settings_of, tube_file, unlike
from cd5flow.errors import OptionError, ResultError
from cd5flow.model.events import Mask
from cd5flow.model.result import Result
from cd5flow.pipeline import Analysis
from cd5flow.report.folder import MEMBERSHIP, RESULT
from cd5flow.review.drafts import Draft
from cd5flow.review.open_tube import base_of
from cd5flow.review.session import TubeSession


def members_of(stored: Path, result: Result, population: str, find: Find) -> Mask:
    """Return which events a population of a stored result holds: (n_events,), in file order.

    They stand in membership.npz beside the result; where that is not there, the tube is analysed
    again, and must give the same numbers.

    Args:
        stored: the result's file.
        result: as it was read.
        population: its name.
        find: where the tube, its controls and a laboratory's own files are.

    Raises:
        OptionError: the result has no such population, or it was not gated.
        FileAccessError: a file that it was made of is not found.
        InputError: the tube cannot be analysed again.
        ResultError: what is found is not what the result counts.
    """
    counted = {one.name: one.events for one in result.populations}
    if population not in counted:
        raise OptionError(
            f"population: found {population!r}, expected one of {', '.join(counted)} "
            f"({result.sample.id})"
        )
    inside = _kept(stored.parent / MEMBERSHIP, population)
    if inside is None:
        inside = _found_again(stored, result, find).gating.members.get(population)
    if inside is None:
        inside = np.zeros(result.sample.events, dtype=np.bool_)
    held = int(np.count_nonzero(inside))
    if len(inside) != result.sample.events or held != counted[population]:
        raise ResultError(
            f"{stored}: {population}: found {held:,} of {len(inside):,} events, expected "
            f"{counted[population]:,} of {result.sample.events:,}"
        )
    return inside


def _kept(path: Path, population: str) -> Mask | None:
    """Return what membership.npz says; None where there is none."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            inside = archive[population]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise ResultError(f"{path}: cannot be read ({error})") from error
    if inside.dtype != np.bool_ or inside.ndim != 1:
        raise ResultError(f"{path}: {population}: found {inside.dtype}, expected a list of bool")
    kept: Mask = inside
    return kept


def _found_again(stored: Path, result: Result, find: Find) -> Analysis:
    """Return the tube analysed again, with the gates that persons drew."""
    settings = settings_of(result, find, diagnosis=_diagnoses(stored))
    session = TubeSession.open(tube_file(result, find), settings)
    again = session.draw(Draft(base_of(result)).gates)
    differs = unlike(result, again.result)
    if differs:
        raise ResultError(
            f"{stored}: analysed again, {'; '.join(differs)}; analyse with --membership, or anew"
        )
    return again


def _diagnoses(stored: Path) -> Callable[[str], Result | None]:
    """Return what finds the result of a diagnostic tube beside a sample's folder."""

    def find(sha256: str) -> Result | None:
        others = map(read_result, _others(stored))
        return next((one for one in others if one.sample.sha256 == sha256), None)

    return find


def _others(stored: Path) -> Iterator[Path]:
    return (path for path in stored.absolute().parent.parent.glob(f"*/{RESULT}") if path.is_file())
