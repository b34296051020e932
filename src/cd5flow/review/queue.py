"""The samples of a results folder in the order in which a person should look at them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final

from cd5flow.batch.results_folder import natural, read_results
from cd5flow.batch.review_figures import ReviewedSample, reviewed_sample
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    CriterionState,
    QualityState,
    Result,
)
from cd5flow.report import numerals

LOW_MRD_PERCENT: Final = 0.1
"""Below this share of blasts a few cells decide, and so does each gate."""


class Risk(IntEnum):
    """Why a sample wants a person's eyes, the most urgent first."""

    QUALITY_FAIL = 0
    BORDERLINE = 1
    LOW_MRD = 2
    REVIEW = 3
    REST = 4

    @property
    def words(self) -> str:
        """The same in words."""
        return _WORDS[self]


_WORDS: Final = {
    Risk.QUALITY_FAIL: "quality failed",
    Risk.BORDERLINE: "CD5 borderline",
    Risk.LOW_MRD: f"MRD below {LOW_MRD_PERCENT:g} %",
    Risk.REVIEW: "criterion to review",
    Risk.REST: "",
}

_DETECTED: Final = frozenset(
    {BurdenState.MRD_POSITIVE, BurdenState.MRD_BELOW_LLOQ, BurdenState.INDETERMINATE}
)


@dataclass(frozen=True, slots=True)
class QueuedSample:
    """A sample of the queue, without its result: hundreds fit into little memory.

    Attributes:
        key: by which a page asks for it; it is looked up, never joined to a path.
        folder: the name of its folder.
        sample: its id.
        patient: the patient's id; empty where it is not stated.
        risk: why it is to be looked at.
        cd5, burden, criterion: its answers in short.
        sha256: of the tube's file.
        digest: of its result.
        amended: whether a person drew gates of it.
        drawn_by: who did.
        reviewed: what persons did with it, as its result says; what was signed since, the ledger knows.
    """

    key: str
    folder: str
    sample: str
    patient: str
    risk: Risk
    cd5: str
    burden: str
    criterion: str
    sha256: str
    digest: str
    amended: bool
    drawn_by: frozenset[str]
    reviewed: ReviewedSample


class Queue:
    """The samples of a results folder, the riskiest first.

    Attributes:
        out: the results folder.
        samples: in their order.
        unreadable: folders whose result cannot be read, with why.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.samples: tuple[QueuedSample, ...] = ()
        self.unreadable: tuple[tuple[str, str], ...] = ()
        self.refresh()

    def refresh(self) -> None:
        """Read the results folder again."""
        found, unreadable = [], []
        for folder, result in read_results(self.out):
            if isinstance(result, Result):
                found.append(queued(folder, result))
            else:
                unreadable.append((folder, result.message))
        self.samples = _in_order(found)
        self.unreadable = tuple(unreadable)

    def renew(self, folder: str, result: Result) -> None:
        """Take in a sample's result that was written anew."""
        others = (one for one in self.samples if one.folder != folder)
        self.samples = _in_order((*others, queued(folder, result)))

    def __getitem__(self, key: str) -> QueuedSample:
        """Return the sample of a key.

        Raises:
            KeyError: there is none.
        """
        for one in self.samples:
            if one.key == key:
                return one
        raise KeyError(key)

    def of_tube(self, sha256: str) -> QueuedSample | None:
        """Return the sample whose tube has this SHA-256."""
        return next((one for one in self.samples if one.sha256 == sha256), None)


def _in_order(samples: Iterable[QueuedSample]) -> tuple[QueuedSample, ...]:
    return tuple(sorted(samples, key=lambda one: (one.risk, natural(one.sample))))


def risk_of(result: Result) -> Risk:
    """Return why a result is to be looked at; of several reasons the most urgent."""
    if result.quality.state is QualityState.FAIL:
        return Risk.QUALITY_FAIL
    if result.cd5.state is Cd5State.BORDERLINE:
        return Risk.BORDERLINE
    burden = result.burden
    if (
        burden.state in _DETECTED
        and burden.percent is not None
        and burden.percent < LOW_MRD_PERCENT
    ):
        return Risk.LOW_MRD
    if result.criterion.state is CriterionState.REVIEW:
        return Risk.REVIEW
    return Risk.REST


def queued(folder: str, result: Result) -> QueuedSample:
    """Return a result as a sample of the queue."""
    cd5, burden = result.cd5, result.burden
    limits = (cd5.threshold_percent,)
    return QueuedSample(
        key=hashlib.sha256(folder.encode(errors="surrogatepass")).hexdigest()[:16],
        folder=folder,
        sample=result.sample.id,
        patient=result.sample.patient_id or "",
        risk=risk_of(result),
        cd5="unknown" if cd5.percent is None else f"{numerals.share(cd5.percent, limits=limits)} %",
        burden="unknown" if burden.percent is None else f"{numerals.burden(burden.percent)} %",
        criterion=result.criterion.state.value,
        sha256=result.sample.sha256,
        digest=str(result.digest),
        amended=bool(result.overrides),
        drawn_by=frozenset(one.by for one in result.overrides),
        reviewed=reviewed_sample(result),
    )
