"""What an export must keep to, held against it before it leaves.

Our own rules: the vocabularies of `fhir_terms`, R4's invariants on values, references that resolve, and
what cd5flow never says. Where the package fhir.resources is installed, the shape of every resource too.

fhir.resources 8 has models of R5, R4B (4.3.0) and STU3, not of R4 (4.0.1). For the resources and data
types used here R4B differs from R4 only in what Observation.subject and DiagnosticReport.subject may
refer to (https://hl7.org/fhir/R4B/diagnosticreport.diff.json), and an export refers to a patient; so its
R4B models check it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Final, get_args

from cd5flow.interop.codes import Codes
from cd5flow.interop.fhir_terms import (
    ABSENT,
    INTERPRETATION,
    OBSERVATION_CATEGORY,
    SERVICE_SECTION,
    UCUM,
    AbsentReason,
    BundleKind,
    Comparator,
    DeviceName,
    Interpretation,
    Json,
    ReportStatus,
    ResourceType,
    Unit,
)

_STATUSES: Final[dict[str, tuple[str, ...]]] = {
    "DiagnosticReport": get_args(ReportStatus),
    "Observation": get_args(ReportStatus),
    "DocumentReference": ("current",),
}
_VOCABULARIES: Final[dict[str, tuple[str, ...]]] = {
    INTERPRETATION: get_args(Interpretation),
    ABSENT: get_args(AbsentReason),
    OBSERVATION_CATEGORY: ("laboratory",),
    SERVICE_SECTION: ("LAB",),
}
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "DiagnosticReport": ("status", "code", "result", "identifier"),
    "Observation": ("status", "code", "method", "device", "specimen"),
    "Specimen": ("type",),
    "Device": ("deviceName",),
    "DocumentReference": ("status", "content"),
}
# R4, primitive types; every other primitive is text without control characters.
_DATE_TIME: Final = re.compile(
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_MOMENTS: Final = ("effectiveDateTime", "collectedDateTime", "issued", "creation")
_WIDE: Final = ("conclusion",)
"""Elements whose text may have several lines."""

INSTALL: Final = 'pip install "cd5flow[fhir]"'


def faults_of(bundle: Json, codes: Codes) -> tuple[str, ...]:
    """Return what is wrong with an export, as ``path: what``; empty where nothing is.

    Args:
        bundle: as `to_fhir` makes it.
        codes: what things are called; no other code may go out.
    """
    return tuple(_faults(bundle, codes))


def shape_faults(bundle: Json) -> tuple[str, ...] | None:
    """Return what fhir.resources finds wrong; None where it is not installed."""
    if find_spec("fhir") is None or find_spec("fhir.resources") is None:
        return None
    from fhir.resources.R4B.bundle import Bundle  # noqa: PLC0415 - an extra, 0.2 s
    from pydantic import ValidationError  # noqa: PLC0415

    try:
        Bundle.model_validate(bundle)
    except ValidationError as invalid:
        return tuple(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in invalid.errors()
        )
    return ()


def _faults(bundle: Json, codes: Codes) -> Iterator[str]:
    kind = bundle.get("type")
    if bundle.get("resourceType") != "Bundle" or kind not in get_args(BundleKind):
        yield f"Bundle: expected a Bundle of type {' or '.join(get_args(BundleKind))}"
    entries = bundle.get("entry", [])
    urls = [entry.get("fullUrl") for entry in entries]
    known = frozenset(urls)
    if len(known) != len(urls):
        yield "Bundle.entry: expected each fullUrl once"
    for place, entry in enumerate(entries):
        resource = entry.get("resource", {})
        where = f"entry[{place}].{resource.get('resourceType')}"
        if entry.get("fullUrl") != f"urn:uuid:{resource.get('id')}":
            yield f"{where}: found fullUrl {entry.get('fullUrl')}, expected urn:uuid: and its id"
        stored = {"method": "PUT", "url": f"{resource.get('resourceType')}/{resource.get('id')}"}
        if entry.get("request") != (stored if kind == "transaction" else None):
            said = f"{where}: found request {entry.get('request')}"
            yield f"{said}, expected one (R4 bdl-3) in a transaction alone"
        yield from _resource(resource, where)
        yield from _walk(resource, where, codes, known)


def _resource(resource: Json, where: str) -> Iterator[str]:
    kind = str(resource.get("resourceType"))
    if kind not in get_args(ResourceType):
        yield f"{where}: expected one of {', '.join(get_args(ResourceType))}"
        return
    for element in _NEEDED[kind]:
        if element not in resource:
            yield f"{where}: {element} is missing"
    if kind in _STATUSES and resource.get("status") not in _STATUSES[kind]:
        yield f"{where}.status: found {resource.get('status')!r}"
    if kind == "Observation":
        yield from _one_answer(resource, where)
        for place, component in enumerate(resource.get("component", [])):
            yield from _one_answer(component, f"{where}.component[{place}]")


def _one_answer(part: Json, where: str) -> Iterator[str]:
    """R4 obs-6: a value or why there is none; here always one of them, and a code."""
    values = [key for key in part if key.startswith("value")]
    if len(values) + ("dataAbsentReason" in part) != 1:
        yield f"{where}: found {values or 'no value'}, expected one value or a dataAbsentReason"
    if "code" not in part:
        yield f"{where}: code is missing"


def _walk(value: Any, where: str, codes: Codes, urls: frozenset[Any]) -> Iterator[str]:
    match value:
        case dict():
            yield from _element(value, where, codes, urls)
            for key, child in value.items():
                yield from _walk(child, f"{where}.{key}", codes, urls)
        case list():
            for place, child in enumerate(value):
                yield from _walk(child, f"{where}[{place}]", codes, urls)
        case str():
            yield from _text(value, where)
        case float() if not math.isfinite(value):
            yield f"{where}: found {value}, expected a finite number"
    if value in (None, "", [], {}):
        yield f"{where}: is empty, which FHIR does not allow"


def _text(text: str, where: str) -> Iterator[str]:
    element = where.rpartition(".")[2]
    if element in _MOMENTS and not _DATE_TIME.fullmatch(text):
        yield f"{where}: found {text!r}, expected a FHIR dateTime"
    lines = text.split("\n") if element in _WIDE else [text]
    if not all(line.isprintable() or _formats(line) for line in lines) or text != text.strip():
        yield f"{where}: found {text[:40]!r}, expected a line of printable text"


def _formats(line: str) -> bool:
    """Whether a line that Python calls unprintable has no control character or odd blank."""
    return all(ord(c) >= 0xA0 and not c.isspace() for c in line if not c.isprintable())


def _element(element: Json, where: str, codes: Codes, urls: frozenset[Any]) -> Iterator[str]:
    system, code = element.get("system"), element.get("code")
    if isinstance(code, str) and system == UCUM:
        if code not in get_args(Unit):
            yield f"{where}.code: found unit {code!r}, expected one of {', '.join(get_args(Unit))}"
    elif isinstance(code, str) and not _is_known(element, codes):
        yield f"{where}.code: found {code!r} of {system}, which is in no table of codes"
    if "comparator" in element and element["comparator"] not in get_args(Comparator):
        yield f"{where}.comparator: found {element['comparator']!r}"
    if "deviceName" in where and "type" in element and element["type"] not in get_args(DeviceName):
        yield f"{where}.type: found {element['type']!r}"
    if "reference" in element and element["reference"] not in urls:
        yield f"{where}.reference: found {element['reference']}, which is not in the bundle"


def _is_known(coding: Json, codes: Codes) -> bool:
    """Whether a coding is one of a fixed vocabulary, a verified code, or a local one."""
    system, code = coding.get("system"), coding["code"]
    if system in _VOCABULARIES:
        return code in _VOCABULARIES[system]
    if system == codes.systems.local and code in codes.codes:
        return True
    return any(
        (standard.system, standard.code, standard.display) == (system, code, coding.get("display"))
        for entry in codes.codes.values()
        for standard in entry.codes
        if standard.verified
    )
