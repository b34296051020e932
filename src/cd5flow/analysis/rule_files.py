"""The files that decide: strategy, protocol, table of marker names, gates drawn by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from cd5flow.analysis.options import AUTO
from cd5flow.analysis.settings import Settings
from cd5flow.config.shipped import markers_file, profiles_file, protocol_file, strategy_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import StrategyError, told_faults
from cd5flow.gating.methods.cell_type import CellType
from cd5flow.gating.override import Overrides, load_overrides
from cd5flow.gating.profiles import Profiles, load_profiles, markers_read
from cd5flow.gating.strategy import Strategy, load_strategy
from cd5flow.gating.therapy import adapt_strategy, ignored_markers
from cd5flow.model.reasons import Reason
from cd5flow.model.result import Timepoint
from cd5flow.preprocess.labels import MarkerAliases, load_aliases
from cd5flow.preprocess.panel import TIME


@dataclass(frozen=True)
class RuleFiles:
    """The files that decide, as the settings choose them.

    Attributes:
        strategy: as it stands after the patient's earlier therapies.
        choice: how it was chosen.
        protocol: what is asked for.
        aliases: spellings of markers.
        override: gates drawn by hand; None where there are none.
        profiles: what cells look like; None where the strategy names none.
        changed: what earlier therapies change in the strategy.
    """

    strategy: Loaded[Strategy]
    choice: Reason
    protocol: Loaded[Protocol]
    aliases: MarkerAliases
    override: Loaded[Overrides] | None = None
    profiles: Loaded[Profiles] | None = None
    changed: tuple[Reason, ...] = ()


def load_rule_files(settings: Settings) -> RuleFiles:
    """Load the files that the settings name.

    Raises:
        UsageError: there is no such file, or it has faults.
    """
    told: dict[str, object] = {}
    if settings.strategy == AUTO:
        name = "t-all-mrd" if settings.timepoint is Timepoint.MRD else "t-all-relapse"
        case = "auto"
        told |= {"strategy": name, "timepoint": settings.timepoint}
    else:
        name, case = settings.strategy, "given"
    if settings.gates is not None:
        case = f"{case}_gates"
        told |= {"file": settings.gates.file, "sha256": settings.gates.sha256}
    loaded = load_strategy(strategy_file(name))
    strategy, changed = adapt_strategy(loaded.value, settings.prior_therapy)
    return RuleFiles(
        strategy=replace(loaded, value=strategy),
        choice=Reason("CHOICE", case=case, **told),
        protocol=load_protocol(protocol_file(settings.protocol)),
        aliases=load_aliases(markers_file()),
        override=None if settings.override is None else load_overrides(settings.override),
        profiles=_adapted_profiles(loaded, settings),
        changed=changed,
    )


def check_strategy(path: Path) -> Loaded[Strategy]:
    """Read and check a strategy file with the profiles that it names.

    Raises:
        UsageError: its faults, or those of the profiles.
    """
    loaded = load_strategy(path)
    profiles = load_profiles_of(loaded)
    aliases = load_aliases(markers_file())
    faults = [*_faults_of_markers(loaded, aliases), *_faults_of_axes(loaded, aliases)]
    if profiles is not None:
        faults += _faults_of_profiles(profiles, aliases)
    if faults:
        raise StrategyError(told_faults(faults))
    return loaded


def check_profiles(path: Path) -> Loaded[Profiles]:
    """Read and check a file of reference profiles.

    Raises:
        UsageError: its faults.
    """
    loaded = load_profiles(path)
    faults = list(_faults_of_profiles(loaded, load_aliases(markers_file())))
    if faults:
        raise StrategyError(told_faults(faults))
    return loaded


def _faults_of_profiles(loaded: Loaded[Profiles], aliases: MarkerAliases) -> Iterator[str]:
    """Yield what profiles read and is no marker: what rests on it would never hold, and say nothing."""
    for where, marker in markers_read(loaded.value):
        if not aliases.knows(marker):
            yield (
                f"{loaded.where(*where)}: {marker!r} is no marker that {markers_file().name} knows"
            )


def _faults_of_markers(loaded: Loaded[Strategy], aliases: MarkerAliases) -> Iterator[str]:
    """Yield entries of ``markers:`` that settle nothing: no marker, no channel, or one twice."""
    seen: dict[str, str] = {}
    channels: dict[str, str] = {}
    for name, channel in loaded.value.markers.items():
        where = loaded.where("markers", name)
        if not aliases.knows(name):
            yield f"{where}: markers: {name!r} is no marker that {markers_file().name} knows"
        if not channel.strip():
            yield f"{where}: markers: {name} has no channel, expected a $PnN"
        marker = aliases.canonical(name)
        if seen.setdefault(marker, name) != name:
            yield f"{where}: markers: {name} and {seen[marker]} are one marker"
        if channels.setdefault(channel, name) != name:
            yield f"{where}: markers: {channel!r} is the channel of {channels[channel]} already"


def _faults_of_axes(loaded: Loaded[Strategy], aliases: MarkerAliases) -> Iterator[str]:
    """Yield gates that look at what is no marker: no tube would have a channel for it."""
    own = {aliases.canonical(name) for name in loaded.value.markers}
    for i, gate in enumerate(loaded.value.gates):
        for marker in sorted(gate.markers):
            if marker != TIME and marker not in own and not aliases.knows(marker):
                where = loaded.where("gates", i, "find")
                yield (
                    f"{where}: gate {gate.gate!r} looks at {marker!r}, which is no marker that "
                    f"{markers_file().name} knows"
                )


def load_profiles_of(strategy: Loaded[Strategy]) -> Loaded[Profiles] | None:
    """Return the reference profiles that a strategy names; None where it names none.

    Raises:
        UsageError: there is no such file, or it has faults.
    """
    name = strategy.value.profiles
    if name is None:
        return None
    profiles = load_profiles(profiles_file(name, beside=strategy.path))
    kinds = {row.name for row in profiles.value.normal}
    faults = [
        f"{strategy.where(*where)}: {profiles.path.name} has no kind of cells named "
        f"'{kind}', expected {', '.join(sorted(kinds))}"
        for where, kind in _named_kinds(strategy.value)
        if kind not in kinds
    ]
    if faults:
        raise StrategyError("\n".join(faults))
    return profiles


def _named_kinds(strategy: Strategy) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each kind of cells that a strategy names, and where."""
    for i, gate in enumerate(strategy.gates):
        for method in gate.methods:
            for kind in method.kinds if isinstance(method, CellType) else ():
                yield ("gates", i, "find"), kind
    marrow, unproven = strategy.burden.marrow, strategy.unproven
    for field in ("immature", "mature"):
        for kind in () if marrow is None else getattr(marrow, field):
            yield ("burden", "marrow", field), kind
    for kind in () if unproven is None else unproven.known:
        yield ("unproven", "known"), kind
    for i, rule in enumerate(strategy.believed.own):
        for field in ("kinds", "aside"):
            for kind in getattr(rule, field):
                yield ("believed", "own", i, field), kind


def _adapted_profiles(strategy: Loaded[Strategy], settings: Settings) -> Loaded[Profiles] | None:
    """Return the profiles without the markers that may no longer choose after earlier therapies."""
    loaded = load_profiles_of(strategy)
    ignored = ignored_markers(strategy.value, settings.prior_therapy)
    if loaded is None or not ignored:
        return loaded
    return replace(loaded, value=loaded.value.without(ignored))
