"""``cd5flow.yaml``: a laboratory's own defaults of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from cd5flow.analysis.options import AUTO
from cd5flow.config.shipped import protocol_file, strategy_file
from cd5flow.config.yaml_file import load_yaml
from cd5flow.criteria.protocol import load_protocol
from cd5flow.errors import OptionError, UsageError, told_faults
from cd5flow.gating.strategy import load_strategy
from cd5flow.model.file_part import FilePart
from cd5flow.model.result import Specimen
from cd5flow.report.lab import load_lab
from cd5flow.report.wording import load_wording

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class DefaultsFile(FilePart):
    """What holds where the command line says nothing. Files are named relative to this one."""

    format: Literal["cd5flow.defaults/1"] = "cd5flow.defaults/1"
    lab: Text | None = Field(default=None, description="the laboratory's file, as of --lab")
    strategy: Text | None = Field(default=None, description="name or file, as of --strategy")
    protocol: Text | None = Field(default=None, description="name or file, as of --protocol")
    language: Text | None = Field(default=None, description="en, zh or file, as of --language")
    specimen: Specimen | None = Field(default=None, description="as of --specimen")


def load_defaults(path: Path) -> dict[str, str]:
    """Return option to its default, files found from the working folder.

    Raises:
        OptionError: the file is absent or has faults, each named as ``file:line:column: what``.
    """
    loaded = load_yaml(path, DefaultsFile, error=OptionError)
    values: dict[str, str] = {}
    faults: list[str] = []
    for name, check in _CHECKS.items():
        written = getattr(loaded.value, name)
        if written is None:
            continue
        values[name] = _found_from_here(written, path)
        try:
            check(values[name])
        except UsageError as refused:
            where = f"{loaded.where(name)}: {name}"
            faults += [f"{where}: {line}" for line in refused.message.splitlines()]
    if faults:
        raise OptionError(told_faults(faults))
    return values


def _found_from_here(written: str, path: Path) -> str:
    """Return a value as it is, or the file that it names beside the file of defaults."""
    named = Path(written)
    return str(path.parent / named) if named.suffix.lower() in _FILES else written


_FILES: Final = frozenset({".yaml", ".yml", ".json"})


def _strategy(written: str) -> None:
    if written != AUTO:
        load_strategy(strategy_file(written))


_CHECKS: Final[Mapping[str, Callable[[str], object]]] = {
    "lab": lambda written: load_lab(Path(written)),
    "strategy": _strategy,
    "protocol": lambda written: load_protocol(protocol_file(written)),
    "language": load_wording,
    "specimen": str,  # one of its words, or the file was refused
}
"""Option to what refuses a value that the option itself would refuse."""
