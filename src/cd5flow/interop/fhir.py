"""Results as a FHIR R4 Bundle: a DiagnosticReport with its Observations, specimen, devices and files.

Equal results give equal bytes. Identifiers come from what was asked of which tube, not from the outcome:
a result that was reviewed, amended or computed again since updates the report sent before, since a
transaction puts each resource under its own id.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from cd5flow.errors import OptionError
from cd5flow.interop.codes import Codes, Concept
from cd5flow.interop.fhir_observations import OBSERVED, Frame, observations
from cd5flow.interop.fhir_rules import faults_of
from cd5flow.interop.fhir_terms import (
    SERVICE_SECTION,
    URI_SYSTEM,
    BundleKind,
    DeviceName,
    Json,
    ReportStatus,
    absent,
    category,
    date_time,
    identifier,
    instant,
    lean,
    notes,
    plain,
)
from cd5flow.model.result import ControlSection, Result, ReviewSection, Specimen

FCS_TYPE: Final = "application/vnd.isac.fcs"
SHA256: Final = re.compile(r"[0-9a-f]{64}")
_USE: Final = (
    "Computed for research use, or after the laboratory's own validation. The site decides who takes "
    "part in a trial."
)
_OURS: Final = uuid5(NAMESPACE_URL, "urn:cd5flow:export")

STATUS: Final[dict[str, ReportStatus]] = {
    "unreviewed": "preliminary",
    "confirmed": "final",
    "amended": "final",
    "rejected": "cancelled",
}
"""R4's status by the review's state: a person has the last word, on gates found or gates moved."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One result to be sent.

    Attributes:
        result: the tube's.
        pdf: its report, as it is to be shown; None is sent without.
    """

    result: Result
    pdf: bytes | None = None


def to_fhir(results: Sequence[Exported], codes: Codes, *, kind: BundleKind = "transaction") -> Json:
    """Return results as a Bundle.

    Args:
        results: one report each, in order.
        codes: what things are called.
        kind: a transaction has with each resource how a server is to store it: PUT, under its own id.

    Raises:
        OptionError: two results answer the same question about the same tube.
    """
    keys = [identity(one.result) for one in results]
    for place, key in enumerate(keys):
        if key in keys[:place]:
            twice = results[place].result.sample
            raise OptionError(
                f"{twice.id} ({twice.file}): found twice with one strategy and protocol, expected "
                "each tube once"
            )
    entries = [
        _entry(resource, kind)
        for one, key in zip(results, keys, strict=True)
        for resource in _resources(one, key, codes)
    ]
    whole = str(uuid5(_OURS, "bundle/" + "/".join(map(str, keys))))
    bundle: Json = {
        "resourceType": "Bundle",
        "id": whole,
        "identifier": {"system": URI_SYSTEM, "value": f"urn:uuid:{whole}"},
        "type": kind,
        "entry": entries,
    }
    faults = faults_of(bundle, codes)
    if faults:
        raise ValueError(f"the export breaks its own rules: {faults[0]}")
    return bundle


def _entry(resource: Json, kind: BundleKind) -> Json:
    entry: Json = {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
    if kind == "transaction":
        url = f"{resource['resourceType']}/{resource['id']}"
        entry["request"] = {"method": "PUT", "url": url}
    return entry


def fhir_text(bundle: Json) -> str:
    """Return a bundle as JSON; every number reads back as the same float."""
    return json.dumps(bundle, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def identity(result: Result) -> UUID:
    """Return what stays the same when a result is reviewed, amended or computed again.

    It is which tube was judged by which strategy against which protocol: versions, controls and gates
    drawn by hand change the answer, not the question.
    """
    sample, settings = result.sample, result.provenance.settings
    question = {
        "tube": [sample.id, sample.sha256, settings.get("dataset")],
        "rules": [result.strategy.name, result.protocol.name],
    }
    text = json.dumps(question, default=str)
    return uuid5(_OURS, hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())


def status_of(review: ReviewSection) -> ReportStatus:
    """Return R4's status of a report.

    One that is final in place of another that was signed before is ``corrected``.

    Args:
        review: what a ledger proves (`cd5flow.analysis.stored`), never what a file claims.
    """
    status = STATUS[review.state]
    return "corrected" if status == "final" and review.replaces is not None else status


def _resources(one: Exported, key: UUID, codes: Codes) -> list[Json]:
    """Return the resources of one result: the report first."""
    result = one.result
    roles = [
        *(role.value for role in (Concept.REPORT, *OBSERVED)),
        *("specimen", "software", "cytometer", "file"),
        *(f"control/{n}" for n in range(len(result.controls))),
    ]
    urls = {role: f"urn:uuid:{uuid5(key, role)}" for role in roles}
    subject = _subject(result, codes)
    effective = date_time(result.sample.collected_at) or date_time(result.sample.acquired)
    shared = {
        "status": status_of(result.review),
        "subject": subject,
        "effectiveDateTime": effective,
        "issued": instant(result.review.at) or instant(result.provenance.created),
        "specimen": {"reference": urls["specimen"]},
    }
    used = [f"control/{n}" for n, c in enumerate(result.controls) if c.accepted]
    frame = Frame(
        result,
        codes,
        common=shared | {"device": {"reference": urls["software"]}},
        urls=urls,
        files=tuple({"reference": urls[role]} for role in ("file", *used)),
    )
    report = _report(one, frame, shared | {"specimen": [shared["specimen"]]})
    made = [report, *observations(frame).values(), _specimen(frame, subject)]
    made += [_software(frame), *_cytometer(frame), _file(frame, subject)]
    made += [_control(frame, n, c) for n, c in enumerate(result.controls)]
    return made


def _report(one: Exported, frame: Frame, shared: Json) -> Json:
    review, conclusion = one.result.review, _conclusion(one.result)
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in conclusion)
    by = plain(review.by) if review.state != "unreviewed" else None
    return lean(
        {
            "resourceType": "DiagnosticReport",
            "id": _id(frame.urls[Concept.REPORT.value]),
            "text": {
                "status": "generated",
                "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>',
            },
            "identifier": [
                identifier(frame.codes.systems.report, _id(frame.urls[Concept.REPORT.value]))
            ],
            "category": [category(SERVICE_SECTION, "LAB", "Laboratory")],
            "code": frame.name(Concept.REPORT),
            **shared,
            "resultsInterpreter": None if by is None else [{"display": by}],
            "result": [frame.refer(role) for role in OBSERVED],
            "conclusion": "\n".join(conclusion),
            "presentedForm": None if one.pdf is None else [_pdf(one.pdf, one.result)],
        }
    )


def _conclusion(result: Result) -> tuple[str, ...]:
    """Return the states in a line each; numbers stand in the observations, with their units."""
    protocol = f"{result.protocol.name} {result.protocol.version}"
    asked = f"{result.cd5.operator} {result.cd5.threshold_percent:g} % asked for by {protocol}"
    lines = (
        f"CD5 of T-ALL blasts: {result.cd5.state.value} ({asked})",
        f"Burden: {result.burden.state.value}",
        f"Flow criterion of {protocol}: {result.criterion.state.value}",
        f"Quality: {result.quality.state.value}",
        *(
            f"Gate {one.gate} drawn by hand by {one.by}, {one.date}: {one.reason}"
            for one in result.overrides
        ),
        _reviewed(result.review),
        _USE,
    )
    return tuple(line for line in map(plain, lines) if line is not None)


def _reviewed(review: ReviewSection) -> str:
    if review.state == "unreviewed":
        return "Not reviewed: no person has looked at this result yet"
    by = "" if review.by is None else f" by {review.by}"
    at = "" if review.at is None else f" at {review.at}"
    comment = "" if review.comment is None else f": {review.comment}"
    instead = "" if review.replaces is None else f"; in place of version {review.replaces[:8]}"
    return f"Review: {review.state}{by}{at}{comment}{instead}"


def _pdf(pdf: bytes, result: Result) -> Json:
    sha1 = hashlib.sha1(pdf, usedforsecurity=False).digest()  # R4 asks for SHA-1 in Attachment.hash
    return lean(
        {
            "contentType": "application/pdf",
            "data": base64.b64encode(pdf).decode("ascii"),
            "size": len(pdf),
            "hash": base64.b64encode(sha1).decode("ascii"),
            "title": "Laboratory report",
            "creation": date_time(result.provenance.created),
        }
    )


def _subject(result: Result, codes: Codes) -> Json | None:
    """Return the patient by pseudonym alone; None where none is known."""
    known = identifier(codes.systems.patient, result.sample.patient_id)
    return None if known is None else {"type": "Patient", "identifier": known}


def _specimen(frame: Frame, subject: Json | None) -> Json:
    sample = frame.result.sample
    collected = date_time(sample.collected_at)
    known = sample.specimen is not Specimen.UNKNOWN
    kind = (
        frame.name(sample.specimen) if known else absent("unknown", "The specimen was not stated")
    )
    named = [
        identifier(frame.codes.systems.sample, value)
        for value in (sample.id, sample.identifiers.get("specimen_id"))
    ]
    return lean(
        {
            "resourceType": "Specimen",
            "id": _id(frame.urls["specimen"]),
            "identifier": [one for one in named if one is not None],
            "accessionIdentifier": identifier(
                frame.codes.systems.sample, sample.identifiers.get("accession")
            ),
            "type": kind,
            "subject": subject,
            "collection": None if collected is None else {"collectedDateTime": collected},
            "note": notes(_times(frame.result)),
        }
    )


def _times(result: Result) -> tuple[str, ...]:
    """Return what FHIR's dateTime cannot say of when specimen and file were taken."""
    sample = result.sample
    said: list[str] = [f"Time point: {sample.timepoint.value}"]
    if sample.prior_therapy:
        said.append(f"Earlier therapy: {', '.join(sample.prior_therapy)}")
    if sample.collected_at is None:
        said.append("Time of collection not stated; effective times are those of acquisition")
    for what, text in (("Collected", sample.collected_at), ("Acquired", sample.acquired)):
        if text is not None and "T" not in (date_time(text) or "") and len(text.strip()) > 10:
            said.append(f"{what}: {text}, by a clock whose time zone is not stated")
    return tuple(said)


def _software(frame: Frame) -> Json:
    made = frame.result.provenance
    return _device(frame, "software", Concept.ANALYSIS_SOFTWARE, "cd5flow") | lean(
        {"version": [{"value": version} for version in (plain(made.cd5flow),) if version]}
    )


def _cytometer(frame: Frame) -> list[Json]:
    name = plain(frame.result.sample.cytometer)
    if name is None:
        return []
    return [_device(frame, "cytometer", Concept.CYTOMETER, name)]


def _device(frame: Frame, role: str, kind: Concept, name: str) -> Json:
    named: DeviceName = "manufacturer-name" if kind is Concept.ANALYSIS_SOFTWARE else "model-name"
    return {
        "resourceType": "Device",
        "id": _id(frame.urls[role]),
        "deviceName": [{"name": name, "type": named}],
        "type": frame.name(kind),
    }


def _file(frame: Frame, subject: Json | None) -> Json:
    sample = frame.result.sample
    known = plain(sample.cytometer) is not None
    return _document(
        frame,
        "file",
        kind=Concept.FCS_FILE,
        sha256=sample.sha256,
        title=sample.file,
        rest={
            "subject": subject,
            "author": [{"reference": frame.urls["cytometer"]}] if known else None,
            "description": f"{sample.events} events. The laboratory keeps the file; it is not enclosed",
        },
    )


def _control(frame: Frame, number: int, control: ControlSection) -> Json:
    used = "accepted" if control.accepted else "refused"
    why = "; ".join(map(str, control.reasons))
    return _document(
        frame,
        f"control/{number}",
        kind=Concept.CONTROL_FILE,
        sha256=control.sha256,
        title=control.file,
        rest={"description": plain(f"{control.role} control, {used}. {why}")},
    )


def _document(
    frame: Frame, role: str, *, kind: Concept, sha256: str, title: str, rest: dict[str, Any]
) -> Json:
    """Return a file that is named, not enclosed, by its SHA-256.

    R4's Attachment.hash is SHA-1, so the digest stands as an identifier: a URI as of RFC 6920, and in
    hexadecimal as elsewhere.
    """
    digest = identifier(frame.codes.systems.file, sha256)
    return lean(
        {
            "resourceType": "DocumentReference",
            "id": _id(frame.urls[role]),
            "masterIdentifier": identifier(URI_SYSTEM, _ni(sha256)),
            "identifier": None if digest is None else [digest],
            "status": "current",
            "type": frame.name(kind),
            **rest,
            "content": [{"attachment": lean({"contentType": FCS_TYPE, "title": plain(title)})}],
        }
    )


def _ni(sha256: str) -> str | None:
    """Return a hexadecimal SHA-256 as ``ni:///sha-256;…`` (RFC 6920); None where it is none."""
    if not SHA256.fullmatch(sha256.lower()):
        return None
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode("ascii").rstrip("=")
    return f"ni:///sha-256;{digest}"


def _id(url: str) -> str:
    return url.removeprefix("urn:uuid:")
