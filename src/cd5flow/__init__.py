"""cd5flow: CD5 positivity of leukaemic blasts and disease burden from FCS files.

::

    import cd5flow

    fcs = cd5flow.read_fcs("tube.fcs")
    result = cd5flow.analyze("tube.fcs", timepoint="relapse", controls={"fmo": "fmo.fcs"})
    result.cd5.percent, result.burden.state, result.criterion.state

    analysis = cd5flow.Analysis("tube.fcs", timepoint="relapse")   # the same, with its events
    analysis.events, analysis.membership["blasts"], analysis.figures
    analysis.write("results")

Importing the package is cheap: what computes is imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cd5flow._version import __version__
from cd5flow.errors import (
    BusyError,
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
    LedgerError,
    NotFcsError,
    OptionError,
    OutputError,
    OverrideError,
    PanelError,
    PrivacyError,
    ProtocolError,
    ResultError,
    SheetError,
    SigningError,
    SpilloverError,
    StrategyError,
    UsageError,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from typing import Unpack

    from cd5flow.analysis.options import TubeOptions
    from cd5flow.fcs import FcsFile, read_fcs
    from cd5flow.model.result import Result
    from cd5flow.notebook.analysis import Analysis
    from cd5flow.quantify.pooling import Pooled

__all__ = [
    "Analysis",
    "BusyError",
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
    "LedgerError",
    "NotFcsError",
    "OptionError",
    "OutputError",
    "OverrideError",
    "PanelError",
    "PrivacyError",
    "ProtocolError",
    "Result",
    "ResultError",
    "SheetError",
    "SigningError",
    "SpilloverError",
    "StrategyError",
    "TubeOptions",
    "UsageError",
    "__version__",
    "analyze",
    "pool",
    "read_fcs",
    "read_result",
]

_LATER = {
    "Analysis": "cd5flow.notebook.analysis",
    "FcsFile": "cd5flow.fcs",
    "read_fcs": "cd5flow.fcs",
    "Result": "cd5flow.model.result",
    "TubeOptions": "cd5flow.analysis.options",
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


def analyze(path: str | os.PathLike[str], **options: Unpack[TubeOptions]) -> Result:
    """Analyse one tube. Computes, writes nothing.

    What is not given is unknown and never guessed: without `timepoint` the criterion is at most
    REVIEW.

    Args:
        path: the FCS file.
        options: those of ``cd5flow analyze``, by the same names, each explained in `TubeOptions`;
            `controls` and `map` are mappings: role to file, population to gate. Files that were read
            before (`clinical`, `gates`, `laip`) are taken as they are.

    Raises:
        InputError: a file that cannot be used.
        UsageError: a strategy, protocol, clinical file or argument that is wrong.
    """
    from pathlib import Path  # noqa: PLC0415 - importing cd5flow stays cheap

    settings = _module("cd5flow.analysis.settings").make_settings(**options)
    result: Result = _module("cd5flow.pipeline").analyse_tube(Path(path), settings).result
    return result


def read_result(path: str | os.PathLike[str]) -> Result:
    """Read a result.json: its digest is checked, and its states are derived anew.

    `review` is what the ledger beside it proves, whatever the file says of itself. What could not be
    checked is a `UserWarning`.

    Args:
        path: the file, or a sample's folder.

    Raises:
        FileAccessError: the file is absent or unreadable.
        ResultError: it is no result of this version, has no digest, or was edited.
    """
    import warnings  # noqa: PLC0415 - importing cd5flow stays cheap
    from pathlib import Path  # noqa: PLC0415 - likewise

    place = Path(path)
    file = place / "result.json" if place.is_dir() else place
    stored = _module("cd5flow.analysis.stored").read_stored(file)
    for note in stored.notes:
        warnings.warn(f"{file}: {note}", stacklevel=2)
    result: Result = stored.result
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
