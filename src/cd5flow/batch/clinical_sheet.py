"""A clinical sheet: CSV or XLSX with a row a patient, for all results of a batch.

Columns are the fields of a clinical file; `patient_id` is required, as it joins a row with its
results. An empty cell is unknown, and nothing else is: a word such as ``NA`` is a fault, ``yes`` is
none of true and false, a comma is no decimal point.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from cd5flow.batch.table_file import SheetTable, read_table
from cd5flow.config.yaml_file import model_faults
from cd5flow.config.yaml_nodes import Mark, Node
from cd5flow.criteria.clinical import Clinical, field_kinds
from cd5flow.errors import MOST_FAULTS, ClinicalError, SheetError, told_faults

SUFFIXES: Final = frozenset({".csv", ".tsv", ".xlsx", ".xlsm"})
"""Endings of a sheet; a clinical file of one patient is YAML or JSON."""

_NUMBER: Final = re.compile(
    r"[-+]?([0-9]{1,300}(\.[0-9]{0,300})?|\.[0-9]{1,300})([eE][-+]?[0-9]{1,3})?"
)
_TRUTH: Final = {"true": True, "false": False}
_PLACEHOLDERS: Final = frozenset(
    {"-", "--", "?", "n/a", "n.a.", "na", "nan", "nd", "nil", "none", "null", "unk", "unknown"}
)


def is_sheet(path: Path) -> bool:
    """Return whether a clinical file is a sheet, by its name's ending."""
    return path.suffix.lower() in SUFFIXES


def load_clinical_sheet(path: Path) -> Mapping[str, Clinical]:
    """Read a clinical sheet: patient id to what is known of the patient, in the sheet's order.

    Raises:
        ClinicalError: one line ``file: row N: field: what`` a fault, all of them.
    """
    try:
        sheet = read_table(path)
    except SheetError as refused:
        raise ClinicalError(refused.message) from refused
    faults = [(1, what) for what in _header_faults(sheet)]
    patients: dict[str, Clinical] = {}
    first: dict[str, int] = {}
    for number, cells in sheet.rows:
        if len(faults) >= MOST_FAULTS:
            faults.append((number, "the rows from here on are not read, after so many faults"))
            break
        if len(cells) > len(sheet.columns):
            what = f"{len(cells)} cells, the first row names {len(sheet.columns)} columns"
            faults.append((number, what))
        row = _Row(number, dict(zip(sheet.columns, cells, strict=False)))
        patient = row.said.get("patient_id", "")
        if not patient:
            faults.append(
                (number, "patient_id: is empty, expected the id that joins row and result")
            )
        elif patient in first:
            faults.append((number, f"patient_id: {patient} has row {first[patient]} already"))
        first.setdefault(patient, number)
        clinical, wrong = row.read()
        faults += [(number, what) for what in wrong]
        if clinical is not None:
            patients[patient] = clinical
    if not sheet.rows:
        faults.append((2, "no patient is named"))
    if faults:
        lines = [f"{path}: row {n}: {what}" for n, what in sorted(faults)]
        raise ClinicalError(told_faults(lines))
    return patients


def _header_faults(sheet: SheetTable) -> Iterator[str]:
    known = field_kinds()
    if "patient_id" not in sheet.columns:
        yield "no column 'patient_id', which joins rows and results"
    for name in dict.fromkeys(sheet.columns):
        if name not in known:
            yield f"column {name!r} is no clinical field" if name else "a column has no name"
        elif sheet.columns.count(name) > 1:
            yield f"column {name!r} stands {sheet.columns.count(name)} times"


class _Row:
    """A patient's cells, by column; those of unknown columns are left out."""

    def __init__(self, number: int, cells: Mapping[str, str]) -> None:
        known = field_kinds()
        self.number = number
        self.said = {name: text for name, text in cells.items() if text and name in known}

    def read(self) -> tuple[Clinical | None, list[str]]:
        """Return what is known of the patient, or every fault of the row."""
        faults = [
            f"{name}: found {text!r}; leave the cell empty where it is unknown"
            for name, text in self.said.items()
            if text.lower() in _PLACEHOLDERS
        ]
        mark = Mark(self.number, 1)
        fields = {
            name: Node(mark, mark, _value(name, text))
            for name, text in self.said.items()
            if text.lower() not in _PLACEHOLDERS
        }
        root = Node(mark, None, fields)
        try:
            clinical = Clinical.model_validate_json(json.dumps(root.plain()), strict=True)
        except ValidationError as invalid:
            return None, faults + [what for _, what in model_faults(invalid, root)]
        return (None, faults) if faults else (clinical, [])


def _value(name: str, text: str) -> Any:
    """Return a cell as a clinical file writes it; what is none stays text, and is refused there."""
    kind = field_kinds()[name]
    match kind.type:
        case "number" if _NUMBER.fullmatch(text):
            return float(text) if set(text) & set(".eE") else int(text)
        case "boolean":
            return _TRUTH.get(text.lower(), text)
        case "word":
            return text.lower()
        case _:
            return text
