"""`cd5flow export --format archive`: signed results as one file, to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cd5flow.cli.results_given import result_files
from cd5flow.cli.terminal import say, show
from cd5flow.errors import OptionError
from cd5flow.review.archive import write_archive
from cd5flow.signatures.places import default_users_file
from cd5flow.signatures.users import Users


def run(
    results: Sequence[Path], *, out: Path | None, users: Path | None, folders: Sequence[Path]
) -> None:
    """Write samples of one results folder into an archive."""
    if out is None:
        raise OptionError("out: is absent, expected the archive's file (--out FILE.zip)")
    if out.is_dir():
        raise OptionError(f"out: {out} is a folder, expected a file")
    known = None if users is None else Users.load(users)
    if known is None and default_users_file().is_file():
        known = Users.load(default_users_file())
    samples = write_archive(result_files(results), out, users=known, folders=folders)
    for one in samples:
        if len(one.rules) < 2:
            say(f"{one.folder.name}: strategy or protocol was not found and is not in it")
    show(f"{out}: {len(samples)} sample(s), {out.stat().st_size:,} bytes")
