"""`cd5flow analyze`: one tube."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from cd5flow._version import __version__
from cd5flow.analysis.options import TubeOptions
from cd5flow.analysis.settings import make_settings
from cd5flow.cli.terminal import detail, emit, say, show, table
from cd5flow.config.atomic import as_private_as, open_atomically
from cd5flow.numerics.timing import Stopwatch
from cd5flow.pipeline import Analysis, analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from cd5flow.report.summary import summary_lines


def run(
    fcs: Path,
    *,
    words: TubeOptions,
    outputs: WantedOutputs,
    out: Path,
    json: bool,
    origins: Mapping[str, str],
    profile: Path | None = None,
) -> None:
    """Analyse a tube, write its folder, print what came out."""
    stage = Stopwatch()
    chosen = make_settings(**words).said_by(origins)
    analysis = analyse_tube(fcs, chosen, stage=stage)
    with stage("write"):
        written = write_sample(analysis, out, outputs=outputs, stage=stage)
    for line in (*_decided(analysis), *table(stage.rows())):
        detail(line)
    if profile is not None:
        _write_profile(profile, stage, analysis)
    if written.kept_by:
        say(
            f"{written.folder}: another result is kept, {written.kept_by}; --supersede REASON "
            "replaces it",
            style="look",
        )
    elif not written.changed:
        say(f"{written.folder}: holds this result already, nothing changed")
    elif written.previous is not None:
        say(f"{written.previous}: the earlier, different result")
    if json:
        emit((written.folder / "result.json").read_text(encoding="utf-8"))
        return
    for line in summary_lines(analysis.result, language=outputs.language):
        show(line)
    show(f"Files: {written.folder}")


def _decided(analysis: Analysis) -> Iterator[str]:
    """Yield the files that decided, with version and hash."""
    result = analysis.result
    for kind, one in (("strategy", result.strategy), ("protocol", result.protocol)):
        yield f"{kind}: {one.name} {one.version}, sha256 {one.sha256}"


def _write_profile(path: Path, stage: Stopwatch, analysis: Analysis) -> None:
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
    text = jsonlib.dumps(profile, indent=2) + "\n"
    with open_atomically(path, mode=as_private_as([analysis.tube.path])) as file:
        file.write(text.encode())
    for line in table(stage.rows()):
        say(line)
