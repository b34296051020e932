"""The pictures of a report: drawn once, as vectors and as pixels, with captions and alt texts.

Captions and alt texts are put together from the report's own words, so they follow its language;
what stands inside a picture are markers, counts and short names that do not change with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from cd5flow.model.names import ALL
from cd5flow.model.result import Cd5Section
from cd5flow.pipeline import Analysis
from cd5flow.plots import Count, Drawing, as_png, as_svg, drawings
from cd5flow.report import numerals
from cd5flow.report.answer import cut_words
from cd5flow.report.parts import Extent, Picture, PictureUse
from cd5flow.report.wording import Wording


def report_pictures(
    analysis: Analysis, wording: Wording, *, extent: Extent = "full"
) -> tuple[Picture, ...]:
    """Return every picture of a report: overviews first, then each gate.

    Equal analyses give equal bytes.

    Args:
        analysis: the tube.
        wording: the report's language.
        extent: without the annex, gates have no picture.
    """
    return tuple(_pictures(analysis, wording, extent))


def _pictures(analysis: Analysis, wording: Wording, extent: Extent) -> Iterator[Picture]:
    front: dict[str, str] = {}
    for drawing in drawings(analysis):
        use = _use(drawing, front)
        if use == "annex" and extent == "short":
            continue
        yield Picture(
            name=drawing.name,
            title=_caption(drawing, wording),
            alt=_alt(drawing, analysis, wording),
            png=as_png(drawing.figure, title=drawing.title),
            svg=as_svg(drawing.figure),
            use=use,
        )


def _use(drawing: Drawing, front: dict[str, str]) -> PictureUse:
    if drawing.kind == "gate":
        return "overview" if drawing.axes[0].startswith("Time") else "annex"
    second = front.setdefault("second", drawing.name) if "CD3" in " ".join(drawing.axes) else ""
    return "front" if drawing.name in {"map-cd45-ssc", "cd5-overlay", second} else "overview"


def _caption(drawing: Drawing, wording: Wording) -> str:
    """Return "CD5-positive blasts: 152 of 180 blasts (84.4 %)", or the axes of a map."""
    counted = drawing.counted
    if drawing.kind != "map":
        return _of_parent(counted, wording)
    axes = " × ".join(_marker(label) for label in drawing.axes)
    name = _name(counted.population, wording)
    return f"{axes}{wording.colon}{name}, {numerals.count(counted.events)}"


def _alt(drawing: Drawing, analysis: Analysis, wording: Wording) -> str:
    """Return the axes, who is counted, and how many of each reference population are drawn."""
    sentences = [" × ".join(drawing.axes)]
    if drawing.kind == "overlay":
        sentences += _cd5(analysis.result.cd5, wording)
    else:
        sentences.append(_of_parent(drawing.counted, wording))
    if drawing.automatic_events is not None:
        events = numerals.count(drawing.automatic_events)
        sentences.append(wording.phrases.automatic_dashed.format(count=events))
    if drawing.drawn:
        sentences.append(
            wording.joint.join(
                f"{_name(one.population, wording)} {_number(one, drawing)}" for one in drawing.drawn
            )
        )
    return ". ".join(sentences) + "."


def _cd5(cd5: Cd5Section, wording: Wording) -> list[str]:
    """Return the share, the cut and the band in the words of the report's CD5 block."""
    phrases = wording.phrases
    state = wording.states.cd5[cd5.state.value].word
    facts = [f"{phrases.cd5}{wording.colon}{state}"]
    if cd5.percent is not None:
        limits = (cd5.threshold_percent,)
        share = numerals.share(cd5.percent, limits=limits)
        counts = f"{numerals.count(cd5.positive_events)} / {numerals.count(cd5.blast_events)}"
        facts.append(f"{phrases.positive_blasts}{wording.colon}{share} % ({counts})")
        if cd5.band_percent is not None:
            low, high = (numerals.share(end, limits=limits) for end in cd5.band_percent)
            facts.append(f"{phrases.band_of}{wording.colon}{low}–{high} %")
    if cd5.cut is not None:
        method = cut_words(cd5.cut, wording).word
        place = numerals.number(cd5.cut.linear)
        facts.append(f"{phrases.cut}{wording.colon}{method}, {place}")
    return facts


def _of_parent(counted: Count, wording: Wording) -> str:
    parent = _name(counted.parent, wording)
    share = wording.known(counted.percent, lambda percent: f"{numerals.part(percent)} %")
    name = _name(counted.population, wording)
    events, whole = numerals.count(counted.events), numerals.count(counted.parent_events)
    return f"{name}{wording.colon}{events} / {whole} {parent} ({share})"


def _number(one: Count, drawing: Drawing) -> str:
    """Return a count; where others are shares of one population, its share too."""
    events = numerals.count(one.events)
    if drawing.kind == "overlay" or one.percent is None:
        return events
    return f"{events} ({numerals.part(one.percent)} %)"


def _name(population: str, wording: Wording) -> str:
    if population == ALL:
        return wording.phrases.all_events
    return wording.population(population)


def _marker(label: str) -> str:
    """Return "CD45" of "CD45 V500 (V500-A)"."""
    return label.split(" ", 1)[0]
