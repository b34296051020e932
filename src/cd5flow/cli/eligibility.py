"""`cd5flow eligibility`: every criterion of a protocol for the patients of some results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cd5flow.cli.results_given import read_clinicals, read_results, result_files
from cd5flow.cli.terminal import emit, say, show
from cd5flow.cli.wrapped_table import show_table
from cd5flow.config.atomic import as_private_as, write_atomically
from cd5flow.config.shipped import list_protocols, protocol_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.eligibility import (
    MISSING,
    CriterionAnswer,
    Eligibility,
    Overall,
    counts,
)
from cd5flow.criteria.patients import Clinicals, judge_patients
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import OptionError
from cd5flow.model.reasons import Reason, sentence
from cd5flow.model.result import Result

WORDS: Final[Mapping[bool | None, str]] = {
    True: "satisfied",
    False: "NOT SATISFIED",
    None: "unknown",
}
STYLES: Final[Mapping[bool | None, str]] = {True: "good", False: "bad", None: "look"}
MOST_NAMED: Final = 10
"""Patients without a result that are named."""

FIELDS_THEMSELVES: Final = frozenset({"CLINICAL", "BOUNDED", "MISSING"})
"""Codes of evidence that says what stands in the clinical file, or does not."""

SITE: Final = "Whether a patient enters the trial is the site's decision."


def run(
    places: Sequence[Path],
    *,
    clinical: Path,
    protocol: str | None,
    use: Sequence[str],
    out: Path | None,
    as_json: bool,
) -> None:
    """Judge, write, print."""
    files = result_files(places)
    results = read_results(files)
    loaded = load_protocol(_protocol_file(protocol, results))
    clinicals = read_clinicals(clinical)
    remarks = _remarks(results, loaded)
    judged = judge_patients(
        results,
        clinicals,
        protocol=loaded,
        use=use,
        remarks=remarks,
    )
    for sample, lines in remarks.items():
        for line in lines:
            say(f"{sample}: {sentence(line)}", style="look")
    _say_unjoined(judged, clinicals)
    text = _json(judged)
    if out is not None:
        write_atomically(out, text.encode(), mode=as_private_as([*files, clinical]))
    if as_json:
        emit(text)
        return
    if len(judged) == 1:
        _show_one(judged[0])
    else:
        _show_many(judged, clinicals)
    if out is not None:
        show(f"Written: {out}")


def _protocol_file(given: str | None, results: Sequence[Result]) -> Path:
    """Return the protocol asked for, or the one that all results were judged against.

    Raises:
        OptionError: the results do not agree on one that comes with cd5flow.
    """
    if given is not None:
        return protocol_file(given)
    names = list(dict.fromkeys(result.protocol.name for result in results))
    if len(names) > 1:
        raise OptionError(f"protocol: results are of {', '.join(names)}; say which: --protocol")
    if names[0] not in list_protocols():
        raise OptionError(
            f"protocol: results are of {names[0]!r}, which does not come with cd5flow; give its "
            "file: --protocol FILE"
        )
    return protocol_file(names[0])


def _remarks(results: Sequence[Result], protocol: Loaded[Protocol]) -> dict[str, list[Reason]]:
    """Return what is to be told of results: judged under other rules."""
    told: dict[str, list[Reason]] = {}
    for result in results:
        lines: list[Reason] = []
        if result.protocol.sha256 != protocol.sha256:
            was, now = result.protocol, protocol.value
            other = Reason(
                "OTHER_PROTOCOL",
                case="judged",
                judged=f"{was.name} {was.version} ({was.sha256[:12]})",
                asked=f"{now.name} {now.version} ({protocol.sha256[:12]})",
            )
            lines.append(other)
        if lines:
            told.setdefault(result.sample.id, []).extend(lines)
    return told


def _say_unjoined(judged: Sequence[Eligibility], clinicals: Clinicals) -> None:
    if not isinstance(clinicals, Mapping):
        return
    for one in judged:
        samples = ", ".join(sample.id for sample in one.samples)
        if one.patient_id is None:
            say(f"{samples}: the result names no patient, so no clinical row can be its own")
        elif one.patient_id not in clinicals:
            say(f"{samples}: patient {one.patient_id} has no row in the clinical sheet")
    found = {one.patient_id for one in judged}
    if left := [patient for patient in clinicals if patient not in found]:
        named = ", ".join(left[:MOST_NAMED]) + (" ..." if len(left) > MOST_NAMED else "")
        say(f"no result was given of {len(left)} of the sheet's patients: {named}")


def _json(judged: Sequence[Eligibility]) -> str:
    """Return one object for one patient, an array for several."""
    if len(judged) == 1:
        return judged[0].to_json()
    plain: list[Any] = [one.model_dump(mode="json", by_alias=True) for one in judged]
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def _show_one(judged: Eligibility) -> None:
    """Print a patient's criteria, each with what decided it or what is missing."""
    _show_head(judged)
    rows = [
        (answer.id, WORDS[answer.satisfied], answer.text, _evidence(answer))
        for answer in judged.criteria
    ]
    styles = [STYLES[answer.satisfied] for answer in judged.criteria]
    show_table(("", "STATE", "CRITERION", "WHY, OR WHAT IS MISSING"), rows, styles)
    show()
    show(SITE)


def _show_head(judged: Eligibility) -> None:
    protocol = judged.protocol
    patient = judged.patient_id or "not named"
    show(f"Patient {patient}, protocol {protocol.name} {protocol.version}", style="strong")
    for sample in judged.samples:
        used = "" if sample.used else ", not used"
        show(f"Sample {sample.id}, {sample.review}{used}")
    if not judged.identity_verified:
        show("Result and clinical file do not both name the patient: identity not verified.")
    met, failed, unknown = counts(judged)
    show(f"{judged.overall.value}: {met} satisfied, {failed} not satisfied, {unknown} unknown")
    show("An exclusion (E) is satisfied where it does not apply.")
    if not judged.criteria_complete:
        show(
            f"The protocol file lists some of the trial's criteria; {Overall.ALL_SATISFIED} is never said."
        )
    show()


def _evidence(answer: CriterionAnswer) -> str:
    """Return what is missing, by its name in the clinical file, and what is known."""
    said = [f"missing: {', '.join(answer.missing)}"] if answer.missing else []
    known = sorted(answer.evidence, key=lambda line: line not in answer.undecided)
    for reason in known:
        if reason.code not in FIELDS_THEMSELVES:
            said.append(str(reason))
        elif reason.code != MISSING:
            said.append(sentence(reason))
    return "\n".join(said)


def _show_many(judged: Sequence[Eligibility], clinicals: Clinicals) -> None:
    """Print a line a patient."""
    protocol = judged[0].protocol
    unnamed = sum(not one.identity_verified for one in judged)
    left = f", {unnamed} of them results whose patient is not verified" if unnamed else ""
    show(
        f"{len(judged)} patients{left}, protocol {protocol.name} {protocol.version}", style="strong"
    )
    if not judged[0].criteria_complete:
        show(
            f"The protocol file lists some of the trial's criteria; {Overall.ALL_SATISFIED} is never said."
        )
    show()
    head = ("PATIENT", "OVERALL", "SATISFIED", "NOT SATISFIED", "UNKNOWN, AND WHAT IS MISSING")
    styles = {
        Overall.ALL_SATISFIED: "good",
        Overall.NOT_SATISFIED: "bad",
        Overall.INCOMPLETE: "look",
    }
    rows = [_patient_row(one, clinicals) for one in judged]
    show_table(head, rows, [styles[one.overall] for one in judged])
    show()
    show(f"{SITE} Every criterion with its evidence: a patient's result alone, or --json.")


def _patient_row(judged: Eligibility, clinicals: Clinicals) -> tuple[str, ...]:
    failed = [answer.id for answer in judged.criteria if answer.satisfied is False]
    unknown = [answer for answer in judged.criteria if answer.satisfied is None]
    lines = [f"{answer.id}: {_short(answer)}" for answer in unknown]
    if isinstance(clinicals, Mapping) and judged.patient_id not in clinicals:
        lines = [f"{_ranges([a.id for a in unknown])}: no row in the clinical sheet"]
    named = judged.patient_id if judged.identity_verified else None
    name = named or judged.samples[0].id
    return (
        name,
        judged.overall.value,
        f"{counts(judged)[0]} of {len(judged.criteria)}",
        _ranges(failed) or "none",
        "\n".join(lines) or "none",
    )


def _ranges(ids: Sequence[str]) -> str:
    """Return ids with those that follow each other as one: "I1-I8, E1-E14"."""
    runs: list[list[str]] = []
    for one in ids:
        last = runs[-1][-1] if runs else ""
        if last[:1] == one[:1] and int(last[1:]) + 1 == int(one[1:]):
            runs[-1].append(one)
        else:
            runs.append([one])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _short(answer: CriterionAnswer) -> str:
    """Return why a criterion is unknown: what is missing, and what leaves it open."""
    return ", ".join((*answer.missing, *(str(line).partition(",")[0] for line in answer.undecided)))
