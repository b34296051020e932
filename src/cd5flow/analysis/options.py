"""From what a caller says in words to `Settings`: every word is checked here, once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args

from cd5flow.analysis.controls import Role
from cd5flow.analysis.diagnosis import read_laip
from cd5flow.analysis.tube import AUTO, Settings
from cd5flow.criteria.clinical import Clinical, load_clinical
from cd5flow.errors import OptionError
from cd5flow.gating.drawn import ImportedGates
from cd5flow.model.laip import Laip
from cd5flow.model.result import PriorTherapy, Specimen, Timepoint

AnyPath = str | os.PathLike[str]
Word = TypeVar("Word", bound=StrEnum)

ROLES: Final[tuple[Role, ...]] = get_args(Role)
DEFAULT_PROTOCOL: Final = "cd5-cart-70"

LONGEST_ID: Final = 200
"""Letters of a sample id: file systems take names of 255, and folders get a few more for a moment."""

_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL"}
    | {f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)}
)


def settings(
    *,
    strategy: AnyPath = AUTO,
    protocol: AnyPath = DEFAULT_PROTOCOL,
    timepoint: str | None = None,
    specimen: str | None = None,
    prior_therapy: Sequence[str] = (),
    controls: Mapping[str, AnyPath] | None = None,
    markers: Mapping[str, str] | None = None,
    sample_id: str | None = None,
    patient_id: str | None = None,
    collected_at: str | None = None,
    identifiers: Mapping[str, str] | None = None,
    spillover: AnyPath | None = None,
    dataset: int | None = None,
    clinical: AnyPath | Clinical | None = None,
    override: AnyPath | None = None,
    gates: AnyPath | ImportedGates | None = None,
    map: Mapping[str, str] | None = None,  # noqa: A002 - the option's name
    laip: AnyPath | Laip | None = None,
    seed: int = 0,
) -> Settings:
    """Return the settings of one tube; arguments as of `cd5flow.analyze`.

    `identifiers` are further names of the sample, which its result carries as they are.

    Raises:
        OptionError: a word that is none of those expected, an impossible id, date or number.
        ClinicalError: the clinical file is wrong.
        GatesError: the file of gates is wrong.
    """
    # One therapy given as text would be read letter by letter.
    therapies = (prior_therapy,) if isinstance(prior_therapy, str) else prior_therapy
    if dataset is not None and dataset < 1:
        raise OptionError(f"dataset: found {dataset}, expected 1 or more")
    if seed < 0:
        raise OptionError(f"seed: found {seed}, expected 0 or more")
    if gates is not None and override is not None:
        raise OptionError("override: found a file of gates too, expected one of the two")
    known = _clinical(clinical)
    _same_patient(patient_id, known)
    return Settings(
        strategy=os.fspath(strategy),
        protocol=os.fspath(protocol),
        timepoint=Timepoint.UNSTATED
        if timepoint is None
        else one_of(Timepoint, timepoint, "timepoint"),
        specimen=Specimen.UNKNOWN if specimen is None else one_of(Specimen, specimen, "specimen"),
        prior_therapy=tuple(
            dict.fromkeys(one_of(PriorTherapy, word, "prior therapy") for word in therapies)
        ),
        controls={role_of(role): Path(file) for role, file in (controls or {}).items()},
        markers=dict(markers or {}),
        sample_id=None if sample_id is None else sample_name(sample_id),
        patient_id=patient_id,
        collected_at=None if collected_at is None else iso_date(collected_at),
        identifiers=dict(identifiers or {}),
        spillover=matrix_of(spillover),
        dataset=dataset,
        clinical=known,
        override=None if override is None else Path(override),
        gates=imported_gates(gates, map or {}),
        laip=laip
        if laip is None or isinstance(laip, Laip)
        else read_laip(Path(laip), patient_id=patient_id),
        seed=seed,
    )


def imported_gates(
    gates: AnyPath | ImportedGates | None, populations: Mapping[str, str]
) -> ImportedGates | None:
    """Return a file of gates drawn in another program, read if it is not yet.

    Args:
        gates: the file; None where there is none.
        populations: our population to the gate's name or path.

    Raises:
        OptionError: populations are named without a file.
        FileAccessError: the file is absent or unreadable.
        GatesError: it is wrong.
    """
    if gates is None:
        if populations:
            raise OptionError("map: found no file of gates beside it, expected one")
        return None
    if isinstance(gates, ImportedGates):
        return gates
    from cd5flow.interop.gates import read_gates  # noqa: PLC0415 - few tubes come with gates

    return read_gates(gates, populations)


def gates_by_population(given: Sequence[str]) -> dict[str, str]:
    """Return population to gate of words written as ``blasts=Cells/Blasts``.

    Raises:
        OptionError: one is written otherwise, or a population is given twice.
    """
    gates: dict[str, str] = {}
    for text in given:
        population, equals, gate = text.partition("=")
        if not equals or not gate or not population:
            raise OptionError(
                f"map: found {text!r}, expected POPULATION=GATE such as blasts=Blasts"
            )
        if population in gates:
            raise OptionError(f"map: {population} is given twice, expected one gate a population")
        gates[population] = gate
    return gates


def one_of(words: type[Word], text: str, what: str) -> Word:
    """Return the word that a text is.

    Raises:
        OptionError: it is none of them.
    """
    try:
        return words(text)
    except ValueError:
        raise OptionError(f"{what}: found {text!r}, expected {', '.join(words)}") from None


def role_of(text: str) -> Role:
    """Return a control's role.

    Raises:
        OptionError: it is none.
    """
    for role in ROLES:
        if text == role:
            return role
    raise OptionError(f"control: found role {text!r}, expected {', '.join(ROLES)}")


def control_files(given: Sequence[str]) -> dict[str, str]:
    """Return role to file of controls written as ``fmo=FILE``.

    Raises:
        OptionError: one is written otherwise, or a role is given twice.
    """
    files: dict[str, str] = {}
    for text in given:
        role, equals, file = text.partition("=")
        if not equals or not file:
            raise OptionError(f"control: found {text!r}, expected ROLE=FILE such as fmo=tube.fcs")
        if role_of(role) in files:
            raise OptionError(f"control: {role} is given twice, expected one file a role")
        files[role] = file
    return files


def sample_name(text: str) -> str:
    """Return a sample id given by hand.

    Raises:
        OptionError: it is blank, longer than `LONGEST_ID`, holds a path separator or a control
            character, or is none that Windows can name a folder by.
    """
    if not text.strip():
        raise OptionError("sample id: found nothing, expected a name")
    if "/" in text or "\\" in text:
        raise OptionError(f"sample id: found {text!r}, expected a name without / and \\")
    if not text.isprintable():
        raise OptionError(f"sample id: found {text!r}, expected printable characters")
    if len(text) > LONGEST_ID:
        raise OptionError(
            f"sample id: found {text[:20]!r}... of {len(text)} letters, expected up to {LONGEST_ID}"
        )
    if text.endswith((".", " ")):
        raise OptionError(f"sample id: found {text!r}, expected no dot or blank at its end")
    if is_device(text):
        raise OptionError(f"sample id: found {text!r}, which is a device's name on Windows")
    return text


def is_device(name: str) -> bool:
    """Return whether Windows takes a file name for a device, as it does ``CON`` and ``nul.txt``."""
    return name.partition(".")[0].rstrip().upper() in _DEVICES


def iso_date(text: str) -> str:
    """Return a date, or date and time, as it is written.

    Raises:
        OptionError: it is no ISO 8601 date.
    """
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise OptionError(
            f"collected at: found {text!r}, expected a date such as 2026-01-31 or 2026-01-31T09:30"
        ) from None
    return text


def matrix_of(spillover: AnyPath | None) -> Path | Literal["hardware"] | None:
    """Return ``hardware`` or the matrix file's path."""
    if spillover is None:
        return None
    return "hardware" if spillover == "hardware" else Path(spillover)


def _clinical(given: AnyPath | Clinical | None) -> Clinical | None:
    if given is None or isinstance(given, Clinical):
        return given
    return load_clinical(Path(given)).value


def _same_patient(patient_id: str | None, clinical: Clinical | None) -> None:
    theirs = None if clinical is None else clinical.patient_id
    if None not in (patient_id, theirs) and patient_id != theirs:
        raise OptionError(
            f"clinical file: it is of patient {theirs!r}, the tube of patient {patient_id!r}"
        )
