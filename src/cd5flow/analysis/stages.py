"""What a tube is known to be after each step: every stage holds the one before it.

Tube → GatedTube → MeasuredTube → CheckedTube → JudgedTube → Analysis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cd5flow.analysis.option_words import Role
from cd5flow.analysis.rule_files import RuleFiles
from cd5flow.analysis.settings import Settings
from cd5flow.criteria.eligibility import Eligibility
from cd5flow.criteria.protocol import Protocol
from cd5flow.fcs import FcsFile
from cd5flow.gating.by_hand import OverridePlan
from cd5flow.gating.drawn import DrawnGates
from cd5flow.gating.profiles import Profiles
from cd5flow.gating.strategy import Strategy
from cd5flow.model.events import CompensatedEvents, Mask
from cd5flow.model.names import READOUT
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gating
from cd5flow.model.result import (
    BlastsSection,
    BurdenSection,
    Cd5Section,
    ControlSection,
    CriterionSection,
    ExcludedSection,
    PhenotypeEntry,
    QualitySection,
    Result,
)
from cd5flow.model.scale import Scale
from cd5flow.preprocess.compensation import SpilloverChoice
from cd5flow.preprocess.transforms import Columns
from cd5flow.quantify.cuts import Cut
from cd5flow.quantify.drawn import DrawnPositive
from cd5flow.quantify.measurement import Measurement


@dataclass(frozen=True, slots=True)
class ControlTube:
    """A control tube, compensated as the sample is.

    Attributes:
        role: what it was given as.
        fcs: the file.
        columns: its events on any axis.
        has_channels: whether it has every channel of the sample; else it is not compensated.
    """

    role: Role
    fcs: FcsFile
    columns: Columns
    has_channels: bool


@dataclass(frozen=True)
class Tube:
    """A file ready to be gated, with what was said of it and the files that decide.

    Attributes:
        path: where it was read from.
        settings: what the user says of it.
        rules: the files that decide.
        fcs: the file.
        panel: which channel carries which marker.
        compensation: the matrix that is undone, and what is known of it.
        columns: its events on any axis.
        scales: display scale of each detector.
        drawn: gates that a person drew on it elsewhere; None where there are none.
        controls: its control tubes.
    """

    path: Path
    settings: Settings
    rules: RuleFiles
    fcs: FcsFile
    panel: Panel
    compensation: SpilloverChoice
    columns: Columns
    scales: Mapping[str, Scale]
    drawn: DrawnGates | None = None
    controls: tuple[ControlTube, ...] = ()

    @property
    def events(self) -> CompensatedEvents:
        """Its compensated events."""
        return self.columns.events

    @property
    def sample_id(self) -> str:
        """The sample's name, which is the file's where none was given."""
        return self.settings.sample_of(self.path)

    @property
    def strategy(self) -> Strategy:
        """How blasts are found, and the limits."""
        return self.rules.strategy.value

    @property
    def profiles(self) -> Profiles | None:
        """What cells look like; None where the strategy names no profiles."""
        return None if self.rules.profiles is None else self.rules.profiles.value

    @property
    def protocol(self) -> Protocol:
        """What is asked of them."""
        return self.rules.protocol.value

    @property
    def has_cd5(self) -> bool:
        """Whether a channel carries CD5."""
        return self.panel.has(READOUT)

    @property
    def cd5_detector(self) -> str:
        """The channel that carries CD5.

        Raises:
            KeyError: none does.
        """
        return self.panel.detector(READOUT)


@dataclass(frozen=True, slots=True)
class GatedTube:
    """A tube with its populations.

    Attributes:
        tube: the tube.
        gating: its gates, and who is in each.
        plan: what was drawn on it by hand.
        cut: the CD5 cut that was drawn; None where none was.
    """

    tube: Tube
    gating: Gating
    plan: OverridePlan
    cut: Cut | None = None


@dataclass(frozen=True, slots=True)
class GatedControl:
    """A control tube through the sample's gates, and whether it may be used.

    Attributes:
        tube: the control tube.
        members: population to who is in it; none where its channels are others.
        section: what the result says of it.
    """

    tube: ControlTube
    members: Mapping[str, Mask]
    section: ControlSection

    @property
    def role(self) -> Role:
        """What it was given as."""
        return self.tube.role

    @property
    def is_accepted(self) -> bool:
        """Whether it is used."""
        return self.section.accepted


@dataclass(frozen=True, slots=True)
class MeasuredTube:
    """A gated tube with CD5 of its blasts and controls.

    Attributes:
        gated: the gated tube.
        controls: its control tubes through its gates.
        measurement: CD5 signals and every cut; None where there is no CD5.
        positive: what an imported gate of CD5-positive cells holds; None where there is none.
    """

    gated: GatedTube
    controls: tuple[GatedControl, ...]
    measurement: Measurement | None
    positive: DrawnPositive | None = None

    @property
    def tube(self) -> Tube:
        """The tube."""
        return self.gated.tube

    @property
    def gating(self) -> Gating:
        """Its gates, and who is in each."""
        return self.gated.gating


@dataclass(frozen=True, slots=True)
class CheckedTube:
    """A measured tube whose quality is known."""

    measured: MeasuredTube
    quality: QualitySection

    @property
    def tube(self) -> Tube:
        """The tube."""
        return self.measured.tube

    @property
    def gating(self) -> Gating:
        """Its gates, and who is in each."""
        return self.measured.gating


@dataclass(frozen=True, slots=True)
class JudgedTube:
    """A checked tube with its answers.

    Attributes:
        checked: the tube.
        gating: its gates, the CD5-positive blasts among them.
        cd5: CD5 of the blasts.
        burden: how much disease there is.
        criterion: what the protocol's flow criterion says.
        phenotype: where the blasts lie on every other marker.
        blasts: the populations of which they consist.
        excluded: cells that look like blasts in part and were not counted.
    """

    checked: CheckedTube
    gating: Gating
    cd5: Cd5Section
    burden: BurdenSection
    criterion: CriterionSection
    phenotype: tuple[PhenotypeEntry, ...]
    blasts: BlastsSection
    excluded: tuple[ExcludedSection, ...]

    @property
    def tube(self) -> Tube:
        """The tube."""
        return self.checked.tube

    @property
    def measured(self) -> MeasuredTube:
        """The tube as measured."""
        return self.checked.measured


@dataclass(frozen=True)
class Analysis:
    """Everything that reports and plots are made from.

    Attributes:
        result: what is written.
        tube: the tube.
        gating: its gates, and who is in each.
        measured: CD5 signals and every cut; None where there is no CD5.
        controls: the control tubes through its gates.
        automatic: the gates as they were found, where a person drew some of them anew.
        eligibility: every criterion of the protocol, where a clinical file was given.
    """

    result: Result
    tube: Tube
    gating: Gating
    measured: Measurement | None
    controls: tuple[GatedControl, ...]
    automatic: Gating | None = None
    eligibility: Eligibility | None = None
