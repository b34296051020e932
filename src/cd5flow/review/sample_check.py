"""Whether a sample's folder is what was written and signed: digest, states, review, files, rules, input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cd5flow.analysis.stored import faults_of
from cd5flow.errors import Cd5FlowError
from cd5flow.model.opening import read_regular
from cd5flow.model.result import Result, ReviewSection
from cd5flow.model.result_file import ResultFile, load_result
from cd5flow.report.folder import RESULT
from cd5flow.report.input_files import InputFiles
from cd5flow.report.source import HTML, MAX_BYTES
from cd5flow.review.findings import Fault, Finding
from cd5flow.review.signed_files import differences, folder_hashes
from cd5flow.signatures.acts import ActKind, Entry
from cd5flow.signatures.rules import refusal
from cd5flow.signatures.standing import Standing, counts, signature_of, standing
from cd5flow.signatures.users import Users

_FILE_FAULTS = {
    "changed": Fault.FILE_CHANGED,
    "missing": Fault.FILE_MISSING,
    "added": Fault.FILE_ADDED,
}


@dataclass(frozen=True, slots=True)
class CheckedSample:
    """What was found of one sample.

    Attributes:
        sample: its folder.
        standing: where it stands by the ledger; None where its result cannot be read.
        findings: what does not hold.
        notes: what could not be checked.
    """

    sample: str
    standing: Standing | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


def check_sample(
    folder: Path,
    entries: Sequence[Entry],
    *,
    users: Users | None = None,
    inputs: InputFiles | None = None,
) -> CheckedSample:
    """Return what does not hold of a sample.

    Args:
        folder: the sample's.
        entries: the whole ledger.
        users: whose signatures count; None is everybody whose signature is of the key it names.
        inputs: where the tube may be found; None where that is not to be looked at.
    """
    sample = folder.name
    try:
        found = load_result(folder / RESULT)
    except Cd5FlowError as error:
        return CheckedSample(sample, None, (Finding(Fault.RESULT, error.message, sample),))
    result = found.result
    now = standing(entries, sample, str(result.digest), amended=bool(result.overrides), users=users)
    findings = [
        *_content(found, sample),
        *_review(result, now),
        *_files(folder, now),
        *_report(folder, result, now),
        *_replaced(entries, now, users),
        *_rules(result, now, users),
    ]
    tube, notes = _input(result, inputs, sample)
    return CheckedSample(sample, now, (*findings, *tube), notes)


def analysed_by(result: Result, now: Standing, users: Users | None) -> frozenset[str]:
    """Return the users who analysed a version by drawing its gates, on the page or in a file."""
    named = {one.by.casefold() for one in result.overrides}
    by_file = {
        one.user
        for one in (() if users is None else users.people)
        if one.user.casefold() in named or one.name.casefold() in named
    }
    return frozenset(now.movers) | by_file


def _content(found: ResultFile, sample: str) -> Iterator[Finding]:
    if not found.is_whole:
        yield Finding(Fault.DIGEST, found.digest_fault, sample)
    for what in faults_of(found):
        if what != found.digest_fault:
            yield Finding(Fault.STATES, what, sample)


def _review(result: Result, now: Standing) -> Iterator[Finding]:
    """Compare what a result says of its review with what the ledger holds."""
    if now.pending is not None:
        what = f"entry {now.pending.entry}: a signature whose files were not recorded; sign again"
        yield Finding(Fault.UNFINISHED, what, now.sample, now.pending.entry)
    allowed = [now.section()] if now.signatures else [ReviewSection()]
    if now.pending is not None:
        allowed.append(now.completed().section())
    if result.review not in allowed:
        what = f"review: found {result.review.state}, expected {allowed[0].state} by the ledger"
        yield Finding(Fault.REVIEW, what, now.sample)


def _files(folder: Path, now: Standing) -> Iterator[Finding]:
    if now.files is None:
        return
    try:
        there = folder_hashes(folder)
    except Cd5FlowError as error:
        yield Finding(Fault.FILE_CHANGED, error.message, now.sample)
        return
    for one in differences(now.files, there):
        yield Finding(_FILE_FAULTS[one.what], str(one), now.sample)


def _report(folder: Path, result: Result, now: Standing) -> Iterator[Finding]:
    """Find a page that shows another result than the one it lies beside."""
    page = folder / HTML
    if not page.is_file() or now.pending is not None:
        return
    try:
        text = read_regular(page, MAX_BYTES).decode(errors="replace")
    except OSError as error:
        yield Finding(Fault.REPORT, f"{HTML}: cannot be read ({error})", now.sample)
        return
    if result.digest and result.digest[:8] not in text:
        what = f"{HTML} does not show the digest {result.digest[:8]}: it is of another result"
        yield Finding(Fault.REPORT, what, now.sample)


def _replaced(entries: Sequence[Entry], now: Standing, users: Users | None) -> Iterator[Finding]:
    """Find versions that were signed and then replaced without a word in the ledger."""
    about = [one for one in entries if one.subject == now.sample]
    told = {
        one.text("earlier") for one in about if one.kind in {ActKind.VERSION, ActKind.SUPERSEDED}
    }
    last = None
    for one in about:
        if one.kind is ActKind.SIGNATURE and counts(one, users):
            last = one
    if last is not None and last.text("digest") not in {now.digest, *told}:
        what = (
            f"entry {last.number} signs the version {last.text('digest')[:8]}, but "
            f"{now.digest[:8]} lies here, and no entry says why"
        )
        yield Finding(Fault.REPLACED, what, now.sample, last.number)


def _rules(result: Result, now: Standing, users: Users | None) -> Iterator[Finding]:
    """Find signatures that should have been refused when they were made."""
    movers = analysed_by(result, now, users)
    signed = now.completed().signatures
    for place, one in enumerate(signed):
        why = refusal(one.user, one.role, one.meaning, earlier=signed[:place], movers=movers)
        if why:
            yield Finding(Fault.RULE, f"entry {one.entry}: {why}", now.sample, one.entry)


def _input(
    result: Result, inputs: InputFiles | None, sample: str
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Find the tube that was analysed; one that is in its place but holds something else is a fault."""
    if inputs is None:
        return (), ()
    name, sha256 = result.sample.file, result.sample.sha256
    if inputs.find(name, sha256) is not None:
        return (), ()
    place = inputs.place_of(sha256)
    if place is not None and place.is_file():
        what = f"{place}: holds another content than the tube that was analysed"
        return (Finding(Fault.INPUT, what, sample),), ()
    return (), (f"{name}: the tube was not found, its content is not checked",)


def signed_samples(entries: Sequence[Entry]) -> frozenset[str]:
    """Return the folders of which a signature speaks."""
    return frozenset(
        one.subject
        for one in entries
        if one.kind is ActKind.SIGNATURE and signature_of(one) is not None
    )
