"""The sample set as a folder: FCS files, a sample sheet, the truth, a clinical sheet."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from cd5flow.config.atomic import writing
from cd5flow.simulate.perfect import perfect_gating
from cd5flow.simulate.populations import T_CELLS
from cd5flow.simulate.samples import SAMPLE_SEED, Sample, sample_set
from cd5flow.simulate.simulation import simulate_tube, write_tube
from cd5flow.simulate.tube import DEAD, DOUBLETS, SimulatedTube

SHEET_FILE = "samples.csv"
TRUTH_FILE = "truth.csv"
CLINICAL_FILE = "clinical.csv"


def simulate_samples(
    out: Path, *, seed: int = SAMPLE_SEED, progress: Callable[[str], None] | None = None
) -> tuple[Path, ...]:
    """Write the sample set: FCS files, ``samples.csv``, ``truth.csv``, ``clinical.csv``.

    Args:
        out: the folder, made where it is absent.
        seed: of the set; equal seeds give equal files.
        progress: called with each file's name once it is written.

    Returns:
        The files written, the three tables last.

    Raises:
        OutputError: a file cannot be written.
    """
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []

    def keep(path: Path) -> None:
        written.append(path)
        if progress is not None:
            progress(path.name)

    sheet: list[dict[str, str]] = []
    truth: list[dict[str, str]] = []
    samples = sample_set(seed)
    for sample in samples:
        tube = simulate_tube(sample.spec)
        partner = None if sample.partner is None else simulate_tube(sample.partner)
        for made in (tube, partner):
            if made is not None:
                path = out / f"{made.spec.name}.fcs"
                write_tube(made, path)
                keep(path)
                sheet.append(_sheet_row(sample, made))
        truth.append(_truth_row(tube, partner))
    clinic = _clinical_rows({sample.patient: sample.spec.acquired for sample in samples})
    for name, rows in ((SHEET_FILE, sheet), (TRUTH_FILE, truth), (CLINICAL_FILE, clinic)):
        _write_table(out / name, rows)
        keep(out / name)
    return tuple(written)


def _sheet_row(sample: Sample, tube: SimulatedTube) -> dict[str, str]:
    control = tube.spec != sample.spec
    return {
        "file": f"{tube.spec.name}.fcs",
        "sample_id": tube.spec.name,
        "patient_id": sample.patient,
        "role": "fmo" if control else "sample",
        "for_sample": sample.spec.name if control else "",
        "timepoint": sample.timepoint.value,
        "specimen": tube.spec.specimen.value,
        "prior_therapy": ";".join(sample.prior_therapy),
        "collected_at": tube.spec.acquired.isoformat(),
        "specimen_id": f"{sample.patient}-S1",
        "spillover": "hardware" if tube.spec.instrument.compensates else "",
    }


def _truth_row(tube: SimulatedTube, partner: SimulatedTube | None) -> dict[str, str]:
    numbers = perfect_gating(tube, partner=partner)
    spec, truth = tube.spec, tube.truth

    def count(*names: str) -> str:
        return str(int((truth.population(*names) & ~truth.disturbed).sum()))

    return {
        "file": f"{spec.name}.fcs",
        "fmo_file": "" if partner is None else f"{partner.spec.name}.fcs",
        "cd5_pattern": spec.blasts.cd5.value if numbers.blast_events else "",
        "events": str(spec.events),
        "disturbed_events": str(int(truth.disturbed.sum())),
        "nucleated_events": str(numbers.nucleated_events),
        "blast_events": str(numbers.blast_events),
        "blast_percent": _number(numbers.blast_percent),
        "cd5_positive_events": _number(numbers.cd5_positive_events),
        "cd5_percent": _number(numbers.cd5_percent),
        "cd5_carriers_percent": _number(numbers.cd5_carriers_percent),
        "cd5_cut_linear": _number(numbers.cd5_cut_linear),
        "t_cells": count(*T_CELLS),
        "nk_cells": count("nk_cells"),
        "erythroid": count("erythroid"),
        "debris": count("debris", "fragments"),
        "dead": count(DEAD),
        "doublets": count(DOUBLETS),
    }


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _write_table(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with writing(path), path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


# What an imagined clinic knows of ten patients of the sample set: every value is made up to show an
# answer that `cd5flow eligibility` gives. The patients of the last two tubes have no row.

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


def _clinical_rows(collected: Mapping[str, date]) -> list[dict[str, str]]:
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
