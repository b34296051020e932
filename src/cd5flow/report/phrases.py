"""The report's own headings and phrases: one field each, so that a missing one is named at once.

A phrase with fields in braces must keep to those that its type names.
"""

from __future__ import annotations

import string
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from cd5flow.model.file_part import FilePart

Text = Annotated[str, StringConstraints(min_length=1)]


def fields_of(phrase: str) -> set[str]:
    """Return the names in braces of a phrase.

    Raises:
        ValueError: a brace stands alone, or holds more than a name.
    """
    found = set()
    for _, name, form, conversion in string.Formatter().parse(phrase):
        if name is None:
            continue
        if not name.isidentifier() or form or conversion:
            raise ValueError(f"{{{name}}}: expected a name in braces; write {{{{ for a brace")
        found.add(name)
    return found


def _plain(phrase: str) -> str:
    return _checked(phrase, frozenset())


def _checked(phrase: str, allowed: frozenset[str]) -> str:
    if unknown := fields_of(phrase) - allowed:
        there = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "none"
        raise ValueError(f"{{{min(unknown)}}} is no field of this phrase; it has: {there}")
    return phrase


def _page_first(phrase: str) -> str:
    if not 0 <= phrase.find("{page}") < phrase.find("{pages}"):
        raise ValueError("expected {page}, and {pages} after it")
    return phrase


def holds(*names: str) -> AfterValidator:
    """Return the check of a phrase that may hold these fields."""
    allowed = frozenset(names)
    return AfterValidator(lambda phrase: _checked(phrase, allowed))


Plain = Annotated[Text, AfterValidator(_plain)]
Counted = Annotated[Text, holds("count")]
Ranged = Annotated[Text, holds("low", "high")]


class Phrases(FilePart):
    """Every phrase of the report."""

    # On every page.
    report_title: Plain
    laboratory_unknown: Plain
    director: Plain
    report_id: Plain
    version: Plain
    version_replaces: Annotated[Text, holds("version", "earlier")]
    page_of: Annotated[Text, holds("page", "pages"), AfterValidator(_page_first)]
    draft: Plain
    skip: Plain

    # Unknown is said, never left out.
    unknown: Plain
    none: Plain
    not_given: Plain
    no_percent: Plain
    no_limit: Plain
    yes: Plain
    no: Plain

    # Who and what.
    patient: Plain
    sample: Plain
    specimen: Plain
    timepoint: Plain
    prior_therapy: Plain
    collected: Plain
    acquired: Plain
    cytometer: Plain
    events: Plain
    file: Plain
    issued: Plain

    # The answer.
    answer: Plain
    cd5_share: Plain
    burden_share: Plain
    criterion_of: Annotated[Text, holds("protocol", "version")]
    criterion_rule: Annotated[Text, holds("rule")]
    asked: Annotated[Text, holds("rule")]
    positive_of: Annotated[Text, holds("positive", "blasts")]
    blasts_only: Annotated[Text, holds("blasts")]
    total_only: Annotated[Text, holds("total")]
    population_of: Annotated[Text, holds("name", "lineage", "events", "share", "cd5")]
    excluded: Annotated[Text, holds("cells")]
    excluded_of: Annotated[Text, holds("what", "events", "percent")]
    blasts_of: Annotated[Text, holds("blasts", "total")]
    interval: Ranged
    band: Ranged
    band_unknown: Plain
    corrected: Annotated[Text, holds("percent")]
    of_t_cells_percent: Annotated[Text, holds("percent")]
    of_t_cells_unknown: Plain
    far_below: Annotated[Text, holds("fold")]
    etp_part: Plain
    etp_met: Plain
    etp_not_met: Plain
    below_lloq: Plain
    limits: Annotated[Text, holds("lod", "lloq")]
    upper: Annotated[Text, holds("high")]
    level: Annotated[Text, holds("level")]
    flow_alone: Annotated[Text, holds("state")]
    reasons: Plain
    rules_changed: Plain
    more_reasons: Annotated[Text, holds("count", "section")]
    no_reasons: Plain
    bar_value: Plain
    bar_interval: Plain
    bar_band: Plain
    bar_threshold: Annotated[Text, holds("rule")]
    bar_alt: Annotated[Text, holds("percent", "rule")]
    bar_alt_more: Ranged
    bar_alt_band: Ranged

    # Quality.
    quality_of: Annotated[Text, holds("state")]
    quality_all: Plain
    quality_caption: Plain
    check: Plain
    state: Plain
    found: Plain
    warn_limit: Plain
    fail_limit: Plain
    seen: Plain
    passed: Counted
    not_done: Counted
    more_checks: Annotated[Text, holds("count", "section")]
    quality_limits: Plain

    # A person's part.
    sign: Plain
    comment: Plain
    analyst: Plain
    reviewer: Plain
    name: Plain
    date: Plain
    signature: Plain
    disclaimer: Plain

    # Pictures and gates.
    pictures: Plain
    picture_of: Annotated[Text, holds("number", "title")]
    gates: Plain
    gates_caption: Plain
    population: Plain
    parent: Plain
    all_events: Plain
    of_parent: Plain
    usual: Plain
    of_denominator: Plain
    found_by: Plain
    not_gated: Plain
    confidence: Plain
    confidence_caption: Plain

    # Gates drawn by hand.
    by_hand: Plain
    by_hand_notice: Annotated[Text, holds("by", "date", "gates", "section")]
    by_hand_caption: Plain
    automatic_events: Plain
    drawn_events: Plain
    left_out: Plain
    by_whom: Plain
    answers_without: Plain
    automatic_dashed: Annotated[Text, holds("count")]
    cut_by_hand: Plain
    cut_by_hand_means: Plain
    phenotype: Plain
    phenotype_caption: Plain
    phenotype_range: Plain
    phenotype_times: Plain
    phenotype_above: Plain
    laip: Plain
    laip_of: Annotated[Text, holds("sample", "blasts")]
    redo: Plain
    redo_how: Plain

    # CD5.
    cd5: Plain
    state_of: Plain
    positive_blasts: Plain
    interval_of: Plain
    band_of: Plain
    band_means: Plain
    threshold: Plain
    pattern: Plain
    corrected_share: Plain
    cut: Plain
    cut_none: Plain
    cut_method: Plain
    cut_place: Plain
    cut_place_of: Annotated[Text, holds("linear", "channel", "scaled")]
    cut_reference: Plain
    cut_reference_of: Annotated[Text, holds("reference", "count")]
    cut_interval: Plain
    cut_interval_means: Plain
    t_cells_positive: Plain
    positive_t_cells_of: Annotated[Text, holds("percent", "positive", "cells")]
    note: Plain
    other_cells: Plain
    other_cells_from: Plain
    other_cells_share: Plain
    other_cells_cd5: Plain
    alternatives: Plain
    alternatives_none: Plain
    method: Plain
    place: Plain
    percent: Plain
    medians: Plain
    median_blasts: Plain
    median_negative: Plain
    median_t_cells: Plain
    difference: Plain
    ratio: Plain
    ratio_undefined: Plain
    of_t_cells: Plain
    stain_index: Plain
    stain_index_means: Plain

    # Burden.
    burden: Plain
    blast_events: Plain
    denominator: Plain
    denominator_events: Plain
    upper_of: Plain
    lod: Plain
    lloq: Plain
    limits_mean: Plain
    level_of: Plain
    lineage: Plain
    other_denominator: Annotated[Text, holds("population", "count")]
    by_denominator: Annotated[Text, holds("percent", "count", "denominator")]
    denominator_unknown: Annotated[Text, holds("denominator")]
    denominator_deciding: Plain
    denominator_other: Plain
    count_rule: Plain
    validated_limit: Plain

    # Criterion, method, files.
    criterion: Plain
    flow_state: Plain
    criterion_note: Plain
    clinical: Plain
    clinical_none: Plain
    field: Plain
    value: Plain
    criteria: Plain
    criteria_caption: Plain
    criteria_counted: Plain
    criteria_counts: Annotated[Text, holds("met", "failed", "unknown")]
    criteria_id: Plain
    criteria_text: Plain
    criteria_evidence: Plain
    criteria_source: Annotated[Text, holds("text")]
    criteria_satisfied: Plain
    criteria_not_satisfied: Plain
    criteria_unknown: Plain
    criteria_missing: Annotated[Text, holds("fields")]
    criteria_identity: Plain
    criteria_unverified: Plain
    criteria_partial: Plain
    criteria_note: Plain
    controls: Plain
    controls_caption: Plain
    controls_none: Plain
    role: Plain
    accepted: Plain
    refused: Plain
    why: Plain
    method_title: Plain
    panel: Plain
    channel: Plain
    marker: Plain
    label: Plain
    spillover: Plain
    data_set: Plain
    strategy: Plain
    protocol: Plain
    named: Annotated[Text, holds("name", "version")]
    choice: Plain
    marker_table: Plain
    hash: Plain
    noticed: Plain
    noticed_caption: Plain
    noticed_none: Plain
    what: Plain
    other: Plain
    files: Plain
    files_caption: Plain
    use: Plain
    software: Plain
    libraries: Plain
    seed: Plain
    attached: Plain
    replaced: Annotated[Text, holds("count", "letters")]
