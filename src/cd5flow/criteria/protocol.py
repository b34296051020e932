"""A trial's rules as data: what is asked of CD5, what counts as disease, and every criterion.

A file of either format is read into one `Protocol`; whatever judges by it knows no formats.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.criteria.asked import (
    NOT_STATED,
    AgeRule,
    Alternative,
    BlastsByFlow,
    BlastsByMorphology,
    Cd5Asked,
    DiseaseAsked,
    IntensityRule,
    Limit,
    MrdByFlow,
    NamedTimepoint,
    NewLesions,
    ShareRule,
    SpecimenRule,
    Text,
    Trial,
)
from cd5flow.criteria.criterion import Criterion
from cd5flow.criteria.protocol_formats import (
    BurdenRule,
    Head,
    ProtocolFile,
    ProtocolFormat1,
    ProtocolFormat2,
    Routes,
)
from cd5flow.criteria.rules import LIMITS, Part
from cd5flow.errors import ProtocolError

__all__ = ["BurdenRule", "Criterion", "Protocol", "Routes", "load_protocol"]

_FORMAT_1: Final[dict[str, Any]] = {
    "source_text": NOT_STATED,
    "reading": "a file of format 1 keeps no wording; see its source and notes",
}


class DiseaseLimits(Part):
    """Limits of disease, in percent; those of MRD None where it is no way to the criterion.

    Attributes:
        overt_percent: OVERT lies strictly over it.
        morphology_percent: the level of blasts by morphology; `Protocol.morphology` tells on which
            side the level itself lies.
        mrd_percent_without_review: lowest MRD that counts as it is.
        mrd_percent_with_review: lowest MRD that counts once a reviewer has confirmed it.
        review_below_percent_without_nk_marker: below it the verdict is at most REVIEW where no
            marker tells NK cells apart.
    """

    overt_percent: Limit
    morphology_percent: Limit
    mrd_percent_without_review: Limit | None
    mrd_percent_with_review: Limit | None
    review_below_percent_without_nk_marker: Limit


class Protocol(Head):
    """The rules of one trial, as whatever judges by them needs them.

    Attributes:
        cd5: which share of CD5-positive blasts flow must show.
        ihc: which share immunohistochemistry must show; None where there is no number for it.
        burden: limits of disease.
        routes: open ways.
        disease: what counts as disease; None where the source has no rule.
        morphology: over which share morphology shows disease; below it, none.
        intensity, age, specimens: what else is asked of CD5; None where the source has no rule.
        timepoints: days that the trial names.
        asked: the wording of what is asked of CD5; None of format 1.
        trials, read_on, not_read: whose rules these are, when they were read, and what of them
            could not be.
    """

    cd5: ShareRule
    ihc: ShareRule | None
    burden: DiseaseLimits
    routes: Routes
    disease: DiseaseAsked | None
    morphology: ShareRule
    intensity: IntensityRule | None = None
    age: AgeRule | None = None
    specimens: SpecimenRule | None = None
    timepoints: tuple[NamedTimepoint, ...] = ()
    asked: Cd5Asked | None = None
    trials: tuple[Trial, ...] = ()
    read_on: date | None = None
    not_read: tuple[Text, ...] = ()

    def limit(self, name: float | str) -> float:
        """Return a bound's number: itself, or the limit of this file that it names."""
        if isinstance(name, float):
            return name
        assert name in LIMITS  # noqa: S101 - the file was checked
        part, _, field = name.partition(".")
        number: float = getattr(getattr(self, part), field)
        return number

    @property
    def mrd(self) -> MrdByFlow | None:
        """From which share MRD counts as disease; None where it does not."""
        return None if self.disease is None else self.disease.find(MrdByFlow)

    @property
    def blasts(self) -> BlastsByFlow | None:
        """From which share blasts by flow count as disease; None where they do not."""
        return None if self.disease is None else self.disease.find(BlastsByFlow)


def load_protocol(path: Path) -> Loaded[Protocol]:
    """Read a protocol file.

    Raises:
        ProtocolError: one line ``file:line:column: what`` a fault.
    """
    loaded = load_yaml(path, ProtocolFile, error=ProtocolError)
    written = loaded.value.root
    rules = _of_format_1(written) if isinstance(written, ProtocolFormat1) else _of_format_2(written)
    return Loaded(rules, loaded.sha256, loaded.path, loaded.root)


_NOT_JUDGED_BY: Final = {
    "criteria",
    "criteria_complete",
    "source",
    "notes",
    "asked",
    "trials",
    "not_read",
}


def written_rules(protocol: Protocol) -> dict[str, Any]:
    """Return the rules by which a tube is judged as JSON, without the patient's criteria and the sources."""
    return protocol.model_dump(mode="json", exclude=_NOT_JUDGED_BY)


def read_rules(rules: dict[str, Any]) -> Protocol:
    """Return the rules that a result keeps; nothing is known of the patient's criteria.

    Raises:
        ValidationError: they are none.
    """
    return Protocol.model_validate_json(json.dumps(rules | {"source": ["a result"]}))


def _head(written: Head) -> dict[str, Any]:
    return {name: getattr(written, name) for name in Head.model_fields}


def _of_format_1(written: ProtocolFormat1) -> Protocol:
    burden, routes = written.burden, written.routes
    alternatives: list[Alternative] = [
        BlastsByFlow(
            finding="blasts_by_flow",
            over_percent=burden.overt_percent,
            specimens=NOT_STATED,
            **_FORMAT_1,
        ),
        BlastsByMorphology(
            finding="blasts_by_morphology",
            over_percent=burden.morphology_percent,
            decides="program" if routes.morphology else "person",
            **_FORMAT_1,
        ),
    ]
    if routes.mrd:
        mrd = MrdByFlow(
            finding="mrd_by_flow",
            at_least_percent=burden.mrd_percent_without_review,
            person_from_percent=burden.mrd_percent_with_review,
            specimens=NOT_STATED,
            **_FORMAT_1,
        )
        alternatives.append(mrd)
    if routes.extramedullary:
        alternatives.append(NewLesions(finding="new_extramedullary_lesions", **_FORMAT_1))
    return Protocol(
        **_head(written),
        cd5=written.cd5,
        ihc=written.cd5 if routes.ihc else None,
        burden=DiseaseLimits.model_validate(burden.model_dump()),
        routes=routes,
        disease=DiseaseAsked(any=tuple(alternatives), **_FORMAT_1),
        morphology=ShareRule(operator=">", threshold_percent=burden.morphology_percent),
    )


def _of_format_2(written: ProtocolFormat2) -> Protocol:
    asked, naming = written.cd5, written.naming
    disease = _or_none(written.disease, DiseaseAsked)
    blasts = None if disease is None else disease.find(BlastsByFlow)
    morphology = None if disease is None else disease.find(BlastsByMorphology)
    mrd = None if disease is None else disease.find(MrdByFlow)
    overt = naming.overt_percent if blasts is None else blasts.level.threshold_percent
    seen = morphology.level if morphology else _over(naming.morphology_percent)
    return Protocol(
        **_head(written),
        cd5=_share(asked.flow),
        ihc=None if isinstance(asked.ihc, str) else _share(asked.ihc),
        burden=DiseaseLimits(
            overt_percent=_given(overt),
            morphology_percent=seen.threshold_percent,
            mrd_percent_without_review=mrd.at_least_percent if mrd else None,
            mrd_percent_with_review=mrd.person_from_percent if mrd else None,
            review_below_percent_without_nk_marker=naming.review_below_percent_without_nk_marker,
        ),
        routes=Routes(
            ihc=written.accepts_ihc,
            mrd=mrd is not None,
            extramedullary=disease is not None and disease.find(NewLesions) is not None,
            morphology=morphology is not None and morphology.decides == "program",
        ),
        disease=disease,
        morphology=seen,
        intensity=_or_none(asked.intensity, IntensityRule),
        age=_or_none(asked.age, AgeRule),
        specimens=_or_none(asked.specimens, SpecimenRule),
        timepoints=written.timepoints if isinstance(written.timepoints, tuple) else (),
        asked=asked,
        trials=written.trials,
        read_on=written.read_on,
        not_read=written.not_read,
    )


Asked = TypeVar("Asked", DiseaseAsked, IntensityRule, AgeRule, SpecimenRule)


def _or_none(written: Asked | str, kind: type[Asked]) -> Asked | None:
    """Return a rule; None where the file says that the source has none."""
    return written if isinstance(written, kind) else None


def _share(written: ShareRule) -> ShareRule:
    """Return a rule without its wording."""
    return ShareRule(operator=written.operator, threshold_percent=written.threshold_percent)


def _over(percent: float | None) -> ShareRule:
    return ShareRule(operator=">", threshold_percent=_given(percent))


def _given(percent: float | None) -> float:
    assert percent is not None  # noqa: S101 - the file was checked
    return percent
