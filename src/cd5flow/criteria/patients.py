"""Results of many patients and their clinical rows, joined by `patient_id`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.clinical import Clinical, recorded_clinical
from cd5flow.criteria.eligibility import Eligibility, judge_eligibility, refuse_other_patient
from cd5flow.criteria.protocol import Protocol
from cd5flow.errors import OptionError
from cd5flow.model.reasons import Reason
from cd5flow.model.result import Result

Clinicals = Clinical | Mapping[str, Clinical]
"""One patient's clinical file, or a sheet's rows by patient."""


def judge_patients(
    results: Sequence[Result],
    clinicals: Clinicals,
    *,
    protocol: Loaded[Protocol],
    use: Sequence[str] = (),
    remarks: Mapping[str, Sequence[Reason]] | None = None,
) -> tuple[Eligibility, ...]:
    """Return the criteria of each patient, in the order in which they first appear.

    Results are joined by the patient that they name; one that names none stands alone, for nobody
    knows whose it is. A sheet's rows go to the results of their patient; a result that names no
    patient, or one without a row, is judged without the clinic. A single clinical file is of one
    patient, and so must the results be that name one.

    Args:
        results: of one or several patients.
        clinicals: what the clinic knows.
        protocol: whose criteria.
        use: ids of the samples to go by where results of a patient differ.
        remarks: sample id to what is to be told of its result.

    Raises:
        OptionError: a single file and results of several patients or of another one; a sample to
            use that is not there.
        ProtocolError: the protocol lists no criteria.
    """
    if unknown := [name for name in use if name not in {r.sample.id for r in results}]:
        there = ", ".join(dict.fromkeys(result.sample.id for result in results))
        raise OptionError(f"use: found {unknown[0]!r}, expected one of {there}")
    if isinstance(clinicals, Clinical):
        _refuse_several(results)
    judged = []
    for group in _patients(results):
        wanted = [name for name in use if name in {r.sample.id for r in group}]
        if len(wanted) > 1:
            raise OptionError(f"use: {', '.join(wanted)} are of one patient; name one")
        noted = [line for r in group for line in (remarks or {}).get(r.sample.id, ())]
        judged.append(
            judge_eligibility(
                group,
                protocol=protocol,
                clinical=_of(group[0].sample.patient_id, clinicals),
                use=wanted[0] if wanted else None,
                remarks=noted,
            )
        )
    return tuple(judged)


def clinical_of(result: Result, clinicals: Clinicals | None) -> Clinical | None:
    """Return what the clinic knows of a result's patient; None where nothing is given.

    Args:
        result: one result.
        clinicals: what the clinic knows; None goes by what the result was made with.

    Raises:
        OptionError: the clinical file is of another patient.
    """
    if clinicals is None:
        return recorded_clinical(result)
    known = _of(result.sample.patient_id, clinicals)
    refuse_other_patient(result.sample.patient_id, known)
    return known


def _refuse_several(results: Sequence[Result]) -> None:
    named = dict.fromkeys(result.sample.patient_id for result in results)
    ids = [one for one in named if one is not None]
    if len(ids) > 1:
        raise OptionError(
            f"results: found patients {', '.join(ids)}, expected one; give a clinical sheet with a "
            "row a patient"
        )


def _patients(results: Sequence[Result]) -> list[list[Result]]:
    """Return the results of each patient together; of unnamed ones each stands alone."""
    groups: dict[object, list[Result]] = {}
    for place, result in enumerate(results):
        key = result.sample.patient_id
        groups.setdefault(place if key is None else key, []).append(result)
    return list(groups.values())


def _of(patient_id: str | None, clinicals: Clinicals) -> Clinical | None:
    if isinstance(clinicals, Clinical):
        return clinicals
    return None if patient_id is None else clinicals.get(patient_id)
