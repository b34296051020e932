"""Where the time went: seconds a stage as a file and as a table."""

from __future__ import annotations

import json
from pathlib import Path

from cd5flow._version import __version__
from cd5flow.cli.terminal import say, table
from cd5flow.config.atomic import as_private_as, write_atomically
from cd5flow.numerics.timing import Stopwatch
from cd5flow.pipeline import Analysis


def write_profile(path: Path, stage: Stopwatch, analysis: Analysis) -> None:
    """Write the seconds of each stage, and print them on stderr.

    Raises:
        OutputError: the file cannot be written.
    """
    raw = analysis.tube.fcs.raw
    profile = {
        "cd5flow": __version__,
        "file": analysis.result.sample.file,
        "events": len(raw),
        "channels": len(raw.channels),
        **stage.as_dict(),
    }
    text = json.dumps(profile, indent=2) + "\n"
    write_atomically(path, text.encode(), mode=as_private_as([analysis.tube.path]))
    for line in table(stage.rows()):
        say(line)
