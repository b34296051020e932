"""How sure each gate is, by rules that the strategy states on the gate's own evidence.

A gate begins at high confidence. Every rule that it meets says at most how sure it may be, and why;
the least decides. It is an aid for the eye of a reviewer: no state depends on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pydantic import Field, model_validator

from cd5flow.gating.tube_view import Spec
from cd5flow.model.names import CD5_POSITIVE, LOOK_ALIKES
from cd5flow.model.populations import Gate, Gating
from cd5flow.model.reasons import Reason
from cd5flow.model.result import Confidence, CutMethod

Level = Literal["high", "moderate", "low"]

RANK: Final = (Confidence.LOW, Confidence.MODERATE, Confidence.HIGH)

DRAWN: Final = frozenset({"override", "drawn"})
"""Methods of gates that a person drew: what a person decides is not rated."""


class EvidenceRule(Spec):
    """One number of a method's evidence, and from where on it makes a gate less sure.

    Attributes:
        method: the gating method.
        value: name in the gate's evidence, or `events`: how many events the method saw.
        worse: whether higher or lower values are worse.
        moderate: beyond it the gate is at most of moderate confidence.
        low: beyond it, of low confidence.
    """

    method: str
    value: str
    worse: Literal["above", "below"]
    moderate: float
    low: float

    @model_validator(mode="after")
    def _in_order(self) -> EvidenceRule:
        first, last = sorted((self.moderate, self.low))
        if (self.moderate, self.low) != ((first, last) if self.worse == "above" else (last, first)):
            raise ValueError(f"low must lie {self.worse} moderate, or be the same")
        return self

    def judge(self, gate: Gate) -> tuple[Confidence, Reason] | None:
        """Return how sure a gate may be by this number, and why; None where it says nothing."""
        evidence = gate.evidence
        found = evidence.events if self.value == "events" else evidence.values.get(self.value)
        if evidence.method != self.method or found is None:
            return None
        for limit, level in ((self.low, Confidence.LOW), (self.moderate, Confidence.MODERATE)):
            if found > limit if self.worse == "above" else found < limit:
                name = self.value.replace("_", " ")
                why = Reason("UNSURE", case=self.worse, value=name, found=found, limit=limit)
                return level, why
        return None


class ConfidenceRules(Spec):
    """At most how sure a gate is; `confidence:` in a strategy file.

    Attributes:
        otherwise: one that the first way of the strategy could not find.
        unusual: one whose share or place is out of the usual.
        unplaced_edge: one that lacks an edge, since nothing placed it.
        unsure_anchor: one that lies within, or is placed by, a population of low confidence.
        no_cluster: blasts that do not lie together as a population does.
        empty: one that holds no event.
        cuts: the CD5-positive blasts, by the method of the cut; one not named is of high confidence.
        evidence: rules on numbers of the evidence.
    """

    otherwise: Level
    unusual: Level
    unplaced_edge: Level
    unsure_anchor: Level
    no_cluster: Level
    empty: Level
    cuts: dict[CutMethod, Level] = Field(default_factory=dict)
    evidence: tuple[EvidenceRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Rating:
    """How sure a gate is, and what speaks against more."""

    confidence: Confidence
    reasons: tuple[Reason, ...]


def rate(gating: Gating, rules: ConfidenceRules) -> dict[str, Rating]:
    """Return how sure each gate of a tube is, by name, in gating order."""
    ratings: dict[str, Rating] = {}
    for gate in gating.tree.gates:
        if gate.evidence.method in DRAWN:
            ratings[gate.name] = Rating(Confidence.BY_HAND, (Reason("UNSURE", case="drawn"),))
            continue
        against = list(_against(gate, gating, rules, ratings))
        least = min((level for level, _ in against), key=RANK.index, default=Confidence.HIGH)
        ratings[gate.name] = Rating(least, tuple(why for _, why in against))
    return ratings


def _against(
    gate: Gate, gating: Gating, rules: ConfidenceRules, ratings: Mapping[str, Rating]
) -> Iterator[tuple[Confidence, Reason]]:
    """Yield what speaks against high confidence in a gate, and how much it does."""
    if gate.name == CD5_POSITIVE:
        yield from _cut(gate.evidence.method, rules)
        return
    if not gating.count(gate.name):
        yield Confidence(rules.empty), Reason("UNSURE", case="empty")
    if gate.name == LOOK_ALIKES:
        yield Confidence(rules.no_cluster), Reason("UNSURE", case="no_cluster")
    yield from _found(gate, rules)
    yield from _unusual(gate, gating, rules)
    for name in dict.fromkeys((gate.parent, *gate.evidence.placed_by)):
        other = ratings.get(name)
        if other is not None and other.confidence is Confidence.LOW:
            yield Confidence(rules.unsure_anchor), Reason("UNSURE", case="anchor", population=name)


def _cut(method: str, rules: ConfidenceRules) -> Iterator[tuple[Confidence, Reason]]:
    levels = {str(one): level for one, level in rules.cuts.items()}
    if method in levels and levels[method] != "high":
        yield Confidence(levels[method]), Reason("UNSURE", case="cut", method=method)


def _found(gate: Gate, rules: ConfidenceRules) -> Iterator[tuple[Confidence, Reason]]:
    """Yield what the way in which a gate was found says against it."""
    if gate.evidence.tried:
        yield Confidence(rules.otherwise), Reason("UNSURE", case="otherwise")
    for edge in gate.evidence.unplaced:
        yield Confidence(rules.unplaced_edge), Reason("UNSURE", case="edge", edge=edge)
    for rule in rules.evidence:
        judged = rule.judge(gate)
        if judged is not None:
            yield judged


def _unusual(
    gate: Gate, gating: Gating, rules: ConfidenceRules
) -> Iterator[tuple[Confidence, Reason]]:
    events, whole = gating.count(gate.name), gating.count(gate.parent)
    if gate.expect_percent is not None and events is not None and whole:
        share, (low, high) = 100 * events / whole, gate.expect_percent
        if not low <= share <= high:
            said = Reason(
                "UNSURE", case="share", percent=share, parent=gate.parent, low=low, high=high
            )
            yield Confidence(rules.unusual), said
    for place in gate.places:
        if not place.is_usual:
            yield Confidence(rules.unusual), Reason("UNSURE", case="place", axis=place.axis)
