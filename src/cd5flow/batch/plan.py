"""What a batch is to do: from a folder or a sheet to jobs, or to every fault at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.settings import imported_gates, make_settings
from cd5flow.batch.clinical_sheet import is_sheet, load_clinical_sheet
from cd5flow.batch.sample_sheet import SAMPLE, SheetFault, SheetRow, read_rows
from cd5flow.batch.tube_folder import Found, NotTaken, beside_sheet, find_tubes
from cd5flow.criteria.clinical import Clinical, load_clinical
from cd5flow.errors import ClinicalError, FileAccessError, SheetError, UsageError
from cd5flow.pipeline import Settings, load_rule_files
from cd5flow.report.folder import folder_name

SHEETS: Final = ("samples.csv", "samples.xlsx")
"""A folder that holds one of these is taken by it."""

RESERVED: Final = frozenset(
    {"summary.csv", "summary.xlsx", "index.html", "failures.csv", "run.json"}
)
"""Names in the results folder that are the batch's own."""


@dataclass(frozen=True, slots=True)
class Job:
    """One sample to analyse.

    Attributes:
        file: its FCS file.
        sample_id: as its sheet says, or made from the file's name.
        settings: everything else that was said of it.
        identifiers: columns of the sheet that the summary repeats.
    """

    file: Path
    sample_id: str
    settings: Settings
    identifiers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """A batch before it runs.

    Attributes:
        source: the sheet, or the folder where there is none.
        jobs: the samples, in the order of the sheet or of their paths.
        not_taken: files in a folder that are not analysed, and why.
    """

    source: Path
    jobs: tuple[Job, ...]
    not_taken: tuple[NotTaken, ...] = ()


def make_plan(source: Path, *, words: Mapping[str, Any], out: Path | None = None) -> BatchPlan:
    """Read a sheet, or look through a folder.

    Args:
        source: a sheet (CSV or XLSX) or a folder; a folder's own sheet goes before its files.
        words: options of all samples, as of `cd5flow.analysis.settings.make_settings`; a sheet's row
            goes before.
        out: the results folder, which may lie below `source` and is not searched for tubes.

    Raises:
        FileAccessError: `source` is absent, or a folder without a sample.
        SheetError: everything that is wrong with the sheet, one line a fault.
        UsageError: the words are wrong.
    """
    clinicals = _clinicals(words.get("clinical"))
    words = {**words, "gates": imported_gates(words.get("gates"), words.get("map") or {})}
    words.pop("clinical", None)
    load_rule_files(
        make_settings(**words)
    )  # what holds for all samples is refused before any is read
    sheet = _sheet_of(source)
    if sheet is not None:
        rows, faults = read_rows(sheet)
        # A sheet that was named itself may take its files from anywhere.
        left = [] if sheet == source else beside_sheet(source, rows, results=out)
    else:
        faults = []
        found = find_tubes(source, results=out)
        rows, left = found.rows, found.not_taken
        if not rows:
            raise FileAccessError(_nothing(source, found))
    controls, between = _controls(rows)
    faults += [*between, *_collisions(rows), *_rule_faults(rows, words), *_no_sample(rows)]
    if faults:
        name = source if sheet is None else sheet
        lines = [f"{name}: {fault}" for fault in sorted(faults, key=_position)]
        raise SheetError("\n".join(dict.fromkeys(lines)))
    said = {row.file: row.identifiers for row in rows if row.role != SAMPLE}
    jobs = (
        _job(row, controls[row.sample_id], words | clinicals(row), said)
        for row in rows
        if row.role == SAMPLE
    )
    return BatchPlan(source if sheet is None else sheet, tuple(jobs), tuple(left))


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
    return f"{said} or a sheet; left out were {one.place} ({one.reason}){more}"


def _position(fault: SheetFault) -> int:
    number = fault.place.removeprefix("row ")
    return int(number) if number.isdigit() else 0


def _sheet_of(source: Path) -> Path | None:
    """Return the sheet that a source is or holds; None for a folder without one."""
    if source.is_file():
        return source
    if not source.is_dir():
        raise FileAccessError(f"{source}: is not there, expected a folder or a sample sheet")
    there = [source / name for name in SHEETS if (source / name).is_file()]
    if len(there) > 1:
        raise SheetError(f"{source}: holds {' and '.join(SHEETS)}; name the one to use")
    return there[0] if there else None


def _job(
    row: SheetRow,
    controls: Mapping[str, Path],
    words: Mapping[str, Any],
    said: Mapping[Path, Mapping[str, str]],
) -> Job:
    gates = words.get("gates")
    if gates is not None:
        words = {**words, "gates": gates.about(row.file.name)}
    chosen = make_settings(
        **{**words, **row.words},
        sample_id=row.sample_id,
        controls=controls,
        identifiers=row.identifiers,
    )
    of_controls = {role: said.get(file, {}) for role, file in chosen.controls.items()}
    chosen = replace(chosen, control_identifiers=of_controls)
    return Job(row.file, row.sample_id, chosen, row.identifiers)


def _no_sample(rows: Sequence[SheetRow]) -> Iterator[SheetFault]:
    if rows and all(row.role != SAMPLE for row in rows):
        yield SheetFault(rows[0].place, "no row is a sample")


def _collisions(rows: Sequence[SheetRow]) -> Iterator[SheetFault]:
    """Yield samples whose results would go to one folder, on any file system."""
    first: dict[str, SheetRow] = {}
    for row in (row for row in rows if row.role == SAMPLE):
        name = folder_name(row.sample_id)
        if name.casefold() in RESERVED:
            yield SheetFault(
                row.place, f"sample_id: {row.sample_id} is the name of a file of the batch"
            )
        earlier = first.setdefault(name.casefold(), row)
        if earlier is not row:
            what = (
                f"sample_id: {row.sample_id} goes to the folder {name}, as {earlier.sample_id} of "
                f"{earlier.place} does; give each sample an id of its own in a sheet"
            )
            yield SheetFault(row.place, what)


def _controls(rows: Sequence[SheetRow]) -> tuple[Mapping[str, dict[str, Path]], list[SheetFault]]:
    """Return sample id to its control files by role."""
    samples = {row.sample_id: row for row in rows if row.role == SAMPLE}
    controls: dict[str, dict[str, Path]] = defaultdict(dict)
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
            controls[sample.sample_id][row.role] = row.file
    return controls, faults


def _other_patient(control: SheetRow, sample: SheetRow) -> Iterator[SheetFault]:
    """Yield a control that is of another patient; a positive control usually is."""
    theirs, ours = control.words.get("patient_id"), sample.words.get("patient_id")
    if control.role != "positive" and None not in (theirs, ours) and theirs != ours:
        what = f"patient_id: {theirs}, but its sample {sample.sample_id} is of {ours}"
        yield SheetFault(control.place, what)


def _rule_faults(rows: Sequence[SheetRow], words: Mapping[str, Any]) -> Iterator[SheetFault]:
    """Yield strategies, protocols and override files that cannot be used; each is read once."""
    known: dict[tuple[str, str], str] = {}
    for row in rows:
        for column in ("strategy", "protocol", "override"):
            if column not in row.words:
                continue
            key = column, row.words[column]
            if key not in known:
                known[key] = _refusal({**words, column: row.words[column]})
            for line in known[key].splitlines():
                yield SheetFault(row.place, f"{column}: {line}")


def _refusal(words: Mapping[str, Any]) -> str:
    try:
        load_rule_files(make_settings(**words))
    except UsageError as refused:
        return refused.message
    return ""
