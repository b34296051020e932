"""`cd5flow override`, `export` and `pool`, which take results: their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cd5flow.cli.commands.parameters import Json
from cd5flow.cli.commands.signing import UsersFile


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


def export(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULT.json", help="Results, or folders that hold them."),
    ],
    *,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="fhir|csv|fcs|archive",
            help="FHIR R4 Bundle, a row a result, a population's events, or all of it to keep.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here; stdout by default.")
    ] = None,
    codes: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The site's own table of codes (fhir)."),
    ] = None,
    bundle: Annotated[
        Literal["transaction", "collection"] | None,
        typer.Option(
            help="What a server's POST / takes (the default), or a document (fhir).",
        ),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whose events; blasts by default (fcs)."),
    ] = None,
    no_pdf: Annotated[
        bool, typer.Option("--no-pdf", help="Leave report.pdf beside the result out (fhir).")
    ] = False,
    users_file: UsersFile = None,
    input_: Annotated[
        list[Path] | None,
        typer.Option(
            "--input", metavar="FOLDER", help="Look for tubes here too (fcs, archive); repeat."
        ),
    ] = None,
) -> None:
    """Write results for other systems.

    fhir: a Bundle with a DiagnosticReport each, preliminary until a person has approved the result,
    its Observations in UCUM units, and report.pdf if it stands beside the result. A server stores
    each under an id of its own, so that a later export of the same tube takes the earlier one's
    place. Codes of public systems go out only where gating/codes.yaml calls them verified; --codes
    takes an edited copy. csv: a row a result; unknown is empty.
    fcs: the events of a population, bit for bit, with every keyword of the tube, into the file --out,
    or into a folder for several results. The tubes are those that inputs.json names, or --input finds;
    without membership.npz beside the result the tube is analysed again.
    archive: a ZIP with tube, result, gates, reports and the acts of persons, in plain formats, that
    `cd5flow verify FILE` checks and a README inside explains; of samples of one results folder.

    \b
    Examples:
      cd5flow export results/tube/result.json --format fhir --out tube.fhir.json
      curl -H 'Content-Type: application/fhir+json' -d @tube.fhir.json http://localhost:8103/fhir/R4/
      cd5flow export results/tube/result.json --format archive --out tube.zip
      cd5flow export results/tube --format fcs --population blasts --input tubes --out blasts.fcs
      cd5flow export results --format csv > results.csv
    """
    if format_ == "archive":
        from cd5flow.cli.archive import run as archive

        archive(results, out=out, users=users_file, folders=input_ or ())
        return
    if format_ == "fcs":
        from cd5flow.cli.export_events import run as events

        events(results, population=population, out=out, folders=input_ or ())
        return
    from cd5flow.cli.export import run

    run(results, format_=format_, out=out, codes=codes, bundle=bundle, pdf=not no_pdf)


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
    json: Json = False,
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


def months(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS", help="Results folders of batches, or a folder that holds them."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where page and tables go.")],
    reference: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Frozen values that tubes are held against."),
    ] = None,
    freeze: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep the first tubes of each kind as such a file."),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What is watched; gating/batch.yaml by default, as that is written.",
        ),
    ] = None,
) -> None:
    """Watch the values of several batches over the months.

    Writes index.html with a Levey-Jennings chart of each watched value over all batches (CD5 of normal
    T cells, its stain index, landmarks, doublets, event rate) and how often gates were drawn by hand in
    each, levey_jennings.csv and overrides.csv. Only tubes of one strategy, cytometer and panel are held
    against each other. The reference is the first tubes, or a file that --freeze kept earlier and that
    stays what it is; after a change that was wanted, freeze a new one.

    \b
    Examples:
      cd5flow months results-2026-01 --out months --freeze reference-2026.json
      cd5flow months results-2026-02 results-2026-03 --out months --reference reference-2026.json
    """
    from cd5flow.cli.months import run

    run(results, out=out, reference=reference, freeze=freeze, rules=rules)
