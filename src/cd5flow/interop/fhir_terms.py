"""The words of FHIR R4 that an export uses, and its data types as plain dictionaries.

`fhir.resources` checks the shape of resources, not their vocabularies: those are the Literals here, and
`fhir_rules` holds an export against them. Source: HL7 FHIR R4 (4.0.1), data types and required bindings.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

Json = dict[str, Any]

ReportStatus = Literal["preliminary", "final", "corrected", "cancelled"]
"""Of R4's diagnostic-report-status and observation-status, those that a result can have."""
BundleKind = Literal["transaction", "collection"]
"""A transaction is carried out by a server's ``POST /``; a collection is a document."""
ResourceType = Literal["DiagnosticReport", "Observation", "Specimen", "Device", "DocumentReference"]
"""What an export holds. No ResearchSubject: who enters a trial is for the site to say."""
Unit = Literal["%", "{events}", "{MFI}", "1"]
"""UCUM codes; annotations in braces are dimensionless."""
Comparator = Literal["<", "<=", ">=", ">"]
Interpretation = Literal["POS", "NEG", "IND"]
AbsentReason = Literal["unknown", "not-performed"]
DeviceName = Literal["manufacturer-name", "model-name"]

UCUM: Final = "http://unitsofmeasure.org"
INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
OBSERVATION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
SERVICE_SECTION: Final = "http://terminology.hl7.org/CodeSystem/v2-0074"
URI_SYSTEM: Final = "urn:ietf:rfc:3986"
"""The system of identifiers whose value is a URI."""

_UNIT_WORDS: Final[dict[Unit, str]] = {"%": "%", "{events}": "events", "{MFI}": "MFI", "1": "1"}
_INTERPRETATION_WORDS: Final[dict[Interpretation, str]] = {
    "POS": "Positive",
    "NEG": "Negative",
    "IND": "Indeterminate",
}
_ABSENT_WORDS: Final[dict[AbsentReason, str]] = {
    "unknown": "Unknown",
    "not-performed": "Not Performed",
}

_PARTIAL_DATE: Final = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2]))?")
_MARKUP: Final = re.compile(r"<(?=[A-Za-z/!?])|\](?=[(\[:])")


def plain(text: str | None) -> str | None:
    """Return text as a FHIR string: no control characters, one line, None where nothing is left."""
    if text is None:
        return None
    kept = (" " if c.isspace() or unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)
    return " ".join("".join(kept).split()) or None


def markdown(text: str) -> str | None:
    """Return text as FHIR markdown that shows as written: no HTML, no links."""
    line = plain(text)
    return None if line is None else _MARKUP.sub(lambda found: f"\\{found[0]}", line)


def lean(resource: Json) -> Json:
    """Return a resource without its empty elements, which FHIR does not allow."""
    return {key: value for key, value in resource.items() if value not in (None, "", [], {}, ())}


def quantity(value: float, unit: Unit, comparator: Comparator | None = None) -> Json:
    """Return a Quantity with its UCUM unit."""
    return lean(
        {
            "value": value,
            "comparator": comparator,
            "unit": _UNIT_WORDS[unit],
            "system": UCUM,
            "code": unit,
        }
    )


def interval(ends: tuple[float, float], unit: Unit) -> Json:
    """Return a Range."""
    return {"low": quantity(ends[0], unit), "high": quantity(ends[1], unit)}


def interpretation(code: Interpretation) -> Json:
    """Return an interpretation as a CodeableConcept."""
    words = _INTERPRETATION_WORDS[code]
    return {"coding": [{"system": INTERPRETATION, "code": code, "display": words}], "text": words}


def absent(code: AbsentReason, why: str | None = None) -> Json:
    """Return why there is no value, as a CodeableConcept."""
    words = _ABSENT_WORDS[code]
    text = plain(why) or words
    return {"coding": [{"system": ABSENT, "code": code, "display": words}], "text": text}


def category(system: str, code: str, display: str) -> Json:
    """Return a category as a CodeableConcept."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def identifier(system: str, value: str | None) -> Json | None:
    """Return an Identifier; None where there is no value."""
    written = plain(value)
    return None if written is None else {"system": system, "value": written}


def notes(lines: tuple[str, ...]) -> list[Json]:
    """Return lines of text as Annotations."""
    return [{"text": text} for text in map(markdown, lines) if text is not None]


def date_time(text: str | None) -> str | None:
    """Return a moment as a FHIR dateTime; None where it is unknown or no date.

    FHIR knows a time of day only with its zone: without one the day alone is said.
    """
    if text is None:
        return None
    written = text.strip()
    if _PARTIAL_DATE.fullmatch(written):
        return None if written.startswith("0000") else written
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    if moment.tzinfo is None or not ("T" in written.upper() or len(written) > 10):
        return moment.date().isoformat()
    return _zoned(moment)


def instant(text: str | None) -> str | None:
    """Return a moment as a FHIR instant, to the second and with its zone; None where it is less."""
    moment = date_time(text)
    return moment if moment is not None and "T" in moment else None


def _zoned(moment: datetime) -> str:
    offset = moment.utcoffset() or timedelta()
    if abs(offset) > timedelta(hours=14) or offset % timedelta(minutes=1):
        # A zone that FHIR cannot write: the same moment in UTC, if the calendar has it.
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            return moment.date().isoformat()
    return moment.isoformat()
