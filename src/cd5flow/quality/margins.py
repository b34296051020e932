"""Values at the end of a scale, as acquired: they say only "at least so much"."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cd5flow.model.events import Channel, Mask
from cd5flow.model.names import LYMPHOCYTES
from cd5flow.model.reasons import Reason
from cd5flow.quality.checks import Observation
from cd5flow.quality.quality_input import QualityInput

WORTH_NAMING_PERCENT = 0.1
"""Channels with a smaller share off scale are not named."""


def observe_margins(tube: QualityInput) -> tuple[Observation, ...]:
    """Return every observation about values at the end of a scale, in a fixed order."""
    return tuple(observe(tube) for observe in OBSERVERS)


def off_scale(tube: QualityInput) -> Observation:
    """Largest share of lymphocytes and blasts at the end of a channel's scale, over the panel.

    The upper end, and for scatter zero and below too: fluorescence there is a cell without the dye.
    Voltages are set for lymphocytes: granulocytes at the end of side scatter are cells as they
    should be. Where neither population is told, all stable events are looked at.
    """
    code, unit, looked_at = "OFF_SCALE", "% of events", tube.stable
    members = tube.gating.members
    told = [members[name] for name in (LYMPHOCYTES, tube.blasts_name) if name in members]
    if any(one.any() for one in told):
        looked_at, unit = np.logical_or.reduce(told), "% of lymphocytes and blasts"
    events = int(np.count_nonzero(looked_at))
    if not events:
        return Observation(code, None, unit, Reason(code, case="no_events"))
    shares = {
        marker: 100 * int(np.count_nonzero(looked_at & _at_end(tube, detector, marker))) / events
        for marker, detector in tube.panel.markers.items()
        if marker != "Time"
    }
    worst = max(shares.values(), default=0.0)
    named = sorted((m for m in shares if shares[m] >= WORTH_NAMING_PERCENT), key=shares.__getitem__)
    if not named:
        return Observation(code, worst, unit, Reason(code, case="hardly"))
    said = [f"{marker} {shares[marker]:.2g} %" for marker in reversed(named)]
    return Observation(code, worst, unit, Reason(code, case="seen", shares=said))


def cd5_off_scale(tube: QualityInput) -> Observation:
    """Share of the blasts at the end of the CD5 scale."""
    code, unit = "CD5_OFF_SCALE", "% of blasts"
    blasts = _blasts(tube)
    if blasts is None:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_blasts"))
    if not tube.panel.has("CD5"):
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_cd5"))
    share = _share(blasts, _at_end(tube, tube.panel.detector("CD5"), "CD5"))
    return Observation(code, share, unit, Reason(code, percent=share))


def blasts_off_scale(tube: QualityInput) -> Observation:
    """Largest share of the blasts at the end of another dye's scale.

    What was cut off there still spills into its neighbours, and compensation takes off too little.
    """
    code, unit = "BLASTS_OFF_SCALE", "% of blasts"
    blasts = _blasts(tube)
    others = {m: d for m, d in tube.fluorescence.items() if m != "CD5"}
    if blasts is None or not others:
        return Observation(code, None, unit, Reason("NOT_SEEN", case="no_blasts"))
    shares = {m: _share(blasts, _at_end(tube, d, m)) for m, d in others.items()}
    worst = max(shares, key=shares.__getitem__)
    if not shares[worst]:
        return Observation(code, 0.0, unit, Reason(code, case="none"))
    return Observation(
        code,
        shares[worst],
        unit,
        Reason(code, case="seen", percent=shares[worst], marker=worst),
    )


def _blasts(tube: QualityInput) -> Mask | None:
    """Return the blasts; None where there are none."""
    blasts = tube.gating.members.get(tube.blasts_name)
    return blasts if blasts is not None and blasts.any() else None


def _share(population: Mask, inside: Mask) -> float:
    return 100 * int(np.count_nonzero(population & inside)) / int(np.count_nonzero(population))


def _at_end(tube: QualityInput, detector: str, marker: str) -> Mask:
    channel: Channel = tube.raw.channel(detector)
    values = tube.raw.values[:, channel.index]
    end = channel.last_step
    ended: Mask = np.zeros(values.size, dtype=np.bool_) if end is None else values >= end
    if marker.startswith(("FSC", "SSC")):
        ended = ended | (values <= 0)
    return ended


OBSERVERS: tuple[Callable[[QualityInput], Observation], ...] = (
    off_scale,
    cd5_off_scale,
    blasts_off_scale,
)
"""The battery; another observer is one function and one line."""
