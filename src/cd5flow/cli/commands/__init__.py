"""Every command with its options. Nothing heavy is imported before a command runs.

What a command does stands in a module of `cd5flow.cli`, imported when the command is called: `--help`
answers at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from cd5flow._version import __version__
from cd5flow.cli.commands.habits import register

COMMANDS: Final[Mapping[str, str]] = {
    "analyze": "analyze",
    "batch": "batch",
    "sheet": "batch",
    "inspect": "fcs_files",
    "eligibility": "eligibility",
    "deidentify": "fcs_files",
    "schema": "gating_files",
    "override": "results",
    "export": "results",
    "pool": "results",
    "review": "review",
    "sign": "signing",
    "verify": "signing",
    "simulate": "synthetic",
    "validate": "synthetic",
    "dossier": "synthetic",
    "months": "results",
    "users": "signing",
    "strategies": "gating_files",
    "protocols": "gating_files",
}
"""Each command, in the order of the help, and the module here that has its options."""


class _Interruptible(TyperGroup):
    """Commands that end with exit code 130 when interrupted; a misspelt one names the likest."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command; say what was likely meant where there is none."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'. {_meant(args[0], self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as bad:
            bad.message = _found_and_expected(bad)
            raise
        except KeyboardInterrupt:
            typer.echo("cd5flow: interrupted", err=True)
            raise typer.Exit(130) from None


def _found_and_expected(bad: typer.BadParameter) -> str:
    """Return what is wrong with an option's value as this program says it: what it is, what it may be."""
    from pydantic import ValidationError

    invalid = bad.__cause__
    if not isinstance(invalid, ValidationError):
        return bad.message
    (fault, *_) = invalid.errors(include_url=False)
    said = fault["msg"].removeprefix("Value error, ").rstrip(".")
    expected = said.removeprefix("Input should be ").partition(", unable to parse")[0]
    return said if expected == said else f"found {fault['input']!r}, expected {expected}"


def _meant(word: str, commands: list[str]) -> str:
    """Return what was likely meant by a word that is no command: another one, or a file's command."""
    path = Path(word)
    if path.suffix.lower() in {".fcs", ".lmd"}:
        return f"Did you mean: cd5flow analyze {word}"
    if path.is_dir() or path.suffix.lower() in {".csv", ".xlsx"}:
        return f"Did you mean: cd5flow batch {word}"
    near = difflib.get_close_matches(word, commands, n=2)
    return f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(commands)}"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cd5flow {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def program(words: Sequence[str] = ()) -> typer.Typer:
    """Return the program with every command, or with the one alone that is called.

    The options of all commands take longer to read than a command takes to begin.

    Args:
        words: of the command line. Unless the first is a command's name, all commands may be asked for.
    """
    app = typer.Typer(
        name="cd5flow",
        cls=_Interruptible,
        help=(
            "What share of the leukaemic blasts carries CD5, how much disease is there, and how sure "
            "are we? Reads FCS files, writes numbers, gates and the reasons for them. For research use, "
            "or after the laboratory's own validation; never a diagnosis."
        ),
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_root)
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        command = getattr(import_module(f"{__name__}.{COMMANDS[name]}"), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            register(app)(command)
    return app
