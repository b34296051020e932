"""What an imagined clinic knows of ten patients of the sample set: a clinical sheet.

Every value is made up to show an answer that `cd5flow eligibility` gives. The patients of the last
two tubes have no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

_FINDINGS: Final[Mapping[str, str]] = {
    "diagnosis": "T-ALL",
    "disease_status": "relapsed",
    "assessed_on": "",
    "age_years": "9",
    "ecog": "1",
    "life_expectancy_weeks": "26",
    "spo2_percent": "98",
    "total_bilirubin_xuln": "0.8",
    "ast_xuln": "1.2",
    "alt_xuln": "1.1",
    "morphology_blasts_percent": "",
    "ihc_cd5_percent": "",
    "mrd_persistent": "",
    "mrd_positive_elsewhere": "",
    "new_extramedullary_lesions": "false",
    "cd5_laboratory_clia_certified": "true",
    "consent_signed": "true",
    "ever_allo_hsct": "false",
    "last_allo_hsct_date": "",
    "months_since_allo_hsct": "",
    "intracranial_hypertension_or_impaired_consciousness": "false",
    "active_gvhd": "false",
    "severe_lung_damage_history": "false",
    "other_advanced_malignancy": "false",
    "uncontrolled_infection": "false",
    "severe_autoimmune_or_immunodeficiency": "false",
    "hbv_dna_positive": "false",
    "hcv_rna_positive": "false",
    "hiv_positive": "false",
    "syphilis_positive": "false",
    "serious_biologics_allergy": "false",
    "clinically_significant_viral_infection": "false",
    "uncontrolled_viral_reactivation": "false",
    "symptomatic_cns_disorder": "false",
    "pregnant_or_lactating": "false",
    "pregnancy_within_12_months": "false",
    "investigator_objection": "false",
}
"""A patient of whom every criterion that the clinic answers is satisfied."""

_DIFFERENT: Final[Sequence[tuple[str, Mapping[str, str]]]] = (
    ("P01", {}),
    ("P02", {"ihc_cd5_percent": "74"}),
    ("P03", {"age_years": "18.9", "spo2_percent": ""}),
    ("P04", {"ihc_cd5_percent": "62", "ever_allo_hsct": "true", "months_since_allo_hsct": "6.0"}),
    ("P05", {"ihc_cd5_percent": "15"}),
    ("P06", {"age_years": "19"}),
    ("P07", {"consent_signed": "", "hcv_rna_positive": ""}),
    ("P08", {"ever_allo_hsct": "true", "last_allo_hsct_date": "2025-08-31"}),
    ("P09", {"ihc_cd5_percent": "72", "spo2_percent": "90"}),
    ("P10", {"disease_status": "remission", "mrd_persistent": "true", "ast_xuln": "10"}),
)
"""Patients, and where they differ; empty is unknown."""


def clinical_rows(collected: Mapping[str, date]) -> list[dict[str, str]]:
    """Return a row a patient, assessed the day after the specimen was taken.

    Args:
        collected: patient to the day of the specimen; others have no row.
    """
    return [
        {
            "patient_id": patient,
            **_FINDINGS,
            "assessed_on": (collected[patient] + timedelta(days=1)).isoformat(),
            **changes,
        }
        for patient, changes in _DIFFERENT
        if patient in collected
    ]
