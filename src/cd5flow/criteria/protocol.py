"""A trial's rules as data: the CD5 threshold, what counts as disease, and which routes are open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cd5flow.errors import ProtocolError
from cd5flow.yamlfile import Loaded, load_yaml

FORMAT = "cd5flow.protocol/1"

Limit = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]


class _Rules(BaseModel):
    """A part of a protocol file: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Cd5Rule(_Rules):
    """Which share of CD5-positive blasts the trial asks for."""

    operator: Literal[">=", ">"] = Field(description="how a share compares with the threshold")
    threshold_percent: Limit

    def holds(self, percent: float) -> bool:
        """Whether an unrounded share satisfies the rule."""
        if self.operator == ">=":
            return percent >= self.threshold_percent
        return percent > self.threshold_percent


class BurdenRule(_Rules):
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


class Routes(_Rules):
    """Which ways to the criterion the trial leaves open beside CD5 and overt disease by flow."""

    ihc: bool = Field(description="CD5 by immunohistochemistry instead of flow")
    mrd: bool = Field(description="MRD below the overt limit counts as disease")
    extramedullary: bool = Field(description="new extramedullary lesions count as disease")
    morphology: bool = Field(
        description="blasts over morphology_percent count as disease without flow showing them"
    )


class Protocol(_Rules):
    """The rules of one trial, as a protocol file states them."""

    format: Literal["cd5flow.protocol/1"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    version: Text
    title: Text
    source: Annotated[tuple[Text, ...], Field(min_length=1, description="where the rules stand")]
    notes: tuple[Text, ...] = Field(
        default=(), description="what the source leaves open, and how this file fills it"
    )
    cd5: Cd5Rule
    burden: BurdenRule
    routes: Routes


def load_protocol(path: Path) -> Loaded[Protocol]:
    """Read a protocol file.

    Raises:
        ProtocolError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, Protocol, error=ProtocolError)
