"""An export read back: the same numbers and states, for whoever receives one or checks what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cd5flow.errors import ResultError
from cd5flow.interop.codes import Codes, Concept
from cd5flow.interop.fhir_observations import NOT_EVALUABLE
from cd5flow.interop.fhir_terms import Json

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cd5Reading:
    """CD5 as an export says it; fields as of the result's `cd5`."""

    state: str
    percent: float | None
    positive_events: int
    blast_events: int
    ci95_percent: Ends | None
    band_percent: Ends | None
    threshold_percent: float
    operator: str
    cut_linear: float | None
    cut_method: str | None
    median_blasts: float | None
    median_negative_reference: float | None
    median_t_cells: float | None
    stain_index: float | None
    pattern: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BurdenReading:
    """Burden as an export says it; fields as of the result's `burden`."""

    state: str
    percent: float | None
    blast_events: int
    denominator_events: int
    ci95_percent: Ends | None
    upper95_percent: float | None
    lod_percent: float | None
    lloq_percent: float | None
    level: str | None
    scope: str | None
    look_alike_events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One report.

    Attributes:
        identifier: of the report; the same when the result is reviewed later.
        status: of the report: preliminary, final, corrected or cancelled.
        patient_id: the pseudonym; None where none was sent.
        criterion: with what the clinic added.
        flow_criterion: by flow alone.
    """

    identifier: str
    status: str
    patient_id: str | None
    cd5: Cd5Reading
    burden: BurdenReading
    criterion: str
    flow_criterion: str
    quality: str


def read_fhir(bundle: Json, codes: Codes) -> tuple[Reading, ...]:
    """Return every report of an export, in order.

    Args:
        bundle: as `to_fhir` makes it, or as a server gives the same resources back: whose references
            are then by type and id.
        codes: the table of codes that it was made with.

    Raises:
        ResultError: it is no export of cd5flow, or a part is missing.
    """
    try:
        held = [entry["resource"] for entry in bundle["entry"]]
        resources = {f"{one['resourceType']}/{one['id']}": one for one in held}
        resources |= {f"urn:uuid:{one['id']}": one for one in held}
        reports = [one for one in held if one["resourceType"] == "DiagnosticReport"]
        return tuple(_reading(report, resources, codes) for report in reports)
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise ResultError(
            f"FHIR bundle: is no export of cd5flow that can be read: {error!r}"
        ) from error


def _reading(report: Json, resources: Mapping[str, Json], codes: Codes) -> Reading:
    observed = [resources[reference["reference"]] for reference in report["result"]]
    parts = _Parts({_key(one, codes): one for one in observed}, codes)
    return Reading(
        identifier=report["identifier"][0]["value"],
        status=report["status"],
        patient_id=report.get("subject", {}).get("identifier", {}).get("value"),
        cd5=_cd5(parts),
        burden=_burden(parts),
        criterion=parts.state(Concept.CRITERION),
        flow_criterion=_coded(parts.components(Concept.CRITERION)[Concept.FLOW_ALONE.value], codes),
        quality=parts.state(Concept.QUALITY),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The observations of a report by their local code."""

    observations: dict[str, Json]
    codes: Codes

    def of(self, role: Concept) -> Json:
        return self.observations[role.value]

    def state(self, role: Concept) -> str:
        return _coded(self.of(role), self.codes)

    def components(self, role: Concept) -> dict[str, Json]:
        return {_key(part, self.codes): part for part in self.of(role)["component"]}


def _cd5(parts: _Parts) -> Cd5Reading:
    share = parts.of(Concept.CD5_PERCENT)
    light = parts.of(Concept.CD5_INTENSITY)
    counts = parts.components(Concept.CD5_PERCENT)
    lights = parts.components(Concept.CD5_INTENSITY)
    asked = counts[Concept.THRESHOLD.value]["valueQuantity"]
    shown = _number(share)
    return Cd5Reading(
        state=parts.state(Concept.CD5_STATE),
        percent=_number(counts.get(Concept.CD5_PERCENT_WITHHELD.value)) if shown is None else shown,
        positive_events=counts[Concept.CD5_POSITIVE_EVENTS.value]["valueQuantity"]["value"],
        blast_events=counts[Concept.BLAST_EVENTS.value]["valueQuantity"]["value"],
        ci95_percent=_ends(counts[Concept.CI95.value]),
        band_percent=_ends(counts[Concept.BAND.value]),
        threshold_percent=float(asked["value"]),
        operator=asked["comparator"],
        cut_linear=_number(counts[Concept.CUT.value]),
        cut_method=counts[Concept.CUT_METHOD.value].get("valueString"),
        median_blasts=_number(light),
        median_negative_reference=_number(lights[Concept.MEDIAN_NEGATIVE.value]),
        median_t_cells=_number(lights[Concept.MEDIAN_T_CELLS.value]),
        stain_index=_number(lights[Concept.STAIN_INDEX.value]),
        pattern=lights[Concept.PATTERN.value].get("valueString"),
    )


def _burden(parts: _Parts) -> BurdenReading:
    share = parts.of(Concept.BURDEN_PERCENT)
    counts = parts.components(Concept.BURDEN_PERCENT)
    counted = counts.get(Concept.BURDEN_PERCENT_COUNTED.value)
    return BurdenReading(
        state=parts.state(Concept.BURDEN_STATE),
        # "< LLOQ" is a limit, not the share; that stands beside it.
        percent=_number(share) if counted is None else _number(counted),
        blast_events=counts[Concept.BLAST_EVENTS.value]["valueQuantity"]["value"],
        denominator_events=counts[Concept.DENOMINATOR_EVENTS.value]["valueQuantity"]["value"],
        ci95_percent=_ends(counts[Concept.CI95.value]),
        upper95_percent=_number(counts[Concept.UPPER95.value]),
        lod_percent=_number(counts[Concept.LOD.value]),
        lloq_percent=_number(counts[Concept.LLOQ.value]),
        level=counts[Concept.LEVEL.value].get("valueString"),
        scope=counts.get(Concept.SCOPE.value, {}).get("valueString"),
        look_alike_events=counts[Concept.LOOK_ALIKE_EVENTS.value]["valueQuantity"]["value"],
    )


def _key(part: Json, codes: Codes) -> str:
    key = codes.key_of(part["code"])
    if key is None:
        raise ValueError(f"{part['code']} has no local code")
    return key


def _coded(part: Json, codes: Codes) -> str:
    if "dataAbsentReason" in part:
        return NOT_EVALUABLE
    key = codes.key_of(part["valueCodeableConcept"])
    if key is None:
        raise ValueError(f"{part['valueCodeableConcept']} is no known state")
    return key


def _number(part: Json | None) -> float | None:
    found: Any = None if part is None else part.get("valueQuantity", {}).get("value")
    return None if found is None else float(found)


def _ends(part: Json) -> Ends | None:
    if "valueRange" not in part:
        return None
    ends = part["valueRange"]
    return float(ends["low"]["value"]), float(ends["high"]["value"])
