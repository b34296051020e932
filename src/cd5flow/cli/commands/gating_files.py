"""`cd5flow strategies`, `protocols` and `schema`: their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd5flow.cli.commands.parameters import Json

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
    """Print a strategy file, to read it or to edit a copy.

    \b
    Example:
      cd5flow strategies show t-all-relapse > my-panel.yaml
    """
    from cd5flow.cli.catalogue import STRATEGIES

    STRATEGIES.show(name)


@strategies.command("check")
def check_strategy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to check.")],
) -> None:
    """Check a strategy file; every fault is one line `file:line:column: what`.

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


@protocols.command("compare")
def compare_protocols(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT.json...", help="Results, or folders that hold them."),
    ],
    *,
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|FILE", help="A protocol of your own too; repeat for several."),
    ] = None,
    clinical: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What the clinic knows: YAML or JSON of one patient, CSV or XLSX with a row a "
            "patient; by default what each result was made with.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Judge results by every protocol that comes with cd5flow, in one table.

    States follow from the numbers that the results hold; nothing is analysed again. Where a result
    does not hold what a threshold needs, CD5 is BORDERLINE and says so. The result's own protocol is
    marked *; rules that a trial's sources do not give are listed below the table. Exit code 0
    whatever the answers.

    \b
    Examples:
      cd5flow protocols compare results/tube/result.json
      cd5flow protocols compare results --protocol our-trial.yaml --clinical clinical.csv
      cd5flow protocols compare results/a results/b --json
    """
    from cd5flow.cli.compare import run

    run(results, protocols=protocol or (), clinical=clinical, as_json=json)


def schema(
    what: Annotated[
        str,
        typer.Argument(
            metavar="result|strategy|protocol|clinical|eligibility|comparison|override|validation",
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
