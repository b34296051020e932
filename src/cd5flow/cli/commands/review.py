"""`cd5flow review`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cd5flow.cli.commands.defaults import takes_defaults
from cd5flow.cli.commands.parameters import Lab, Language


@takes_defaults
def review(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="The results folder of batch or analyze.")
    ],
    *,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Of the address; 0 is any free one.")
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, open no browser.")
    ] = False,
    users: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who may sign; see `cd5flow users`.")
    ] = None,
    input_: Annotated[
        list[Path] | None,
        typer.Option(
            "--input", metavar="FOLDER", help="Look for the tubes here, by their content; repeat."
        ),
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="A second reader gates before seeing the first.")
    ] = False,
    language: Language = "en",
    lab: Lab = None,
) -> None:
    """Look at the gates of a batch in the browser, move one, confirm or amend, and sign.

    The first line on stdout is the page's address, good for one browser on this machine alone. The
    samples stand in the order of their risk. Whoever moves a gate or signs logs in first. Every act is
    written into RESULTS/ledger.sqlite3 before it is shown; a closed page or an ended server loses none.
    The page needs the tubes' files: those that RESULTS/inputs.json names, or what --input finds.

    \b
    Examples:
      cd5flow review results
      cd5flow review results --input run-2026-01 --users laboratory-users.jsonl --no-browser
    """
    from cd5flow.cli.review import run
    from cd5flow.report.outputs import wanted_outputs

    outputs = wanted_outputs(
        no_report=False, extent="full", membership=False, language=language, lab=lab
    )
    run(
        results,
        port=port,
        browser=not no_browser,
        users=users,
        inputs=input_ or [],
        outputs=outputs,
        blind=blind,
    )
