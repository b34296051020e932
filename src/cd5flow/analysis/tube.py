"""From a file to a tube ready to be gated: its markers, its spillover undone, its scales."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Literal

from cd5flow.analysis.rule_files import RuleFiles
from cd5flow.analysis.settings import Settings
from cd5flow.analysis.stages import Tube
from cd5flow.errors import OptionError
from cd5flow.fcs import FcsFile, read_fcs
from cd5flow.gating.drawn import DrawnGates, same_matrix, start_of
from cd5flow.model.events import Spillover
from cd5flow.model.panel import Panel
from cd5flow.numerics.timing import Stage, untimed
from cd5flow.preprocess.compensation import choose_spillover, compensate, read_spillover_csv
from cd5flow.preprocess.panel import find_panel, scatter_detectors
from cd5flow.preprocess.scale_choice import channel_scales
from cd5flow.preprocess.transforms import Columns


def read_tube(path: Path, settings: Settings, rules: RuleFiles, stage: Stage = untimed) -> Tube:
    """Read a file, find its markers, undo its spillover, choose its scales.

    Raises:
        InputError: it cannot be used.
        OptionError: what the user says of its spillover contradicts itself.
    """
    with stage("file"):
        fcs = read_fcs(path, dataset=settings.dataset)
    fcs.begin_sha256()
    overrides = {**rules.strategy.value.markers, **settings.markers}
    panel = find_panel(fcs.channels, aliases=rules.aliases, overrides=overrides)
    drawn = _drawn_on(fcs, path.name, settings)
    given = _given_matrix(settings, drawn, fcs.spillover)
    limit = rules.strategy.value.compensation.max_condition_number
    choice = choose_spillover(fcs.spillover, fcs.raw, panel, given=given, max_condition=limit)
    with stage("compensation"):
        events = compensate(fcs.raw, choice.spillover, needed=channels_read(panel, drawn))
    with stage("scales"):
        scatter = scatter_detectors(fcs.channels, aliases=rules.aliases)
        scales = channel_scales(events, scatter=scatter)
    return Tube(path, settings, rules, fcs, panel, choice, Columns(events), scales, drawn)


def channels_read(panel: Panel, drawn: DrawnGates | None) -> AbstractSet[str]:
    """Return the channels that are ever looked at: with a marker, or read by an imported gate."""
    channels = set(panel.markers.values())
    return channels if drawn is None else channels | drawn.detectors


def _drawn_on(fcs: FcsFile, name: str, settings: Settings) -> DrawnGates | None:
    if settings.gates is None:
        return None
    return settings.gates.on(name, fcs.raw, started=start_of(fcs.keywords))


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
