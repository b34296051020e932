"""What a tube shows before it is read: the words of its name, and the panel that its TEXT tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from cd5flow.batch.name_words import Kind, NameReading, NameTable, name_table
from cd5flow.config.shipped import markers_file
from cd5flow.errors import InputError
from cd5flow.fcs import Outline, read_outlines
from cd5flow.fcs.text import given
from cd5flow.model.events import Channel
from cd5flow.model.names import READOUT, shown_name
from cd5flow.preprocess.labels import SCATTER, MarkerAliases, load_aliases
from cd5flow.preprocess.panel import markers_named

_NAMES: Final = ("TUBE NAME", "$SMNO", "$FIL", "$CELLS")
"""Keywords in which instruments keep a tube's own name, as people gave it."""

_IDENTITIES: Final = ("$SMNO", "SAMPLE ID", "$SRC", "$CELLS")
"""Keywords that may say whose a tube is."""

_MATRICES: Final = ("$SPILLOVER", "SPILL", "SPILLOVER", "$COMP")
_SPECIMENS: Final = ("$SRC", "$CELLS", "$SMNO", "TUBE NAME")
_SURE: Final[frozenset[Kind | None]] = frozenset({"fmo", "isotype", "other"})


@dataclass(frozen=True, slots=True, eq=False)
class PanelFacts:
    """Which markers the labels of a tube name.

    Attributes:
        detectors: ``$PnN`` of every channel.
        named: fluorescence channel to the markers that its label names; none where it names none.
        labels: ``$PnN`` and ``$PnS`` of the channels that name CD5 alone.
        texts: fluorescence channel to its label.
    """

    detectors: frozenset[str]
    named: dict[str, tuple[str, ...]]
    labels: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def others(self) -> frozenset[tuple[str, tuple[str, ...]]]:
        """Channels of other markers, with these."""
        return frozenset(
            (detector, markers)
            for detector, markers in self.named.items()
            if markers and detector not in self.labels
        )

    def lacks(self, sample: PanelFacts) -> frozenset[str]:
        """Return the markers that a sample's labels name where these name nothing."""
        return frozenset(
            marker
            for detector, markers in sample.named.items()
            for marker in markers
            if not self.named.get(detector)
        )

    def fits(self, sample: PanelFacts) -> bool:
        """Whether the channels are a sample's, and no label names another marker than its."""
        return self.detectors == sample.detectors and all(
            not markers or not sample.named.get(detector) or markers == sample.named[detector]
            for detector, markers in self.named.items()
            if detector not in sample.labels
        )


@dataclass(frozen=True, slots=True)
class TubeFacts:
    """What a tube shows before it is read.

    Attributes:
        file: its file.
        place: the file as it is told.
        dataset: which data set of a file of several wells; None of a file that has one.
        name: what the file's name says.
        kind: what name or keywords make of it; None for no control.
        why: the words that say so, and where they stand.
        panel: None where the file cannot be read.
        outline: what its TEXT says; None likewise.
        specimen_words: what name and keywords say of the specimen, as (specimen, where).
        day: when it was run; None where its TEXT does not say.
        matrix: the one that its TEXT carries, as written; empty where it carries none.
        identities: what keywords say of whose it is.
        fault: why it cannot be read; empty where it can.
    """

    file: Path
    place: str
    dataset: int | None
    name: NameReading
    kind: Kind | None
    why: str
    panel: PanelFacts | None = None
    outline: Outline | None = None
    specimen_words: tuple[tuple[str, str], ...] = ()
    day: date | None = None
    matrix: str = ""
    identities: frozenset[str] = frozenset()
    fault: str = ""


class TubeReader:
    """Reads what tubes show; the tables are read once."""

    def __init__(self) -> None:
        self.names: NameTable = name_table()
        self._aliases: MarkerAliases = load_aliases(markers_file())
        self._panels: dict[tuple[tuple[str, str | None], ...], PanelFacts] = {}

    def read(self, file: Path, place: str, *, dataset: int | None = None) -> list[TubeFacts]:
        """Return the tubes of a file: each well of it, or the one that is named."""
        name = self.names.read(shown_name(file.stem), self._aliases)
        try:
            outlines = read_outlines(file)
        except InputError as refused:
            kind, why = _by_name(name)
            fault = " ".join(refused.message.split())
            return [TubeFacts(file, place, dataset, name, kind, why, fault=fault)]
        if dataset is not None:
            outlines = tuple(one for one in outlines if one.dataset == dataset) or outlines[:1]
        several = len(outlines) > 1
        return [
            self._facts(file, place, name, one, one.dataset if several else dataset)
            for one in outlines
        ]

    def _facts(
        self, file: Path, place: str, name: NameReading, outline: Outline, dataset: int | None
    ) -> TubeFacts:
        kind, why = _by_name(name)
        read = name
        if kind is None:
            kind, why, read = self._by_keywords(outline, name)
        return TubeFacts(
            file=file,
            place=place,
            dataset=dataset,
            name=read,
            kind=kind,
            why=why,
            panel=self._panel(outline),
            outline=outline,
            specimen_words=tuple(self._specimens(name, outline)),
            day=date.fromisoformat(outline.acquired[:10]) if outline.acquired else None,
            matrix=next(filter(None, (given(outline.keywords, name) for name in _MATRICES)), ""),
            identities=frozenset(self._identities(outline)),
        )

    def _by_keywords(
        self, outline: Outline, name: NameReading
    ) -> tuple[Kind | None, str, NameReading]:
        """Return what keywords make of a tube; only words that leave no doubt count there."""
        for keyword in _NAMES:
            value = given(outline.keywords, keyword)
            if value is None:
                continue
            said = self.names.read(value.removesuffix(".fcs"), self._aliases)
            if said.kind in _SURE and not said.weak:
                return said.kind, f"'{said.word}' in its keyword {keyword}", _joined(name, said)
        return None, "", name

    def _specimens(self, name: NameReading, outline: Outline) -> Iterator[tuple[str, str]]:
        yield from ((one.value, "its name") for one in name.specimens)
        for keyword in _SPECIMENS:
            value = given(outline.keywords, keyword)
            said = () if value is None else self.names.read(value, self._aliases).specimens
            yield from ((one.value, f"its keyword {keyword}") for one in said)

    def _identities(self, outline: Outline) -> Iterator[str]:
        """Yield what keywords say of whose a tube is; that it is marrow says nothing of that."""
        for keyword in _IDENTITIES:
            value = given(outline.keywords, keyword)
            if value is not None and self.names.read(value, self._aliases).whose:
                yield value.casefold()

    def _panel(self, outline: Outline) -> PanelFacts:
        """Return the panel of a tube; tubes of one panel share it."""
        written = tuple((channel.detector, channel.label) for channel in outline.channels)
        if written not in self._panels:
            self._panels[written] = self._new_panel(outline)
        return self._panels[written]

    def _new_panel(self, outline: Outline) -> PanelFacts:
        named: dict[str, tuple[str, ...]] = {}
        texts: dict[str, str] = {}
        for channel in outline.channels:
            markers = markers_named(channel, self._aliases)
            if not channel.is_time and not _is_scatter(markers):
                named[channel.detector] = markers
                texts[channel.detector] = channel.label or ""
        labels = {
            channel.detector: _text(channel)
            for channel in outline.channels
            if named.get(channel.detector) == (READOUT,)
        }
        detectors = frozenset(channel.detector for channel in outline.channels)
        return PanelFacts(detectors, named, labels, texts)

    def kind_of_label(self, label: str) -> Kind | None:
        """Return what a label in CD5's place makes of a tube."""
        return self.names.read(label, self._aliases).kind

    def dye_is_on(self, dye: str, panel: PanelFacts) -> bool:
        """Whether the words of a dye stand in the label or the name of a tube's CD5 channel."""
        wanted = set(self.names.words(dye))
        return any(wanted <= set(self.names.words(text)) for text in panel.labels.values())


def _by_name(name: NameReading) -> tuple[Kind | None, str]:
    return name.kind, f"'{name.word}' in its name" if name.kind else ""


def _joined(name: NameReading, said: NameReading) -> NameReading:
    """Return a name's reading with what a keyword says of the control."""
    return replace(name, kind=said.kind, word=said.word, left_out=said.left_out, dye=said.dye)


def _is_scatter(markers: tuple[str, ...]) -> bool:
    return any(marker.startswith(SCATTER) for marker in markers)


def _text(channel: Channel) -> str:
    return f"{channel.detector} {channel.label or ''}"
