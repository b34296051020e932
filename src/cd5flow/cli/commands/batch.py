"""`cd5flow batch`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cd5flow.cli.commands.defaults import origins, takes_defaults
from cd5flow.cli.commands.parameters import (
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
@takes_tube_options(of_batch=True)
def batch(
    context: typer.Context,
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER|SHEET|FCS", help="A folder of FCS files, a sheet, or FCS files."
        ),
    ],
    *,
    clinical: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What the clinic knows: a sheet with a row a patient, or one's YAML.",
        ),
    ] = None,
    out: Out = Path("cd5flow-results"),
    no_report: NoReport = False,
    report: ReportExtent = "full",
    membership: Membership = False,
    language: Language = "en",
    lab: Lab = None,
    supersede: Supersede = "",
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Samples at a time; as many as there are cores by default."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run on the workers of a Dask scheduler, such as tcp://host:8786, instead.",
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Longest that a sample may take; 0 is no limit."),
    ] = 1800,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Try again what failed before, unchanged as it is."),
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add a line of JSON for each sample that ends."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be run, and write nothing."),
    ] = False,
    **said: Any,
) -> None:
    """Analyse many tubes and summarise them.

    A FOLDER that holds samples.csv or samples.xlsx is taken by that sheet. Without one, every .fcs
    and .lmd below it is a sample, and X_FMO-CD5.fcs and X_ISO-CD5.fcs are controls of X.fcs.

    Several FCS files and folders may be named instead of one; a sheet stands alone.

    A sheet has a column `file` (relative to the sheet) and any of dataset (of a file that holds
    several), sample_id, patient_id, role (sample, fmo, isotype, positive), for_sample, timepoint,
    specimen, prior_therapy, collected_at, specimen_id, tube, panel_lot, spillover, strategy,
    protocol, override, laip, accession, visit (a named time point, as "day 33"), markers; and for the
    head of the report mrn, birth_date, ordering_physician, received_at, blasts_at_diagnosis,
    earlier_result. What a row says goes before the options here.

    Writes OUT/SAMPLE-ID/ for each, summary.csv, summary.xlsx, index.html, failures.csv and run.json.
    A sample that fails, takes too long or brings its process down does not stop the others: exit
    code 3. Run the same command again after any end, a power cut included: only what is not
    finished is done. What failed is tried again with --retry-failed, or when its input changed.

    --dry-run prints each sample with its file, controls, time point, specimen, strategy, protocol and
    folder, what would become of it (analysed; done already; failed before; kept, since somebody signed
    it), and every file that is left out with the reason. Wrong sheets and options are refused as ever.

    On a cluster every worker must see the tubes and OUT under the same paths, and have the same
    cd5flow with its extra [dask].

    \b
    Examples:
      cd5flow batch sample_fcs --out results
      cd5flow batch run/p01*.fcs --timepoint relapse --specimen bone_marrow
      cd5flow batch samples.xlsx --protocol cd5-cart-90 --dry-run
      cd5flow batch run-2026-01 --timepoint relapse --specimen bone_marrow --no-report
      cd5flow batch samples.csv --cluster tcp://10.0.0.5:8786 --out /shared/results
    """
    from cd5flow.cli.batch import Means, orders, run
    from cd5flow.report.outputs import wanted_outputs

    wanted = wanted_outputs(
        no_report=no_report,
        extent=report,
        membership=membership,
        language=language,
        lab=lab,
        supersede=supersede,
    )
    run(
        sources,
        words={**words_of(said), "clinical": clinical},
        orders=orders(out, wanted, timeout=timeout, retry_failed=retry_failed),
        means=Means(jobs=jobs, cluster=cluster, log=log, dry=dry_run),
        origins=origins(context),
    )


def sheet(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of FCS files.")],
) -> None:
    """Print a sample sheet for a folder: what each tube is likely to be.

    Roles and partners are guessed from panels (the same detectors, a label of CD5 that is missing),
    words of names and keywords (FMO, minus CD5, iso, unstained, ...), and days; specimen, time point
    and day of collection from names. Column `notes` says why; what is not sure is left empty and
    named on stderr. Of each file only the TEXT is read. Look at the rows before you use them: a
    batch takes no row whose role is open where the tube is likely a control.

    Paths are relative to the sheet where stdout is a file, else to the working folder. Exit code 1 if
    a file cannot be read; its row stands in the sheet all the same.

    \b
    Example:
      cd5flow sheet run-2026-01 > samples.csv
      cd5flow batch samples.csv
    """
    from cd5flow.cli.sheet import run

    run(folder)
