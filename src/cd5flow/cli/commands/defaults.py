"""`--config` and ``cd5flow.yaml``: what holds where the command line says nothing."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, ParamSpec

import typer

FILE: Final = "cd5flow.yaml"
"""Read from the working folder where `--config` names no other."""

NAMES: Final = ("lab", "strategy", "protocol", "language", "specimen")
"""Options that may have a default there."""

_META: Final = "cd5flow.defaults"

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Taken:
    """Which options of a command a file of defaults gave.

    Attributes:
        file: the file as it was named; empty where there is none.
        names: the options.
    """

    file: str = ""
    names: tuple[str, ...] = ()


def takes_defaults(command: Callable[P, None]) -> Callable[P, None]:
    """Give a command `--config`, and defaults for those of its options that the file may name."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    rest = [p for p in signature.parameters.values() if p.kind is p.VAR_KEYWORD]
    config = inspect.Parameter(
        "config",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=_option([name for name in NAMES if name in signature.parameters]),
    )

    @functools.wraps(command)
    def run(*positional: P.args, **said: P.kwargs) -> None:
        said.pop("config")  # read before any other option
        command(*positional, **said)

    # typer reads a command's signature.
    whole = signature.replace(parameters=[*own, config, *rest])
    run.__signature__ = whole  # type: ignore[attr-defined] # is read
    return run


def _option(names: list[str]) -> Any:
    flags = " ".join(f"--{name}" for name in names)
    written = typer.Option(
        metavar="FILE",
        is_eager=True,
        callback=_read,
        help=f"Defaults for {flags} (YAML) instead of {FILE} in the working folder.",
    )
    return Annotated[Path | None, written]


def _read(context: typer.Context, config: Path | None) -> Path | None:
    """Take the defaults of a file for the options that come after it."""
    if context.resilient_parsing:  # completion asks for no values
        return config
    file = config or Path(FILE)
    if config is None and not _is_there(file):
        return config
    from cd5flow.cli.defaults import load_defaults

    given = load_defaults(file)
    own = {param.name for param in context.command.params}
    context.default_map = {name: value for name, value in given.items() if name in own}
    context.meta[_META] = file
    return config


def _is_there(file: Path) -> bool:
    return file.exists() or file.is_symlink()


def origin_of(context: typer.Context, name: str) -> str:
    """Return where an option's value came from: command line, a file of defaults, or default."""
    source = context.get_parameter_source(name)
    match None if source is None else source.name:
        case "COMMANDLINE" | "ENVIRONMENT" | "PROMPT":
            return "command line"
        case "DEFAULT_MAP":
            return Path(context.meta[_META]).name
        case _:
            return "default"


def origins(context: typer.Context) -> dict[str, str]:
    """Return where each of the options that may have a default in a file came from."""
    return {name: origin_of(context, name) for name in NAMES if name in context.params}


def taken_from(context: typer.Context) -> Taken:
    """Return which options a file of defaults gave."""
    file = context.meta.get(_META)
    if file is None:
        return Taken()
    return Taken(
        str(file), tuple(n for n, origin in origins(context).items() if origin == file.name)
    )
