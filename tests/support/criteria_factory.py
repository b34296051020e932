"""Results, clinical files and protocols for the tests of criteria."""

from __future__ import annotations

from functools import cache
from typing import Any

from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.clinical import Clinical
from cd5flow.criteria.eligibility import Eligibility, judge_eligibility
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.model.result import (
    BurdenState,
    Cd5State,
    ControlSection,
    CriterionSection,
    CriterionState,
    IntensitySection,
    ProtocolSection,
    QualitySection,
    QualityState,
    Result,
    ReviewSection,
    Scope,
)
from support.basis_factory import make_burden_basis, make_cd5_basis
from support.paths import PROTOCOLS
from support.report_factory import SHA, make_burden, make_cd5, make_result, make_sample

CLEAN: dict[str, Any] = {
    "patient_id": "P01",
    "diagnosis": "T-ALL",
    "disease_status": "relapsed",
    "assessed_on": "2026-02-01",
    "age_years": 9,
    "ecog": 1,
    "life_expectancy_weeks": 26,
    "spo2_percent": 98,
    "total_bilirubin_xuln": 0.8,
    "ast_xuln": 1.2,
    "alt_xuln": 1.1,
    "consent_signed": True,
    "cd5_laboratory_clia_certified": True,
    "total_bilirubin_umol_l": 12,
    "creatinine_umol_l": 60,
    "lvef_percent": 62,
    "first_remission_months": 8,
    "gvhd_prednisone_mg_per_kg": 0,
    "suitable_allo_donor": True,
    "contraception_agreed": True,
    **dict.fromkeys(
        (
            "intracranial_hypertension_or_impaired_consciousness",
            "active_gvhd",
            "severe_lung_damage_history",
            "other_advanced_malignancy",
            "uncontrolled_infection",
            "severe_autoimmune_or_immunodeficiency",
            "hbv_dna_positive",
            "hcv_rna_positive",
            "hiv_positive",
            "syphilis_positive",
            "serious_biologics_allergy",
            "clinically_significant_viral_infection",
            "uncontrolled_viral_reactivation",
            "symptomatic_cns_disorder",
            "ever_allo_hsct",
            "pregnant_or_lactating",
            "pregnancy_within_12_months",
            "investigator_objection",
            "active_infection",
            "hev_rna_positive",
            "prior_gene_therapy",
            "cns3_disease",
            "cns_disorder_history",
            "cns_autoimmune_disease",
            "prolonged_qt_or_severe_heart_disease",
            "t_cells_expand_poorly",
            "steroids_within_72_hours",
            "chemotherapy_within_2_weeks",
            "radiotherapy_within_4_weeks",
            "investigational_agent_or_vaccine_within_6_weeks",
        ),
        False,
    ),
}
"""A patient with whom every criterion of cd5-cart-70, -50 and -90 is satisfied."""


SCOPES = {"scd3": Scope.SCD3_NEGATIVE, "cd7": Scope.CD7_POSITIVE}


@cache
def protocol(name: str = "cd5-cart-70") -> Loaded[Protocol]:
    return load_protocol(PROTOCOLS / f"{name}.yaml")


def clinic(**fields: Any) -> Clinical:
    """Return clinical findings; dates may be text."""
    return Clinical.model_validate(fields)


def tube(
    cd5: str = "MEETS",
    burden: str = "OVERT",
    *,
    share: float | None = None,
    intensity: float | None = None,
    percent: float | None = 60.0,
    high: float | None = None,
    lod: float | None = 0.008,
    scope: str = "scd3",
    specimen: str = "bone_marrow",
    timepoint: str = "relapse",
    prior: str = "",
    quality: str = "PASS",
    review: str = "unreviewed",
    bounds: str = "",
    fmo: str = "",
    patient: str | None = "P01",
    sample: str = "tube-1",
    judged_by: str = "cd5-cart-70",
    sha256: str | None = None,
) -> Result:
    """Return a result by the states that criteria look at.

    `share` is that of CD5-positive blasts, `intensity` their CD5 in percent of normal T cells', `high`
    the upper end of the burden's interval.
    """
    rules = protocol(judged_by)
    state = Cd5State(cd5)
    if share is None:
        share = {Cd5State.MEETS: 95.0, Cd5State.DOES_NOT_MEET: 12.0}.get(state, 70.0)
    bright = IntensitySection(difference=None, ratio=None, percent_of_t_cells=intensity)
    controls: tuple[ControlSection, ...] = ()
    if fmo:
        controls = (
            ControlSection(
                role="fmo", file="f.fcs", sha256=SHA, accepted=fmo == "accepted", reasons=()
            ),
        )
    return make_result(
        sample=make_sample(
            id=sample,
            patient_id=patient,
            specimen=specimen,
            timepoint=timepoint,
            prior_therapy=(prior,) if prior else (),
        ),
        protocol=ProtocolSection(
            name=rules.value.name,
            version=rules.value.version,
            sha256=sha256 or rules.sha256,
        ),
        controls=controls,
        quality=QualitySection(state=QualityState(quality), checks=()),
        cd5=make_cd5(
            state=state,
            reasons=(),
            percent=None if state is Cd5State.NOT_EVALUABLE else share,
            positive_events=round(10 * share),
            blast_events=1000,
            ci95_percent=None,
            band_percent=None,
            threshold_percent=rules.value.cd5.threshold_percent,
            operator=rules.value.cd5.operator,
            intensity=bright,
            basis=make_cd5_basis(None if state is Cd5State.NOT_EVALUABLE else share),
        ),
        burden=make_burden(
            state=BurdenState(burden),
            percent=percent,
            blast_events=round(1e6 * (percent or 0)),
            denominator_events=100_000_000,
            ci95_percent=None if high is None else (0.0, high),
            lod_percent=lod,
            scope=SCOPES[scope] if burden == "NOT_DETECTED" else None,
            basis=make_burden_basis(),
        ),
        criterion=CriterionSection(
            state=CriterionState.REVIEW,
            flow_state=CriterionState.REVIEW,
            reasons=(),
            bounds=tuple(filter(None, bounds.split("|"))),
        ),
        review=ReviewSection(state=review),
    )


def judge(*results: Result, name: str = "cd5-cart-70", **fields: Any) -> Eligibility:
    """Return the criteria of one patient; without fields the clinic says nothing."""
    return judge_eligibility(
        results or (tube(),),
        protocol=protocol(name),
        clinical=clinic(**fields),
    )


def satisfied(eligibility: Eligibility) -> dict[str, bool | None]:
    return {answer.id: answer.satisfied for answer in eligibility.criteria}


def evidence(eligibility: Eligibility, criterion: str) -> str:
    (answer,) = (a for a in eligibility.criteria if a.id == criterion)
    return "\n".join(map(str, answer.evidence))
