"""From a stored result back to the tube it was made of, and to what was said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from cd5flow.analysis.diagnosis import laip_of
from cd5flow.analysis.settings import Settings
from cd5flow.criteria.clinical import Clinical
from cd5flow.errors import FileAccessError, InputError
from cd5flow.model.laip import Laip
from cd5flow.model.result import Result

Find = Callable[[str, str], Path | None]
"""From a file's name and SHA-256 (empty where it is not known) to where it is; None where it is not."""

_HARDWARE: Final = "hardware"


def tube_file(result: Result, find: Find) -> Path:
    """Return the FCS file that a result was made of.

    Raises:
        FileAccessError: it is not found; the message says how it can be.
    """
    sample = result.sample
    return _found(find, sample.file, sample.sha256)


def settings_of(
    result: Result, find: Find, *, diagnosis: Callable[[str], Result | None]
) -> Settings:
    """Return what was said of a tube, as its result keeps it, without the gates drawn by hand.

    Args:
        result: of the tube.
        find: where its control tubes and a laboratory's own files are.
        diagnosis: from the SHA-256 of a diagnostic tube to its result, for `--laip`.

    Raises:
        InputError: a file that it names is not found, or it was made with gates of another program,
            which are moved there.
    """
    said, sample = result.provenance.settings, result.sample
    if said.get("gates") is not None:
        raise InputError(
            f"{sample.id}: its gates were drawn in another program, {said['gates']}; move them there"
        )
    return Settings(
        strategy=_rules(said["strategy"], result.strategy.sha256, find),
        protocol=_rules(said["protocol"], result.protocol.sha256, find),
        timepoint=sample.timepoint,
        specimen=sample.specimen,
        prior_therapy=sample.prior_therapy,
        controls={c.role: _found(find, c.file, c.sha256) for c in result.controls},
        sample_id=sample.id,
        patient_id=sample.patient_id,
        collected_at=sample.collected_at,
        spillover=_matrix(said.get("spillover"), find),
        dataset=said.get("dataset"),
        clinical=_clinical(said.get("clinical")),
        laip=_laip(result, diagnosis),
        seed=result.provenance.seed,
        markers=dict(said.get("markers") or {}),
        identifiers=dict(sample.identifiers),
        control_identifiers=dict(said.get("control_identifiers") or {}),
        control_datasets=dict(said.get("control_datasets") or {}),
        origins=dict(result.provenance.origins),
    )


def _found(find: Find, name: str, sha256: str) -> Path:
    path = find(name, sha256)
    if path is None:
        raise FileAccessError(
            f"{name}: no file with the SHA-256 {sha256[:12] or 'unknown'}… of this result is found; "
            "say where the tubes are with --input FOLDER"
        )
    return path


def _rules(name: str, sha256: str, find: Find) -> str:
    """Return a strategy or protocol: one that comes with cd5flow by name, else the file."""
    if Path(name).suffix in {".yaml", ".yml"}:
        return str(_found(find, name, sha256))
    return name


def _matrix(said: Any, find: Find) -> Any:
    if said is None or said == _HARDWARE:
        return said
    return _found(find, str(said), "")


def _clinical(said: Mapping[str, Any] | None) -> Clinical | None:
    return None if said is None else Clinical.model_validate(said, strict=False)


def _laip(result: Result, diagnosis: Callable[[str], Result | None]) -> Laip | None:
    section = result.strategy.laip
    if section is None:
        return None
    earlier = diagnosis(section.sha256)
    if earlier is None:
        raise FileAccessError(
            f"{section.sample}: the diagnostic result that guided the window is not among these results"
        )
    laip = laip_of(earlier, patient_id=result.sample.patient_id, name=section.sample)
    if laip.sample != section.sample:
        laip = replace(laip, sample=section.sample)
    return laip


def unlike(stored: Result, again: Result) -> tuple[str, ...]:
    """Return in what a tube analysed again differs from its stored result; empty where in nothing.

    Gates drawn by hand aside, equal files, settings and versions give equal numbers. Where they do not,
    nothing may be moved on what was found.
    """
    found = []
    if stored.sample.sha256 != again.sample.sha256:
        found.append("the FCS file is another")
    if stored.strategy.sha256 != again.strategy.sha256:
        found.append("the strategy file is another")
    if stored.protocol.sha256 != again.protocol.sha256:
        found.append("the protocol file is another")
    if not stored.overrides:
        before = {p.name: p.events for p in stored.populations}
        now = {p.name: p.events for p in again.populations}
        if before != now:
            found.append("the populations hold other numbers of events")
        elif _answers(stored) != _answers(again):
            found.append("the answers are others")
    elif (
        stored.automatic is not None and again.overrides and stored.cd5.percent != again.cd5.percent
    ):
        found.append("the answers are others")
    return tuple(found)


def _answers(result: Result) -> tuple[object, ...]:
    cd5, burden = result.cd5, result.burden
    return (
        cd5.state,
        cd5.percent,
        cd5.positive_events,
        burden.state,
        burden.percent,
        result.criterion.state,
        result.quality.state,
    )
