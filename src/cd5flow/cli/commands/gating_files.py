"""`cd5flow strategies`, `protocols` and `schema`: their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

strategies = typer.Typer(
    help="Gating strategies: how blasts are found.", no_args_is_help=True, rich_markup_mode=None
)
protocols = typer.Typer(
    help="Trial protocols: what is asked of them.", no_args_is_help=True, rich_markup_mode=None
)


@strategies.command("list")
def list_strategies() -> None:
    """List the strategies that come with cd5flow."""
    from cd5flow.cli.catalogue import STRATEGIES

    STRATEGIES.list()


@strategies.command("show")
def show_strategy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `strategies list` says.")],
) -> None:
    """Print a strategy file, or the reference profiles that it names, to read it or to edit a copy.

    \b
    Example:
      cd5flow strategies show t-all-relapse > my-panel.yaml
      cd5flow strategies show t-all > my-profiles.yaml
    """
    from cd5flow.cli.catalogue import STRATEGIES

    STRATEGIES.show(name)


@strategies.command("check")
def check_strategy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to check.")],
) -> None:
    """Check a strategy with its profiles, or profiles; a fault is a line `file:line:column: what`.

    \b
    Example:
      cd5flow strategies check my-panel.yaml
    """
    from cd5flow.cli.catalogue import STRATEGIES

    STRATEGIES.check(file)


@protocols.command("list")
def list_protocols() -> None:
    """List the protocols that come with cd5flow."""
    from cd5flow.cli.catalogue import PROTOCOLS

    PROTOCOLS.list()


@protocols.command("show")
def show_protocol(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `protocols list` says.")],
) -> None:
    """Print a protocol file, to read it or to edit a copy.

    \b
    Example:
      cd5flow protocols show cd5-cart-70 > my-trial.yaml
    """
    from cd5flow.cli.catalogue import PROTOCOLS

    PROTOCOLS.show(name)


@protocols.command("check")
def check_protocol(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to check.")],
) -> None:
    """Check a protocol file; every fault is one line `file:line:column: what`.

    \b
    Example:
      cd5flow protocols check my-trial.yaml
    """
    from cd5flow.cli.catalogue import PROTOCOLS

    PROTOCOLS.check(file)


def schema(
    what: Annotated[
        str,
        typer.Argument(
            metavar="result|strategy|protocol|clinical|eligibility|override|validation",
            help="Which file.",
        ),
    ],
) -> None:
    """Print the JSON Schema of a file.

    \b
    Example:
      cd5flow schema clinical > clinical.schema.json
    """
    from cd5flow.cli.schema import run

    run(what)
