"""The pictures of a report: drawn as vectors, with pixels made of these, captions and alt texts.

What stands in a picture, captions and alt texts are put together from the report's own words, so
they follow its language.
"""

from __future__ import annotations

from collections.abc import Sequence

from cd5flow.model.names import ALL, BLASTS
from cd5flow.model.result import BurdenSection, Cd5Section, Result
from cd5flow.pipeline import Analysis
from cd5flow.plots import (
    THIRD_PAGE,
    TWELFTH_PAGE,
    Count,
    Drawing,
    Text,
    Words,
    draw_svg,
    drawings,
)
from cd5flow.plots.layout import Size, lay_out, legend_lines
from cd5flow.plots.thumbnail import mark_frame
from cd5flow.report import numerals
from cd5flow.report.answer import cut_words
from cd5flow.report.disease import is_disease, population_name
from cd5flow.report.fonts import Scribe
from cd5flow.report.gallery import ACROSS
from cd5flow.report.parts import Extent, Picture, PictureUse
from cd5flow.report.typesetting import on_pixels, rasterise
from cd5flow.report.wording import Wording


def report_pictures(
    analysis: Analysis, wording: Wording, *, extent: Extent = "full"
) -> tuple[Picture, ...]:
    """Return every picture of a report in its order: the run over time, the front page's, other maps, gates.

    Equal analyses give equal bytes.

    Args:
        analysis: the tube.
        wording: the report's language.
        extent: without the annex, gates have no picture.
    """
    drawn = list(drawings(analysis, gates=extent == "full"))
    words = picture_words(wording, analysis.result)
    uses = [_use(one) for one in drawn]
    sizes = _sizes(drawn, uses, words)
    vectors = [
        draw_svg(one.scene, words, size=size) for one, size in zip(drawn, sizes, strict=True)
    ]
    captions = [_caption(one, analysis.result.burden, wording) for one in drawn]
    pixels = [
        mark_frame(png, on_pixels(lay_out(one.scene, words, size).boxes[-1]))
        for one, size, png in zip(
            drawn, sizes, rasterise(list(zip(captions, vectors, strict=True))), strict=True
        )
    ]
    return tuple(
        Picture(
            name=drawing.name,
            title=caption,
            alt=_alt(drawing, analysis, wording),
            png=png,
            svg=svg,
            use=use,
        )
        for drawing, use, caption, png, svg in zip(
            drawn, uses, captions, pixels, vectors, strict=True
        )
    )


def _sizes(drawn: Sequence[Drawing], uses: Sequence[PictureUse], words: Words) -> list[Size]:
    """Return each picture's size: those of a row have room for the longest legend among them."""
    lines = [legend_lines(one.scene, words, THIRD_PAGE) for one in drawn]
    rows: dict[tuple[PictureUse, int], int] = {}
    places = [_row(uses, number) for number in range(len(uses))]
    for place, count in zip(places, lines, strict=True):
        rows[place] = max(count, rows.get(place, 0))
    return [
        (TWELFTH_PAGE if use == "annex" else THIRD_PAGE).holding(rows[use, number])
        for use, number in places
    ]


def _row(uses: Sequence[PictureUse], number: int) -> tuple[PictureUse, int]:
    """Return where the report shows a picture: its use, and the row among those of that use."""
    use = uses[number]
    return use, uses[:number].count(use) // ACROSS[use]


def _use(drawing: Drawing) -> PictureUse:
    if drawing.is_front:
        return "front"
    return "annex" if drawing.kind == "gate" else "overview"


def picture_words(wording: Wording, result: Result) -> Words:
    """Return how the texts of a picture are written in a language.

    Cells in the blast gate are called blasts where the result calls them disease.
    """
    scribe = Scribe(typefaces=True)
    called = is_disease(result.burden)

    def words(text: Text) -> str:
        if isinstance(text, str):
            return scribe.write(text)
        kind, _, name = text.code.rpartition(".")
        match kind:
            case "":
                values = {key: words(value) for key, value in text.values.items()}
                written = wording.drawn.by_name[name].format(**values)
            case "family" if name == BLASTS and not called:
                written = wording.drawn.by_name["in_blast_gate"]
            case "family":
                written = wording.drawn.by_name[name]
            case "population":
                written = population_name(name, result.burden, wording)
            case "cut":
                written = wording.states.cut[name].word
            case "role":
                written = wording.choices.role.get(name, name)
            case _:
                raise ValueError(f"{text.code}: no such words")
        return scribe.write(written)

    return words


def _caption(drawing: Drawing, burden: BurdenSection, wording: Wording) -> str:
    """Return "CD5-positive blasts: 152 of 180 blasts (84.4 %)", or the axes of a map."""
    counted = drawing.counted
    if drawing.kind != "map":
        return _of_parent(counted, burden, wording)
    axes = " × ".join(_marker(label) for label in drawing.axes)
    name = _name(counted.population, burden, wording)
    return f"{axes}{wording.colon}{name}, {numerals.count(counted.events)}"


def _alt(drawing: Drawing, analysis: Analysis, wording: Wording) -> str:
    """Return the axes, who is counted, and how many of each reference population are drawn."""
    burden = analysis.result.burden
    sentences = [" × ".join(drawing.axes)]
    if drawing.kind == "overlay":
        sentences += _cd5(analysis.result.cd5, wording)
    else:
        sentences.append(_of_parent(drawing.counted, burden, wording))
    if drawing.automatic_events is not None:
        events = numerals.count(drawing.automatic_events)
        sentences.append(wording.phrases.automatic_dashed.format(count=events))
    if drawing.drawn:
        sentences.append(
            wording.joint.join(
                f"{_name(one.population, burden, wording)} {_number(one, drawing)}"
                for one in drawing.drawn
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


def _of_parent(counted: Count, burden: BurdenSection, wording: Wording) -> str:
    parent = _name(counted.parent, burden, wording)
    share = wording.known(counted.percent, lambda percent: f"{numerals.part(percent)} %")
    name = _name(counted.population, burden, wording)
    events, whole = numerals.count(counted.events), numerals.count(counted.parent_events)
    return f"{name}{wording.colon}{events} / {whole} {parent} ({share})"


def _number(one: Count, drawing: Drawing) -> str:
    """Return a count; where others are shares of one population, its share too."""
    events = numerals.count(one.events)
    if drawing.kind == "overlay" or one.percent is None:
        return events
    return f"{events} ({numerals.part(one.percent)} %)"


def _name(population: str, burden: BurdenSection, wording: Wording) -> str:
    if population == ALL:
        return wording.phrases.all_events
    return population_name(population, burden, wording)


def _marker(label: str) -> str:
    """Return "CD45" of "CD45 V500 (V500-A)"."""
    return label.split(" ", 1)[0]
