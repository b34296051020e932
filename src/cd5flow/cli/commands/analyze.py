"""`cd5flow analyze`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cd5flow.cli.commands.defaults import origins, takes_defaults
from cd5flow.cli.commands.parameters import (
    FcsArguments,
    Json,
    Lab,
    Language,
    Membership,
    NoReport,
    Out,
    ReportExtent,
    Supersede,
)
from cd5flow.cli.commands.tube_options import takes_tube_options, words_of


@takes_defaults
@takes_tube_options()
def analyze(
    context: typer.Context,
    fcs: FcsArguments,
    *,
    out: Out = Path("cd5flow-results"),
    no_report: NoReport = False,
    report: ReportExtent = "full",
    membership: Membership = False,
    language: Language = "en",
    lab: Lab = None,
    supersede: Supersede = "",
    profile: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Seconds a stage: JSON in this file, a table on stderr."),
    ] = None,
    json: Json = False,
    **said: Any,
) -> None:
    """Analyse tubes: quality, gates, % CD5, burden, criterion.

    Writes OUT/SAMPLE-ID/ with report.pdf, report.html, result.json, populations.csv, gates.xml and
    plots/, and prints a summary. Several tubes are taken one by one with the same options, and one
    that is refused does not stop the others; for many, and for their controls, there is batch. Exit
    code 0 whatever the verdict, 1 if the input is refused, 2 on wrong usage.

    \b
    Examples:
      cd5flow analyze tube.fcs --timepoint relapse --specimen bone_marrow --control fmo=fmo.fcs
      cd5flow analyze tube.fcs --timepoint mrd --strategy my-panel.yaml --out results
      cd5flow analyze tube.fcs --timepoint relapse --json | jq .cd5
      cd5flow analyze tube.fcs --gates study.wsp --map blasts=Blasts --map cd5_positive=Blasts/CD5+
    """
    from cd5flow.cli.analyze import run
    from cd5flow.report.outputs import wanted_outputs

    run(
        fcs,
        words=words_of(said),
        origins=origins(context),
        outputs=wanted_outputs(
            no_report=no_report,
            extent=report,
            membership=membership,
            language=language,
            lab=lab,
            supersede=supersede,
        ),
        out=out,
        json=json,
        profile=profile,
    )
