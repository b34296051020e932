"""Where the gating files are: strategies, protocols, marker spellings and the rules of a batch.

An installed package carries the repository's ``gating/`` as its folder ``shipped/``; an editable
checkout has none and reads the repository's own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cd5flow.errors import OptionError

_PACKAGE: Final = Path(__file__).resolve().parent.parent
_STRATEGIES: Final = "strategies"
_PROTOCOLS: Final = "protocols"
_PROFILES: Final = "profiles"
_SUFFIX: Final = ".yaml"


def gating_folder(package: Path = _PACKAGE) -> Path:
    """Return the folder that holds ``strategies/``, ``protocols/`` and ``markers.yaml``.

    Args:
        package: the package's folder; its ``shipped/`` goes before a checkout's ``gating/``.

    Raises:
        OptionError: neither is there, so the installation is broken.
    """
    shipped = package / "shipped"
    checkout = package.parent.parent / "gating"
    for folder in (shipped, checkout):
        if (folder / _STRATEGIES).is_dir():
            return folder
    raise OptionError(f"the gating files are neither at {shipped} nor at {checkout}; install again")


def strategy_file(name: str, *, package: Path = _PACKAGE) -> Path:
    """Return the file of a strategy: one that comes with cd5flow, or a laboratory's own.

    Args:
        name: its name, or the path of a ``.yaml`` or ``.yml`` file, which need not exist.
        package: as of `gating_folder`.

    Raises:
        OptionError: there is none of this name; the message names those there are.
    """
    return _named(name, _STRATEGIES, "strategy", package)


def protocol_file(name: str, *, package: Path = _PACKAGE) -> Path:
    """Return the file of a protocol: one that comes with cd5flow, or a laboratory's own.

    Args:
        name: its name, or the path of a ``.yaml`` or ``.yml`` file, which need not exist.
        package: as of `gating_folder`.

    Raises:
        OptionError: there is none of this name; the message names those there are.
    """
    return _named(name, _PROTOCOLS, "protocol", package)


def profiles_file(name: str, *, beside: Path, package: Path = _PACKAGE) -> Path:
    """Return the file of reference profiles that a strategy names.

    Args:
        name: of profiles that come with cd5flow, or the path of a ``.yaml`` or ``.yml`` file.
        beside: the strategy's file; a relative path starts at its folder.
        package: as of `gating_folder`.

    Raises:
        OptionError: there are none of this name; the message names those there are.
    """
    found = _named(name, _PROFILES, "profiles", package)
    return beside.parent / found if Path(name).suffix in {_SUFFIX, ".yml"} else found


def markers_file(*, package: Path = _PACKAGE) -> Path:
    """Return the table of marker spellings that comes with cd5flow."""
    return gating_folder(package) / "markers.yaml"


def batch_file(*, package: Path = _PACKAGE) -> Path:
    """Return the rules that come with cd5flow for comparing the tubes of a batch."""
    return gating_folder(package) / "batch.yaml"


def codes_file(*, package: Path = _PACKAGE) -> Path:
    """Return the table of codes for other systems that comes with cd5flow."""
    return gating_folder(package) / "codes.yaml"


def deidentify_file(*, package: Path = _PACKAGE) -> Path:
    """Return the list of keywords that may stay in a file without the patient's name."""
    return gating_folder(package) / "deidentify.yaml"


def validation_file(*, package: Path = _PACKAGE) -> Path:
    """Return the series that `cd5flow validate` simulates, as they come with cd5flow."""
    return gating_folder(package) / "validation.yaml"


def list_strategies(*, package: Path = _PACKAGE) -> tuple[str, ...]:
    """Return the names of the strategies that come with cd5flow, sorted."""
    return _names(_STRATEGIES, package)


def list_protocols(*, package: Path = _PACKAGE) -> tuple[str, ...]:
    """Return the names of the protocols that come with cd5flow, sorted."""
    return _names(_PROTOCOLS, package)


def _names(kind: str, package: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (gating_folder(package) / kind).glob(f"*{_SUFFIX}")))


def _named(name: str, kind: str, word: str, package: Path) -> Path:
    if Path(name).suffix in {_SUFFIX, ".yml"}:
        return Path(name)
    names = _names(kind, package)
    if name not in names:
        there = ", ".join(names) or "none"
        raise OptionError(f"no {word} is named {name!r}; there are: {there}")
    return gating_folder(package) / kind / f"{name}{_SUFFIX}"
