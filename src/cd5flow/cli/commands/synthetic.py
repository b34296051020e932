"""`cd5flow simulate` and `cd5flow validate`, which make tubes of their own: their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd5flow.analysis.options import AUTO, DEFAULT_PROTOCOL, OPTIONS
from cd5flow.cli.commands.defaults import origins, takes_defaults
from cd5flow.cli.commands.parameters import Json


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
    from cd5flow.cli.terminal import say, show
    from cd5flow.errors import OptionError
    from cd5flow.simulate import SAMPLE_SEED, simulate_samples

    if seed is not None and seed < 0:
        raise OptionError(f"seed: found {seed}, expected 0 or more")
    chosen = SAMPLE_SEED if seed is None else seed
    written = simulate_samples(out, seed=chosen, progress=say)
    show(f"{len(written)} files in {out}, seed {chosen}")


@takes_defaults
def validate(
    context: typer.Context,
    *,
    own: Annotated[
        Path | None,
        typer.Option(
            metavar="SHEET",
            help="The laboratory's own tubes and what is expected of them, instead of synthetic ones.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="A frozen set of results: its tubes are analysed again, and what differs is listed.",
        ),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="NEW", help="With --against: where the new results go."),
    ] = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option(
            "--input",
            metavar="FOLDER",
            help="With --against: where the tubes are, found by SHA-256; repeat for several.",
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            metavar="tubes=N,blanks=N,lows=N,readers=N,runs=N,replicates=N",
            help="Say what so many tubes can show, and analyse nothing.",
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="With --own: how many tubes are asked for, and goals: a copy of "
            "gating/own_validation.yaml.",
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="With --own: longest that a tube may take; 0 is no limit."
        ),
    ] = 1800,
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
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help=OPTIONS["strategy"].help)
    ] = None,
    protocol: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help=OPTIONS["protocol"].help)
    ] = None,
    series: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Levels, sizes, goals: a copy of gating/validation.yaml."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help=OPTIONS["seed"].help)] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(metavar="N", help="Tubes at a time; as many as there are cores by default."),
    ] = None,
    json: Json = False,
) -> None:
    """Measure the software's accuracy on synthetic tubes, or the method's on the laboratory's own.

    Simulates relapse tubes, dilutions from 10 % down to the lower limit of quantification, tubes
    without disease, and tubes whose events are drawn anew; analyses them as users' files are; and
    writes validation.pdf, validation.html, validation.json and tubes.csv. Software on synthetic
    tubes: no laboratory's validation, and no guideline's approval is claimed. The report lists what
    a laboratory must repeat with its own specimens and instrument.

    Run it again after an interruption: what was done is kept. Exit code 0 whatever was found, 3 if
    tubes could not be analysed.

    With --own SHEET every tube of a sample sheet is analysed as `batch` does it and held against what
    the sheet expects. Beside the columns of every sample sheet it may have expected_cd5_percent,
    expected_blast_percent, expected_cd5_state, expected_burden_state, kind (sample, blank, low,
    dilution), level (rows of one level are replicates), replicate, run, reader, sequence (place in
    the run) and hours (from collection). Written are validation.pdf with a page to sign,
    validation.html, validation.json, tubes.csv, figures.csv, and each tube's result under results/.
    `cd5flow strategies limits` puts its LOB, LOD and LLOQ into a strategy.

    With --against FOLDER the tubes of a results folder are analysed again as each result says, with
    another --strategy or --protocol where one is named here. Every number and state that differs is
    listed, grouped by what changed: version, strategy, profile, protocol, input. Exit code 1 if a
    state differs, 3 if none does and tubes could not be analysed again.

    \b
    Examples:
      cd5flow validate
      cd5flow validate --tubes full --jobs 8 --out validation-2026-01
      cd5flow validate --tubes accuracy=200,blank=60 --strategy my-panel.yaml
      cd5flow validate --own our-tubes.xlsx --strategy my-panel.yaml --out validation-2026
      cd5flow validate --against frozen-2026 --input tubes --write again-2026
      cd5flow validate --design tubes=40,blanks=60,lows=60,runs=5,replicates=3
    """
    if design is not None:
        from cd5flow.cli.own import tell_design

        tell_design(design)
        return
    from cd5flow.errors import OptionError

    if against is None and (write is not None or inputs):
        given = f"--input {(inputs or [Path()])[0]}" if write is None else f"--write {write}"
        raise OptionError(f"{given}: found without a frozen set, expected --against FOLDER with it")
    if against is not None:
        from cd5flow.cli import frozen

        frozen.run(
            against,
            write=write,
            inputs=inputs or (),
            strategy=strategy,
            protocol=protocol,
            jobs=jobs,
            json=json,
        )
        return
    if own is not None:
        from cd5flow.cli import own as laboratory

        laboratory.run(
            own,
            words={
                "strategy": strategy or AUTO,
                "protocol": protocol or DEFAULT_PROTOCOL,
                "seed": seed,
            },
            rules=rules,
            out=out,
            jobs=jobs,
            timeout=timeout,
            json=json,
            origins=origins(context),
        )
        return
    from cd5flow.cli.validate import run
    from cd5flow.config.shipped import validation_file
    from cd5flow.validation.synthetic.carry import Request

    request = Request(
        series=validation_file() if series is None else series,
        strategy=strategy or AUTO,
        protocol=protocol or DEFAULT_PROTOCOL,
        tubes=tubes,
        seed=seed,
    )
    run(request, out=out, jobs=jobs, json=json)


def dossier(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to fill.")],
    *,
    validation: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="A folder of `cd5flow validate`; repeat for several."),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(
            metavar="RESULTS", help="A results folder, whose ledger is written as a table."
        ),
    ] = None,
) -> None:
    """Write what an auditor asks for into one folder.

    Intended use, each requirement with the tests that show it (counted from the source where it is
    there), every package in use with version and licence, the reports of validations, the acts of a
    ledger, and a manifest with the SHA-256 of each file.

    \b
    Example:
      cd5flow dossier dossier-2026 --validation validation-2026 --results results
    """
    from cd5flow.cli.dossier import run

    run(out, validations=validation or (), results=results)
