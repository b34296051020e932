"""`cd5flow eligibility`: every criterion of a protocol for the patients of some results."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cd5flow.cli.terminal import emit, is_terminal, say, show
from cd5flow.config.atomic import as_private_as, write_atomically
from cd5flow.config.shipped import list_protocols, protocol_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.clinical import load_clinical
from cd5flow.criteria.eligibility import (
    MISSING,
    CriterionAnswer,
    Eligibility,
    Overall,
    counts,
)
from cd5flow.criteria.patients import Clinicals, judge_patients
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import FileAccessError, OptionError
from cd5flow.model.reasons import Reason, sentence
from cd5flow.model.result import Result
from cd5flow.model.result_file import contradictions, read_result

RESULT: Final = "result.json"
PLAIN_WIDTH: Final = 120
"""Letters of a line where no terminal says how many it has."""

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
    files = _result_files(places)
    results = [read_result(file) for file in files]
    loaded = load_protocol(_protocol_file(protocol, results))
    clinicals = _clinicals(clinical)
    remarks = _remarks(results, loaded)
    judged = judge_patients(results, clinicals, protocol=loaded, use=use, remarks=remarks)
    for sample, lines in remarks.items():
        for line in lines:
            say(f"{sample}: {sentence(line)}")
    _say_unjoined(judged, clinicals)
    text = _json(judged, several=len(results) > 1)
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


def _result_files(places: Sequence[Path]) -> list[Path]:
    """Return the result files: those named, and of a folder its own or those of its samples.

    Raises:
        FileAccessError: a folder holds none.
    """
    files: list[Path] = []
    for place in places:
        if not place.is_dir():
            files.append(place)
        elif (place / RESULT).is_file():
            files.append(place / RESULT)
        else:
            found = sorted(place.glob(f"*/{RESULT}"))
            if not found:
                raise FileAccessError(f"{place}: found no {RESULT} in it or in its folders")
            files += found
    return list(dict.fromkeys(files))


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


def _clinicals(file: Path) -> Clinicals:
    from cd5flow.batch.clinical_sheet import is_sheet, load_clinical_sheet  # noqa: PLC0415 - for sheets

    return load_clinical_sheet(file) if is_sheet(file) else load_clinical(file).value


def _remarks(results: Sequence[Result], protocol: Loaded[Protocol]) -> dict[str, list[Reason]]:
    """Return what is to be told of results: changed by hand, or judged under other rules."""
    told: dict[str, list[Reason]] = {}
    for result in results:
        lines = [Reason("RESULT_CONTRADICTS_ITSELF", what=what) for what in contradictions(result)]
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


def _json(judged: Sequence[Eligibility], *, several: bool) -> str:
    if not several:
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
    _show_table(("", "STATE", "CRITERION", "WHY, OR WHAT IS MISSING"), rows, styles)
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
    show(f"{len(judged)} patients, protocol {protocol.name} {protocol.version}", style="strong")
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
    _show_table(head, rows, [styles[one.overall] for one in judged])
    show()
    show(f"{SITE} Every criterion with its evidence: a patient's result alone, or --json.")


def _patient_row(judged: Eligibility, clinicals: Clinicals) -> tuple[str, ...]:
    failed = [answer.id for answer in judged.criteria if answer.satisfied is False]
    unknown = [answer for answer in judged.criteria if answer.satisfied is None]
    lines = [f"{answer.id}: {_short(answer)}" for answer in unknown]
    if isinstance(clinicals, Mapping) and judged.patient_id not in clinicals:
        lines = [f"{_ranges([a.id for a in unknown])}: no row in the clinical sheet"]
    name = judged.patient_id or judged.samples[0].id
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


def _show_table(head: Sequence[str], rows: Sequence[Sequence[str]], styles: Sequence[str]) -> None:
    """Print rows whose last two columns are wrapped to the line."""
    width = PLAIN_WIDTH
    if is_terminal(sys.stdout):
        width = max(shutil.get_terminal_size().columns, 80)
    fixed = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head) - 2)]
    left = width - sum(fixed) - 2 * (len(head) - 1)
    longest = max(len(row[-2]) for row in (head, *rows))
    fixed.append(min(longest, left * 2 // 5))
    widths = [*fixed, left - fixed[-1]]
    for row, style in zip((head, *rows), ("strong", *styles), strict=True):
        cells = [_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)]
        for line in range(max(map(len, cells))):
            parts = [
                (cell[line] if line < len(cell) else "").ljust(width)
                for cell, width in zip(cells, widths, strict=True)
            ]
            show("  ".join(parts).rstrip(), style=style if line == 0 else None)


def _wrapped(text: str, width: int) -> list[str]:
    lines = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width, subsequent_indent="  ") or [""]
    return lines
