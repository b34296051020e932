"""A results folder read back: every sample that has a result, and those whose result is unreadable.

What the overview needs is taken from each result and the rest dropped, so that thousands fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cd5flow.analysis.stored import read_result
from cd5flow.batch.failures import Failure
from cd5flow.batch.levey_jennings import Watched
from cd5flow.batch.outliers import ComparedValues, OutlierRules, OverTimeRules, measure
from cd5flow.batch.review_figures import ReviewedSample, reviewed_sample
from cd5flow.batch.summary_row import ReasonAbout, reasons, summary_row
from cd5flow.batch.trend import Visit, visit_of
from cd5flow.errors import Cd5FlowError, OutputError
from cd5flow.model.result import BurdenSection, Cd5Section, Result, SampleSection
from cd5flow.report.folder import RESULT
from cd5flow.report.source import HTML, PDF, PLOTS
from cd5flow.report.tables import Cell

MAP: Final = f"{PLOTS}/map-cd45-ssc.png"
OVERLAY: Final = f"{PLOTS}/cd5-overlay.png"

LINKED: Final = (HTML, PDF, RESULT, MAP, OVERLAY)
"""Files of a sample that the overview links or shows."""


@dataclass(frozen=True, slots=True)
class SampleEntry:
    """A sample of a results folder.

    Attributes:
        folder: its name.
        files: which of `LINKED` it has.
        row: its cells in the summary.
        sample, cd5, burden: of its result.
        reasons: why its states are what they are.
        notes: what else is to be known of it.
        measured: what it is compared with others by.
        watched: what is watched of it over the months; None where nothing is.
        visit: it as a time point of a patient; None without patient or date.
        reviewed: what persons did with it.
    """

    folder: str
    files: frozenset[str]
    row: Mapping[str, Cell]
    sample: SampleSection
    cd5: Cd5Section
    burden: BurdenSection
    reasons: tuple[ReasonAbout, ...]
    notes: tuple[str, ...]
    measured: ComparedValues
    watched: Watched | None
    visit: Visit | None
    reviewed: ReviewedSample


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """A results folder.

    Attributes:
        entries: in the order of their ids, numbers in them as numbers.
        unreadable: folders whose ``result.json`` cannot be read.
    """

    entries: tuple[SampleEntry, ...]
    unreadable: tuple[Failure, ...]


def read_results_folder(
    out: Path,
    rules: OutlierRules,
    *,
    over_time: OverTimeRules | None = None,
    failed: frozenset[str] = frozenset(),
) -> ResultsFolder:
    """Read every sample's ``result.json`` under a results folder.

    Args:
        out: the results folder; hidden folders and those without a result are not samples.
        rules: what samples are compared by.
        over_time: what is watched over the months; None is nothing.
        failed: folders of samples that failed in the last run; a result in one is an earlier one.

    Raises:
        OutputError: the folder cannot be read.
    """
    entries, unreadable = [], []
    for name, result in read_results(out):
        if isinstance(result, Failure):
            unreadable.append(result)
        else:
            entries.append(_entry(result, out / name, rules, over_time, failed=name in failed))
    entries.sort(key=lambda entry: natural(entry.sample.id))
    return ResultsFolder(tuple(entries), tuple(unreadable))


def read_results(out: Path) -> Iterator[tuple[str, Result | Failure]]:
    """Yield each folder's name with its result, or with why that cannot be read.

    Raises:
        OutputError: the results folder cannot be read.
    """
    for folder in _folders(out):
        try:
            yield folder.name, read_result(folder / RESULT)
        except Cd5FlowError as refused:
            message = " ".join(refused.message.replace(str(folder), folder.name).split())
            yield folder.name, Failure(folder.name, RESULT, type(refused).__name__, message)


def _folders(out: Path) -> Iterator[Path]:
    try:
        names = sorted(path.name for path in out.iterdir())
    except OSError as error:
        raise OutputError(f"{out}: cannot be read ({error.strerror or error})") from error
    for name in names:
        if not name.startswith(".") and (out / name / RESULT).is_file():
            yield out / name


def _entry(
    result: Result,
    folder: Path,
    rules: OutlierRules,
    over_time: OverTimeRules | None,
    *,
    failed: bool,
) -> SampleEntry:
    files = frozenset(name for name in LINKED if (folder / name).is_file())
    report = next((f"{folder.name}/{name}" for name in (HTML, PDF) if name in files), None)
    notes = []
    if failed:
        notes.append("the last run of this sample failed; this is an earlier result")
    return SampleEntry(
        folder=folder.name,
        files=files,
        row=summary_row(result, folder=folder.name, report=report, notes=notes),
        sample=result.sample,
        cd5=result.cd5,
        burden=result.burden,
        reasons=tuple(reasons(result)),
        notes=tuple(notes),
        measured=measure(result, rules),
        watched=None
        if over_time is None
        else Watched(result.sample.id, result.sample.acquired, measure(result, over_time)),
        visit=visit_of(result, folder.name),
        reviewed=reviewed_sample(result),
    )


def natural(text: str) -> tuple[tuple[bool, int, str], ...]:
    """Return a key by which p2 comes before p10, and numbers before words."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", text.casefold())
    return tuple(
        (False, int(digits[:300]), "") if digits else (True, 0, word) for digits, word in parts
    )
