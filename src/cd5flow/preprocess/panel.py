"""Which channel carries which marker.

Nothing is guessed: a marker that fits several channels stops with their names and how to settle it,
and a label that names two antibodies is neither of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cd5flow.errors import PanelError
from cd5flow.model.events import Channel
from cd5flow.model.findings import Finding, info, warning
from cd5flow.model.panel import Panel
from cd5flow.preprocess.labels import SCATTER, LabelReading, MarkerAliases

TIME: Final = "Time"
_BY_MEASURE: Final = {"A": 0, "": 1, "H": 2}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A channel with what its label says, or its detector's name where the label says nothing."""

    channel: Channel
    reading: LabelReading
    text: str

    def __str__(self) -> str:
        label = self.channel.label
        return f'{self.channel.detector} ("{label}")' if label else self.channel.detector


@dataclass(frozen=True, slots=True)
class _Choice:
    """The channel taken for a marker, or None with those it fits equally."""

    marker: str
    taken: _Candidate | None
    rivals: tuple[_Candidate, ...] = ()
    height_used: bool = False


def find_panel(
    channels: Sequence[Channel],
    *,
    aliases: MarkerAliases,
    overrides: Mapping[str, str] | None = None,
) -> Panel:
    """Take channels for markers by ``$PnS``, and by ``$PnN`` where that names none.

    Of area, height and width the area is taken, a height where there is no area; of linear and
    logarithmic amplification the linear one for scatter, else the logarithmic one.

    Args:
        channels: every channel of the file.
        aliases: the table of spellings.
        overrides: marker to the ``$PnN`` that carries it, from the strategy or the sample sheet;
            such a channel is taken for nothing else.

    Returns:
        The panel, with findings:
            ``HEIGHT_USED`` (INFO): markers without an area.
            ``MARKER_SET`` (INFO): channels named by the strategy or sheet.
            ``UNLABELLED_DYE`` (INFO): a detector named after a viability or nuclear dye, no label.
            ``AMBIGUOUS_MARKER`` (WARN): a marker that no gate uses fits several channels.
            ``COMBINED_LABEL`` (WARN): a label names several markers that no gate uses.
            ``UNKNOWN_LABEL`` (INFO): labels that name nothing the table knows.

    Raises:
        PanelError: a marker that gates use fits several channels or shares one with another; a
            channel named by `overrides` is absent, named twice, or two channels have its name.
    """
    settled = _settle(channels, aliases, overrides or {})
    free = [c for c in channels if c.detector not in settled.values() and not c.is_time]
    candidates = [_candidate(channel, aliases) for channel in free]
    choices = [
        choice
        for choice in _choices([c for c in candidates if len(c.reading.markers) == 1])
        if choice.marker not in settled
    ]
    taken = {choice.marker: choice.taken for choice in choices if choice.taken is not None}
    markers = settled | {marker: c.channel.detector for marker, c in taken.items()}
    time = next((c.detector for c in channels if c.is_time), None)
    if time is not None:
        markers.setdefault(TIME, time)

    refused = [*_refused(choices, candidates, aliases.used), *_same_names(channels, markers)]
    if refused:
        raise PanelError("; ".join(refused))
    position = {channel.detector: channel.index for channel in channels}
    ordered = sorted(markers, key=lambda marker: position[markers[marker]])
    by_detector = {channel.detector: channel for channel in channels}
    words = {marker: c.text for marker, c in taken.items()}
    unknown = tuple(str(c) for c in candidates if _is_unknown(c, aliases))
    return Panel(
        channels=tuple(channels),
        markers={marker: markers[marker] for marker in ordered},
        labels={
            marker: words.get(marker) or by_detector[markers[marker]].label or markers[marker]
            for marker in ordered
        },
        findings=(*_set_by_hand(settled), *_noticed(choices, candidates), *_about(unknown)),
        unknown=unknown,
    )


def scatter_detectors(channels: Iterable[Channel], *, aliases: MarkerAliases) -> frozenset[str]:
    """Return the ``$PnN`` of every scatter channel, whether or not it was taken for a marker."""
    return frozenset(
        channel.detector
        for channel in channels
        if not channel.is_time and set(_candidate(channel, aliases).reading.markers) & set(SCATTER)
    )


def markers_named(channel: Channel, aliases: MarkerAliases) -> tuple[str, ...]:
    """Return the markers that a channel's own label names, or its detector where the label is mute.

    Other channels do not count: what is ambiguous in a panel is named here.
    """
    if channel.label is not None:
        named = aliases.read(channel.label).markers
        if named:
            return named
    return aliases.read(channel.detector, is_detector=True).markers


def _settle(
    channels: Sequence[Channel], aliases: MarkerAliases, overrides: Mapping[str, str]
) -> dict[str, str]:
    """Return canonical marker to detector for what the strategy or sheet names."""
    there = [channel.detector for channel in channels]
    faults: list[str] = []
    settled: dict[str, str] = {}
    for name, detector in overrides.items():
        marker = aliases.canonical(name)
        if detector not in there:
            faults.append(
                f'markers: {name} is set to "{detector}", which is no channel of the file; '
                f"it has {', '.join(there)}"
            )
        elif marker in settled:
            faults.append(f"markers: {name} and another entry both name {marker}")
        elif detector in settled.values():
            faults.append(f'markers: "{detector}" is set for {name} and for another marker')
        settled[marker] = detector
    if faults:
        raise PanelError("; ".join(faults))
    return settled


def _candidate(channel: Channel, aliases: MarkerAliases) -> _Candidate:
    """Read a channel's label; its detector's name where the label is blank, the same, or mute."""
    by_name = aliases.read(channel.detector, is_detector=True)
    if channel.label is None or channel.label.strip() == channel.detector.strip():
        return _Candidate(channel, by_name, channel.detector)
    by_label = aliases.read(channel.label)
    chosen, text = (by_label, channel.label) if by_label.markers else (by_name, channel.detector)
    return _Candidate(
        channel,
        LabelReading(
            markers=chosen.markers,
            withheld=(),
            measure=by_label.measure or by_name.measure,
            amplified=by_label.amplified or by_name.amplified,
            plain=chosen.plain,
        ),
        text,
    )


def _choices(candidates: Iterable[_Candidate]) -> list[_Choice]:
    """Choose a channel for each marker that labels name, and for height and width of scatter."""
    fitting: dict[str, list[_Candidate]] = {}
    for candidate in candidates:
        fitting.setdefault(candidate.reading.markers[0], []).append(candidate)
    choices: list[_Choice] = []
    for marker, fits in fitting.items():
        if marker in SCATTER:
            choices += _scatter_choices(marker, fits)
        else:
            choice = _best(marker, [c for c in fits if c.reading.measure != "W"])
            choices += [choice] if choice else []
    return choices


def _scatter_choices(marker: str, fits: Sequence[_Candidate]) -> list[_Choice]:
    # A second detector ("SSC-B-A", "FSC PMT-A") stands in only where the plain one is missing.
    fits = [c for c in fits if c.reading.plain] or fits
    base = _best(marker, [c for c in fits if c.reading.measure != "W"])
    choices = [base] if base else []
    for letter in ("H", "W"):
        # A height that stands for the area is not a second parameter to tell doublets by.
        own = [c for c in fits if c.reading.measure == letter]
        if letter == "W" or (base and not base.height_used):
            choice = _best(f"{marker}-{letter}", own)
            choices += [choice] if choice else []
    return choices


def _best(marker: str, fits: Sequence[_Candidate]) -> _Choice | None:
    """Return the one channel that fits best, or the rivals; None where nothing fits."""
    if not fits:
        return None
    preferred = "lin" if marker.startswith(SCATTER) else "log"

    def rank(candidate: _Candidate) -> tuple[int, int]:
        reading = candidate.reading
        return (
            _BY_MEASURE.get(reading.measure, 0),
            0 if reading.amplified in {"", preferred} else 1,
        )

    best = min(map(rank, fits))
    equal = tuple(c for c in fits if rank(c) == best)
    if len(equal) > 1:
        return _Choice(marker, None, equal)
    height = equal[0].reading.measure == "H" and not marker.endswith("-H")
    return _Choice(marker, equal[0], height_used=height)


def _combined(candidates: Iterable[_Candidate]) -> Iterable[_Candidate]:
    return (c for c in candidates if len(c.reading.markers) > 1)


def _refused(
    choices: Iterable[_Choice], candidates: Iterable[_Candidate], used: Collection[str]
) -> list[str]:
    """Say what is ambiguous among the markers that gates use, and how to settle it."""
    settle = 'name the channel in the strategy or the sheet, such as markers: {{{}: "{}"}}'
    refused = [
        f"{choice.marker} fits {len(choice.rivals)} channels: {_listed(choice.rivals)}; "
        + settle.format(choice.marker, choice.rivals[0].channel.detector)
        for choice in choices
        if choice.taken is None and choice.marker in used
    ]
    refused += [
        f"{candidate} names {' and '.join(candidate.reading.markers)}; "
        + settle.format(candidate.reading.markers[0], candidate.channel.detector)
        for candidate in _combined(candidates)
        if set(candidate.reading.markers) & set(used)
    ]
    return refused


def _same_names(channels: Iterable[Channel], markers: Mapping[str, str]) -> list[str]:
    count = Counter(channel.detector for channel in channels)
    return [
        f'{count[detector]} channels are called "{detector}", one of them taken for {marker}; '
        "export the file with names of their own"
        for marker, detector in markers.items()
        if count[detector] > 1
    ]


def _is_unknown(candidate: _Candidate, aliases: MarkerAliases) -> bool:
    """Whether a channel's label says something, and nothing that the table knows."""
    label, detector = candidate.channel.label, candidate.channel.detector
    if label is None or candidate.reading.markers:
        return False
    # "FL1 Log" and "FS Lin" repeat how the channel is called.
    repeated = label.casefold().replace(" ", "") in detector.casefold().replace(" ", "")
    read = aliases.read(label)
    return not (repeated or read.markers or read.withheld or read.plain)


def _about(unknown: Sequence[str]) -> list[Finding]:
    return [info("UNKNOWN_LABEL", labels=list(unknown))] if unknown else []


def _set_by_hand(settled: Mapping[str, str]) -> list[Finding]:
    if not settled:
        return []
    said = [f"{marker} = {detector}" for marker, detector in settled.items()]
    return [info("MARKER_SET", markers=said)]


def _noticed(choices: Iterable[_Choice], candidates: Sequence[_Candidate]) -> list[Finding]:
    """Say what was decided on the way, and what was left out."""
    choices = list(choices)
    findings: list[Finding] = []
    heights = [c for c in choices if c.height_used and c.taken is not None]
    if heights:
        said = [f"{c.marker} ({c.taken.channel.detector})" for c in heights if c.taken]
        findings.append(info("HEIGHT_USED", markers=said))
    findings += [
        warning("AMBIGUOUS_MARKER", marker=choice.marker, channels=_listed(choice.rivals))
        for choice in choices
        if choice.taken is None
    ]
    findings += [
        warning(
            "COMBINED_LABEL",
            channel=str(candidate),
            markers=" and ".join(candidate.reading.markers),
        )
        for candidate in _combined(candidates)
    ]
    unlabelled = [c for c in candidates if c.reading.withheld]
    if unlabelled:
        findings.append(
            info(
                "UNLABELLED_DYE",
                channels=_listed(unlabelled),
                markers=" or ".join(sorted({c.reading.withheld[0] for c in unlabelled})),
            )
        )
    return findings


def _listed(candidates: Iterable[_Candidate]) -> str:
    return ", ".join(str(candidate) for candidate in candidates)
