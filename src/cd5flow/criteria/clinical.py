"""What the clinic knows and a tube cannot show: the clinical file, YAML or JSON.

Every field is optional; absent and null are unknown, which is never the same as no.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, Self, get_args, get_origin

from pydantic import Field, ValidationError, WrapValidator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from cd5flow.config.yaml_file import Loaded, load_yaml
from cd5flow.errors import ClinicalError
from cd5flow.model.file_part import FilePart
from cd5flow.model.result import Result

T_ALL = "T-ALL"
"""The `diagnosis` that names T-cell acute lymphoblastic leukaemia; any other is not T-ALL."""


def _expected(words: str) -> WrapValidator:
    """Return what says a field's whole range where a value is outside it or of another type."""

    def check(value: object, read: Callable[[object], object]) -> object:
        try:
            return read(value)
        except ValidationError:
            raise PydanticCustomError("clinical", "should be " + words) from None

    return WrapValidator(check)


Text = Annotated[str, Field(min_length=1)]
Percent = Annotated[
    float, Field(ge=0, le=100, allow_inf_nan=False), _expected("a number, 0 to 100")
]
AtLeastZero = Annotated[float, Field(ge=0, allow_inf_nan=False), _expected("a number, 0 or more")]
Years = Annotated[float, Field(ge=0, le=120, allow_inf_nan=False), _expected("a number, 0 to 120")]
Ecog = Annotated[int, Field(ge=0, le=5), _expected("a whole number, 0 to 5")]
Count = Annotated[int, Field(ge=0, le=100), _expected("a whole number, 0 to 100")]
Finding = Annotated[bool, _expected("true or false")]


class DiseaseStatus(StrEnum):
    """Where in its course the leukaemia is."""

    NEWLY_DIAGNOSED = "newly_diagnosed"
    REFRACTORY = "refractory"
    RELAPSED = "relapsed"
    REMISSION = "remission"


Status = Annotated[DiseaseStatus, _expected(f"one of {', '.join(DiseaseStatus)}")]


class Clinical(FilePart, str_strip_whitespace=True):
    """One patient's clinical findings; None is unknown.

    `_xuln` counts multiples of the laboratory's upper limit of normal.
    """

    patient_id: Text | None = None
    diagnosis: Text | None = Field(default=None, description="T-ALL; any other text is not T-ALL")
    disease_status: Status | None = None

    induction_started_on: date | None = None
    assessed_on: date | None = None
    last_allo_hsct_date: date | None = None
    last_cd5_car_date: date | None = None

    age_years: Years | None = None
    morphology_blasts_percent: Percent | None = None
    ihc_cd5_percent: Percent | None = None
    spo2_percent: Percent | None = None
    life_expectancy_weeks: AtLeastZero | None = None
    total_bilirubin_xuln: AtLeastZero | None = None
    ast_xuln: AtLeastZero | None = None
    alt_xuln: AtLeastZero | None = None
    months_since_allo_hsct: AtLeastZero | None = None
    total_bilirubin_umol_l: AtLeastZero | None = None
    creatinine_umol_l: AtLeastZero | None = None
    lvef_percent: Percent | None = None
    first_remission_months: AtLeastZero | None = None
    gvhd_prednisone_mg_per_kg: AtLeastZero | None = Field(
        default=None, description="daily corticosteroids for GVHD; 0 where there are none"
    )
    ecog: Ecog | None = None
    induction_cycles: Count | None = None
    prior_lines: Count | None = None
    relapses: Count | None = None

    mrd_positive_elsewhere: Finding | None = None
    mrd_persistent: Finding | None = None
    new_extramedullary_lesions: Finding | None = None
    cd5_laboratory_clia_certified: Finding | None = None
    consent_signed: Finding | None = None
    intracranial_hypertension_or_impaired_consciousness: Finding | None = None
    active_gvhd: Finding | None = None
    severe_lung_damage_history: Finding | None = None
    other_advanced_malignancy: Finding | None = None
    uncontrolled_infection: Finding | None = None
    severe_autoimmune_or_immunodeficiency: Finding | None = None
    hbv_dna_positive: Finding | None = None
    hcv_rna_positive: Finding | None = None
    hiv_positive: Finding | None = None
    syphilis_positive: Finding | None = None
    serious_biologics_allergy: Finding | None = None
    clinically_significant_viral_infection: Finding | None = None
    uncontrolled_viral_reactivation: Finding | None = None
    symptomatic_cns_disorder: Finding | None = None
    ever_allo_hsct: Finding | None = None
    pregnant_or_lactating: Finding | None = None
    pregnancy_within_12_months: Finding | None = None
    investigator_objection: Finding | None = None
    relapse_after_hsct: Finding | None = None
    suitable_allo_donor: Finding | None = None
    t_cell_lymphoma: Finding | None = None
    measurable_lesion: Finding | None = None
    contraception_agreed: Finding | None = Field(
        default=None, description="true also where it does not apply"
    )
    active_infection: Finding | None = None
    hev_rna_positive: Finding | None = None
    prior_gene_therapy: Finding | None = None
    cns3_disease: Finding | None = None
    cns_disorder_history: Finding | None = None
    cns_autoimmune_disease: Finding | None = None
    prolonged_qt_or_severe_heart_disease: Finding | None = None
    t_cells_expand_poorly: Finding | None = None
    steroids_within_72_hours: Finding | None = None
    chemotherapy_within_2_weeks: Finding | None = None
    radiotherapy_within_4_weeks: Finding | None = None
    investigational_agent_or_vaccine_within_6_weeks: Finding | None = None

    @property
    def is_t_all(self) -> bool | None:
        """Whether the diagnosis is T-ALL; None where no diagnosis is given."""
        return None if self.diagnosis is None else self.diagnosis == T_ALL

    @model_validator(mode="after")
    def _transplant_agrees(self) -> Self:
        transplanted = self.last_allo_hsct_date or self.months_since_allo_hsct is not None
        if self.ever_allo_hsct is False and transplanted:
            raise ValueError(
                "ever_allo_hsct is false, yet the time of an allogeneic transplant is given"
            )
        for name in ("last_allo_hsct_date", "last_cd5_car_date"):
            day: date | None = getattr(self, name)
            if self.assessed_on is not None and day is not None and day > self.assessed_on:
                raise ValueError(f"{name} {day} lies after assessed_on {self.assessed_on}")
        return self


@dataclass(frozen=True, slots=True)
class FieldKind:
    """What a clinical field holds.

    Attributes:
        type: `text` is free, `word` one of `words`.
        low, high: ends of a number's range; None where it has none.
        words: of a word.
    """

    type: Literal["text", "word", "date", "number", "boolean"]
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()


@cache
def field_kinds() -> dict[str, FieldKind]:
    """Return every field with what it holds, as the model says."""
    return {name: _kind(field.annotation) for name, field in Clinical.model_fields.items()}


def _kind(annotation: Any) -> FieldKind:
    """Return what an optional field holds, read off its annotation.

    The JSON schema says the same and takes the time of a hundred models, in every process.
    """
    (written,) = (part for part in get_args(annotation) if part is not NoneType)
    kind, *about = get_args(written) if get_origin(written) is Annotated else (written,)
    if issubclass(kind, DiseaseStatus):
        return FieldKind("word", words=tuple(kind))
    if issubclass(kind, bool):
        return FieldKind("boolean")
    if issubclass(kind, int | float):
        bounds = [bound for one in about if isinstance(one, FieldInfo) for bound in one.metadata]
        low, high = (
            next((getattr(bound, end) for bound in bounds if hasattr(bound, end)), None)
            for end in ("ge", "le")
        )
        return FieldKind("number", low, high)
    return FieldKind("date" if issubclass(kind, date) else "text")


def load_clinical(path: Path) -> Loaded[Clinical]:
    """Read a clinical file.

    Raises:
        ClinicalError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, Clinical, error=ClinicalError)


def recorded_clinical(result: Result) -> Clinical | None:
    """Return the clinical findings that a result was made with; None where none were given."""
    given = result.provenance.settings.get("clinical")
    if not isinstance(given, dict):
        return None
    try:
        return Clinical.model_validate_json(json.dumps(given), strict=True)
    except ValidationError:
        return None
