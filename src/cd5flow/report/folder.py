"""A sample's folder: it appears whole or not at all, and what it replaces is kept.

An earlier, different result moves to ``previous/N/`` in the same step.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from cd5flow.config.atomic import (
    as_private_as,
    exchange_folder,
    of_folder,
    place_folder,
    recover_folder,
    recover_folders,
    spare_folder,
    write_new,
)
from cd5flow.errors import OutputError, ResultError
from cd5flow.interop.gatingml import to_gatingml
from cd5flow.interop.idle_gates import without_idle
from cd5flow.model.digest import NOT_DIGESTED, digest_of
from cd5flow.model.names import folder_name
from cd5flow.model.result import Result
from cd5flow.numerics.timing import Stage, untimed
from cd5flow.pipeline import Analysis
from cd5flow.report.edition import edition, edition_of
from cd5flow.report.lab import Lab
from cd5flow.report.membership import membership_npz
from cd5flow.report.parts import Extent
from cd5flow.report.signing import Replaced
from cd5flow.report.source import HTML, PDF, PLOTS, SOURCE, ReportSource
from cd5flow.report.tables import populations_csv

RESULT: Final = "result.json"
POPULATIONS: Final = "populations.csv"
GATES: Final = "gates.xml"
MEMBERSHIP: Final = "membership.npz"
PREVIOUS: Final = "previous"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOutputs:
    """What is written of a sample beside its result, table and gates.

    Attributes:
        report: report.pdf, report.html and ``plots/``.
        extent: of the reports: with the technical annex and its pictures, or without.
        membership: who is in which population.
        language: of the reports: ``en``, ``zh`` or a file of a laboratory's own wording.
        lab: the laboratory in their head; None leaves it open.
        supersede: why a result is replaced that somebody signed, or whose gates somebody moved; empty
            keeps such a result.
    """

    report: bool = True
    extent: Extent = "full"
    membership: bool = False
    language: str = "en"
    lab: Lab | None = None
    supersede: str = ""


@dataclass(frozen=True, slots=True)
class WrittenSample:
    """What became of a sample's folder.

    Attributes:
        folder: the sample's folder.
        changed: whether anything was written; False where it held the same result already.
        previous: where the earlier, different result was put; None where there was none.
        kept_by: who answers for another result that lies there and was kept; empty where nobody does.
    """

    folder: Path
    changed: bool
    previous: Path | None
    kept_by: str = ""


def write_sample(
    analysis: Analysis,
    out: Path,
    *,
    outputs: WantedOutputs | None = None,
    aside: Path | None = None,
    name: str = "",
    stage: Stage = untimed,
    reviewed: bool = False,
) -> WrittenSample:
    """Write a sample's folder under `out`.

    A folder that holds the same result (but for the time it was made) and all the files asked for
    is left as it is; files that it lacks are added to it. Reports in another language or for another
    laboratory are a new version, and the earlier ones are kept.

    Args:
        analysis: the tube.
        out: the results folder, made where it is absent.
        outputs: what else is to be written; None is the reports in English.
        aside: a folder on the same file system in which the new one is filled; None is `out`.
        name: of the folder; empty is `folder_name` of the sample's id.
        stage: marks each part of the report, for who times them.
        reviewed: whether this is the version that a review made, which records it itself.

    Raises:
        OutputError: the folder cannot be written, or something else stands in its place.
    """
    folder = out / (name or folder_name(analysis.result.sample.id))
    aside = out if aside is None else aside
    wanted = outputs or WantedOutputs()
    try:
        for place in (out, aside):
            place.mkdir(parents=True, exist_ok=True)
        recover_folder(folder)
        earlier = _earlier(folder)
        same = (
            earlier is not None
            and _same(earlier, analysis.result)
            and not _is_other_edition(folder, wanted)
        )
        if same and is_complete(folder, wanted):
            return WrittenSample(folder, changed=False, previous=None)
        kept_by = ""
        if earlier is not None and not reviewed:
            # A first result has no ledger beside it that would have to be read.
            from cd5flow.signatures.guard import answered_for  # noqa: PLC0415

            kept_by = answered_for(out, folder.name, str(earlier.get("digest")))
            if kept_by and not wanted.supersede:
                return WrittenSample(folder, changed=False, previous=None, kept_by=kept_by)
        # A file added to an equal result belongs to that one, and carries its time.
        result = _dated_as(analysis.result, earlier) if same else analysis.result
        version = 1 + len(kept_versions(folder)) + (0 if same or earlier is None else 1)
        replaced = None
        if kept_by and not same and wanted.report:
            replaced = _replaced(folder, version=version - 1, reason=wanted.supersede)
        fill = partial(_fill, version=version, replaced=replaced, stage=stage)
        with spare_folder(folder, aside) as spare:
            fill(spare, replace(analysis, result=result), wanted)
            if earlier is None:
                place_folder(spare, folder)
                return WrittenSample(folder, changed=True, previous=None)
            kept = None
            if same:
                _keep_beside(folder, spare)
            else:
                kept = _keep_as_previous(folder, spare)
            if kept_by:
                from cd5flow.signatures.guard import record_superseded  # noqa: PLC0415

                record_superseded(
                    out,
                    folder.name,
                    digest=digest_of(result),
                    earlier=str(earlier.get("digest")),
                    why=wanted.supersede,
                )
            exchange_folder(spare, folder)
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else folder
        raise OutputError(f"{where}: cannot be written ({error.strerror or error})") from error
    return WrittenSample(folder, changed=True, previous=None if kept is None else folder / kept)


def clear_aside(out: Path, aside: Path) -> None:
    """Clear what runs that were ended from outside left aside, and put back what they took away.

    Nobody else may be filling folders there.
    """
    recover_folders(out)
    shutil.rmtree(aside, ignore_errors=True)


def is_complete(folder: Path, wanted: WantedOutputs) -> bool:
    """Return whether a sample's folder holds every file asked for, its reports as asked for."""
    names = [RESULT, POPULATIONS, GATES, *([MEMBERSHIP] if wanted.membership else [])]
    if wanted.report:
        names += [PDF, HTML, SOURCE]
    there = all((folder / name).is_file() for name in names)
    if not there or not wanted.report:
        return there
    return (folder / PLOTS).is_dir() and not _is_other_edition(folder, wanted)


def _is_other_edition(folder: Path, wanted: WantedOutputs) -> bool:
    """Return whether reports are asked for in other words than a folder's are written in."""
    page = folder / HTML
    if not wanted.report or not page.is_file():
        return False
    return edition_of(page) != edition(wanted.language, wanted.lab, wanted.extent)


def _fill(
    spare: Path,
    analysis: Analysis,
    wanted: WantedOutputs,
    *,
    version: int,
    replaced: Replaced | None,
    stage: Stage,
) -> None:
    """Write every file of a sample into a new folder, through to the disk."""
    tube = analysis.tube
    mode = as_private_as([tube.path, *tube.settings.controls.values()])
    spare.mkdir(mode=of_folder(mode))
    for name, content in _files(analysis, wanted, version=version, replaced=replaced, stage=stage):
        path = spare / name
        path.parent.mkdir(mode=of_folder(mode), exist_ok=True)
        write_new(path, content, mode=mode)


def _files(
    analysis: Analysis,
    wanted: WantedOutputs,
    *,
    version: int,
    replaced: Replaced | None,
    stage: Stage,
) -> Iterator[tuple[str, bytes]]:
    yield RESULT, analysis.result.to_json().encode()
    yield POPULATIONS, populations_csv(analysis.result).encode()
    yield GATES, _gates(analysis).encode()
    if wanted.membership:
        yield MEMBERSHIP, membership_npz(analysis)
    if not wanted.report:
        return
    # matplotlib costs half a second: only where a report is wanted.
    with stage("imports"):
        from cd5flow.report.pictures import report_pictures  # noqa: PLC0415
        from cd5flow.report.wording import load_wording  # noqa: PLC0415

    with stage("pictures"):
        pictures = report_pictures(analysis, load_wording(wanted.language), extent=wanted.extent)
    for picture in pictures:
        yield f"{PLOTS}/{picture.name}.png", picture.png
    source = ReportSource.of(
        wanted.language,
        lab=wanted.lab,
        version=version,
        eligibility=analysis.eligibility,
        extent=wanted.extent,
        pictures=pictures,
        replaced=replaced,
    )
    yield SOURCE, source.to_bytes()
    yield from source.printed(analysis.result, stage=stage)


def _gates(analysis: Analysis) -> str:
    tube = analysis.tube
    time = tube.fcs.raw.time
    step = tube.fcs.raw.timestep_seconds
    ticks = {} if time is None else {time.detector: 1.0 if step is None else step}
    tree = without_idle(analysis.gating.tree, analysis.gating.count)
    try:
        return to_gatingml(tree, spillover=tube.compensation.spillover, tick_seconds=ticks)
    except ValueError as error:
        raise OutputError(f"{GATES}: {error}") from error


def _replaced(folder: Path, *, version: int, reason: str) -> Replaced | None:
    """Return the version that lies in a folder, for the report that replaces it to name.

    None where it was edited since a person answered for it: what it says is not to be believed, and the
    ledger names it by its digest.
    """
    # Ledgers and signatures belong to it: only where a result is replaced.
    from cd5flow.analysis.stored import read_stored  # noqa: PLC0415

    try:
        return Replaced(version, read_stored(folder / RESULT).result, reason)
    except ResultError:
        return None


def _earlier(folder: Path) -> dict[str, Any] | None:
    """Return the result that a folder holds; None where there is no folder, or an empty one.

    Raises:
        OutputError: the folder holds something else.
    """
    with contextlib.suppress(OSError):
        folder.rmdir()  # succeeds on an empty folder only
    if not folder.is_symlink() and not folder.exists():
        return None
    try:
        earlier = json.loads((folder / RESULT).read_bytes())
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{folder}: is there already and holds no {RESULT} that can be read; "
            "choose another folder, or move it away"
        ) from error
    return earlier if isinstance(earlier, dict) else {}


def _same(earlier: dict[str, Any], result: Result) -> bool:
    """Return whether two results differ in nothing but when they were made and what persons signed.

    A result that was changed by hand, its digest left behind, is no equal of any.
    """
    now = json.loads(result.to_json())
    return _undated(earlier) == _undated(now) and _is_whole(earlier)


def _is_whole(earlier: dict[str, Any]) -> bool:
    try:
        return digest_of(earlier) == earlier.get("digest")
    except ResultError:
        return False


def _undated(result: dict[str, Any]) -> dict[str, Any]:
    made = result.get("provenance")
    aside = {"created", "origins"}  # when, and where the same settings were written
    rest = {k: v for k, v in made.items() if k not in aside} if isinstance(made, dict) else made
    return {k: v for k, v in result.items() if k not in NOT_DIGESTED} | {"provenance": rest}


def _dated_as(result: Result, earlier: dict[str, Any] | None) -> Result:
    """Return a result with the time at which its equal was made."""
    made = (earlier or {}).get("provenance")
    created = made.get("created") if isinstance(made, dict) else None
    if not isinstance(created, str):
        return result
    provenance = result.provenance.model_copy(update={"created": created})
    return result.model_copy(update={"provenance": provenance}).sealed()


def kept_versions(folder: Path) -> list[int]:
    """Return the numbers of what a folder keeps of its past under ``previous/N``."""
    older = folder / PREVIOUS
    return [int(p.name) for p in older.iterdir() if p.name.isdigit()] if older.is_dir() else []


def _keep_beside(folder: Path, spare: Path) -> None:
    """Carry what a folder holds over to its equal; its own result.json, dated earlier, stays."""
    (spare / RESULT).unlink()
    _copy_missing(folder, spare)


def _keep_as_previous(folder: Path, spare: Path) -> Path:
    """Copy a folder to the next ``previous/N`` of its successor, and return that."""
    older = folder / PREVIOUS
    place = Path(PREVIOUS) / str(max(kept_versions(folder), default=0) + 1)
    if older.is_dir():
        _copy_missing(older, spare / PREVIOUS)
    _copy_missing(folder, spare / place, without=PREVIOUS)
    return place


def _copy_missing(source: Path, target: Path, *, without: str = "") -> None:
    """Copy a folder's files into another that lacks them, as hard links where that can be."""
    target.mkdir(exist_ok=True, parents=True)
    for path in source.iterdir():
        there = target / path.name
        if path.name == without:
            continue
        if path.is_dir():
            _copy_missing(path, there)
        elif not there.exists():
            try:
                os.link(path, there, follow_symlinks=False)
            except (OSError, NotImplementedError):
                shutil.copy2(path, there)
