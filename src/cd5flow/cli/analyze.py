"""`cd5flow analyze`: one tube."""

from __future__ import annotations

import json as jsonlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cd5flow._version import __version__
from cd5flow.analysis.options import TubeOptions
from cd5flow.analysis.settings import make_settings
from cd5flow.cli.several import each_file
from cd5flow.cli.terminal import detail, say, show, table
from cd5flow.config.atomic import as_private_as, check_place, open_atomically
from cd5flow.errors import OptionError
from cd5flow.model.names import shown_name
from cd5flow.numerics.timing import Stopwatch
from cd5flow.pipeline import Analysis, Settings, analyse_tube
from cd5flow.report.folder import WantedOutputs, write_sample
from cd5flow.report.input_files import files_of, record_inputs
from cd5flow.report.summary import summary_lines


def run(
    tubes: Sequence[Path],
    *,
    words: TubeOptions,
    outputs: WantedOutputs,
    out: Path,
    json: bool,
    origins: Mapping[str, str],
    profile: Path | None = None,
) -> None:
    """Analyse tubes one by one, write their folders, print what came out.

    A tube that is refused does not stop the others: each is told, and the exit code is 1.

    Raises:
        OptionError: an option is of one tube, and several are given.
    """
    if profile is not None:
        check_place(profile)  # refused before an analysis, not after it
    chosen = make_settings(**words).said_by(origins)
    folders = _folders(tubes, words, profile)

    def one(fcs: Path) -> str:
        return _analyse(fcs, chosen, outputs, out, folders.get(fcs, ""), json=json, profile=profile)

    each_file(tubes, one, json=json)


def _folders(tubes: Sequence[Path], words: TubeOptions, profile: Path | None) -> dict[Path, str]:
    """Return the folder of each of several tubes, as a batch would call it; of one, nothing is said."""
    if len(tubes) == 1:
        return {}
    of_one: dict[str, object] = {
        "sample-id": words.get("sample_id"),
        "override": words.get("override"),
    }
    of_one |= {"control": words.get("controls"), "profile": profile}
    given = [name for name, value in of_one.items() if value]
    if given:
        raise OptionError(f"{given[0]}: is of one tube, found {len(tubes)}; expected one")
    ids = {tube: shown_name(tube.stem) for tube in tubes}
    twice = [name for name, count in Counter(ids.values()).items() if count > 1]
    if twice or len(ids) < len(tubes):
        name = twice[0] if twice else shown_name(tubes[0].stem)
        raise OptionError(f"{name}: found as the id of several tubes, expected each once")
    # All that plans a batch: one tube needs nothing of it.
    from cd5flow.batch.plan import folder_names  # noqa: PLC0415

    folders = folder_names(list(ids.values()))
    return {tube: folders[name] for tube, name in ids.items()}


def _analyse(
    fcs: Path,
    chosen: Settings,
    outputs: WantedOutputs,
    out: Path,
    folder: str,
    *,
    json: bool,
    profile: Path | None,
) -> str:
    """Analyse a tube, write its folder, print what came out; return its result.json where asked for."""
    stage = Stopwatch()
    analysis = analyse_tube(fcs, chosen, stage=stage)
    with stage("write"):
        written = write_sample(analysis, out, outputs=outputs, name=folder, stage=stage)
        if not written.kept_by:
            controls = chosen.controls
            record_inputs(out, files_of(analysis.result, written.folder.name, fcs, controls))
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
        return (written.folder / "result.json").read_text(encoding="utf-8")
    for line in summary_lines(analysis.result, language=outputs.language):
        show(line)
    show(f"Files: {written.folder}")
    return ""


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
