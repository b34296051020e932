"""Page 1 of a report: the two numbers with their states, the criterion, and how good the tube was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar

from cd5flow.model.reasons import AS_WRITTEN, Reason
from cd5flow.model.result import (
    BurdenAlternative,
    BurdenSection,
    BurdenState,
    Cd5Section,
    Cd5State,
    Check,
    CriterionState,
    CutSection,
    QualitySection,
    QualityState,
    Result,
)
from cd5flow.report import numerals
from cd5flow.report.intensity import intensity_lines
from cd5flow.report.parts import (
    Answer,
    Bar,
    Card,
    Cell,
    Paragraph,
    ReasonLine,
    Reasons,
    ReportSection,
    Table,
    TableColumn,
    Tone,
    number_column,
)
from cd5flow.report.populations import excluded_lines, population_lines
from cd5flow.report.wording import State, Wording

MOST_REASONS: Final = 3
MOST_CHECKS: Final = 5
"""Lines for reasons of one kind, and for checks that did not pass, on page 1.

Where there are more, the last line says where they all stand.
"""

T = TypeVar("T")
BOUND: Final = "\N{NO-BREAK SPACE}"

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
    """Return the box on page 1."""
    phrases, states = wording.phrases, wording.states
    criterion = result.criterion
    state = states.criterion[criterion.state]
    lines = [state.means, phrases.criterion_rule.format(rule=rule(result.cd5))]
    if criterion.flow_state is not criterion.state:
        alone = states.criterion[criterion.flow_state].word
        lines.append(phrases.flow_alone.format(state=alone))
    protocol = result.protocol
    return Answer(
        title=phrases.answer,
        cd5=_card(
            phrases.cd5_share,
            states.cd5[result.cd5.state],
            result.cd5.state,
            number=_cd5_number(result.cd5, wording),
            lines=(*_cd5_lines(result.cd5, wording), *population_lines(result, wording)),
        ),
        bar=_bar(result.cd5, wording),
        burden=_card(
            phrases.burden_share,
            states.burden[result.burden.state],
            result.burden.state,
            number=burden_number(result.burden, wording),
            lines=(*_burden_lines(result.burden, wording), *excluded_lines(result, wording)),
        ),
        criterion=_card(
            phrases.criterion_of.format(protocol=protocol.name, version=protocol.version),
            state,
            criterion.state,
            lines=lines,
        ),
        reasons=tuple(_few_reasons(result, wording)),
    )


def _card(title: str, words: State, state: str, *, lines: Iterable[str], number: str = "") -> Card:
    return Card(
        title, number, Cell(words.word, TONES.get(state, "plain")), str(state), tuple(lines)
    )


def _cd5_number(cd5: Cd5Section, wording: Wording) -> str:
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


def _cd5_lines(cd5: Cd5Section, wording: Wording) -> Iterator[str]:
    phrases = wording.phrases
    if cd5.percent is not None:
        counted = phrases.positive_of.format(
            positive=numerals.count(cd5.positive_events), blasts=numerals.count(cd5.blast_events)
        )
        corrected = cd5.percent_corrected
        if corrected is not None:
            counted += f"; {phrases.corrected.format(percent=cd5_share(corrected, cd5))}"
        yield counted
    elif cd5.blast_events:
        yield phrases.blasts_only.format(blasts=numerals.count(cd5.blast_events))
    if cd5.ci95_percent is not None:
        low, high = (cd5_share(end, cd5) for end in cd5.ci95_percent)
        yield phrases.interval.format(low=low, high=high)
    if cd5.band_percent is not None:
        low, high = (cd5_share(end, cd5) for end in cd5.band_percent)
        yield phrases.band.format(low=low, high=high)
    elif cd5.percent is not None:
        yield phrases.band_unknown
    yield from intensity_lines(cd5, wording)
    asked = phrases.asked.format(rule=rule(cd5))
    if cd5.cut is None:
        yield asked
        return
    by = f"{phrases.cut_method}{wording.colon}{cut_words(cd5.cut, wording).word}"
    yield f"{by}; {asked}"


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
    """Return the share of blasts; below the limit of quantification only that it is below."""
    if burden.percent is None:
        return wording.phrases.no_percent
    if burden.lloq_percent is None or burden.percent < burden.lloq_percent:
        return wording.phrases.below_lloq
    return f"{numerals.burden(burden.percent)} %"


def _burden_lines(burden: BurdenSection, wording: Wording) -> Iterator[str]:
    phrases = wording.phrases
    quantified = burden.percent is not None and burden_number(burden, wording) != phrases.below_lloq
    total = numerals.count(burden.denominator_events)
    if burden.percent is not None:
        yield phrases.blasts_of.format(blasts=numerals.count(burden.blast_events), total=total)
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


def reason_list(title: str, reasons: Iterable[Reason], wording: Wording) -> Reasons:
    """Return all reasons of one kind."""
    return Reasons(title, tuple(_reason(reason, wording) for reason in reasons))


def _reason(reason: Reason, wording: Wording) -> ReasonLine:
    code = "" if reason.code == AS_WRITTEN else reason.code
    return ReasonLine(_capital(wording.sentence(reason)), code)


def _capital(sentence: str) -> str:
    """Begin a sentence as a sentence begins; names such as "cyCD3" are not touched."""
    first = sentence.split(" ", 1)[0]
    return sentence[:1].upper() + sentence[1:] if first.islower() and first.isalpha() else sentence


def _few_reasons(result: Result, wording: Wording) -> Iterator[Reasons]:
    phrases = wording.phrases
    for title, section, reasons in (
        (phrases.criterion, phrases.criterion, result.criterion.reasons),
        (phrases.cd5, phrases.cd5, (*result.cd5.notes, *result.cd5.reasons)),
        (phrases.burden, phrases.burden, (*result.burden.reasons, *result.burden.notes)),
        (phrases.rules_changed, phrases.method_title, result.strategy.rules_changed),
    ):
        if not reasons:
            continue
        shown = reason_list(title, _few(reasons, MOST_REASONS), wording)
        if len(reasons) > MOST_REASONS:
            more = phrases.more_reasons.format(
                count=numerals.count(len(reasons) - len(shown.sentences)), section=section
            )
            shown = Reasons(title, (*shown.sentences, ReasonLine(more, "")))
        yield shown


def _few(lines: Sequence[T], most: int) -> Sequence[T]:
    """Return the lines if there is room for all, else as many as leave one to say so."""
    return lines if len(lines) <= most else lines[: most - 1]


def quality_summary(quality: QualitySection, wording: Wording) -> ReportSection:
    """Return the quality on page 1: what did not pass with its limits, and what else was looked at."""
    phrases = wording.phrases
    odd = [c for c in quality.checks if c.state in {QualityState.WARN, QualityState.FAIL}]
    odd.sort(key=lambda c: c.state is not QualityState.FAIL)
    blocks: list[Paragraph | Table] = []
    if odd:
        blocks.append(check_table("", _few(odd, MOST_CHECKS), wording, codes=False))
    if len(odd) > MOST_CHECKS:
        more = numerals.count(len(odd) - len(_few(odd, MOST_CHECKS)))
        said = phrases.more_checks.format(count=more, section=phrases.quality_all)
        blocks.append(Paragraph(said, "look"))
    for state, phrase in (
        (QualityState.PASS, phrases.passed),
        (QualityState.NOT_DONE, phrases.not_done),
    ):
        names = [wording.check_name(c) for c in quality.checks if c.state is state]
        if names:
            head = phrase.format(count=numerals.count(len(names)))
            blocks.append(Paragraph(head + wording.colon + wording.joint.join(names), "quiet"))
    word = wording.states.quality[quality.state].word
    return ReportSection("quality", phrases.quality_of.format(state=word), tuple(blocks))


def check_table(
    caption: str, checks: Iterable[Check], wording: Wording, *, codes: bool = True
) -> Table:
    """Return checks with what was found and from where on they warn and fail.

    `codes` is whether the names of checks have their codes under them.
    """
    phrases = wording.phrases
    return Table(
        caption,
        (
            TableColumn(phrases.check, 2.4),
            TableColumn(phrases.state, 1.1),
            number_column(phrases.found, 2.1),
            number_column(phrases.warn_limit, 1.3),
            number_column(phrases.fail_limit, 1.3),
            TableColumn(phrases.seen, 3.8),
        ),
        tuple(_check_row(check, wording, codes=codes) for check in checks),
    )


def _check_row(check: Check, wording: Wording, *, codes: bool) -> tuple[Cell, ...]:
    phrases = wording.phrases
    tone = TONES.get(check.state, "plain")
    odd = tone if check.state in {QualityState.WARN, QualityState.FAIL} else "plain"
    unit = wording.unit(check.unit)
    found = Cell(wording.states.quality[QualityState.NOT_DONE].word, "quiet")
    if check.value is not None:
        limits = [bound for bound in (check.warn, check.fail) if bound is not None]
        found = Cell(f"{_measure(check.value, limits)} {unit}".strip(), odd)
    side = _side(check)
    limits_shown = [
        Cell(phrases.no_limit, "quiet")
        if bound is None
        else Cell(f"{side}{BOUND}{_bound(bound)}".strip())
        for bound in (check.warn, check.fail)
    ]
    return (
        Cell(wording.check_name(check), note=check.code if codes else ""),
        Cell(wording.states.quality[check.state].word, tone),
        found,
        *limits_shown,
        Cell(_capital(wording.check(check))),
    )


def _bound(value: float) -> str:
    return numerals.count(int(value)) if value == int(value) else f"{value:g}"


def _measure(value: float, limits: list[float]) -> str:
    if value == int(value):
        return numerals.count(int(value))
    return numerals.burden(value, limits=limits)


def _side(check: Check) -> str:
    """Return on which side of its limits a check is worse, as far as its numbers tell."""
    if check.warn is not None and check.fail is not None and check.warn != check.fail:
        return ">" if check.fail > check.warn else "<"
    bound = check.fail if check.warn is None else check.warn
    if bound == 0:
        return ">"  # no measure is worse for being less than nothing
    if bound is None or check.value is None or check.value == bound:
        return ""
    beyond = check.state in {QualityState.WARN, QualityState.FAIL}
    return ">" if (check.value > bound) is beyond else "<"
