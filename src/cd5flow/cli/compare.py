"""`cd5flow protocols compare`: results judged by every protocol, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from cd5flow.cli.results_given import read_clinicals, read_results, result_files
from cd5flow.cli.summary import burden_words
from cd5flow.cli.terminal import emit, show
from cd5flow.cli.wrapped_table import show_table
from cd5flow.config.shipped import list_protocols, protocol_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.comparison import (
    ComparedResult,
    ProtocolAnswer,
    compare_result,
    comparison,
)
from cd5flow.criteria.patients import clinical_of
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.model.reasons import sentence
from cd5flow.model.result import CriterionState, Result

STYLES: Final = {
    CriterionState.MET: "good",
    CriterionState.NOT_MET: "bad",
    CriterionState.REVIEW: "look",
    CriterionState.NOT_EVALUABLE: "look",
}
HEAD: Final = ("SAMPLE", "PROTOCOL", "CD5 ASKED", "CD5", "BURDEN", "CRITERION", "WHY")
SITE: Final = (
    "States follow from the numbers in the results; nothing was measured again. Whether a patient "
    "enters a trial is the site's decision."
)


def run(
    places: Sequence[Path],
    *,
    protocols: Sequence[str],
    clinical: Path | None,
    as_json: bool,
) -> None:
    """Judge every result by every protocol, and print."""
    results = read_results(result_files(places))
    loaded = _protocols(protocols)
    clinicals = None if clinical is None else read_clinicals(clinical)
    compared = []
    for result in results:
        known = clinical_of(result, clinicals)
        compared.append(compare_result(result, loaded, clinical=known))
    if as_json:
        emit(comparison(compared).to_json())
        return
    _show(results, compared)


def _protocols(given: Sequence[str]) -> list[Loaded[Protocol]]:
    """Return the protocols that come with cd5flow and those given, each once."""
    files = dict.fromkeys(protocol_file(name) for name in (*list_protocols(), *given))
    loaded = [load_protocol(file) for file in files]
    return list({one.sha256: one for one in loaded}.values())


def _show(results: Sequence[Result], compared: Sequence[ComparedResult]) -> None:
    for result, one in zip(results, compared, strict=True):
        show(_numbers(result, one), style="strong")
    show()
    rows: list[tuple[str, ...]] = []
    styles: list[str] = []
    for one in compared:
        for answer in one.protocols:
            rows.append((one.sample, *_row(answer)))
            styles.append(STYLES[answer.criterion_state])
    show_table(HEAD, rows, styles)
    show()
    for answer in compared[0].protocols:
        if answer.not_stated:
            trials = ", ".join(answer.trials)
            show(f"{answer.protocol.name} ({trials}): not stated: {', '.join(answer.not_stated)}")
    show(f"* the protocol that the result was judged by. {SITE}")


def _numbers(result: Result, one: ComparedResult) -> str:
    """Return a result's own numbers in a line."""
    cd5 = "no % CD5"
    if one.cd5_percent is not None:
        cd5 = f"CD5 on {one.cd5_percent:.1f} % of {one.blast_events:,} blasts"
        if one.cd5_ci95_percent is not None:
            cd5 += f", 95 % interval {one.cd5_ci95_percent[0]:.1f} to {one.cd5_ci95_percent[1]:.1f}"
        if one.cd5_band_percent is not None:
            cd5 += f", other cuts {one.cd5_band_percent[0]:.1f} to {one.cd5_band_percent[1]:.1f}"
    circumstances = f"{one.timepoint}, {one.specimen.replace('_', ' ')}, {one.review_state}"
    known = "with the clinic's findings" if one.clinical else "without the clinic's findings"
    return f"{one.sample} ({circumstances}; {known}): {cd5}; burden {burden_words(result.burden)}"


def _row(answer: ProtocolAnswer) -> tuple[str, ...]:
    asked = answer.cd5_rule
    if answer.ihc_rule is not None and answer.ihc_rule != answer.cd5_rule:
        asked += f" (IHC {answer.ihc_rule})"
    own = " *" if answer.of_the_result else ""
    return (
        f"{answer.protocol.name} {answer.protocol.version}{own}",
        asked,
        answer.cd5_state,
        answer.burden_state,
        answer.criterion_state,
        "\n".join(dict.fromkeys(_why(answer))),
    )


def _why(answer: ProtocolAnswer) -> Iterator[str]:
    for reason in (*answer.reasons, *answer.cd5_reasons):
        yield f"{reason.code}: {sentence(reason)}"
    for one in answer.requirements:
        for reason in one.reasons:
            yield f"{reason.code}: {sentence(reason)}"
    for day in answer.timepoints:
        if day.holds:
            yield f"day {day.day}: {day.name}"
