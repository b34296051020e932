"""What a batch is to do: from a folder or a sheet to jobs, or to every fault at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.settings import ORIGINS, imported_gates, make_settings
from cd5flow.batch.clinical_sheet import is_sheet, load_clinical_sheet
from cd5flow.batch.sample_sheet import (
    NO_FURTHER,
    SAMPLE,
    FurtherColumns,
    SheetFault,
    SheetRow,
    read_rows,
)
from cd5flow.batch.sources import absolute, are_tubes, common_folder, sheet_of
from cd5flow.batch.tube_folder import (
    HOW_TO_GO_ON,
    ROLE_OPEN,
    Found,
    NotTaken,
    beside_sheet,
    find_tubes,
    likely_controls,
    take_tubes,
)
from cd5flow.criteria.clinical import Clinical, load_clinical
from cd5flow.errors import (
    MOST_FAULTS,
    Cd5FlowError,
    ClinicalError,
    FcsError,
    FileAccessError,
    OptionError,
    SheetError,
    told_faults,
)
from cd5flow.fcs import summarise_data_sets
from cd5flow.model.names import distinct_folder_name, folder_name
from cd5flow.pipeline import Settings, load_rule_files
from cd5flow.preprocess.compensation import read_spillover_csv

SHEET: Final = "sheet"
"""Where an option came from that a row gives."""

RESERVED: Final = frozenset(
    {"summary.csv", "summary.xlsx", "index.html", "failures.csv", "run.json", "levey_jennings.csv"}
    | {"inputs.json", "ledger.sqlite3"}
)
"""Names in the results folder that are the batch's own."""


@dataclass(frozen=True, slots=True)
class Job:
    """One sample to analyse.

    Attributes:
        file: its FCS file.
        sample_id: as its sheet says, or made from the file's name.
        settings: everything else that was said of it.
        folder: the name of its folder among the results.
        identifiers: columns of the sheet that the summary repeats.
        further: what columns say that only the command knows which reads them.
    """

    file: Path
    sample_id: str
    settings: Settings
    folder: str
    identifiers: Mapping[str, str] = field(default_factory=dict)
    further: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """A batch before it runs.

    Attributes:
        source: the sheet, or the folder where there is none.
        jobs: the samples, in the order of the sheet or of their paths.
        not_taken: files in a folder that are not analysed, and why.
        origins: option to where it came from that holds for all samples.
    """

    source: Path
    jobs: tuple[Job, ...]
    not_taken: tuple[NotTaken, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> list[Path]:
        """The tubes, their controls, and the sheet."""
        files = {path for job in self.jobs for path in job.settings.controls.values()}
        sheet = [self.source] if self.source.is_file() else []
        return [*(job.file for job in self.jobs), *files, *sheet]


def make_plan(
    *sources: Path,
    words: Mapping[str, Any],
    out: Path | None = None,
    origins: Mapping[str, str] | None = None,
    further: FurtherColumns = NO_FURTHER,
) -> BatchPlan:
    """Read a sheet, look through a folder, or take the tubes that are named.

    Args:
        sources: a sheet (CSV or XLSX) or a folder, whose own sheet goes before its files; or several
            FCS files and folders.
        words: options of all samples, as of `cd5flow.analysis.settings.make_settings`; a sheet's row
            goes before.
        out: the results folder, which may lie below a source and is not searched for tubes.
        origins: option to where it came from, for the record.
        further: columns that a sheet may have for the command that reads it.

    Raises:
        FileAccessError: a source is absent, or there is no sample.
        SheetError: everything that is wrong with the sheet, one line a fault.
        UsageError: the words are wrong.
    """
    told_by = dict(origins or {})
    clinicals = _clinicals(words.get("clinical"))
    words = {**words, "gates": imported_gates(words.get("gates"), words.get("map") or {})}
    words.pop("clinical", None)
    load_rule_files(
        make_settings(**words)
    )  # what holds for all samples is refused before any is read
    source = common_folder(sources)
    sheet = None if are_tubes(sources) else sheet_of(source)
    if sheet is not None:
        rows, faults = read_rows(sheet, further=further)
        # A sheet that was named itself may take its files from anywhere.
        left = [] if sheet == source else beside_sheet(source, rows, results=out)
        likely = {} if all(row.role_said for row in rows) else likely_controls(rows)
        left += likely.values()
        if rows and len(likely) == len(rows):
            raise SheetError(f"{sheet}: every row is likely a control; {ROLE_OPEN}")
        rows = [row for row in rows if row.place not in likely]
    else:
        faults = []
        if are_tubes(sources):
            found = take_tubes(absolute(sources), source, results=out)
        else:
            found = find_tubes(source, results=out)
        rows, left = found.rows, found.not_taken
        if not rows:
            raise FileAccessError(_nothing(source, found))
    controls, between = _controls(rows)
    faults += [*between, *_same_ids(rows), *_no_sample(rows)]
    faults += islice(_file_faults(rows, words), max(0, MOST_FAULTS + 1 - len(faults)))
    if faults:
        name = source if sheet is None else sheet
        lines = [f"{name}: {fault}" for fault in sorted(faults, key=_position)]
        raise SheetError(told_faults(list(dict.fromkeys(lines))))
    folders = folder_names([row.sample_id for row in rows if row.role == SAMPLE])
    jobs = (
        _job(row, folders[row.sample_id], controls[row.sample_id], words | clinicals(row), told_by)
        for row in rows
        if row.role == SAMPLE
    )
    return BatchPlan(source if sheet is None else sheet, tuple(jobs), tuple(left), told_by)


def _clinicals(given: Path | None) -> Callable[[SheetRow], dict[str, Clinical]]:
    """Return what the clinic knows of a row's patient, as a word of its settings.

    Raises:
        FileAccessError: the file is absent or unreadable.
        ClinicalError: it is wrong.
    """
    if given is None:
        return lambda _: {}
    if is_sheet(given):
        known: Mapping[str, Clinical] = load_clinical_sheet(given)
    else:
        one = load_clinical(given).value
        if one.patient_id is None:
            raise ClinicalError(f"{given.name}: patient_id: found nothing, expected whose it is")
        known = {one.patient_id: one}

    def of(row: SheetRow) -> dict[str, Clinical]:
        found = known.get(str(row.words.get("patient_id")))
        return {} if found is None else {"clinical": found}

    return of


def _nothing(source: Path, found: Found) -> str:
    """Say that a folder holds no sample, and what it holds instead."""
    said = f"{source}: found no .fcs or .lmd file that is a sample, expected a folder of tubes"
    if not found.not_taken:
        return f"{said} or a sheet"
    one = found.not_taken[0]
    more = f" and {len(found.not_taken) - 1} more" if len(found.not_taken) > 1 else ""
    hint = f"; {HOW_TO_GO_ON.format(source)}" if any(n.is_control for n in found.not_taken) else ""
    return f"{said} or a sheet; left out were {one.place} ({one.reason}){more}{hint}"


def _position(fault: SheetFault) -> int:
    number = fault.place.removeprefix("row ")
    return int(number) if number.isdigit() else 0


def _job(
    row: SheetRow,
    folder: str,
    controls: Mapping[str, SheetRow],
    words: Mapping[str, Any],
    origins: Mapping[str, str],
) -> Job:
    gates = words.get("gates")
    if gates is not None:
        words = {**words, "gates": gates.about(row.file.name)}
    of_row = row.words.get("markers", {})
    chosen = make_settings(
        **{
            **words,
            **row.words,
            "markers": {**(words.get("markers") or {}), **of_row},
        },
        controls={role: control.file for role, control in controls.items()},
        identifiers=row.identifiers,
    )
    from_sheet = {name: SHEET for name in ORIGINS if name in row.words}
    chosen = replace(
        chosen.said_by({**origins, **from_sheet}),
        sample_id=row.sample_id,  # checked with its sheet, or made from any name that files have
        control_identifiers={role: controls[role].identifiers for role in chosen.controls},
        control_datasets={
            role: controls[role].words["dataset"]
            for role in chosen.controls
            if "dataset" in controls[role].words
        },
    )
    return Job(row.file, row.sample_id, chosen, folder, row.identifiers, row.further)


def folder_names(sample_ids: Sequence[str]) -> dict[str, str]:
    """Return each sample's folder; ids that would share one, on any file system, get digests."""
    plain = {each: folder_name(each) for each in sample_ids}
    shared = Counter(name.casefold() for name in plain.values())
    return {
        each: distinct_folder_name(each)
        if shared[name.casefold()] > 1 or name.casefold() in RESERVED
        else name
        for each, name in plain.items()
    }


def _no_sample(rows: Sequence[SheetRow]) -> Iterator[SheetFault]:
    if rows and all(row.role != SAMPLE for row in rows):
        yield SheetFault(rows[0].place, "no row is a sample")


def _same_ids(rows: Sequence[SheetRow]) -> Iterator[SheetFault]:
    """Yield samples of one id: their results would go to one folder."""
    first: dict[str, SheetRow] = {}
    for row in (row for row in rows if row.role == SAMPLE):
        earlier = first.setdefault(row.sample_id, row)
        if earlier is not row:
            what = (
                f"sample_id: {row.sample_id} is the id of {earlier.place} too; "
                "give each sample an id of its own in a sheet"
            )
            yield SheetFault(row.place, what)


def _controls(
    rows: Sequence[SheetRow],
) -> tuple[Mapping[str, dict[str, SheetRow]], list[SheetFault]]:
    """Return sample id to its controls by role."""
    samples = {row.sample_id: row for row in rows if row.role == SAMPLE}
    controls: dict[str, dict[str, SheetRow]] = defaultdict(dict)
    faults: list[SheetFault] = []
    for row in rows:
        if row.role == SAMPLE:
            continue
        whole = row.for_sample in samples
        for name in [row.for_sample] if whole else row.for_sample.split(";"):
            sample = samples.get(name.strip())
            if sample is None:
                faults.append(
                    SheetFault(row.place, f"for_sample: {name.strip()} is no sample here")
                )
                continue
            faults += _other_patient(row, sample)
            if row.role in controls[sample.sample_id]:
                what = f"role: a second {row.role} of {sample.sample_id}, expected one"
                faults.append(SheetFault(row.place, what))
            controls[sample.sample_id][row.role] = row
    return controls, faults


def _other_patient(control: SheetRow, sample: SheetRow) -> Iterator[SheetFault]:
    """Yield a control that is of another patient; a positive control usually is."""
    theirs, ours = control.words.get("patient_id"), sample.words.get("patient_id")
    if control.role != "positive" and None not in (theirs, ours) and theirs != ours:
        what = f"patient_id: {theirs}, but its sample {sample.sample_id} is of {ours}"
        yield SheetFault(control.place, what)


def _file_faults(rows: Sequence[SheetRow], words: Mapping[str, Any]) -> Iterator[SheetFault]:
    """Yield files of rules, matrices, results and data sets that cannot be used; each is read once."""
    known: dict[tuple[object, ...], str] = {}
    for row in rows:
        for column, check in _FILE_CHECKS.items():
            if column not in row.words:
                continue
            value = row.words[column]
            patient = row.words.get("patient_id") if column == "laip" else None
            key = column, value, patient, row.file if column == "dataset" else None
            if key not in known:
                known[key] = _refusal(check, row, {**words, column: value, "patient_id": patient})
            for line in known[key].splitlines():
                yield SheetFault(row.place, f"{column}: {line}")


def _refusal(check: _Check, row: SheetRow, words: Mapping[str, Any]) -> str:
    try:
        check(row, words)
    except Cd5FlowError as refused:
        return refused.message
    return ""


_Check = Callable[[SheetRow, Mapping[str, Any]], object]


def _rules(_: SheetRow, words: Mapping[str, Any]) -> None:
    load_rule_files(make_settings(**words))


def _matrix(row: SheetRow, _: Mapping[str, Any]) -> None:
    matrix = Path(row.words["spillover"])
    if matrix.is_file():  # what is none, the row's own check tells
        read_spillover_csv(matrix)


def _data_set(row: SheetRow, _: Mapping[str, Any]) -> None:
    """Check that a file has the data set; of one that cannot be read, its own analysis tells."""
    try:
        found = len(summarise_data_sets(row.file))
    except (FcsError, FileAccessError):
        return
    if row.words["dataset"] > found:
        raise OptionError(f"found {row.words['dataset']}, the file has {found}")


_FILE_CHECKS: Final[Mapping[str, _Check]] = {
    "strategy": _rules,
    "protocol": _rules,
    "override": _rules,
    "laip": lambda _, words: make_settings(**words),
    "spillover": _matrix,
    "dataset": _data_set,
}
