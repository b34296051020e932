"""A patient over time: which tubes belong together, and what keeps them from being compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, assert_never

from cd5flow.model.reasons import codes
from cd5flow.model.result import (
    BurdenSection,
    BurdenState,
    Cd5Section,
    CriterionState,
    Result,
    SampleSection,
    Specimen,
)


class BurdenDisplay(StrEnum):
    """How a burden is drawn.

    MEASURED: a number that the state stands for. BELOW_LLOQ: detected, too few for a number.
    BELOW_LOD: not detected, or too small a cluster; the limit is drawn. WITHHELD: a number without
    a state. UNKNOWN: neither number nor limit.
    """

    MEASURED = "measured"
    BELOW_LLOQ = "below-lloq"
    BELOW_LOD = "below-lod"
    WITHHELD = "withheld"
    UNKNOWN = "unknown"


SENSITIVITY: Final = "SENSITIVITY_TOO_LOW"
"""The reason of a tube that saw nothing, with too few cells to have seen it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One tube of a patient at a time point.

    Attributes:
        folder: the sample's.
        sample: who, when, what.
        moment: when the specimen was taken, in UTC where a zone is given, else as stated.
        strategy: name, version and the file's hash.
        lineage: the rule by which the blasts are T cells.
        protocol: name, version and the file's hash.
        burden, cd5, criterion, review: of its result.
    """

    folder: str
    sample: SampleSection
    moment: datetime
    strategy: tuple[str, str]
    lineage: str
    protocol: tuple[str, str]
    burden: BurdenSection
    cd5: Cd5Section
    criterion: CriterionState
    review: str

    @property
    def shown(self) -> BurdenDisplay:
        """How its burden is drawn."""
        burden = self.burden
        match burden.state:
            case BurdenState.OVERT | BurdenState.MRD_POSITIVE:
                return BurdenDisplay.MEASURED
            case BurdenState.MRD_BELOW_LLOQ:
                return BurdenDisplay.BELOW_LLOQ
            case (
                BurdenState.INDETERMINATE | BurdenState.NOT_DETECTED | BurdenState.INCONCLUSIVE
            ) if _is_below_lod(burden):
                return BurdenDisplay.BELOW_LOD
            case (
                BurdenState.INDETERMINATE
                | BurdenState.NOT_DETECTED
                | BurdenState.INCONCLUSIVE
                | BurdenState.NOT_EVALUABLE
            ):
                return BurdenDisplay.WITHHELD if burden.percent else BurdenDisplay.UNKNOWN
            case _:
                assert_never(burden.state)

    @property
    def burden_place(self) -> float | None:
        """Where its burden is drawn, in percent: the number, or the limit it lies under."""
        if self.shown is BurdenDisplay.UNKNOWN:
            return None
        return (
            self.burden.lod_percent
            if self.shown is BurdenDisplay.BELOW_LOD
            else self.burden.percent
        )


def _is_below_lod(burden: BurdenSection) -> bool:
    """Whether the tube says "less than its limit of detection".

    An inconclusive one does only if it lacks nothing but cells: not if its blasts could not be told
    from normal cells, or are of unproven lineage.
    """
    if burden.lod_percent is None or burden.percent is None:
        return False
    if burden.state is not BurdenState.INCONCLUSIVE:
        return True
    return SENSITIVITY in codes(burden.reasons)


@dataclass(frozen=True, slots=True)
class Trend:
    """A patient's tubes in the order of time.

    Attributes:
        patient: the id.
        visits: at least two moments.
        differences: what the tubes do not have in common, in sentences.
    """

    patient: str
    visits: tuple[Visit, ...]
    differences: tuple[str, ...]


def visit_of(result: Result, folder: str) -> Visit | None:
    """Return a tube as a time point; None where patient or date is not given."""
    sample = result.sample
    moment = None if sample.collected_at is None else _moment(sample.collected_at)
    if sample.patient_id is None or moment is None:
        return None
    strategy, protocol = result.strategy, result.protocol
    return Visit(
        folder,
        sample,
        moment,
        (f"{strategy.name} {strategy.version}", strategy.sha256),
        strategy.lineage,
        (f"{protocol.name} {protocol.version}", protocol.sha256),
        result.burden,
        result.cd5,
        result.criterion.state,
        result.review.state,
    )


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def trends(visits: Iterable[Visit]) -> tuple[Trend, ...]:
    """Return every patient with tubes of two moments or more, by the patient's id."""
    patients: dict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        assert visit.sample.patient_id is not None  # noqa: S101 - a visit has one
        patients[visit.sample.patient_id].append(visit)
    found = []
    for patient in sorted(patients):
        tubes = sorted(patients[patient], key=lambda v: (v.moment, v.sample.id))
        if tubes[0].moment != tubes[-1].moment:
            found.append(Trend(patient, tuple(tubes), tuple(_differences(tubes))))
    return tuple(found)


NOT_STATED: Final = "not stated"

_COMPARED: Final[tuple[tuple[str, Callable[[Visit], str | None]], ...]] = (
    ("denominators differ", lambda visit: visit.burden.denominator or NOT_STATED),
    ("lineage rules differ", lambda visit: visit.lineage),
    ("specimens differ", lambda visit: visit.sample.specimen.value.replace("_", " ")),
    ("cytometers differ", lambda visit: visit.sample.cytometer or NOT_STATED),
    (
        "CD5 cuts are of different kinds",
        lambda visit: None if visit.cd5.cut is None else visit.cd5.cut.method.value,
    ),
)
"""What is said where tubes differ, and by what; a tube where that is None is left out."""


def _differences(visits: list[Visit]) -> Iterator[str]:
    """Yield what keeps the tubes' numbers from being compared as they stand."""
    yield from _by_file("gating strategies differ", [visit.strategy for visit in visits], visits)
    yield from _by_file("protocols differ", [visit.protocol for visit in visits], visits)
    for what, value in _COMPARED:
        yield from _by_value(what, [(value(visit), visit) for visit in visits])
    if all(visit.sample.specimen is Specimen.UNKNOWN for visit in visits):
        yield "specimens are not stated"


def _by_file(what: str, files: list[tuple[str, str]], visits: list[Visit]) -> Iterator[str]:
    """Yield files that differ; where two share a name, with the beginning of their hash."""
    same_name = len(set(files)) > len({name for name, _ in files})
    words = [f"{name} ({sha256[:8]})" if same_name else name for name, sha256 in files]
    yield from _by_value(what, list(zip(words, visits, strict=True)))


def _by_value(what: str, pairs: Sequence[tuple[str | None, Visit]]) -> Iterator[str]:
    tubes: dict[str, list[str]] = defaultdict(list)
    for value, visit in pairs:
        if value is not None:
            tubes[value].append(visit.sample.id)
    if len(tubes) > 1:
        said = "; ".join(f"{value} in {', '.join(ids)}" for value, ids in tubes.items())
        yield f"{what}: {said}"
