"""`cd5flow strategies`, `protocols` and `schema`: their options."""

from pathlib import Path
from typing import Annotated

import typer

from cd5flow.cli.commands.habits import register
from cd5flow.cli.commands.parameters import Json


def _commands(plural: str, *, about: str, files: str, example: str, copy: str) -> typer.Typer:
    """Return the commands `list`, `show` and `check` for one kind of gating file."""
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)

    @register(group, "list", about=f"List the {plural} that come with cd5flow.")
    def list_all() -> None:
        from cd5flow.cli.catalogue import GATING_FILES

        GATING_FILES[plural].list()

    @register(
        group,
        "show",
        about=f"Print {files}, to read it or to edit a copy.\n\n"
        f"\b\nExample:\n  cd5flow {plural} show {example} > {copy}",
    )
    def show(
        name: Annotated[str, typer.Argument(metavar="NAME", help=f"As `{plural} list` says.")],
    ) -> None:
        from cd5flow.cli.catalogue import GATING_FILES

        GATING_FILES[plural].show(name)

    @register(
        group,
        "check",
        about=f"Check {files}; every fault is one line `file:line:column: what`.\n\n"
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
    files="a strategy, or the reference profiles that it names",
    about="Gating strategies: how blasts are found.",
    example="t-all-relapse",
    copy="my-panel.yaml",
)
protocols = _commands(
    "protocols",
    files="a protocol",
    about="Trial protocols: what is asked of them.",
    example="cd5-cart-70",
    copy="my-trial.yaml",
)


@register(strategies, "limits")
def adopt_limits(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE", help="The strategy that the validation's tubes were analysed with."
        ),
    ],
    *,
    validation: Annotated[
        Path,
        typer.Option(
            "--from", metavar="validation.json", help="The record of `cd5flow validate --own`."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The new strategy file.")],
) -> None:
    """Write a copy of a strategy with the laboratory's own LOB, LOD and LLOQ, and their origin.

    The copy's version is raised and all else stays as it is written. Refused where the record
    establishes no limit, or where its tubes were analysed with another strategy. Have the copy
    approved with `cd5flow sign --strategy`.

    \b
    Example:
      cd5flow strategies limits t-all-mrd --from validation/validation.json --out our-mrd.yaml
    """
    from cd5flow.cli.own_limits import run

    run(name, validation=validation, out=out)


@register(protocols, "compare")
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

    run(
        results,
        protocols=protocol or (),
        clinical=clinical,
        as_json=json,
    )


def schema(
    what: Annotated[
        str,
        typer.Argument(
            metavar="result|strategy|protocol|clinical|eligibility|comparison|override|defaults|"
            "validation|own-validation",
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
