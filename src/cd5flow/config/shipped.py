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


def gating_folder() -> Path:
    """Return the folder that holds ``strategies/``, ``protocols/`` and ``markers.yaml``.

    Raises:
        OptionError: neither is there, so the installation is broken.
    """
    shipped = _PACKAGE / "shipped"
    checkout = _PACKAGE.parent.parent / "gating"
    for folder in (shipped, checkout):
        if (folder / _STRATEGIES).is_dir():
            return folder
    raise OptionError(f"the gating files are neither at {shipped} nor at {checkout}; install again")


def strategy_file(name: str) -> Path:
    """Return the file of a strategy: one that comes with cd5flow, or a laboratory's own.

    Args:
        name: its name, or the path of a ``.yaml`` or ``.yml`` file, which need not exist.

    Raises:
        OptionError: there is none of this name; the message names those there are.
    """
    return _named(name, _STRATEGIES, "strategy")


def protocol_file(name: str) -> Path:
    """Return the file of a protocol: one that comes with cd5flow, or a laboratory's own.

    Args:
        name: its name, or the path of a ``.yaml`` or ``.yml`` file, which need not exist.

    Raises:
        OptionError: there is none of this name; the message names those there are.
    """
    return _named(name, _PROTOCOLS, "protocol")


def profiles_file(name: str, *, beside: Path) -> Path:
    """Return the file of reference profiles that a strategy names.

    Args:
        name: of profiles that come with cd5flow, or the path of a ``.yaml`` or ``.yml`` file.
        beside: the strategy's file; a relative path starts at its folder.

    Raises:
        OptionError: there are none of this name; the message names those there are.
    """
    found = _named(name, _PROFILES, "profiles")
    return beside.parent / found if Path(name).suffix in {_SUFFIX, ".yml"} else found


def markers_file() -> Path:
    """Return the table of marker spellings that comes with cd5flow."""
    return gating_folder() / "markers.yaml"


def batch_file() -> Path:
    """Return the rules that come with cd5flow for comparing the tubes of a batch."""
    return gating_folder() / "batch.yaml"


def codes_file() -> Path:
    """Return the table of codes for other systems that comes with cd5flow."""
    return gating_folder() / "codes.yaml"


def deidentify_file() -> Path:
    """Return the list of keywords that may stay in a file without the patient's name."""
    return gating_folder() / "deidentify.yaml"


def file_names_file() -> Path:
    """Return the words by which names of files tell what a tube is."""
    return gating_folder() / "file_names.yaml"


def validation_file() -> Path:
    """Return the series that `cd5flow validate` simulates, as they come with cd5flow."""
    return gating_folder() / "validation.yaml"


def own_validation_file() -> Path:
    """Return what `cd5flow validate --own` asks of a laboratory's tubes, as it comes with cd5flow."""
    return gating_folder() / "own_validation.yaml"


def requirements_file() -> Path:
    """Return what is asked of the program with the tests that show it, as it comes with cd5flow."""
    return gating_folder() / "requirements.yaml"


def list_strategies() -> tuple[str, ...]:
    """Return the names of the strategies that come with cd5flow, sorted."""
    return _names(_STRATEGIES)


def list_protocols() -> tuple[str, ...]:
    """Return the names of the protocols that come with cd5flow, sorted."""
    return _names(_PROTOCOLS)


def list_profiles() -> tuple[str, ...]:
    """Return the names of the reference profiles that come with cd5flow, sorted."""
    return _names(_PROFILES)


def _names(kind: str) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (gating_folder() / kind).glob(f"*{_SUFFIX}")))


def _named(name: str, kind: str, word: str) -> Path:
    if Path(name).suffix in {_SUFFIX, ".yml"}:
        return Path(name)
    names = _names(kind)
    if name not in names:
        there = ", ".join(names) or "none"
        raise OptionError(f"no {word} is named {name!r}; there are: {there}")
    return gating_folder() / kind / f"{name}{_SUFFIX}"
