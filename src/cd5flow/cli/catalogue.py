"""`cd5flow strategies` and `cd5flow protocols`: list, show, check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cd5flow.analysis.rule_files import check_strategy
from cd5flow.cli.terminal import emit, show, table
from cd5flow.config.shipped import list_protocols, list_strategies, protocol_file, strategy_file
from cd5flow.config.yaml_file import Loaded
from cd5flow.criteria.protocol import Protocol, load_protocol
from cd5flow.gating.strategy import Strategy


@dataclass(frozen=True, slots=True)
class GatingFiles:
    """One kind of gating file.

    Attributes:
        names: the shipped ones.
        file: where a shipped one is.
        load: reads and checks one.
    """

    names: Callable[[], tuple[str, ...]]
    file: Callable[[str], Path]
    load: Callable[[Path], Loaded[Strategy] | Loaded[Protocol]]

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


GATING_FILES: Final = {
    "strategies": GatingFiles(list_strategies, strategy_file, check_strategy),
    "protocols": GatingFiles(list_protocols, protocol_file, load_protocol),
}
