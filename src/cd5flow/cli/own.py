"""`cd5flow validate --own`: the laboratory's own tubes against its own truth; and what a design shows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import typer

from cd5flow.batch.local import local_engine
from cd5flow.batch.run import OWN, Done, Finished
from cd5flow.cli.progress import EVERY_SECONDS
from cd5flow.cli.terminal import clean, emit, say, show
from cd5flow.config.lock import hold
from cd5flow.config.shipped import own_validation_file
from cd5flow.errors import OptionError
from cd5flow.validation.cells import figure
from cd5flow.validation.own.record import ComparisonOf, OwnValidation
from cd5flow.validation.own.rules import load_own_rules
from cd5flow.validation.own.run import analyse_all, make_own_course, own_validation
from cd5flow.validation.own.writing import write_own
from cd5flow.validation.statistics.sample_size import (
    comparison_design,
    detection_design,
    precision_design,
)

SOME_FAILED: Final = 3
_MOST: Final = 100_000

DESIGN_WORDS: Final = ("tubes", "blanks", "lows", "readers", "runs", "replicates")


def run(
    sheet: Path,
    *,
    words: Mapping[str, Any],
    rules: Path | None,
    out: Path,
    jobs: int | None,
    timeout: float,
    json: bool,
    origins: Mapping[str, str],
) -> None:
    """Analyse the sheet's tubes, write the report, print what came out; 3 if some have no result."""
    loaded = load_own_rules(own_validation_file() if rules is None else rules)
    course = make_own_course(
        sheet, words=words, rules=loaded, out=out, timeout=timeout, origins=origins
    )
    engine = local_engine(course.orders.task, jobs)
    say(f"{len(course.plan.jobs)} tubes in {engine.words}")
    for one in course.plan.not_taken:
        say(f"not taken: {one.place}, {one.reason}", style="look")
    with hold(course.orders.out / OWN):
        progress = _Progress(len(course.plan.jobs))
        ended = analyse_all(course, engine, tell=progress.add)
        found, tubes = own_validation(course, ended)
        written = write_own(found, tubes, out)
    if json:
        emit(found.to_json())
    else:
        for line in _told(found):
            show(line)
        for path in written:
            show(f"  {path}")
    if found.failures:
        raise typer.Exit(SOME_FAILED)


@dataclass(slots=True)
class _Progress:
    """How many tubes have ended, told every few seconds."""

    tubes: int
    ended: int = 0
    _told: float = field(default_factory=time.monotonic)

    def add(self, one: Finished) -> None:
        self.ended += 1
        if not isinstance(one, Done):
            say(clean(f"{one.job.sample_id}: {one.error}: {one.message}"), style="bad")
        if time.monotonic() - self._told >= EVERY_SECONDS or self.ended == self.tubes:
            self._told = time.monotonic()
            say(f"{self.ended} of {self.tubes} tubes")


def _told(found: OwnValidation) -> Iterator[str]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in found.kinds.items())
    yield f"{found.tubes} tubes ({kinds}), {len(found.failures)} without a result"
    yield _comparison("% CD5", found.comparison.cd5)
    yield _comparison("burden, log10", found.comparison.burden)
    for what, of in (("CD5", found.agreement.cd5), ("burden", found.agreement.burden)):
        kappa = "–" if of.kappa is None else f"{of.kappa:.2f}"
        same = "–" if of.percent is None else f"{of.percent:.1f} %"
        yield f"states of {what}: {same} of {of.n} as expected, kappa {kappa}"
    line, limits = found.linearity, found.detection
    if line.slope is None:
        yield f"linearity: {line.reason}"
    else:
        yield f"linearity: slope {line.slope:.3f}, R² {line.r2:.4f}, n = {line.n}"
    shown = ", ".join(
        f"{word} {'–' if value is None else f'{figure(value)} %'}"
        for word, value in (("LOB", limits.lob), ("LOD", limits.lod), ("LLOQ", limits.lloq))
    )
    yield f"{shown}; {limits.n_blank} blanks, {limits.n_low} lows"
    if limits.reason:
        yield f"  {limits.reason}"
    yield from (f"note: {note}" for note in found.notes)
    yield "The report is a record until the laboratory has judged and signed it."


def _comparison(what: str, of: ComparisonOf) -> str:
    if of.slope is None or of.bias is None:
        return f"comparison of {what}: {of.reason}"
    few = f" ({of.reason})" if of.reason else ""
    return (
        f"comparison of {what}: n = {of.n}, {of.method} slope {of.slope:.3f}, intercept "
        f"{of.intercept:.3f}, bias {of.bias:+.3f}{few}"
    )


def tell_design(words: str) -> None:
    """Print what a design of so many tubes can show.

    Args:
        words: ``tubes=40,blanks=60,lows=60,readers=2,runs=5,replicates=3``; what is left out is not
            told, and of readers and runs there is one.

    Raises:
        OptionError: another word, or no number.
    """
    asked = _design(words)
    tubes = comparison_design(asked.get("tubes", 0))
    if tubes is not None:
        show(
            f"{tubes.n} specimens: the bias is known to ± {tubes.bias_half_width:.2f} SD of the "
            f"differences, each limit of agreement to ± {tubes.limit_half_width:.2f} SD, the slope to "
            f"± {tubes.slope_half_width:.2f} x (scatter about the line / SD of the specimens); if all "
            f"agree, agreement is at least {tubes.least_agreement_percent:.1f} %"
        )
    if "replicates" in asked:
        parts = precision_design(
            readers=asked.get("readers", 1),
            runs=asked.get("runs", 1),
            replicates=asked["replicates"],
        )
        for what, degrees, ends in (
            ("within a run", parts.within_degrees, parts.within_factors),
            ("between runs", parts.between_degrees, parts.between_factors),
        ):
            known = (
                "nothing is known"
                if ends is None
                else f"the SD lies between {ends[0]:.2f} and {ends[1]:.2f} times what is found"
            )
            show(f"precision {what}: {degrees} degrees of freedom, {known}")
    for what in ("blanks", "lows"):
        limits = detection_design(asked.get(what, 0))
        if limits is not None:
            show(
                f"{limits.n} {what}: 95 of 100 lie at rank {limits.rank:g}; a claim stands if "
                f"{limits.least_kept} keep to it; if none is called wrongly, at most "
                f"{limits.most_positive_percent:.1f} % are"
            )


def _design(words: str) -> dict[str, int]:
    asked: dict[str, int] = {}
    for part in words.split(","):
        name, equal, number = (text.strip() for text in part.partition("="))
        known = name in DESIGN_WORDS and name not in asked
        if not (equal and known and number.isascii() and number.isdigit()):
            raise OptionError(
                f"design: found {part.strip()!r}, expected "
                f"{','.join(f'{word}=N' for word in DESIGN_WORDS)}, each once at most"
            )
        if not 1 <= int(number[:9]) <= _MOST:
            raise OptionError(f"design: found {name}={number}, expected 1 to {_MOST:,}")
        asked[name] = int(number)
    return asked
