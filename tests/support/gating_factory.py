"""Small tubes and what a gating method sees of them, built from arrays and from simulation."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from cd5flow.config.shipped import markers_file, profiles_file, strategy_file
from cd5flow.gating.apply import contains
from cd5flow.gating.profiles import Profiles, load_profiles
from cd5flow.gating.resolve import resolve
from cd5flow.gating.strategy import Strategy, load_strategy
from cd5flow.gating.tube_view import Outcome, Resolved, TubeView, Unresolved
from cd5flow.model.events import Channel, CompensatedEvents, Mask, RawEvents
from cd5flow.model.geometry import Boolean, Dimension, Region
from cd5flow.model.panel import Panel
from cd5flow.model.populations import Gating
from cd5flow.model.reasons import sentence
from cd5flow.model.region_file import write_region
from cd5flow.model.scale import Linear, Scale
from cd5flow.preprocess.compensation import compensate
from cd5flow.preprocess.labels import load_aliases
from cd5flow.preprocess.panel import find_panel, scatter_detectors
from cd5flow.preprocess.scale_choice import channel_scales
from cd5flow.preprocess.transforms import Columns
from cd5flow.simulate import TubeSpec, simulate_tube
from support.paths import STRATEGIES

Arrays = Mapping[str, npt.ArrayLike]
Floats = npt.NDArray[np.float64]

DISPLAY = Linear(t=1.0)
"""A display scale on which a place is the linear value itself."""
TOP = 262144.0
"""``$PnR`` of every channel built here."""


def detector_of(marker: str) -> str:
    """Return the ``$PnN`` that carries a marker: never the marker's own name, Time aside."""
    return "Time" if marker == "Time" else f"{marker} detector"


def axis(marker: str, scale: Scale | None = DISPLAY) -> Dimension:
    """Return the dimension that a gate of this marker reads."""
    return Dimension(detector_of(marker), scale)


def channel(index: int, marker: str) -> Channel:
    return Channel(
        index=index,
        detector=detector_of(marker),
        label=marker,
        bits=32,
        range=TOP,
        maximum=TOP,
    )


def raw_events(arrays: Arrays, *, timestep: float | None = None) -> RawEvents:
    """Return events with one float32 channel a marker."""
    columns = [np.asarray(values, dtype=np.float32) for values in arrays.values()]
    values = np.asfortranarray(np.column_stack(columns))
    values.setflags(write=False)
    channels = tuple(channel(i, marker) for i, marker in enumerate(arrays))
    return RawEvents(values=values, channels=channels, timestep_seconds=timestep)


def columns_of(raw: RawEvents, compensated: Arrays | None = None) -> Columns:
    """Return the columns of events, with other values after compensation where some are given."""
    columns = {
        detector_of(marker): np.asarray(values, dtype=np.float32)
        for marker, values in (compensated or {}).items()
    }
    return Columns(CompensatedEvents(raw=raw, compensated=columns, spillover=None))


def panel_of(raw: RawEvents) -> Panel:
    """Return the panel in which every channel carries the marker of its label."""
    labels = {c.label: c.detector for c in raw.channels if c.label is not None}
    return Panel(channels=raw.channels, markers=labels, labels={m: m for m in labels})


def scales_of(raw: RawEvents, scale: Scale = DISPLAY) -> dict[str, Scale]:
    return {c.detector: scale for c in raw.channels if not c.is_time}


def tube_view(
    arrays: Arrays,
    *,
    populations: Mapping[str, npt.ArrayLike] | None = None,
    parent: npt.ArrayLike | None = None,
    scale: Scale = DISPLAY,
    timestep: float | None = None,
    compensated: Arrays | None = None,
) -> TubeView:
    """Return what a gate sees.

    Args:
        arrays: marker to its values.
        populations: name to a mask, beside ``all``.
        parent: mask of the gate's parent; None is everyone.
        scale: display scale of every channel but Time.
        timestep: seconds a tick.
        compensated: marker to its values after compensation, where they differ.
    """
    raw = raw_events(arrays, timestep=timestep)
    everyone = np.ones(len(raw), dtype=np.bool_)
    members: dict[str, Mask] = {"all": everyone}
    for name, mask in (populations or {}).items():
        members[name] = np.asarray(mask, dtype=np.bool_)
    inside = everyone if parent is None else np.asarray(parent, dtype=np.bool_)
    return TubeView(
        columns=columns_of(raw, compensated),
        panel=panel_of(raw),
        scales=scales_of(raw, scale),
        members=members,
        inside=inside,
        rng=np.random.default_rng(0),
    )


def normal(place: float, spread: float, events: int, *, seed: int = 1) -> Floats:
    """Return a Gaussian population on one axis."""
    return np.random.default_rng(seed).normal(place, spread, events)


def quantiles(place: float, spread: float, events: int) -> Floats:
    """Return a Gaussian population without chance: its evenly spaced quantiles."""
    from scipy.special import ndtri  # noqa: PLC0415 - only the tests that ask for it

    shares = (np.arange(events) + 0.5) / events
    return np.asarray(place + spread * ndtri(shares), dtype=np.float64)


def resolved(outcome: Outcome) -> Resolved:
    """Return an answer that places a gate; anything else fails the test with its reason."""
    assert isinstance(outcome, Resolved), outcome.reason
    return outcome


def reason(outcome: Outcome) -> str:
    """Return why a method could not tell; a gate fails the test."""
    assert isinstance(outcome, Unresolved), outcome
    return sentence(outcome.reason)


def check_answer(outcome: Outcome, view: TubeView) -> None:
    """Assert what holds for the answer of any method on any events.

    A region can be described, written as JSON and applied to the events; evidence holds finite
    numbers; a reason is a sentence.
    """
    assert outcome.evidence.events >= 0
    assert all(math.isfinite(v) for v in outcome.evidence.values.values()), outcome.evidence
    if isinstance(outcome, Unresolved):
        assert len(sentence(outcome.reason)) > 10
        return
    json.dumps(write_region(outcome.region), allow_nan=False)
    inside(outcome.region, view)


def inside(region: Region, view: TubeView) -> Mask:
    """Return which of all events lie in a region, of those of the gate's parent."""
    assert not isinstance(region, Boolean)
    return contains(region, view.columns, view.inside)


@dataclass(frozen=True)
class GatedInput:
    """A simulated tube as `resolve` takes it."""

    columns: Columns
    panel: Panel
    scales: Mapping[str, Scale]

    def without(self, markers: Collection[str]) -> GatedInput:
        """Return the tube as if the channels of these markers had no label."""
        left = {m: d for m, d in self.panel.markers.items() if m not in markers}
        labels = {m: words for m, words in self.panel.labels.items() if m not in markers}
        return replace(self, panel=replace(self.panel, markers=left, labels=labels))


def simulated(spec: TubeSpec) -> GatedInput:
    """Return a synthetic tube with its panel found, its spillover undone and its scales chosen."""
    tube = simulate_tube(spec)
    aliases = load_aliases(markers_file())
    panel = find_panel(tube.raw.channels, aliases=aliases)
    events = compensate(tube.raw, tube.file_spillover, needed=set(panel.markers.values()))
    scatter = scatter_detectors(tube.raw.channels, aliases=aliases)
    return GatedInput(Columns(events), panel, channel_scales(events, scatter=scatter))


Entry = dict[str, Any]
"""A part of a strategy as a file writes it."""


def cut_at(marker: str, low: float) -> Entry:
    """Return a method that keeps what lies above a place on a display scale."""
    return {"method": "fixed", "units": "display", "sides": [{"axis": marker, "low": low}]}


def gate(name: str, find: Entry, parent: str = "all", **settings: Any) -> Entry:
    """Return an entry of a strategy's gates."""
    return {"gate": name, "parent": parent, "find": find, "why": f"{name} are wanted", **settings}


def lineage_path(*gates: Entry, lineage: str = "cyCD3+ sCD3-", **settings: Any) -> Entry:
    return {"lineage": lineage, "gates": list(gates), **settings}


@cache
def _limits() -> str:
    shipped = load_strategy(strategy_file("t-all-relapse")).value
    parts = {"compensation", "burden", "cd5", "quality"}
    return shipped.model_dump_json(include=parts)


def strategy_entries(
    *,
    gates: Sequence[Entry] = (),
    paths: Sequence[Entry] = (),
    after: Sequence[Entry] = (),
    references: Sequence[str] = (),
    **settings: Any,
) -> Entry:
    """Return a strategy as a file writes it, with the limits of a shipped one."""
    limits = json.loads(_limits())
    limits["cd5"]["references"] = list(references)
    limits["cd5"]["neighbours"]["mature"] = []
    limits["burden"]["other_denominators"] = []
    return {
        "format": "cd5flow.strategy/1",
        "name": "small",
        "version": "1.0.0",
        "title": "A small strategy",
        "timepoints": ["relapse"],
        "gates": list(gates),
        "paths": list(paths),
        "after": list(after),
        **limits,
        **settings,
    }


def strategy_of(**entries: Any) -> Strategy:
    """Return a strategy as its model, without the checks of a whole file."""
    return Strategy.model_validate_json(json.dumps(strategy_entries(**entries)))


def tube_of(arrays: Arrays, *, timestep: float | None = None, scale: Scale = DISPLAY) -> GatedInput:
    """Return a tube of these values as `resolve` takes it."""
    raw = raw_events(arrays, timestep=timestep)
    return GatedInput(columns_of(raw), panel_of(raw), scales_of(raw, scale))


def profiles_of(strategy: Strategy) -> Profiles | None:
    """Return the shipped profiles that a strategy names; None where it names none."""
    return None if strategy.profiles is None else shipped_profiles(strategy.profiles)


@cache
def shipped_profiles(name: str = "t-all") -> Profiles:
    return load_profiles(profiles_file(name, beside=STRATEGIES / "any.yaml")).value


def by_chain(strategy: Strategy) -> Strategy:
    """Return a strategy that looks for blasts by its lineage paths alone, not among groups of cells."""
    return strategy.model_copy(update={"leukaemia": None})


def gated(strategy: Strategy, tube: GatedInput, *, seed: int = 0) -> Gating:
    """Return what `resolve` finds, with the shipped profiles where the strategy names them."""
    return resolve(
        strategy,
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        seed=seed,
        profiles=profiles_of(strategy),
    )
