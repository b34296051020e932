"""`cd5flow inspect` and `cd5flow deidentify`: their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd5flow.cli.commands.parameters import FcsArgument, FcsArguments, Json


def inspect(
    fcs: FcsArguments,
    *,
    dataset: Annotated[
        int | None, typer.Option(metavar="N", help="Which data set of the file, from 1.")
    ] = None,
    keywords: Annotated[
        bool, typer.Option("--keywords", help="Every keyword of the file too.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what a file holds, and each channel's marker.

    Data sets, channels, spillover, acquisition, faults, and the lineage rules that the panel
    allows. Run it on a new panel first. Of several files --json gives an array; one that cannot be
    read is told, the others are shown, and the exit code is 1.

    \b
    Examples:
      cd5flow inspect tube.fcs
      cd5flow inspect run/*.fcs --json | jq .[].cytometer
      cd5flow inspect tube.lmd --dataset 2 --json
    """
    from cd5flow.cli.inspect import run

    run(fcs, dataset=dataset, keywords=keywords, json=json)


def deidentify(
    fcs: FcsArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The copy to write.")],
    *,
    keep_dates: Annotated[
        bool, typer.Option("--keep-dates", help="Leave the day and time of the run as they are.")
    ] = False,
    shift_dates: Annotated[
        int | None,
        typer.Option(metavar="N", help="Move the day of the run by N days; keep N to yourself."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="KEYWORD", help="Remove this keyword too; repeat for several."),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A list of your own (YAML).")
    ] = None,
    names: Annotated[
        bool, typer.Option("--names", help="Print every keyword's own name, listed or not.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace OUT if it exists.")] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Refuse while kept text is left that a person must look at."),
    ] = False,
    json: Json = False,
) -> None:
    """Write a copy of a file without what tells who the patient is.

    Keeps the events bit for bit and only the keywords that an analysis needs, by the list
    gating/deidentify.yaml; all else is left out: names, ids, dates, operator, institution, comments,
    keywords that the list does not know, ANALYSIS and other segments. Channel names and labels stay;
    look at them, and at the name of OUT, before the copy leaves the house.

    \b
    Examples:
      cd5flow deidentify tube.fcs tube-17.fcs
      cd5flow deidentify tube.lmd tube-17.lmd --shift-dates -41 --json
    """
    from cd5flow.cli.deidentify import run

    run(
        fcs,
        out,
        rules=rules,
        remove=remove or (),
        keep_dates=keep_dates,
        shift_dates=shift_dates,
        names=names,
        force=force,
        strict=strict,
        json=json,
    )
