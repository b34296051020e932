"""What every command has in common: `--quiet` and `--verbose`, and where its options came from."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, TypeVar

import typer

from cd5flow._version import __version__
from cd5flow.cli.commands.defaults import origin_of, taken_from
from cd5flow.cli.terminal import Voice, detail, say, speak
from cd5flow.errors import OptionError

Quiet = Annotated[
    bool,
    typer.Option("--quiet", help="On stderr only what failed or needs a look; no progress."),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", help="On stderr also every option and where it came from, and the seconds."
    ),
]

Command = TypeVar("Command", bound=Callable[..., None])

_CONTEXT: Final = "_context"
_NOT_TOLD: Final = frozenset({"quiet", "verbose", "install_completion", "show_completion"})


def register(
    group: typer.Typer, name: str | None = None, *, about: str | None = None
) -> Callable[[Command], Command]:
    """Return what adds a command to a group, so that it can be quiet or verbose.

    Args:
        group: the program, or a command that has commands.
        name: of the command; that of the function by default.
        about: its help; the function's docstring by default.
    """

    def add(command: Command) -> Command:
        group.command(name, help=about)(_with_habits(command))
        return command

    return add


def _with_habits(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes `--quiet` and `--verbose` beside its own options."""
    signature = inspect.signature(command, eval_str=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    added = [
        inspect.Parameter("quiet", keyword, default=False, annotation=Quiet),
        inspect.Parameter("verbose", keyword, default=False, annotation=Verbose),
    ]
    own = [p.name for p in signature.parameters.values() if p.annotation is typer.Context]
    if not own:
        added.append(inspect.Parameter(_CONTEXT, keyword, annotation=typer.Context))
    (name,) = own or [_CONTEXT]

    @functools.wraps(command)
    def run(*, quiet: bool, verbose: bool, **said: Any) -> None:
        context: typer.Context = said[name] if own else said.pop(name)
        speak(_voice_of(quiet=quiet, verbose=verbose))
        for line in _beginning(context):
            detail(line)
        taken = taken_from(context)
        if taken.names:
            say(f"{taken.file}: gives {', '.join(taken.names)}")
        started = time.perf_counter()
        try:
            command(**said)
        finally:
            detail(f"{context.command_path}: {time.perf_counter() - started:.2f} s")

    # typer reads a command's signature.
    whole = [*signature.parameters.values(), *added]
    run.__signature__ = signature.replace(parameters=whole)  # type: ignore[attr-defined] # is read
    return run


def _voice_of(*, quiet: bool, verbose: bool) -> Voice:
    if quiet and verbose:
        raise OptionError("quiet: found --verbose beside it, expected one of the two")
    return Voice.QUIET if quiet else Voice.VERBOSE if verbose else Voice.NORMAL


def _beginning(context: typer.Context) -> Iterator[str]:
    """Yield version and command, and each option with where it came from."""
    yield f"cd5flow {__version__}: {context.command_path}"
    for name, value in context.params.items():
        if name not in _NOT_TOLD and value not in (None, [], (), ""):
            yield f"  {name}: {_written(value)} ({origin_of(context, name)})"


def _written(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
