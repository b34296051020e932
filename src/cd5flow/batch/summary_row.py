"""A sample's row of the summary, from its result alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from cd5flow.analysis.option_words import IDENTIFIERS
from cd5flow.config.shipped import protocol_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.clinical import recorded_clinical
from cd5flow.criteria.eligibility import Eligibility, eligibility_columns, judge_eligibility
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.errors import Cd5FlowError
from cd5flow.model.reasons import AS_WRITTEN, sentence
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    CriterionState,
    QualityState,
    Result,
)
from cd5flow.model.states import needs_person
from cd5flow.report.tables import BETWEEN, Cell, noticed_checks, result_cells

STATES: Final[dict[str, tuple[str, ...]]] = {
    "criterion_state": tuple(CriterionState),
    "cd5_state": tuple(Cd5State),
    "burden_state": tuple(BurdenState),
    "quality_state": (QualityState.PASS, QualityState.WARN, QualityState.FAIL),
    "review_state": ("unreviewed", "confirmed", "amended", "rejected"),
}
"""Every state that a column can hold, in the order of the result's schema."""


@dataclass(frozen=True, slots=True)
class ReasonAbout:
    """Why a part of the result is as it is.

    Attributes:
        about: criterion, CD5, burden or quality.
        code: the reason's, or the quality check's; empty where it has none.
        sentence: in words.
    """

    about: str
    code: str
    sentence: str


def summary_row(
    result: Result, *, folder: str, report: str | None = None, notes: Sequence[str] = ()
) -> dict[str, Cell]:
    """Return a sample's cells by column; unknown is None.

    Args:
        result: the sample's.
        folder: its name in the results folder.
        report: path of its report from there.
        notes: what else is to be known of it.
    """
    sample, cd5, burden = result.sample, result.cd5, result.burden
    return {
        **{name: sample.identifiers.get(name) for name in IDENTIFIERS},
        **result_cells(result),
        "events": sample.events,
        "cytometer": sample.cytometer,
        "prior_therapy": ";".join(sample.prior_therapy),
        "blast_events": cd5.blast_events,
        "scope": burden.scope and burden.scope.value,
        "look_alike_events": burden.look_alike_events,
        "denominator": burden.denominator,
        "denominator_events": burden.denominator_events,
        "lod_percent": burden.lod_percent,
        "lod_by": burden.lod_by,
        "lloq_percent": burden.lloq_percent,
        "level": burden.level,
        "quality_reasons": BETWEEN.join(
            f"{c.code}: {c.state.value}: {c.message}" for c in noticed_checks(result)
        ),
        "needs_person": _yes_no(needs_person(result.criterion.state, result.quality.state)),
        "apart": None,
        "controls": ";".join(
            f"{c.role} {'accepted' if c.accepted else 'refused'}" for c in result.controls
        ),
        "cd5flow": result.provenance.cd5flow,
        **eligibility_columns(_criteria(result)),
        "notes": BETWEEN.join(notes),
        "folder": folder,
        "report": report,
    }


def _yes_no(holds: bool) -> str:  # noqa: FBT001 - the truth itself
    return "yes" if holds else "no"


def _criteria(result: Result) -> Eligibility | None:
    """Return the criteria of a result's protocol; None without a clinical file or the protocol."""
    clinical = recorded_clinical(result)
    protocol = _protocol(str(result.provenance.settings.get("protocol")))
    if clinical is None or protocol is None or protocol.sha256 != result.protocol.sha256:
        return None
    if not protocol.value.criteria:
        return None
    return judge_eligibility((result,), protocol=protocol, clinical=clinical)


@cache
def _protocol(name: str) -> Loaded[Protocol] | None:
    """Return a shipped protocol; a result keeps no folder in which another could be found again."""
    try:
        return load_protocol(protocol_file(name))
    except Cd5FlowError:
        return None


def reasons(result: Result) -> Iterator[ReasonAbout]:
    """Yield every reason of a result, and what quality checks that warn or fail have seen."""
    for about, given in (
        ("criterion", result.criterion.reasons),
        ("CD5", result.cd5.reasons),
        ("burden", result.burden.reasons),
    ):
        for reason in given:
            code = "" if reason.code == AS_WRITTEN else reason.code
            yield ReasonAbout(about, code, sentence(reason))
    for check in noticed_checks(result):
        yield ReasonAbout("quality", check.code, f"{check.state.value}: {check.message}")
