"""By which cells and limits a strategy chooses the word for a marker on the blasts."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cd5flow.model.references import MarkerRef, PopulationRef


class MarkerNegatives(BaseModel):
    """Cells of every tube that lack some markers.

    Attributes:
        population: a gate's name; blasts among them are left out.
        lacks: the markers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    population: PopulationRef
    lacks: tuple[MarkerRef, ...] = Field(min_length=1)


class PhenotypeRule(BaseModel):
    """How the word for a marker on the blasts is chosen, never for CD5.

    A marker without negatives in the tube, that normal T cells do not carry either, has no word.

    Attributes:
        events: fewest events of a population that is described, and of cells that it is held against.
        negatives: cells that lack a marker, in order of preference.
        carried: markers that normal T cells carry, which then tell dim and bright; of others the
            negatives do.
        negative_spreads: robust SDs above the negatives' median from where an event is positive.
        negative_percent: with fewer positive events a marker is `negative`.
        t_cells_decades: a median further below that of T cells is `dim`, further above `bright`.
        dim_decades: a median fewer decades above where positive begins is `dim`,
        bright_decades: one so many or more `bright`, where T cells do not tell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    events: int = Field(ge=20)
    negatives: tuple[MarkerNegatives, ...]
    carried: tuple[MarkerRef, ...] = ()
    negative_spreads: float = Field(gt=0)
    negative_percent: float = Field(gt=0, lt=100)
    t_cells_decades: float = Field(gt=0)
    dim_decades: float = Field(ge=0)
    bright_decades: float = Field(gt=0)
