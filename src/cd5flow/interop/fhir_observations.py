"""A result's numbers and states as FHIR R4 Observations.

Each number goes out once as a value that another system may show (`reported`), with its counts,
intervals and limits as components; each state goes out beside it as a coded value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cd5flow.interop.codes import Codes, Concept, Key
from cd5flow.interop.fhir_terms import (
    OBSERVATION_CATEGORY,
    AbsentReason,
    Comparator,
    Interpretation,
    Json,
    Unit,
    absent,
    category,
    interpretation,
    interval,
    lean,
    notes,
    plain,
    quantity,
)
from cd5flow.interop.reported import Amount, Reported, Withheld, reported_burden, reported_cd5
from cd5flow.model.reasons import Reason
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    CriterionState,
    QualityState,
    Result,
)

INTERPRETATION: Final[dict[Cd5State | BurdenState, Interpretation]] = {
    Cd5State.MEETS: "POS",
    Cd5State.DOES_NOT_MEET: "NEG",
    Cd5State.BORDERLINE: "IND",
    BurdenState.OVERT: "POS",
    BurdenState.MRD_POSITIVE: "POS",
    BurdenState.MRD_BELOW_LLOQ: "IND",
    BurdenState.INDETERMINATE: "IND",
    BurdenState.INCONCLUSIVE: "IND",
    BurdenState.NOT_DETECTED: "NEG",
}
"""A state that is not in the table gives none: there is nothing to interpret."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What all observations of one result share.

    Attributes:
        result: whose they are.
        codes: what things are called.
        common: elements that every observation has: status, subject, specimen, times, device.
        urls: the full URL of each resource by its role.
        files: references to the tube's file, and to the controls that were used.
    """

    result: Result
    codes: Codes
    common: Json
    urls: dict[str, str]
    files: tuple[Json, ...]

    def name(self, key: Key) -> Json:
        """Return what something is called."""
        return self.codes.concept(key, self.result.sample.specimen)

    def refer(self, role: Concept) -> Json:
        """Return a reference to another observation of this result."""
        return {"reference": self.urls[role.value]}


NOT_EVALUABLE: Final = "NOT_EVALUABLE"
"""What every enumeration of states calls the state that there is none."""

OBSERVED: Final = (
    Concept.CD5_PERCENT,
    Concept.CD5_STATE,
    Concept.CD5_INTENSITY,
    Concept.BURDEN_PERCENT,
    Concept.BURDEN_STATE,
    Concept.CRITERION,
    Concept.QUALITY,
)
"""The observations of a result in their order."""


def observations(frame: Frame) -> dict[Concept, Json]:
    """Return each observation by what it is of."""
    result = frame.result
    return {
        Concept.CD5_PERCENT: _cd5_percent(frame),
        Concept.CD5_STATE: _judged(frame, Concept.CD5_STATE, result.cd5, share=Concept.CD5_PERCENT),
        Concept.CD5_INTENSITY: _cd5_intensity(frame),
        Concept.BURDEN_PERCENT: _burden_percent(frame),
        Concept.BURDEN_STATE: _judged(
            frame, Concept.BURDEN_STATE, result.burden, share=Concept.BURDEN_PERCENT
        ),
        Concept.CRITERION: _criterion(frame),
        Concept.QUALITY: _quality(frame),
    }


def _cd5_percent(frame: Frame) -> Json:
    cd5, protocol = frame.result.cd5, frame.result.protocol
    reported = reported_cd5(cd5)
    cut = cd5.cut
    asked = f"{cd5.operator} {cd5.threshold_percent:g} %"
    components = [
        _component(frame, Concept.CD5_POSITIVE_EVENTS, cd5.positive_events, "{events}"),
        _component(frame, Concept.BLAST_EVENTS, cd5.blast_events, "{events}"),
        _component(frame, Concept.CI95, cd5.ci95_percent),
        _component(frame, Concept.BAND, cd5.band_percent),
        _component(frame, Concept.THRESHOLD, cd5.threshold_percent, comparator=cd5.operator),
        _component(frame, Concept.CUT, None if cut is None else cut.linear, "{MFI}"),
        _component(frame, Concept.CUT_METHOD, None if cut is None else cut.method.value),
    ]
    if isinstance(reported, Withheld) and cd5.percent is not None:
        components.append(_component(frame, Concept.CD5_PERCENT_WITHHELD, cd5.percent))
    return _observation(
        frame,
        Concept.CD5_PERCENT,
        value=_share(reported),
        meaning=INTERPRETATION.get(cd5.state),
        reasons=cd5.reasons,
        rest={
            "referenceRange": [
                {"text": plain(f"{asked} is asked for by {protocol.name} {protocol.version}")}
            ],
            "component": components,
            "derivedFrom": list(frame.files),
        },
    )


def _cd5_intensity(frame: Frame) -> Json:
    cd5 = frame.result.cd5
    median = cd5.median.blasts
    value = _absent(cd5.reasons)
    if median is not None:
        value = {"valueQuantity": quantity(median, "{MFI}")}
    return _observation(
        frame,
        Concept.CD5_INTENSITY,
        value=value,
        reasons=() if median is not None else cd5.reasons,
        rest={
            "component": [
                _component(frame, Concept.MEDIAN_NEGATIVE, cd5.median.negative_reference, "{MFI}"),
                _component(frame, Concept.MEDIAN_T_CELLS, cd5.median.t_cells, "{MFI}"),
                _component(frame, Concept.STAIN_INDEX, cd5.stain_index, "1"),
                _component(frame, Concept.PATTERN, cd5.pattern and cd5.pattern.value),
            ],
            "derivedFrom": list(frame.files),
        },
    )


def _burden_percent(frame: Frame) -> Json:
    burden = frame.result.burden
    reported = reported_burden(burden)
    components = [
        _component(frame, Concept.BLAST_EVENTS, burden.blast_events, "{events}"),
        _component(frame, Concept.LOOK_ALIKE_EVENTS, burden.look_alike_events, "{events}"),
        _component(frame, Concept.DENOMINATOR_EVENTS, burden.denominator_events, "{events}"),
        _component(frame, Concept.DENOMINATOR_RULE, burden.denominator),
        _component(frame, Concept.CI95, burden.ci95_percent),
        _component(frame, Concept.UPPER95, burden.upper95_percent),
        _component(frame, Concept.LOD, burden.lod_percent),
        _component(frame, Concept.LLOQ, burden.lloq_percent),
        _component(frame, Concept.LEVEL, burden.level),
    ]
    if burden.scope is not None:
        components.append(_component(frame, Concept.SCOPE, burden.scope.value))
    shown = isinstance(reported, Amount) and reported.comparator is None
    if not shown and burden.percent is not None:
        components.append(_component(frame, Concept.BURDEN_PERCENT_COUNTED, burden.percent))
    return _observation(
        frame,
        Concept.BURDEN_PERCENT,
        value=_share(reported),
        meaning=INTERPRETATION.get(burden.state),
        reasons=burden.reasons,
        rest={"component": components, "derivedFrom": list(frame.files[:1])},
    )


def _judged(
    frame: Frame, role: Concept, section: Cd5Section | BurdenSection, *, share: Concept
) -> Json:
    """Return a state beside the share that it was given for."""
    return _observation(
        frame,
        role,
        value=_state(frame, section.state, section.reasons),
        meaning=INTERPRETATION.get(section.state),
        reasons=section.reasons,
        rest={"derivedFrom": [frame.refer(share)]},
    )


def _criterion(frame: Frame) -> Json:
    criterion, protocol = frame.result.criterion, frame.result.protocol
    asked = f"Protocol {protocol.name} {protocol.version}. The site decides who takes part."
    alone = _state(frame, criterion.flow_state, criterion.reasons)
    return _observation(
        frame,
        Concept.CRITERION,
        value=_state(frame, criterion.state, criterion.reasons),
        reasons=(*criterion.reasons, asked),
        rest={
            "component": [{"code": frame.name(Concept.FLOW_ALONE), **alone}],
            "derivedFrom": [frame.refer(Concept.CD5_STATE), frame.refer(Concept.BURDEN_STATE)],
        },
    )


def _quality(frame: Frame) -> Json:
    quality = frame.result.quality
    noticed = tuple(
        f"{check.state.value} {check.code}: {check.message}"
        for check in quality.checks
        if check.state is not QualityState.PASS
    )
    return _observation(
        frame,
        Concept.QUALITY,
        value={"valueCodeableConcept": frame.name(quality.state)},
        reasons=noticed,
        rest={"derivedFrom": list(frame.files[:1])},
    )


def _observation(
    frame: Frame,
    role: Concept,
    *,
    value: Json,
    meaning: Interpretation | None = None,
    reasons: tuple[Reason | str, ...],
    rest: Json,
) -> Json:
    return lean(
        {
            "resourceType": "Observation",
            "id": frame.urls[role.value].removeprefix("urn:uuid:"),
            "category": [category(OBSERVATION_CATEGORY, "laboratory", "Laboratory")],
            "code": frame.name(role),
            **frame.common,
            **value,
            "interpretation": None if meaning is None else [interpretation(meaning)],
            "note": notes(tuple(map(str, reasons))),
            "method": _method(frame),
            **rest,
        }
    )


def _method(frame: Frame) -> Json:
    strategy = frame.result.strategy
    concept = frame.name(Concept.FLOW_CYTOMETRY)
    by = f"gating strategy {strategy.name} {strategy.version}, lineage {strategy.lineage}"
    return {**concept, "text": plain(f"{concept['text']}; {by}")}


def _share(reported: Reported) -> Json:
    """Return a percentage as the value of an observation, or why there is none."""
    if isinstance(reported, Amount):
        return {"valueQuantity": quantity(reported.percent, "%", reported.comparator)}
    return _absent(reported.reasons, "unknown" if reported.measured else "not-performed")


def _absent(reasons: tuple[Reason, ...], code: AbsentReason = "unknown", else_: str = "") -> Json:
    return {"dataAbsentReason": absent(code, "; ".join(map(str, reasons)) or else_)}


def _state(
    frame: Frame, state: Cd5State | BurdenState | CriterionState, reasons: tuple[Reason, ...]
) -> Json:
    """Return a state as a value, or why there is none."""
    if state.value == NOT_EVALUABLE:
        return _absent(reasons, else_="not evaluable")
    return {"valueCodeableConcept": frame.name(state)}


def _component(
    frame: Frame,
    role: Concept,
    value: float | str | tuple[float, float] | None,
    unit: Unit = "%",
    *,
    comparator: Comparator | None = None,
) -> Json:
    """Return what stands beside the value of an observation: a number, a range, a text, or none."""
    written = plain(value) if isinstance(value, str) else value
    said: Json
    match written:
        case None:
            said = {"dataAbsentReason": absent("unknown")}
        case str():
            said = {"valueString": written}
        case tuple():
            said = {"valueRange": interval(written, unit)}
        case _:
            said = {"valueQuantity": quantity(written, unit, comparator)}
    return {"code": frame.name(role), **said}
