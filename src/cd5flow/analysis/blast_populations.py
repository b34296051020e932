"""Each population that the blasts consist of, and cells like them that were not counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cd5flow.analysis.stages import Tube
from cd5flow.criteria.asked import ShareRule
from cd5flow.criteria.doubts import low_populations
from cd5flow.model.events import Mask
from cd5flow.model.geometry import Dimension
from cd5flow.model.limits import Cd5Limits, NotCounted
from cd5flow.model.names import BLASTS, DENOMINATOR
from cd5flow.model.populations import UNPROVEN, Gating, LeukaemicPopulation
from cd5flow.model.reasons import Reason, codes, written
from cd5flow.model.result import BlastPopulation, BlastsSection, Cd5Section, ExcludedSection
from cd5flow.numerics.order_statistics import finite_values
from cd5flow.quantify.marker_words import Words, marker_words
from cd5flow.quantify.statistics import PercentInterval, interval, share_percent

FIRST = "blasts_1"
"""The name of the only population, which has no gate but that of the blasts."""


def blasts_section(gating: Gating, cd5: Cd5Section, *, tube: Tube) -> BlastsSection:
    """Return every population of blasts with its own CD5; empty where no lineage rule accepts any.

    Blasts that were told apart as several populations have one entry each, others one as a whole.

    Args:
        gating: who is in which population.
        cd5: of the whole, whose cut counts the populations too.
        tube: the tube.
    """
    blasts = gating.members.get(BLASTS)
    if blasts is None or not _is_accepted(gating) or not blasts.any():
        return BlastsSection()
    parts = _parts(gating, blasts)
    several = {one.name: mask for one, mask in parts} if len(parts) > 1 else {}
    words = _words(gating, tube, {BLASTS: blasts} | several)
    whole = _within_denominator(gating, blasts)
    shares = _cd5_shares(tube, cd5, parts)
    return BlastsSection(
        populations=tuple(
            BlastPopulation(
                name=one.name,
                lineage=one.lineage,
                events=(events := _within_denominator(gating, mask)),
                percent_of_blasts=share_percent(events, whole) or 0.0,
                cd5_percent=percent,
                ci95_percent=ci,
                phenotype=words.get(one.name, words[BLASTS]),
            )
            for (one, mask), (percent, ci) in zip(parts, shares, strict=True)
        ),
        phenotype=words[BLASTS],
        cd5_of_t_cells_percent=_of_t_cells(cd5),
    )


def _is_accepted(gating: Gating) -> bool:
    """Whether the cells in the blast gate are a cluster that a lineage rule accepts."""
    return gating.lineage.cluster and gating.lineage.is_proven


def _parts(gating: Gating, blasts: Mask) -> tuple[tuple[LeukaemicPopulation, Mask], ...]:
    """Return each population with its events among the blasts."""
    found = tuple(
        (one, mask & blasts)
        for one in gating.leukaemic
        if (mask := gating.members.get(one.name)) is not None
    )
    if len(found) > 1:
        return found
    name = gating.lineage.name if not found else found[0][0].lineage
    return ((LeukaemicPopulation(FIRST, name, ""), blasts),)


def _words(gating: Gating, tube: Tube, blasts: Mapping[str, Mask]) -> Mapping[str, Words]:
    rule = tube.strategy.phenotype
    if rule is None:
        return {name: {} for name in blasts}
    return marker_words(
        blasts,
        gating.members,
        columns=tube.columns,
        panel=tube.panel,
        scales=tube.scales,
        rule=rule,
        limits=tube.strategy.cd5.pattern,
    )


def _within_denominator(gating: Gating, mask: Mask) -> int:
    """Return how many events count, as the burden counts them."""
    denominator = gating.members.get(DENOMINATOR)
    return int(np.count_nonzero(mask if denominator is None else mask & denominator))


def _cd5_shares(
    tube: Tube, cd5: Cd5Section, parts: tuple[tuple[LeukaemicPopulation, Mask], ...]
) -> Iterator[tuple[float | None, PercentInterval | None]]:
    """Yield the share of each population at or above the cut, and its interval."""
    if len(parts) == 1:  # the whole, which a person's gate may have counted
        yield cd5.percent, cd5.ci95_percent
        return
    for _, mask in parts:
        if cd5.percent is None or cd5.cut is None:
            yield None, None
            continue
        signal = finite_values(tube.columns.column(Dimension(tube.cd5_detector))[mask])
        positive, n = int(np.count_nonzero(signal >= cd5.cut.linear)), int(signal.size)
        yield (
            share_percent(positive, n),
            interval(positive, n, method=tube.strategy.cd5.interval),
        )


def _of_t_cells(cd5: Cd5Section) -> float | None:
    blasts, t_cells = cd5.median.blasts, cd5.median.t_cells
    if blasts is None or t_cells is None or t_cells <= 0:
        return None
    ratio = 100 * blasts / t_cells
    return ratio if np.isfinite(ratio) else None


def with_low_populations(
    cd5: Cd5Section, blasts: BlastsSection, *, threshold: ShareRule, limits: Cd5Limits
) -> Cd5Section:
    """Return CD5 with every population named that does not meet the protocol while the whole does.

    No state follows from it.
    """
    low = tuple(low_populations(cd5, blasts, threshold, limits))
    return cd5.model_copy(update={"reasons": (*low, *cd5.reasons)}) if low else cd5


def excluded_sections(gating: Gating, *, tube: Tube) -> tuple[ExcludedSection, ...]:
    """Return the cells that look like blasts in part and were not counted as such, gate by gate.

    No cell is in two of them, nor among the blasts.

    Args:
        gating: who is in which population.
        tube: the tube, whose strategy says what is named.
    """
    taken = gating.members.get(BLASTS) if _is_accepted(gating) else None
    whole = gating.count(DENOMINATOR)
    rows = []
    for one in _like_blasts(gating, tube.strategy.not_counted):
        mask = gating.members.get(one.name)
        if mask is None:
            continue
        left = mask if taken is None else mask & ~taken
        events = _within_denominator(gating, left)
        percent = share_percent(events, whole) if whole else None
        specimen = tube.settings.specimen
        if not events or (one.rule and not one.rule.is_worth_a_name(percent, specimen)):
            continue
        taken = mask if taken is None else taken | mask
        limits = {} if one.rule is None else one.rule.above_percent
        values = {"limit": limits[specimen]} if specimen in limits else {}
        rows.append(
            ExcludedSection(
                name=one.name,
                what=written(one.what),
                events=events,
                percent_of_denominator=percent,
                why=Reason("EXCLUDED", case=one.case, **values),
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class _Like:
    """Cells like blasts: their gate, what they are, why they do not count, and the rule that names them."""

    name: str
    what: str
    case: str
    rule: NotCounted | None = None


def _like_blasts(gating: Gating, rules: Iterable[NotCounted]) -> Iterator[_Like]:
    for rule in rules:
        yield _Like(rule.population, rule.what, rule.why, rule)
    thymus = "THYMUS_NOT_EXCLUDED" in codes(finding.reason for finding in gating.findings)
    for one in gating.outside:
        case = "outside" if one.lineage == UNPROVEN else "not_accepted"
        yield _Like(one.name, one.what, "thymus" if thymus else case)
    if gating.lineage.unproven_cluster and not gating.lineage.is_proven:
        yield _Like(BLASTS, "cells in the blast gate", "unproven")
