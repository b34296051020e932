"""One of the laboratory's tubes: what it says of it, beside what was found."""

from __future__ import annotations

from typing import Final

from cd5flow.model.file_part import FilePart
from cd5flow.model.result import Result
from cd5flow.model.section import Count, Number, Percent
from cd5flow.model.states import BurdenState, Cd5State, QualityState
from cd5flow.validation.own.sheet import Kind, OwnFacts

DISEASE: Final = frozenset(
    {BurdenState.OVERT, BurdenState.MRD_POSITIVE, BurdenState.MRD_BELOW_LLOQ}
)
"""States that say disease was found."""


class OwnTube(FilePart):
    """A row of ``tubes.csv``.

    Attributes:
        expected_cd5_state, expected_burden_state: as the sheet says, or as they follow from the
            expected percent and the limits that the tube was judged by.
        cd5_percent: None where the state withholds it.
        burden_percent: as found, below the limits too.
        background_percent: everything that looks like a blast, scattered cells too.
        required_lod_percent: up to which LOD the strategy lets NOT_DETECTED be said.
    """

    sample: str
    file: str
    sha256: str
    kind: Kind
    level: str | None
    replicate: str | None
    run: str | None
    reader: str | None
    sequence: Count | None
    hours: Number | None
    acquired: str | None
    strategy: str
    strategy_sha256: str
    protocol: str
    expected_cd5_percent: Percent | None
    expected_cd5_state: Cd5State | None
    cd5_percent: Percent | None
    cd5_state: Cd5State
    threshold_percent: Percent
    expected_blast_percent: Percent | None
    expected_burden_state: BurdenState | None
    burden_percent: Percent | None
    burden_state: BurdenState
    blast_events: Count
    background_percent: Percent | None
    denominator_events: Count
    lod_percent: Number | None
    lloq_percent: Number | None
    required_lod_percent: Number | None = None
    quality: QualityState


COLUMNS: Final = tuple(OwnTube.model_fields)


def tube_of(result: Result, facts: OwnFacts, *, overt_percent: float) -> OwnTube:
    """Return a tube's row.

    Args:
        result: of its analysis.
        facts: what the sheet says.
        overt_percent: the protocol's burden limit, above which disease is overt.
    """
    cd5, burden, sample = result.cd5, result.burden, result.sample
    like = burden.blast_events + burden.look_alike_events
    total = burden.denominator_events
    expected = _expected_burden(facts)
    return OwnTube(
        sample=sample.id,
        file=sample.file,
        sha256=sample.sha256,
        kind=facts.kind,
        level=facts.level,
        replicate=facts.replicate,
        run=facts.run,
        reader=facts.reader,
        sequence=facts.sequence,
        hours=facts.hours,
        acquired=sample.acquired,
        strategy=f"{result.strategy.name} {result.strategy.version}",
        strategy_sha256=result.strategy.sha256,
        protocol=f"{result.protocol.name} {result.protocol.version}",
        expected_cd5_percent=facts.expected_cd5_percent,
        expected_cd5_state=facts.expected_cd5_state
        or _cd5_state(facts.expected_cd5_percent, cd5.threshold_percent, cd5.operator),
        cd5_percent=None if cd5.state is Cd5State.NOT_EVALUABLE else cd5.percent,
        cd5_state=cd5.state,
        threshold_percent=cd5.threshold_percent,
        expected_blast_percent=expected,
        expected_burden_state=facts.expected_burden_state
        or _burden_state(
            expected, overt=overt_percent, lod=burden.lod_percent, lloq=burden.lloq_percent
        ),
        burden_percent=None if burden.state is BurdenState.NOT_EVALUABLE else burden.percent,
        burden_state=burden.state,
        blast_events=burden.blast_events,
        background_percent=100 * min(like, total) / total if total else None,
        denominator_events=total,
        lod_percent=burden.lod_percent,
        lloq_percent=burden.lloq_percent,
        required_lod_percent=None
        if burden.basis is None
        else burden.basis.limits.required_lod_percent,
        quality=result.quality.state,
    )


def _expected_burden(facts: OwnFacts) -> float | None:
    """Return the expected burden; a blank has none."""
    if facts.expected_blast_percent is None and facts.kind is Kind.BLANK:
        return 0.0
    return facts.expected_blast_percent


def _cd5_state(percent: float | None, threshold: float, operator: str) -> Cd5State | None:
    if percent is None:
        return None
    meets = percent >= threshold if operator == ">=" else percent > threshold
    return Cd5State.MEETS if meets else Cd5State.DOES_NOT_MEET


def _burden_state(
    percent: float | None, *, overt: float, lod: float | None, lloq: float | None
) -> BurdenState | None:
    """Return the state that a tube of these limits would have, had it found what is expected."""
    if percent is None:
        return None
    if percent == 0:
        return BurdenState.NOT_DETECTED
    if lod is None or lloq is None:
        return None
    if percent < lod:
        return BurdenState.INDETERMINATE
    if percent < lloq:
        return BurdenState.MRD_BELOW_LLOQ
    return BurdenState.OVERT if percent > overt else BurdenState.MRD_POSITIVE
