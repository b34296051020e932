"""Words of options as what they mean: states, roles, names, dates. Each is checked here, once."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal, TypeVar, get_args

from cd5flow.errors import OptionError

Role = Literal["fmo", "isotype", "positive"]
"""What a control tube is given as."""

Word = TypeVar("Word", bound=StrEnum)

ROLES: Final[tuple[Role, ...]] = get_args(Role)

IDENTIFIERS: Final = ("specimen_id", "tube", "panel_lot", "accession", "visit")
"""Further names of a sample, carried into the summary as they are; `visit` is a named time point."""

PATIENT_FACTS: Final = (
    "mrn",
    "birth_date",
    "ordering_physician",
    "received_at",
    "blasts_at_diagnosis",
    "earlier_result",
)
"""What else stands in a report's head. It tells of a person, so no table and no overview repeats it."""

_DATES: Final = frozenset({"birth_date", "received_at"})

LONGEST_ID: Final = 200
"""Letters of a sample id: file systems take names of 255, and folders get a few more for a moment."""

_DEVICES: Final = frozenset(
    {"CON", "PRN", "AUX", "NUL"}
    | {f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)}
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
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text):
        raise OptionError(f"sample id: found {text!r}, expected no control characters")
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


def iso_date(text: str, what: str = "collected at") -> str:
    """Return a date, or date and time, as it is written.

    Raises:
        OptionError: it is no ISO 8601 date; `what` names it.
    """
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise OptionError(
            f"{what}: found {text!r}, expected a date such as 2026-01-31 or 2026-01-31T09:30"
        ) from None
    return text


def identifiers(given: Mapping[str, str]) -> dict[str, str]:
    """Return further names of a sample and facts of its patient, their dates checked.

    Raises:
        OptionError: one that is a date is written otherwise.
    """
    for name in sorted(_DATES & given.keys()):
        iso_date(given[name], name)
    return dict(given)


def identifier_pairs(given: Mapping[str, str]) -> dict[str, str]:
    """Return the same as the command line gives it, where a name that was misspelt must not be lost.

    Raises:
        OptionError: a name is none of those known.
    """
    known = (*IDENTIFIERS, *PATIENT_FACTS)
    for name in given:
        if name not in known:
            raise OptionError(f"identifier: found {name!r}, expected one of {', '.join(known)}")
    return dict(given)
