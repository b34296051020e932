"""Every command with its options. Nothing heavy is imported before a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cd5flow import __version__

# What a command does stands in a module of its own, imported when the command is called: `--help`
# answers at once. `\b` keeps the lines of an example apart.
# ruff: noqa: PLC0415, D301


class _Interruptible(TyperGroup):
    """Commands that end with exit code 130 when interrupted."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo("cd5flow: interrupted", err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    name="cd5flow",
    cls=_Interruptible,
    help=(
        "What share of the leukaemic blasts carries CD5, how much disease is there, and how sure "
        "are we? Reads FCS files, writes numbers, gates and the reasons for them. For research use, "
        "or after the laboratory's own validation; never a diagnosis."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
strategies = typer.Typer(
    help="Gating strategies: how blasts are found.", no_args_is_help=True, rich_markup_mode=None
)
protocols = typer.Typer(
    help="Trial protocols: what is asked of them.", no_args_is_help=True, rich_markup_mode=None
)

Strategy = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="Gating strategy; `auto` chooses by time point and records the choice.",
    ),
]
Protocol = Annotated[str, typer.Option(metavar="NAME|FILE", help="Trial protocol judged against.")]
Timepoint = Annotated[
    str | None,
    typer.Option(
        metavar="diagnosis|relapse|mrd",
        help="When the specimen was taken. Not said: the criterion is at most REVIEW.",
    ),
]
Specimen = Annotated[
    str | None,
    typer.Option(metavar="bone_marrow|peripheral_blood|csf|fluid|tissue", help="What it is."),
]
PriorTherapy = Annotated[
    list[str] | None,
    typer.Option(
        metavar="cd5_car|cd7_car|other_car|allo_hsct|anti_cd38",
        help="Earlier therapy that changes how markers may be read; repeat for several.",
    ),
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where the results go, a folder a sample.")]
NoReport = Annotated[
    bool,
    typer.Option(
        "--no-report", help="No PDF, HTML and pictures; result.json, tables and gates only."
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
Seed = Annotated[int, typer.Option(metavar="N", help="Of all random numbers.")]
Dataset = Annotated[
    int | None, typer.Option(metavar="N", help="Which data set of the file, from 1.")
]
FcsArgument = Annotated[Path, typer.Argument(metavar="FCS", help="The tube's FCS file.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else there.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cd5flow {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


@app.command()
def analyze(
    fcs: FcsArgument,
    *,
    strategy: Strategy = "auto",
    protocol: Protocol = "cd5-cart-70",
    timepoint: Timepoint = None,
    specimen: Specimen = None,
    prior_therapy: PriorTherapy = None,
    control: Annotated[
        list[str] | None,
        typer.Option(
            metavar="fmo=FILE|isotype=FILE|positive=FILE",
            help="A control tube; repeat for several.",
        ),
    ] = None,
    sample_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The sample's name; the file's by default.")
    ] = None,
    patient_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The patient's pseudonym.")
    ] = None,
    collected_at: Annotated[
        str | None, typer.Option(metavar="DATE", help="Of collection: 2026-01-31[T09:30].")
    ] = None,
    spillover: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv|hardware",
            help="Matrix instead of the file's own; `hardware`: compensated on the instrument.",
        ),
    ] = None,
    dataset: Dataset = None,
    clinical: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What the clinic knows (YAML or JSON).")
    ] = None,
    out: Out = Path("cd5flow-results"),
    no_report: NoReport = False,
    membership: Membership = False,
    language: Language = "en",
    lab: Lab = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Analyse one tube: quality, gates, % CD5, burden, criterion.

    Writes OUT/SAMPLE-ID/ with report.pdf, report.html, result.json, populations.csv, gates.xml and
    plots/, and prints a summary. Exit code 0 whatever the verdict, 1 if the input is refused, 2 on
    wrong usage.

    \b
    Examples:
      cd5flow analyze tube.fcs --timepoint relapse --specimen bone_marrow --control fmo=fmo.fcs
      cd5flow analyze tube.fcs --timepoint mrd --strategy my-panel.yaml --out results
      cd5flow analyze tube.fcs --timepoint relapse --json | jq .cd5
    """
    from cd5flow.cli.analyze import run
    from cd5flow.cli.wishes import wishes

    run(
        fcs,
        words={
            "strategy": strategy,
            "protocol": protocol,
            "timepoint": timepoint,
            "specimen": specimen,
            "prior_therapy": prior_therapy or (),
            "sample_id": sample_id,
            "patient_id": patient_id,
            "collected_at": collected_at,
            "spillover": spillover,
            "dataset": dataset,
            "clinical": clinical,
            "seed": seed,
        },
        controls=control or (),
        wishes=wishes(no_report=no_report, membership=membership, language=language, lab=lab),
        out=out,
        json=json,
    )


@app.command()
def batch(
    source: Annotated[
        Path, typer.Argument(metavar="FOLDER|SHEET", help="FCS files, or a sheet: CSV or XLSX.")
    ],
    *,
    strategy: Strategy = "auto",
    protocol: Protocol = "cd5-cart-70",
    timepoint: Timepoint = None,
    specimen: Specimen = None,
    prior_therapy: PriorTherapy = None,
    out: Out = Path("cd5flow-results"),
    no_report: NoReport = False,
    membership: Membership = False,
    language: Language = "en",
    lab: Lab = None,
    seed: Seed = 0,
) -> None:
    """Analyse many tubes and summarise them.

    A FOLDER that holds samples.csv or samples.xlsx is taken by that sheet. Without one, every .fcs
    and .lmd below it is a sample, and X_FMO-CD5.fcs and X_ISO-CD5.fcs are controls of X.fcs.

    A sheet has a column `file` (relative to the sheet) and any of sample_id, patient_id, role
    (sample, fmo, isotype, positive), for_sample, timepoint, specimen, prior_therapy, collected_at,
    specimen_id, tube, panel_lot, spillover, strategy, protocol, accession, markers. What a row
    says goes before the options here.

    Tubes are analysed one after the other. Writes OUT/SAMPLE-ID/ for each, summary.csv, failures.csv
    and run.json. A sample that fails does not stop the others. Exit code 3 if some failed.

    \b
    Examples:
      cd5flow batch sample_fcs --out results
      cd5flow batch samples.xlsx --protocol cd5-cart-90
      cd5flow batch run-2026-01 --timepoint relapse --specimen bone_marrow --no-report
    """
    from cd5flow.cli.batch import run
    from cd5flow.cli.wishes import wishes

    run(
        source,
        words={
            "strategy": strategy,
            "protocol": protocol,
            "timepoint": timepoint,
            "specimen": specimen,
            "prior_therapy": prior_therapy or (),
            "seed": seed,
        },
        out=out,
        wishes=wishes(no_report=no_report, membership=membership, language=language, lab=lab),
    )


@app.command()
def inspect(
    fcs: FcsArgument,
    *,
    dataset: Dataset = None,
    keywords: Annotated[
        bool, typer.Option("--keywords", help="Every keyword of the file too.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what a file holds, and each channel's marker.

    Data sets, channels, spillover, acquisition, faults, and the lineage rules that the panel
    allows. Run it on a new panel first.

    \b
    Examples:
      cd5flow inspect tube.fcs
      cd5flow inspect tube.lmd --dataset 2 --json
    """
    from cd5flow.cli.inspect import run

    run(fcs, dataset=dataset, keywords=keywords, json=json)


@app.command()
def schema(
    what: Annotated[
        str, typer.Argument(metavar="result|strategy|protocol|clinical", help="Which file.")
    ],
) -> None:
    """Print the JSON Schema of a file.

    \b
    Example:
      cd5flow schema clinical > clinical.schema.json
    """
    from cd5flow.cli.schema import run

    run(what)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to fill.")],
    *,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Of the set; the repository's by default.")
    ] = None,
) -> None:
    """Make synthetic tubes with known truth.

    Writes FCS files, the sample sheet samples.csv and truth.csv.

    \b
    Examples:
      cd5flow simulate practice
      cd5flow simulate practice --seed 7 && cd5flow batch practice
    """
    from cd5flow.cli.simulate import run

    run(out, seed=seed)


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


app.add_typer(strategies, name="strategies")
app.add_typer(protocols, name="protocols")
