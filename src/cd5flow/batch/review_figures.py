"""How long a batch waited for its signatures, and how often persons drew gates otherwise, and why."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cd5flow.model.result import Result, ReviewSection


@dataclass(frozen=True, slots=True)
class ReviewedSample:
    """What persons did with a sample.

    Attributes:
        state: of the review.
        received: when the laboratory had the specimen, as it was stated; empty where it was not.
        made: when the result was computed, ISO 8601.
        decided: when it was approved or rejected, ISO 8601; empty where it was not.
        drawn: the reason of each gate that a person drew, by its name.
        unapproved: strategies and protocols that the laboratory had not approved when it was signed.
    """

    state: str
    received: str
    made: str
    decided: str
    drawn: Mapping[str, str]
    unapproved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DrawnOften:
    """A gate that persons drew.

    Attributes:
        gate: its name.
        tubes: in how many tubes.
        reasons: each reason with how often it was given, the commonest first.
    """

    gate: str
    tubes: int
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """What the reviews of a batch come to.

    Attributes:
        samples: all.
        seen: those that were approved or rejected, or in which persons drew gates.
        decided: those approved or rejected.
        waits: from received to decided, of those of which both are known.
        computed_waits: from computed to decided.
        not_received: decided ones without a time of receipt.
        contradicting: decided ones that were received later than decided.
        drawn: samples in which persons drew gates.
        gates: which gates, the most often drawn first.
        unapproved: strategies and protocols that were not approved when results were signed by them.
    """

    samples: int
    seen: int
    decided: int
    waits: tuple[timedelta, ...]
    computed_waits: tuple[timedelta, ...]
    not_received: int
    contradicting: int
    drawn: int
    gates: tuple[DrawnOften, ...]
    unapproved: tuple[str, ...]

    @property
    def drawn_percent(self) -> float | None:
        """Samples in which persons drew gates, of those seen; None where none was."""
        return 100 * self.drawn / self.seen if self.seen else None


def reviewed_sample(result: Result) -> ReviewedSample:
    """Return what persons did with a result, as far as a ledger proved it when the result was read."""
    review = result.review
    return ReviewedSample(
        state=review.state,
        received=result.sample.identifiers.get("received_at", ""),
        made=result.provenance.created,
        decided=(review.at or "") if review.state != "unreviewed" else "",
        drawn={one.gate: one.reason for one in result.overrides},
        unapproved=tuple(unapproved(result, review)),
    )


def unapproved(result: Result, review: ReviewSection) -> Iterator[str]:
    """Yield the strategy and the protocol that were not approved when a result was last signed."""
    if review.strategy_approved is False:
        yield f"strategy {result.strategy.name} {result.strategy.version}"
    if review.protocol_approved is False:
        yield f"protocol {result.protocol.name} {result.protocol.version}"


def review_figures(samples: Iterable[ReviewedSample]) -> ReviewFigures:
    """Return what the reviews of some samples come to."""
    every = tuple(samples)
    decided = [one for one in every if one.decided]
    waits = {id(one): wait(one.received, one.decided) for one in decided}
    known = [found for found in waits.values() if found is not None]
    computed = (wait(one.made, one.decided) for one in decided)
    return ReviewFigures(
        samples=len(every),
        seen=sum(bool(one.decided or one.drawn) for one in every),
        decided=len(decided),
        waits=tuple(one for one in known if one >= timedelta(0)),
        computed_waits=tuple(one for one in computed if one is not None and one >= timedelta(0)),
        not_received=sum(found is None for found in waits.values()),
        contradicting=sum(found < timedelta(0) for found in known),
        drawn=sum(bool(one.drawn) for one in every),
        gates=tuple(_gates(every)),
        unapproved=tuple(sorted({name for one in every for name in one.unapproved})),
    )


def _gates(samples: Iterable[ReviewedSample]) -> Iterator[DrawnOften]:
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in samples:
        for gate, reason in one.drawn.items():
            reasons[gate][" ".join(reason.split())] += 1
    for gate, counted in sorted(reasons.items(), key=lambda one: (-one[1].total(), one[0])):
        yield DrawnOften(gate, counted.total(), tuple(counted.most_common()))


def wait(start: str, end: str) -> timedelta | None:
    """Return the time between two ISO times; None where one is unknown.

    A time without a zone is this computer's; a day without a time is its beginning.
    """
    moments = _moment(start), _moment(end)
    if moments[0] is None or moments[1] is None:
        return None
    return moments[1] - moments[0]


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        # Years near 1 and 9999 are in no zone's calendar.
        return found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def figure_lines(figures: ReviewFigures) -> Iterator[tuple[str, str]]:
    """Yield each figure as a heading and its words."""
    yield "Approved or rejected", f"{figures.decided} of {figures.samples} samples"
    yield "Received to signed", _waits(figures.waits) + _not_known(figures)
    yield "Computed to signed", _waits(figures.computed_waits)
    percent = figures.drawn_percent
    share = "" if percent is None else f" ({percent:.0f} %)"
    yield (
        "Gates drawn by hand",
        f"in {figures.drawn} of {figures.seen} samples that a person has worked on{share}",
    )
    for one in figures.gates:
        said = "; ".join(
            reason if times == 1 else f"{reason} ({times} times)" for reason, times in one.reasons
        )
        tubes = "1 sample" if one.tubes == 1 else f"{one.tubes} samples"
        yield f"{one.gate} drawn by hand", f"{tubes}: {said}"
    if figures.unapproved:
        yield "Not approved by the laboratory when signed", ", ".join(figures.unapproved)


def _waits(waits: tuple[timedelta, ...]) -> str:
    if not waits:
        return "not known"
    of = "1 sample" if len(waits) == 1 else f"{len(waits)} samples"
    if len(waits) == 1:
        return f"{duration(waits[0])} ({of})"
    middle = statistics.median(one.total_seconds() for one in waits)
    return f"median {duration(timedelta(seconds=middle))}, longest {duration(max(waits))} ({of})"


def _not_known(figures: ReviewFigures) -> str:
    said = []
    if figures.not_received:
        said.append(f"{figures.not_received} without a time of receipt")
    if figures.contradicting:
        said.append(f"{figures.contradicting} received later than signed, not counted")
    return f"; {', '.join(said)}" if said else ""


def duration(span: timedelta) -> str:
    """Return "2 d 5 h", "5 h 12 min" or "12 min"."""
    minutes = round(span.total_seconds() / 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
