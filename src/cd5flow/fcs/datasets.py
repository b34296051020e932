"""The data sets of a file: where each begins, what its TEXT says, and which one is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cd5flow.errors import FcsError, FcsTruncatedError, FcsUnsupportedError, OptionError
from cd5flow.fcs.clock import SplitClock, join_clock
from cd5flow.fcs.header import Header, Segment, begins_data_set, read_header
from cd5flow.fcs.layout import read_channels, read_layouts
from cd5flow.fcs.locate import Located, locate
from cd5flow.fcs.source import Source
from cd5flow.fcs.text import TEXT_BYTES, given, integer, number, read_text
from cd5flow.model.events import Channel
from cd5flow.model.findings import Finding, info, warning

_MOST_DATA_SETS: Final = 64
_FACTS: Final = ("$CYT", "$DATE", "$BTIM", "$ETIM", "$BEGINDATETIME", "$ENDDATETIME")


@dataclass(frozen=True, slots=True)
class DataSet:
    """HEADER and TEXT of one data set.

    Attributes:
        offset: where it begins in the file; its other places are counted from there.
        header: its HEADER.
        keywords: its TEXT with the supplemental one.
        supplement: where supplemental TEXT is; None where there is none.
        findings: what was tolerated in reading these.
    """

    offset: int
    header: Header
    keywords: dict[str, str]
    supplement: Segment | None
    findings: tuple[Finding, ...]

    @property
    def resolution(self) -> tuple[bool, bool, float]:
        """What the choice between data sets goes by: events, FCS 3, the steps of its channels."""
        count = integer(self.keywords["$PAR"]) or 0
        steps = [
            number(self.keywords.get(f"$P{n}R")) or 0.0
            for n in range(1, min(count, len(self.keywords)) + 1)
            if "TIME" not in self.keywords.get(f"$P{n}N", "").upper()
        ]
        holds_events = integer(self.keywords.get("$TOT")) != 0
        return holds_events, self.header.version >= "3", max(steps, default=0.0)

    @property
    def labelled(self) -> bool:
        """Whether a channel has a ``$PnS`` that says more than its ``$PnN``."""
        return any(
            label and label != self.keywords.get(key[:-1] + "N")
            for key, label in self.keywords.items()
            if re.fullmatch(r"\$P[0-9]+S", key)
        )


@dataclass(frozen=True, slots=True)
class Described:
    """How the events of a data set lie in the file.

    Attributes:
        located: their place, number and layout.
        stored: the channels of the file, one a value of an event.
        channels: these, and the Time that joins a clock of two words.
        clock: how such a Time is put together; None where nothing is joined.
        findings: what was tolerated.
    """

    located: Located
    stored: tuple[Channel, ...]
    channels: tuple[Channel, ...]
    clock: SplitClock | None
    findings: tuple[Finding, ...]


def read_data_sets(source: Source) -> tuple[list[DataSet], list[Finding]]:
    """Read HEADER and TEXT of every data set; a later one that cannot be read is a finding.

    Each begins behind the TEXT of the one before, so that no byte is read as the TEXT of two; what
    is read of supplemental TEXT is bounded over all of them.

    Raises:
        FcsError: the first data set cannot be read.
        FileAccessError: the system refuses to read.
    """
    sets: list[DataSet] = []
    findings: list[Finding] = []
    offset: int | None = 0
    supplements = TEXT_BYTES
    while offset is not None and len(sets) < _MOST_DATA_SETS:
        try:
            header = read_header(source, offset)
            text = read_text(source, offset, header, most_supplement=supplements)
        except FcsError as error:
            if not sets:
                raise
            told = {"number": len(sets) + 1, "offset": offset, "case": _fault(error)}
            findings.append(warning("DATA_SET_UNREADABLE", **told))
            break
        supplements -= text.supplement.length if text.supplement else 0
        sets.append(
            DataSet(
                offset=offset,
                header=header,
                keywords=text.keywords,
                supplement=text.supplement,
                findings=text.findings,
            )
        )
        step = integer(text.keywords.get("$NEXTDATA")) or 0
        # The standard counts from this data set, some instruments from the start of the file.
        targets = [at for at in (offset + step, step) if at > offset]
        behind = offset + header.text.end
        offset = next((at for at in targets if at > behind and begins_data_set(source, at)), None)
        if targets and offset is None:
            findings.append(info("NEXTDATA", offset=step))
    return sets, findings


def _fault(error: FcsError) -> str:
    match error:
        case FcsTruncatedError():
            return "truncated"
        case FcsUnsupportedError():
            return "unsupported"
        case _:
            return "corrupt"


def choose_data_set(
    sets: Sequence[DataSet], wanted: int | None, *, name: str
) -> tuple[int, tuple[Finding, ...]]:
    """Return which data set is read, from 0, and why where there was a choice.

    Raises:
        OptionError: the one that is asked for is not there.
    """
    if wanted is not None:
        if not 1 <= wanted <= len(sets):
            raise OptionError(f"{name}: has no data set {wanted}, expected 1 to {len(sets)}")
        return wanted - 1, ()
    chosen = max(range(len(sets)), key=lambda i: (sets[i].resolution, -i))
    return chosen, (_choice(sets, chosen),) if len(sets) > 1 else ()


def completed(sets: Sequence[DataSet], chosen: int) -> tuple[DataSet, tuple[Finding, ...]]:
    """Return a data set with the labels, date and cytometer that only its twin has, and a finding.

    Coulter writes the same events twice, coarse and fine, and some files say what the channels are
    in one of the two alone. A twin has as many events and other steps; wells have not. Labels are
    joined by ``@PnADDRESS``, else by the channel's name, else by its number.
    """
    own = sets[chosen]
    for place, twin in enumerate(sets, start=1):
        if twin is own or not are_twins(own, twin):
            continue
        labels = _labels_of(twin.keywords, own.keywords)
        facts = {
            name: twin.keywords[name]
            for name in _FACTS
            if given(twin.keywords, name) and not given(own.keywords, name)
        }
        if labels or facts:
            whole = replace(own, keywords={**own.keywords, **labels, **facts})
            told = [*(["labels"] if labels else []), *facts]
            return whole, (info("FROM_TWIN", read=chosen + 1, twin=place, taken=told),)
    return own, ()


def are_twins(one: DataSet, other: DataSet) -> bool:
    """Whether two data sets hold the same events, in coarser and in finer steps."""
    events = integer(one.keywords.get("$TOT"))
    same = events is not None and events == integer(other.keywords.get("$TOT"))
    return same and one.resolution[1:] != other.resolution[1:]


def _labels_of(theirs: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return ``$PnS`` for channels that have none, from another data set."""
    labels: dict[str, str] = {}
    sources = [_by(theirs, key) for key in (_address, _stem)]
    sources.append(_by(theirs, lambda _, n: str(n)) if theirs["$PAR"] == own["$PAR"] else {})
    for n in _numbers(own):
        label = given(own, f"$P{n}S")
        if label is not None and label != given(own, f"$P{n}N"):
            continue
        keys = (_address(own, n), _stem(own, n), str(n))
        there = next((s.get(k) for s, k in zip(sources, keys, strict=True) if k and s.get(k)), None)
        if there is not None and given(theirs, f"$P{there}S"):
            labels[f"$P{n}S"] = theirs[f"$P{there}S"]
    return labels


def _by(
    keywords: Mapping[str, str], key: Callable[[Mapping[str, str], int], str]
) -> dict[str, int]:
    """Return channel numbers by what tells them; what channels of two labels share tells none."""
    found: dict[str, list[int]] = {}
    for n in _numbers(keywords):
        found.setdefault(key(keywords, n), []).append(n)
    return {
        name: numbers[0]
        for name, numbers in found.items()
        if name and len({given(keywords, f"$P{n}S") for n in numbers}) == 1
    }


def _numbers(keywords: Mapping[str, str]) -> range:
    return range(1, min(integer(keywords["$PAR"]) or 0, len(keywords)) + 1)


def _address(keywords: Mapping[str, str], n: int) -> str:
    return keywords.get(f"@P{n}ADDRESS", "").strip()


def _stem(keywords: Mapping[str, str], n: int) -> str:
    """Return a channel's name without its amplification: ``FL1`` for ``FL1 Log``."""
    name = keywords.get(f"$P{n}N", "").strip().upper()
    return re.sub(r"[ _-]+(LIN|LOG|INT LIN|INT LOG|LINEAR)$", "", name)


def describe(source: Source, data_set: DataSet) -> Described:
    """Find the events of a data set and what its channels are.

    Raises:
        FcsError: its keywords and bytes do not describe events that are in the file.
    """
    keywords = data_set.keywords
    layouts = read_layouts(keywords, name=source.name)
    located = locate(source, data_set.offset, data_set.header, keywords, layouts)
    stored, about_channels = read_channels(keywords, located.layout, name=source.name)
    channels, clock, about_clock = join_clock(stored, located.layout)
    return Described(
        located=located,
        stored=stored,
        channels=channels,
        clock=clock,
        findings=(*data_set.findings, *located.findings, *about_channels, *about_clock),
    )


def _choice(sets: Sequence[DataSet], chosen: int) -> Finding:
    equal = [i for i, each in enumerate(sets) if each.resolution == sets[chosen].resolution]
    if len(equal) > 1:
        return warning(
            "SEVERAL_DATA_SETS", case="alike", sets=len(sets), alike=len(equal), read=chosen + 1
        )
    _, _, steps = sets[chosen].resolution
    told: dict[str, object] = {
        "sets": len(sets),
        "read": chosen + 1,
        "version": sets[chosen].header.version,
        "steps": steps,
    }
    labelled = [str(i) for i, each in enumerate(sets, start=1) if each.labelled]
    if labelled and not completed(sets, chosen)[0].labelled:
        return warning("SEVERAL_DATA_SETS", case="unlabelled", labelled=labelled, **told)
    return info("SEVERAL_DATA_SETS", case="finest", **told)
