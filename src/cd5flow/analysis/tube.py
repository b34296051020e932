"""What the user says of a tube, the files that decide, and a tube ready to be gated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from cd5flow.analysis.controls import Role
from cd5flow.config.shipped import markers_file, protocol_file, strategy_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import OptionError
from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.gating.drawn import DrawnGates, ImportedGates, same_matrix, start_of
from cd5flow.gating.override import Overrides, load_overrides
from cd5flow.gating.strategy import Strategy, load_strategy
from cd5flow.gating.therapy import adapt_strategy
from cd5flow.model.events import CompensatedEvents, Spillover
from cd5flow.model.laip import Laip
from cd5flow.model.panel import Panel
from cd5flow.model.result import PriorTherapy, Specimen, Timepoint
from cd5flow.model.scale import Scale
from cd5flow.numerics.timing import Stage, untimed
from cd5flow.preprocess.compensation import (
    SpilloverChoice,
    choose_spillover,
    compensate,
    read_spillover_csv,
)
from cd5flow.preprocess.labels import MarkerAliases, load_aliases
from cd5flow.preprocess.panel import find_panel, scatter_detectors
from cd5flow.preprocess.scale_choice import channel_scales
from cd5flow.preprocess.transforms import Columns

AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the user says about a tube; what is not said is unknown, never guessed.

    Attributes:
        strategy, protocol: shipped name, or YAML file. `auto` chooses the strategy by time point.
        controls: role to file.
        markers: marker to channel where labels are ambiguous (from a sheet); goes before the
            strategy's.
        identifiers: further names that a sheet gives a sample, carried into its result.
        control_identifiers: role to the same of its control, held against the sample's.
        spillover: a matrix file, or ``hardware`` where the instrument compensated.
        dataset: which data set of the file, from 1.
        override: file of gates drawn by hand.
        gates: gates drawn in another program, in place of the strategy's.
        laip: what the patient's blasts looked like at diagnosis.
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
    identifiers: Mapping[str, str] = field(default_factory=dict)
    control_identifiers: Mapping[Role, Mapping[str, str]] = field(default_factory=dict)
    spillover: Path | Literal["hardware"] | None = None
    dataset: int | None = None
    clinical: Clinical | None = None
    override: Path | None = None
    gates: ImportedGates | None = None
    laip: Laip | None = None
    seed: int = 0


@dataclass(frozen=True)
class Tube:
    """A file ready to be gated, with the gates that a person drew on it elsewhere, if any."""

    fcs: FcsFile
    panel: Panel
    choice: SpilloverChoice
    events: CompensatedEvents
    columns: Columns
    scales: Mapping[str, Scale]
    drawn: DrawnGates | None = None

    @property
    def looked_at(self) -> set[str]:
        """The channels that are ever looked at: those that carry a marker, or that a gate reads."""
        return _looked_at(self.panel, self.drawn)


@dataclass(frozen=True)
class Rules:
    """The files that decide: strategy, protocol, marker names, gates drawn by hand."""

    strategy: Loaded[Strategy]
    choice: str
    protocol: Loaded[Protocol]
    aliases: MarkerAliases
    override: Loaded[Overrides] | None = None
    changed: tuple[str, ...] = ()
    """What earlier therapies change in the strategy, as ``CODE: sentence``."""


def choose_rules(settings: Settings) -> Rules:
    """Load strategy, protocol, marker table and override file."""
    if settings.strategy == AUTO:
        name = "t-all-mrd" if settings.timepoint is Timepoint.MRD else "t-all-relapse"
        choice = f"auto: {name} for time point {settings.timepoint.value}"
    else:
        name, choice = settings.strategy, "as given"
    if settings.gates is not None:
        drawn = f"gates of {settings.gates.file} (SHA-256 {settings.gates.sha256})"
        choice = f"{choice}; for its limits, with {drawn}"
    loaded = load_strategy(strategy_file(name))
    strategy, changed = adapt_strategy(loaded.value, settings.prior_therapy)
    return Rules(
        strategy=replace(loaded, value=strategy),
        choice=choice,
        protocol=load_protocol(protocol_file(settings.protocol)),
        aliases=load_aliases(markers_file()),
        override=None if settings.override is None else load_overrides(settings.override),
        changed=changed,
    )


def read_tube(path: Path, rules: Rules, settings: Settings, *, stage: Stage = untimed) -> Tube:
    """Read a file, find its markers, undo its spillover, choose its scales."""
    with stage("file"):
        fcs = read_fcs(path, dataset=settings.dataset)
    fcs.begin_sha256()
    overrides = {**rules.strategy.value.markers, **settings.markers}
    panel = find_panel(fcs.channels, aliases=rules.aliases, overrides=overrides)
    drawn = _drawn_on(path, fcs, settings)
    given = _given_matrix(settings, drawn, fcs.spillover)
    limit = rules.strategy.value.compensation.max_condition_number
    choice = choose_spillover(fcs.spillover, fcs.raw, panel, given=given, max_condition=limit)
    with stage("compensation"):
        events = compensate(fcs.raw, choice.spillover, needed=_looked_at(panel, drawn))
    with stage("scales"):
        scatter = scatter_detectors(fcs.channels, aliases=rules.aliases)
        scales = channel_scales(events, scatter=scatter)
    return Tube(fcs, panel, choice, events, Columns(events), scales, drawn)


def _drawn_on(path: Path, fcs: FcsFile, settings: Settings) -> DrawnGates | None:
    if settings.gates is None:
        return None
    return settings.gates.on(path.name, fcs.raw, started=start_of(fcs.keywords))


def _looked_at(panel: Panel, drawn: DrawnGates | None) -> set[str]:
    channels = set(panel.markers.values())
    return channels if drawn is None else channels | drawn.detectors


def _given_matrix(
    settings: Settings, drawn: DrawnGates | None, own: Spillover | None
) -> Spillover | Literal["hardware"] | None:
    """Return the matrix that the user states: in a file of its own, or in the file of gates.

    Raises:
        OptionError: both are stated, and differ.
    """
    stated: Spillover | Literal["hardware"] | None = None
    if settings.spillover == "hardware":
        stated = "hardware"
    elif settings.spillover is not None:
        stated = read_spillover_csv(Path(settings.spillover))
    of_gates = None if drawn is None else drawn.spillover
    if of_gates is None:
        return stated
    if stated is None:
        # The tube's own matrix written down is no other one.
        return None if own is not None and same_matrix(own, of_gates) else of_gates
    if stated == "hardware" or not same_matrix(stated, of_gates):
        raise OptionError(
            f"spillover: the gates were drawn with a matrix of their own, {of_gates.source}, which "
            "is another; leave the option out"
        )
    return stated
