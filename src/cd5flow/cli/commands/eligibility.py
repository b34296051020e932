"""`cd5flow eligibility`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd5flow.cli.commands.parameters import Json


def eligibility(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT.json...", help="Results, or folders that hold them; of any patients."
        ),
    ],
    *,
    clinical: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="What the clinic knows: YAML or JSON of one patient, CSV or XLSX with a row a "
            "patient.",
        ),
    ],
    protocol: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Trial protocol; the results' own by default."),
    ] = None,
    use: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SAMPLE-ID",
            help="The sample to go by where results of a patient differ; repeat for several.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the answers here as JSON too.")
    ] = None,
    json: Json = False,
) -> None:
    """List the criteria of a protocol: satisfied, not, or unknown.

    Every inclusion and exclusion criterion is there, and what is missing is named. Results and rows
    of a clinical sheet are joined by patient_id; results that name no patient are never joined.
    --json and --out give an object for one patient, an array for several. Results of one patient
    that differ are unknown until one is named by --use. Who enters a trial is the site's decision.
    Exit code 0 whatever the answers.

    \b
    Examples:
      cd5flow eligibility results/tube/result.json --clinical patient.yaml
      cd5flow eligibility results --clinical clinical.csv --out criteria.json
      cd5flow eligibility results/a results/b --clinical patient.yaml --use a --json
    """
    from cd5flow.cli.eligibility import run

    run(
        results,
        clinical=clinical,
        protocol=protocol,
        use=use or (),
        out=out,
        as_json=json,
    )
