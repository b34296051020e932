"""The states and choices that a result is told in."""

from __future__ import annotations

from enum import StrEnum


class QualityState(StrEnum):
    """PASS, WARN (look at it), FAIL (states are withheld), NOT_DONE (could not be checked)."""

    PASS = "PASS"  # noqa: S105 - a state, not a password
    WARN = "WARN"
    FAIL = "FAIL"
    NOT_DONE = "NOT_DONE"


class Cd5State(StrEnum):
    """Whether the share of CD5-positive blasts meets the protocol's threshold."""

    MEETS = "MEETS"
    DOES_NOT_MEET = "DOES_NOT_MEET"
    BORDERLINE = "BORDERLINE"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class BurdenState(StrEnum):
    """How much disease the tube shows."""

    OVERT = "OVERT"
    MRD_POSITIVE = "MRD_POSITIVE"
    MRD_BELOW_LLOQ = "MRD_BELOW_LLOQ"
    INDETERMINATE = "INDETERMINATE"
    NOT_DETECTED = "NOT_DETECTED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class Scope(StrEnum):
    """The disease of which "not detected" speaks: what else there may be, the tube would not show."""

    SCD3_NEGATIVE = "sCD3- T-ALL"
    CD7_POSITIVE = "CD7+ sCD3- CD16/56- T-ALL"
    AT_DIAGNOSIS = "phenotype at diagnosis"


class CriterionState(StrEnum):
    """Whether the protocol's flow criterion is met; it never says that a patient is eligible."""

    MET = "MET"
    NOT_MET = "NOT_MET"
    REVIEW = "REVIEW"
    NOT_EVALUABLE = "NOT_EVALUABLE"


def needs_person(criterion: CriterionState, quality: QualityState) -> bool:
    """Return whether a result waits for a person: no definite criterion, or quality failed."""
    definite = criterion in {CriterionState.MET, CriterionState.NOT_MET}
    return not definite or quality is QualityState.FAIL


class CutMethod(StrEnum):
    """Where the CD5 cut came from."""

    FMO = "fmo"
    INTERNAL_NEGATIVE = "internal_negative"
    FIXED = "fixed"
    ISOTYPE = "isotype"
    VALLEY = "valley"


class Confidence(StrEnum):
    """How sure a gate is by the strategy's rules; what a person drew is not rated."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    BY_HAND = "by_hand"


class Pattern(StrEnum):
    """How CD5 is spread over the blasts."""

    NEGATIVE = "negative"
    PARTIAL = "partial"
    DIM = "dim"
    HETEROGENEOUS = "heterogeneous"
    BRIGHT = "bright"


class MarkerWord(StrEnum):
    """How a marker other than CD5 looks on the blasts; `positive` is as on normal T cells."""

    NEGATIVE = "negative"
    DIM = "dim"
    POSITIVE = "positive"
    BRIGHT = "bright"
    HETEROGENEOUS = "heterogeneous"
    PARTIAL = "partial"


class Timepoint(StrEnum):
    """When in the disease the specimen was taken."""

    DIAGNOSIS = "diagnosis"
    RELAPSE = "relapse"
    MRD = "mrd"
    UNSTATED = "unstated"


class Specimen(StrEnum):
    """What the specimen is."""

    BONE_MARROW = "bone_marrow"
    PERIPHERAL_BLOOD = "peripheral_blood"
    CSF = "csf"
    FLUID = "fluid"
    TISSUE = "tissue"
    UNKNOWN = "unknown"


class PriorTherapy(StrEnum):
    """Earlier therapies that change how markers may be read."""

    CD5_CAR = "cd5_car"
    CD7_CAR = "cd7_car"
    OTHER_CAR = "other_car"
    ALLO_HSCT = "allo_hsct"
    ANTI_CD38 = "anti_cd38"
