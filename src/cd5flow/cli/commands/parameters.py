"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

FcsArgument = Annotated[Path, typer.Argument(metavar="FCS", help="The tube's FCS file.")]
FcsArguments = Annotated[list[Path], typer.Argument(metavar="FCS", help="FCS files of tubes.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where the results go, a folder a sample.")]
NoReport = Annotated[
    bool,
    typer.Option(
        "--no-report", help="No PDF, HTML and pictures; result.json, tables and gates only."
    ),
]
ReportExtent = Annotated[
    Literal["short", "full"],
    typer.Option(
        "--report",
        help="`short` is pages one to three, without the technical annex and its pictures.",
    ),
]
Membership = Annotated[
    bool,
    typer.Option("--membership", help="Write membership.npz too: who is in which population."),
]
Language = Annotated[
    str,
    typer.Option(metavar="en|zh|FILE", help="Of the report; FILE is a laboratory's own wording."),
]
Lab = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The laboratory's name, address, logo, director (YAML)."),
]
Supersede = Annotated[
    str,
    typer.Option(
        metavar="REASON", help="Replace a result that was signed or amended in review, and say why."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else there.")]
