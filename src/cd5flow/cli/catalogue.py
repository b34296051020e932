"""`cd5flow strategies` and `cd5flow protocols`: list, show, check."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cd5flow.analysis.rule_files import check_profiles, check_strategy, load_profiles_of
from cd5flow.cli.terminal import emit, show, table
from cd5flow.config.shipped import (
    list_profiles,
    list_protocols,
    list_strategies,
    profiles_file,
    protocol_file,
    strategy_file,
)
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.gating.profiles import Profiles
from cd5flow.gating.strategy import Strategy


@dataclass(frozen=True, slots=True)
class GatingFiles:
    """One kind of gating file.

    Attributes:
        names: the shipped ones.
        file: where a shipped one is.
        load: reads and checks one.
        profiles_of: the reference profiles that a file names, None for none.
    """

    names: Callable[[], tuple[str, ...]]
    file: Callable[[str], Path]
    load: Callable[[Path], Loaded[Strategy] | Loaded[Protocol] | Loaded[Profiles]]
    profiles_of: Callable[[Path], Loaded[Profiles] | None]

    def list(self) -> None:
        """Print name, version and title of each."""
        rows = [["NAME", "VERSION", "TITLE"]]
        for name in self.names():
            value = self.load(self.file(name)).value
            rows.append([value.name, value.version, value.title])
        for line in table(rows):
            show(line)

    def show(self, name: str) -> None:
        """Print a file as it is.

        Raises:
            UsageError: there is none of this name, or it has faults.
        """
        emit(self.load(self.file(name)).path.read_text(encoding="utf-8-sig"))

    def check(self, file: Path) -> None:
        """Say that a file is right; faults are raised.

        Raises:
            UsageError: the file's faults, one a line.
        """
        loaded = self.load(file)
        value = loaded.value
        show(f"{file}: {value.name} {value.version}: no faults, sha256 {loaded.sha256}")
        profiles = self.profiles_of(file)
        if profiles is not None:
            named = f"{profiles.value.name} {profiles.value.version}"
            show(f"{profiles.path}: {named}: no faults, sha256 {profiles.sha256}")


_PROFILES = re.compile(rb"""^["' {]*format["']?\s*:\s*["']?cd5flow\.profiles/""", re.MULTILINE)


def _strategy_or_profiles_file(name: str) -> Path:
    """Return the file of a strategy, or of the reference profiles that strategies name."""
    if name in list_profiles() and name not in list_strategies():
        return profiles_file(name, beside=Path())
    return strategy_file(name)


def _load_strategy_or_profiles(path: Path) -> Loaded[Strategy] | Loaded[Profiles]:
    """Read and check a strategy with the profiles that it names, or a file of profiles alone."""
    return check_profiles(path) if _is_profiles(path) else check_strategy(path)


def _profiles_named_in(path: Path) -> Loaded[Profiles] | None:
    return None if _is_profiles(path) else load_profiles_of(check_strategy(path))


def _is_profiles(path: Path) -> bool:
    return path.is_file() and _PROFILES.search(path.read_bytes()) is not None


GATING_FILES: Final = {
    "strategies": GatingFiles(
        list_strategies, _strategy_or_profiles_file, _load_strategy_or_profiles, _profiles_named_in
    ),
    "protocols": GatingFiles(list_protocols, protocol_file, load_protocol, lambda _: None),
}
