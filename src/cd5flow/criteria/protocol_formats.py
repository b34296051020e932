"""Protocol files as they are written: formats ``cd5flow.protocol/1`` and ``/2``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from cd5flow.criteria.asked import (
    NOT_ACCEPTED,
    BlastsByFlow,
    BlastsByMorphology,
    Cd5Asked,
    DiseaseAsked,
    Limit,
    MrdByFlow,
    Naming,
    OrNotStated,
    ShareRule,
    Text,
    Timepoints,
    Trial,
    unknown_timepoints,
)
from cd5flow.criteria.criterion import Criteria
from cd5flow.criteria.rules import Comparison, Fault, Part, leaves, refuse

_MRD_LIMITS: Final = ("burden.mrd_percent_without_review", "burden.mrd_percent_with_review")


FORMATS: Final = ("cd5flow.protocol/1", "cd5flow.protocol/2")


def _one_of_both(value: object, read: Callable[[object], object]) -> object:
    try:
        return read(value)
    except ValidationError:
        expected = " or ".join(map(repr, FORMATS))
        raise PydanticCustomError(
            "format", "should be {expected}", {"expected": expected}
        ) from None


_FORMAT: Final = WrapValidator(_one_of_both)


class BurdenRule(Part):
    """How much disease counts. Every limit is in percent; "over" means strictly above."""

    overt_percent: Limit = Field(
        description="blasts of the denominator by flow; overt disease lies over it"
    )
    morphology_percent: Limit = Field(
        description="blasts by morphology; a marrow at or below it shows no disease this way"
    )
    mrd_percent_without_review: Limit = Field(
        description="lowest MRD that counts without a reviewer's confirmation"
    )
    mrd_percent_with_review: Limit = Field(
        description="lowest MRD that counts once a reviewer has confirmed it"
    )
    review_below_percent_without_nk_marker: Limit = Field(
        description="below it the verdict is at most REVIEW where no marker tells NK cells apart"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        limits = (
            self.mrd_percent_with_review,
            self.mrd_percent_without_review,
            self.overt_percent,
        )
        if list(limits) != sorted(limits):
            raise ValueError(
                "mrd_percent_with_review, mrd_percent_without_review and overt_percent must not "
                f"decrease, found {', '.join(f'{limit:g}' for limit in limits)}"
            )
        return self


class Routes(Part):
    """Which ways to the criterion the trial leaves open beside CD5 and overt disease by flow."""

    ihc: bool = Field(description="CD5 by immunohistochemistry instead of flow")
    mrd: bool = Field(description="MRD below the overt limit counts as disease")
    extramedullary: bool = Field(description="new extramedullary lesions count as disease")
    morphology: bool = Field(
        description="blasts over morphology_percent count as disease without flow showing them"
    )


class Head(Part):
    """What a protocol file of every format begins with, and its criteria."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Text
    title: Text
    source: Annotated[tuple[Text, ...], Field(min_length=1, description="where the rules stand")]
    notes: tuple[Text, ...] = Field(
        default=(), description="what the source leaves open, and how this file fills it"
    )
    criteria_complete: bool = Field(
        default=False,
        description="whether every criterion of the trial is listed; while false, ALL_SATISFIED is "
        "never said",
    )
    criteria: Criteria = ()

    def comparisons(self) -> Iterator[tuple[int, str, Comparison]]:
        """Yield place and id of each criterion that compares a clinical field, and the comparison."""
        for i, criterion in enumerate(self.criteria):
            for leaf in leaves(criterion.rule):
                if isinstance(leaf, Comparison):
                    yield i, criterion.id, leaf

    def shared_faults(self) -> Iterator[Fault]:
        """Yield what is wrong in every format."""
        if self.criteria_complete and not self.criteria:
            yield "criteria_complete", "true, yet no criterion is listed"


class ProtocolFormat1(Head):
    """A protocol file of format 1: one CD5 rule for every method, limits and open ways."""

    format: Annotated[Literal["cd5flow.protocol/1"], _FORMAT]
    cd5: ShareRule
    burden: BurdenRule
    routes: Routes

    @model_validator(mode="after")
    def _routes_are_open(self) -> Self:
        faults = list(self.shared_faults())
        for i, name, leaf in self.comparisons():
            if leaf.meets == "ihc":
                what = (
                    f"{name} compares {leaf.field} with ihc, which format 2 has; write meets: cd5"
                )
                faults.append((f"criteria/{i}/rule", what))
            elif leaf.meets and not self.routes.ihc:
                what = f"{name} compares {leaf.field} with cd5, yet routes.ihc is false"
                faults.append((f"criteria/{i}/rule", what))
        refuse(faults)
        return self


class ProtocolFormat2(Head):
    """A protocol file of format 2: every rule with the source's wording, and silence named."""

    format: Annotated[Literal["cd5flow.protocol/2"], _FORMAT]
    trials: Annotated[tuple[Trial, ...], Field(min_length=1)]
    read_on: date = Field(description="when the sources were read")
    not_read: tuple[Text, ...] = Field(
        default=(), description="what the trial has, and could not be read in the sources"
    )
    cd5: Cd5Asked
    disease: OrNotStated[DiseaseAsked]
    naming: Naming
    timepoints: OrNotStated[Timepoints]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        refuse([*self.shared_faults(), *self._naming_faults(), *self._reference_faults()])
        return self

    def _naming_faults(self) -> Iterator[Fault]:
        stated = self.disease if isinstance(self.disease, DiseaseAsked) else None
        for name, finding, kind in (
            ("overt_percent", "blasts_by_flow", BlastsByFlow),
            ("morphology_percent", "blasts_by_morphology", BlastsByMorphology),
        ):
            known = stated is not None and any(isinstance(one, kind) for one in stated.any)
            given = getattr(self.naming, name) is not None
            if known and given:
                yield f"naming/{name}", f"the level of {finding} stands in disease alone"
            elif not known and not given:
                yield "naming", f"field '{name}' is missing: disease has no {finding}"
        if stated is None:
            return
        blasts, mrd = stated.find(BlastsByFlow), stated.find(MrdByFlow)
        overt = blasts.level.threshold_percent if blasts else self.naming.overt_percent
        if mrd is not None and overt is not None and mrd.at_least_percent > overt:
            place = next(i for i, one in enumerate(stated.any) if one is mrd)
            what = f"{mrd.at_least_percent:g} lies over the level of overt disease, {overt:g}"
            yield f"disease/any/{place}/at_least_percent", what
        known_points = self.timepoints if isinstance(self.timepoints, tuple) else ()
        yield from unknown_timepoints(stated, known_points)

    def _reference_faults(self) -> Iterator[Fault]:
        stated = isinstance(self.disease, DiseaseAsked)
        has_mrd = (
            isinstance(self.disease, DiseaseAsked) and self.disease.find(MrdByFlow) is not None
        )
        for i, name, leaf in self.comparisons():
            where = f"criteria/{i}/rule"
            if leaf.meets and leaf.field == "ihc_cd5_percent" and leaf.meets != "ihc":
                yield where, f"{name} compares {leaf.field} with cd5; its own rule is ihc"
            elif leaf.meets == "ihc" and isinstance(self.cd5.ihc, str):
                yield where, f"{name} compares {leaf.field} with ihc, which is {self.cd5.ihc}"
            for limit in leaf.bounds().values():
                if limit in _MRD_LIMITS and not has_mrd:
                    yield where, f"{name} names {limit}, yet disease has no mrd_by_flow"
        if not stated:
            for i, criterion in enumerate(self.criteria):
                if any(getattr(leaf, "flow", None) == "disease" for leaf in leaves(criterion.rule)):
                    yield (
                        f"criteria/{i}/rule",
                        f"{criterion.id} asks for disease, which is not stated",
                    )

    @property
    def accepts_ihc(self) -> bool:
        """Whether immunohistochemistry may stand for flow; silence leaves it open."""
        return self.cd5.ihc != NOT_ACCEPTED


def _format_of(written: Any) -> str:
    """Return which format a file is of, by what it says, else by the parts it has."""
    if not isinstance(written, dict):
        return "<1>" if isinstance(written, ProtocolFormat1) else "<2>"
    said = written.get("format")
    if said in FORMATS:
        return f"<{FORMATS.index(said) + 1}>"
    return "<1>" if "routes" in written else "<2>"


Written = Annotated[
    Annotated[ProtocolFormat1, Tag("<1>")] | Annotated[ProtocolFormat2, Tag("<2>")],
    Discriminator(_format_of),
]


class ProtocolFile(RootModel[Any]):
    """A trial's rules, as a protocol file states them."""

    model_config = ConfigDict(defer_build=True)

    root: Written
