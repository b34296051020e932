"""Every command with its options. Nothing heavy is imported before a command runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cd5flow._version import __version__

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
Gates = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.xml|FILE.wsp",
        help="Gates drawn in another program instead of the strategy's: Gating-ML 2.0 or FlowJo.",
    ),
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="POPULATION=GATE",
        help="Which of those gates is which population: blasts=NAME, cd5_positive=NAME, "
        "nucleated=PATH/NAME, ...; repeat for several.",
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
    override: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Gates drawn by hand (YAML); see `cd5flow override`."),
    ] = None,
    gates: Gates = None,
    map_: Map = None,
    laip: Annotated[
        Path | None,
        typer.Option(
            metavar="RESULT.json",
            help="The patient's diagnostic result; it guides the blast window.",
        ),
    ] = None,
    out: Out = Path("cd5flow-results"),
    no_report: NoReport = False,
    membership: Membership = False,
    language: Language = "en",
    lab: Lab = None,
    seed: Seed = 0,
    profile: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Seconds a stage: JSON in this file, a table on stderr."),
    ] = None,
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
      cd5flow analyze tube.fcs --gates study.wsp --map blasts=Blasts --map cd5_positive=Blasts/CD5+
    """
    from cd5flow.analysis.options import gates_by_population
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
            "override": override,
            "gates": gates,
            "map": gates_by_population(map_ or ()),
            "laip": laip,
            "seed": seed,
        },
        controls=control or (),
        wishes=wishes(no_report=no_report, membership=membership, language=language, lab=lab),
        out=out,
        json=json,
        profile=profile,
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
    clinical: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What the clinic knows: a sheet with a row a patient, or one's YAML.",
        ),
    ] = None,
    gates: Gates = None,
    map_: Map = None,
    out: Out = Path("cd5flow-results"),
    no_report: NoReport = False,
    membership: Membership = False,
    language: Language = "en",
    lab: Lab = None,
    seed: Seed = 0,
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
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no messages.")] = False,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Add a line of JSON for each sample that ends."),
    ] = None,
) -> None:
    """Analyse many tubes and summarise them.

    A FOLDER that holds samples.csv or samples.xlsx is taken by that sheet. Without one, every .fcs
    and .lmd below it is a sample, and X_FMO-CD5.fcs and X_ISO-CD5.fcs are controls of X.fcs.

    A sheet has a column `file` (relative to the sheet) and any of sample_id, patient_id, role
    (sample, fmo, isotype, positive), for_sample, timepoint, specimen, prior_therapy, collected_at,
    specimen_id, tube, panel_lot, spillover, strategy, protocol, override, accession, markers. What
    a row says goes before the options here.

    Writes OUT/SAMPLE-ID/ for each, summary.csv, summary.xlsx, index.html, failures.csv and run.json.
    A sample that fails, takes too long or brings its process down does not stop the others: exit
    code 3. Run the same command again after any end, a power cut included: only what is not
    finished is done. What failed is tried again with --retry-failed, or when its input changed.

    On a cluster every worker must see the tubes and OUT under the same paths, and have the same
    cd5flow with its extra [dask].

    \b
    Examples:
      cd5flow batch sample_fcs --out results
      cd5flow batch samples.xlsx --protocol cd5-cart-90
      cd5flow batch run-2026-01 --timepoint relapse --specimen bone_marrow --no-report
      cd5flow batch samples.csv --cluster tcp://10.0.0.5:8786 --out /shared/results
    """
    from cd5flow.analysis.options import gates_by_population
    from cd5flow.cli.batch import Means, orders, run
    from cd5flow.cli.wishes import wishes

    wanted = wishes(no_report=no_report, membership=membership, language=language, lab=lab)
    run(
        source,
        words={
            "strategy": strategy,
            "protocol": protocol,
            "timepoint": timepoint,
            "specimen": specimen,
            "prior_therapy": prior_therapy or (),
            "clinical": clinical,
            "gates": gates,
            "map": gates_by_population(map_ or ()),
            "seed": seed,
        },
        orders=orders(out, wanted, timeout=timeout, retry_failed=retry_failed),
        means=Means(jobs=jobs, cluster=cluster, quiet=quiet, log=log),
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
    of a clinical sheet are joined by patient_id. Results of one patient that differ are unknown
    until one is named by --use. Who enters a trial is the site's decision. Exit code 0 whatever the
    answers.

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


@app.command()
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
        json=json,
    )


@app.command()
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


@app.command()
def override(
    result: Annotated[
        Path, typer.Argument(metavar="RESULT.json", help="A result of analyze or batch.")
    ],
    *,
    gate: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Population to draw anew; repeat for several."),
    ] = None,
) -> None:
    """Print a result's gates as an override file, to edit and give back.

    A gate that is wrong is drawn by hand: its region is changed in this file, with who did it and
    why. The report then shows both gates, and the gates below are found anew.

    \b
    Examples:
      cd5flow override results/tube/result.json --gate blasts > mine.yaml
      cd5flow analyze tube.fcs --timepoint relapse --override mine.yaml
    """
    from cd5flow.cli.override import run

    run(result, gates=gate or ["blasts"])


@app.command()
def export(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT.json", help="Results of analyze or batch.")
    ],
    *,
    format_: Annotated[
        str,
        typer.Option("--format", metavar="fhir|csv", help="FHIR R4 Bundle, or a row a result."),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here; stdout by default.")
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The site's own table of codes (fhir)."),
    ] = None,
    no_pdf: Annotated[
        bool, typer.Option("--no-pdf", help="Leave report.pdf beside the result out (fhir).")
    ] = False,
) -> None:
    """Write results for other systems.

    fhir: a Bundle with a DiagnosticReport each, preliminary until a person has reviewed the result,
    its Observations in UCUM units, and report.pdf if it stands beside the result. Codes of public
    systems go out only where gating/codes.yaml calls them verified; --codes takes an edited copy.
    csv: a row a result; unknown is empty.

    \b
    Examples:
      cd5flow export results/tube/result.json --format fhir --out tube.fhir.json
      cd5flow export results/*/result.json --format csv > results.csv
    """
    from cd5flow.cli.export import run

    run(results, format_=format_, out=out, codes=codes, pdf=not no_pdf)


@app.command()
def pool(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT.json", help="Results of one specimen's tubes.")
    ],
    *,
    strategy: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The strategy file that they were analysed by."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The protocol file that they were judged against."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count several tubes of one specimen as one, for the sensitivity.

    Counts are added, never percentages averaged. Specimen and panel lot must be known and agree, and
    so must strategy, protocol, panel, denominator and lineage rule; else every reason is named. The
    result's own burden stays as it is. Strategy and protocol are found by name among those that come
    with cd5flow; a laboratory's own are given.

    \b
    Example:
      cd5flow pool results/m1-tube1/result.json results/m1-tube2/result.json
    """
    from cd5flow.cli.pool import run

    run(results, strategy=strategy, protocol=protocol, as_json=json)


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to fill.")],
    *,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Of the set; the repository's by default.")
    ] = None,
) -> None:
    """Make synthetic tubes with known truth.

    Writes FCS files, the sample sheet samples.csv, truth.csv, and clinical.csv for `eligibility`.

    \b
    Examples:
      cd5flow simulate practice
      cd5flow simulate practice --seed 7 && cd5flow batch practice
    """
    from cd5flow.cli.simulate import run

    run(out, seed=seed)


@app.command()
def validate(
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the report goes.")] = Path(
        "cd5flow-validation"
    ),
    tubes: Annotated[
        str,
        typer.Option(
            metavar="quick|full|KIND=N,...",
            help="How many tubes: a size of the series, or numbers as "
            "accuracy=200,level=5,blank=40,resamples=30; the others are as in quick.",
        ),
    ] = "quick",
    strategy: Strategy = "auto",
    protocol: Protocol = "cd5-cart-70",
    series: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Levels, sizes, goals: a copy of gating/validation.yaml."
        ),
    ] = None,
    seed: Seed = 0,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Tubes at a time; as many as there are cores by default."),
    ] = None,
    json: Json = False,
) -> None:
    """Measure the software's own accuracy on synthetic tubes.

    Simulates relapse tubes, dilutions from 10 % down to the lower limit of quantification, tubes
    without disease, and tubes whose events are drawn anew; analyses them as users' files are; and
    writes validation.pdf, validation.html, validation.json and tubes.csv. Software on synthetic
    tubes: no laboratory's validation, and no guideline's approval is claimed. The report lists what
    a laboratory must repeat with its own specimens and instrument.

    Run it again after an interruption: what was done is kept. Exit code 0 whatever was found, 3 if
    tubes could not be analysed.

    \b
    Examples:
      cd5flow validate
      cd5flow validate --tubes full --jobs 8 --out validation-2026-01
      cd5flow validate --tubes accuracy=200,blank=60 --strategy my-panel.yaml
    """
    from cd5flow.cli.validate import run
    from cd5flow.config.shipped import validation_file
    from cd5flow.validation.carry import Request

    request = Request(
        series=validation_file() if series is None else series,
        strategy=strategy,
        protocol=protocol,
        tubes=tubes,
        seed=seed,
    )
    run(request, out=out, jobs=jobs, json=json)


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
