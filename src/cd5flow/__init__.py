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

from cd5flow.errors import (
    Cd5FlowError,
    ClinicalError,
    FcsCorruptError,
    FcsError,
    FcsTruncatedError,
    FcsUnsupportedError,
    FileAccessError,
    InputError,
    NotFcsError,
    OptionError,
    OutputError,
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

__version__ = "0.1.0"

__all__ = [
    "Cd5FlowError",
    "ClinicalError",
    "FcsCorruptError",
    "FcsError",
    "FcsFile",
    "FcsTruncatedError",
    "FcsUnsupportedError",
    "FileAccessError",
    "InputError",
    "NotFcsError",
    "OptionError",
    "OutputError",
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
    spillover: str | os.PathLike[str] | None = None,
    dataset: int | None = None,
    clinical: str | os.PathLike[str] | Clinical | None = None,
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
        spillover: a CSV file with the matrix, or ``hardware`` (compensated on the instrument).
        dataset: which data set of the file, from 1.
        clinical: clinical file, or what was read from one.
        seed: of all random numbers.

    Raises:
        InputError: a file that cannot be used.
        UsageError: a strategy, protocol, clinical file or argument that is wrong.
    """
    from pathlib import Path  # noqa: PLC0415 - importing cd5flow stays cheap

    chosen = _module("cd5flow.options").settings(
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
        spillover=spillover,
        dataset=dataset,
        clinical=clinical,
        seed=seed,
    )
    result: Result = _module("cd5flow.pipeline").analyse_tube(Path(path), chosen).result
    return result
