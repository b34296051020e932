"""`cd5flow strategies`, `protocols` and `schema`: their options."""

from pathlib import Path
from typing import Annotated

import typer


def _commands(plural: str, word: str, *, about: str, example: str, copy: str) -> typer.Typer:
    """Return the commands `list`, `show` and `check` for one kind of gating file."""
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)

    @group.command("list", help=f"List the {plural} that come with cd5flow.")
    def list_all() -> None:
        from cd5flow.cli.catalogue import GATING_FILES

        GATING_FILES[plural].list()

    @group.command(
        "show",
        help=f"Print a {word} file, to read it or to edit a copy.\n\n"
        f"\b\nExample:\n  cd5flow {plural} show {example} > {copy}",
    )
    def show(
        name: Annotated[str, typer.Argument(metavar="NAME", help=f"As `{plural} list` says.")],
    ) -> None:
        from cd5flow.cli.catalogue import GATING_FILES

        GATING_FILES[plural].show(name)

    @group.command(
        "check",
        help=f"Check a {word} file; every fault is one line `file:line:column: what`.\n\n"
        f"\b\nExample:\n  cd5flow {plural} check {copy}",
    )
    def check(
        file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to check.")],
    ) -> None:
        from cd5flow.cli.catalogue import GATING_FILES

        GATING_FILES[plural].check(file)

    return group


strategies = _commands(
    "strategies",
    "strategy",
    about="Gating strategies: how blasts are found.",
    example="t-all-relapse",
    copy="my-panel.yaml",
)
protocols = _commands(
    "protocols",
    "protocol",
    about="Trial protocols: what is asked of them.",
    example="cd5-cart-70",
    copy="my-trial.yaml",
)


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
