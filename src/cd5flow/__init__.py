"""cd5flow: CD5 positivity of leukaemic blasts and disease burden from FCS files.

::

    import cd5flow

    fcs = cd5flow.read_fcs("tube.fcs")
    result = cd5flow.analyze("tube.fcs", timepoint="relapse", controls={"fmo": "fmo.fcs"})
    result.cd5.percent, result.burden.state, result.criterion.state

Importing the package is cheap: what computes is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cd5flow._version import __version__
from cd5flow.errors import (
    Cd5FlowError,
    ClinicalError,
    EngineError,
    FcsCorruptError,
    FcsError,
    FcsTruncatedError,
    FcsUnsupportedError,
    FileAccessError,
    GatesError,
    InputError,
    NotFcsError,
    OptionError,
    OutputError,
    OverrideError,
    PanelError,
    ProtocolError,
    ResultError,
    SheetError,
    SpilloverError,
    StrategyError,
    UsageError,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from cd5flow.criteria.clinical import Clinical
    from cd5flow.fcs import FcsFile, read_fcs
    from cd5flow.model.result import Result
    from cd5flow.quantify.pooling import Pooled

__all__ = [
    "Cd5FlowError",
    "ClinicalError",
    "EngineError",
    "FcsCorruptError",
    "FcsError",
    "FcsFile",
    "FcsTruncatedError",
    "FcsUnsupportedError",
    "FileAccessError",
    "GatesError",
    "InputError",
    "NotFcsError",
    "OptionError",
    "OutputError",
    "OverrideError",
    "PanelError",
    "ProtocolError",
    "Result",
    "ResultError",
    "SheetError",
    "SpilloverError",
    "StrategyError",
    "UsageError",
    "__version__",
    "analyze",
    "pool",
    "read_fcs",
]

_LATER = {
    "FcsFile": "cd5flow.fcs",
    "read_fcs": "cd5flow.fcs",
    "Result": "cd5flow.model.result",
}
"""Public names to the modules that hold them, imported on first use."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(_module(_LATER[name]), name)
    globals()[name] = found
    return found


def _module(name: str) -> Any:
    # By name: modules below take the version from here and must not import what is above them.
    from importlib import import_module  # noqa: PLC0415

    return import_module(name)


def __dir__() -> list[str]:
    """Return every public name, imported or not."""
    return sorted({*globals(), *__all__})


def analyze(
    path: str | os.PathLike[str],
    *,
    strategy: str | os.PathLike[str] = "auto",
    protocol: str | os.PathLike[str] = "cd5-cart-70",
    timepoint: str | None = None,
    specimen: str | None = None,
    prior_therapy: Sequence[str] = (),
    controls: Mapping[str, str | os.PathLike[str]] | None = None,
    markers: Mapping[str, str] | None = None,
    sample_id: str | None = None,
    patient_id: str | None = None,
    collected_at: str | None = None,
    identifiers: Mapping[str, str] | None = None,
    spillover: str | os.PathLike[str] | None = None,
    dataset: int | None = None,
    clinical: str | os.PathLike[str] | Clinical | None = None,
    override: str | os.PathLike[str] | None = None,
    gates: str | os.PathLike[str] | None = None,
    map: Mapping[str, str] | None = None,  # noqa: A002 - as the command line calls it
    laip: str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> Result:
    """Analyse one tube. Computes, writes nothing.

    What is not given is unknown and never guessed: without `timepoint` the criterion is at most
    REVIEW.

    Args:
        path: the FCS file.
        strategy: name of a shipped strategy, a strategy file, or ``auto`` (by time point).
        protocol: name of a shipped protocol, or a protocol file.
        timepoint: ``diagnosis``, ``relapse`` or ``mrd``.
        specimen: ``bone_marrow``, ``peripheral_blood``, ``csf``, ``fluid`` or ``tissue``.
        prior_therapy: any of ``cd5_car``, ``cd7_car``, ``other_car``, ``allo_hsct``, ``anti_cd38``.
        controls: ``fmo``, ``isotype`` or ``positive`` to the control tube's file.
        markers: marker to the ``$PnN`` that carries it, where labels are ambiguous.
        sample_id: the sample's name; the file's stem by default.
        patient_id: the patient's pseudonym.
        collected_at: ISO date, or date and time, of collection.
        identifiers: further names of the sample (tube, specimen, lot), carried into the result.
        spillover: a CSV file with the matrix, or ``hardware`` (compensated on the instrument).
        dataset: which data set of the file, from 1.
        clinical: clinical file, or what was read from one.
        override: file of gates drawn by hand, which take the place of those that are found.
        gates: Gating-ML 2.0 file or FlowJo workspace (``.wsp``) whose gates are used instead of the
            strategy's.
        map: population (``blasts``, ``cd5_positive``, ``nucleated``, ``t_cells``, ...) to the name,
            or path of names joined by ``/``, of its gate in that file; a gate that bears the
            population's name needs none.
        laip: ``result.json`` of the patient's diagnostic tube; it guides the blast window.
        seed: of all random numbers.

    Raises:
        InputError: a file that cannot be used.
        UsageError: a strategy, protocol, clinical file or argument that is wrong.
    """
    from pathlib import Path  # noqa: PLC0415 - importing cd5flow stays cheap

    chosen = _module("cd5flow.analysis.options").settings(
        strategy=strategy,
        protocol=protocol,
        timepoint=timepoint,
        specimen=specimen,
        prior_therapy=prior_therapy,
        controls=controls,
        markers=markers,
        sample_id=sample_id,
        patient_id=patient_id,
        collected_at=collected_at,
        identifiers=identifiers,
        spillover=spillover,
        dataset=dataset,
        clinical=clinical,
        override=override,
        gates=gates,
        map=map,
        laip=laip,
        seed=seed,
    )
    result: Result = _module("cd5flow.pipeline").analyse_tube(Path(path), chosen).result
    return result


def pool(
    results: Sequence[str | os.PathLike[str] | Result],
    *,
    strategy: str | os.PathLike[str] | None = None,
    protocol: str | os.PathLike[str] | None = None,
) -> Pooled:
    """Count several tubes of one specimen as one, for the sensitivity.

    Counts are added, never percentages averaged, and only where specimen, panel lot, strategy,
    protocol, panel, denominator and lineage rule agree; else `reasons` name all that differs.

    Args:
        results: results, or their ``result.json`` files.
        strategy: the strategy file that they were analysed by; needed where it is a laboratory's own.
        protocol: the protocol file likewise.

    Raises:
        InputError: a file that cannot be used.
        OptionError: no result was given, or strategy or protocol are not those of the results.
    """
    import os  # noqa: PLC0415 - importing cd5flow stays cheap
    from pathlib import Path  # noqa: PLC0415 - likewise

    pooled: Pooled = _module("cd5flow.analysis.pooling").pool_results(
        [Path(one) if isinstance(one, str | os.PathLike) else one for one in results],
        strategy=None if strategy is None else str(strategy),
        protocol=None if protocol is None else str(protocol),
    )
    return pooled
