"""What the user says of a tube, the files that decide, and a tube ready to be gated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cd5flow.compensation import Choice, choose_spillover, compensate, read_spillover_csv
from cd5flow.controls import Role
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.gating.strategy import Strategy, load_strategy
from cd5flow.labels import MarkerAliases, load_aliases
from cd5flow.model.events import CompensatedEvents, Spillover
from cd5flow.model.panel import Panel
from cd5flow.model.result import PriorTherapy, Specimen, Timepoint
from cd5flow.model.scale import Scale
from cd5flow.panel import find_panel, scatter_detectors
from cd5flow.resources import markers_file, protocol_file, strategy_file
from cd5flow.transforms import Columns, channel_scales
from cd5flow.yamlfile import Loaded

AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the user says about a tube; what is not said is unknown, never guessed.

    Attributes:
        strategy, protocol: shipped name, or YAML file. `auto` chooses the strategy by time point.
        controls: role to file.
        markers: marker to channel where labels are ambiguous (from a sheet); goes before the
            strategy's.
        spillover: a matrix file, or ``hardware`` where the instrument compensated.
        dataset: which data set of the file, from 1.
        seed: of all random numbers.
    """

    strategy: str = AUTO
    protocol: str = "cd5-cart-70"
    timepoint: Timepoint = Timepoint.UNSTATED
    specimen: Specimen = Specimen.UNKNOWN
    prior_therapy: tuple[PriorTherapy, ...] = ()
    controls: Mapping[Role, Path] = field(default_factory=dict)
    markers: Mapping[str, str] = field(default_factory=dict)
    sample_id: str | None = None
    patient_id: str | None = None
    collected_at: str | None = None
    spillover: Path | Literal["hardware"] | None = None
    dataset: int | None = None
    clinical: Clinical | None = None
    seed: int = 0


@dataclass(frozen=True)
class Tube:
    """A file ready to be gated."""

    fcs: FcsFile
    panel: Panel
    choice: Choice
    events: CompensatedEvents
    columns: Columns
    scales: Mapping[str, Scale]


@dataclass(frozen=True)
class Rules:
    """The files that decide: strategy, protocol, marker names."""

    strategy: Loaded[Strategy]
    choice: str
    protocol: Loaded[Protocol]
    aliases: MarkerAliases


def choose_rules(settings: Settings) -> Rules:
    """Load strategy, protocol and marker table."""
    if settings.strategy == AUTO:
        name = "t-all-mrd" if settings.timepoint is Timepoint.MRD else "t-all-relapse"
        choice = f"auto: {name} for time point {settings.timepoint.value}"
    else:
        name, choice = settings.strategy, "as given"
    return Rules(
        strategy=load_strategy(strategy_file(name)),
        choice=choice,
        protocol=load_protocol(protocol_file(settings.protocol)),
        aliases=load_aliases(markers_file()),
    )


def read_tube(path: Path, rules: Rules, settings: Settings) -> Tube:
    """Read a file, find its markers, undo its spillover, choose its scales."""
    fcs = read_fcs(path, dataset=settings.dataset)
    overrides = {**rules.strategy.value.markers, **settings.markers}
    panel = find_panel(fcs.channels, aliases=rules.aliases, overrides=overrides)
    given: Spillover | Literal["hardware"] | None = None
    if settings.spillover == "hardware":
        given = "hardware"
    elif settings.spillover is not None:
        given = read_spillover_csv(Path(settings.spillover))
    limit = rules.strategy.value.compensation.max_condition_number
    choice = choose_spillover(fcs.spillover, fcs.raw, panel, given=given, max_condition=limit)
    # Only channels that carry a marker are ever looked at.
    events = compensate(fcs.raw, choice.spillover, needed=set(panel.markers.values()))
    scatter = scatter_detectors(fcs.channels, aliases=rules.aliases)
    return Tube(
        fcs, panel, choice, events, Columns(events), channel_scales(events, scatter=scatter)
    )
