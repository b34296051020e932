"""Samples, time points and marks in the words that the overview shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

from cd5flow.analysis.option_words import IDENTIFIERS
from cd5flow.batch.outliers import Outlier
from cd5flow.batch.results_folder import SampleEntry
from cd5flow.batch.summary_row import STATES, ReasonAbout
from cd5flow.batch.trend import BurdenDisplay, Visit
from cd5flow.model.result import BurdenSection, Cd5Section, SampleSection, Specimen, Timepoint
from cd5flow.report import numerals
from cd5flow.report.answer import TONES
from cd5flow.report.folder import RESULT
from cd5flow.report.source import HTML, PDF
from cd5flow.report.wording import Wording

Write = Callable[[str], str]
"""Makes every letter of a text from outside visible."""

UNKNOWN: Final = "unknown"

TITLES: Final = {
    "criterion_state": "Criterion",
    "cd5_state": "CD5",
    "burden_state": "Burden",
    "quality_state": "Quality",
    "review_state": "Review",
}

_REVIEW_TONES: Final = {
    "unreviewed": "look",
    "confirmed": "good",
    "amended": "good",
    "rejected": "bad",
}
_LINKS: Final = ((HTML, "report"), (PDF, "PDF"), (RESULT, "JSON"))


def tone_of(column: str, state: str) -> str:
    """Return how a state is set off; those of disease are plain."""
    if column == "review_state":
        return _REVIEW_TONES[state]
    return TONES.get(state, "plain")


def state_cell(column: str, state: str) -> dict[str, Any]:
    """Return a state with its tone, and its rank among the states of its column."""
    return {"word": state, "tone": tone_of(column, state), "rank": STATES[column].index(state)}


def state_meanings(wording: Wording) -> Iterator[tuple[str, str, str]]:
    """Yield column, state and meaning of every state, in the order of the result's schema."""
    for column, states in STATES.items():
        words = getattr(wording.states, column.removesuffix("_state"))
        for state in states:
            yield column, state, words[state].means


def link_to(folder: str, name: str) -> str:
    """Return the address of a sample's file relative to the overview."""
    return f"{quote(folder)}/{quote(name)}"


def sample_row(
    entry: SampleEntry,
    marks: Sequence[Outlier],
    *,
    pictures: Sequence[Any],
    trend: str,
    write: Write,
) -> dict[str, Any]:
    """Return a sample's row.

    Args:
        entry: the sample.
        marks: its values that sit apart.
        pictures: of CD45 and side scatter, and of CD5.
        trend: the anchor of its patient's trend; empty without one.
        write: for texts from outside.
    """
    states = {column: str(entry.row[column]) for column in STATES}
    links = [
        {"href": link_to(entry.folder, name), "word": word}
        for name, word in _LINKS
        if name in entry.files
    ]
    return {
        **_identity(entry, write),
        "href": links[0]["href"] if links else "",
        "links": links,
        "trend": trend,
        "states": states,
        **{column.removesuffix("_state"): state_cell(column, states[column]) for column in states},
        **_shares(entry.cd5, entry.burden),
        "checks": str(entry.row["quality_codes"]).replace(";", ", "),
        "apart": [write(outlier_name(mark)) for mark in marks],
        "reasons": [_reason(reason, write) for reason in entry.reasons],
        "map": pictures[0],
        "overlay": pictures[1],
    }


def visit_row(visit: Visit, write: Write) -> dict[str, Any]:
    """Return a time point's row."""
    return {
        "sample": write(visit.sample.id),
        "collected": write(visit.sample.collected_at or ""),
        "circumstances": [_circumstances(visit.sample)],
        "burden": state_cell("burden_state", visit.burden.state.value),
        "cd5": state_cell("cd5_state", visit.cd5.state.value),
        "criterion": state_cell("criterion_state", visit.criterion.value),
        "review": state_cell("review_state", visit.review),
        **_shares(visit.cd5, visit.burden),
    }


KEY: Final = (
    (BurdenDisplay.MEASURED, "a number with a definite state"),
    (BurdenDisplay.BELOW_LLOQ, "below the limit of quantification; CD5 borderline"),
    (BurdenDisplay.BELOW_LOD, "below the limit of detection, at which it stands"),
    (BurdenDisplay.WITHHELD, "a number without a state"),
    (BurdenDisplay.UNKNOWN, "unknown"),
)
"""What the marks of a trend stand for."""


def outlier_name(mark: Outlier) -> str:
    """Return "t_landmark: CD3 peak, 8.1 spreads below"."""
    side = "below" if mark.spreads < 0 else "above"
    return f"{mark.what}, {abs(mark.spreads):.1f} spreads {side}"


def outlier_row(sample: str, mark: Outlier, write: Write) -> dict[str, Any]:
    """Return a row of the table of marks."""
    return {
        "sample": write(sample),
        "what": write(mark.what),
        "number": numerals.number(mark.number),
        "median": numerals.number(mark.median),
        "spreads": f"{mark.spreads:+.1f}".replace("-", "\N{MINUS SIGN}"),
        "tubes": mark.tubes,
    }


def _identity(entry: SampleEntry, write: Write) -> dict[str, Any]:
    """Return who a sample is of, what it is called, and when it was taken."""
    sample = entry.sample
    names = [f"{n.replace('_', ' ')} {sample.identifiers.get(n)}" for n in IDENTIFIERS]
    names = [name for name, n in zip(names, IDENTIFIERS, strict=True) if sample.identifiers.get(n)]
    if sample.file.rpartition(".")[0] != sample.id:
        names.insert(0, sample.file)
    therapies = ", ".join(sample.prior_therapy).replace("_", " ")
    return {
        "sample": write(sample.id),
        "names": [write(name) for name in names],
        "notes": [write(note) for note in entry.notes],
        "patient": write(sample.patient_id or ""),
        "moment": write(sample.collected_at or ""),
        "collected": write(sample.collected_at or ""),
        "circumstances": [line for line in (_circumstances(sample), therapies) if line],
    }


def _circumstances(sample: SampleSection) -> str:
    """Return time point and specimen in words; what was not said is said to be."""
    timepoint = (
        "time point not stated"
        if sample.timepoint is Timepoint.UNSTATED
        else sample.timepoint.value
    )
    specimen = (
        "specimen not stated"
        if sample.specimen is Specimen.UNKNOWN
        else sample.specimen.value.replace("_", " ")
    )
    return f"{timepoint}, {specimen}"


def _shares(cd5: Cd5Section, burden: BurdenSection) -> dict[str, Any]:
    """Return percentages as print writes them, the numbers to sort by, and what belongs to them."""
    return {
        "cd5_key": "" if cd5.percent is None else repr(cd5.percent),
        "cd5_percent": cd5_share(cd5),
        "cd5_notes": list(_cd5_notes(cd5)),
        "burden_key": "" if burden.percent is None else repr(burden.percent),
        "burden_percent": burden_share(burden),
        "burden_notes": list(_burden_notes(burden)),
    }


def cd5_share(cd5: Cd5Section) -> str:
    """Return the CD5 share, never rounded across its threshold."""
    if cd5.percent is None:
        return UNKNOWN
    return f"{numerals.share(cd5.percent, limits=(cd5.threshold_percent,))} %"


def burden_share(burden: BurdenSection) -> str:
    """Return the burden; under a limit only that it is, as reports do."""
    if burden.percent is None:
        return UNKNOWN
    if burden.below is not None:
        return f"< {burden.below}"
    return f"{numerals.burden(burden.percent)} %"


def _cd5_notes(cd5: Cd5Section) -> Iterator[str]:
    if cd5.ci95_percent is not None:
        limits = (cd5.threshold_percent,)
        low, high = (numerals.share(end, limits=limits) for end in cd5.ci95_percent)
        yield f"95 %: {low} to {high}"
    if cd5.percent is None:
        yield f"{numerals.count(cd5.blast_events)} blasts"
    else:
        yield f"{numerals.count(cd5.positive_events)} of {numerals.count(cd5.blast_events)}"
    yield f"asked {cd5.operator} {cd5.threshold_percent:g} %"


def _burden_notes(burden: BurdenSection) -> Iterator[str]:
    quantified = burden.percent is not None and burden.below is None
    if quantified and burden.ci95_percent is not None:
        low, high = (numerals.burden(end) for end in burden.ci95_percent)
        yield f"95 %: {low} to {high}"
    if not quantified and burden.upper95_percent is not None:
        yield f"95 %: at most {numerals.burden(burden.upper95_percent)}"
    total = numerals.count(burden.denominator_events)
    if burden.percent is None:
        yield f"{total} in the denominator"
    else:
        yield f"{numerals.count(burden.blast_events)} of {total}"
    if burden.lod_percent is not None:
        yield f"LOD {numerals.burden(burden.lod_percent)} %"


def _reason(reason: ReasonAbout, write: Write) -> dict[str, str]:
    """Return a reason with its code apart from its sentence, where it has one."""
    return {"about": reason.about, "text": write(reason.sentence), "code": reason.code}
