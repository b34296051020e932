"""From what a caller says in words to `Settings`: every word is checked here, once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal, TypeVar, get_args

from cd5flow.controls import Role
from cd5flow.criteria.clinical import Clinical, load_clinical
from cd5flow.errors import OptionError
from cd5flow.model.result import PriorTherapy, Specimen, Timepoint
from cd5flow.pipeline import AUTO, Settings

AnyPath = str | os.PathLike[str]
Word = TypeVar("Word", bound=StrEnum)

ROLES: Final[tuple[Role, ...]] = get_args(Role)
DEFAULT_PROTOCOL: Final = "cd5-cart-70"


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
    spillover: AnyPath | None = None,
    dataset: int | None = None,
    clinical: AnyPath | Clinical | None = None,
    seed: int = 0,
) -> Settings:
    """Return the settings of one tube; arguments as of `cd5flow.analyze`.

    Raises:
        OptionError: a word that is none of those expected, an impossible id, date or number.
        ClinicalError: the clinical file is wrong.
    """
    # One therapy given as text would be read letter by letter.
    therapies = (prior_therapy,) if isinstance(prior_therapy, str) else prior_therapy
    if dataset is not None and dataset < 1:
        raise OptionError(f"dataset: found {dataset}, expected 1 or more")
    if seed < 0:
        raise OptionError(f"seed: found {seed}, expected 0 or more")
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
        spillover=matrix_of(spillover),
        dataset=dataset,
        clinical=known,
        seed=seed,
    )


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
        OptionError: it is blank, holds a path separator or a control character.
    """
    if not text.strip():
        raise OptionError("sample id: found nothing, expected a name")
    if "/" in text or "\\" in text:
        raise OptionError(f"sample id: found {text!r}, expected a name without / and \\")
    if not text.isprintable():
        raise OptionError(f"sample id: found {text!r}, expected printable characters")
    return text


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
