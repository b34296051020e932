"""Analyses of the repository's sample tubes, made once a session, and tubes cut from them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cd5flow.analysis.settings import make_settings
from cd5flow.fcs import read_fcs
from cd5flow.fcs.write import write_fcs
from cd5flow.model.events import Values
from cd5flow.pipeline import Analysis, analyse_tube
from support.paths import ROOT

SAMPLES = ROOT / "sample_fcs"

CLEAR = "p01-clear-positive"
CLOGGED = "p09-blood-clogged"
NO_CD5 = "p12-no-cd5"
FOUR_COLOUR = "p05-cd5-negative-four-colour"

KEPT_KEYWORDS = ("$CYT", "$DATE", "$BTIM", "$ETIM", "$TIMESTEP", "SPILL", "$SPILLOVER")


def tube(name: str) -> Path:
    return SAMPLES / f"{name}.fcs"


def fmo_of(name: str) -> Path:
    return SAMPLES / f"{name}_FMO-CD5.fcs"


@cache
def analysis(name: str = CLEAR) -> Analysis:
    """Return the analysis of a sample tube at relapse, with its FMO where it has one."""
    controls = {"fmo": fmo_of(name)} if fmo_of(name).is_file() else {}
    chosen = make_settings(timepoint="relapse", specimen="bone_marrow", controls=controls)
    return analyse_tube(tube(name), chosen)


def cut_tube(
    target: Path,
    *,
    source: str = CLEAR,
    events: slice = slice(None),
    values: Values | None = None,
    without: tuple[str, ...] = (),
) -> Path:
    """Write some events of a sample tube, or others, as a file of their own.

    Args:
        target: the file.
        source: the sample tube whose channels and keywords it takes.
        events: which of the tube's events.
        values: events to write instead.
        without: keywords to leave out.
    """
    whole = read_fcs(tube(source))
    keywords = {
        key: value
        for key, value in whole.keywords.items()
        if key in KEPT_KEYWORDS and key not in without
    }
    written = whole.events if values is None else values
    write_fcs(target, written[events], channels=whole.channels, keywords=keywords)
    return target
