"""Everything that a laboratory's tubes say, put together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from cd5flow.model.limits import BurdenLimits
from cd5flow.validation.own.comparison import agree, compare
from cd5flow.validation.own.course import carried_over, readers, stability
from cd5flow.validation.own.limits import detect, strategies_of_limits
from cd5flow.validation.own.record import FailedTube, OwnProvenance, OwnValidation
from cd5flow.validation.own.replicates import dilution_line, precision_of_levels
from cd5flow.validation.own.rules import OwnRules
from cd5flow.validation.own.tubes import OwnTube

MOST_NAMED = 5
"""Tubes that a note names."""


def findings(
    tubes: Sequence[OwnTube],
    rules: OwnRules,
    *,
    failures: Sequence[FailedTube],
    claimed: Mapping[str, BurdenLimits],
    overt_percent: float,
    tubes_sha256: str,
    provenance: OwnProvenance,
) -> OwnValidation:
    """Return the whole record.

    Args:
        tubes: every tube with a result, in the order of the sheet.
        rules: how many tubes each question needs, and the goals.
        failures: rows without a result.
        claimed: SHA-256 of a strategy to its limits.
        overt_percent: the protocol's burden limit.
        tubes_sha256: of ``tubes.csv``.
        provenance: with what and when.
    """
    strategies = strategies_of_limits(tubes)
    return OwnValidation(
        tubes=len(tubes),
        tubes_sha256=tubes_sha256,
        kinds=dict(Counter(str(tube.kind) for tube in tubes)),
        comparison=compare(tubes, rules.comparison),
        agreement=agree(tubes, overt_percent=overt_percent),
        precision=precision_of_levels(tubes, rules.precision),
        linearity=dilution_line(tubes, rules.linearity),
        detection=detect(
            tubes,
            rules.detection,
            claimed=claimed.get(strategies[0]) if len(strategies) == 1 else None,
        ),
        carry_over=carried_over(tubes, rules.carry_over),
        stability=stability(tubes, rules.stability),
        readers=readers(tubes),
        notes=tuple(_notes(tubes)),
        failures=tuple(failures),
        provenance=provenance,
    )


def _notes(tubes: Sequence[OwnTube]) -> Iterator[str]:
    """Yield what weakens the design."""
    same: dict[str, list[str]] = defaultdict(list)
    for tube in tubes:
        if tube.reader is None:
            same[tube.sha256].append(tube.sample)
    for names in same.values():
        if len(names) > 1:
            yield (
                f"{', '.join(names[:MOST_NAMED])}: one file under {len(names)} names, which repeats no "
                "measurement"
            )
    yield from _strategies(tubes)
    failed = [tube.sample for tube in tubes if tube.quality == "FAIL"]
    if failed:
        yield f"{len(failed)} tubes failed quality: {', '.join(failed[:MOST_NAMED])}"
    without = sum(
        t.expected_cd5_percent is None and t.expected_blast_percent is None for t in tubes
    )
    if without:
        yield f"{without} tubes have no expected number"


def _strategies(tubes: Sequence[OwnTube]) -> Iterator[str]:
    """Yield which strategy the limits are of, where tubes were analysed with several."""
    named = {tube.strategy_sha256: tube.strategy for tube in tubes}
    of_limits = [named[one] for one in strategies_of_limits(tubes)]
    others = sorted(set(named.values()) - set(of_limits))
    if len(of_limits) > 1:
        yield (
            f"blanks, lows and dilutions were analysed with {' and '.join(of_limits)}: limits of one are "
            "not those of all"
        )
    elif of_limits and others:
        yield f"LOB, LOD and LLOQ are of {of_limits[0]}; other tubes were analysed with {', '.join(others)}"
    elif len(others) > 1:
        yield f"tubes were analysed with {' and '.join(others)}: what holds of one need not hold of all"
