"""What the clinic knows and a tube cannot show: the clinical file, YAML or JSON.

Every field is optional; absent and null are unknown, which is never the same as no.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cd5flow.errors import ClinicalError
from cd5flow.yamlfile import Loaded, load_yaml

T_ALL = "T-ALL"
"""The `diagnosis` that names T-cell acute lymphoblastic leukaemia; any other is not T-ALL."""

Text = Annotated[str, Field(min_length=1)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
AtLeastZero = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class DiseaseStatus(StrEnum):
    """Where in its course the leukaemia is."""

    NEWLY_DIAGNOSED = "newly_diagnosed"
    REFRACTORY = "refractory"
    RELAPSED = "relapsed"
    REMISSION = "remission"


class Clinical(BaseModel):
    """One patient's clinical findings; None is unknown.

    `_xuln` counts multiples of the laboratory's upper limit of normal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    patient_id: Text | None = None
    diagnosis: Text | None = Field(default=None, description="T-ALL; any other text is not T-ALL")
    disease_status: DiseaseStatus | None = None

    assessed_on: date | None = None
    last_allo_hsct_date: date | None = None

    age_years: Annotated[float, Field(ge=0, le=120, allow_inf_nan=False)] | None = None
    morphology_blasts_percent: Percent | None = None
    ihc_cd5_percent: Percent | None = None
    spo2_percent: Percent | None = None
    life_expectancy_weeks: AtLeastZero | None = None
    total_bilirubin_xuln: AtLeastZero | None = None
    ast_xuln: AtLeastZero | None = None
    alt_xuln: AtLeastZero | None = None
    months_since_allo_hsct: AtLeastZero | None = None
    ecog: Annotated[int, Field(ge=0, le=5)] | None = None

    mrd_positive_elsewhere: bool | None = None
    mrd_persistent: bool | None = None
    new_extramedullary_lesions: bool | None = None
    cd5_laboratory_clia_certified: bool | None = None
    consent_signed: bool | None = None
    intracranial_hypertension_or_impaired_consciousness: bool | None = None
    active_gvhd: bool | None = None
    severe_lung_damage_history: bool | None = None
    other_advanced_malignancy: bool | None = None
    uncontrolled_infection: bool | None = None
    severe_autoimmune_or_immunodeficiency: bool | None = None
    hbv_dna_positive: bool | None = None
    hcv_rna_positive: bool | None = None
    hiv_positive: bool | None = None
    syphilis_positive: bool | None = None
    serious_biologics_allergy: bool | None = None
    clinically_significant_viral_infection: bool | None = None
    uncontrolled_viral_reactivation: bool | None = None
    symptomatic_cns_disorder: bool | None = None
    ever_allo_hsct: bool | None = None
    pregnant_or_lactating: bool | None = None
    pregnancy_within_12_months: bool | None = None
    investigator_objection: bool | None = None

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
        if (
            self.assessed_on is not None
            and self.last_allo_hsct_date is not None
            and self.last_allo_hsct_date > self.assessed_on
        ):
            raise ValueError(
                f"last_allo_hsct_date {self.last_allo_hsct_date} lies after assessed_on "
                f"{self.assessed_on}"
            )
        return self


def load_clinical(path: Path) -> Loaded[Clinical]:
    """Read a clinical file.

    Raises:
        ClinicalError: one line ``file:line:column: what`` a fault.
    """
    return load_yaml(path, Clinical, error=ClinicalError)
