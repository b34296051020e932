"""Quality checks as a report tells them: how many passed, which did not, and each with its limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cd5flow.model.result import Check, QualitySection, QualityState
from cd5flow.report import numerals
from cd5flow.report.answer import TONES
from cd5flow.report.parts import Cell, Fact, Table, TableColumn, Tone, fact, number_column
from cd5flow.report.sentences import capital
from cd5flow.report.wording import Wording

MOST_CHECKS: Final = 6
"""Checks that did not pass which page one names with what they found; the rest by their number."""

BOUND: Final = "\N{NO-BREAK SPACE}"

ODD: Final = frozenset({QualityState.WARN, QualityState.FAIL})


def odd_checks(quality: QualitySection) -> list[Check]:
    """Return the checks that fail, then those that warn."""
    odd = [check for check in quality.checks if check.state in ODD]
    return sorted(odd, key=lambda check: check.state is not QualityState.FAIL)


def adequacy(quality: QualitySection, wording: Wording) -> Fact:
    """Return how many checks passed, and what the others found, failed ones first."""
    phrases = wording.phrases
    passed = sum(check.state is QualityState.PASS for check in quality.checks)
    counted = phrases.adequacy_of.format(
        passed=numerals.count(passed), all=numerals.count(len(quality.checks))
    )
    said = [f"{wording.states.quality[quality.state].word} · {counted}"]
    odd = odd_checks(quality)
    for state in (QualityState.FAIL, QualityState.WARN):
        shown = [_named(check, wording) for check in odd[:MOST_CHECKS] if check.state is state]
        if shown:
            word = wording.states.quality[state].word
            said.append(f"{word}{wording.colon}{wording.joint.join(shown)}")
    if len(odd) > MOST_CHECKS:
        more = numerals.count(len(odd) - MOST_CHECKS)
        said.append(phrases.more_checks.format(count=more, section=phrases.exceptions))
    tone: Tone = "bad" if quality.state is QualityState.FAIL else "plain"
    return fact(phrases.adequacy, "; ".join(said), tone, note=not_done(quality, wording))


def not_done(quality: QualitySection, wording: Wording) -> str:
    """Return the names of the checks that could not be done; empty where all were."""
    names = [
        wording.check_name(check)
        for check in quality.checks
        if check.state is QualityState.NOT_DONE
    ]
    if not names:
        return ""
    head = wording.phrases.not_done.format(count=numerals.count(len(names)))
    return head + wording.colon + wording.joint.join(names)


def _named(check: Check, wording: Wording) -> str:
    """Return "Debris 60.7 % of events (> 60)"."""
    name, found = wording.check_name(check), found_words(check, wording)
    bound = check.fail if check.state is QualityState.FAIL else check.warn
    if not found or bound is None:
        return f"{name} {found}".strip()
    return f"{name} {found} ({_side(check)}{BOUND}{_bound(bound)})"


def found_words(check: Check, wording: Wording) -> str:
    """Return what a check measured, with its unit; empty where it measured nothing."""
    if check.value is None:
        return ""
    limits = [bound for bound in (check.warn, check.fail) if bound is not None]
    return f"{_measure(check.value, limits)} {wording.unit(check.unit)}".strip()


def check_table(caption: str, checks: Iterable[Check], wording: Wording) -> Table:
    """Return checks with what was found and from where on they warn and fail."""
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
        tuple(_check_row(check, wording) for check in checks),
    )


def _check_row(check: Check, wording: Wording) -> tuple[Cell, ...]:
    phrases = wording.phrases
    tone = TONES.get(check.state, "plain")
    odd = tone if check.state in ODD else "plain"
    found = Cell(wording.states.quality[QualityState.NOT_DONE].word, "quiet")
    if check.value is not None:
        found = Cell(found_words(check, wording), odd)
    side = _side(check)
    limits_shown = [
        Cell(phrases.no_limit, "quiet")
        if bound is None
        else Cell(f"{side}{BOUND}{_bound(bound)}".strip())
        for bound in (check.warn, check.fail)
    ]
    return (
        Cell(wording.check_name(check), note=check.code),
        Cell(wording.states.quality[check.state].word, tone),
        found,
        *limits_shown,
        Cell(capital(wording.check(check))),
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
    beyond = check.state in ODD
    return ">" if (check.value > bound) is beyond else "<"
