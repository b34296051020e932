"""The box on page one: the two numbers with their states, the criterion, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from cd5flow.model.result import (
    BurdenAlternative,
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    CriterionState,
    CutSection,
    QualityState,
    Result,
)
from cd5flow.report import numerals
from cd5flow.report.disease import is_disease
from cd5flow.report.parts import Answer, Bar, Card, Cell, ReasonLine, Reasons, Tone
from cd5flow.report.populations import population_lines
from cd5flow.report.sentences import reason_list
from cd5flow.report.wording import State, Wording

MOST_REASONS: Final = 3
"""Lines for reasons of one kind on page one; where there are more, the last says where they stand."""

TONES: Final[dict[str, Tone]] = {
    Cd5State.MEETS: "good",
    Cd5State.DOES_NOT_MEET: "bad",
    Cd5State.BORDERLINE: "look",
    Cd5State.NOT_EVALUABLE: "look",
    CriterionState.MET: "good",
    CriterionState.NOT_MET: "bad",
    CriterionState.REVIEW: "look",
    BurdenState.MRD_BELOW_LLOQ: "look",
    BurdenState.INDETERMINATE: "look",
    BurdenState.INCONCLUSIVE: "look",
    QualityState.PASS: "good",
    QualityState.WARN: "look",
    QualityState.FAIL: "bad",
    QualityState.NOT_DONE: "quiet",
}
"""How states are set off; those of disease are plain, being neither good nor bad for a trial."""


def answer(result: Result, wording: Wording) -> Answer:
    """Return the box on page one."""
    phrases, states = wording.phrases, wording.states
    protocol = result.protocol
    return Answer(
        title=phrases.answer,
        cd5=_card(
            phrases.cd5,
            states.cd5[result.cd5.state],
            result.cd5.state,
            number=cd5_number(result.cd5, wording),
            lines=(*_cd5_lines(result, wording), *population_lines(result, wording)),
        ),
        bar=_bar(result.cd5, wording),
        burden=_card(
            phrases.burden,
            states.burden[result.burden.state],
            result.burden.state,
            number=burden_number(result.burden, wording),
            lines=_burden_lines(result.burden, wording),
        ),
        criterion=_card(
            phrases.criterion_of.format(protocol=protocol.name, version=protocol.version),
            states.criterion[result.criterion.state],
            result.criterion.state,
            lines=_criterion_lines(result, wording),
        ),
        reasons=tuple(_few_reasons(result, wording)),
    )


def _criterion_lines(result: Result, wording: Wording) -> Iterator[str]:
    phrases, states, criterion = wording.phrases, wording.states, result.criterion
    yield states.criterion[criterion.state].means
    yield phrases.criterion_rule.format(rule=rule(result.cd5))
    if criterion.flow_state is not criterion.state:
        yield phrases.flow_alone.format(state=states.criterion[criterion.flow_state].word)
    if result.review.criterion_state is not None:
        word = states.criterion[result.review.criterion_state].word
        yield phrases.decided.format(state=word)


def _card(title: str, words: State, state: str, *, lines: Iterable[str], number: str = "") -> Card:
    return Card(
        title, number, Cell(words.word, TONES.get(state, "plain")), str(state), tuple(lines)
    )


def cd5_number(cd5: Cd5Section, wording: Wording) -> str:
    """Return the share of CD5-positive blasts in large figures, or that there is none."""
    if cd5.percent is None:
        return wording.phrases.no_percent
    return f"{cd5_share(cd5.percent, cd5)} %"


def state_cell(words: State, state: str) -> Cell:
    """Return a state in words, with its code where the words are others, and what it means."""
    text = words.word
    if text.upper().replace(" ", "_") != state:
        text = f"{text} ({state})"
    return Cell(text, TONES.get(state, "plain"), note=words.means)


def rule(cd5: Cd5Section) -> str:
    """Return what is asked for, as "≥ 70 %"."""
    sign = {">=": "≥", ">": ">"}[cd5.operator]
    return f"{sign} {cd5.threshold_percent:g} %"


def cd5_share(percent: float, cd5: Cd5Section) -> str:
    """Return a share of CD5-positive blasts, never rounded across the threshold."""
    return numerals.share(percent, limits=(cd5.threshold_percent,))


def _cd5_lines(result: Result, wording: Wording) -> Iterator[str]:
    phrases, cd5 = wording.phrases, result.cd5
    if cd5.percent is not None:
        counted = phrases.positive_of.format(
            positive=numerals.count(cd5.positive_events), blasts=numerals.count(cd5.blast_events)
        )
        corrected = cd5.percent_corrected
        if corrected is not None:
            counted += f"; {phrases.corrected.format(percent=cd5_share(corrected, cd5))}"
        yield counted
    elif cd5.blast_events:
        phrase = phrases.blasts_only if is_disease(result.burden) else phrases.look_alikes_only
        yield phrase.format(blasts=numerals.count(cd5.blast_events))
    if cd5.ci95_percent is not None:
        low, high = (cd5_share(end, cd5) for end in cd5.ci95_percent)
        yield phrases.interval.format(low=low, high=high)
    if cd5.band_percent is not None:
        low, high = (cd5_share(end, cd5) for end in cd5.band_percent)
        yield phrases.band.format(low=low, high=high)
    elif cd5.percent is not None:
        yield phrases.band_unknown
    if cd5.cut is not None and cd5.percent is not None:
        yield f"{phrases.cut_method}{wording.colon}{cut_words(cd5.cut, wording).word}"
    yield phrases.asked.format(rule=rule(cd5))


def cut_words(cut: CutSection, wording: Wording) -> State:
    """Return what placed a cut: one by hand is no laboratory's validated one."""
    if cut.by_hand:
        return State(word=wording.phrases.cut_by_hand, means=wording.phrases.cut_by_hand_means)
    return wording.states.cut[cut.method]


def _bar(cd5: Cd5Section, wording: Wording) -> Bar | None:
    """Return the share on its scale; None where there is no share to draw."""
    if cd5.percent is None or cd5.ci95_percent is None:
        return None
    phrases = wording.phrases
    asked = rule(cd5)
    low, high = (cd5_share(end, cd5) for end in cd5.ci95_percent)
    words = [
        phrases.bar_alt.format(percent=cd5_share(cd5.percent, cd5), rule=asked),
        phrases.bar_alt_more.format(low=low, high=high),
    ]
    if cd5.band_percent is not None:
        low, high = (cd5_share(end, cd5) for end in cd5.band_percent)
        words.append(phrases.bar_alt_band.format(low=low, high=high))
    return Bar(
        value=cd5.percent,
        low=cd5.ci95_percent[0],
        high=cd5.ci95_percent[1],
        band=cd5.band_percent,
        threshold=cd5.threshold_percent,
        legend=(
            phrases.bar_value,
            phrases.bar_interval,
            phrases.bar_band,
            phrases.bar_threshold.format(rule=asked),
        ),
        alt=" ".join(words),
    )


def burden_number(burden: BurdenSection, wording: Wording) -> str:
    """Return the share of blasts; below a limit only that it is below."""
    if burden.percent is None:
        return wording.phrases.no_percent
    return below_words(burden, wording) or f"{numerals.burden(burden.percent)} %"


def below_words(burden: BurdenSection, wording: Wording) -> str:
    """Return the limit that the share of blasts lies below; empty where it is a number."""
    match burden.below:
        case "LOD":
            return wording.phrases.below_lod
        case "LLOQ":
            return wording.phrases.below_lloq
        case None:
            return ""


def _burden_lines(burden: BurdenSection, wording: Wording) -> Iterator[str]:
    phrases = wording.phrases
    quantified = burden.percent is not None and burden.below is None
    total = numerals.count(burden.denominator_events)
    if burden.percent is not None:
        if is_disease(burden):
            phrase = phrases.blasts_of
        else:
            phrase = phrases.look_alikes_of if burden.blast_events else phrases.none_of
        yield phrase.format(blasts=numerals.count(burden.blast_events), total=total)
    elif burden.denominator_events:
        yield phrases.total_only.format(total=total)
    yield from _search_lines(burden, wording)
    denominator = wording.denominator(burden) or phrases.unknown
    yield f"{phrases.denominator}{wording.colon}{denominator}"
    if quantified and burden.ci95_percent is not None:
        low, high = (numerals.burden(end) for end in burden.ci95_percent)
        yield phrases.interval.format(low=low, high=high)
    if not quantified and burden.upper95_percent is not None:
        yield phrases.upper.format(high=numerals.burden(burden.upper95_percent))
    if burden.lod_percent is not None and burden.lloq_percent is not None:
        limits = phrases.limits.format(
            lod=numerals.burden(burden.lod_percent), lloq=numerals.burden(burden.lloq_percent)
        )
        by = limit_words(burden, wording)
        yield f"{limits} ({by})" if by else limits
    if quantified:
        for other in burden.alternatives:
            yield by_denominator(other, wording)
    if burden.level is not None:
        yield phrases.level.format(level=level(burden.level))


def _search_lines(burden: BurdenSection, wording: Wording) -> Iterator[str]:
    """Yield what was looked for, and what was seen that is none of it."""
    if burden.scope is not None:
        yield wording.phrases.looked_for.format(scope=wording.term(burden.scope))
    if burden.look_alike_events:
        yield wording.phrases.look_alikes.format(events=numerals.count(burden.look_alike_events))


def limit_words(burden: BurdenSection, wording: Wording) -> str:
    """Return what the limit of detection rests on; nothing where an earlier result does not say."""
    match burden.lod_by:
        case "count rule":
            return wording.phrases.count_rule
        case "validated":
            return wording.phrases.validated_limit
        case _:
            return ""


def by_denominator(other: BurdenAlternative, wording: Wording) -> str:
    """Return the share of blasts by another convention, or that this tube does not tell it."""
    phrases, rule = wording.phrases, wording.term(other.denominator)
    if other.percent is None or other.events is None:
        return phrases.denominator_unknown.format(denominator=rule)
    return phrases.by_denominator.format(
        percent=numerals.burden(other.percent),
        count=numerals.count(other.events),
        denominator=rule,
    )


def level(text: str) -> str:
    """Return a level of the burden as print writes it: ">=5%" as "≥ 5 %"."""
    for sign, printed in ((">=", "≥ "), ("<", "< "), ("-", "–"), ("%", " %")):
        text = text.replace(sign, printed)
    return text


def _few_reasons(result: Result, wording: Wording) -> Iterator[Reasons]:
    phrases = wording.phrases
    for title, section, reasons in (
        (phrases.criterion, phrases.criterion, result.criterion.reasons),
        (phrases.cd5, phrases.cd5, (*result.cd5.notes, *result.cd5.reasons)),
        (phrases.burden, phrases.burden, (*result.burden.reasons, *result.burden.notes)),
        (phrases.rules_changed, phrases.method_title, result.strategy.rules_changed),
    ):
        if len(reasons) <= MOST_REASONS:
            shown = reason_list(title, reasons, wording)
        else:
            few = reason_list(title, reasons[: MOST_REASONS - 1], wording)
            count = numerals.count(len(reasons) - len(few.sentences))
            more = phrases.more_reasons.format(count=count, section=section)
            shown = Reasons(title, (*few.sentences, ReasonLine(more, "")))
        if reasons:
            yield shown
