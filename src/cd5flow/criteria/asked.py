"""What a trial asks of CD5 and of disease: a source's wording, our reading, and the numbers.

``not stated`` stands wherever a source says nothing, so that silence is never taken for a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from cd5flow.criteria.rules import Fault, Part, refuse
from cd5flow.model.states import Specimen

NOT_STATED: Final = "not stated"
"""What stands for a rule, or a wording, that no source gives."""
NOT_ACCEPTED: Final = "not accepted"
"""What stands for a method that the trial does not take."""

NotStated = Literal["not stated"]
Limit = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]
Rule = TypeVar("Rule")


def _tag(written: Any) -> str:
    """Return what is written, as a tag that is no key of a file: words, or a rule of its own."""
    return "<words>" if isinstance(written, str) else "<rule>"


OrNotStated = Annotated[
    Annotated[Rule, Tag("<rule>")] | Annotated[NotStated, Tag("<words>")], Discriminator(_tag)
]
"""A rule, or the words ``not stated``."""


class ShareRule(Part):
    """A share, in percent, that a measured one is held against, unrounded."""

    operator: Literal[">=", ">"] = Field(description="how a share compares with the threshold")
    threshold_percent: Limit

    def holds(self, percent: float) -> bool:
        """Whether an unrounded share satisfies the rule."""
        if self.operator == ">=":
            return percent >= self.threshold_percent
        return percent > self.threshold_percent

    def __str__(self) -> str:
        """Return what is asked for, as ``>= 70 %``."""
        return f"{self.operator} {self.threshold_percent:.15g} %"


class Wording(Part):
    """What the source says, and what this file makes of it."""

    source_text: Text = Field(description="the source's wording, shortened; or 'not stated'")
    reading: Text = Field(description="how this file reads it")


class WordedShare(Wording, ShareRule):
    """A share that the trial asks for, with its wording."""


class IntensityRule(Wording):
    """How bright CD5 must be on the blasts, as percent of the median of normal T cells.

    A source that asks for an intensity without a number leaves `at_least_percent_of_t_cells` not
    stated: then only what it calls dim is decided, and everything brighter is for a person.
    """

    at_least_percent_of_t_cells: OrNotStated[Positive] = Field(
        description="lowest median of the blasts, percent of that of normal T cells"
    )
    dim_at_most_percent_of_t_cells: OrNotStated[Positive] = Field(
        description="at or below it the blasts are dim, and the rule is not satisfied"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        least, dim = self.at_least_percent_of_t_cells, self.dim_at_most_percent_of_t_cells
        if isinstance(least, float) and isinstance(dim, float) and dim >= least:
            refuse(
                [("dim_at_most_percent_of_t_cells", f"{dim:g} is not below the lowest, {least:g}")]
            )
        return self


class AgeRule(Wording):
    """How old a result may be: days from the specimen's collection to the assessment."""

    at_most_days: Annotated[int, Field(ge=1, le=3650)]


def _each_once(parts: tuple[Specimen, ...]) -> tuple[Specimen, ...]:
    faults: list[Fault] = []
    for i, one in enumerate(parts):
        if one in parts[:i]:
            faults.append((str(i), f"{one} stands here twice"))
        elif one is Specimen.UNKNOWN:
            faults.append((str(i), "an unknown specimen is none that a trial takes"))
    refuse(faults)
    return parts


Specimens = Annotated[tuple[Specimen, ...], Field(min_length=1), AfterValidator(_each_once)]


class SpecimenRule(Wording):
    """Which specimens the trial takes CD5 from."""

    accepted: Specimens


class Cd5Asked(Part):
    """What is asked of CD5."""

    flow: WordedShare
    ihc: Annotated[
        Annotated[WordedShare, Tag("<rule>")]
        | Annotated[Literal["not stated", "not accepted"], Tag("<words>")],
        Discriminator(_tag),
    ] = Field(description="CD5 by immunohistochemistry instead of flow, with a number of its own")
    intensity: OrNotStated[IntensityRule]
    age: OrNotStated[AgeRule]
    specimens: OrNotStated[SpecimenRule]


class _Level(Wording):
    """A share of blasts that counts as disease: over it, or at least it."""

    over_percent: Limit | None = Field(default=None, description="strictly more")
    at_least_percent: Limit | None = None

    @model_validator(mode="after")
    def _one_level(self) -> Self:
        given = [v for v in (self.over_percent, self.at_least_percent) if v is not None]
        if len(given) != 1:
            raise ValueError("write one level: over_percent or at_least_percent")
        return self

    @property
    def level(self) -> ShareRule:
        """The level as a rule."""
        if self.over_percent is not None:
            return ShareRule(operator=">", threshold_percent=self.over_percent)
        assert self.at_least_percent is not None  # noqa: S101 - one of them is given
        return ShareRule(operator=">=", threshold_percent=self.at_least_percent)


_SPECIMENS: Final = "specimens from which it counts"
_AT: Final = "the named time point at which it counts; any where none is named"


class BlastsByFlow(_Level):
    """Blasts of the denominator."""

    finding: Literal["blasts_by_flow"]
    specimens: OrNotStated[Specimens] = Field(description=_SPECIMENS)
    at: Text | None = Field(default=None, description=_AT)


class BlastsByMorphology(_Level):
    """Blasts under the microscope, as the clinical file has them."""

    finding: Literal["blasts_by_morphology"]
    decides: Literal["program", "person"] = Field(
        description="program: they count though flow does not show them; person: then one looks"
    )


class MrdByFlow(Wording):
    """Residual disease of the denominator."""

    finding: Literal["mrd_by_flow"]
    at_least_percent: Limit = Field(description="lowest MRD that counts as it is")
    person_from_percent: Limit = Field(
        description="lowest MRD that counts once a person has confirmed it"
    )
    specimens: OrNotStated[Specimens] = Field(description=_SPECIMENS)
    at: Text | None = Field(default=None, description=_AT)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.person_from_percent > self.at_least_percent:
            low, high = self.person_from_percent, self.at_least_percent
            refuse([("person_from_percent", f"{low:g} is over at_least_percent, {high:g}")])
        return self


class NewLesions(Wording):
    """New lesions outside the marrow, as the clinical file has them."""

    finding: Literal["new_extramedullary_lesions"]


Alternative = Annotated[
    BlastsByFlow | BlastsByMorphology | MrdByFlow | NewLesions, Field(discriminator="finding")
]


def _findings_once(parts: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
    names = [one.finding for one in parts]
    refuse([(f"{i}/finding", f"a second {n}") for i, n in enumerate(names) if n in names[:i]])
    return parts


class DiseaseAsked(Wording):
    """What counts as disease: any one of the alternatives."""

    any: Annotated[tuple[Alternative, ...], Field(min_length=1), AfterValidator(_findings_once)]

    def find(self, kind: type[Found]) -> Found | None:
        """Return the alternative of this kind; None where the trial has none."""
        return next((one for one in self.any if isinstance(one, kind)), None)


Found = TypeVar("Found", BlastsByFlow, BlastsByMorphology, MrdByFlow, NewLesions)


class Naming(Part):
    """Limits of ours that no trial states: how a burden is named, and when a person looks.

    A level that an alternative of `disease` has stands there alone.
    """

    reading: Text
    overt_percent: Limit | None = Field(default=None, description="OVERT lies strictly over it")
    morphology_percent: Limit | None = Field(
        default=None, description="a marrow at or below it shows no disease by morphology"
    )
    review_below_percent_without_nk_marker: Limit = Field(
        description="below it the verdict is at most REVIEW where no marker tells NK cells apart"
    )


class NamedTimepoint(Wording):
    """A day that a trial gives a name, counted from an event whose date the clinical file has."""

    name: Text
    after: Literal["induction", "cd5_car", "allo_hsct"]
    from_day: Annotated[int, Field(ge=0, le=3650)] = Field(description="the first day of it")
    to_day: Annotated[int, Field(ge=0, le=3650)] = Field(description="the last day of it")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to_day < self.from_day:
            refuse([("to_day", f"day {self.to_day} lies before from_day {self.from_day}")])
        return self

    @property
    def date_field(self) -> str:
        """The clinical field that holds the event's date."""
        return DATES[self.after]


DATES: Final = {
    "induction": "induction_started_on",
    "cd5_car": "last_cd5_car_date",
    "allo_hsct": "last_allo_hsct_date",
}
"""Events that days are counted from, and the clinical fields of their dates."""


def _names_once(parts: tuple[NamedTimepoint, ...]) -> tuple[NamedTimepoint, ...]:
    names = [one.name for one in parts]
    refuse([(f"{i}/name", f"a second {n!r}") for i, n in enumerate(names) if n in names[:i]])
    return parts


Timepoints = Annotated[tuple[NamedTimepoint, ...], Field(min_length=1), AfterValidator(_names_once)]


class Trial(Part):
    """A trial that the file restates."""

    id: Text = Field(description="its number in the registry")
    sponsors: Annotated[tuple[Text, ...], Field(min_length=1)]


def unknown_timepoints(disease: DiseaseAsked, known: tuple[NamedTimepoint, ...]) -> Iterator[Fault]:
    """Yield the time points that an alternative counts at and that the file does not name."""
    names = {one.name for one in known}
    for i, one in enumerate(disease.any):
        at = getattr(one, "at", None)
        if at is not None and at not in names:
            there = ", ".join(sorted(names)) or "none"
            yield f"disease/any/{i}/at", f"no time point is named {at!r}; there are: {there}"
