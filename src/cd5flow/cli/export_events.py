"""`cd5flow export --format fcs`: the events of a population as an FCS file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cd5flow.batch.tube_settings import tube_file
from cd5flow.cli.results_given import read_results, result_files
from cd5flow.cli.terminal import show
from cd5flow.config.atomic import as_private_as
from cd5flow.errors import OptionError, OutputError
from cd5flow.fcs.subset import write_subset
from cd5flow.model.names import BLASTS
from cd5flow.model.result import Result
from cd5flow.report.input_files import InputFiles
from cd5flow.review.members import members_of


def run(
    places: Sequence[Path], *, population: str | None, out: Path | None, folders: Sequence[Path]
) -> None:
    """Write a population of each result: into a file, or into a folder with a file each."""
    if out is None:
        raise OptionError(
            "out: is absent, expected the file of one result, or a folder for several (--out)"
        )
    name = population or BLASTS
    files = result_files(places)
    read = list(zip(files, read_results(files), strict=True))
    targets = _targets(read, out, name)
    for (stored, result), target in zip(read, targets, strict=True):
        find = InputFiles(stored.absolute().parent.parent, folders).find
        inside = members_of(stored, result, name, find)
        tube = tube_file(result, find)
        path = next(one.path for one in result.populations if one.name == name)
        events = write_subset(
            tube,
            target,
            inside,
            dataset=result.provenance.settings.get("dataset"),
            keywords={
                "CD5FLOW_POPULATION": path,
                "CD5FLOW_RESULT": str(result.digest),
                "CD5FLOW_TUBE_SHA256": result.sample.sha256,
            },
            mode=as_private_as([tube, stored]),
        )
        show(f"{target}: {events:,} events of {name}")


def _targets(read: Sequence[tuple[Path, Result]], out: Path, population: str) -> list[Path]:
    """Return where each result's events go."""
    if len(read) == 1 and not out.is_dir():
        return [out]
    if out.exists() and not out.is_dir():
        raise OptionError(f"out: {out} is a file, expected a folder for {len(read)} results")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: cannot be made ({error.strerror or error})") from error
    targets = [out / f"{stored.absolute().parent.name}_{population}.fcs" for stored, _ in read]
    if len(set(targets)) < len(targets):
        raise OptionError("results: found two of one folder's name, expected different ones")
    return targets
